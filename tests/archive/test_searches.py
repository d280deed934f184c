"""Questions as addresses, and what is new in those that somebody keeps."""

import pytest

from archive import searches
from archive.errors import BadQuery, BadValue, Conflict
from archive.models import Event, SavedSearch
from archive.searches import Question
from tests.archive import offices as rows

ONE, TWO, THREE = ("1" * 32, "2" * 32, "3" * 32)


@pytest.fixture
def kept(sessions):
    """A session with a person who keeps one search, that has found ONE and TWO."""
    with sessions.begin() as session:
        user = rows.user(session)
        yield session, user, searches.keep(session, user, "Dịch", Question("dịch"), [ONE, TWO])


def test_a_question_has_one_address_and_comes_back_from_it():
    pairs = [("type", "Công văn"), ("q", " phòng dịch "), ("type", "Chỉ thị"), ("to", "2020"), ("type", "Công văn")]
    asked = Question.of([*pairs, ("x", "y")])
    assert asked.address() == "q=ph%C3%B2ng+d%E1%BB%8Bch&type=C%C3%B4ng+v%C4%83n&type=Ch%E1%BB%89+th%E1%BB%8B&to=2020"
    assert searches.question_of(SavedSearch(query=asked.address())) == asked and not asked.is_empty
    assert asked.query().filters.type == ("Công văn", "Chỉ thị")
    assert Question.of([("q", " "), ("sort", "date")]).is_empty
    with pytest.raises(BadQuery):
        Question("dịch", days={"from": "hôm qua"}).query()


def test_new_is_what_was_not_found_before_however_old_it_is(kept):
    session, _user, row = kept
    session.flush()
    session.refresh(row)
    assert searches.news(row, [TWO, ONE]) == 0
    assert searches.news(row, [THREE, TWO]) == 1
    before = row.seen_at
    searches.look(row, [THREE])
    assert searches.news(row, [THREE]) == 0 and searches.news(row, [ONE, TWO]) == 2 and row.seen_at > before


def test_a_name_stands_for_one_search_of_a_person(kept):
    session, user, row = kept
    with pytest.raises(Conflict):
        searches.keep(session, user, " Dịch ", Question("x"), [])
    searches.keep(session, rows.user(session), "Dịch", Question("x"), [])
    searches.rename(session, user, row, "Dịch")
    with pytest.raises(BadValue):
        searches.rename(session, user, row, "a\x00b")
    searches.rename(session, user, row, "Bệnh")
    assert [one.name for one in searches.listed(session, user)] == ["Bệnh"]
    searches.remove(session, user, row)
    assert searches.listed(session, user) == []
    told = [one.action for one in session.query(Event).filter_by(subject=row.id).order_by(Event.seq)]
    assert told == ["search_kept", "search_renamed", "search_removed"]


def test_what_a_person_looks_for_stands_in_no_event(kept):
    session, _user, row = kept
    assert "dịch" not in "".join(one.data for one in session.query(Event).filter_by(subject=row.id)) and row.query


def test_the_searches_go_with_their_person(kept):
    session, user, _row = kept
    session.flush()
    session.delete(user)
    session.flush()
    session.expire_all()
    assert session.query(SavedSearch).count() == 0
