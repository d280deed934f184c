"""Reading a restricted paper is an event, too: one for each person, paper and hour, however many pictures it has."""

from __future__ import annotations

from flask import Flask, g, request
from flask.wrappers import Response

from archive import history
from archive.models import Document, now
from server.state import state

ACTION = "read_restricted"


def init_app(app: Flask) -> None:
    """Write down, before an answer goes out, whose paper it tells of."""
    app.after_request(write)


def note(*documents: Document) -> None:
    """These papers are about to be shown; the restricted ones are remembered until the answer is made."""
    marked = {document.id for document in documents if document.secrecy}
    g.restricted = marked | g.get("restricted", frozenset())


def write(answer: Response) -> Response:
    """The event of what was read; where it cannot be written, the answer does not go out either."""
    read = g.get("restricted") if request.method == "GET" and answer.status_code < 400 else None
    for document_id in sorted(read or ()):
        _write_once(g.user.name, document_id)
    return answer


def _write_once(name: str, document_id: str) -> None:
    at = now()
    with state().readers() as session:  # mostly known already, and then no writer is needed
        if history.was_written(session, name, ACTION, document_id, 1.0, at):
            return
    with state().sessions.begin() as session:
        history.append_once(session, name, ACTION, document_id, at=at)
