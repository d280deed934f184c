"""How a paper came: messages kept as evidence, and what the door knew of each scan."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Scans from before have no origin; their `source` says the door."""
    op.create_table(
        "message",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(500), nullable=False),
        sa.Column("sender", sa.String(300), nullable=False),
        sa.Column("account", sa.String(300), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withheld", sa.Boolean(), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("damaged_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("sha256", name=op.f("uq_message_sha256")),
    )
    op.create_index("ix_message_key", "message", ["kind", "key"])
    op.create_index(op.f("ix_message_received_at"), "message", ["received_at"])
    op.create_table(
        "origin",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("scan_id", sa.String(32), nullable=False),
        sa.Column("message_id", sa.String(32), nullable=True),
        sa.Column("source", sa.String(40), nullable=False),
        sa.Column("label", sa.String(200), nullable=False),
        sa.Column("filename", sa.String(500), nullable=False),
        sa.Column("unit_id", sa.String(40), nullable=True),
        sa.Column("book", sa.String(40), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["scan_id"], ["scan.id"], name=op.f("fk_origin_scan_id_scan"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_origin_message_id_message")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_origin")),
    )
    op.create_index(op.f("ix_origin_scan_id"), "origin", ["scan_id"])
    op.create_index(op.f("ix_origin_message_id"), "origin", ["message_id"])
