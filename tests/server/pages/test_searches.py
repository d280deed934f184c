"""Searches that a person keeps: what is new is what he may see now and had not found when he last looked."""

import re

import pytest

from archive import searches
from archive.models import Document, Event, Outbox, RouteRow, SavedSearch
from archive.search.indexing import keep_up
from tests.server import shelf


@pytest.fixture
def filled(app, makers):
    paper = shelf.file(app, makers, status="registered")
    shelf.index(app, makers)
    yield paper
    app.extensions["vanthu"].search.close()


def told(desk):
    """name -> (new, all) as the page says."""
    text = desk.page("/searches")
    rows = re.findall(
        r"<strong>([^<]+)</strong></td>.*?<td class=\"num\">(.*?)</td>\s*<td class=\"num\">(\d+)", text, re.DOTALL
    )
    return {name: (int(re.sub(r"\D", "", new) or 0), int(count)) for name, new, count in rows}


def badge(desk):
    return int(re.sub(r"\D", "", desk.page("/searches/news")) or 0)


def only(makers):
    with makers() as session:
        return session.query(SavedSearch).one().id


def test_a_search_is_kept_told_of_opened_renamed_and_removed(app, desk, makers, filled):
    van = desk()
    assert "Chưa lưu câu tìm nào" in van.page("/searches") and badge(van) == 0
    form = re.search(r'name="search" value="([^"]+)"', van.page("/search?q=covid&type=Công văn"))[1].replace(
        "&amp;", "&"
    )
    assert van.send("/searches", {"search": form, "name": "Dịch  bệnh"}).status_code == 303
    assert told(van) == {"Dịch bệnh": (0, 1)}
    shelf.file(app, makers, number="472", status="registered")
    shelf.file(app, makers, [["việc khác"]], number="473", status="registered", subject="việc khác")
    shelf.index(app, makers)
    assert told(van) == {"Dịch bệnh": (1, 2)} and badge(van) == 1
    opened = van.send(f"/searches/{only(makers)}/open")
    assert opened.headers["Location"] == "/search?q=covid&type=C%C3%B4ng+v%C4%83n"
    assert told(van) == {"Dịch bệnh": (0, 2)} and badge(van) == 0
    van.send(f"/searches/{only(makers)}/rename", {"name": "Covid"})
    assert told(van) == {"Covid": (0, 2)}
    van.send(f"/searches/{only(makers)}/remove")
    assert told(van) == {}
    with makers() as session:
        actions = [
            one.action for one in session.query(Event).filter(Event.action.startswith("search_")).order_by(Event.seq)
        ]
    assert actions == ["search_kept", "search_renamed", "search_removed"]


def test_what_matches_only_since_a_correction_is_new(app, desk, makers, filled):
    van = desk()
    van.send("/searches", {"search": "q=covid&province=Hà+Giang", "name": "Hà Giang"})
    assert told(van) == {"Hà Giang": (0, 0)}
    with makers.begin() as session:
        session.get(Document, filled).province_current = "Hà Giang"
    assert told(van) == {"Hà Giang": (1, 1)}


def test_a_paper_is_new_to_a_unit_when_it_may_see_it_and_not_before(app, desk, makers, filled):
    lan = desk("staff", "Phòng Văn xã")
    lan.send("/searches", {"search": "q=covid", "name": "Covid"})
    secret = shelf.file(app, makers, number="13", status="registered", secrecy="Mật")
    shelf.index(app, makers)
    assert told(lan) == {"Covid": (0, 1)} and badge(lan) == 0
    with makers.begin() as session:
        session.add(RouteRow(document_id=secret, unit_id="phong_van_xa", unit="Phòng Văn xã", state="decided"))
    assert told(lan) == {"Covid": (1, 2)} and badge(lan) == 1


def test_what_is_no_search_or_has_no_name_of_its_own_is_refused(desk, makers, filled):
    van = desk()
    van.send("/searches", {"search": "q=covid", "name": "Covid"})
    for sent, why in (
        ({"search": "", "name": "x"}, "câu tìm trống"), ({"search": "q=x", "name": " "}, "Hãy đặt tên"),
        ({"search": "q=x", "name": "Covid"}, "đã có câu tìm tên"), ({"search": "q=a*", "name": "y"}, "ít nhất"),
        ({"search": f"q={'x' * 900}&type={'y' * 1200}", "name": "z"}, "quá dài"),
    ):  # fmt: skip
        answer = van.send("/searches", sent)
        assert answer.status_code == 422 and why in answer.text and "Không có gì bị đổi" in answer.text, sent
    assert list(told(van)) == ["Covid"]


def test_nobody_keeps_more_than_can_be_asked_again(desk, makers, filled):
    van = desk()
    van.send("/searches", {"search": "q=covid", "name": "0"})
    with makers.begin() as session:
        user = session.query(SavedSearch).one().user_id
        session.add_all(SavedSearch(user_id=user, name=str(n), query="q=covid") for n in range(1, searches.MOST))
    assert van.send("/searches", {"search": "q=covid", "name": "một câu nữa"}).status_code == 422


def test_a_search_is_nobody_else_s(desk, makers, filled):
    van, chief = desk(), desk("admin")
    van.send("/searches", {"search": "q=covid", "name": "Covid"})
    for step in ("open", "rename", "remove"):
        assert chief.send(f"/searches/{only(makers)}/{step}", {"name": "x"}).status_code == 404
    assert told(van) == {"Covid": (0, 1)} and told(chief) == {}


def test_a_search_that_can_be_asked_no_more_says_why(desk, makers, filled):
    van = desk()
    van.send("/searches", {"search": "q=covid", "name": "Covid"})
    with makers.begin() as session:
        session.query(SavedSearch).one().query = "q=covid&from=hom-qua"
    assert "không phải là ngày" in van.page("/searches") and badge(van) == 0


def test_an_index_that_lags_makes_a_paper_new_when_it_is_there(app, desk, makers, filled):
    van = desk()
    late = shelf.file(app, makers, number="472", status="registered")
    van.send("/searches", {"search": "q=covid", "name": "Covid"})
    assert told(van) == {"Covid": (0, 1)}
    keep_up(makers, app.extensions["vanthu"].search)
    assert told(van) == {"Covid": (1, 2)} and late
    with makers() as session:
        assert session.query(Outbox).count() == 0
