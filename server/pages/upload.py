"""/upload: the door for people. Each file is durable before its line says "received"."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, BinaryIO, cast

from flask import Blueprint, g, jsonify, redirect, render_template, request
from werkzeug.datastructures import FileStorage

from archive.edxml import door
from archive.errors import Refused
from archive.models import WITHHELD
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
        taken = door.receive(
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


def of_message(taken: door.Taken) -> str:
    """What else is to be said of an edXML message: how many files became scans, which stay in it and why."""
    if not taken.message:
        return ""
    said = " " + _("Thông điệp edXML: {} tệp.").format(len(taken.received))
    left = "; ".join(f"{name} ({reason})" for name, reason in taken.left_out)
    return said + (" " + _("Không đọc, vẫn lưu trong thông điệp: {}.").format(left) if left else "")
