"""The register: consecutive numbers whatever happens, and what the law wants of a book."""

import csv
import datetime as dt
import io
import itertools
import random
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa

from archive import database, register, register_books, review
from archive.errors import BadValue, Conflict, NotFound, NumberTaken, OutOfOrder
from archive.models import Document, Event, Outbox, RegisterEntry
from archive.register_export import entries_of
from tests.archive import offices

DAY = dt.date(2026, 3, 25)
NOW = dt.datetime(2026, 11, 1, 8, tzinfo=dt.UTC)


def enter(session, document, number=None, day=DAY, **more):
    return register.register(session, document, "den", day, number, actor="lan", at=NOW, **more)


def test_the_first_paper_of_a_year_gets_number_one_and_the_next_two(sessions):
    with sessions.begin() as session:
        assert [enter(session, offices.document(session)).number for _ in range(3)] == [1, 2, 3]
        assert register.expected(session, "den", 2026) == 4
        assert enter(session, offices.document(session), day=dt.date(2025, 12, 31)).number == 1


def test_registering_again_answers_with_the_same_line(sessions):
    with sessions.begin() as session:
        paper = offices.document(session)
        first = enter(session, paper)
        assert enter(session, paper) is first
        assert enter(session, paper, number=1, day=DAY + dt.timedelta(days=1)) is first
        with pytest.raises(Conflict, match="số đến 1"):
            enter(session, paper, number=2)
        assert register.expected(session, "den", 2026) == 2


def test_a_registered_document_changes_its_state_and_leaves_a_trace(sessions):
    with sessions.begin() as session:
        paper = offices.document(session, full_code="16/CT-TTg", issuing_organ="Thủ tướng Chính phủ",
                                 document_type="Chỉ thị", subject="về phòng dịch", date="2026-03-20")  # fmt: skip
        entry = enter(session, paper)
        assert (paper.status, paper.version) == ("registered", 2)
        assert (entry.issuer, entry.code, entry.document_date) == ("Thủ tướng Chính phủ", "16/CT-TTg", "2026-03-20")
        assert entry.type_and_subject == "Chỉ thị về phòng dịch"
        assert session.scalars(sa.select(Outbox.document_id)).all() == [paper.id]
        event = session.scalars(sa.select(Event).order_by(Event.seq.desc())).first()
        assert (event.actor, event.action, event.subject) == ("lan", "registered", paper.id)


def test_a_number_ahead_of_the_book_is_kept_and_those_between_wait(sessions):
    with sessions.begin() as session:
        enter(session, offices.document(session))
        assert enter(session, offices.document(session), number=5).number == 5
        lines = register.page(session, "den", 2026).entries
        assert [(line.number, line.status) for line in lines] == [
            (1, "registered"), (2, "awaited"), (3, "awaited"), (4, "awaited"), (5, "registered"),
        ]  # fmt: skip
        assert register.missing(session, "den", 2026) == []
        assert enter(session, offices.document(session)).number == 6


def test_a_book_that_was_begun_on_paper_begins_where_its_first_stamp_says(sessions):
    with sessions.begin() as session:
        assert register.asks_where_to_begin(session, "den", 2026, 1161)
        assert enter(session, offices.document(session), number=1161, begin=True).number == 1161
        assert not register.asks_where_to_begin(session, "den", 2026, 2000)
        assert [line.number for line in register.page(session, "den", 2026).entries] == [1161]
        assert register.missing(session, "den", 2026) == [] and register.expected(session, "den", 2026) == 1162
        # A paper of the time before is archived later, under the number it has; and only once.
        assert enter(session, offices.document(session), number=1160).number == 1160
        with pytest.raises(NumberTaken):
            enter(session, offices.document(session), number=1160)
        assert enter(session, offices.document(session), number=1163, begin=True).number == 1163
        awaited = session.get(RegisterEntry, ("den", 2026, 1162))
        assert awaited.status == "awaited" and register.missing(session, "den", 2026) == []


