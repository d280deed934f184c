"""Work files and the list they follow; what the machine thought of a value when a person spoke."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "work_file",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=80), nullable=False),
        sa.Column("heading", sa.String(length=200), nullable=False),
        sa.Column("title", sa.String(length=500), nullable=False),
        sa.Column("keep_years", sa.Integer(), nullable=True),
        sa.Column("keeper", sa.String(length=200), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("closed_by", sa.String(length=80), nullable=True),
        sa.Column("sheets", sa.Integer(), nullable=True),
        sa.Column("sides", sa.Integer(), nullable=True),
        sa.Column("handed_on", sa.Date(), nullable=True),
        sa.Column("created_by", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_file")),
        sa.UniqueConstraint("year", "code", name=op.f("uq_work_file_year_code")),
    )
    op.create_table(
        "file_paper",
        sa.Column("file_id", sa.String(length=32), nullable=False),
        sa.Column("document_id", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("added_by", sa.String(length=80), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"], ["work_file.id"], name=op.f("fk_file_paper_file_id_work_file"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_file_paper_document_id_document"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("file_id", "document_id", name=op.f("pk_file_paper")),
    )
    op.create_index(op.f("ix_file_paper_document_id"), "file_paper", ["document_id"])
    op.add_column("confirmation", sa.Column("sure", sa.Boolean(), nullable=True))
    op.add_column("confirmation", sa.Column("source", sa.String(length=80), server_default="", nullable=False))
    op.add_column("confirmation", sa.Column("outcome", sa.String(length=10), server_default="kept", nullable=False))
    op.execute(
        "UPDATE confirmation SET outcome = "
        "CASE WHEN CAST(machine AS TEXT) IN ('null', '[]') THEN 'added' ELSE 'corrected' END "
        "WHERE CAST(value AS TEXT) <> CAST(machine AS TEXT)"
    )
    counted = {
        "confirmation": ["at", "field", "source", "sure", "outcome", "document_id"],
        "document": ["id", "status", "secrecy", "unit_id", "document_type", "urgency", "scan_id"],
        "register_entry": ["arrived_on", "status", "document_id", "issuer", "registered_at"],
        "route": ["due", "role", "state", "unit_id", "closed_at", "decided_at", "document_id"],
    }
    for table, columns in counted.items():
        op.create_index(f"ix_{table}_counted", table, columns)
