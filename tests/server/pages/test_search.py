"""One box: marks optional, the address holds everything, nobody finds what he may not see."""

import io
import re
from urllib.parse import quote

import openpyxl
import pytest
import sqlalchemy as sa
from PIL import Image

from archive.models import Document, Event, PageRow, Unit
from archive.search.indexing import keep_up
from server.pages.cuttings import DOWN, HIGH, cutting
from tests.server import shelf
from tests.server.desk import FIELDS, settled

SECOND = ["", "", "Trang hai nói về cách ly tập trung"]


@pytest.fixture
def filled(app, makers):
    """Three papers in the index: one in the book, of two pages; one under review; one of another organ and year."""
    registered = shelf.file(app, makers, [shelf.DISEASE, SECOND], status="registered", province_current="Sóc Trăng")
    waiting = shelf.file(app, makers, number="472")
    other = shelf.file(
        app, makers, [["Giấy mời họp về Covid-19"]], number="9", status="registered", document_type="Giấy mời",
        full_code="9/GM-SYT", date="2021-05-02", issuing_organ="Sở Y tế", subject="họp giao ban",
    )  # fmt: skip
    shelf.index(app, makers)
    yield registered, waiting, other
    app.extensions["vanthu"].search.close()


def found(text):
    """Ids of the hits, in order."""
    return re.findall(r'<h2><a href="/documents/(\w+)', text)


def test_words_are_found_without_marks_and_marked_in_the_snippet(desk, filled):
    text = desk().page("/search?q=phong chong dich")
    assert re.search(r"<mark>phòng</mark>", text) and {filled[0], filled[1]} == set(found(text))


def test_a_code_is_found_in_any_spelling(desk, filled):
    van = desk()
    for typed in ("472 ubnd vx", "472/UBND-VX", "472/ubnd-vx", "472 /UBND-VX", "472"):
        assert found(van.page(f"/search?q={typed}"))[0] == filled[1], typed


