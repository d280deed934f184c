"""What Prometheus is told, on both databases, read back by its own parser."""

import dataclasses
import datetime as dt
import io
import re
import time
from collections import Counter

import pytest
import sqlalchemy as sa
from prometheus_client.parser import text_string_to_metric_families

from archive import backup, database, doors, intake, ledger, metrics
from archive.backup import told
from archive.blobs import open_blobs
from archive.errors import UnknownFormat
from archive.jobs import desk, queue
from archive.jobs.worker import Worker
from archive.models import Book, Inspection, Outbox, RegisterEntry, Scan, Task, new_id, now
from archive.tally import DEATH, REQUEST, STEP, Tally
from tests.faults import line


@pytest.fixture
def here(engine, engine_settings):
    """Asks for everything: {(name, labels): value} as Prometheus understands it."""
    tally, blobs = Tally(engine_settings.data, "one"), open_blobs(engine_settings.blobs, engine_settings.data)

    def ask():
        families = metrics.everything(engine_settings, database.readers(engine), blobs, tally)
        said = metrics.text(families)
        assert len(list(text_string_to_metric_families(said))) == len(families)
        return {(one.name, frozenset(one.labels.items())): one.value
                for family in text_string_to_metric_families(said) for one in family.samples}  # fmt: skip

    ask.tally = tally
    yield ask
    tally.close()


def of(told, name, **labels):
    return told[f"vanthu_{name}", frozenset(labels.items())]


def receive(sessions, settings, number, **more):
    blobs, stream = open_blobs(settings.blobs, settings.data), io.BytesIO(line.picture(number))
    return intake.receive(sessions, blobs, settings, stream, "a.png", actor="huong", source="web", **more).scan_id


def test_an_empty_archive_says_so_in_every_family(here):
    told = here()
    assert of(told, "database_up") == 1 and of(told, "inspection_ok") == 1
    assert of(told, "queue_age_seconds", priority="urgent") == of(told, "index_lag_seconds") == 0
    assert of(told, "backup_last_timestamp_seconds") == of(told, "scrub_last_timestamp_seconds") == 0
    assert of(told, "disk_free_bytes") > 0 and of(told, "disk_reserve_bytes") == 1 << 20


def test_what_waits_is_told_by_priority_and_step(here, sessions, engine_settings):
    receive(sessions, engine_settings, 1)
    receive(sessions, engine_settings, 2, urgent=True)
    with sessions.begin() as session:
        moment = queue.clock(session)
        session.execute(sa.update(Task).where(Task.priority == queue.URGENT).values(queued=moment - 60))
        session.execute(sa.update(Task).where(Task.priority == queue.NORMAL).values(queued=moment - 600))
        session.add(Outbox(document_id=new_id(), queued_at=now() - dt.timedelta(minutes=5)))
    told = here()
    assert of(told, "tasks", step="survey", state="ready") == 2 and of(told, "scans", status="received") == 2
    assert 60 <= of(told, "queue_age_seconds", priority="urgent") < 600
    assert 600 <= of(told, "queue_age_seconds", priority="normal") < 1200
    assert of(told, "index_waiting_documents") == 1 and 300 <= of(told, "index_lag_seconds") < 900


def test_refusals_are_told_by_reason_and_door(here, sessions, engine_settings):
    blobs = open_blobs(engine_settings.blobs, engine_settings.data)
    for _ in range(2):
        with pytest.raises(UnknownFormat):
            intake.receive(sessions, blobs, engine_settings, io.BytesIO(b"MZ"), "a.exe", actor="x", source="api")
    with sessions.begin() as session:
        ledger.note_refusal(session, "x", "folder", "empty", 0, now())
    told = here()
    assert of(told, "refusals_total", reason="unknown_format", source="api") == 2
    assert of(told, "refusals_total", reason="empty", source="folder") == 1


def test_numbers_that_were_given_are_told_by_book(here, sessions):
    odd = 'sổ "mật"\\1'
    with sessions.begin() as session:
        first = session.scalars(sa.select(Book.id)).first()
        session.add(Book(id=odd, title="x"))
        session.flush()
        states = {(first, 1): "registered", (first, 2): "void", (first, 3): "awaited", (odd, 1): "registered"}
        session.add_all(RegisterEntry(book_id=book, year=2026, number=number, status=status)
                        for (book, number), status in states.items())  # fmt: skip
    told = here()
    assert of(told, "register_numbers_total", book=first) == 2
    assert of(told, "register_numbers_total", book=odd) == 1


