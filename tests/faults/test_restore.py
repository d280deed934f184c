"""The restore drill, and kill -9 during a backup or a restore: earlier backups stay, the next run completes."""

import itertools
import random
import signal
import threading
import time

import pytest
import sqlalchemy as sa

from archive import database, history, intake, people, register
from archive.backup import checking, restoring
from archive.backup.making import Source, make
from archive.backup.target import Target
from archive.derived import Derived
from archive.jobs.worker import Worker
from archive.models import Document, Event, Scan
from archive.search import indexing, open_search
from archive.search.find import find
from archive.search.query import parse
from migrations import upgrade
from server import create_app
from tests import engines, papers
from tests.archive import kept
from tests.archive.kept import SCHEMA, Office
from tests.server.desk import Desk

KILLS = 12


def in_a_child(work, *args):
    """A child of ours that has begun to do `work`."""
    here, there = engines.CHILDREN.Pipe(duplex=False)
    child = engines.CHILDREN.Process(target=_begun, args=(there, work, *args))
    child.start()
    there.close()
    here.recv()
    here.close()
    return child


def _begun(told, work, *args):
    told.send(None)
    work(*args)


def seconds_of(work, *args):
    child, begun = in_a_child(work, *args), time.monotonic()
    child.join()
    return time.monotonic() - begun


def killed(work, *args, after):
    """Whether the child was still at it when it was killed."""
    child = in_a_child(work, *args)
    time.sleep(after)
    child.kill()
    child.join()
    return child.exitcode == -signal.SIGKILL


def back_up(settings, root):
    own = kept.opened(settings)
    make(Source(own.engine, own.blobs, own.settings, upgrade), Target(root))


def restore(root, place):
    restoring.restore(Target(root), None, place, SCHEMA, actor="test")


def is_finished(place):
    """Whether a restore came to its end there."""
    is_there = engines.SERVERS or (place.data / "vanthu.db").exists()
    if not is_there or not place.data.exists() or (place.data / restoring.UNFINISHED).exists():
        return False
    engine = database.open_engine(place.database_url)
    found = sa.inspect(engine).has_table("restore")
    engine.dispose()
    return found


@pytest.fixture
def office(settings, office_engine):
    office = Office(settings, office_engine)
    office.furnish(2)
    return office


def test_a_killed_backup_harms_none_before_it_and_the_next_one_completes(office, tmp_path):
    root = tmp_path / "b"
    first = office.backup(root).manifest.name

    whole, moments, deaths = seconds_of(back_up, office.settings, root), random.Random(8), 0
    for n in itertools.count():
        if n >= KILLS and deaths > KILLS // 3:
            break
        office.receive(100 + n)
        died = killed(back_up, office.settings, root, after=moments.uniform(0, whole))
        deaths, whole = deaths + died, whole if died else 0.8 * whole  # the machine was slower when it was measured
        for name in Target(root).names():
            restoring.verified(Target(root), name)
    assert first in Target(root).names()
    last = office.backup(root).manifest
    assert last.scans == 4 - 1 + n and checking.check(Target(root)).wrong == []
    assert {path.name for path in Target(root).snapshots.iterdir()} == set(Target(root).names())
    restoring.restore(Target(root), None, kept.empty(office.settings, tmp_path / "new"), SCHEMA, actor="test")
    assert kept.rows(kept.opened(kept.empty(office.settings, tmp_path / "new")).engine) == kept.rows(office.engine)


def test_a_killed_restore_is_done_again_to_the_end(office, tmp_path):
    office.backup(tmp_path / "b")
    place = kept.empty(office.settings, tmp_path / "new")
    whole = seconds_of(restore, tmp_path / "b", kept.empty(office.settings, tmp_path / "timed"))
    moments, deaths = random.Random(9), 0
    for n in range(KILLS):
        deaths += killed(restore, tmp_path / "b", place, after=moments.uniform(0, whole * 0.9))
        if is_finished(place):
            if deaths:
                break  # it was quicker than its end
            place = kept.empty(office.settings, tmp_path / f"new {n}")
            whole *= 0.5
            continue
        assert not place.data.exists() or not any(place.data.iterdir()) or (place.data / restoring.UNFINISHED).exists()
    else:
        restore(tmp_path / "b", place)
    assert deaths > 0 and kept.rows(kept.opened(place).engine) == kept.rows(office.engine)


