"""A disk that fills up: intake says no in time and everything else goes on; full to the last byte, nothing is lost.

A real file system of a few megabytes, mounted for the test; where that is not permitted it is said loudly.
"""

import dataclasses
import io
import subprocess

import pytest
import sqlalchemy as sa

from archive import database, history, intake, ledger, register, review
from archive.blobs import open_blobs
from archive.config import Settings
from archive.derived import Derived
from archive.errors import ArchiveError, DiskFull
from archive.inspection import Place, deep
from archive.jobs.worker import Worker
from archive.models import Document, Scan, now
from archive.search import open_search
from archive.search.indexing import keep_up, rebuild
from archive.search.query import parse
from archive.workdays import HANOI
from migrations import upgrade
from tests.faults.line import picture

pytestmark = pytest.mark.embedded("the disk that fills holds the database and the originals")
SIZE = 24
"""Megabytes of the disk."""
TODAY = now().astimezone(HANOI).date()


@pytest.fixture
def disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}m", "tmpfs", str(folder)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip("may not mount a small disk here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def place(disk):
    settings = Settings(data=disk, workers=1, reserve_mb=12, search="sqlite:")
    engine = database.open_engine(settings.database_url, durable=False)
    upgrade(engine)
    index = open_search(settings.search, settings.data)
    blobs = open_blobs(settings.blobs, settings.data)
    yield Place(settings, database.sessions(engine), database.readers(engine), blobs, index)
    index.close()
    engine.dispose()


def paper(number):
    """Large enough to fill a small disk with."""
    return picture(number, (300, 400))


def receive(place, content):
    file = io.BytesIO(content)
    return intake.receive(
        place.sessions, place.blobs, place.settings, file, "a.png", actor="huong", source="web"
    ).scan_id


def read(place):
    worker = Worker(place.settings)
    try:
        assert worker.drain(seconds=120)
    finally:
        worker.close()


def fill(disk, leave=0):
    """Takes room away until `leave` bytes are left; the file that took it."""
    ballast = disk / "ballast"
    with ballast.open("ab", buffering=0) as out:
        while (free := free_of(disk)) > leave:
            try:
                if not out.write(b"\0" * min(free - leave, 1 << 16)):
                    break
            except OSError:
                break
    return ballast


def free_of(disk):
    import shutil

    return shutil.disk_usage(disk).free


def wrong(place):
    return {one.name: one.says for one in deep(place) if not one.ok}


def test_below_the_reserve_papers_are_read_found_reviewed_and_registered_but_none_is_taken(place, disk):
    scan_id = receive(place, paper(1))
    fill(disk, leave=8 << 20)
    with pytest.raises(DiskFull):
        receive(place, paper(2))
    with place.sessions.begin() as session:
        assert [day.turned_away for day in ledger.days(session, TODAY, TODAY)] == [1]
    read(place)  # what was received is read, pictures and index and all
    with place.sessions.begin() as session:
        document = session.scalars(sa.select(Document).where(Document.scan_id == scan_id)).one()
        review.correct(
            session, document, {"subject": "về việc phòng chống dịch", "full_code": "471/UBND-VX"}, actor="a"
        )
        assert register.register(session, document, "den", TODAY, actor="huong").number == 1
        name = document.id
    keep_up(place.sessions, place.index)
    assert [hit.id for hit in place.index.search(parse("phong chong dich")).hits] == [name]
    assert rebuild(place.sessions, place.index) == 1
    assert wrong(place) == {}


def test_a_disk_that_is_full_to_the_last_byte_loses_nothing_and_goes_on_when_there_is_room(place, disk):
    open_door = dataclasses.replace(place, settings=dataclasses.replace(place.settings, reserve_mb=0))
    kept = [receive(place, paper(number)) for number in range(3)]
    read(place)
    assert place.index.status().healthy  # a web that runs has it open
    ballast = fill(disk)
    with pytest.raises(ArchiveError):
        for number in range(10, 60):
            kept.append(receive(open_door, paper(number)))
    for scan_id in kept[:3]:  # a picture that finds no room is one that is made again later
        with pytest.raises(OSError, match="space"):
            Derived(disk).put(scan_id, "2.webp", b"x" * (1 << 20))
    with place.readers() as session:  # reading goes on
        assert set(session.scalars(sa.select(Scan.id))) >= set(kept)
        assert list(history.broken(session)) == []
    assert place.index.status().healthy
    ballast.unlink()
    kept.append(receive(place, paper(99)))
    read(place)
    keep_up(place.sessions, place.index)
    with place.readers() as session:
        assert set(session.scalars(sa.select(Scan.id))) == set(kept)
    assert wrong(place) == {}
