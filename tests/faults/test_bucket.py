"""Originals in a bucket of a real SeaweedFS: machines that share it, a store that is gone, kill -9 around a put."""

import dataclasses
import hashlib
import io
import multiprocessing
import os
import signal
import socket
import threading
import uuid

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from archive import database, history, intake, object_store, people, relocating
from archive.blobs import bucket as buckets
from archive.blobs import open_blobs, probe
from archive.errors import NotTaken
from archive.jobs import worker as workers
from archive.jobs.worker import Worker
from archive.models import Document, Event, Scan, Task
from archive.pipeline import Step, quarantine
from archive.pipeline.following import Following
from archive.pipeline.line import Archive
from server import create_app
from server.cli import main
from tests import weed
from tests.archive.paper import letter
from tests.faults.line import picture, until
from tests.server.desk import Desk

pytestmark = pytest.mark.servers
SPAWN = multiprocessing.get_context("spawn")
"""Threads of the store's client do not outlive a fork."""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with weed.running(tmp_path_factory.mktemp("weed")) as server:
        yield server


@pytest.fixture
def in_bucket(server, settings):
    return dataclasses.replace(settings, blobs=f"s3://kho/{uuid.uuid4().hex}")


@pytest.fixture
def in_folder(settings):
    return dataclasses.replace(settings, blobs="file:")


def receive(settings, content, sessions=None):
    engine = None if sessions else database.open_engine(settings.database_url)
    try:
        return intake.receive(
            sessions or database.sessions(engine), open_blobs(settings.blobs, settings.data), settings,
            io.BytesIO(content), "a.png", actor="huong", source="cli",
        )  # fmt: skip
    finally:
        if engine:
            engine.dispose()


# ------------------------------------------------------------------------------------------------ two machines


@pytest.fixture
def machines(engine, in_bucket, tmp_path):
    """Settings of two machines: one database, one bucket, each a disk of its own."""
    url = engine.url.render_as_string(hide_password=False)
    folders = [tmp_path / name for name in ("here", "there")]
    for folder in folders:
        folder.mkdir()
    return [dataclasses.replace(in_bucket, database=url, data=folder) for folder in folders]


def page():
    out = io.BytesIO()
    letter().save(out, "PNG")
    return out.getvalue()


def copies_on(settings, sha256):
    return [path for path in settings.data.rglob(f"*{sha256}*") if path.is_file()]


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_one_machine_reads_what_another_took_in_and_shows(machines, sessions):
    """The web on one machine, the worker on another; then a quarantine is imposed where the worker is."""
    web, work = machines
    content = page()
    sha256 = hashlib.sha256(content).hexdigest()
    app = create_app(web)
    desk = Desk(app)
    with sessions.begin() as session:
        people.add_user(session, "huong", "clerk", None, desk.PASSWORD)
    desk.sign_in("huong")
    assert desk.upload(content, "thong-bao.png").status_code == 303
    with Worker(work) as worker:
        assert worker.drain(seconds=240)
    with sessions() as session:
        document = session.scalars(sa.select(Document)).one()
        scan_id, document_id = document.scan_id, document.id
        assert document.scan.status == "review" and document.scan.sha256 == sha256
    assert not (web.data / "derived").exists() and copies_on(work, sha256)
    for path in ("pages/1.webp", "pages/1.thumb.webp"):
        assert desk.open(f"/documents/{document_id}/{path}").mimetype == "image/webp"
    assert desk.open(f"/api/v1/documents/{document_id}/pdf").data.startswith(b"%PDF")
    assert desk.open(f"/scans/{scan_id}/original").data == content

    here, there = (Archive.of(one, sessions) for one in machines)
    assert here.derived.names(scan_id) and copies_on(web, sha256)
    followers = [Following(sessions, one) for one in (here, there)]
    assert [one.follow() for one in followers] == [0, 0]
    with sessions.begin() as session:
        quarantine.impose(session, there, session.get(Scan, scan_id))
        Following(sessions, there).follow()  # another process of that machine, which cannot know of it yet
        assert there.derived.is_forgotten(scan_id)
    assert not there.blobs.has(sha256) and not there.derived.names(scan_id)
    assert copies_on(work, sha256) == list(work.data.glob(f"quarantine/{sha256}*"))
    assert followers[0].follow() > 0
    assert not here.derived.names(scan_id) and not copies_on(web, sha256)
    assert desk.open(f"/scans/{scan_id}/original").status_code == 404
    with sessions.begin() as session:
        session.get(Scan, scan_id).status = "received"  # as a release on the other machine leaves it
    followers[0].follow()
    assert not here.derived.is_forgotten(scan_id)
    app.extensions["vanthu"].engine.dispose()


