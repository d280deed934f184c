"""Old books: workbooks as offices have them, hostile ones, and lines that keep their numbers."""

import datetime as dt
import io
import json
import zipfile

import openpyxl
import pytest
import sqlalchemy as sa

from archive import history, register, register_days, register_import, register_report, register_sheet
from archive.children import Child
from archive.errors import ArchiveError, BadValue, Conflict, NumberTaken, Unreadable
from archive.models import BookYear, Event, RegisterEntry
from tests.archive import offices

NOW = dt.datetime(2026, 11, 1, 8, tzinfo=dt.UTC)
LAWFUL = ["Ngày đến", "Số đến", "Tác giả", "Số, ký hiệu văn bản", "Ngày tháng văn bản",
          "Tên loại và trích yếu nội dung văn bản", "Đơn vị hoặc người nhận", "Ngày chuyển", "Ký nhận",
          "Ghi chú"]  # fmt: skip


def workbook(path, rows, before=("UBND TỈNH A", "", "SỔ ĐĂNG KÝ VĂN BẢN ĐẾN", "Năm 2025")):
    book = openpyxl.Workbook()
    sheet = book.active
    for line in before:
        sheet.append([line])
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


def line(number, day="03/01/2025", code="12/UBND-VX", **more):
    cells = dict(zip(LAWFUL, [day, number, "UBND tỉnh A", code, "30/12", "CV V/v phòng dịch", "P. VX", "", "", ""],
                     strict=True))  # fmt: skip
    return list((cells | more).values())


def sheet(*rows, head=LAWFUL):
    """What the child answers of such a workbook."""
    texts = [[register_sheet.text_of(cell) for cell in row] for row in (head, *rows)]
    return register_sheet.Sheet(texts, *register_sheet.find_head(texts))


def draft(session, *rows, year=2025, head=LAWFUL):
    return register_import.draft(session, "den", year, "so.xlsx", "f" * 64, sheet(*rows, head=head), "lan")


def test_a_book_is_read_in_the_child_from_below_its_title_rows(tmp_path):
    merged = [line(1, dt.datetime(2025, 1, 3)), line("02", 45661), line(3, None)]
    path = workbook(tmp_path / "so.xlsx", [LAWFUL, [f"({n})" for n in range(1, 11)], *merged])
    with Child(name="sheet") as child:
        read = child.run("archive.register_sheet:read", str(path), wall=60.0, cpu=60.0)
    assert read.rows[read.head] == LAWFUL and list(read.mapping.values()) == sorted(read.mapping.values())
    assert set(read.mapping) == set(register_sheet.TITLES) - {"type"}
    assert register_sheet.is_numbering(read.rows[read.head + 1])
    assert [row[0] for row in read.rows[read.head + 2 :]] == ["2025-01-03", "45661", ""]


@pytest.mark.parametrize(
    "titles",
    [
        ["STT", "Số đến", "Ngày đến", "CQ ban hành", "Số/KH", "Ngày VB", "Trích yếu", "Đơn vị XL", "Hạn XL", "Độ khẩn"],
        ["SỐ ĐẾN", "NGÀY ĐẾN", "NƠI GỬI", "Số ký hiệu", "Ngày BH", "Loại VB", "Trích yếu\nnội dung", "Người nhận"],
        ["Số đến", "Ngày đên", "Tac gia", "Số, ký hiệu VB", "Ngày tháng VB", "Nội dung"],
    ],
)
def test_titles_are_known_however_an_office_writes_them(titles):
    found = register_sheet.titles_of(register_sheet.text_of(title) for title in titles)
    assert {"number", "arrived_on", "issuer", "code", "document_date", "subject"} <= set(found)
    assert titles[found["number"]].lower() == "số đến"
    assert "Hạn XL" not in [titles[column] for column in found.values()]


def test_rows_without_titles_are_no_head():
    assert register_sheet.find_head([["a", "b"], ["1", "2", "3", "4"]]) is None


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2025-03-25", "2025-03-25"), ("25/3/2025", "2025-03-25"), ("25/3/25", "2025-03-25"), ("25.3", "2025-03-25"),
        ("25-3", "2025-03-25"), ("03/01", "2025-01-03"), ("45741", "2025-03-25"),
        ("ngày 25 tháng 3 năm 2025", "2025-03-25"),
        ("25/13/2025", None), ("hôm qua", None), ("", None), ("99999", None),
    ],
)  # fmt: skip
def test_days_are_understood_in_every_written_form(written, day):
    found = register_import.day_of(written, 2025)
    assert (found.isoformat() if found else None) == day


