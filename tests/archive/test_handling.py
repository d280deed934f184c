"""What units do with a paper: every step of the table, whatever is not in it, and what follows for the paper."""

import datetime as dt
import threading

import pytest
import sqlalchemy as sa

from archive import handling, people, register, routing, trace
from archive.errors import ArchiveError, BadValue, Conflict, Stale
from archive.handling import MOVES, Given
from archive.models import Document, Event, RegisterEntry, RouteRow, Unit
from tests.archive import offices

NOW = dt.datetime(2026, 11, 3, 2, tzinfo=dt.UTC)
LATER = dt.datetime(2026, 11, 5, 2, tzinfo=dt.UTC)
DUE, MORE = dt.date(2026, 11, 9), dt.date(2026, 11, 16)
SAID = Given(reason="vì sao", due=MORE, unit="Phòng Nội chính", note="đã tham mưu", reply="88/UBND-VX", receiver="Lan")


def routed(session, role="lead", **columns):
    """A paper in the book and its route to Phòng Văn xã; columns are those of the paper."""
    people.unit_named(session, SAID.unit)
    paper = offices.document(session, **columns)
    register.register(session, paper, "den", dt.date(2026, 11, 2), actor="van", at=NOW)
    return paper, routing.decide(session, paper, "Phòng Văn xã", role, DUE, actor="sep", at=NOW)


def take(session, route, *names, given=SAID):
    for name in names:
        handling.move(session, route, name, given, actor="hoa", at=LATER)
    return route


TO = {  # how a route gets into each state
    "decided": (), "received": ("receive",), "finished": ("receive", "finish"), "returned": ("return",),
    "forwarded": ("forward",), "recalled": ("recall",),
}  # fmt: skip


@pytest.mark.parametrize("name", MOVES)
@pytest.mark.parametrize("state", TO)
def test_a_step_is_made_from_the_states_of_the_table_and_refused_from_all_others(office_sessions, state, name):
    with office_sessions.begin() as session:
        _paper, route = routed(session)
        person = offices.user(session, "staff", unit_id="phong_van_xa")
        given = Given(**(vars(SAID) | {"person_id": person.id, "due": DUE if name == "assign" else MORE}))
        take(session, route, *TO[state])
        if state == "received":
            take(session, route, "ask")
        assert route.state == state
        version, events = route.version, session.query(Event).count()
        if state in MOVES[name].before:
            handling.move(session, route, name, given, actor="hoa", at=LATER)
            assert route.state == (MOVES[name].after or state) and route.version > version
            assert session.query(Event).count() == events + 1
        else:
            with pytest.raises(Conflict, match="Chưa có gì thay đổi"):
                handling.move(session, route, name, given, actor="hoa", at=LATER)
            assert (route.state, route.version, session.query(Event).count()) == (state, version, events)


def test_a_paper_is_not_passed_on_to_a_unit_that_nobody_knows(office_sessions):
    with office_sessions.begin() as session:
        paper, route = routed(session)
        with pytest.raises(BadValue, match="Chưa có gì thay đổi"):
            handling.move(session, route, "forward", Given(unit="Phòng Nội chín", reason="x"), actor="hoa", at=LATER)
        assert (route.state, paper.unit_id, session.get(Unit, "phong_noi_chin")) == ("decided", "phong_van_xa", None)


def test_the_paper_and_its_line_in_the_book_follow_the_route(sessions):
    with sessions.begin() as session:
        paper, route = routed(session)
        entry = session.query(RegisterEntry).one()
        assert (paper.status, entry.recipient, entry.receipt) == ("routed", "Phòng Văn xã", "")
        take(session, route, "receive")
        assert (paper.status, entry.receipt) == ("handling", "Lan 05/11/2026")
        take(session, route, "finish")
        assert (paper.status, route.reply, route.closed_at) == ("done", "88/UBND-VX", LATER)
        take(session, route, "reopen")
        assert (paper.status, paper.unit_id, route.closed_at) == ("handling", "phong_van_xa", None)
        take(session, route, "return")
        assert (paper.status, paper.unit_id, entry.recipient, entry.forwarded_on) == ("registered", None, "", None)
        again = routing.decide(session, paper, "Phòng Văn xã", actor="sep", at=LATER)
        assert again is route and (route.state, route.received_at, route.closed_reason) == ("decided", None, "")


