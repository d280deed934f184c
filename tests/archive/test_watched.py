"""The watched folder: what is whole comes in once and is moved after the commit; what is not ours stays."""

import contextlib
import csv
import dataclasses
import hashlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa

from archive import database, intake
from archive.blobs import open_blobs
from archive.models import Event, Message, Origin, Scan, Unit, now
from archive.watched import Door
from archive.workdays import HANOI
from tests.archive.front_desk import zipped


def paper(text="một"):
    return b"%PDF-1.4\n" + text.encode() + b"\n%%EOF\n"


class Office:
    """A folder, an archive and a clock that only we move."""

    def __init__(self, settings, sessions):
        self.settings, self.sessions, self.now = settings, sessions, 0.0
        self.root = settings.data.parent / "inbox"
        self.root.mkdir(exist_ok=True)
        self.settings = dataclasses.replace(settings, inbox=str(self.root), inbox_seconds=5.0)
        self.blobs = open_blobs(settings.blobs, settings.data)
        self.door = self.another()

    def another(self, **changed):
        return Door(
            dataclasses.replace(self.settings, **changed), self.sessions, self.blobs, clock=lambda: self.now
        )  # fmt: skip

    def put(self, name, content=None):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(paper(name) if content is None else content)
        return path

    def look(self, later=0.0, door=None):
        self.now += later
        return (door or self.door).look()

    def settle(self, door=None):
        """Two looks with the seconds between them."""
        self.look(door=door)
        return self.look(5.0, door=door)

    def scans(self):
        with self.sessions() as session:
            return list(session.scalars(sa.select(Scan).order_by(Scan.received_at)))

    def names(self):
        """Every file below the folder, hidden ones too."""
        # os.walk passes over a folder that goes while it looks: watchers make and take away their own.
        found = (Path(folder, name) for folder, _, names in os.walk(self.root) for name in names)
        return sorted(str(path.relative_to(self.root)) for path in found if path.is_file())


@pytest.fixture
def office(settings, office_sessions):
    return Office(settings, office_sessions)


def test_a_file_is_taken_when_it_stood_still_and_then_moved(office):
    path = office.put("quét.pdf", b"%PDF-1.4\nhalf of")
    office.look()
    with path.open("ab") as stream:
        stream.write(b" a paper")
    assert office.look(6).taken == 0, "it grew"
    assert office.look(6).taken == 0, "its end is missing"
    with path.open("ab") as stream:
        stream.write(b"\n%%EOF")
        stream.flush()
        assert office.settle().taken == 0, "somebody has it open to write"
    assert office.look(1).taken == 1
    assert not path.exists()
    (scan,) = office.scans()
    assert (scan.source, scan.received_by, scan.filename) == ("folder", "watch", "quét.pdf")
    (done,) = (office.root / "done").rglob("quét.pdf")
    assert hashlib.sha256(done.read_bytes()).hexdigest() == scan.sha256
    with office.sessions() as session:
        assert [row.label for row in session.scalars(sa.select(Origin))] == [""]


def test_a_zip_comes_in_by_what_the_folder_says(office):
    packed = zipped(("a.pdf", paper("a")), ("b.pdf", paper("b")), ("c.txt", b"x"))
    office.put("Phòng dịch/hồ sơ.zip", packed)
    office.put("mật/khác.zip", zipped(("d.pdf", paper("d")), ("e.pdf", paper("e"))))
    office.put("hỏng.zip", packed[:-30])
    office.settle()
    assert (office.root / "hỏng.zip").exists(), "its end is missing: it may still come"
    office.look(60.0)
    with office.sessions() as session:
        found = {scan.filename: scan.status for scan in session.scalars(sa.select(Scan))}
        labels = set(session.scalars(sa.select(Origin.label).where(Origin.filename == "a.pdf")))
        assert [one.withheld for one in session.scalars(sa.select(Message).order_by(Message.withheld))] == [False, True]
    assert {found.pop("a.pdf"), found.pop("b.pdf")} == {"received"} and set(found.values()) == {"quarantined"}
    assert labels == {"Phòng dịch"}
    refused = {file.name for file in (office.root / "refused").rglob("*.zip")}
    done = [file.name for file in (office.root / "done").rglob("*.zip")]
    assert (refused, done) == ({"khác.zip", "hỏng.zip"}, ["hồ sơ.zip"])
    assert "bị hỏng" in (office.root / "refused" / "hỏng.zip.txt").read_text("utf-8-sig")