def test_an_awaited_number_is_filled_by_its_paper_or_voided_with_a_reason(sessions):
    with sessions.begin() as session:
        enter(session, offices.document(session), number=3)
        late = offices.document(session)
        assert enter(session, late, number=2).document_id == late.id
        one = session.get(RegisterEntry, ("den", 2026, 1))
        with pytest.raises(BadValue, match="lý do"):
            register.void(session, one, "  ", "lan", NOW)
        assert register.void(session, one, "đóng dấu nhầm", "lan", NOW).status == "void"
        with pytest.raises(NumberTaken, match="đã huỷ"):
            enter(session, offices.document(session), number=1)
        assert register.expected(session, "den", 2026) == 4


def test_a_taken_number_is_refused_with_the_number_the_book_expects(sessions):
    with sessions.begin() as session:
        enter(session, offices.document(session))
        with pytest.raises(NumberTaken, match="Số tiếp theo của sổ là 2"):
            enter(session, offices.document(session), number=1)


def test_a_voided_number_is_never_given_again_and_its_document_may_be_registered_anew(sessions):
    with sessions.begin() as session:
        paper = offices.document(session)
        register.void(session, enter(session, paper), "vào nhầm sổ", "lan", NOW)
        assert paper.status == "review"
        assert enter(session, paper).number == 2
        assert [line.status for line in register.page(session, "den", 2026).entries] == ["void", "registered"]


def test_a_paper_that_stands_in_another_book_stays_in_the_book_when_one_number_is_voided(office_sessions):
    with office_sessions.begin() as session:
        register_books.add(session, "Sổ các bộ", actor="lan")
        paper = offices.document(session)
        first = enter(session, paper)
        second = register.register(session, paper, "so_cac_bo", DAY, actor="lan", at=NOW)
        register.void(session, first, "vào nhầm sổ", "lan", NOW)
        assert (paper.status, second.document_id) == ("registered", paper.id)
        register.void(session, second, "vào nhầm sổ", "lan", NOW)
        assert paper.status == "review"


def test_a_day_out_of_order_needs_a_reason_and_the_reason_stands_in_the_book(sessions):
    with sessions.begin() as session:
        enter(session, offices.document(session))
        paper = offices.document(session)
        with pytest.raises(OutOfOrder, match="24/03/2026 sớm hơn ngày 25/03/2026"):
            enter(session, paper, day=DAY - dt.timedelta(days=1))
        assert "thư đến muộn" in enter(session, paper, day=DAY - dt.timedelta(days=1), reason="thư đến muộn").note


def test_an_awaited_number_is_not_filled_with_a_day_after_the_next_number(sessions):
    with sessions.begin() as session:
        enter(session, offices.document(session), number=2)
        with pytest.raises(OutOfOrder, match="muộn hơn"):
            enter(session, offices.document(session), number=1, day=DAY + dt.timedelta(days=1))


@pytest.mark.parametrize(("day", "number"), [(dt.date(2026, 11, 2), None), (dt.date(1900, 1, 1), None), (DAY, 0),
                                             (DAY, 20_000)])  # fmt: skip
def test_impossible_days_and_numbers_are_refused(office_sessions, day, number):
    with office_sessions.begin() as session, pytest.raises(BadValue):
        enter(session, offices.document(session), number, day)


def test_an_unknown_book_is_not_made(office_sessions):
    with office_sessions.begin() as session, pytest.raises(NotFound):
        register.register(session, offices.document(session), "khong", DAY, actor="lan", at=NOW)


def test_evening_in_utc_is_already_tomorrow_in_hanoi(office_sessions):
    evening = dt.datetime(2026, 3, 24, 18, tzinfo=dt.UTC)
    with office_sessions.begin() as session:
        paper = offices.document(session)
        assert register.register(session, paper, "den", DAY, actor="lan", at=evening).number == 1


