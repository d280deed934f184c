"""Who handles a paper until when, holidays, reminders."""

import datetime as dt

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

# Bộ luật Lao động 2019, arts. 111 and 112. 2025 and 2026 as announced with their make-up days; from 2027 on as the law
# has it (Tết: the last day of the old year and four of the new; a holiday on a day of rest is made up for by the next
# working day), to be changed by an administrator when the year's plan is announced.
# Lunar days are those of Vietnam's own calendar, UTC+7: Tết 2030 is on 2 February here and on the 3rd in China.
OFF = """
2025-01-01 Tết Dương lịch
2025-01-27 Tết Nguyên đán
2025-01-28 Tết Nguyên đán
2025-01-29 Tết Nguyên đán
2025-01-30 Tết Nguyên đán
2025-01-31 Tết Nguyên đán
2025-04-07 Giỗ Tổ Hùng Vương
2025-04-30 Ngày Chiến thắng
2025-05-01 Ngày Quốc tế lao động
2025-05-02 Nghỉ, làm bù ngày 26/4
2025-09-01 Quốc khánh
2025-09-02 Quốc khánh
2026-01-01 Tết Dương lịch
2026-01-02 Nghỉ, làm bù ngày 10/01
2026-02-16 Tết Nguyên đán
2026-02-17 Tết Nguyên đán
2026-02-18 Tết Nguyên đán
2026-02-19 Tết Nguyên đán
2026-02-20 Tết Nguyên đán
2026-04-26 Giỗ Tổ Hùng Vương
2026-04-27 Nghỉ bù Giỗ Tổ Hùng Vương
2026-04-30 Ngày Chiến thắng
2026-05-01 Ngày Quốc tế lao động
2026-08-31 Nghỉ, làm bù ngày 22/8
2026-09-01 Quốc khánh
2026-09-02 Quốc khánh
2027-01-01 Tết Dương lịch
2027-02-05 Tết Nguyên đán
2027-02-06 Tết Nguyên đán
2027-02-07 Tết Nguyên đán
2027-02-08 Tết Nguyên đán
2027-02-09 Tết Nguyên đán
2027-02-10 Nghỉ bù Tết Nguyên đán
2027-02-11 Nghỉ bù Tết Nguyên đán
2027-04-16 Giỗ Tổ Hùng Vương
2027-04-30 Ngày Chiến thắng
2027-05-01 Ngày Quốc tế lao động
2027-05-03 Nghỉ bù Ngày Quốc tế lao động
2027-09-02 Quốc khánh
2027-09-03 Quốc khánh
2028-01-01 Tết Dương lịch
2028-01-03 Nghỉ bù Tết Dương lịch
2028-01-25 Tết Nguyên đán
2028-01-26 Tết Nguyên đán
2028-01-27 Tết Nguyên đán
2028-01-28 Tết Nguyên đán
2028-01-29 Tết Nguyên đán
2028-01-31 Nghỉ bù Tết Nguyên đán
2028-04-04 Giỗ Tổ Hùng Vương
2028-04-30 Ngày Chiến thắng
2028-05-01 Ngày Quốc tế lao động
2028-05-02 Nghỉ bù Ngày Chiến thắng
2028-09-01 Quốc khánh
2028-09-02 Quốc khánh
2028-09-04 Nghỉ bù Quốc khánh
2029-01-01 Tết Dương lịch
2029-02-12 Tết Nguyên đán
2029-02-13 Tết Nguyên đán
2029-02-14 Tết Nguyên đán
2029-02-15 Tết Nguyên đán
2029-02-16 Tết Nguyên đán
2029-04-23 Giỗ Tổ Hùng Vương
2029-04-30 Ngày Chiến thắng
2029-05-01 Ngày Quốc tế lao động
2029-09-02 Quốc khánh
2029-09-03 Quốc khánh
2029-09-04 Nghỉ bù Quốc khánh
2030-01-01 Tết Dương lịch
2030-02-01 Tết Nguyên đán
2030-02-02 Tết Nguyên đán
2030-02-03 Tết Nguyên đán
2030-02-04 Tết Nguyên đán
2030-02-05 Tết Nguyên đán
2030-02-06 Nghỉ bù Tết Nguyên đán
2030-02-07 Nghỉ bù Tết Nguyên đán
2030-04-12 Giỗ Tổ Hùng Vương
2030-04-30 Ngày Chiến thắng
2030-05-01 Ngày Quốc tế lao động
2030-09-02 Quốc khánh
2030-09-03 Quốc khánh
2031-01-01 Tết Dương lịch
2031-01-22 Tết Nguyên đán
2031-01-23 Tết Nguyên đán
2031-01-24 Tết Nguyên đán
2031-01-25 Tết Nguyên đán
2031-01-26 Tết Nguyên đán
2031-01-27 Nghỉ bù Tết Nguyên đán
2031-01-28 Nghỉ bù Tết Nguyên đán
2031-04-01 Giỗ Tổ Hùng Vương
2031-04-30 Ngày Chiến thắng
2031-05-01 Ngày Quốc tế lao động
2031-09-01 Quốc khánh
2031-09-02 Quốc khánh
"""
WORKED = """
2025-04-26 Làm bù ngày 02/5
2026-01-10 Làm bù ngày 02/01
2026-08-22 Làm bù ngày 31/8
"""


