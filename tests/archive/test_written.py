"""What may stand in a field, how it may be written, and what is near to it."""

import pytest

from archive.written import KINDS, letters, near, spelt, ways


def whole(kind, text):
    return KINDS[kind].is_whole(letters(text))


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("number", "2770", "2770"),
        ("day", "07", "7"),
        ("month", "12", "12"),
        ("date", "4/04/18", "2018-04-04"),
        ("date", "25/3/2020", "2020-03-25"),
        ("date", "25/3", "--03-25"),
        ("time", "8h30", "8h30"),
        ("time", "C", "C"),
    ],
)
def test_what_is_written_stands_for_a_value(kind, text, value):
    assert whole(kind, text) and KINDS[kind].value(letters(text)) == value
    assert all(KINDS[kind].may_begin(letters(text[:n])) for n in range(1, len(text) + 1))


@pytest.mark.parametrize(
    ("kind", "text"), [("day", "32"), ("month", "13"), ("date", "30/2/21"), ("date", "4"), ("time", "25h"), ("day", "")]
)
def test_what_no_calendar_has_is_nothing(kind, text):
    assert not whole(kind, text)


def test_a_value_is_written_in_several_ways():
    assert {spelt(way) for way in ways("day", "7")} == {"7", "07"}
    assert {spelt(way) for way in ways("date", "2018-04-14")} == {"14/4/18", "14/04/18", "14/4/2018", "14/04/2018"}
    assert all(KINDS["date"].value(way) == "2018-04-14" for way in ways("date", "2018-04-14"))
    assert {spelt(way) for way in ways("date", "--12-25")} == {"25/12"}


def test_near_is_one_digit_of_a_number_or_one_part_of_a_date():
    numbers = {spelt(text) for text in near("number", letters("288"))}
    assert {"28", "208", "2881"} <= numbers and "1234" not in numbers and "" not in numbers
    dates = {spelt(text) for text in near("date", letters("17/03/18"))}
    assert {"07/03/18", "17/05/18", "17/03/19", "21/12/18"} <= dates
    assert "30/02/18" not in dates and "17/03/2018" not in dates
