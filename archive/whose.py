"""Whose a database is: it says so itself, for two addresses that look different may lead to one.

In an installation of several offices its slug is written into each database once, as an event. One that bears another
is not opened: people and keys of that office would be let in at this one. Where there is no list nothing is written
and nothing asked.
"""

from __future__ import annotations

import contextlib
import json

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import database, history
from archive.errors import BadSettings, NotItsOwn
from archive.models import Event, EventHead

ACTION, SUBJECT = "office_named", "office"


def opened(engine: sa.Engine, slug: str) -> sa.Engine:
    """`engine`, once its database is known to be the office's; else it is closed.

    NotItsOwn; BadSettings where there are no tables. A database that bears no name yet, as that of an archive that
    stood alone, is this office's from now on.
    """
    with contextlib.ExitStack() as unless_opened:
        unless_opened.callback(engine.dispose)
        found = _found(engine) or _name(engine, slug, takes_over=False)
        if found != slug:
            raise NotItsOwn(_OTHER.format(slug=slug, found=found))
        unless_opened.pop_all()
    return engine


_OTHER = (
    "Cơ quan {slug}: cơ sở dữ liệu này là của cơ quan {found}; mỗi cơ quan phải có cơ sở dữ liệu riêng. "
    "Hãy sửa database của {slug}. Chỉ khi đây là bản chép, bản phục hồi nay thuộc về {slug}, hoặc cơ quan đã đổi slug: "
    "dừng dịch vụ rồi chạy vanthu --office {slug} upgrade --adopt"
)


def adopt(engine: sa.Engine, slug: str) -> None:
    """The database is this office's from now on, whosever it was."""
    _name(engine, slug, takes_over=True)


def _found(engine: sa.Engine) -> str | None:
    with database.readers(engine)() as session:
        if not sa.inspect(session.connection()).has_table(Event.__tablename__):
            raise BadSettings("Cơ sở dữ liệu chưa có bảng nào. Hãy chạy: vanthu --all-offices upgrade")
        return _said(session)


def _said(session: Session) -> str | None:
    named = sa.select(Event.data).where(Event.subject == SUBJECT, Event.action == ACTION)
    last = session.scalar(named.order_by(Event.seq.desc()).limit(1))
    return None if last is None else str(json.loads(last)["slug"])


def _name(engine: sa.Engine, slug: str, *, takes_over: bool) -> str:
    """Whose it is now; of two processes that name it at once the first wins."""
    with database.sessions(engine).begin() as session:
        session.get(EventHead, 1, with_for_update=True)  # whoever else is at it has written, or waits until we have
        found = _said(session)
        if found == slug or (found is not None and not takes_over):
            return found
        history.append(session, "system", ACTION, SUBJECT, {"before": found, "slug": slug})
    return slug
