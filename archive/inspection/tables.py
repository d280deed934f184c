"""Is the database whole: the chain of events, what keeps it append-only, rows and their parents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import history
from archive.inspection.checks import Check, Place, Tell, named
from archive.models import Base, EventHead

CHAIN, KEPT, TABLES = "chuỗi nhật ký", "nhật ký chỉ ghi thêm", "bảng dữ liệu"
RESTORE = "Hãy giữ nguyên máy, không ghi thêm, và phục hồi từ bản sao lưu gần nhất."
TRIGGERS = {"sqlite": ("event_no_update", "event_no_delete", "event_no_replace"), "postgresql": ("event_append_only",)}
"""What forbids changing events, by migrations 0001 and 0020."""


def chain(place: Place, tell: Tell) -> Iterator[Check]:
    """Every event hangs on the one before, and the last is the one that was written last."""
    tell(CHAIN, 0, 0)
    with place.readers() as session:
        broken = list(history.broken(session))
        head = session.get(EventHead, 1)
    if broken:
        yield Check(CHAIN, ok=False, says=f"đứt ở dòng {named(broken)}", todo=RESTORE)
    elif head:
        yield Check(CHAIN, ok=True, says=f"liền mạch, {head.seq} dòng, đầu chuỗi {head.hash[:16]}…")


def protection(place: Place, tell: Tell) -> Iterator[Check]:
    """The triggers that let the database itself say no."""
    tell(KEPT, 0, 0)
    with place.readers() as session:
        kind = session.get_bind().dialect.name
        off = [name for name in TRIGGERS[kind] if name not in _triggers(session, kind)]
    if off:
        todo = "Có người đã gỡ khóa: hãy giữ nguyên máy, đối chiếu đầu chuỗi với sổ đã in."
        yield Check(KEPT, ok=False, says=f"đã mất khóa {named(off)}", todo=todo)
    else:
        yield Check(KEPT, ok=True, says="cơ sở dữ liệu không cho sửa, không cho xoá")


def _triggers(session: Session, kind: str) -> set[str]:
    """Names of the triggers on the events that are in force."""
    if kind == "sqlite":
        wanted = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'event'"
    else:
        wanted = (
            "SELECT tgname FROM pg_trigger WHERE tgrelid = 'event'::regclass AND NOT tgisinternal "
            "AND tgenabled IN ('O', 'A')"
        )
    return set(session.scalars(sa.text(wanted)))


def integrity(place: Place, tell: Tell) -> Iterator[Check]:
    """No page of the file is torn, no row without its parent."""
    tell(TABLES, 0, 0)
    with place.readers() as session:
        wrong = _sqlite(session) if session.get_bind().dialect.name == "sqlite" else _postgresql(session, tell)
    if wrong:
        yield Check(TABLES, ok=False, says=named(wrong), todo=RESTORE)
    else:
        yield Check(TABLES, ok=True, says="nguyên vẹn, mọi dòng có dòng cha")


def _sqlite(session: Session) -> list[str]:
    torn = [str(row) for row in session.scalars(sa.text("PRAGMA integrity_check(20)")) if row != "ok"]
    orphans = session.execute(sa.text("PRAGMA foreign_key_check")).all()
    return [*torn, *(f"{table} dòng {row} không có {parent}" for table, row, parent, _key in orphans[:20])]


def _postgresql(session: Session, tell: Tell) -> list[str]:
    unproven = session.scalars(
        sa.text("SELECT conname FROM pg_constraint WHERE contype IN ('f', 'c') AND NOT convalidated")
    ).all()
    keys = [key for table in Base.metadata.sorted_tables for key in table.foreign_key_constraints]
    wrong = [f"ràng buộc {name} chưa được kiểm" for name in unproven]
    for done, key in enumerate(keys):
        tell(TABLES, done, len(keys))
        if count := session.scalar(_without_parent(key)):
            wrong.append(f"{count} dòng của {key.table.name} không có {key.referred_table.name}")
    return wrong


def _without_parent(key: sa.ForeignKeyConstraint) -> sa.Select[Any]:
    child, parent = key.table, key.referred_table.alias("parent")
    pairs = [(one.parent, parent.c[one.column.name]) for one in key.elements]
    matches = sa.exists().where(*(ours == theirs for ours, theirs in pairs))
    whole = [ours.is_not(None) for ours, _theirs in pairs]
    return sa.select(sa.func.count()).select_from(child).where(*whole, sa.not_(matches))
