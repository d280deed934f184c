"""When the bytes of each original were last looked at, what the last look at everything found, refusals at the door."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    with op.batch_alter_table("scan") as batch:
        batch.add_column(sa.Column("verified_at", sa.DateTime(timezone=True)))
        batch.add_column(sa.Column("damaged_at", sa.DateTime(timezone=True)))
    op.create_index("ix_scan_verified", "scan", ["verified_at", "size"])
    op.create_index(
        "ix_scan_damaged", "scan", ["damaged_at"],
        sqlite_where=sa.text("damaged_at IS NOT NULL"), postgresql_where=sa.text("damaged_at IS NOT NULL"),
    )  # fmt: skip
    refused = sa.text("action = 'refused'")
    op.create_index("ix_event_refused", "event", ["at"], sqlite_where=refused, postgresql_where=refused)
    op.create_table(
        "inspection",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("asked_by", sa.String(length=80), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stage", sa.String(length=80), server_default="", nullable=False),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("total", sa.Integer(), server_default="0", nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=True),
        sa.Column("checks", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspection")),
    )
