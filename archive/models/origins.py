"""How a paper came: what the door knew of it, and the message it lay in."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Mapped, Mapper, mapped_column

from archive.models.base import Base, BigId, Key, new_id, now
from archive.vietnamese import fold


class Message(Base):
    """A letter, an edXML message or a ZIP of papers, kept as evidence; its bytes are the blob named by `sha256`."""

    __tablename__ = "message"
    __table_args__ = (
        sa.Index("ix_message_key", "kind", "key"), sa.Index("ix_message_latest", "received_at", "id"),
        sa.Index("ix_message_kind", "kind", "received_at", "id"),
        sa.Index("ix_message_refused", "refused", "received_at", "id"),
    )  # fmt: skip
    id: Mapped[str] = mapped_column(Key, primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(sa.String(10))
    """mail | edxml | zip"""
    sha256: Mapped[str] = mapped_column(sa.String(64), unique=True)
    size: Mapped[int] = mapped_column(sa.BigInteger)
    key: Mapped[str] = mapped_column(sa.String(500), default="")
    """What its sender calls it: Message-ID, or the DocumentId of QCVN 102:2016/BTTTT; not unique, senders err."""
    sender: Mapped[str] = mapped_column(sa.String(300), default="")
    account: Mapped[str] = mapped_column(sa.String(300), default="")
    """The mailbox or address it came to."""
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What is shown of it; emptied when it is withheld."""
    received_at: Mapped[dt.datetime] = mapped_column(default=now)
    withheld: Mapped[bool] = mapped_column(default=False)
    """A file in it bears a mark of secrecy: its bytes lie in quarantine (archive/safe.py)."""
    verified_at: Mapped[dt.datetime | None]
    damaged_at: Mapped[dt.datetime | None]
    decision: Mapped[str] = mapped_column(sa.String(10), default="", server_default="")
    """released | destroyed: what a person decided of one that no file in quarantine holds there."""
    refused: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    """A file of it was refused, or all of it; said by `facts`."""
    words: Mapped[str] = mapped_column(sa.Text, default="", server_default="")
    """What it is found by, folded: sender, subject, codes, names of its files; said by the columns above."""


@event.listens_for(Message, "before_insert")
@event.listens_for(Message, "before_update")
def _describe(_mapper: Mapper[Message], _connection: sa.Connection, message: Message) -> None:
    """Whoever writes a message, what it is found by follows: of a withheld one nothing."""
    message.refused = bool(message.facts.get("refused"))
    told = unicodedata.normalize("NFC", " ".join(filter(None, _said(message))))
    message.words = fold(" ".join(told.split())).replace("\0", " ")


def _said(message: Message) -> Iterator[str]:
    facts = message.facts
    yield from (message.sender, message.account if facts else "", message.key, str(facts.get("subject", "")))
    told = facts.get("told")
    if isinstance(told, Mapping):
        yield from (str(told.get(name, "")) for name in ("subject", "number", "symbol"))
    for files in (facts.get("parts"), facts.get("files")):
        yield from (str(one.get("name", "")) for one in files or () if isinstance(one, Mapping))


class Origin(Base):
    """What the door knew of a scan; the same bytes may come through several."""

    __tablename__ = "origin"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    scan_id: Mapped[str] = mapped_column(sa.ForeignKey("scan.id", ondelete="CASCADE"), index=True)
    message_id: Mapped[str | None] = mapped_column(sa.ForeignKey("message.id"), index=True)
    source: Mapped[str] = mapped_column(sa.String(40))
    """The door, as in `scan.source`."""
    label: Mapped[str] = mapped_column(sa.String(200), default="")
    """The place within the door: a sub-folder, a mail account, a scanner."""
    filename: Mapped[str] = mapped_column(sa.String(500), default="")
    """What the file was called there."""
    unit_id: Mapped[str | None] = mapped_column(sa.String(40))
    """The unit the place is for: a suggestion to who sends it on."""
    book: Mapped[str | None] = mapped_column(sa.String(40))
    """The book the place is for: what the form begins with."""
    at: Mapped[dt.datetime] = mapped_column(default=now)
