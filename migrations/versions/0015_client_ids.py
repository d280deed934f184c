"""Apps that speak the paperless-ngx interface: numbers for ids, and the files they sent."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Numbers are handed out when an app first asks; nothing is written now."""
    op.create_table(
        "client_id",
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.String(320), nullable=False),
        sa.PrimaryKeyConstraint("kind", "number", name=op.f("pk_client_id")),
        sa.UniqueConstraint("kind", "key", name=op.f("uq_client_id_kind_key")),
    )
    op.create_table(
        "client_upload",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("scan_id", sa.String(32), nullable=False),
        sa.Column("user_id", sa.String(32), nullable=False),
        sa.Column("filename", sa.String(500), nullable=False),
        sa.Column("again", sa.Boolean(), nullable=False),
        sa.Column("given", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("put_away", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["scan_id"], ["scan.id"], name=op.f("fk_client_upload_scan_id_scan"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_client_upload_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_upload")),
    )
    op.create_index(op.f("ix_client_upload_scan_id"), "client_upload", ["scan_id"])
    op.create_index(op.f("ix_client_upload_user_id"), "client_upload", ["user_id"])
