"""The printed book, read back by pdfium: NĐ 30/2020, Appendix IV, cell by cell."""

import datetime as dt

import pytest

from archive import history_export, register, register_days, register_print, routing
from archive.errors import NotFound
from archive.models import RegisterEntry
from tests.archive import offices
from tests.archive.test_forms import pages

DAY = dt.date(2026, 3, 25)
NOW = dt.datetime(2026, 11, 1, 8, tzinfo=dt.UTC)


def enter(session, number=None, day=DAY):
    paper = offices.document(session, full_code="471/UBND-VX", issuing_organ="UBND tỉnh A", document_type="Công văn",
                             subject="phòng, chống dịch", date="2026-03-20")  # fmt: skip
    return register.register(session, paper, "den", day, number, actor="lan", at=NOW)


def printed(session, month=None, **more):
    pdf = register_print.book_pdf(session, "den", 2026, month, office="Văn phòng", superior="UBND tỉnh A", **more)
    texts, sizes = pages(pdf)
    return [" ".join(text.split()) for text in texts], sizes


def test_the_cover_tells_which_book_it_is_and_has_a_place_to_sign(office_sessions):
    with office_sessions.begin() as session:
        enter(session)
        texts, sizes = printed(session, 3)
    assert sizes == {(297, 210)}
    for line in ("UBND TỈNH A", "VĂN PHÒNG", "SỔ ĐĂNG KÝ VĂN BẢN ĐẾN", "Năm: 2026",
                 "Từ ngày 25/03/2026 đến ngày 25/03/2026", "Từ số 01 đến số 01", "Quyển số: 03",
                 "THỦ TRƯỞNG CƠ QUAN"):  # fmt: skip
        assert line in texts[0]
    assert "Trang" not in texts[0] and "Trang 1/" in texts[1]


def test_every_cell_of_the_ten_columns_is_there_filled_from_book_and_routing(office_sessions):
    with office_sessions.begin() as session:
        entry = enter(session)
        route = routing.decide(session, entry.document, "Phòng Văn xã", actor="sep", at=NOW)
        route.received_by, route.received_at, route.state = "Nguyễn An", NOW, "received"
        routing.follow(session, entry.document)
        enter(session, 3)
        register.void(session, session.get(RegisterEntry, ("den", 2026, 2)), "hỏng", "lan", NOW)
        texts, _ = printed(session)
    body = texts[1]
    for title in ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc", "Ngày đến", "Số đến", "Tác giả",
                  "Số, ký hiệu văn bản", "Ngày tháng văn bản", "Tên loại và trích yếu nội dung văn bản",
                  "Đơn vị hoặc người nhận", "Ngày chuyển", "Ký nhận", "Ghi chú"):  # fmt: skip
        assert title in body, title
    assert all(f"({n})" in body for n in range(1, 11))
    for cell in ("25/03/2026", "01", "UBND tỉnh A", "471/UBND-VX", "20/03/2026", "Công văn V/v phòng, chống dịch",
                 "Phòng Văn xã", "01/11/2026", "Nguyễn An", "Huỷ số: hỏng"):  # fmt: skip
        assert cell in body, cell
    assert "NGƯỜI LẬP SỔ" in texts[-1]


def test_closed_days_stand_at_the_end_with_the_mark_of_their_event(office_sessions):
    with office_sessions.begin() as session:
        enter(session)
        row = register_days.close(session, "den", DAY, "lan", NOW)
        register_days.close(session, "den", dt.date(2026, 4, 1), "lan", NOW)
        texts, _ = printed(session, 3, printed="In từ Văn Thư")
        assert row.event[:32] in texts[-1] and "01/04/2026" not in texts[-1]
        assert all("In từ Văn Thư" in text for text in texts)
        register_days.reopen(session, "den", DAY, "sửa", "sep", NOW)
        assert "Các ngày đã khóa sổ" not in printed(session, 3)[0][-1]


def test_a_long_book_repeats_its_head_on_a3_and_an_empty_one_prints_too(office_sessions):
    with office_sessions.begin() as session:
        for _ in range(40):
            enter(session)
        texts, sizes = printed(session, sheet="a3")
        assert sizes == {(420, 297)} and len(texts) == 3
        assert all("Ký nhận" in text and "(10)" in text for text in texts[1:] if "471/UBND-VX" in text)
        empty, _ = printed(session, 12)
        assert "Từ số ........ đến số ........" in empty[0] and "(10)" in empty[1]
        with pytest.raises(NotFound):
            register_print.book_pdf(session, "khong", 2026)


def test_the_head_of_the_chain_stands_in_the_printed_book_and_in_the_workbook(office_sessions):
    import io
    import zipfile

    with office_sessions.begin() as session:
        enter(session)
        head = history_export.head(session)
        texts, _ = printed(session)
        sheet = zipfile.ZipFile(io.BytesIO(register.export_xlsx(session, "den", 2026))).read("xl/worksheets/sheet1.xml")
    assert head.seq > 0 and f"dòng {head.seq}, mã {head.hash}" in texts[-1]
    assert head.hash in sheet.decode()