def test_what_never_gets_its_end_comes_in_after_a_long_wait(office):
    office.put("hỏng.pdf", b"%PDF-1.4\nbroken off")
    assert office.settle().taken == 0
    assert office.look(55).taken == 1


def test_a_file_renamed_into_place_is_taken_at_the_next_look(office):
    part = office.put("a.pdf.part")
    office.look(), office.look(60)
    part.rename(office.root / "a.pdf")
    assert office.look(1).taken == 0
    assert office.look(1).taken == 1


def test_names_of_unfinished_files_links_pipes_and_locked_files_are_left_alone(office, tmp_path):
    left = (
        ".ẩn.pdf",
        "~$a.docx",
        "a.pdf.tmp",
        "b.pdf.crdownload",
        "c.filepart",
        "Thumbs.db",
        "desktop.ini",
        ".DS_Store",
    )
    for name in left:
        office.put(name)
    (tmp_path / "secret.pdf").write_bytes(paper("outside"))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "x.pdf").write_bytes(paper("outside, too"))
    (office.root / "link.pdf").symlink_to(tmp_path / "secret.pdf")
    (office.root / "folder").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(office.root / "pipe.pdf")
    for _ in range(3):
        assert (office.settle().taken, office.look(100).refused) == (0, 0)
    assert office.scans() == [] and (tmp_path / "elsewhere" / "x.pdf").exists()


def test_sub_folders_say_for_whom_and_how_soon(office):
    with office.sessions.begin() as session:
        session.add(Unit(id="phong_tai_chinh", name="Phòng Tài chính"))
    office.put("Phòng Tài chính/a.pdf")
    office.put("phong-tai-chinh/den/Khẩn/b.pdf")
    office.put("Máy quét tầng 2/c.pdf")
    office.put("mật/d.pdf")
    looked = office.settle()
    assert (looked.taken, looked.refused) == (3, 1)
    with office.sessions() as session:
        rows = session.execute(
            sa.select(Scan.filename, Origin.label, Origin.unit_id, Origin.book, Scan.priority)
            .join(Origin, Origin.scan_id == Scan.id).where(Scan.status == "received").order_by(Scan.filename)
        ).all()  # fmt: skip
        assert [tuple(row) for row in rows] == [
            ("a.pdf", "Phòng Tài chính", "phong_tai_chinh", None, 100),
            ("b.pdf", "phong-tai-chinh/den/Khẩn", "phong_tai_chinh", "den", 10),
            ("c.pdf", "Máy quét tầng 2", None, None, 100),
        ]
        assert session.scalar(sa.select(sa.func.count()).where(Scan.status == "quarantined")) == 1
    assert "máy nối mạng" in (office.root / "refused" / "mật" / "d.pdf.txt").read_text("utf-8-sig")


