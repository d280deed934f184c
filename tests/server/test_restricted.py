"""Reading a restricted paper is an event: one an hour for each person and paper, seen in its history."""

import datetime as dt
import json

import sqlalchemy as sa

from archive import history
from archive.models import Event, Scan, now
from server.restricted import ACTION
from tests.archive import offices as rows
from tests.server.desk import shelve
from tests.server.offices import Office


def told(makers):
    with makers() as session:
        found = session.execute(sa.select(Event.actor, Event.subject).where(Event.action == ACTION).order_by(Event.seq))
        return [tuple(row) for row in found]


def test_opening_a_restricted_paper_is_written_once_for_page_and_pictures(app, desk, makers):
    derived = app.extensions["vanthu"].derived
    paper = shelve(makers, status="registered", secrecy="Mật", derived=derived)
    plain = shelve(makers, status="registered", number="8", derived=derived)
    sep = desk("leader")
    for url in ("documents/{}", "documents/{}/pages/1.webp", "documents/{}/pages/1.webp", "documents/{}"):
        for one in (paper, plain):
            assert sep.open("/" + url.format(one)).status_code == 200
    assert told(makers) == [("leader-x", paper)]
    assert "Đã mở văn bản hạn chế" in desk("auditor").page(f"/documents/{paper}")
    assert told(makers) == [("leader-x", paper), ("auditor-x", paper)]


def test_who_may_not_read_it_has_not_read_it(desk, makers):
    paper = shelve(makers, status="registered", secrecy="Mật")
    with makers() as session:
        scan = session.scalar(sa.select(Scan.id))
    khac = desk("staff", "Phòng TH")
    for url in (f"/documents/{paper}", f"/scans/{scan}/original", f"/documents/{paper}/pages/1.webp"):
        assert khac.open(url).status_code == 404
    assert told(makers) == []


def test_programs_read_too_and_a_scan_counts_for_each_of_its_papers(settings, office_engine):
    office = Office(settings)
    with office.sessions.begin() as session:
        first = rows.document(session, status="registered", secrecy="Mật")
        other = rows.document(session, session.get(Scan, first.scan_id), ordinal=2, status="registered", secrecy="Mật")
        ids, scan = sorted([first.id, other.id]), first.scan_id
    assert office.ask("GET", f"/api/v1/scans/{scan}", "auditor").status_code == 200
    assert office.ask("GET", f"/api/v1/documents/{ids[0]}", "auditor").status_code == 200
    assert told(office.sessions) == [("auditor_1", one) for one in ids]
    office.close()


def test_after_an_hour_it_is_written_again(office_sessions):
    noon = now()
    with office_sessions.begin() as session:
        times = [noon, noon + dt.timedelta(minutes=59), noon + dt.timedelta(minutes=61)]
        assert [history.append_once(session, "lan", ACTION, "x", at=at) for at in times] == [True, False, True]
        assert history.append_once(session, "mai", ACTION, "x", at=noon)
        with history.in_place_of("hùng"):
            history.append_once(session, "nam", ACTION, "x", at=noon)
        last = session.scalars(sa.select(Event).order_by(Event.seq.desc()).limit(1)).one()
        assert json.loads(last.data) == {"for": "hùng"}