def test_a_paper_is_done_when_the_leading_unit_is_whatever_others_still_do(office_sessions):
    with office_sessions.begin() as session:
        paper, lead = routed(session)
        support = routing.decide(session, paper, "Phòng Nội chính", "support", actor="sep", at=NOW)
        take(session, support, "receive", "finish")
        assert paper.status == "handling"
        take(session, lead, "receive", "finish")
        assert paper.status == "done"


def test_a_paper_for_information_is_done_when_all_have_taken_note(office_sessions):
    with office_sessions.begin() as session:
        paper, route = routed(session, "inform")
        other = routing.decide(session, paper, "Phòng Nội chính", "inform", actor="sep", at=NOW)
        assert handling.possible(route) == ["receive", "return", "recall"]
        take(session, route, "receive")
        assert (paper.status, route.state) == ("routed", "finished")
        take(session, other, "receive")
        assert paper.status == "done"


def test_a_paper_passed_on_is_the_other_units_with_its_deadline_and_a_trail(office_sessions):
    with office_sessions.begin() as session:
        paper, route = routed(session)
        made = handling.move(session, route, "forward", SAID, actor="hoa", at=LATER)
        assert (made.unit, made.role, made.due, made.state) == ("Phòng Nội chính", "lead", DUE, "decided")
        assert (made.parent_id, paper.unit_id, route.state) == (route.id, "phong_noi_chinh", "forwarded")
        back = handling.move(session, made, "forward", Given(unit="phòng văn xã", reason="về"), actor="y", at=LATER)
        assert back is route and (route.state, route.parent_id) == ("decided", made.id)
        with pytest.raises(BadValue, match="chính đơn vị"):
            handling.move(session, route, "forward", Given(unit="Phòng Văn xã", reason="x"), actor="hoa", at=LATER)
        steps = trace.of_document(session, paper)
        assert [one.event for one in steps] == ["registered", "routed", "forwarded", "forwarded"]
        assert (steps[2].unit, steps[2].to, steps[2].reason) == ("Phòng Văn xã", "Phòng Nội chính", "vì sao")


def test_a_supporting_unit_that_is_passed_the_paper_leads_and_never_the_other_way_round(office_sessions):
    with office_sessions.begin() as session:
        paper, lead = routed(session)
        support = routing.decide(session, paper, "Phòng Nội chính", "support", actor="sep", at=NOW)
        with pytest.raises(Conflict, match="đang có văn bản này"):
            handling.move(session, support, "forward", Given(unit="Phòng Văn xã", reason="x"), actor="y", at=LATER)
        take(session, lead, "forward")
        assert support.role == "lead" and routing.leading(paper) is support


@pytest.mark.parametrize(("name", "left_out"), [(n, need) for n, one in MOVES.items() for need in one.needs])
def test_what_a_step_needs_must_be_said(office_sessions, name, left_out):
    with office_sessions.begin() as session:
        _paper, route = routed(session)
        take(session, route, *(("receive", "finish") if name == "reopen" else ("receive", "ask")))
        given = Given(**(vars(SAID) | {left_out: None if left_out in ("due", "person_id") else " "}))
        with pytest.raises(BadValue, match=handling.MISSING[left_out]):
            handling.move(session, route, name, given, actor="hoa", at=LATER)


def test_nothing_is_finished_without_a_reply_or_a_result(office_sessions):
    with office_sessions.begin() as session:
        _paper, route = routed(session)
        take(session, route, "receive")
        with pytest.raises(BadValue, match="văn bản trả lời"):
            handling.move(session, route, "finish", Given(), actor="hoa", at=LATER)
        take(session, route, "propose")
        assert handling.move(session, route, "finish", Given(), actor="hoa", at=LATER).state == "finished"


