"""Searches that people keep, and the short forms of organs and types with what they stand for."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

# Organs as lists of recipients write them; types as in NĐ 30/2020/NĐ-CP, Appendix III, I.
ORGANS = {
    "UBND": "Ủy ban nhân dân", "HĐND": "Hội đồng nhân dân", "UBMTTQ": "Ủy ban Mặt trận Tổ quốc",
    "MTTQ": "Mặt trận Tổ quốc", "UBKT": "Ủy ban Kiểm tra", "BCĐ": "Ban Chỉ đạo", "BTV": "Ban Thường vụ",
    "BCH": "Ban Chấp hành", "VP": "Văn phòng", "VPCP": "Văn phòng Chính phủ", "TTg": "Thủ tướng Chính phủ",
    "CP": "Chính phủ", "QH": "Quốc hội", "TW": "Trung ương", "TAND": "Tòa án nhân dân",
    "VKSND": "Viện kiểm sát nhân dân", "LĐLĐ": "Liên đoàn Lao động",
}  # fmt: skip
TYPES = {
    "CV": "Công văn", "QĐ": "Quyết định", "NQ": "Nghị quyết", "CT": "Chỉ thị", "TB": "Thông báo", "TT": "Thông tư",
    "TTLT": "Thông tư liên tịch", "NĐ": "Nghị định", "TTr": "Tờ trình", "BC": "Báo cáo", "KH": "Kế hoạch",
    "CTr": "Chương trình", "HD": "Hướng dẫn", "KL": "Kết luận", "QC": "Quy chế", "QyĐ": "Quy định", "ĐA": "Đề án",
    "DA": "Dự án", "PA": "Phương án", "BB": "Biên bản", "HĐ": "Hợp đồng", "CĐ": "Công điện", "TC": "Thông cáo",
    "GM": "Giấy mời", "GGT": "Giấy giới thiệu", "GUQ": "Giấy ủy quyền", "PL": "Pháp lệnh",
}  # fmt: skip


def upgrade() -> None:
    """Both tables, and the short forms an office begins with."""
    _make_saved_search()
    abbreviation = op.create_table(
        "abbreviation",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("short", sa.String(length=20), nullable=False),
        sa.Column("long", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_abbreviation")),
        sa.UniqueConstraint("short", "long", name=op.f("uq_abbreviation_short_long")),
    )
    known = [("organ", *pair) for pair in ORGANS.items()] + [("type", *pair) for pair in TYPES.items()]
    rows = [{"short": short, "long": long, "kind": kind, "active": True} for kind, short, long in known]
    op.bulk_insert(abbreviation, rows)


def _make_saved_search() -> None:
    op.create_table(
        "saved_search",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_saved_search_user_id_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_search")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_saved_search_user_id_name")),
    )