def looked_up(office):
    """What people see: documents, the book, the history, what a search finds."""
    index = open_search(engines.SEARCH, office.settings.data, office.settings.database_url)
    indexing.rebuild(office.sessions, index)
    with office.readers() as session:
        papers_ = {one.id: (one.status, one.full_code, one.subject, one.text) for one in session.query(Document)}
        lines = [(one.number, one.document_id, one.status) for one in register.page(session, "den", 2026).entries]
        told = [(one.seq, one.hash) for one in session.query(Event).order_by(Event.seq) if one.action != "restored"]
        asked = [find(session, index, parse(words), Document.id.is_not(None)) for words in ("cong van", "y te")]
        hits = [[(hit.id, hit.snippet) for hit in one.hits] for one in asked]
        assert list(history.broken(session)) == []
    index.close()
    return papers_, lines, told, hits


def test_the_restore_drill(settings, office_engine, tmp_path):
    """A real scan, read by a real worker while backups run; another paper; each backup brings its own moment back."""
    office = Office(settings, office_engine)
    office.paper(1)
    with papers.state_paper().save(tmp_path).open("rb") as stream:
        intake.receive(office.sessions, office.blobs, settings, stream, "quét.pdf", actor="lan", source="web")
    done = threading.Event()
    worker = threading.Thread(target=lambda: (work(settings, office_engine), done.set()))
    worker.start()
    during = 0
    while not done.is_set():
        office.backup(tmp_path / "b")
        during += 1
    worker.join()
    assert during > 0
    office.paper(2)
    last = office.backup(tmp_path / "b")
    assert last.copied == 1
    target = Target(tmp_path / "b")
    for name in (target.names()[0], last.manifest.name):
        place = kept.empty(settings, tmp_path / f"at-{name}")
        assert restoring.restore(Target(tmp_path / "b"), name, place, SCHEMA, actor="test").lost == []
        new = kept.opened(place)
        with new.readers() as session:
            assert all(new.blobs.verify(one.sha256) for one in session.query(Scan))
        if name == last.manifest.name:
            assert looked_up(new) == looked_up(office)
            rebuilt(new)
        else:
            resumed(new)
        new.close()
    assert checking.check(Target(tmp_path / "b")).wrong == []


def work(settings, engine):
    with Worker(settings, engine=engine) as worker:
        worker.drain()


def resumed(new):
    """What the worker had not finished at that moment it finishes here."""
    work(new.settings, new.engine)
    with new.readers() as session:
        assert {one.status for one in session.query(Scan)} <= {"review", "done"}
        assert session.query(Document).count() == 2


def rebuilt(new):
    """Nothing but database and originals came back: pictures, thumbnails and searchable copies are made again."""
    with new.sessions.begin() as session:
        people.add_user(session, "huong", "clerk", None, Desk.PASSWORD)
        paper = session.query(Document).join(Scan).filter(Scan.filename == "quét.pdf").first()
        scan_id, paper_id = paper.scan_id, paper.id
    assert not Derived(new.settings.data)._folder(scan_id).exists()
    desk = Desk(create_app(new.settings))
    desk.sign_in("huong")
    for address, begins in (("pages/1.webp", b"RIFF"), ("pages/1.thumb.webp", b"RIFF"), ("pdf", b"%PDF")):
        here = "" if "pages" in address else "/api/v1"
        assert desk.open(f"{here}/documents/{paper_id}/{address}").data.startswith(begins), address