def test_pages_of_the_book_follow_one_another(office_sessions):
    with office_sessions.begin() as session:
        enter(session, offices.document(session), number=7)
        first = register.page(session, "den", 2026, limit=4)
        second = register.page(session, "den", 2026, first.cursor, limit=4)
        assert [line.number for line in (*first.entries, *second.entries)] == list(range(1, 8))
        assert (first.total, second.cursor) == (7, None)


def test_a_duplicate_is_the_same_code_of_the_same_organ_in_the_same_year(office_sessions):
    with office_sessions.begin() as session:
        code = {"full_code": "12/UBND-VX", "system": "state"}
        one = offices.document(session, **code, issuing_organ="UBND tỉnh A", date="2026-01-05")
        twin = offices.document(session, **code, issuing_organ="UBND TỈNH A", date="2026-01-06")
        undated = offices.document(session, **code)
        offices.document(session, **code, issuing_organ="UBND tỉnh B", date="2026-01-05")
        offices.document(session, **code, issuing_organ="UBND tỉnh A", date="2025-01-05")
        assert register.duplicates(session, one) == [twin, undated]


def test_which_of_many_have_duplicates_is_told_at_once_as_of_each(office_sessions):
    with office_sessions.begin() as session:
        organs = ("UBND tỉnh A", "UBND TỈNH A", "UBND tỉnh B", None)
        facts = itertools.product(
            ("12/UBND-VX", "012/UBND-VX", "13/UBND-VX", None), organs, ("2026-01-05", "2025-03-01")
        )
        papers = [
            offices.document(session, full_code=code, issuing_organ=organ, date=date, system="state")
            for code, organ, date in [*random.Random(4).sample(list(facts), 16), ("77/QĐ-UBND", "UBND tỉnh A", None)]
        ]
        having = {one.id for one in papers if register.duplicates(session, one)}
        assert register.repeated(session, papers) == having
        assert 2 < len(having) < 14
        assert register.repeated(session, []) == register.repeated(session, papers[-1:]) == set()


def test_a_party_number_repeats_each_term_so_the_date_counts(office_sessions):
    with office_sessions.begin() as session:
        code = {"full_code": "182-CV/TU", "system": "party", "issuing_organ": "Tỉnh ủy A"}
        one = offices.document(session, **code, date="2020-03-30")
        offices.document(session, **code, date="2020-05-01")
        twin = offices.document(session, **code, date="2020-03-30")
        assert register.duplicates(session, one) == [twin]


def book(session, subject="về phòng dịch"):
    enter(session, offices.document(session, document_type="Công văn", subject=subject, date="2026-03-20",
                                    issuing_organ="UBND tỉnh A", full_code="12/UBND-VX"), number=2)  # fmt: skip
    register.void(session, session.get(RegisterEntry, ("den", 2026, 1)), "hỏng", "lan", NOW)


def test_csv_has_the_ten_columns_of_the_law(office_sessions):
    with office_sessions.begin() as session:
        book(session)
        rows = list(csv.reader(io.StringIO(register.export_csv(session, "den", 2026))))
    assert rows[0] == [
        "Ngày đến", "Số đến", "Tác giả", "Số, ký hiệu văn bản", "Ngày tháng văn bản",
        "Tên loại và trích yếu nội dung văn bản", "Đơn vị hoặc người nhận", "Ngày chuyển", "Ký nhận", "Ghi chú",
    ]  # fmt: skip
    assert rows[1] == ["", "1", "", "", "", "", "", "", "", "Huỷ số: hỏng"]
    assert rows[2][:6] == [
        "25/03/2026", "2", "UBND tỉnh A", "12/UBND-VX", "20/03/2026", "Công văn V/v về phòng dịch",
    ]  # fmt: skip


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t"])
def test_no_cell_of_the_csv_is_a_formula(office_sessions, start):
    with office_sessions.begin() as session:
        enter(session, offices.document(session, issuing_organ=f"{start}HYPERLINK(1)"))
        row = list(csv.reader(io.StringIO(register.export_csv(session, "den", 2026))))[1]
    assert row[2] == f"'{start}HYPERLINK(1)"


