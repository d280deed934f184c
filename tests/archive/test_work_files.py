"""Work files: the list of a year, papers in and out, closing, what is due; each step with its event."""

import datetime as dt
import io
import json

import openpyxl
import pypdfium2
import pytest

from archive import file_forms, file_lists, work_files
from archive.errors import BadValue, Conflict
from archive.models import CitationRow, Event, FilePaper, StampRow, WorkFile
from tests.archive import offices

TODAY = dt.date(2026, 11, 22)


@pytest.fixture
def session(sessions):
    with sessions.begin() as session:
        yield session


def a_file(session, code="01.TH", keep="10 năm", year=2026, **more):
    return work_files.open_file(session, year, code, "Hồ sơ phòng, chống dịch", keep, actor="lan", **more)


def paper(session, **columns):
    columns = {"status": "registered", "date": "2026-03-30", "symbol": "UBND-VX", "document_type": "Công văn"} | columns
    return offices.document(session, **columns)


def events(session, subject):
    found = session.query(Event).filter_by(subject=subject).order_by(Event.seq)
    return [(one.action, json.loads(one.data)) for one in found]


def order(session, file):
    user = offices.user(session)
    return [one.document_id for one in work_files.papers(session, user, file)]


@pytest.mark.parametrize(
    ("typed", "years"),
    [("Vĩnh viễn", None), ("VĨNH VIỄN", None), ("10 năm", 10), ("70", 70), (" 5  nam ", 5), ("vv", None)],
)
def test_a_retention_period_is_read_as_people_write_it(typed, years):
    assert work_files.retention(typed) == years


@pytest.mark.parametrize("typed", ["", "0 năm", "101", "mười năm", "-5", "10 năm 6 tháng"])
def test_a_retention_period_nobody_understands_is_refused(typed):
    with pytest.raises(BadValue, match="thời hạn bảo quản"):
        work_files.retention(typed)


def test_a_line_of_the_list_is_opened_changed_and_taken_back(session):
    file = a_file(session, heading="Tổng hợp", keeper="Lê Thị Mẫu")
    with pytest.raises(Conflict, match=r"đã có hồ sơ 01\.TH"):
        a_file(session)
    assert a_file(session, year=2027).id != file.id
    work_files.change(session, file, {"title": " Hồ sơ  mới ", "keep": "Vĩnh viễn"}, actor="lan")
    assert (file.title, file.keep_years, file.keeper) == ("Hồ sơ mới", None, "Lê Thị Mẫu")
    work_files.change(session, file, {"title": "Hồ sơ mới"}, actor="lan")
    work_files.remove(session, file, actor="lan")
    told = events(session, file.id)
    assert [action for action, _ in told] == ["file_opened", "file_changed", "file_removed"]
    assert told[1][1]["fields"]["keep_years"] == [10, None]


@pytest.mark.parametrize(
    "wrong", [{"code": " "}, {"title": ""}, {"title": "x" * 501}, {"code": "a\0b"}, {"note": "a\x1bb"}, {"keep": "?"}]
)
def test_a_line_that_cannot_be_is_refused(session, wrong):
    typed = {"code": "01", "title": "Hồ sơ", "keep": "10", "note": ""} | wrong
    with pytest.raises(BadValue):
        work_files.open_file(session, 2026, actor="lan", **typed)


def test_papers_go_in_are_ordered_and_come_out(session):
    file = a_file(session)
    one, two, three = papers = [paper(session) for _ in range(3)]
    assert all(work_files.put(session, file, each, actor="lan") for each in papers)
    assert not work_files.put(session, file, two, actor="lan")
    work_files.move(session, file, three, 1, actor="lan")
    assert order(session, file) == [three.id, one.id, two.id]
    work_files.move(session, file, three, 99, actor="lan")
    work_files.take_out(session, file, one, actor="lan")
    work_files.take_out(session, file, one, actor="lan")
    work_files.put(session, file, one, actor="lan")
    assert order(session, file) == [two.id, three.id, one.id]
    place = {"file": file.id, "year": 2026, "code": "01.TH"}
    assert events(session, one.id) == [("filed", place), ("unfiled", place), ("filed", place)]
    assert events(session, three.id)[1:] == [
        ("file_ordered", place | {"from": 3, "to": 1}), ("file_ordered", place | {"from": 1, "to": 3})
    ]  # fmt: skip