def test_lines_keep_their_numbers_and_what_is_missing_waits(sessions):
    with sessions.begin() as session:
        made = draft(session, [f"({n})" for n in range(1, 11)], line(1), line(2, None), [], line("0005", "6/1"))
        plan = register_import.plan(session, made)
        assert [one.number for one in plan.good] == [1, 2, 5] and plan.gaps == [(3, 4)] and plan.refused == []
        assert session.scalars(sa.select(RegisterEntry)).all() == []
        assert register_import.commit(session, made, "lan", NOW) == 3
        entries = register.page(session, "den", 2025).entries
        assert [(one.number, one.status) for one in entries] == [
            (1, "registered"), (2, "registered"), (3, "awaited"), (4, "awaited"), (5, "registered"),
        ]  # fmt: skip
        two = entries[1]
        assert (two.arrived_on, two.issuer, two.code, two.document_date, two.type_and_subject, two.recipient) == (
            dt.date(2025, 1, 3), "UBND tỉnh A", "12/UBND-VX", "2024-12-30", "CV V/v phòng dịch", "P. VX",
        )  # fmt: skip
        event = session.scalars(sa.select(Event).order_by(Event.seq.desc())).first()
        told = json.loads(event.data)
        assert (event.action, told["lines"], told["first"], told["last"]) == ("book_imported", 3, 1, 5)
        assert made.sheet == [] and list(history.broken(session)) == []
        with pytest.raises(Conflict, match="đã được nhập"):
            register_import.commit(session, made, "lan", NOW)
        following = register.register(
            session, offices.document(session), "den", dt.date(2025, 12, 1), actor="lan", at=NOW
        )  # fmt: skip
        assert following.number == 6 and register.missing(session, "den", 2025) == []


def test_each_refused_line_says_which_row_it_is_and_why(office_sessions):
    with office_sessions.begin() as session:
        register_days.close(session, "den", dt.date(2025, 1, 2), "lan", NOW)
        made = draft(
            session, line(1), line(1), line("x"), line(3, "1/1/2024"), line(4, "không rõ"), line(5, "01/01/2025"),
            line(6, code="x" * 81), line(7),
        )  # fmt: skip
        plan = register_import.plan(session, made)
        assert [one.number for one in plan.good] == [7]
        assert [(one.row, one.why.split(" ")[0:2]) for one in plan.refused] == [
            (2, ["Số", "này"]), (3, ["Số", "này"]), (4, ["Số", "đến"]), (5, ["Ngày", "đến"]), (6, ["Không", "hiểu"]),
            (7, ["Sổ", "đã"]), (8, ["Một", "ô"]),
        ]  # fmt: skip


def test_the_plan_tells_days_out_of_order_and_papers_that_stand_twice(office_sessions):
    with office_sessions.begin() as session:
        made = draft(session, line(1, "05/01/2025"), line(2, "04/01/2025", code="9/A-B"), line(3, "06/01/2025"))
        plan = register_import.plan(session, made)
        assert [one.number for one in plan.unordered] == [2]
        assert [[entry.number for entry in one.entries] for one in plan.twice] == [[1, 3]]


def test_the_mended_workbook_is_taken_over_again_without_doubles(sessions):
    with sessions.begin() as session:
        register_import.commit(session, draft(session, line(1), line(4)), "lan", NOW)
        again = draft(session, line(1), line(2), line(3), line(4))
        assert [one.number for one in register_import.plan(session, again).good] == [2, 3]
        assert register_import.commit(session, again, "lan", NOW) == 2
        assert [one.status for one in register.page(session, "den", 2025).entries] == ["registered"] * 4
        with pytest.raises(Conflict, match="Không có dòng nào"):
            register_import.commit(session, draft(session, line(1)), "lan", NOW)


def test_an_old_book_comes_before_the_numbers_given_here(sessions):
    with sessions.begin() as session:
        register.register(session, offices.document(session), "den", dt.date(2025, 6, 1), 1161, actor="lan", at=NOW,
                          begin=True)  # fmt: skip
        made = draft(session, line(1), line(1159))
        assert register_import.plan(session, made).gaps == [(2, 1158), (1160, 1160)]
        register_import.commit(session, made, "lan", NOW)
        counter = session.get(BookYear, ("den", 2025))
        assert (counter.first, counter.last) == (1, 1161) and register.missing(session, "den", 2025) == []


