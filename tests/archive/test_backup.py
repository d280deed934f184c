"""Backups: nothing is missing from one, nothing secret is in one, and no fault of a disk harms those before."""

import errno
import json
import os
import sqlite3

import pytest
import sqlalchemy as sa

from archive import backup, database, history
from archive.backup import checking, restoring, snapshot, told
from archive.backup.target import Target
from archive.errors import BadSettings, Conflict, CopyBroken, CopyFailed, NotEmpty, NotFound
from archive.models import Document, Event, LoginSession, PageRow, Restore, Scan, Task, now
from archive.pipeline import quarantine
from archive.pipeline.line import Archive
from migrations import upgrade
from tests import engines, originals
from tests.archive import kept
from tests.archive.kept import SCHEMA, Office


@pytest.fixture
def office(engine_settings, engine):
    """A furnished archive, on SQLite and on PostgreSQL."""
    office = Office(engine_settings, engine)
    office.furnish()
    return office


@pytest.fixture
def small(settings, office_engine):
    """One with two papers, on SQLite."""
    return kept.small(settings, office_engine)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def place(request, settings, tmp_path):
    """Settings of an empty place."""
    url = request.getfixturevalue("empty_postgres") if request.param == "postgresql" else ""
    return kept.empty(settings, tmp_path / "new", url)


def restored(root, place, name=None):
    found = restoring.restore(Target(root), name, place, SCHEMA, actor="test")
    return found, kept.opened(place)


def whole(root):
    """Snapshots that restore, by name: each was verified whole."""
    target = Target(root)
    return {name: restoring.verified(target, name) for name in target.names()}


def test_what_is_restored_is_what_was_there_on_either_database(office, place, tmp_path):
    before = kept.rows(office.engine)
    made = office.backup(tmp_path / "b")
    found, new = restored(tmp_path / "b", place)
    assert kept.rows(new.engine) == before
    assert (found.lost, made.manifest.damaged) == ([], [])
    with new.sessions.begin() as session:
        assert list(history.broken(session)) == []
        assert session.scalar(sa.select(Event).order_by(Event.seq.desc()).limit(1)).action == "restored"
        shas = session.scalars(sa.select(Scan.sha256)).all()
        session.add(Task(scan_id=session.scalar(sa.select(Scan.id)), step="cut", priority=1, rank=1, queued=1))
        session.flush()  # the database numbers rows by itself again
    assert len(shas) == 4 and all(new.blobs.verify(sha256) for sha256 in shas)
    new.close()


def test_nobody_is_signed_in_after_a_restore_and_no_cookie_is_in_a_backup(settings, office_engine, tmp_path):
    office = Office(settings, office_engine)
    office.furnish(1)
    office.backup(tmp_path / "b")
    assert b"canary-csrf" not in b"".join(path.read_bytes() for path in (tmp_path / "b").rglob("*") if path.is_file())
    _, new = restored(tmp_path / "b", kept.empty(settings, tmp_path / "new"))
    with new.readers() as session:
        assert session.query(LoginSession).count() == 0
        assert session.query(Restore).one().snapshot == Target(tmp_path / "b").names()[0]
    with office.readers() as session:
        assert session.query(LoginSession).count() == 1


def test_the_second_backup_copies_what_is_new_and_each_restores_its_own_moment(small, tmp_path, settings):
    first = small.backup(tmp_path / "b")
    small.paper(3)
    second = small.backup(tmp_path / "b")
    assert (first.copied, second.copied, second.manifest.scans) == (2, 1, 3)
    for name, count in ((first.manifest.name, 2), (second.manifest.name, 3)):
        _, new = restored(tmp_path / "b", kept.empty(settings, tmp_path / name), name)
        with new.readers() as session:
            assert session.query(Scan).count() == count
        new.close()


def test_the_archive_knows_its_last_backup(small, tmp_path):
    with small.sessions.begin() as session:
        assert backup.last(session) is None and backup.is_overdue(None, 7) and not backup.is_overdue(None, 0)
        told.note(session, "cli", small.backup(tmp_path / "b").last(str(tmp_path / "b")))
    with small.readers() as session:
        last = backup.last(session)
        assert (last.target, last.documents, last.scans, last.damaged) == (str(tmp_path / "b"), 2, 2, 0)
        assert backup.last(session, "elsewhere") is None
        assert not backup.is_overdue(last, 7) and backup.is_overdue(last, 7, now().replace(year=2100))


