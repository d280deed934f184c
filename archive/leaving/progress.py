"""What stands in a folder from an earlier run: whose it is, and what has been touched since it was begun."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import history_export
from archive.durable import HALF, write
from archive.errors import Conflict, NotEmpty
from archive.models import Event

MARK = ".vanthu-export.json"
FORMAT = "vanthu-leaving-1"


@dataclass(frozen=True)
class Begun:
    """The head of the chain of events when the first run began."""

    seq: int
    hash: str

    def touched(self, session: Session) -> frozenset[str]:
        """What something has happened to since."""
        wanted = sa.select(Event.subject).where(Event.seq > self.seq).distinct()
        return frozenset(session.scalars(wanted))


@contextlib.contextmanager
def only_one(root: Path) -> Iterator[None]:
    """No second run writes into the folder, which is made where there is none. Conflict."""
    root.mkdir(parents=True, exist_ok=True)
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise Conflict(f"Một lệnh khác đang xuất vào {root}. Hãy chờ nó xong rồi chạy lại.") from error
    finally:
        os.close(folder)


def begin(session: Session, root: Path) -> Begun:
    """A new or empty folder is begun; one of an earlier run of this archive is gone on with. NotEmpty for others."""
    mark = root / MARK
    if not mark.exists():
        if root.is_symlink() or any(not one.name.endswith(HALF) for one in root.iterdir()):
            raise NotEmpty(f"{root} đã có, không trống. Hãy chọn một thư mục mới; không gì bị đổi.")
        head = history_export.head(session)
        write(mark, json.dumps({"format": FORMAT, "seq": head.seq, "hash": head.hash}).encode())
        return Begun(head.seq, head.hash)
    found = _read(mark)
    known = session.scalar(sa.select(Event.hash).where(Event.seq == found.seq)) if found.seq else found.hash
    if known != found.hash:
        raise NotEmpty(f"{root} là bản xuất của kho khác, hoặc của kho này trước khi phục hồi. Hãy chọn thư mục mới.")
    return found


def _read(mark: Path) -> Begun:
    try:
        told = json.loads(mark.read_bytes())
        if told["format"] == FORMAT:
            return Begun(int(told["seq"]), str(told["hash"]))
    except (ValueError, KeyError, TypeError):
        pass
    raise NotEmpty(f"{mark.parent} có tệp {MARK} không hiểu được. Hãy chọn một thư mục mới; không gì bị đổi.")