def test_a_number_far_away_is_a_slip_and_nothing_is_written(office_sessions):
    with office_sessions.begin() as session:
        made = draft(session, line(1), line(90_000))
        with pytest.raises(Conflict, match="ghi sai"):
            register_import.commit(session, made, "lan", NOW)
        assert session.scalars(sa.select(RegisterEntry)).all() == []


def test_columns_are_chosen_by_hand_where_titles_say_nothing(office_sessions):
    with office_sessions.begin() as session:
        unnamed = register_sheet.Sheet([["A", "B"], ["1", "3/1/2025"]], 0, {})
        made = register_import.draft(session, "den", 2025, "so.xlsx", "f" * 64, unnamed, "lan")
        with pytest.raises(BadValue, match="cột Số đến và cột Ngày đến"):
            register_import.plan(session, made)
        for wrong in ({"number": 9}, {"number": -1}, {"khác": 0}):
            with pytest.raises(BadValue):
                register_import.remap(made, wrong)
        register_import.remap(made, {"number": 0, "arrived_on": 1})
        assert [one.number for one in register_import.plan(session, made).good] == [1]


def test_the_scan_of_an_imported_line_finds_its_place_by_its_number(sessions):
    with sessions.begin() as session:
        register_import.commit(session, draft(session, line(1)), "lan", NOW)
        other = offices.document(session, full_code="99/KH-SYT")
        with pytest.raises(NumberTaken):
            register.register(session, other, "den", dt.date(2025, 1, 3), 1, actor="lan", at=NOW)
        paper = offices.document(session, full_code="012/UBND-VX")
        assert register.register(session, paper, "den", dt.date(2025, 1, 3), 1, actor="lan", at=NOW).number == 1
        with pytest.raises(NumberTaken):
            register.register(session, offices.document(session), "den", dt.date(2025, 1, 3), 1, actor="lan", at=NOW)
        assert register_report.report(session, "den", 2025).twice == []


def packed(path, **parts):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return path


LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + ']><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row>'
    '<c t="inlineStr"><is><t>&j;</t></is></c></row></sheetData></worksheet>'
)


def a_bomb_of_zeros(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file, file.open("xl/sharedStrings.xml", "w") as part:
        for _ in range(310):
            part.write(bytes(1 << 20))


def a_bomb_of_entities(path):
    whole = io.BytesIO()
    book = openpyxl.Workbook()
    book.active.append(LAWFUL)
    book.save(whole)
    with zipfile.ZipFile(whole) as good, zipfile.ZipFile(path, "w") as file:
        for part in good.infolist():
            content = LAUGHS if part.filename == "xl/worksheets/sheet1.xml" else good.read(part)
            file.writestr(part.filename, content)


@pytest.mark.parametrize(
    "make",
    [
        a_bomb_of_zeros,
        a_bomb_of_entities,
        lambda path: path.write_bytes(b"%PDF-1.4"),
        lambda path: path.write_bytes(b"PK\x03\x04" + bytes(200)),
        lambda path: packed(path, **{"[Content_Types].xml": "<x/>"}),
        lambda path: packed(path, **{f"{n}.xml": "" for n in range(2_100)}),
        lambda path: openpyxl.Workbook().save(path),
    ],
    ids=["zeros", "entities", "pdf", "broken", "no workbook", "parts", "empty"],
)
def test_a_hostile_or_broken_workbook_is_refused_and_the_web_lives(tmp_path, make):
    path = tmp_path / "so.xlsx"
    make(path)
    with Child(name="sheet") as child, pytest.raises(ArchiveError):
        child.run("archive.register_sheet:read", str(path), wall=60.0, cpu=30.0)


def test_a_workbook_longer_than_any_book_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(register_sheet, "MOST_ROWS", 20)
    with pytest.raises(Unreadable, match="20 dòng"):
        register_sheet.read(str(workbook(tmp_path / "so.xlsx", [LAWFUL, *(line(n) for n in range(1, 30))])))


def test_empty_rows_without_end_are_passed_over(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(LAWFUL)
    book.active.cell(1_000_000, 1, "lạc")
    book.save(tmp_path / "so.xlsx")
    with pytest.raises(Unreadable):
        register_sheet.read(str(tmp_path / "so.xlsx"))
