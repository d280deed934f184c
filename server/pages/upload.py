"""/upload: the door for people. Each file is durable before its line says "received"."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, BinaryIO, cast

from flask import Blueprint, g, jsonify, redirect, render_template, request
from werkzeug.datastructures import FileStorage

from archive import front_door
from archive.arrival import LISTED
from archive.errors import Refused
from archive.models import WITHHELD
from archive.packed import KIND as ZIP_KIND
from server.auth import require
from server.errors import status_of
from server.speech import gettext as _
from server.state import state

pages = Blueprint("upload", __name__)


@dataclass(frozen=True)
class Told:
    """What is said of one file."""

    filename: str
    ok: bool
    said: str
    scan_id: str | None = None
    status: int = 202


@pages.post("/upload")
@require("ingest")
def upload() -> Any:
    """Take every file of the form; scripts get a line for each, a plain form goes back to the queue."""
    told = [take(one) for one in request.files.getlist("file") if one.filename]
    told = told or [Told("", False, _("Chưa chọn tệp nào. Hãy chọn tệp rồi gửi lại."), status=422)]
    if "application/json" in request.headers.get("Accept", ""):
        answer = jsonify([asdict(one) for one in told])
        answer.status_code = told[0].status
        return answer
    if all(one.ok for one in told):
        return redirect("/", 303)
    return render_template("pages/uploaded.html", told=told), next(one.status for one in told if not one.ok)


def take(file: FileStorage) -> Told:
    """Archive one file; a refusal is a sentence, and the other files go on."""
    name, urgent = file.filename or "", bool(request.form.get("urgent"))
    app = state()
    try:
        taken = front_door.receive(
            app.sessions, app.blobs, app.settings, cast(BinaryIO, file.stream), name,
            actor=g.user.name, source="web", urgent=urgent, secret=bool(request.form.get("secret")),
        )  # fmt: skip
    except Refused as error:
        return Told(name, False, str(error), status=status_of(error))
    done = taken.first
    if any(one.status in WITHHELD for one in taken.received):
        said = _("Đã cách ly, không đọc. Hãy báo người phụ trách bảo mật.")
        return Told(name, True, said, done.scan_id, 202 if done.new else 200)
    is_new = any(one.new for one in taken.received)
    said = _("Đã nhận, đang đọc.") if is_new else _("Đã có trong kho từ trước; không nhận lần hai.")
    return Told(name, True, said + of_message(taken), done.scan_id, 202 if is_new else 200)


def of_message(taken: front_door.Taken) -> str:
    """What else is to be said of a message or a ZIP: how many files became scans, which stay in it and why."""
    if not taken.message:
        return ""
    told = _("Tệp ZIP: {} tệp.") if taken.kind == ZIP_KIND else _("Thông điệp edXML: {} tệp.")
    left = "; ".join(f"{name} ({reason})" for name, reason in taken.left_out[:LISTED])
    if len(taken.left_out) > LISTED:
        left += _(" và {} tệp nữa").format(len(taken.left_out) - LISTED)
    said = " " + told.format(len(taken.received))
    return said + (" " + _("Không đọc, vẫn lưu nguyên trong tệp gửi: {}.").format(left) if left else "")
