"""The database itself notes which paper was changed: for what is kept of all of them (archive/search/facts.py)."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

WATCHED = {
    "document": ("id", "document_type", "issuing_organ", "date", "unit_id", "status", "secrecy", "province_current",
                 "created_at", "folded"),
    "register_entry": ("document_id", "arrived_on"),
    "route": ("document_id", "unit_id", "state"),
    "unit": ("id", "name"),
}  # fmt: skip
KEYS = {"document": "id", "register_entry": "document_id", "route": "document_id"}
EVERY = "''"


def upgrade() -> None:
    """A line for each change of what may be asked of papers: of a paper, or '' of a unit, that may concern them all."""
    op.create_table(
        "change",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), autoincrement=True, nullable=False),
        sa.Column("moment", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("document_id", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change")),
    )
    op.create_index(op.f("ix_change_moment"), "change", ["moment"])
    op.execute("INSERT INTO change(document_id) VALUES ('')")
    watch = _watch_sqlite if op.get_bind().dialect.name == "sqlite" else _watch_postgresql
    for table in WATCHED:
        watch(table)


def _watch_sqlite(table: str) -> None:
    key = KEYS.get(table)
    old, new = (f"OLD.{key}", f"NEW.{key}") if key else (EVERY, EVERY)
    differs = " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in WATCHED[table])
    for event, when, ids in (("insert", "", [new]), ("delete", "", [old]), ("update", f"WHEN {differs}", [old, new])):
        lines = " UNION ".join(f"SELECT {one} AS one" for one in ids)
        op.execute(
            f"CREATE TRIGGER change_{table}_{event} AFTER {event.upper()} ON {table} {when} "  # noqa: S608
            f"BEGIN INSERT INTO change(document_id) SELECT one FROM ({lines}) WHERE one IS NOT NULL; END"
        )


def _watch_postgresql(table: str) -> None:
    key = KEYS.get(table)
    old, new = (f"OLD.{key}", f"NEW.{key}") if key else (EVERY, EVERY)
    before, after = (", ".join(f"{row}.{column}" for column in WATCHED[table]) for row in ("OLD", "NEW"))
    differs = f"WHEN (ROW({before}) IS DISTINCT FROM ROW({after}))"
    each = "FOR EACH ROW"
    _trigger(table, "insert", each, [new])
    _trigger(table, "delete", each, [old])
    _trigger(table, "update", f"{each} {differs}", [old, new])
    _trigger(table, "truncate", "FOR EACH STATEMENT", [EVERY])


def _trigger(table: str, event: str, when: str, ids: list[str]) -> None:
    """The line has the number of its transaction: lines are not committed in the order in which they are numbered."""
    name = f"change_{table}_{event}"
    lines = " UNION ".join(f"SELECT CAST({one} AS text) AS one" for one in ids)
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "  # noqa: S608
        "INSERT INTO change(moment, document_id) SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint), one "
        f"FROM ({lines}) AS ids WHERE one IS NOT NULL; RETURN NULL; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} AFTER {event.upper()} ON {table} {when} EXECUTE FUNCTION {name}()")
    # Of what a subscription writes, too, and of one who lets the keys sleep.
    op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")
