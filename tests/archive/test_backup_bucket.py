"""Backups in an object store, a real SeaweedFS: what holds of a folder holds of a bucket."""

import contextlib
import dataclasses
import datetime as dt
import random
from multiprocessing import get_context

import pytest

from archive import database
from archive.backup import bucket, checking, restoring
from archive.backup.bucket import BucketTarget, open_target
from archive.errors import BadValue, Conflict, CopyBroken, CopyFailed, NotEmpty
from archive.models import Document, Scan, now
from archive.pipeline import quarantine
from archive.pipeline.line import Archive
from tests import originals, weed
from tests.archive import kept
from tests.archive.kept import SCHEMA, Office

pytestmark = pytest.mark.servers
SPAWN = get_context("spawn")
"""Threads of the store's client do not outlive a fork."""


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A SeaweedFS with nothing in it; keys and address are where S3 programs look for them."""
    with weed.running(tmp_path_factory.mktemp("weed")) as server:
        yield server


@pytest.fixture
def small(settings, office_engine):
    return kept.small(settings, office_engine)


@pytest.fixture
def target(store, request):
    """A place of this test's own in the store."""
    with contextlib.closing(open_target(f"s3://kho/{request.node.name}")) as target:
        yield target


def again(target):
    """The same place, as the next run sees it."""
    return open_target(target.place)


def restored(target, place, name=None):
    found = restoring.restore(again(target), name, place, SCHEMA, actor="test")
    return found, kept.opened(place)


def test_each_snapshot_restores_its_own_moment_and_only_what_is_new_is_sent(small, target, tmp_path, settings):
    before = kept.rows(small.engine)
    first = small.backup(target)
    small.paper(3)
    second = small.backup(again(target))
    assert (first.copied, second.copied, second.manifest.scans) == (2, 1, 3)
    found, older = restored(target, kept.empty(settings, tmp_path / "1"), first.manifest.name)
    assert (kept.rows(older.engine), found.lost) == (before, [])
    _, newer = restored(target, kept.empty(settings, tmp_path / "2"))
    assert kept.rows(newer.engine) == kept.rows(small.engine)
    with newer.readers() as session:
        assert all(newer.blobs.verify(scan.sha256) for scan in session.query(Scan))
    assert len(again(target)._objects.sizes("sidecars")) == 3


def test_what_a_bucket_holds_a_folder_holds(small, target, tmp_path):
    """The same names: a bucket copied to a disk with any program is a folder of backups."""
    small.backup(target)
    for name in target._objects.sizes():
        (tmp_path / "b" / name).parent.mkdir(parents=True, exist_ok=True)
        assert target._objects.fetch(name, tmp_path / "b" / name)
    folder = open_target(str(tmp_path / "b"))
    assert checking.check(folder).wrong == []
    assert small.backup(folder).copied == 0


def test_a_paper_in_quarantine_leaves_the_bucket(small, target):
    paper = small.paper(3)
    first = small.backup(target).manifest
    archive = Archive.of(small.settings, small.sessions)
    with small.sessions.begin() as session:
        scan = session.get(Document, paper).scan
        sha256 = scan.sha256
        quarantine.impose(session, archive, scan)
    made = small.backup(again(target))
    assert (made.purged, made.tainted) == ([sha256], [first.name])
    assert not again(target).holds(sha256)
    small.backup(again(target), keep=1)
    left = again(target)
    assert len(left.names()) == 1 and set(left.stored()) == set(left.blobs_of(left.names()[0]))


def test_a_damaged_original_is_found_put_aside_and_mended(small, target):
    small.backup(target)
    bad, other = target.stored()
    target._objects.put(f"blobs/{bad[:2]}/{bad[2:4]}/{bad}", b"x" * target._originals[bad])
    assert len(checking.check(again(target)).wrong) == 1
    assert not again(target).holds(bad) and again(target).holds(other)
    assert small.backup(again(target)).copied == 1
    assert checking.check(again(target)).wrong == []


def test_an_original_damaged_here_is_not_sent(small, target):
    with small.readers() as session:
        sha256 = session.query(Scan.sha256).first()[0]
    originals.damage(small.blobs, sha256, small.blobs.path(sha256).read_bytes()[:-1] + b"x")
    assert small.backup(target).manifest.damaged == [sha256]
    assert not again(target).holds(sha256)


def test_what_is_not_ours_is_left_alone_and_one_run_works_at_a_time(small, target):
    with small.sessions.begin():
        pass
    target._objects.put("other/ảnh.jpg", b"x")
    with pytest.raises(NotEmpty):
        small.backup(target)
    target._objects.remove(["other/ảnh.jpg"])
    small.backup(target)
    with again(target).locked(), pytest.raises(Conflict, match="đang chạy"):
        small.backup(again(target))
    target._objects.create(bucket.LOCK, b'{"by": "x", "at": "%s"}' % str(now() - dt.timedelta(hours=2)).encode())
    assert small.backup(again(target)).copied == 0  # whoever had it is long dead


def test_a_changed_snapshot_and_a_hostile_name_are_refused(small, target, tmp_path, settings):
    name = small.backup(target).manifest.name
    target._objects.put(f"snapshots/{name}/settings.toml", b"# x")
    with pytest.raises(CopyBroken):
        restored(target, kept.empty(settings, tmp_path / "new"))
    assert not (tmp_path / "new").exists()
    for url in ("s3://", "http://kho/x", "s3://a:b@kho/x"):
        with pytest.raises(BadValue):
            open_target(url)


def back_up(settings, place, begun):
    office = Office(settings, database.open_engine(settings.database_url))
    begun.set()
    office.backup(open_target(place))


def test_a_killed_backup_harms_none_before_it_and_the_next_one_completes(small, target):
    small.backup(target)
    moments, deaths = random.Random(4), 0
    for n in range(2):
        small.receive(100 + n)
        begun = SPAWN.Event()
        process = SPAWN.Process(target=back_up, args=(small.settings, target.place, begun))
        process.start()
        assert begun.wait(300)
        process.join(moments.uniform(0.02, 0.2))
        process.kill()
        process.join()
        deaths += process.exitcode == -9
        for name in again(target).names():
            restoring.verified(again(target), name)
        target._objects.remove([bucket.LOCK])  # an hour later
    assert deaths > 0
    assert small.backup(again(target)).manifest.scans == 4
    assert checking.check(again(target)).wrong == []


def test_an_archive_over_a_bucket_comes_back_over_another_bucket(settings, office_engine, target, tmp_path):
    small = kept.small(dataclasses.replace(settings, blobs="s3://kho/originals-here"), office_engine)
    assert small.backup(target).copied == 2 and not (settings.data / "blobs").exists()
    place = dataclasses.replace(kept.empty(settings, tmp_path / "new"), blobs="s3://kho/originals-there")
    found, other = restored(target, place)
    assert found.lost == [] and kept.rows(other.engine) == kept.rows(small.engine)
    with other.readers() as session:
        assert all(other.blobs.verify(scan.sha256) for scan in session.query(Scan))
    assert list(other.blobs.walk()) == list(small.blobs.walk())


def test_a_store_that_is_gone_says_so(small, tmp_path):
    pytest.importorskip("obstore")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in weed.keys(f"http://127.0.0.1:{weed.free_port()}").items():
            patch.setenv(name, value)
        with pytest.raises(CopyFailed, match="không trả lời"):
            small.backup(BucketTarget("s3://kho/x"))
        patch.delenv("AWS_ACCESS_KEY_ID")
        with pytest.raises(BadValue, match="AWS_ACCESS_KEY_ID"):
            BucketTarget("s3://kho/x")