def test_refused_files_get_their_reason_and_nothing_is_overwritten(office):
    for content in (b"MZ no paper", b"MZ another"):
        office.put("a.exe", content)
        assert office.settle().refused == 1
    office.put("b.pdf")
    office.settle()
    office.put("b.pdf")
    assert office.settle().taken == 1
    office.put("rỗng.pdf", b"")
    assert office.settle().refused == 0
    assert office.look(60).refused == 1
    refused = office.root / "refused"
    assert [path.name for path in sorted(refused.iterdir())] == [
        "a (2).exe", "a (2).exe.txt", "a.exe", "a.exe.txt", "rỗng.pdf", "rỗng.pdf.txt",
    ]  # fmt: skip
    assert (refused / "a.exe").read_bytes() == b"MZ no paper"
    assert "không" in (refused / "a.exe.txt").read_text("utf-8-sig")
    (day,) = (office.root / "done").iterdir()
    assert sorted(path.name for path in day.iterdir()) == ["b (2).pdf", "b.pdf", "nhat-ky.csv"]
    lines = (day / "nhat-ky.csv").read_text("utf-8-sig").splitlines()
    assert "đã nhận" in lines[1] and "đã có trong kho từ trước" in lines[2]
    assert len(office.scans()) == 1
    with office.sessions() as session:
        assert session.scalar(sa.select(sa.func.count()).where(Event.action == "refused")) == 3


@pytest.mark.parametrize("name", ["=1+1.pdf", " =1+1.pdf", "＝1+1.pdf"])
def test_no_name_in_the_list_of_a_day_is_a_formula(office, name):
    office.put(name)
    office.settle()
    (day,) = (office.root / "done").iterdir()
    with (day / "nhat-ky.csv").open(encoding="utf-8-sig", newline="") as lines:
        assert [line[1] for line in csv.reader(lines)] == ["Tệp", f"'{name}"]


def test_for_our_own_trouble_a_file_stays_where_it_is(office, settings):
    office.put("phòng/a.pdf")
    full = office.another(reserve_mb=1 << 30)
    assert office.settle(full).trouble == "DiskFull"
    away = Door(
        office.settings, database.sessions(sa.create_engine("sqlite:////nowhere/at/all.db")), office.blobs,
        clock=lambda: office.now,
    )  # fmt: skip
    assert office.settle(away).trouble == "OperationalError"
    assert office.names() == ["phòng/a.pdf"]
    assert office.settle().taken == 1


def test_what_cannot_be_moved_lies_where_it_was_and_that_is_told(office, tmp_path):
    (tmp_path / "big").mkdir()
    done = office.root / "done"
    done.symlink_to(tmp_path / "big")
    office.put("a.pdf")
    assert "done" in office.settle().trouble and office.scans() == []
    done.unlink()
    done.mkdir()
    day = done / f"{now().astimezone(HANOI):%Y-%m-%d}"
    day.symlink_to(tmp_path / "big")
    for looked in (office.settle(), office.look(1), office.look(700)):
        assert looked.trouble and (looked.taken, looked.waiting) == (0, 1)
        assert office.names() == ["a.pdf"], "not hidden in work"
    day.unlink()
    looked = office.look(700)
    assert (looked.taken, looked.waiting, looked.trouble) == (1, 0, "") and len(office.scans()) == 1


def test_the_longest_names_are_refused_with_their_reasons(office):
    for name in ("a" * 251 + ".doc", "b" * 248 + ".doc", "ă" * 127, "c." + "d" * 253):
        office.put(name, b"MZ no paper")
    assert office.settle().refused == 4
    names = [path.name for path in (office.root / "refused").iterdir()]
    assert len(names) == 8 and "ă" * 125 + ".txt" in names
    assert all(name.startswith("refused/") for name in office.names())


def test_a_paper_named_like_the_list_of_a_day_is_not_written_into(office):
    kept = office.root.parent / "mine.pdf"
    os.link(office.put("nhat-ky.csv"), kept)
    before = kept.read_bytes()
    assert office.settle().taken == 1
    (day,) = (office.root / "done").iterdir()
    (day / "nhat-ky.csv").unlink()
    os.link(kept, day / "nhat-ky.csv")
    office.put("b.pdf")
    assert office.settle().taken == 1
    assert (day / "nhat-ky (2).csv").read_bytes() == before == kept.read_bytes()
    (day / "nhat-ky.csv").unlink()
    os.mkfifo(day / "nhat-ky.csv")
    office.put("c.pdf")
    assert office.settle().taken == 1


