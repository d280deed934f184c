"""A paper somebody marks secret while a worker is at the same scan: nobody waits for ever."""

import datetime as dt
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa

from archive import register, register_days, review
from archive.models import ClosedDay, Document, Event, Scan
from archive.pipeline import quarantine
from archive.pipeline.line import Archive
from tests.archive import offices


def test_a_clerk_and_a_worker_at_the_same_scan_take_turns(sessions, engine_settings):
    with sessions.begin() as session:
        paper = offices.document(session, document_type="Công văn")
        id_, scan_id = paper.id, paper.scan_id
    clerk_holds, worker_holds = threading.Event(), threading.Event()

    def clerk():
        with sessions.begin() as session:
            document = session.get(Document, id_)
            quarantine.take_turn(session, document)
            register.take_turn(session, document, "den", 2026)
            clerk_holds.set()
            worker_holds.wait(0.5)  # were the document locked first, the worker would hold the scan by now
            review.correct(
                session, document, {"secrecy": "Mật"}, actor="lan", at=dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
            )
            return quarantine.impose_if_secret(session, Archive.of(engine_settings, sessions), document)

    def worker():
        clerk_holds.wait(30)
        with sessions.begin() as session:
            scan = session.get(Scan, scan_id, with_for_update=True, populate_existing=True)
            worker_holds.set()
            session.scalars(sa.select(Document).where(Document.scan_id == scan_id).with_for_update()).all()
            return scan.status

    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(clerk), pool.submit(worker)]
        assert [one.result(timeout=60) for one in both] == [True, "quarantined"]


def test_what_is_taken_out_of_a_closed_day_is_said_and_no_forgery(sqlite_sessions, engine_settings):
    day = dt.date(2026, 3, 25)
    with sqlite_sessions.begin() as session:
        paper = offices.document(session, document_type="Công văn", subject="điều mật")
        register.register(session, paper, "den", day, actor="lan")
        register_days.close(session, "den", day, "lan")
        review.correct(session, paper, {"secrecy": "Mật"}, actor="lan")
        assert quarantine.impose_if_secret(session, Archive.of(engine_settings, sqlite_sessions), paper)
        assert paper.entries[0].type_and_subject == "Công văn"
        assert register_days.altered(session, "den") == []
        told = session.scalars(sa.select(Event).where(Event.action == "quarantined")).one()
        row = session.get(ClosedDay, ("den", day))
        assert json.loads(told.data) == {"closed_days": {"den/2026-03-25": row.digest}}
        paper.entries[0].issuer = "người khác"
        session.flush()
        assert register_days.altered(session, "den") == [row]