# ------------------------------------------------------------------------------------------------ gone for a while


def prepare(session, archive, claim):
    return [(str(archive.blobs.path(session.get_one(Scan, claim.scan_id).sha256)),)]


def keep(session, _archive, scan, _claim, answers):
    assert answers == [scan.sha256]
    history.append(session, "test", "opened", scan.id)
    scan.status = "review"
    return []


OPENING = {"survey": Step("survey", prepare, "tests.faults.deeds:opens", keep, lambda _settings: 60.0, opens=True)}


def test_a_store_that_is_gone_for_a_while_is_said_at_the_door_and_waited_out(
    server, in_bucket, office_sessions, monkeypatch, tmp_path
):
    monkeypatch.setattr(workers, "LONGEST_PAUSE", 0.5)
    cable = weed.Cable(server.port)
    cable.lay()
    monkeypatch.setenv("AWS_ENDPOINT_URL", cable.url)
    scan = receive(in_bucket, picture(1), office_sessions).scan_id
    elsewhere = dataclasses.replace(in_bucket, data=tmp_path / "there", database=in_bucket.database_url)
    elsewhere.data.mkdir()
    stop, worker = threading.Event(), Worker(elsewhere, steps=OPENING)
    thread = threading.Thread(target=worker.run, args=(stop,))
    cable.cut()
    try:
        with pytest.raises(NotTaken, match="vẫn ở máy của bạn"):
            receive(in_bucket, picture(2), office_sessions)
        thread.start()
        thread.join(5.0)
        assert thread.is_alive()
    finally:
        cable.lay()
    second = receive(in_bucket, picture(2), office_sessions)
    until(lambda: all(status == "review" for status in every(office_sessions, Scan.status)))
    stop.set()
    thread.join(300)
    cable.cut()
    assert second.new and len(every(office_sessions, Scan.id)) == 2
    # Five seconds of trying do not count; one try that fails in the very moment in which the store comes back may.
    assert max(every(office_sessions, Task.failures)) <= 1 and scan in every(office_sessions, Scan.id)
    with office_sessions() as session:
        opened = sa.select(sa.func.count()).where(Event.action == "opened")
        assert session.scalar(opened) == 2 and list(history.broken(session)) == []


@pytest.fixture
def silent_store(in_bucket, monkeypatch):
    """A store that takes calls and never answers, as one whose disk hangs."""
    monkeypatch.setattr(object_store, "ANSWER", 1)
    monkeypatch.setattr(buckets, "PATIENCE", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        yield in_bucket


def test_a_store_that_hangs_is_said_to_the_sender_before_he_gives_up(silent_store, office_sessions):
    said = []

    def hand_in():
        with pytest.raises(NotTaken, match="vẫn ở máy của bạn") as error:
            receive(silent_store, picture(1), office_sessions)
        said.append(error.value)

    threading.Thread(target=hand_in, daemon=True).start()
    until(lambda: said, 30)
    assert every(office_sessions, Scan.id) == []


def test_a_web_whose_store_is_away_is_not_ready(server, in_bucket, office_engine, monkeypatch):
    monkeypatch.setattr(buckets, "PATIENCE", 1.0)
    monkeypatch.setattr(probe, "FRESH", 0.0)
    monkeypatch.setattr(probe, "PATIENCE", 60.0)
    cable = weed.Cable(server.port)
    cable.lay()
    monkeypatch.setenv("AWS_ENDPOINT_URL", cable.url)
    app = create_app(in_bucket)

    def ask():
        answer = app.test_client().get("/readyz")
        return answer.status_code, " ".join(answer.json["problems"])

    try:
        assert ask() == (200, "")
        cable.cut()
        status, said = ask()
        assert status == 503 and "không trả lời" in said
        cable.lay()
        assert ask() == (200, "")
    finally:
        cable.cut()
        app.extensions["vanthu"].engine.dispose()


def test_a_store_that_hangs_keeps_nobody_who_asks_waiting(silent_store, monkeypatch):
    monkeypatch.setattr(probe, "PATIENCE", 0.1)
    asked = probe.Probe(open_blobs(silent_store.blobs, silent_store.data))
    assert "chưa trả lời" in asked.fault()
    assert sum(thread.name == probe.NAME for thread in threading.enumerate()) == 1
    assert "chưa trả lời" in asked.fault()
    assert sum(thread.name == probe.NAME for thread in threading.enumerate()) == 1


def every(sessions, column):
    with sessions() as session:
        return list(session.scalars(sa.select(column)))


# ------------------------------------------------------------------------------------------------ kill -9


def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)