def test_one_paper_lies_in_several_files_and_a_paper_not_in_the_book_in_none(session):
    first, second, one = a_file(session), a_file(session, "02.TH"), paper(session)
    for file in (first, second):
        work_files.put(session, file, one, actor="lan")
    assert list(work_files.of_document(session, one)) == [first, second]
    for status in ("review", "void"):
        with pytest.raises(Conflict, match="vào sổ"):
            work_files.put(session, first, paper(session, status=status), actor="lan")
    with pytest.raises(Conflict, match="có văn bản"):
        work_files.remove(session, first, actor="lan")


def test_a_closed_file_changes_no_more_until_it_is_opened_for_a_reason(session):
    file, one = a_file(session), paper(session)
    with pytest.raises(Conflict, match="chưa có văn bản"):
        work_files.close(session, file, 1, 1, actor="lan", on=dt.date(2026, 5, 1))
    work_files.put(session, file, one, actor="lan")
    for sheets, sides in ((0, 0), (3, 2), (3, 7)):
        with pytest.raises(BadValue, match="số tờ"):
            work_files.close(session, file, sheets, sides, actor="lan")
    for day in (dt.date(2025, 12, 31), dt.date(2199, 1, 1)):
        with pytest.raises(BadValue, match="Ngày kết thúc"):
            work_files.close(session, file, 3, 5, actor="lan", on=day)
    work_files.close(session, file, 3, 5, actor="lan", on=dt.date(2026, 5, 1))
    changes = [
        lambda: work_files.put(session, file, paper(session), actor="lan"),
        lambda: work_files.take_out(session, file, one, actor="lan"),
        lambda: work_files.move(session, file, one, 1, actor="lan"),
        lambda: work_files.change(session, file, {"title": "x"}, actor="lan"),
        lambda: work_files.close(session, file, 3, 5, actor="lan"),
    ]
    for change in changes:
        with pytest.raises(Conflict, match="đã kết thúc ngày 01/05/2026"):
            change()
    with pytest.raises(BadValue, match="lý do"):
        work_files.reopen(session, file, "  ", actor="lan")
    work_files.reopen(session, file, "thiếu một văn bản", actor="lan")
    assert (file.closed_on, file.sheets) == (None, None)
    assert events(session, file.id)[-1][1]["reason"] == "thiếu một văn bản"


def test_a_closed_file_is_handed_over_and_kept_as_long_as_the_list_says(session):
    file = a_file(session)
    work_files.put(session, file, paper(session), actor="lan")
    with pytest.raises(Conflict, match="chưa kết thúc"):
        work_files.hand_over(session, file, TODAY, actor="lan")
    work_files.close(session, file, 1, 2, actor="lan", on=dt.date(2026, 2, 28))
    assert work_files.keep_until(file) == dt.date(2036, 12, 31)
    assert work_files.hand_over_by(file) == dt.date(2027, 2, 28)
    assert work_files.due(session, dt.date(2027, 1, 28)) == ([], [])
    assert work_files.due(session, dt.date(2027, 1, 29)) == ([file], [])
    work_files.hand_over(session, file, dt.date(2026, 3, 1), actor="lan")
    assert work_files.hand_over_by(file) is None
    assert work_files.due(session, dt.date(2036, 12, 31)) == ([], [])
    assert work_files.due(session, dt.date(2037, 1, 1)) == ([], [file])
    with pytest.raises(Conflict, match="đã nộp lưu"):
        work_files.reopen(session, file, "x", actor="lan")


