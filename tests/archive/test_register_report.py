"""Books for several sources, and the report of what is not as it should be."""

import datetime as dt

import pytest
import sqlalchemy as sa

from archive import register, register_books, register_report
from archive.errors import BadValue, Conflict, NotFound
from archive.models import Book, Event, Origin, RegisterEntry, now
from tests.archive import offices

DAY = dt.date(2026, 3, 25)
NOW = dt.datetime(2026, 11, 1, 8, tzinfo=dt.UTC)


def enter(session, number=None, book="den", **columns):
    return register.register(session, offices.document(session, **columns), book, DAY, number, actor="lan", at=NOW)


def test_a_paper_goes_into_the_book_that_asks_for_its_organ(sessions):
    with sessions.begin() as session:
        police = register_books.add(session, "Sổ Bộ Công an", ["Bộ Công an", "Công an tỉnh"], actor="an")
        party = register_books.add(session, "Sổ văn bản Đảng", [], "party", actor="an")
        assert [book.id for book in register.books(session)] == ["den", "so_bo_cong_an", "so_van_ban_dang"]

        def book_of(**columns):
            return register.book_for(session, offices.document(session, **columns)).id

        assert book_of(issuing_organ="CÔNG AN TỈNH CAO BẰNG") == police.id
        assert book_of(issuing_organ="Công an tỉnhx", system="party") == party.id
        assert book_of(issuing_organ="UBND tỉnh A", system="state") == book_of() == "den"
        register_books.change(session, police, police.title, police.takes, active=False, actor="an")
        assert book_of(issuing_organ="Bộ Công an") == "den"


def test_the_book_of_the_place_a_paper_lay_in_last_comes_first_and_is_asked_once_for_many(sessions):
    with sessions.begin() as session:
        letters = register_books.add(session, "Sổ đơn thư", actor="an").id
        police = register_books.add(session, "Sổ Bộ Công an", ["Bộ Công an"], actor="an").id
        papers = [offices.document(session, issuing_organ="Bộ Công an") for _ in range(4)]
        places = ((0, police), (0, letters), (1, letters), (1, None), (2, "no_such_book"))
        for number, book in places:
            session.add(Origin(scan_id=papers[number].scan_id, source="folder", label="a", book=book, at=now()))
            session.flush()
        told = [register_books.books_for(session, papers)[one.id].id for one in papers]
        assert told == [letters, letters, police, police]
        assert told == [register.book_for(session, one).id for one in papers]


def test_each_book_counts_by_itself(sessions):
    with sessions.begin() as session:
        book = register_books.add(session, "Sổ đơn thư", actor="an").id
        assert [enter(session).number, enter(session, book=book).number, enter(session).number] == [1, 1, 2]


def test_a_book_has_a_title_of_its_own_and_one_book_stays_in_use(office_sessions):
    with office_sessions.begin() as session:
        register_books.add(session, "Sổ đơn thư", actor="an")
        with pytest.raises(Conflict):
            register_books.add(session, "Sổ  đơn thư", actor="an")
        for title in ("", "!!!", "x" * 201):
            with pytest.raises(BadValue):
                register_books.add(session, title, actor="an")
        with pytest.raises(BadValue):
            register_books.add(session, "Sổ khác", [], "khác", actor="an")
        first, second = register.books(session)
        register_books.change(session, second, second.title, active=False, actor="an")
        with pytest.raises(Conflict, match="duy nhất"):
            register_books.change(session, first, first.title, active=False, actor="an")
        with pytest.raises(NotFound):
            register_books.named(session, "a\0b")


def test_a_book_that_is_saved_as_it_was_is_no_event_and_takes_no_title_of_another(office_sessions):
    with office_sessions.begin() as session:
        book = register_books.add(session, "Sổ đơn thư", ["Công an tỉnh"], actor="an")
        register_books.change(session, book, book.title, book.takes, active=True, actor="an")
        with pytest.raises(Conflict, match="tên khác"):
            register_books.change(session, book, register.books(session)[0].title, active=True, actor="an")
        with pytest.raises(BadValue, match="nhiều nhất 50"):
            register_books.change(session, book, book.title, map(str, range(51)), active=True, actor="an")
        assert list(session.scalars(sa.select(Event.action).where(Event.subject == book.id))) == ["book_added"]