def test_excel_opens_with_title_numbering_row_and_plain_text(office_sessions):
    with office_sessions.begin() as session:
        book(session, subject="=1+1")
        sheet = openpyxl.load_workbook(
            io.BytesIO(register.export_xlsx(session, "den", 2026, "UBND xã Thử", "UBND tỉnh A"))
        ).active  # fmt: skip
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert [row[0] for row in rows[:3]] == ["UBND TỈNH A", "UBND XÃ THỬ", None]
    assert [row[5] for row in rows[:2]] == ["CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc"]
    assert [row[0] for row in rows[3:8]] == [
        "SỔ ĐĂNG KÝ VĂN BẢN ĐẾN", "Năm: 2026", "Từ ngày 25/03/2026 đến ngày 25/03/2026", "Từ số 01 đến số 02",
        "Quyển số: ........",
    ]  # fmt: skip
    head = next(n for n, row in enumerate(rows) if row[0] == "Ngày đến")
    assert rows[head + 1] == [f"({n})" for n in range(1, 11)]
    assert rows[head + 3][0] == dt.datetime(2026, 3, 25)
    assert rows[head + 3][5] == "Công văn V/v =1+1"
    assert (sheet.page_setup.orientation, sheet.print_title_rows) == ("landscape", f"${head + 1}:${head + 2}")
    assert int(sheet.page_setup.paperSize) == 9
    assert sheet.cell(head + 4, 2).number_format == "00"


def test_each_row_of_the_workbook_is_as_high_as_its_longest_cell(office_sessions):
    with office_sessions.begin() as session:
        book(session, subject="phòng, chống dịch bệnh " * 12)
        sheet = openpyxl.load_workbook(io.BytesIO(register.export_xlsx(session, "den", 2026))).active
    titles = next(row[0].row for row in sheet.iter_rows() if row[0].value == "Ngày đến")
    heights = [sheet.row_dimensions[row].height for row in (titles, titles + 2, titles + 3)]
    assert heights[1] < heights[0] < heights[2] and heights[2] > 5 * 15


def test_excel_prints_on_a3_and_by_the_month(office_sessions):
    with office_sessions.begin() as session:
        for month, day in ((1, 30), (1, 31), (2, 1), (3, 1)):
            enter(session, offices.document(session), day=dt.date(2026, month, day))
        enter(session, offices.document(session), number=7, day=dt.date(2026, 4, 2))
        file = register.export_xlsx(session, "den", 2026, month=3, a3=True)
        numbers = [[e.number for e in entries_of(session, "den", 2026, month)] for month in range(1, 6)]
    sheet = openpyxl.load_workbook(io.BytesIO(file)).active
    assert int(sheet.page_setup.paperSize) == 8
    assert [row[1].value for row in sheet.iter_rows(min_row=12)] == [4, 5, 6]
    # What still waits belongs to the month of the number before it.
    assert numbers == [[1, 2], [3], [4, 5, 6], [7], []]


def test_the_printed_page_escapes_what_was_read(office_sessions):
    with office_sessions.begin() as session:
        book(session, subject="<img src=x onerror=alert(1)>")
        page = register.export_html(session, "den", 2026, "<b>")
    assert "<img" not in page and "<b>" not in page
    assert "&lt;img src=x" in page


def test_an_empty_book_can_be_exported(office_sessions):
    with office_sessions.begin() as session:
        assert register.export_csv(session, "den", 2026).count("\r\n") == 1
        assert openpyxl.load_workbook(io.BytesIO(register.export_xlsx(session, "den", 2026)))
        assert "Từ số ........" in register.export_html(session, "den", 2026)


class Thrown(Exception):
    """A request that dies before its commit."""


