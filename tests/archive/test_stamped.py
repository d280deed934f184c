"""The book as witness beside the pen: it settles what is near, and never overrules what is plainly written."""

import datetime as dt

import pytest

from archive import answer, records, register, register_books
from archive.findings import Finding, Stamp
from archive.models import Confirmation
from tests.archive import offices

AT = dt.datetime(2026, 3, 25, 8, tzinfo=dt.UTC)
DAY = dt.date(2026, 3, 24)


def number(text, chance):
    return Finding("number", text, chance, page=1, box=(0.1, 0.1, 0.2, 0.12), witness="pen")


def day(text, chance):
    return Finding("date", text, chance, page=1, box=(0.1, 0.1, 0.2, 0.12), witness="pen")


@pytest.fixture
def stamped(office_sessions):
    """`stamped(findings)`: the JSON of a stamp on a paper that waits while the book stands at 1160."""
    with office_sessions.begin() as session:
        register.register(session, offices.document(session), "den", DAY, 1160, actor="lan", at=AT, begin=True)

        def read(*found, at=AT, document=None):
            scan = offices.scan(session, received_at=at)
            paper = offices.document(session, scan, **(document or {}))
            row = records.stamp_row(scan.id, Stamp(1, (0.1, 0.1, 0.4, 0.3), found, 0.0, 0.9))
            row.document_id = paper.id
            session.add(row)
            session.flush()
            read.last = paper
            return answer.of_document(session, paper)["stamp"]["fields"]

        read.session = session
        yield read


def test_a_weak_reading_near_the_book_becomes_the_books_and_the_pens_own_stays_beside_it(stamped):
    told = stamped(number("1166", 0.5), number("1161", 0.4))["number"]
    assert told["value"] == "1161" and "1160" in told["reason"] and not told["sure"]
    assert told["alone"]["value"] == "1166" and told["others"][0]["value"] == "1166"


def test_a_strong_odd_reading_beats_a_weak_expected_one(stamped):
    told = stamped(number("2770", 0.98), number("1161", 0.01))["number"]
    assert told["value"] == "2770" and not told["sure"]


def test_what_the_pen_did_not_read_is_never_brought_in(stamped):
    told = stamped(number("88", 0.6))["number"]
    assert {told["value"], *(one["value"] for one in told["others"])} == {"88"}


def test_the_paper_scanned_before_says_where_the_stack_stands(stamped):
    stamped(number("1175", 0.95), at=AT - dt.timedelta(minutes=1))
    told = stamped(number("1116", 0.5), number("1176", 0.45))["number"]
    assert told["value"] == "1176" and told["reason"] == "Văn bản quét trước mang số 1175."


def test_a_number_the_book_waits_for_is_expected_too(stamped):
    late = offices.document(stamped.session)
    register.register(stamped.session, late, "den", DAY, 1164, actor="lan", at=AT)
    told = stamped(number("1762", 0.5), number("1162", 0.4))["number"]
    assert told["value"] == "1162"


def test_a_paper_does_not_arrive_before_it_is_signed_nor_after_it_is_scanned(stamped):
    signed = {"fields": {"date": offices.field("2026-03-20", 0.99, True)}}
    told = stamped(day("2026-08-24", 0.5), day("2026-03-24", 0.4), document=signed)["date"]
    assert told["value"] == "2026-03-24" and "20/03/2026" in told["reason"]
    assert told["alone"]["value"] == "2026-08-24"


def test_a_paper_in_the_book_and_an_empty_book_have_no_witness(stamped):
    stamped(number("1161", 0.6), day("2026-03-25", 0.9))
    register.register(stamped.session, stamped.last, "den", DAY, actor="lan", at=AT)
    told = answer.of_document(stamped.session, stamped.last)["stamp"]["fields"]
    assert "alone" not in told["number"] and "alone" not in told["date"]
    of_2019 = stamped(number("12", 0.6), day("2019-03-25", 0.9), at=AT)
    assert "alone" not in of_2019["number"]


def test_a_persons_word_stands_before_every_witness(stamped):
    stamped(number("1166", 0.5), number("1161", 0.4))
    stamped.session.add(Confirmation(document_id=stamped.last.id, field="stamp.number", value="1199", by="lan"))
    told = answer.of_document(stamped.session, stamped.last)["stamp"]["fields"]["number"]
    assert (told["value"], told["sure"]) == ("1199", True)


def test_a_hand_misread_twice_does_not_second_itself(stamped):
    stamped(number("1221", 0.95), at=AT - dt.timedelta(minutes=1))
    told = stamped(number("1222", 0.6), number("1162", 0.35))["number"]
    assert told["value"] == "1222" and not told["sure"]


def test_of_two_papers_of_one_scan_the_first_is_not_after_the_second(stamped):
    scan = offices.scan(stamped.session, received_at=AT)
    first, second = (offices.document(stamped.session, scan, ordinal=n) for n in (1, 2))
    for paper, text in ((first, "1166"), (second, "1170")):
        row = records.stamp_row(scan.id, Stamp(1, (0.1, 0.1, 0.4, 0.3), (number(text, 0.85),), 0.0, 0.9))
        row.document_id = paper.id
        stamped.session.add(row)
    stamped.session.flush()
    reasons = [answer.of_document(stamped.session, paper)["stamp"]["fields"]["number"]["reason"]
               for paper in (first, second)]  # fmt: skip
    assert reasons == ["Sổ đang ghi đến số 1160.", "Văn bản quét trước mang số 1166."]


@pytest.mark.parametrize(
    ("printed", "sure"),
    [({"value": "2026-03-20"}, True), ({"value": None, "partial": "2026-03"}, True),
     ({"value": "2018-03-20"}, False), ({"value": None}, False)],
)  # fmt: skip
def test_a_year_nobody_wrote_is_sure_only_where_the_paper_is_of_it(stamped, printed, sure):
    fields = {"fields": {"date": offices.field(None, 0.6, False) | printed}}
    part = Finding("date", None, 0.95, page=1, box=(0.1, 0.1, 0.2, 0.12), witness="pen", partial="--03-24")
    told = stamped(part, document=fields)["date"]
    assert (told["value"], told["sure"]) == ("2026-03-24", sure)


def test_the_book_that_takes_the_paper_is_asked_and_among_several_none_makes_sure(stamped):
    near = (number("1161", 0.9), number("1166", 0.05))
    assert stamped(*near)["number"]["sure"]
    register_books.add(stamped.session, "Sổ các bộ", ["Bộ Tài chính"], actor="lan")
    assert not stamped(*near)["number"]["sure"]  # a clerk may choose the other book
    told = stamped(*near, document={"issuing_organ": "Bộ Tài chính"})["number"]
    assert told["value"] == "1161" and "1160" not in told["reason"]  # that book is at another number