def test_what_a_dead_process_had_in_work_is_taken_up_and_known(office):
    """Killed after the commit, before the move."""
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    host = office.door._claims.owner.split("-")[0]
    office.put(f".vanthu/{host}-{dead.pid}-00000000/a.pdf", paper("a"))
    with (office.root / ".vanthu" / f"{host}-{dead.pid}-00000000" / "a.pdf").open("rb") as stream:
        intake.receive(office.sessions, office.blobs, office.settings, stream, "a.pdf", actor="watch", source="folder")
    office.put(".vanthu/elsewhere-1-00000000/b.pdf", paper("b"))
    assert office.look().taken == 1, "who works on another machine is given time"
    assert office.look(121).taken == 1
    (day,) = (office.root / "done").iterdir()
    assert office.names() == [f"done/{day.name}/{name}" for name in ("a.pdf", "b.pdf", "nhat-ky.csv")]
    assert len(office.scans()) == 2


def test_a_name_that_is_no_utf8_comes_in(office):
    office.put(os.fsdecode(b"qu\xe9t.pdf"), paper())
    assert office.settle().taken == 1
    assert [scan.filename for scan in office.scans()] == ["qu?t.pdf"]


def _watch(office):
    environment = os.environ | {
        "VANTHU_DATA": str(office.settings.data), "VANTHU_INBOX": str(office.root), "VANTHU_INBOX_SECONDS": "0.6",
        "VANTHU_RESERVE_MB": "1",
    }  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-m", "server.cli", "watch"], env=environment, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip


def _until(true, patience=300):
    end = time.monotonic() + patience
    while time.monotonic() < end and not true():
        time.sleep(0.1)
    assert true()


def _write_slowly(root, contents, chance):
    """As scanners do: in pieces with pauses, or under another name first."""
    for number, content in contents.items():
        path = root / f"tầng {number % 3}" / f"{number}.pdf"
        path.parent.mkdir(exist_ok=True)
        writing = path.with_suffix(".part") if chance.random() < 0.4 else path
        with writing.open("wb") as stream:
            for start in range(0, len(content), 700):
                stream.write(content[start : start + 700])
                stream.flush()
                time.sleep(chance.random() * 0.05)
        writing.rename(path)


def test_watchers_that_are_killed_lose_and_double_nothing(office):
    """Two at once on one folder, one of them killed again and again while files are being written."""
    chance = random.Random(9)
    contents = [paper(f"{n} ") + bytes(chance.randbytes(1500)) + b"%%EOF" for n in range(15)] + [b"MZ no paper"]
    watchers, writers = [_watch(office), _watch(office)], []
    try:
        for turn in range(3):  # the next third is written while those of this one are taken and a watcher dies
            third = dict(list(enumerate(contents))[turn::3])
            writers.append(threading.Thread(target=_write_slowly, args=(office.root, third, chance)))
            writers[-1].start()
            _until(lambda turn=turn: len(office.scans()) > turn * 5)
            watchers[turn % 2].send_signal(signal.SIGKILL)
            watchers[turn % 2].wait()
            watchers[turn % 2] = _watch(office)
        _until(lambda: not any(one.is_alive() for one in writers) and not _waiting(office))
    finally:
        for one in watchers:
            with contextlib.suppress(ProcessLookupError):
                one.kill()
            one.wait()
        for one in writers:
            one.join()
    expected = Counter(hashlib.sha256(content).hexdigest() for content in contents[:-1])
    assert Counter(scan.sha256 for scan in office.scans()) == expected
    moved = list((office.root / "done").rglob("*.pdf"))
    assert Counter(hashlib.sha256(path.read_bytes()).hexdigest() for path in moved) == expected
    assert [path.read_bytes() for path in (office.root / "refused").rglob("*.pdf")] == [contents[-1]]
    with office.sessions() as session:
        assert session.scalar(sa.select(sa.func.count()).where(Event.action == "received")) == 15


def _waiting(office):
    return [name for name in office.names() if not name.startswith(("done/", "refused/"))]