def test_a_sidecar_tells_everything_of_its_document(small, tmp_path):
    paper = small.paper(3)
    small.backup(tmp_path / "b")
    file = next((tmp_path / "b" / "sidecars").rglob(f"{paper}.json"))
    told = json.loads(file.read_text("utf-8"))
    assert (file.parent / told["original"]).resolve().read_bytes().startswith(b"\x89PNG")
    assert told["scan"]["filename"] == "công văn 3.png" and told["pages"][0]["row"]["plain"].endswith("chống dịch")
    assert told["entries"][0]["number"] == 3 and told["confirmed"][0]["value"] == "phòng chống dịch 3"
    assert [route["row"]["unit"] for route in told["routes"]] == ["Văn phòng", "Phòng dịch"]
    assert [line["action"] for line in told["history"]] == ["received", "registered"]


def test_a_sidecar_is_told_again_only_when_something_happened(small, tmp_path, office_sessions):
    small.backup(tmp_path / "b")
    files = sorted((tmp_path / "b" / "sidecars").rglob("*.json"))
    with office_sessions.begin() as session:
        long_ago = now().replace(year=2020)
        session.execute(sa.update(Document).values(changed_at=long_ago))
        history.append(session, "lan", "looked", files[0].stem)
    before = [file.stat().st_mtime_ns for file in files]
    small.backup(tmp_path / "b")
    after = [file.stat().st_mtime_ns for file in files]
    assert [one != other for one, other in zip(before, after, strict=True)] == [True, False]


def test_a_paper_in_quarantine_is_in_no_backup_and_leaves_those_it_was_in(small, tmp_path, settings):
    paper = small.paper(3)
    first = small.backup(tmp_path / "b").manifest
    archive = Archive.of(small.settings, small.sessions)
    with small.sessions.begin() as session:
        scan = session.get(Document, paper).scan
        sha256 = scan.sha256
        quarantine.impose(session, archive, scan)
    made = small.backup(tmp_path / "b")
    assert (made.purged, made.tainted, made.manifest.withheld) == ([sha256], [first.name], 1)
    target = Target(tmp_path / "b")
    assert not target.blob(sha256).exists()
    found, older = restored(tmp_path / "b", kept.empty(settings, tmp_path / "new"), first.name)
    assert (found.secret, found.lost) == ([sha256], [])
    with older.readers() as session:
        assert session.scalar(sa.select(Scan.status).where(Scan.sha256 == sha256)) == "quarantined"
        assert session.get(Document, paper).text == "" and list(history.broken(session)) == []
    older.close()
    assert "phòng chống dịch 3".encode() not in engines.raw(older.settings)
    target.drop(first.name)
    everything = b"".join(path.read_bytes() for path in (tmp_path / "b").rglob("*") if path.is_file())
    assert "phòng chống dịch 2".encode() in everything and "phòng chống dịch 3".encode() not in everything
    assert checking.check(Target(tmp_path / "b")).wrong == []


def test_passwords_of_the_settings_are_in_no_backup(small, tmp_path):
    small.settings = kept.dataclasses.replace(small.settings, smtp_password="bí-mật-1", office="Tỉnh ủy")
    small.settings.plugin_dir.mkdir()
    (small.settings.plugin_dir / "son.py").write_text("x = 1")
    (small.settings.plugin_dir / "lối.py").symlink_to("/etc/hostname")
    made = small.backup(tmp_path / "b")
    folder = Target(tmp_path / "b").folder(made.manifest.name)
    assert (
        "bí-mật-1" not in (folder / "settings.toml").read_text() and "office" in (folder / "settings.toml").read_text()
    )
    assert [path.name for path in (folder / "plugins").iterdir()] == ["son.py"]
    _, new = restored(tmp_path / "b", kept.empty(small.settings, tmp_path / "new"))
    assert (new.settings.plugin_dir / "son.py").read_text() == "x = 1"
    assert (tmp_path / "new" / "settings.from-backup.toml").is_file()