def test_what_is_kept_for_ever_never_ends(session):
    file = a_file(session, keep="Vĩnh viễn")
    work_files.put(session, file, paper(session), actor="lan")
    work_files.close(session, file, 1, 1, actor="lan", on=dt.date(2026, 2, 28))
    assert work_files.keep_until(file) is None
    assert work_files.due(session, dt.date(2199, 1, 1))[1] == []


def test_a_file_shows_only_the_papers_one_may_see(session):
    file = a_file(session)
    for each in (paper(session), paper(session, secrecy="Mật")):
        work_files.put(session, file, each, actor="lan")
    for role, seen in (("clerk", 2), ("staff", 1), ("it", 0)):
        user = offices.user(session, role)
        assert len(work_files.papers(session, user, file)) == seen
        assert work_files.counts(session, user, [file]).get(file.id, 0) == seen


TABLE = (
    "Số và ký hiệu hồ sơ\tTiêu đề hồ sơ\tThời hạn bảo quản\tNgười lập hồ sơ\tGhi chú\n(1)\t(2)\t(3)\t(4)\t(5)\n"
    "I. TỔNG HỢP\n01.TH\tCông tác phòng dịch\tVĩnh viễn\tLê Thị Mẫu\n\n"
    "\tII. VĂN XÃ\t\t\t\r\n01.VX\tGiáo dục\t10 năm\t\t=1+1\n"
)


def test_a_pasted_list_is_taken_whole_with_its_headings(session):
    assert file_lists.take_table(session, 2026, TABLE, actor="lan") == file_lists.Imported(2, 0)
    files = work_files.listed(session, 2026)
    assert [(one.heading, one.code, one.keep_years, one.keeper, one.note) for one in files] == [
        ("I. TỔNG HỢP", "01.TH", None, "Lê Thị Mẫu", ""), ("II. VĂN XÃ", "01.VX", 10, "", "=1+1")
    ]  # fmt: skip
    assert file_lists.take_table(session, 2026, TABLE, actor="lan") == file_lists.Imported(0, 2)
    assert file_lists.copy_year(session, 2026, 2027, actor="lan") == 2
    assert file_lists.copy_year(session, 2026, 2027, actor="lan") == 0
    assert [one.heading for one in work_files.listed(session, 2027)] == ["I. TỔNG HỢP", "II. VĂN XÃ"]


def test_a_wrong_line_is_named_and_nothing_is_taken(office_sessions):
    wrong = "01\tMột\t10\n02\tHai\n03\tBa\tlâu lắm\n01\tKhác\t5"
    with pytest.raises(BadValue) as told, office_sessions.begin() as session:
        file_lists.take_table(session, 2026, wrong, actor="lan")
    lines = str(told.value).split("\n")
    assert [line.partition(":")[0] for line in lines] == ["Dòng 2", "Dòng 3", "Dòng 4"]
    with office_sessions() as session:
        assert session.query(WorkFile).count() == 0
    for text in ("", "x\n" * 1001):
        with pytest.raises(BadValue, match="từ 1 đến 1000"), office_sessions.begin() as session:
            file_lists.take_table(session, 2026, text, actor="lan")


def suggestions(session, document, role="clerk"):
    found = file_lists.suggest(session, offices.user(session, role), document)
    return [(one.file.code, one.reason) for one in found]


def test_a_file_is_suggested_by_stamp_citation_and_papers_like_it(session):
    codes = {code: a_file(session, code) for code in ("01.A", "02.B", "03.C", "04.D")}
    for _ in range(2):
        work_files.put(session, codes["01.A"], paper(session), actor="lan")
    cited = paper(session, full_code="7/CT-TTg", symbol="CT-TTg", document_type="Chỉ thị")
    work_files.put(session, codes["02.B"], cited, actor="lan")
    new = paper(session)
    assert suggestions(session, new) == [("01.A", "2 văn bản cùng ký hiệu UBND-VX đã ở đó")]
    session.add(CitationRow(document_id=new.id, code="7/CT-TTg", target_id=cited.id))
    finding = {"field": "file_ref", "value": "03.c", "confidence": 0.9, "witness": "print", "source": "x"}
    session.add(StampRow(scan_id=new.scan_id, document_id=new.id, page=1, box=[0, 0, 1, 1], findings=[finding]))
    session.flush()
    session.expire(new)
    assert [code for code, _ in suggestions(session, new)] == ["03.C", "02.B", "01.A"]
    assert suggestions(session, new)[1][1] == "7/CT-TTg mà văn bản này viện dẫn đã ở đó"
    work_files.put(session, codes["03.C"], new, actor="lan")
    assert "03.C" not in [code for code, _ in suggestions(session, new)]
    cited.secrecy = "Mật"
    session.flush()
    assert "02.B" not in [code for code, _ in suggestions(session, new, "staff")]


