"""Packages for the archive: what is being prepared of which work file, and how far it is."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """One row a work file: the last package that was asked for."""
    op.create_table(
        "handover",
        sa.Column("file_id", sa.String(length=32), nullable=False),
        sa.Column("asked_by", sa.String(length=80), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("beat_at", sa.DateTime(timezone=True)),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("total", sa.Integer(), server_default="0", nullable=False),
        sa.Column("unmade", sa.JSON(), server_default="[]", nullable=False),
        sa.Column("error", sa.String(length=500), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"], ["work_file.id"], name=op.f("fk_handover_file_id_work_file"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_handover")),
    )