def test_a_later_day_is_asked_for_given_and_the_first_one_kept(office_sessions):
    with office_sessions.begin() as session:
        _paper, route = routed(session)
        with pytest.raises(BadValue, match="phải sau hạn"):
            take(session, route, "receive", "ask", given=Given(reason="x", due=DUE))
        take(session, route, "ask")
        assert (route.asked_due, route.asked_reason, "refuse" in handling.possible(route)) == (MORE, "vì sao", True)
        take(session, route, "refuse")
        assert (route.asked_due, route.due, "refuse" in handling.possible(route)) == (None, DUE, False)
        take(session, route, "ask", "extend")
        assert (route.due, route.first_due, route.asked_due) == (MORE, DUE, None)


def test_a_person_is_named_only_of_the_unit_and_not_beyond_its_day(office_sessions):
    with office_sessions.begin() as session:
        _paper, route = routed(session)
        session.add(Unit(id="khac", name="Phòng Khác"))
        session.flush()
        stranger = offices.user(session, "staff", unit_id="khac")
        mine = offices.user(session, "staff", unit_id="phong_van_xa")
        with pytest.raises(BadValue, match="không thuộc đơn vị"):
            take(session, route, "assign", given=Given(person_id=stranger.id))
        with pytest.raises(BadValue, match="không được sau hạn"):
            take(session, route, "assign", given=Given(person_id=mine.id, due=MORE))
        take(session, route, "assign", given=Given(person_id=mine.id, due=DUE, note="làm giúp"))
        assert (route.state, route.person_id, route.opinion, route.received_by) == (
            "received", mine.id, "làm giúp", "hoa",
        )  # fmt: skip


def test_who_looked_at_an_older_state_changes_nothing(office_sessions):
    with office_sessions.begin() as session:
        paper, route = routed(session)
        shown, version = route.version, paper.version
        take(session, route, "receive")
        with pytest.raises(Stale):
            handling.move(session, route, "return", SAID, actor="hoa", at=LATER, if_version=shown)
        with pytest.raises(Stale):
            routing.decide(session, paper, "Phòng Khác", actor="sep", at=LATER, if_version=version)
        assert route.state == "received" and session.query(RouteRow).count() == 1


def test_of_a_secret_paper_the_history_keeps_no_word_that_was_written_about_it(office_sessions):
    with office_sessions.begin() as session:
        paper, route = routed(session, secrecy="Mật")
        take(session, route, "receive", "return")
        assert not [one for one in session.query(Event) if "vì sao" in one.data]
        assert trace.of_document(session, paper)[-1].event == "returned"


@pytest.mark.parametrize("given", [{"reason": "x" * 501}, {"reply": "a\x00b"}, {"note": "\ud800"}])
def test_what_cannot_be_kept_is_refused(given):
    with pytest.raises(BadValue):
        Given(**given)


def test_of_two_at_once_one_is_refused_and_the_book_is_whole(sessions):
    """On both databases: the second waits for the first and finds another state."""
    with sessions.begin() as session:
        paper, route = routed(session)
        ids = paper.id, route.id
    outcome, gate = [], threading.Barrier(4)

    def act(name):
        gate.wait()
        try:
            with sessions.begin() as session:
                handling.move(session, session.get(RouteRow, ids[1]), name, SAID, actor=name, at=LATER)
                outcome.append(name)
        except ArchiveError as error:
            outcome.append(type(error).__name__)

    threads = [threading.Thread(target=act, args=(name,)) for name in ("return", "recall", "return", "recall")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcome)[:3] == ["Conflict"] * 3
    with sessions() as session:
        told = session.scalars(sa.select(Event.action).where(Event.action.in_(("returned", "recalled")))).all()
        assert len(told) == 1 and session.get(Document, ids[0]).status == "registered"