def test_old_snapshots_go_with_the_originals_that_only_they_named(small, tmp_path):
    names = [small.backup(tmp_path / "b").manifest.name]
    with small.sessions.begin() as session:
        gone = session.scalar(sa.select(Scan.sha256))
        session.execute(sa.update(Scan).where(Scan.sha256 == gone).values(status="destroyed"))
    names += [small.backup(tmp_path / "b").manifest.name]
    assert small.backup(tmp_path / "b", keep=1).dropped == names
    target = Target(tmp_path / "b")
    assert len(target.names()) == 1 and len(list(target.walk())) == 1


def test_a_flipped_bit_is_found_put_aside_and_mended_by_the_next_backup(small, tmp_path):
    small.backup(tmp_path / "b")
    target = Target(tmp_path / "b")
    bad, other = target.walk()
    bad.chmod(0o640)
    content = bytearray(bad.read_bytes())
    content[20] ^= 1
    bad.write_bytes(content)
    assert len(checking.check(Target(tmp_path / "b")).wrong) == 1
    assert not bad.exists() and other.exists()
    assert small.backup(tmp_path / "b").copied == 1
    assert checking.check(Target(tmp_path / "b")).wrong == []


def test_a_damaged_original_is_named_and_the_good_copy_stays(small, tmp_path, settings):
    with small.readers() as session:
        first, second = session.scalars(sa.select(Scan.sha256).order_by(Scan.received_at))
    for sha256 in (first, second):
        content = small.blobs.path(sha256).read_bytes()
        if sha256 == second:
            small.backup(tmp_path / "b")
        originals.damage(small.blobs, sha256, content[:-1] + b"x")
    made = small.backup(tmp_path / "b")
    assert made.manifest.damaged == [first] and Target(tmp_path / "b").blob(second).read_bytes()[-1:] != b"x"
    found, _ = restored(tmp_path / "b", kept.empty(settings, tmp_path / "new"))
    assert found.lost == [first]


def test_a_folder_that_is_not_ours_is_left_alone(small, tmp_path, office_sessions):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "ảnh.jpg").write_bytes(b"x")
    with pytest.raises(NotEmpty):
        small.backup(tmp_path / "other")
    with pytest.raises(Conflict, match="ngoài thư mục dữ liệu"):
        small.backup(small.settings.data / "b")
    small.backup(tmp_path / "b")
    marker = tmp_path / "b" / "vanthu-backup.json"
    marker.write_text(marker.read_text().replace(json.loads(marker.read_text())["archive"], "f" * 64))
    with pytest.raises(Conflict, match="kho khác"):
        small.backup(tmp_path / "b")


def test_a_disk_that_is_not_mounted_is_not_taken_for_a_new_one(small, tmp_path):
    with small.sessions.begin() as session:
        told.note(session, "cli", small.backup(tmp_path / "b").last(str(tmp_path / "b")))
    (tmp_path / "b").rename(tmp_path / "unplugged")
    (tmp_path / "b").mkdir()
    with pytest.raises(NotFound, match="chưa được gắn"):
        small.backup(tmp_path / "b")
    assert list((tmp_path / "b").iterdir()) == []
    assert small.backup(tmp_path / "b", fresh=True).copied == 2


def test_two_backups_into_one_folder_do_not_meet(small, tmp_path):
    small.backup(tmp_path / "b")
    with Target(tmp_path / "b").locked(), pytest.raises(Conflict, match="đang chạy"):
        small.backup(tmp_path / "b")


def full_at(monkeypatch, moment, code=errno.ENOSPC):
    """The disk fails at the `moment`-th wait for it; how often it was waited for is in the list."""
    waited, real = [], os.fsync

    def fsync(descriptor):
        waited.append(descriptor)
        if len(waited) == moment:
            raise OSError(code, os.strerror(code))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    return waited


@pytest.mark.parametrize(("code", "step"), [(errno.ENOSPC, 2), (errno.EIO, 5), (errno.EROFS, 7)])
def test_a_disk_that_fails_anywhere_leaves_earlier_backups_whole(small, tmp_path, monkeypatch, code, step):
    root = tmp_path / "b"
    first = small.backup(root).manifest.name
    small.paper(3)
    moment, failed = 1 - step, True
    while failed:
        moment += step
        with monkeypatch.context() as patch:
            full_at(patch, moment, code)
            try:
                small.backup(root)
                failed = False
            except CopyFailed as error:
                assert "Các bản sao lưu trước" in str(error)
                assert first in whole(root)
    assert moment > 5
    names = Target(root).names()
    assert len(names) >= 2 and checking.check(Target(root)).wrong == []
    assert whole(root)[names[-1]].scans == 3


