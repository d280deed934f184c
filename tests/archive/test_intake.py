"""The doors: durable before "received", the same bytes once, refusals that keep nothing."""

import dataclasses
import hashlib
import io
import json
import os
import threading

import pytest
import sqlalchemy as sa

from archive import database, intake, origins
from archive.blobs import open_blobs
from archive.errors import DiskFull, EmptyFile, NotTaken, ScanTooLarge, UnknownFormat
from archive.models import Event, Message, Origin, Scan, Task, now
from archive.pipeline import quarantine
from archive.safe import Safe
from tests.faults.line import until

PAPER = b"%PDF-1.4\n" + b"a paper " * 4000


@pytest.fixture
def blobs(settings):
    return open_blobs(settings.blobs, settings.data)


@pytest.fixture
def receive(sessions, blobs, settings):
    def receive(content=PAPER, name="cong-van.pdf", **given):
        facts = {"actor": "huong", "source": "web"} | given
        return intake.receive(sessions, blobs, settings, io.BytesIO(content), name, **facts)

    return receive


def rows(sessions, table):
    with sessions() as session:
        return session.scalars(sa.select(table)).all()


def test_a_scan_is_received_with_its_event_and_its_first_task(receive, sessions, blobs):
    received = receive()
    assert received.new
    assert received.status == "received"
    (scan,) = rows(sessions, Scan)
    assert (scan.id, scan.sha256, scan.size) == (received.scan_id, received.sha256, len(PAPER))
    assert (scan.filename, scan.received_by, scan.source) == ("cong-van.pdf", "huong", "web")
    assert blobs.path(scan.sha256).read_bytes() == PAPER
    assert [(task.step, task.state) for task in rows(sessions, Task)] == [("survey", "ready")]
    assert [(event.action, event.subject) for event in rows(sessions, Event)] == [("received", scan.id)]


def test_the_same_bytes_again_answer_with_the_first_scan(receive, sessions):
    first, second = receive(), receive(name="khac.pdf")
    assert second == dataclasses.replace(first, new=False)
    assert rows(sessions, Scan)[0].filename == "cong-van.pdf"
    assert len(rows(sessions, Task)) == len(rows(sessions, Event)) == 1


def test_each_place_a_file_lay_in_is_told_once(receive, sessions):
    folder, mail = origins.Origin("phong-tai-chinh", unit="tai_chinh"), origins.Origin("vanthu@")
    received = [receive(source="folder", origin=one, name=name) for one in (folder, folder, mail) for name in "ab"]
    assert len({one.scan_id for one in received}) == 1
    told = [(row.label, row.unit_id, row.filename) for row in rows(sessions, Origin)]
    assert told == [
        ("phong-tai-chinh", "tai_chinh", "a"), ("phong-tai-chinh", "tai_chinh", "b"), ("vanthu@", None, "a"),
        ("vanthu@", None, "b"),
    ]  # fmt: skip


def test_the_name_of_a_secret_file_is_not_told(receive, sessions):
    receive(source="folder", secret=True, origin=origins.Origin("hop-thu"))
    assert [(row.label, row.filename) for row in rows(sessions, Origin)] == [("hop-thu", quarantine.HIDDEN)]


def test_a_message_is_kept_whole_and_once(sessions, blobs, settings):
    envelope = origins.Envelope("mail", key="<1@tinh.vn>", sender="so@tinh.vn", facts={"subject": "Công văn"})
    safe, limit = Safe(settings.data), 1 << 20
    first, again = (
        origins.keep(sessions, blobs, safe, io.BytesIO(PAPER), envelope, limit=limit, actor="mail") for _ in "12"
    )
    assert first == again
    (message,) = rows(sessions, Message)
    assert blobs.path(message.sha256).read_bytes() == PAPER
    assert (message.kind, message.key, message.facts) == ("mail", "<1@tinh.vn>", {"subject": "Công văn"})
    assert [event.action for event in rows(sessions, Event)] == ["message_kept"]


def test_many_doors_at_once_make_one_scan(receive, sessions):
    found = []
    doors = [threading.Thread(target=lambda: found.append(receive())) for _ in range(6)]
    for door in doors:
        door.start()
    for door in doors:
        door.join()
    assert len({received.scan_id for received in found}) == 1
    assert sum(received.new for received in found) == 1
    assert len(rows(sessions, Scan)) == 1


