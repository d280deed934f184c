"""What messages are listed and found by, and what a person decides of one that no file holds in quarantine."""

import json
import unicodedata
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
AT_ONCE = 1000
INDEXES = {
    "ix_message_latest": ["received_at", "id"],
    "ix_message_kind": ["kind", "received_at", "id"],
    "ix_message_refused": ["refused", "received_at", "id"],
}


def upgrade() -> None:
    """Messages from before are described by what is known of them."""
    op.add_column("message", sa.Column("decision", sa.String(length=10), server_default="", nullable=False))
    op.add_column("message", sa.Column("refused", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("message", sa.Column("words", sa.Text(), server_default="", nullable=False))
    op.drop_index(op.f("ix_message_received_at"), "message")
    for name, columns in INDEXES.items():
        op.create_index(name, "message", columns)
    last = ""
    while rows := _after(last):
        for row in rows:
            _describe(row)
        last = rows[-1].id


def _after(last: str) -> list[Any]:
    columns = "id, sender, account, key, facts"
    wanted = sa.text(f"SELECT {columns} FROM message WHERE id > :last ORDER BY id LIMIT {AT_ONCE}")  # noqa: S608
    return list(op.get_bind().execute(wanted, {"last": last}))


def _describe(row: Any) -> None:
    facts = json.loads(row.facts) if isinstance(row.facts, str) else row.facts
    words = " ".join(filter(None, _said(row, facts)))
    known = {"id": row.id, "words": _folded(words).replace("\0", " "), "refused": bool(facts.get("refused"))}
    op.get_bind().execute(sa.text("UPDATE message SET words = :words, refused = :refused WHERE id = :id"), known)


def _said(row: Any, facts: dict[str, Any]) -> Iterator[str]:
    yield from (row.sender, row.account if facts else "", row.key, str(facts.get("subject", "")))
    told = facts.get("told") or {}
    yield from (str(told.get(name, "")) for name in ("subject", "number", "symbol"))
    for file in [*(facts.get("parts") or ()), *(facts.get("files") or ())]:
        yield str(file.get("name", ""))


def _folded(text: str) -> str:
    """As archive.vietnamese.fold did when this was written."""
    plain = unicodedata.normalize("NFD", " ".join(text.split()).lower().replace("đ", "d").replace("ð", "d"))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))