def test_a_restore_that_broke_off_anywhere_blocks_the_place_and_can_be_done_again(
    small, tmp_path, settings, monkeypatch
):
    small.backup(tmp_path / "b")
    place = kept.empty(settings, tmp_path / "new")
    moment, failed = 0, True
    while failed:
        moment += 1
        with monkeypatch.context() as patch:
            full_at(patch, moment)
            try:
                restoring.restore(Target(tmp_path / "b"), None, place, SCHEMA, actor="test")
                failed = False
            except CopyFailed:
                if moment > 2:
                    with pytest.raises(BadSettings, match="vanthu restore"):
                        restoring.need_finished(place.data)
    restoring.need_finished(place.data)
    new = kept.opened(place)
    assert moment > 5 and kept.rows(new.engine) == kept.rows(small.engine)


def test_a_place_that_is_not_empty_is_left_alone(small, tmp_path, settings):
    small.backup(tmp_path / "b")
    with pytest.raises(NotEmpty):
        restored(tmp_path / "b", settings)
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "x").touch()
    with pytest.raises(NotEmpty):
        restored(tmp_path / "b", kept.empty(settings, tmp_path / "new"))
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["x"]
    with pytest.raises(NotFound):
        restored(tmp_path / "b", kept.empty(settings, tmp_path / "newer"), "2020-01-01T00-00-00Z")


@pytest.mark.parametrize("file", ["vanthu.db", "blobs.txt", "manifest.json", "settings.toml"])
def test_a_snapshot_that_was_changed_is_refused(small, tmp_path, settings, file):
    name = small.backup(tmp_path / "b").manifest.name
    path = Target(tmp_path / "b").folder(name) / file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(CopyBroken):
        restored(tmp_path / "b", kept.empty(settings, tmp_path / "new"))
    assert not (tmp_path / "new").exists() and checking.check(Target(tmp_path / "b")).wrong


def test_a_database_of_an_older_version_is_brought_up_to_date(tmp_path, settings):
    engine = database.open_engine(f"sqlite:///{tmp_path / 'old.db'}", durable=False)
    upgrade(engine, "0008")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO scan (id, sha256, filename, media_type, size, pages, status, priority, source, received_at, "
            "received_by, signatures) VALUES ('a1b2c3d4', ?, 'a.pdf', 'application/pdf', 9, 1, 'done', 100, 'web', "
            "'2026-01-02 03:04:05.000000', 'lan', '[]')", ("a" * 64,),
        )  # fmt: skip
    snapshot.take(engine, tmp_path / "copy.db", upgrade)
    place = kept.empty(settings, tmp_path / "new")
    restoring.restore_database(tmp_path / "copy.db", place, SCHEMA, actor="test")
    new = kept.opened(place)
    with new.readers() as session:
        assert session.query(Scan).one().received_at.year == 2026
        assert session.query(Restore).count() == 1
    with sqlite3.connect(tmp_path / "copy.db") as copy:
        copy.execute("UPDATE alembic_version SET version_num = 'x999'")
    with pytest.raises(Conflict, match="mới hơn"):
        restoring.restore_database(tmp_path / "copy.db", kept.empty(settings, tmp_path / "newer"), SCHEMA, actor="t")


def test_what_came_into_quarantine_after_the_upgrade_stays_there(small, tmp_path, settings):
    """The file that was kept before has its text; nothing of it comes back with the file."""
    snapshot.take(small.engine, tmp_path / "copy.db", upgrade)
    place = kept.empty(settings, tmp_path / "new")
    with small.readers() as session:
        scan = session.scalars(sa.select(Scan).order_by(Scan.received_at)).first()
        sha256, scan_id = scan.sha256, scan.id
    (place.data / "quarantine").mkdir(parents=True)
    small.blobs.take(sha256, place.data / "quarantine" / sha256)
    restoring.restore_database(tmp_path / "copy.db", place, SCHEMA, actor="test")
    new = kept.opened(place)
    with new.readers() as session:
        assert session.get(Scan, scan_id).status == "quarantined"
        assert not session.scalars(sa.select(PageRow).where(PageRow.scan_id == scan_id)).all()
        assert session.scalar(sa.select(sa.func.count()).where(Scan.status != "quarantined")) > 0
    new.close()