def test_what_keeps_the_papers_is_told(here, sessions, engine_settings):
    at = dt.datetime(2026, 11, 22, 15, tzinfo=dt.UTC)
    scan_id = receive(sessions, engine_settings, 1)
    with sessions.begin() as session:
        backup.told.note(session, "cli", told.Last(at, "/mnt/x", "s", 1, 1, 0, "h"))
        scan = session.get_one(Scan, scan_id)
        scan.verified_at = scan.damaged_at = at
        session.add(Inspection(asked_by="x", started_at=at, ended_at=at, ok=False))
    doors.tell(engine_settings.data, doors.FOLDER, 3, "away")
    said = here()
    for name in ("backup", "scrub", "inspection"):
        assert of(said, f"{name}_last_timestamp_seconds") == at.timestamp()
    assert (of(said, "originals_damaged"), of(said, "inspection_ok")) == (1, 0)
    assert (of(said, "door_waiting", door="watch"), of(said, "door_troubled", door="watch")) == (3, 1)
    assert abs(of(said, "door_last_timestamp_seconds", door="watch") - time.time()) < 600


def test_steps_are_counted_as_they_end_and_a_scan_read_anew_takes_nothing_back(settings, office_sessions):
    scan_id = receive(office_sessions, settings, 1)
    steps = line.STEPS | {"mark": line.step("mark", [], "refuse")}
    with Worker(settings, steps=steps) as worker:
        worker.drain()
        steps |= line.STEPS
        with office_sessions.begin() as session:
            desk.restart(session, scan_id, "survey", "test")
        worker.drain()
    tally, counts = Tally(settings.data), Counter()
    for one in tally.all():
        counts[one.labels] += one.count
    tally.close()
    assert counts == {("survey", "done"): 2, ("read", "done"): 2 * line.PAGES, ("mark", "dead"): 1,
                      ("mark", "done"): 1, ("shelve", "done"): 1}  # fmt: skip


def test_a_histogram_is_cumulative_and_adds_up_what_it_does_not_name(here):
    for status, seconds in (("2xx", 0.02), ("2xx", 0.02), ("5xx", 0.3), ("2xx", 99)):
        here.tally.count(REQUEST, ("/x", "GET", status), seconds)
    here.tally.count(STEP, ("read", "done"), 4)
    here.tally.count(STEP, ("read", "dead"), 4)
    here.tally.count(DEATH, ("work",))
    told = here()
    within = [of(told, "http_request_seconds_bucket", route="/x", method="GET", le=le)
              for le in ("0.01", "0.025", "0.5", "10", "+Inf")]  # fmt: skip
    assert within == [0, 2, 3, 3, 4]
    assert of(told, "http_request_seconds_sum", route="/x", method="GET") == pytest.approx(99.34)
    assert of(told, "http_requests_total", route="/x", method="GET", status="2xx") == 3
    assert (
        of(told, "step_seconds_count", step="read") == 1 and of(told, "steps_total", step="read", outcome="dead") == 1
    )
    assert of(told, "process_deaths_total", part="work") == 1


def test_without_a_database_the_machine_still_speaks(settings):
    settings = dataclasses.replace(settings, database="postgresql+psycopg://x@127.0.0.1:1/none")
    engine, tally = database.open_engine(settings.database_url), Tally(settings.data)
    families = metrics.everything(settings, database.readers(engine), open_blobs(settings.blobs, settings.data), tally)
    lines = metrics.text(families).splitlines()
    assert "vanthu_database_up 0" in lines and any(one.startswith("vanthu_disk_free_bytes ") for one in lines)


@pytest.mark.embedded("it reads SQLite's plan")
def test_whoever_asks_often_walks_neither_all_events_nor_all_steps(office_engine, office_sessions):
    asked = []
    sa.event.listen(office_engine, "before_cursor_execute", lambda *about: asked.append(about[2:4]))
    with office_sessions() as session:
        metrics.of_database(session)
        of_interest = [(words, given) for words, given in asked if " event" in words or " task" in words]
        assert len(of_interest) >= 5
        for words, given in of_interest:
            plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {words}", given).all()
            assert not [row for row in plan if re.fullmatch("SCAN (event|task)", row[-1])], words
