"""What the book expects beside what the pen reads."""

from archive import expected
from archive.findings import Finding

BOOK = expected.next_numbers(2769)


def test_the_next_number_lifts_a_near_reading():
    assert expected.combine([("2720", 0.6), ("2770", 0.2), ("2170", 0.1)], BOOK)[0][0] == "2770"


def test_a_strong_odd_reading_beats_a_weak_expected_one():
    assert expected.combine([("9123", 0.97), ("2770", 0.0005)], BOOK)[0][0] == "9123"
    text, chance = expected.combine([("9123", 0.98), ("2770", 0.01)], BOOK)[0]
    assert text == "9123" and chance < expected.SURE


def test_what_the_pen_alone_doubts_is_never_sure():
    text, chance = expected.combine([("2720", 0.7), ("2770", 0.2)], BOOK)[0]
    assert text == "2770" and chance < expected.SURE


def test_a_reading_the_pen_half_believes_is_not_sure_because_the_book_is_near():
    book = expected.next_numbers(70)
    text, chance = expected.combine([("74", 0.63), ("741", 0.13), ("71", 0.0001)], book)[0]
    assert text == "74" and chance < expected.SURE


def test_what_the_pen_reads_and_the_book_expects_may_be_sure():
    assert expected.combine([("2770", 0.9), ("2720", 0.05)], BOOK)[0][1] >= expected.SURE


def test_nothing_the_pen_did_not_read_is_brought_in():
    assert [text for text, _ in expected.combine([("31", 0.5), ("37", 0.4)], BOOK)] == ["31", "37"]


def test_nothing_changes_when_nothing_is_known():
    readings = [("31", 0.5), ("37", 0.4)]
    assert expected.combine(readings, None) == readings
    assert expected.next_numbers(None) is None and expected.arrival_dates(None, "", "no date") is None


def test_a_paper_comes_in_between_its_date_and_the_scan():
    days = expected.arrival_dates("2018-03-30", "2018-04-10", "2018-04-04")
    readings = [("2018-09-04", 0.5), ("2018-04-04", 0.4), ("--04-04", 0.05)]
    text, chance = expected.combine(readings, days)[0]
    assert text == "2018-04-04" and chance > 0.9


def test_a_date_without_its_year_gets_the_expected_one():
    days = expected.arrival_dates("2018-03-30", None, None)
    assert expected.combine([("--04-04", 0.9)], days)[0][0] == "2018-04-04"


def test_findings_stand_for_the_pens_own():
    read = [Finding("number", "2770", 0.9, page=1, witness="pen"), Finding("number", "2720", 0.05, witness="pen")]
    (first, *_) = expected.findings(read, BOOK)
    assert (first.value, first.witness, first.page) == ("2770", "register", 1) and "2769" in first.reason
    assert expected.findings(read, None) == () and expected.findings([], BOOK) == ()


def test_leading_zeros_say_nothing():
    assert expected.combine([("02770", 0.4), ("2720", 0.5)], BOOK)[0][0] == "02770"


def test_the_book_may_second_what_is_too_unlikely_to_be_shown():
    read = [
        Finding("number", "2720", 0.5, page=1, witness="pen", rivals=(("2770", 0.02), ("1720", 0.01))),
        Finding("number", "2120", 0.3, witness="pen"),
    ]
    found = expected.findings(read, BOOK)
    assert found[0].value == "2770" and found[0].confidence < expected.SURE
    assert len(found) <= expected.KEPT and not any(one.rivals for one in found)


def test_no_rival_overrules_a_strong_odd_reading():
    read = [Finding("number", "9123", 0.97, page=1, witness="pen", rivals=(("2770", 0.001),))]
    assert expected.findings(read, BOOK)[0].value == "9123"
