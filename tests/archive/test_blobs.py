"""Originals and projections: written once, found again, nothing half-written stays."""

import errno
import io
import os
import stat
from pathlib import Path

import pytest

from archive.blobs import open_blobs
from archive.blobs.probe import Probe
from archive.derived import Derived
from archive.errors import BadSettings, DiskFull, NotFound, ScanTooLarge

PAPER = b"%PDF-1.4 a paper" * 1000


@pytest.fixture
def blobs(tmp_path):
    return open_blobs("file:", tmp_path)


def names(blobs):
    return [path for path in blobs.root.rglob("*") if path.is_file()]


def test_bytes_come_back_unchanged_and_read_only(blobs):
    blob = blobs.put(io.BytesIO(PAPER))
    assert blobs.path(blob.sha256).read_bytes() == PAPER
    assert blob.size == len(PAPER)
    assert stat.S_IMODE(blobs.path(blob.sha256).stat().st_mode) == 0o440
    assert names(blobs) == [blobs.path(blob.sha256)]


def test_the_same_bytes_are_the_same_blob(blobs, tmp_path):
    file = tmp_path / "scan.pdf"
    file.write_bytes(PAPER)
    first = blobs.put(io.BytesIO(PAPER))
    inode = blobs.path(first.sha256).stat().st_ino
    assert blobs.put(file) == first
    assert blobs.path(first.sha256).stat().st_ino == inode
    assert list(blobs.walk()) == [first.sha256]


def test_a_changed_bit_is_noticed(blobs):
    blob = blobs.put(io.BytesIO(PAPER))
    assert blobs.verify(blob.sha256)
    path = blobs.path(blob.sha256)
    path.chmod(0o640)
    path.write_bytes(b"X" + PAPER[1:])
    assert not blobs.verify(blob.sha256)


def test_what_is_not_there_is_said(blobs):
    assert not blobs.has("0" * 64)
    assert not blobs.verify("0" * 64)
    with pytest.raises(NotFound):
        blobs.path("0" * 64)
    with pytest.raises(NotFound):
        blobs.path("../../etc/passwd")


def test_too_large_leaves_nothing(blobs):
    with pytest.raises(ScanTooLarge, match="MB"):
        blobs.put(io.BytesIO(PAPER), limit=100)
    assert names(blobs) == []


class Breaking(io.BytesIO):
    """A stream that ends in an error, as a dropped connection or a full disk does."""

    def __init__(self, error):
        super().__init__(PAPER)
        self.error = error

    def read(self, size=-1):
        if self.tell():
            raise self.error
        return super().read(size)


def test_a_full_disk_is_said_in_a_sentence_and_leaves_nothing(blobs):
    with pytest.raises(DiskFull, match="hết chỗ"):
        blobs.put(Breaking(OSError(errno.ENOSPC, "no space")))
    assert names(blobs) == []


def test_a_sender_who_hangs_up_leaves_nothing(blobs):
    with pytest.raises(ConnectionResetError):
        blobs.put(Breaking(ConnectionResetError()))
    assert names(blobs) == []


def test_opening_sweeps_what_a_crash_left(blobs, tmp_path):
    left = blobs.root / "tmp" / "0123456789abcdef"
    left.write_bytes(b"half")
    os.utime(left, (1, 1))
    open_blobs("file:", tmp_path)
    assert not left.exists()


def test_opening_lets_a_busy_writer_be(blobs, tmp_path):
    class Slow(io.BytesIO):
        def read(self, size=-1):
            for half in (blobs.root / "tmp").iterdir():
                os.utime(half, (1, 1))
            assert open_blobs("file:", tmp_path).sweep() == 0
            return super().read(size)

    blob = blobs.put(Slow(PAPER))
    assert blobs.verify(blob.sha256)


def test_names_are_durable_before_they_are_told(blobs, monkeypatch):
    synced = []
    real = os.fsync
    name = lambda fd: str(Path(f"/proc/self/fd/{fd}").readlink())  # noqa: E731
    monkeypatch.setattr(os, "fsync", lambda fd: (synced.append(name(fd)), real(fd)))
    blob = blobs.put(io.BytesIO(PAPER))
    folder = blobs.path(blob.sha256).parent
    assert "/tmp/" in synced[0]
    assert [str(folder), str(folder.parent), str(folder.parent.parent), str(blobs.root)] == synced[1:]


def test_an_unknown_store_is_refused(tmp_path):
    with pytest.raises(BadSettings):
        open_blobs("ftp:", tmp_path)


def test_a_disk_of_this_machine_needs_no_probe(blobs):
    assert Probe(blobs).fault() is None


def test_projections_can_be_thrown_away(tmp_path):
    derived = Derived(tmp_path)
    derived.put("a" * 32, "1.webp", b"one")
    derived.put("a" * 32, "1.webp", b"two")
    assert derived.get("a" * 32, "1.webp") == b"two"
    derived.drop("a" * 32)
    derived.drop("a" * 32)
    assert derived.get("a" * 32, "1.webp") is None


def test_a_forgotten_scan_gets_no_picture_again(tmp_path):
    derived = Derived(tmp_path)
    derived.put("a" * 32, "1.webp", b"secret")
    derived.forget("a" * 32)
    derived.put("a" * 32, "2.webp", b"secret")
    assert derived.get("a" * 32, "1.webp") is None
    assert derived.get("a" * 32, "2.webp") is None
    assert derived.is_forgotten("a" * 32)


@pytest.mark.parametrize("name", ["../1.webp", "1", "a/b.webp", "forgotten.mark", ""])
def test_only_names_of_projections_are_taken(tmp_path, name):
    with pytest.raises(ValueError, match="projection"):
        Derived(tmp_path).put("a" * 32, name, b"")


def test_a_blob_that_was_damaged_is_whole_again_when_its_bytes_come_again(blobs):
    kept = blobs.put(io.BytesIO(b"the paper"))
    path = blobs.path(kept.sha256)
    path.chmod(0o640)
    path.write_bytes(b"the paqer")
    assert not blobs.verify(kept.sha256)
    assert blobs.put(io.BytesIO(b"the paper")) == kept
    assert blobs.verify(kept.sha256) and path.stat().st_mode & 0o777 == 0o440


def test_a_young_file_without_a_lock_may_be_about_to_get_one(blobs):
    young = blobs.root / "tmp" / "young"
    young.write_bytes(b"x")
    assert blobs.sweep() == 0 and young.exists()
    assert blobs.sweep(young.stat().st_mtime + 61) == 1 and not young.exists()
