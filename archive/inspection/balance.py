"""Does every paper stand somewhere, and every number in its book?"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import ledger as days
from archive import register, register_days
from archive.inspection.checks import Check, Place, Tell, named
from archive.models import Book, BookYear, ClosedDay, Event, ImportedEvent, RegisterEntry

_FAULTS = {
    "unknown": ("tệp ở trạng thái lạ", "Hãy báo người phát triển, kèm các mã này."),
    "lost": ("tệp đang đọc mà không còn việc nào", "vanthu check --deep --mend xếp lại các tệp ấy vào hàng đợi."),
    "stuck": ("tệp lỗi không còn việc để thử lại", "vanthu check --deep --mend xếp lại các tệp ấy vào hàng đợi."),
    "silent": ("tệp bị từ chối mà không ghi lý do", "Hãy mở tệp, bấm “Thử lại”; nếu vẫn vậy, báo người phát triển."),
    "empty": ("tệp đã đọc mà không có văn bản nào", "Hãy đọc lại: vanthu reread MÃ."),
    "vanished": (
        "tệp đã nhận (theo nhật ký) mà không còn trong bảng",
        "Có người đã xoá ngoài chương trình: hãy giữ nguyên máy và phục hồi từ bản sao lưu.",
    ),
    "unannounced": (
        "tệp không có trong nhật ký", "Có người đã thêm ngoài chương trình: hãy đối chiếu với bản giấy.",
    ),
    "astray": ("văn bản lệch với sổ đăng ký", "Hãy mở từng văn bản, đối chiếu với sổ."),
}  # fmt: skip


def ledger(place: Place, tell: Tell) -> Iterator[Check]:
    """Received = read + in work + refused with reason."""
    tell("sổ cân đối", 0, 0)
    with place.readers() as session:
        all_days, papers, wrong = days.total(session), days.papers(session), days.faults(session)
    says = (
        f"nhận {all_days.received} = đọc {all_days.read} + đang đọc {all_days.in_work} + "
        f"từ chối có lý do {all_days.refused}; văn bản {sum(papers.values())}"
    )
    yield Check("sổ cân đối", not wrong.any, says if not wrong.any else f"không cân đối: {says}")
    for name, (what, todo) in _FAULTS.items():
        if ids := getattr(wrong, name):
            yield Check("sổ cân đối", ok=False, says=f"{len(ids)} {what}: {named(ids)}", todo=todo)


def books(place: Place, tell: Tell) -> Iterator[Check]:
    """Numbers without gaps; closed days as they were closed, each under its event."""
    tell("sổ đăng ký", 0, 0)
    with place.readers() as session:
        yield from _years(session)
        for book in session.scalars(sa.select(Book.id).order_by(Book.id)).all():
            yield _closed(session, book)


def _years(session: Session) -> Iterator[Check]:
    every = sa.union(sa.select(BookYear.book_id, BookYear.year), sa.select(RegisterEntry.book_id, RegisterEntry.year))
    for book, year in session.execute(every.order_by("book_id", "year")).all():
        gaps = register.missing(session, book, year)
        says = f"thiếu số {named(gaps)}" if gaps else "không thiếu số nào"
        todo = "Có người đã xoá dòng ngoài chương trình: hãy phục hồi từ bản sao lưu." if gaps else ""
        yield Check(f"sổ {book} năm {year}", not gaps, says, todo)
        if twice := _twice(session, book, year):
            yield Check(
                f"sổ {book} năm {year}", ok=False, says=f"một văn bản có nhiều số: {named(twice)}",
                todo="Hãy huỷ số thừa, nêu lý do.",
            )  # fmt: skip


def _twice(session: Session, book: str, year: int) -> list[str]:
    """Documents with more than one number of a book and year."""
    of = sa.and_(RegisterEntry.book_id == book, RegisterEntry.year == year, RegisterEntry.document_id.is_not(None))
    lines = sa.select(RegisterEntry.document_id).where(of).group_by(RegisterEntry.document_id)
    return [str(one) for one in session.scalars(lines.having(sa.func.count() > 1))]


def _closed(session: Session, book: str) -> Check:
    altered = [f"{day.day:%d/%m/%Y}" for day in register_days.altered(session, book)]
    here, there = (sa.exists().where(kind.hash == ClosedDay.event) for kind in (Event, ImportedEvent))
    torn_off = sa.and_(ClosedDay.event != "", sa.not_(here), sa.not_(there))
    lost = sa.select(ClosedDay.day).where(ClosedDay.book_id == book, torn_off)
    torn = [f"{day:%d/%m/%Y}" for day in session.scalars(lost.order_by(ClosedDay.day))]
    says = [f"đã khóa mà bị sửa: {named(altered)}"] if altered else []
    says += [f"mã khóa không còn trong nhật ký: {named(torn)}"] if torn else []
    todo = "Hãy đối chiếu với sổ đã in, rồi phục hồi từ bản sao lưu, hoặc mở lại ngày và nêu lý do." if says else ""
    return Check(f"ngày khóa sổ {book}", not says, "; ".join(says) or "các ngày đã khóa còn nguyên", todo)
