"""Codes of agencies: what an organ was called by on a day, and nothing when that is not known."""

import pytest

from archive import agencies
from archive.errors import BadValue, Conflict
from archive.models import AgencyCode, Event

ORGAN = "Ủy ban nhân dân tỉnh Quảng Ninh"


@pytest.fixture
def session(sessions):
    with sessions.begin() as session:
        yield session


def code(session, organ, day):
    found = agencies.code_of(session, organ, day)
    return found and found.code


def test_an_organ_has_on_each_day_the_code_of_that_day(session):
    first = agencies.add(session, "000.00.00.H49", ORGAN, "01/01/2017", actor="an")
    agencies.end(session, first, "21/7/2020", actor="an")
    agencies.add(session, "h49", ORGAN, "2020-07-22", actor="an")
    agencies.add(session, "000.00.00.H49", "Sở Mẫu tỉnh Quảng Ninh", "22/07/2020", actor="an")  # passed on
    days = ("2016-12-31", "2017-01-01", "2020-07-21", "2020-07-22", "2030-01-01", None)
    assert [code(session, ORGAN, day) for day in days] == [None, "000.00.00.H49", "000.00.00.H49", "H49", "H49", None]
    assert code(session, "UỶ BAN NHÂN DÂN  TỈNH QUANG NINH", "2021-01-01") == "H49"
    assert code(session, None, "2021-01-01") is None
    actions = [event.action for event in session.query(Event).order_by(Event.seq)]
    assert actions == ["agency_code_added", "agency_code_ended", "agency_code_added", "agency_code_added"]


def test_names_that_differ_in_a_mark_only_are_two_organs(session):
    agencies.add(session, "H49.30.01", "UBND xã Tân An", actor="an")
    agencies.add(session, "H49.30.02", "UBND xã Tân Ân", actor="an")
    assert code(session, "ubnd xã Tân Ân", "2021-01-01") == "H49.30.02"
    assert code(session, "UBND xa Tan An", "2021-01-01") is None  # either
    assert agencies.is_same("Uỷ ban", "ủy ban") and not agencies.is_same("Tân An", "Tân Ân")


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (("000.00.00", ORGAN), "Mã định danh"),
        (("H49;DROP", ORGAN), "Mã định danh"),
        (("H49." * 20 + "01", ORGAN), "Mã định danh"),
        (("H49", " . "), "tên cơ quan"),
        (("H49", "Sở\0Mẫu"), "tên cơ quan"),
        (("H49", ORGAN, "31/02/2020"), "Không hiểu ngày"),
        (("H49", ORGAN, "1/7/25"), "Không hiểu ngày"),
        (("H49", ORGAN, "01/07/2025", "30/06/2025"), "Ngày cuối"),
    ],
)
def test_what_cannot_be_is_refused_in_words(session, given, why):
    with pytest.raises(BadValue, match=why):
        agencies.add(session, *given, actor="an")
    assert session.query(AgencyCode).count() == 0


def test_on_one_day_a_code_is_of_one_organ_and_an_organ_has_one_code(session):
    row = agencies.add(session, "H49", ORGAN, "22/07/2020", "30/06/2025", actor="an")
    for given in (("H49", "Sở Mẫu", "30/06/2025"), ("H50", ORGAN.upper(), "", "22/07/2020")):
        with pytest.raises(Conflict, match="đã có mã H49"):
            agencies.add(session, *given, actor="an")
    agencies.add(session, "H49", "Sở Mẫu", "01/07/2025", actor="an")
    with pytest.raises(Conflict), session.begin_nested():
        agencies.end(session, row, "", actor="an")
    assert row.valid_until == "2025-06-30"


def test_a_pasted_table_is_taken_whole_or_not_at_all(session):
    good = "\ufeffH49\tUBND tỉnh Mẫu\n\n000.00.00.G22\tVăn phòng Mẫu\t01/01/2017\t21/07/2020\n"
    assert agencies.take_table(session, good, actor="an") == agencies.Imported(2, 0)
    assert agencies.take_table(session, good + "H50\tSở Mẫu\t\n", actor="an") == agencies.Imported(1, 2)
    with pytest.raises(BadValue) as error:
        agencies.take_table(session, "H51\tSở Khác\nH52\n\nxyz\tBộ Mẫu\nH49\tSở Lạ\t1/1/2021", actor="an")
    said = str(error.value).split("\n")
    assert [line.split(":")[0] for line in said] == ["Dòng 2", "Dòng 4", "Dòng 5"] and "UBND tỉnh Mẫu" in said[2]
    with pytest.raises(BadValue, match="Và 80 dòng khác"):
        agencies.take_table(session, "x\ty\n" * 100, actor="an")


def test_the_table_is_searched_by_name_and_code(session):
    agencies.take_table(session, "H49\tUBND tỉnh Mẫu\nG22\tVăn phòng Mẫu", actor="an")
    assert [row.code for row in agencies.listed(session)] == ["H49", "G22"]
    assert [row.code for row in agencies.listed(session, "van phong")] == ["G22"]
    assert [row.code for row in agencies.listed(session, "h4")] == ["H49"]
    assert list(agencies.listed(session, "%")) == list(agencies.listed(session, "x\0")) == []
    agencies.remove(session, agencies.listed(session, "h49")[0], actor="an")
    assert [row.code for row in agencies.listed(session)] == ["G22"]
