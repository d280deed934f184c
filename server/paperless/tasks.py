"""/api/tasks/: what became of the files one sent."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, g, jsonify, request
from sqlalchemy.orm import Session, joinedload

from archive import client_ids, client_uploads
from archive.errors import BadValue, NotFound
from archive.models import WITHHELD, ClientUpload, Document, Scan
from server.auth import require
from server.paperless import filters, mapping, told
from server.paperless.bodies import sent_json
from server.paperless.numbers import DOCUMENT, TASK, USER, Numbers
from server.state import state

api = Blueprint("paperless_tasks", __name__)
NO_TASK = "Không có việc này."
HELD = "Tệp đang bị cách ly vì có dấu mật. Tệp vẫn được giữ nguyên; hãy báo người phụ trách bảo mật."
KEPT = "Tệp đã có trong kho, không mất gì."
_STATES = {"received": "PENDING", "reading": "STARTED", "review": "SUCCESS", "done": "SUCCESS"}
NAME = "consume_file"
Known = Mapping[str, Document]
"""Scan → its first document that may be seen."""


@api.get("/tasks/")
@require("read")
def listed() -> Any:
    """One's own uploads, newest first; `task_id` asks for one."""
    args = request.args
    with state().readers() as session:
        found = _found(session, _task_id(args["task_id"]) if args.get("task_id") else None)
    return jsonify([one for one in found.said() if _fits(one)])


def _fits(task: Mapping[str, Any]) -> bool:
    asked = request.args
    if asked.get("acknowledged") and filters.truth(asked["acknowledged"]) != task["acknowledged"]:
        return False
    names = (("status", "status"), ("task_name", "task_name"), ("task_type", "task_name"), ("type", "type"))
    return all(asked[name] == task[ours] for name, ours in names if asked.get(name))


def _task_id(text: str) -> str:
    """Our id of a task; one that nobody has leads nowhere."""
    try:
        return uuid.UUID(text).hex
    except ValueError:
        return ""


@api.get("/tasks/<int:task>/")
@require("read")
def get(task: int) -> Any:
    """One of them, by its number."""
    with state().readers() as session:
        key = client_ids.key(session, TASK, task)
        found = _found(session, key or "")
    if not found.rows:
        raise NotFound(NO_TASK)
    return jsonify(found.said()[0])


@api.post("/tasks/acknowledge/")
@api.post("/acknowledge_tasks/")
@require("read")
def acknowledge() -> Any:
    """One has seen how these ended."""
    sent = sent_json()
    numbers = sent.get("tasks") if isinstance(sent, dict) else None
    if not isinstance(numbers, list) or not all(isinstance(one, int) and 0 < one < 10**9 for one in numbers):
        raise BadValue("tasks phải là một danh sách số; chưa có gì thay đổi.")
    with state().sessions.begin() as session:
        keys = client_ids.keys(session, TASK, numbers)
        return jsonify(result=client_uploads.put_away(session, g.user, keys.values()))


@dataclass(frozen=True)
class Found:
    """Uploads, and what is known of their files."""

    rows: Sequence[ClientUpload]
    scans: Mapping[str, Scan]
    papers: Known

    def said(self) -> list[dict[str, Any]]:
        """The clients' objects; called when the session is closed."""
        papers = ((DOCUMENT, one.id) for one in self.papers.values())
        numbers = Numbers([*papers, *((TASK, row.id) for row in self.rows), (USER, g.user.id)])
        return [_said(row, self.scans[row.scan_id], self.papers, numbers) for row in self.rows]


def _found(session: Session, task: str | None) -> Found:
    rows = client_uploads.listed(session, g.user, task)
    ids = {row.scan_id for row in rows}
    scans = {scan.id: scan for scan in session.scalars(sa.select(Scan).where(Scan.id.in_(ids)))}
    return Found(rows, scans, _documents(session, ids))


def _documents(session: Session, scans: set[str]) -> Known:
    wanted = sa.select(Document).join(Scan, Scan.id == Document.scan_id).options(joinedload(Document.scan))
    there = wanted.where(Document.scan_id.in_(scans), told.there()).order_by(Document.ordinal.desc())
    return {document.scan_id: document for document in session.scalars(there)}


def _said(row: ClientUpload, scan: Scan, known: Known, numbers: Numbers) -> dict[str, Any]:
    document = known.get(row.scan_id)
    number = numbers.of(DOCUMENT, document.id) if document else None
    status, result = _ended(row, scan, document, number)
    over = status in ("SUCCESS", "FAILURE")
    done = scan.read_at if over and scan.read_at and not row.again else row.at
    return {
        "id": numbers.of(TASK, row.id), "task_id": str(uuid.UUID(row.id)), "task_name": NAME,
        "task_file_name": row.filename, "date_created": told.moment(row.at),
        "date_done": told.moment(done) if over else None, "type": "auto_task", "status": status, "result": result,
        "acknowledged": row.put_away, "related_document": str(number) if number and over else None,
        "owner": numbers.of(USER, g.user.id),
    }  # fmt: skip


def _ended(row: ClientUpload, scan: Scan, document: Document | None, number: int | None) -> tuple[str, str | None]:
    """(status, sentence); the English words are those by which clients know what happened."""
    name = row.filename
    if scan.status in WITHHELD:
        return "FAILURE", f"{name}: {HELD}"
    if row.again:
        of = f"{mapping.title(document)} (#{number})" if document else name
        return "FAILURE", f"{name}: Not consuming {name}: It is a duplicate of {of}. {KEPT}"
    if scan.status == "failed":
        return "FAILURE", f"{name}: {scan.error or ''}"
    status = _STATES.get(scan.status, "STARTED")
    if status != "SUCCESS":
        return status, None
    return status, f"Success. New document id {number} created" if number else "Success."