def while_another_commits(sessions, row, act):
    """What `act` answers, begun after another process had written `row` and before it committed."""
    waiting = sa.text("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
    said = []
    door = threading.Thread(target=lambda: said.append(act()))

    def is_waiting():
        with sessions() as watch:
            return watch.execute(waiting).one_or_none()

    with sessions() as other:
        other.add(row)
        other.flush()
        door.start()
        until(is_waiting)
        other.commit()
    door.join()
    return said[0]


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_a_file_that_comes_through_another_door_in_the_same_moment_is_its_scan(receive, sessions):
    name = hashlib.sha256(PAPER).hexdigest()
    first = Scan(sha256=name, filename="a.pdf", media_type="application/pdf", size=len(PAPER), received_by="lan")
    again = while_another_commits(sessions, first, receive)
    assert not again.new
    assert [scan.id for scan in rows(sessions, Scan)] == [again.scan_id]


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_a_message_that_another_keeps_in_the_same_moment_is_that_message(sessions, blobs, settings):
    name = hashlib.sha256(PAPER).hexdigest()
    first = Message(kind="mail", sha256=name, size=len(PAPER), facts={}, received_at=now())
    safe, envelope = Safe(settings.data), origins.Envelope("mail")

    def keep():
        return origins.keep(sessions, blobs, safe, io.BytesIO(PAPER), envelope, limit=1 << 20, actor="mail")

    kept = while_another_commits(sessions, first, keep)
    assert [message.id for message in rows(sessions, Message)] == [kept]


@pytest.mark.parametrize(
    ("content", "error"), [(b"", EmptyFile), (b"MZ\x90 a program" * 100, UnknownFormat), (b"<html>", UnknownFormat)]
)
def test_what_is_no_scan_is_refused_and_not_kept(receive, sessions, blobs, content, error):
    with pytest.raises(error):
        receive(content)
    assert rows(sessions, Scan) == []
    assert list(blobs.walk()) == []


def test_a_file_beyond_the_limit_is_refused_and_not_kept(sessions, blobs, settings):
    small = dataclasses.replace(settings, max_upload_mb=1)
    with pytest.raises(ScanTooLarge, match="1 MB"):
        intake.receive(sessions, blobs, small, io.BytesIO(PAPER * 50), "to.pdf", actor="a", source="api")
    assert list(blobs.walk()) == []


def test_below_the_reserve_nothing_is_taken(sessions, blobs, settings):
    thirsty = dataclasses.replace(settings, reserve_mb=1 << 40)
    with pytest.raises(DiskFull, match="hết chỗ"):
        intake.receive(sessions, blobs, thirsty, io.BytesIO(PAPER), "a.pdf", actor="a", source="api")
    assert list(blobs.walk()) == []
    assert rows(sessions, Scan) == []


def test_an_urgent_paper_goes_before_others(receive, sessions):
    receive(urgent=True)
    assert [task.priority for task in rows(sessions, Task)] == [10]


@pytest.mark.parametrize(
    ("given", "kept"),
    [("C:\\scan\\CV 471.pdf", "CV 471.pdf"), ("../../etc/passwd", "passwd"), ("a\r\nb.pdf", "ab.pdf"),
     ("\u202egnp.exe", "gnp.exe"), ("", "không tên"), ("..", "không tên")],
)  # fmt: skip
def test_a_file_name_is_kept_without_its_path(receive, sessions, given, kept):
    receive(name=given)
    assert rows(sessions, Scan)[0].filename == kept


def test_a_crash_before_the_commit_is_healed_by_sending_again(receive, sessions, monkeypatch):
    def crash(*_args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(intake.history, "append", crash)
        with pytest.raises(KeyboardInterrupt):
            receive()
    assert rows(sessions, Scan) == []
    assert receive().new


def _with(engine, pragma):
    """Sessions whose connections are told `pragma` of SQLite first."""
    poor = database.open_engine(engine.url.render_as_string(hide_password=False))
    sa.event.listen(poor, "connect", lambda connection, _record: connection.execute(f"PRAGMA {pragma}"))
    return database.sessions(poor)


@pytest.mark.embedded("its database fails by a word of SQLite")
@pytest.mark.parametrize(
    ("pragma", "error", "said"),
    [("query_only=ON", NotTaken, "Cơ sở dữ liệu chưa trả lời"), ("max_page_count=1", DiskFull, "hết chỗ")],
)
def test_a_database_that_fails_at_the_door_is_a_refusal(office_engine, blobs, settings, pragma, error, said):
    poor, sessions = _with(office_engine, pragma), database.sessions(office_engine)

    def receive(sessions, number):
        given = io.BytesIO(PAPER + b"%d" % number)
        return intake.receive(sessions, blobs, settings, given, f"{'a' * 400}.pdf", actor="a", source="web")

    taken = []
    with pytest.raises(error, match=said):
        for number in range(200):  # a page of the database that is there already may hold some
            taken.append(receive(poor, number).scan_id)
    poor.kw["bind"].dispose()
    assert [scan.id for scan in rows(sessions, Scan)] == taken
    assert receive(sessions, len(taken)).new


def test_a_disk_that_fails_at_the_door_is_a_refusal_with_an_event(receive, sessions, blobs):
    folder = blobs._spool.folder
    folder.rmdir()
    with pytest.raises(NotTaken, match="Ổ đĩa của kho báo lỗi"):
        receive()
    assert [event.action for event in rows(sessions, Event)] == ["refused"]
    folder.mkdir()
    assert receive().new


def test_a_stream_that_gives_little_at_a_time_is_read_whole(sessions, blobs, settings):
    class Dripping(io.BytesIO):
        def read(self, size=-1):
            return super().read(min(size, 7) if size >= 0 else 7)

    received = intake.receive(sessions, blobs, settings, Dripping(PAPER), "a.pdf", actor="a", source="mail")
    assert blobs.verify(received.sha256)
    assert blobs.path(received.sha256).stat().st_size == len(PAPER)


def test_a_stream_that_breaks_off_is_not_taken(sessions, blobs, settings, tmp_path):
    with (tmp_path / "shut.pdf").open("wb") as shut, pytest.raises(NotTaken):  # open for writing only
        intake.receive(sessions, blobs, settings, shut, "a.pdf", actor="huong", source="web")
    assert rows(sessions, Scan) == []


def test_a_refused_stream_that_cannot_tell_its_size_is_refused_all_the_same(sessions, blobs, settings):
    out, into = os.pipe()
    os.write(into, b"MZ is no scan")
    os.close(into)
    with os.fdopen(out, "rb") as stream, pytest.raises(UnknownFormat):
        intake.receive(sessions, blobs, settings, stream, "a.exe", actor="huong", source="web")
    assert [json.loads(event.data)["reason"] for event in rows(sessions, Event)] == ["unknown_format"]
