"""/api/v1/files: work files (hồ sơ) and the papers in them."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, g, jsonify
from sqlalchemy.orm import Session

from archive import work_files
from archive.errors import NotFound
from archive.models import WorkFile, now
from archive.workdays import HANOI
from server.api import file_shapes, shapes
from server.api.description import described
from server.api.papers import document_of
from server.auth import require
from server.state import state

api = Blueprint("api_files", __name__)
NO_FILE = "Không có hồ sơ này."


@api.get("/files")
@require("read")
@described(422, answer=file_shapes.FileList, query=file_shapes.FilesAsked, name="list_files")
def listed() -> Any:
    """The list of a year (danh mục hồ sơ)"""
    year = shapes.asked(file_shapes.FilesAsked).year or now().astimezone(HANOI).year
    with state().readers() as session:
        files = work_files.listed(session, year)
        counts = work_files.counts(session, g.user, files)
        return jsonify(year=year, files=[_file_json(one, counts.get(one.id, 0)) for one in files])


@api.get("/files/<file_id>")
@require("read")
@described(404, answer=file_shapes.Filed, name="get_file")
def look(file_id: str) -> Any:
    """One file and the papers in it that one may see"""
    with state().readers() as session:
        return jsonify(_whole(session, _file_of(session, file_id)))


@api.post("/files/<file_id>/documents")
@require("file")
@described(400, 404, 409, 415, 422, answer=file_shapes.Filed, json=file_shapes.Filing, name="put_into_file")
def put(file_id: str) -> Any:
    """Put a registered paper at the end of an open file; again: nothing happens"""
    wanted = shapes.body(file_shapes.Filing)
    with state().sessions.begin() as session:
        file = _file_of(session, file_id)
        work_files.put(session, file, document_of(session, wanted.document_id), actor=g.user.name)
        return jsonify(_whole(session, file))


def _file_of(session: Session, file_id: str) -> WorkFile:
    file = session.get(WorkFile, file_id) if re.fullmatch(r"[0-9a-f]{32}", file_id) else None
    if file is None:
        raise NotFound(NO_FILE)
    return file


def _whole(session: Session, file: WorkFile) -> dict[str, Any]:
    papers = [one.document_id for one in work_files.papers(session, g.user, file)]
    return {"file": _file_json(file, len(papers)), "document_ids": papers}


def _file_json(file: WorkFile, count: int) -> dict[str, Any]:
    names = ("id", "year", "code", "heading", "title", "keep_years", "keeper", "note", "sheets")
    days = {"closed_on": file.closed_on, "handed_on": file.handed_on, "keep_until": work_files.keep_until(file),
            "hand_over_by": work_files.hand_over_by(file)}  # fmt: skip
    told = {name: day.isoformat() if day else None for name, day in days.items()}
    return {name: getattr(file, name) for name in names} | told | {"pages": file.sides, "documents": count}
