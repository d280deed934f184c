"""From the database to the index: the outbox is emptied batch by batch; intake never waits for it.

A line of the outbox goes only after the index holds what it asked for, so a crash repeats work and loses none.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session, load_only, selectinload, sessionmaker

from archive.models import CitationRow, Document, Outbox
from archive.search import Index, IndexEntry, building, changes
from archive.search.words import line

BATCH = 50
LARGE = 3000
"""From as many documents on a new index is built on both cores: starting children costs a second."""
Sessions = sessionmaker[Session]


def entry_of(document: Document, line: str = "") -> IndexEntry:
    """What the index is told of a document; `line` is line_of it."""
    return IndexEntry(
        id=document.id,
        body=document.text,
        title=document.subject or "",
        code=document.full_code or "",
        organ=document.issuing_organ or "",
        date=document.date or "",
        cited_codes=tuple(citation.code for citation in document.citations if citation.code),
        line=line,
    )


def line_of(document: Document) -> str:
    """The folded words that `Document.folded` keeps for phrases, re-ranking and search without an index."""
    return line(document.full_code, document.subject, document.issuing_organ, document.text)


def enqueue(session: Session, document_id: str) -> None:
    """Asks that the index be told of a document once this transaction is committed."""
    session.add(Outbox(document_id=document_id))


def drain(sessions: Sessions, engine: Index, batch: int = BATCH) -> int:
    """Takes the oldest `batch` lines of the outbox; how many documents the index was told of.

    Raises IndexBroken (then `rebuild`) and Transient (then later); the lines stay.
    """
    # Read under the lock of writers: who read earlier and told later would tell what is no longer so.
    with engine.writing() as inside:
        with _reading(sessions) as session:
            lines = session.execute(sa.select(Outbox.id, Outbox.document_id).order_by(Outbox.id).limit(batch)).all()
            wanted = list(dict.fromkeys(document_id for _, document_id in lines))
            documents = _documents(session, wanted)
        if not lines:
            return 0
        entries = _projected(sessions, documents)
        engine.apply(entries, sorted(set(wanted) - {entry.id for entry in entries}))
        _forget(sessions, inside, [number for number, _ in lines])
    return len(wanted)


def _forget(sessions: Sessions, inside: sa.Connection | None, numbers: Sequence[int]) -> None:
    """Lines of the outbox that are done: in the index's own transaction where it has one in this database."""
    gone = sa.delete(Outbox).where(Outbox.id.in_(numbers))
    if inside is not None:
        inside.execute(gone)
        return
    with sessions.begin() as session:
        session.execute(gone)


def rebuild(sessions: Sessions, engine: Index) -> int:
    """A new generation from the database while the old one serves; how many documents are in it."""

    def retell(names: list[str]) -> None:
        with sessions.begin() as session:
            session.add_all(Outbox(document_id=name) for name in names)

    with _reading(sessions) as session:
        documents = session.scalar(sa.select(sa.func.count()).select_from(Document)) or 0
    if documents < LARGE:
        return engine.rebuild(entries_between(sessions), retell)
    return building.rebuild(sessions, engine, retell)


def keep_up(sessions: Sessions, engine: Index) -> int:
    """For the worker's loop: builds the index where there is none that can be read, then empties the outbox."""
    done = 0 if engine.healthy() else rebuild(sessions, engine)
    while told := drain(sessions, engine):
        done += told
    _forget_changes(sessions)
    return done


def _forget_changes(sessions: Sessions) -> None:
    with _reading(sessions) as session:
        overdue = changes.overdue(session)
    if overdue:
        with sessions.begin() as session:
            changes.forget(session)


@contextlib.contextmanager
def _reading(sessions: Sessions) -> Iterator[Session]:
    """A session that does not take SQLite's write lock."""
    with sessions() as session:
        session.connection(execution_options={"reading": True})
        yield session


_TOLD = (
    load_only(
        Document.text, Document.folded, Document.subject, Document.full_code, Document.issuing_organ, Document.date,
        Document.changed_at,
    ),
    selectinload(Document.citations).load_only(CitationRow.code),
)  # fmt: skip
"""What the index is told of: what was read, and where it stands on the pages, is as much again."""


def _documents(session: Session, ids: Sequence[str]) -> list[Document]:
    return list(session.scalars(sa.select(Document).where(Document.id.in_(ids)).options(*_TOLD)))


_TABLE = Document.__table__
_REFOLD = (
    sa.update(Document)
    .where(_TABLE.c.id == sa.bindparam("of"))
    .values(folded=sa.bindparam("line"), changed_at=_TABLE.c.changed_at)
)


def _projected(sessions: Sessions, documents: Sequence[Document]) -> list[IndexEntry]:
    """Entries of `documents`; `folded` is a projection too and is written here, without touching the version."""
    lines = [(document, line_of(document)) for document in documents]
    stale = [{"of": document.id, "line": folded} for document, folded in lines if folded != document.folded]
    if stale:
        with sessions.begin() as session:
            session.connection().execute(_REFOLD, stale)
    return [entry_of(document, folded) for document, folded in lines]


def entries_between(sessions: Sessions, after: str = "", until: str = "g") -> Iterator[IndexEntry]:
    """Of the documents after the id `after` up to `until`, in order; a transaction for each batch: nobody waits."""
    last = after
    while True:
        with _reading(sessions) as session:
            between = sa.select(Document).where(Document.id > last, Document.id <= until)
            statement = between.order_by(Document.id).limit(BATCH)
            documents = list(session.scalars(statement.options(*_TOLD)))
        if not documents:
            return
        yield from _projected(sessions, documents)
        last = documents[-1].id