def one_request(sessions, document_id, number, fails):
    try:
        with sessions.begin() as session:
            enter(session, session.get(Document, document_id), number)
            if fails:
                raise Thrown
    except Thrown:
        pass


def hammer(url, document_ids, seed, threads):
    """Register each document, a fifth of the requests rolled back and sent again, as a web process would."""
    engine = database.open_engine(url, durable=False)
    sessions, chance = database.sessions(engine), random.Random(seed)
    work = [(one, chance.random() < 0.2) for one in document_ids]

    def request(one):
        document_id, fails = one
        one_request(sessions, document_id, None, fails)
        if fails:
            one_request(sessions, document_id, None, False)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(request, work))
    engine.dispose()


def wait_for_lines(sessions, least):
    """Until the book has some lines: whoever is killed then is killed in the middle of its work."""
    end = time.monotonic() + 300
    while time.monotonic() < end:
        with sessions() as session:
            if session.scalar(sa.select(sa.func.count()).select_from(RegisterEntry)) >= least:
                return
        time.sleep(0.05)
    raise AssertionError("nobody registers anything")


def test_numbers_have_no_gap_under_two_processes_of_four_threads_one_of_them_killed(engine, sessions):
    with sessions.begin() as session:
        ids = [offices.document(session).id for _ in range(60)]
    url = engine.url.render_as_string(hide_password=False)
    code = (
        "import sys; from tests.archive.test_register import hammer; hammer(sys.argv[1], sys.argv[3:], sys.argv[2], 4)"
    )
    root = Path(__file__).parents[2]

    # Both processes are given most of the documents: two clerks press the same button.
    def process(seed, mine):
        return subprocess.Popen([sys.executable, "-c", code, url, str(seed), *mine], cwd=root)

    others = [process(1, ids[:45]), process(2, ids[15:])]
    wait_for_lines(sessions, 5)
    others[0].kill()
    others[0].wait()
    others[0] = process(1, ids[:45])
    assert [other.wait(timeout=300) for other in others] == [0, 0]
    with sessions.begin() as session:
        entries = session.scalars(sa.select(RegisterEntry).order_by(RegisterEntry.number)).all()
        assert [entry.number for entry in entries] == list(range(1, 61))
        assert {entry.document_id for entry in entries} == set(ids)
        assert register.missing(session, "den", 2026) == []


def test_correcting_and_registering_at_once_does_not_wait_for_another_registration_for_ever(sessions):
    with sessions.begin() as session:
        mine, other = (offices.document(session).id for _ in range(2))
    numbers = []

    def another_clerk():
        with sessions.begin() as session:
            numbers.append(enter(session, session.get(Document, other)).number)

    hand = threading.Thread(target=another_clerk)
    with sessions.begin() as session:
        paper = session.get(Document, mine)
        register.take_turn(session, paper, "den", DAY.year)
        review.correct(session, paper, {"place": "Huế"}, actor="lan", at=NOW)
        hand.start()
        hand.join(timeout=0.5)
        numbers.append(enter(session, paper).number)
    hand.join()
    assert numbers == [1, 2]


def test_a_void_paper_and_a_second_word_about_a_void_number_change_nothing(office_sessions):
    with office_sessions.begin() as session:
        gone = offices.document(session, status="void")
        with pytest.raises(Conflict, match="đã huỷ"):
            enter(session, gone)
        entry = enter(session, offices.document(session))
        assert register.void(session, entry, "nhầm", actor="lan").void_reason == "nhầm"
        assert register.void(session, entry, "lý do khác", actor="lan").void_reason == "nhầm"


def test_a_place_in_the_book_that_nobody_gave_out_is_refused(office_sessions):
    with office_sessions.begin() as session, pytest.raises(BadValue):
        register.page(session, "den", 2026, "x")


def test_a_paper_without_a_code_has_no_duplicates(office_sessions):
    with office_sessions.begin() as session:
        assert register.duplicates(session, offices.document(session)) == []