def receive_and_die(settings, content, moment):
    engine = database.open_engine(settings.database_url)
    makers = database.sessions(engine)
    if moment == "before the commit":
        sa.event.listen(engine, "commit", die)
    else:
        sa.event.listen(makers, "after_commit", die)
    receive(settings, content, makers)


@pytest.mark.parametrize("moment", ["before the commit", "before the answer"])
def test_a_kill_around_the_commit_loses_nothing_and_doubles_nothing(in_bucket, office_sessions, moment):
    process = SPAWN.Process(target=receive_and_die, args=(in_bucket, picture(1), moment))
    process.start()
    process.join(300)
    assert process.exitcode == -signal.SIGKILL
    blobs = open_blobs(in_bucket.blobs, in_bucket.data)
    there = list(blobs.walk())
    kept = every(office_sessions, Scan.sha256)
    assert [blobs.verify(one) for one in there] == [True]  # sent and read back before anybody is told
    assert kept == ([] if moment == "before the commit" else there)
    again = receive(in_bucket, picture(1), office_sessions)
    assert again.new is not bool(kept)
    assert every(office_sessions, Scan.sha256) == list(blobs.walk()) == there


# ------------------------------------------------------------------------------------------- from a folder and back


def test_originals_move_into_a_bucket_and_back_and_secrets_do_not(in_bucket, in_folder, office_sessions, tmp_path):
    for number in range(4):
        receive(in_folder, picture(number), office_sessions)
    folder, bucket = (open_blobs(one.blobs, one.data) for one in (in_folder, in_bucket))
    bad, good, *_ = names = sorted(folder.walk())
    folder.path(bad).chmod(0o640)
    folder.path(bad).write_bytes(b"x")
    done = relocating.copy(office_sessions, folder, bucket, lambda *_: None)
    assert (done.copied, done.there, done.damaged) == (3, 0, [bad])
    assert list(bucket.walk()) == names[1:] and all(bucket.verify(name) for name in names[1:])
    with office_sessions.begin() as session:
        scan = session.scalars(sa.select(Scan).where(Scan.sha256 == good)).one()
        quarantine.impose(session, Archive.of(in_folder, office_sessions), scan)
    done = relocating.copy(office_sessions, folder, bucket, lambda *_: None)
    assert (done.copied, done.there, list(bucket.walk())) == (0, 2, names[2:])
    back = open_blobs(f"file:{tmp_path}/back", tmp_path)
    assert relocating.copy(office_sessions, bucket, back, lambda *_: None).copied == 2
    assert list(back.walk()) == names[2:] and all(back.verify(name) for name in names[2:])


# ------------------------------------------------------------------------------------------------ what people are told


@pytest.fixture
def vanthu(in_bucket, office_engine):
    """The command line of a machine whose settings are in the environment, and where its originals lie."""

    def run(*words, blobs=in_bucket.blobs, **more):
        known = {**os.environ, "VANTHU_DATA": str(in_bucket.data), "VANTHU_BLOBS": blobs, **more}
        return CliRunner().invoke(main, words, env=known)

    return run


def test_check_writes_and_reads_a_few_bytes(vanthu, in_bucket, server):
    said = vanthu("check").output
    assert f"[ổn] nơi lưu bản gốc: {in_bucket.blobs}, ghi và đọc được" in said
    gone = vanthu("check", AWS_ENDPOINT_URL=f"http://127.0.0.1:{weed.free_port()}", AWS_SECRET_ACCESS_KEY="rieng")
    assert gone.exit_code == 1 and "rieng" not in gone.output
    assert "[LỖI] nơi lưu bản gốc" in gone.output and "không trả lời" in gone.output
    wrong = vanthu("check", blobs="s3://kho")
    assert wrong.exit_code != 0 and "s3://bucket/thu-muc" in wrong.output


def test_the_command_copies_and_says_what_to_do_next(vanthu, in_folder, office_sessions, in_bucket):
    receive(in_folder, picture(1), office_sessions)
    done = vanthu("copy-originals", in_bucket.blobs, blobs="file:")
    bucket = open_blobs(in_bucket.blobs, in_bucket.data)
    assert done.exit_code == 0 and list(bucket.walk()) == every(office_sessions, Scan.sha256)
    assert "1 tệp đã chép" in done.output and f"VANTHU_BLOBS={in_bucket.blobs}" in done.output
    assert vanthu("copy-originals", in_bucket.blobs).exit_code == 1
    assert "[ổn] tệp gốc: 1 tệp" in vanthu("check", "--deep").output
