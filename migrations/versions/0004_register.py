"""The books of the office, days closed, lines taken over from an old book."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("book", sa.Column("takes", sa.JSON(), server_default="[]", nullable=False))
    op.add_column("book", sa.Column("system", sa.String(length=8), nullable=True))
    op.add_column("book", sa.Column("position", sa.Integer(), server_default="0", nullable=False))
    op.add_column("book", sa.Column("active", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.create_table(
        "closed_day",
        sa.Column("book_id", sa.String(length=40), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("first", sa.Integer(), nullable=True),
        sa.Column("last", sa.Integer(), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("event", sa.String(length=64), nullable=False),
        sa.Column("closed_by", sa.String(length=80), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_closed_day_book_id_book")),
        sa.PrimaryKeyConstraint("book_id", "day", name=op.f("pk_closed_day")),
    )
    op.create_table(
        "book_import",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("book_id", sa.String(length=40), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("filename", sa.String(length=500), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("sheet", sa.JSON(), nullable=False),
        sa.Column("head", sa.Integer(), nullable=False),
        sa.Column("mapping", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_book_import_book_id_book")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_book_import")),
    )
    op.create_index(op.f("ix_book_import_at"), "book_import", ["at"])
    with op.batch_alter_table("register_entry") as batch:
        batch.add_column(sa.Column("import_id", sa.String(length=32), nullable=True))
        batch.create_foreign_key(op.f("fk_register_entry_import_id_book_import"), "book_import", ["import_id"], ["id"])