def test_the_piece_of_the_page_has_the_words_lit_up(desk, filled):
    van = desk()
    text = van.page("/search?q=cach ly tap trung")
    url, (wide, high) = cut_of(text)
    rects = [
        tuple(map(int, one)) for one in re.findall(r'<rect x="(-?\d+)" y="(-?\d+)" width="(\d+)" height="(\d+)"', text)
    ]
    assert f"/documents/{filled[0]}/pages/2.x" in url and len(rects) == 4
    answer = van.open(url)
    assert answer.status_code == 200 and "private" in answer.headers["Cache-Control"]
    piece = Image.open(io.BytesIO(answer.data)).convert("L")
    assert abs(piece.width / piece.height - wide / high) < 0.05
    for x, y, width, height in rects:  # there is ink under each light, and paper above the line
        scale = piece.width / wide
        box = tuple(round(edge * scale) for edge in (max(x, 0), y, x + width, y + height))
        assert min(piece.crop(box).get_flattened_data()) < 100
    assert van.open(url, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    assert van.open(re.sub(r"x\d+y\d+", "x9y0", url)).status_code == 404


def cut_of(text):
    url, wide, high = re.search(r'<img src="([^"]+x\d+y\d+\.webp)" width="(\d+)" height="(\d+)"', text).groups()
    return url, (int(wide), int(high))


def test_an_abbreviation_and_a_slip_are_lit_as_they_are_written(app, desk, makers, filled):
    lines = [["", "Hội đồng nhân dân họp về phương án xây trường"]]
    shelf.file(app, makers, lines, number="77", full_code="77/GM", subject="", issuing_organ="", fields={})
    shelf.index(app, makers)
    van = desk()
    for typed, words in (("HĐND", 4), ("phuomg an xay truong", 4)):
        text = van.page(f"/search?q={typed}&type=Công văn")
        assert text.count("<rect") == words, typed


def test_a_page_that_was_turned_has_other_pictures(desk, makers, filled):
    with makers.begin() as session:
        scan = session.get(Document, filled[0]).scan_id
        session.query(PageRow).filter_by(scan_id=scan, number=2).one().turned = 90
    text = desk().page("/search?q=cach ly tap trung")
    assert re.search(rf'/documents/{filled[0]}/pages/2\.thumb\.webp\?turned=90"', text)
    assert re.search(r'y\d+\.webp\?turned=90"', text)


def test_the_piece_is_where_most_words_stand():
    lone = [(0.1, 0.05, 0.2, 0.06)]
    row = [(0.5 + n / 10, 0.8, 0.58 + n / 10, 0.81) for n in range(4)]
    piece = cutting([*lone, *row], 1.414)
    assert len(piece.lights) == 4 and piece.row < 0.8 * DOWN < piece.row + HIGH
    assert all(0 <= x < x + width <= piece.width for x, _y, width, _h in piece.lights)


def test_a_hit_says_why_and_opens_at_its_page_with_the_words_lit(desk, filled):
    van = desk()
    text = van.page("/search?q=cach ly tap trung")
    url = re.search(r'<h2><a href="([^"]+)"', text)[1]
    assert url == f"/documents/{filled[0]}?q=cach+ly+tap+trung#trang-2"
    assert "trong nội dung, trang 2" in text
    assert van.page(url.partition("#")[0]).count('class="hitc"') == 4
    assert 'class="hitc"' not in van.page(f"/documents/{filled[0]}?q=%22")
    assert "đúng số, ký hiệu" in van.page("/search?q=472/UBND-VX")
    assert "đúng ngày" in van.page("/search?q=2/5/2021") and "đủ từ trong trích yếu" in van.page("/search?q=giao ban")


def test_facets_narrow_several_at_once_and_can_be_left_again(desk, filled):
    van = desk()
    text = van.page("/search?q=covid&type=Công văn&type=Giấy mời&year=2020")
    assert set(found(text)) == {filled[0], filled[1]}
    assert text.count(" checked") == 3
    chips = re.findall(r'class="chip" href="([^"]+)"', text)
    assert len(chips) == 3
    assert len(found(van.page(chips[2].replace("&amp;", "&")))) == 3
    assert "/search?q=covid&amp;type=C%C3%B4ng+v%C4%83n&amp;year=2020" in chips


def test_a_facet_counts_what_another_tick_would_give(desk, filled):
    text = desk().page("/search?q=covid&type=Giấy mời")
    assert found(text) == [filled[2]]
    counts = dict(re.findall(r'name="type" value="([^"]+)".*?class="n2">(\d+)<', text))
    assert counts == {"Công văn": "2", "Giấy mời": "1"}


def test_what_is_ticked_stays_in_sight_when_nothing_has_it(desk, filled):
    text = desk().page("/search?q=covid&province=Cà Mau")
    assert re.search(r'value="Cà Mau"[^>]* checked', text) and "Tìm lại không lọc" in text
    assert re.search(r'<a href="/search\?q=covid">', text)


def test_papers_are_in_the_order_that_was_asked_for(desk, filled):
    van = desk()
    assert found(van.page("/search?q=covid&sort=date"))[0] == filled[2]
    assert found(van.page("/search?status=registered&status=review&sort=arrival"))[0] == filled[2]
    assert "Ngày văn bản" in van.page("/search?q=covid&from=1/1/2021&to=31/12/2021")
    assert found(van.page("/search?q=covid&from=1/1/2021&to=31/12/2021")) == [filled[2]]


def test_pages_are_turned_both_ways(app, desk, makers, filled):
    papers = [shelf.file(app, makers, [["Covid lần thứ"]], number=str(500 + n)) for n in range(23)]
    keep_up(makers, app.extensions["vanthu"].search)
    van, seen, url = desk(), [], "/search?q=covid&sort=arrival"
    pages = []
    while url:
        text = van.page(url)
        pages.append(found(text))
        seen.append(url)
        url = link(text, "next")
    assert [len(page) for page in pages] == [10, 10, 6] and {*papers, *filled} == {
        one for page in pages for one in page
    }
    back = link(van.page(seen[-1]), "prev")
    assert found(van.page(back)) == pages[1] and found(van.page(link(van.page(back), "prev"))) == pages[0]


def link(text, rel):
    known = re.search(rf'href="([^"]+)" rel="{rel}"', text)
    return known and known[1].replace("&amp;", "&")


def test_a_question_that_cannot_be_understood_is_answered_with_why(desk, filled):
    van = desk()
    assert "không phải là ngày" in van.page("/search?q=covid&from=hom-qua")
    assert "Không có cách sắp xếp" in van.page("/search?q=covid&sort=x")
    assert "Không tìm thấy" in van.page("/search?q=xyzxyz")
    assert "thuộc về một câu tìm khác" in van.page("/search?q=covid&cursor=x")


def test_a_slip_of_the_pen_is_asked_about(desk, filled):
    text = desk().page("/search?q=cach ly tap trumg xyz")
    meant = re.search(r'Ý bạn là: <a href="([^"]+)">([^<]+)', text)
    assert meant and "trung" in meant[2]


def test_an_empty_box_says_how_to_search(desk):
    text = desk().page("/search")
    assert "có thể bỏ dấu" in text and 'class="fac"' not in text


def test_while_somebody_types_only_the_results_are_sent(desk, filled):
    van = desk()
    part = van.open("/search?q=covid", headers={"HX-Request": "true"}).text
    assert part.lstrip().startswith('<div class="srch" id="results"') and len(found(part)) == 3
    whole = van.open("/search?q=covid", headers={"HX-Request": "true", "HX-History-Restore-Request": "true"}).text
    assert "<!doctype html>" in whole


def test_a_page_of_results_costs_few_questions_to_the_database(app, desk, filled, office_engine):
    van, asked = desk(), []
    van.page("/search?q=phong chong dich")
    sa.event.listen(office_engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    van.open("/search?q=thực hiện thông báo", headers={"HX-Request": "true"})
    selects = [one for one in asked if one.lstrip().upper().startswith(("SELECT", "WITH"))]
    assert 0 < len(selects) <= 14, "\n".join(selects)


def test_what_is_alike_is_found_from_a_hit_and_from_the_paper(desk, filled):
    van = desk()
    assert f'href="/alike/{filled[0]}"' in van.page("/search?q=cach ly tap trung")
    assert f'hx-get="/alike/{filled[0]}"' in van.page(f"/documents/{filled[0]}")
    whole = van.page(f"/alike/{filled[0]}")
    assert filled[1] in found(whole) and filled[0] not in found(whole)
    part = van.open(f"/alike/{filled[0]}", headers={"HX-Request": "true"}).text
    assert part.startswith("<ul") and filled[1] in part


# ------------------------------------------------------------------------------- Excel


def sheet(answer):
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    return [[cell.value for cell in row] for row in book.active.iter_rows()]


def test_results_are_taken_as_an_excel_file_without_formulas(app, desk, makers, filled):
    evil = shelf.file(app, makers, number="66", subject='=HYPERLINK("http://x")', document_type=None)
    shelf.index(app, makers)
    van = desk()
    rows = sheet(van.open("/search.xlsx?q=covid&sort=date"))
    assert "4 văn bản" in rows[1][0] and "covid" in rows[2][0] and len(rows[4]) == 10
    told = [[str(cell) for cell in row] for row in rows[5:]]
    assert ["9/GM-SYT" in row for row in told] == [True, False, False, False]
    assert any('=HYPERLINK("http://x")' in row for row in told)
    book = openpyxl.load_workbook(io.BytesIO(van.open("/search.xlsx?q=covid").data))
    assert {cell.data_type for row in book.active.iter_rows() for cell in row} <= {"s", "n", "d"}
    assert not any(cell.hyperlink for row in book.active.iter_rows() for cell in row)
    assert evil
    with makers() as session:
        events = session.query(Event).filter_by(action="exported").all()
    assert [one.actor for one in events] == ["clerk-x"] * 2 and '"rows":4' in events[0].data


def test_too_many_results_are_not_cut_off_silently(desk, filled, monkeypatch):
    from archive import results_export

    monkeypatch.setattr(results_export, "MOST", 2)
    van = desk()
    answer = van.open("/search.xlsx?q=covid")
    assert answer.status_code == 400 and "Có 3 kết quả" in answer.text and "nhiều nhất 2" in answer.text
    assert van.open("/search.xlsx?q=covid&type=Công văn").status_code == 200
    assert van.open("/search.xlsx?q=covid&from=x").status_code == 400


# ------------------------------------------------------------------------------- only what one may see


@pytest.fixture
def secret(app, makers, filled):
    """A restricted paper of the unit Phòng Mật vụ, cited by an open one; its words are nowhere else."""
    lines = [["Mật danh Sao Khuê triển khai cách ly tập trung"]]
    paper = shelf.file(
        app, makers, lines, number="13", status="registered", secrecy="Mật", document_type="Công điện",
        full_code="13/BC-PMV", issuing_organ="Phòng Mật vụ tỉnh", province_current="Điện Biên", date="1999-01-01",
        fields={"subject": settled("Sao Khuê")}, subject="Sao Khuê",
    )  # fmt: skip
    with makers.begin() as session:
        session.add(Unit(id="phong_mat_vu", name="Phòng Mật vụ"))
        session.flush()
        session.get(Document, paper).unit_id = "phong_mat_vu"
    shelf.index(app, makers)
    return paper


SECRETS = ("Sao Khuê", "Mật danh", "13/BC-PMV", "Phòng Mật vụ", "Điện Biên", "1999")


def learnt(text):
    """What of the restricted paper a page gives away."""
    return [one for one in SECRETS if one in text]


def test_nobody_finds_what_he_may_not_see_not_even_as_a_count(desk, filled, secret):
    lan, minh = desk("staff"), desk("staff", "Phòng Mật vụ")
    assert "1 kết quả" in lan.page("/search?q=cach ly tap trung")
    assert "2 kết quả" in minh.page("/search?q=cach ly tap trung")
    for typed in ("cach ly tap trung", "covid", "công điện", "phòng"):
        assert learnt(lan.page(f"/search?q={quote(typed)}")) == [], typed
    text = lan.page("/search?status=registered&status=review")
    assert learnt(text) == [] and filled[1] not in text


def test_no_facet_counts_it(desk, secret):
    text = desk("staff").page("/search?status=registered")
    assert "Công điện" not in text and "1999" not in text
    assert "1999" in desk("staff", "Phòng Mật vụ").page("/search?status=registered")


def test_no_suggestion_knows_its_words(desk, secret):
    lan, minh = desk("staff"), desk("staff", "Phòng Mật vụ")
    assert "Khuê" not in lan.page("/search?q=sao khueê trien khai").replace("sao khueê", "")
    assert secret in minh.page("/search?q=sao khue")


def test_no_piece_of_its_pages_is_given(desk, secret):
    lan, minh = desk("staff"), desk("staff", "Phòng Mật vụ")
    url, _ = cut_of(minh.page("/search?q=sao khue"))
    assert minh.open(url).status_code == 200
    for path in (url, f"/alike/{secret}", f"/documents/{secret}?q=sao"):
        assert lan.open(path).status_code == 404, path


def test_nothing_alike_leads_to_it(app, desk, makers, filled, secret):
    assert secret not in desk("staff").page(f"/alike/{filled[0]}")


def test_the_picture_of_citations_does_not_show_it(desk, makers, filled, secret):
    from archive.models import CitationRow

    with makers.begin() as session:
        session.add(CitationRow(document_id=secret, code=FIELDS["full_code"], target_id=filled[0]))
        session.add(CitationRow(document_id=filled[0], type="Công điện", code="13/BC-PMV", target_id=secret))
    lan, minh = desk("staff"), desk("staff", "Phòng Mật vụ")
    theirs, ours = lan.page(f"/documents/{filled[0]}"), minh.page(f"/documents/{filled[0]}")
    assert f'href="/documents/{secret}"' in ours and 'class="known"' in ours and "Được viện dẫn trong" in ours
    # The paper itself names 13/BC-PMV; that it is here, and what it says, is told to nobody else.
    assert secret not in theirs and 'class="known"' not in theirs and "Được viện dẫn trong" not in theirs
    assert 'class="away"' in theirs and "Sao Khuê" not in theirs


def test_no_line_of_an_export_is_of_it(desk, secret):
    lan, minh = desk("staff"), desk("staff", "Phòng Mật vụ")
    theirs, ours = (sheet(one.open("/search.xlsx?q=cach ly tap trung")) for one in (lan, minh))
    assert "1 văn bản" in theirs[1][0] and "2 văn bản" in ours[1][0]
    assert learnt(str(theirs)) == [] and "13/BC-PMV" in str(ours)
    assert "Sao Khuê" not in str(ours)  # a file is carried further than the paper