def test_where_no_book_is_in_use_a_paper_waits_for_one(office_sessions):
    with office_sessions.begin() as session:
        session.execute(sa.update(Book).values(active=False))  # two administrators, each of whom left the other's book
        with pytest.raises(NotFound, match="mở một sổ"):
            register_books.book_for(session, offices.document(session))


def test_the_report_tells_what_waits_what_was_voided_and_what_is_missing(sessions):
    with sessions.begin() as session:
        enter(session, 4)
        register.void(session, session.get(RegisterEntry, ("den", 2026, 2)), "hỏng", "lan", NOW)
        told = register_report.report(session, "den", 2026)
        assert (told.lines, told.first, told.last) == (4, 1, 4)
        assert told.awaited == [(1, 1), (3, 3)] and [one.number for one in told.voided] == [2]
        assert (told.missing, told.twice, told.altered) == ([], [], [])
        session.execute(sa.delete(RegisterEntry).where(RegisterEntry.number == 3))  # by hand, in the database
        assert register_report.report(session, "den", 2026).missing == [(3, 3)]


def test_awaited_numbers_are_voided_as_a_range_with_one_reason_and_one_event(sessions):
    with sessions.begin() as session:
        enter(session, 10)
        enter(session, 5)
        assert register_report.void_range(session, "den", 2026, 3, 8, "đóng dấu nhầm", "lan", NOW) == 5
        told = register_report.report(session, "den", 2026)
        assert told.awaited == [(1, 2), (9, 9)]
        assert session.get(RegisterEntry, ("den", 2026, 5)).status == "registered"
        event = session.scalars(sa.select(Event).order_by(Event.seq.desc())).first()
        assert event.action == "numbers_voided" and '"numbers":[[3,4],[6,8]]' in event.data
        for first, last, reason in ((3, 8, "lại"), (1, 2, " "), (1, 2, "x" * 501)):
            with pytest.raises(BadValue):
                register_report.void_range(session, "den", 2026, first, last, reason, "lan", NOW)


STATE = {"full_code": "05/UBND-VX", "issuing_organ": "UBND tỉnh A", "date": "2026-01-05"}
PARTY = {"full_code": "182-CV/TU", "issuing_organ": "Tỉnh ủy A", "date": "2026-03-01"}


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (STATE, STATE, True),
        (STATE, STATE | {"full_code": "5/UBND-VX"}, True),
        (STATE, STATE | {"full_code": "05 /ubnd-vx", "date": "2026-09-09"}, True),
        (STATE, STATE | {"issuing_organ": None}, True),
        (STATE, STATE | {"issuing_organ": "UBND tỉnh B"}, False),
        (STATE, STATE | {"full_code": "50/UBND-VX"}, False),
        (STATE, STATE | {"date": "2025-01-05"}, False),
        (PARTY, PARTY, True),
        (PARTY, PARTY | {"date": "2026-03-02"}, False),
    ],
)
def test_a_paper_that_stands_twice_in_the_book_is_found(office_sessions, first, second, same):
    with office_sessions.begin() as session:
        enter(session, **first)
        enter(session, **second)
        found = register_report.report(session, "den", 2026).twice
        assert [[entry.number for entry in one.entries] for one in found] == ([[1, 2]] if same else [])
        if same:
            assert found[0].certain == bool(second["issuing_organ"])


def test_leading_zeros_do_not_hide_a_duplicate_from_the_clerk(office_sessions):
    with office_sessions.begin() as session:
        one = offices.document(session, **STATE)
        twin = offices.document(session, **STATE | {"full_code": "5/UBND-VX"})
        assert register.duplicates(session, one) == [twin] and register.duplicates(session, twin) == [one]