def test_papers_of_last_year_speak_for_the_open_file_of_this_year(session):
    old = a_file(session, year=2025)
    work_files.put(session, old, paper(session), actor="lan")
    work_files.close(session, old, 1, 1, actor="lan", on=dt.date(2025, 12, 31))
    assert suggestions(session, paper(session)) == []
    new = a_file(session)
    assert [one.file for one in file_lists.suggest(session, offices.user(session), paper(session))] == [new]


def filed(session):
    file = a_file(session, heading="Tổng hợp")
    for number, pages in ((471, [1, 2, 3]), (472, [1])):
        one = paper(session, full_code=f"{number}/UBND-VX", subject="triển khai", issuing_organ="Sở Y tế")
        one.pages = pages
        work_files.put(session, file, one, actor="lan")
    work_files.close(session, file, 3, 4, actor="lan", on=dt.date(2026, 5, 1))
    return file, work_files.papers(session, offices.user(session), file)


def text_of(pdf):
    with pypdfium2.PdfDocument(pdf) as document:
        return " ".join(" ".join(page.get_textpage().get_text_bounded().split()) for page in document)


def test_the_forms_have_the_columns_of_the_law(session):
    file, papers = filed(session)
    sheets = [
        file_forms.list_sheet(2026, [file]), file_forms.contents_sheet(file, papers),
        file_forms.handed_sheet(2026, [(file, work_files.span(papers))]),
    ]  # fmt: skip
    assert sheets[0].rows == [("", "TỔNG HỢP", "", "", ""), ("01.TH", "Hồ sơ phòng, chống dịch", "10 năm", "", "")]
    assert [row[0:3] + row[5:6] for row in sheets[1].rows] == [
        (1, "471/UBND-VX", "30/03/2026", "1-3"), (2, "472/UBND-VX", "30/03/2026", "4")
    ]  # fmt: skip
    assert sheets[1].rows[0][3:5] == ("Công văn V/v triển khai", "Sở Y tế")
    assert sheets[2].rows == [(1, "01.TH", "Hồ sơ phòng, chống dịch", "30/03/2026", "10 năm", "3/4", "")]
    for sheet in sheets:
        page = openpyxl.load_workbook(io.BytesIO(file_forms.excel(sheet))).worksheets[0]
        top = len(sheet.lines) + 3
        assert tuple(cell.value for cell in page[top]) == tuple(sheet.columns)
        told = text_of(file_forms.pdf(sheet, "Văn phòng UBND tỉnh", "UBND tỉnh Sóc Trăng", TODAY))
        assert sheet.title in told and "(5)" in told and "ngày 22 tháng 11 năm 2026" in told


def test_the_cover_says_what_stands_on_the_folder(session):
    file, papers = filed(session)
    told = text_of(file_forms.cover(file, papers, "Văn phòng UBND tỉnh", ""))
    for words in ("VĂN PHÒNG UBND TỈNH", "HỒ SƠ", "Từ ngày 30/03/2026 đến ngày 30/03/2026", "3 tờ, 4 trang", "10 năm"):
        assert words in told


def test_a_paper_that_ends_leaves_its_files(session):
    file, one = a_file(session), paper(session)
    work_files.put(session, file, one, actor="lan")
    session.delete(one)
    session.flush()
    assert session.query(FilePaper).count() == 0
