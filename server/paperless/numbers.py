"""Our ids as the numbers of one answer, and numbers of an address as our ids."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy.orm import Session

from archive import client_ids
from archive.client_ids import Named
from archive.errors import BadValue, NotFound
from archive.models import Document
from server.api.papers import NO_DOCUMENT, document_of
from server.state import state

DOCUMENT, CORRESPONDENT, TYPE, TAG, PATH = "document", "correspondent", "type", "tag", "path"
FIELD, USER, UNIT, VIEW, NOTE, TASK = "field", "user", "unit", "view", "note", "task"


class Numbers:
    """Asked for all at once, after the session that read the answer is closed: a new number needs a writer."""

    def __init__(self, wanted: Iterable[Named]) -> None:
        here = state()
        self._found = client_ids.numbers(here.readers, here.sessions, wanted)

    def of(self, kind: str, key: str | None) -> int | None:
        """The number; None for nothing."""
        return None if key is None else self._found[kind, key]

    def all(self, kind: str, keys: Iterable[str]) -> list[int]:
        """The numbers of `keys`, in their order."""
        return [self._found[kind, key] for key in keys]


def paper_of(session: Session, number: int) -> Document:
    """The document with this number, if the one who asks may read it; NotFound."""
    key = client_ids.key(session, DOCUMENT, number)
    if key is None:
        raise NotFound(NO_DOCUMENT)
    return document_of(session, key)


def key_of(number: int) -> str:
    """Our id of the document with this number; who may see it is asked by who opens it."""
    with state().readers() as session:
        return client_ids.key(session, DOCUMENT, number) or "-"


def several(name: str, text: str) -> list[int]:
    """`3,17` of an address; BadValue."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts):
        raise BadValue(f"{name[:80]} phải là các số nguyên, cách nhau bằng dấu phẩy.")
    return [int(part) for part in parts]


def whole(name: str, value: Any) -> int | None:
    """A number of a body, or none; BadValue."""
    if value is None or value == "":
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise BadValue(f"{name[:80]} phải là một số nguyên; chưa có gì thay đổi.")
    return value