def upgrade() -> None:
    _widen_routes()
    op.add_column("user", sa.Column("email", sa.String(length=200), server_default="", nullable=False))
    op.add_column("user", sa.Column("wants_digest", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.create_table(
        "digest",
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("error", sa.String(length=200), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_digest_user_id_user"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "day", name=op.f("pk_digest")),
    )
    holiday = op.create_table(
        "holiday",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("works", sa.Boolean(), nullable=False),
        sa.Column("changed_by", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_holiday")),
    )
    op.bulk_insert(holiday, [*_days(OFF, works=False), *_days(WORKED, works=True)])


def _days(lines: str, *, works: bool) -> list[dict[str, object]]:
    split = [line.split(" ", 1) for line in lines.split("\n") if line]
    return [
        {"day": dt.date.fromisoformat(day), "name": name, "works": works, "changed_by": "law"} for day, name in split
    ]


def _widen_routes() -> None:
    with op.batch_alter_table("route") as batch:
        batch.add_column(sa.Column("days", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("version", sa.Integer(), server_default="1", nullable=False))
        batch.add_column(sa.Column("parent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
        batch.add_column(sa.Column("person_id", sa.String(length=32), nullable=True))
        batch.add_column(sa.Column("person_due", sa.Date(), nullable=True))
        batch.add_column(sa.Column("opinion", sa.Text(), server_default="", nullable=False))
        batch.add_column(sa.Column("assigned_by", sa.String(length=80), nullable=True))
        batch.add_column(sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("proposal", sa.Text(), server_default="", nullable=False))
        batch.add_column(sa.Column("proposed_by", sa.String(length=80), nullable=True))
        batch.add_column(sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("asked_due", sa.Date(), nullable=True))
        batch.add_column(sa.Column("asked_reason", sa.String(length=500), server_default="", nullable=False))
        batch.add_column(sa.Column("first_due", sa.Date(), nullable=True))
        batch.add_column(sa.Column("reply", sa.String(length=80), server_default="", nullable=False))
        batch.add_column(sa.Column("closed_reason", sa.String(length=500), server_default="", nullable=False))
        batch.add_column(sa.Column("closed_by", sa.String(length=80), nullable=True))
        batch.add_column(sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
        batch.create_foreign_key(op.f("fk_route_person_id_user"), "user", ["person_id"], ["id"])
        batch.create_foreign_key(op.f("fk_route_parent_id_route"), "route", ["parent_id"], ["id"], ondelete="SET NULL")
    op.create_index(op.f("ix_route_person_id"), "route", ["person_id"])
    decided = sa.text("state <> 'suggested'")
    op.create_index(
        "uq_route_document_id_unit_id", "route", ["document_id", "unit_id"], unique=True, sqlite_where=decided,
        postgresql_where=decided,
    )  # fmt: skip
    still_open = sa.text("state IN ('decided', 'received')")
    op.create_index(
        "ix_route_open", "route", ["unit_id", "document_id"], sqlite_where=still_open, postgresql_where=still_open
    )
