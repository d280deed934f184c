"""The place for secret bytes: moved there and back whole, from another disk too, shut to others, gone for good."""

import errno
import io
import stat
import tempfile
from pathlib import Path

import pytest

from archive.blobs import open_blobs
from archive.errors import NotFound
from archive.safe import Safe


@pytest.fixture
def place(tmp_path):
    blobs, safe = open_blobs("file:", tmp_path), Safe(tmp_path)
    return blobs, safe, blobs.put(io.BytesIO(b"mat")).sha256


def test_bytes_move_in_and_out_with_their_name(place):
    blobs, safe, sha256 = place
    assert not safe.has(sha256) and safe.give_back(blobs, sha256) is None
    safe.take(blobs, sha256, "vụ án.pdf")
    safe.take(blobs, sha256, "tệp cách ly")  # a step that is repeated
    assert (blobs.has(sha256), safe.has(sha256), safe.filename(sha256)) == (False, True, "vụ án.pdf")
    assert stat.S_IMODE(safe.root.stat().st_mode) == 0o700
    assert safe.give_back(blobs, sha256) == "vụ án.pdf"
    assert blobs.verify(sha256) and not safe.has(sha256) and list(safe.root.iterdir()) == []


def test_what_is_in_both_places_ends_in_one(place):
    blobs, safe, sha256 = place
    safe.take(blobs, sha256, "a")
    blobs.put(io.BytesIO(b"mat"))
    assert safe.give_back(blobs, sha256) == "a"
    assert blobs.verify(sha256) and not safe.has(sha256)


def test_a_name_that_was_lost_costs_no_bytes(place):
    blobs, safe, sha256 = place
    safe.take(blobs, sha256, "a")
    (safe.root / f"{sha256}.json").write_text("{", encoding="utf-8")
    assert safe.give_back(blobs, sha256) == "không tên"
    assert blobs.verify(sha256)


def test_nothing_is_destroyed_twice_and_no_other_name_is_taken(place):
    blobs, safe, sha256 = place
    safe.destroy(sha256)  # before there is a place at all
    safe.take(blobs, sha256, "a")
    safe.destroy(sha256)
    assert not safe.has(sha256) and not blobs.has(sha256)
    assert not safe.has("../x")
    with pytest.raises(NotFound):
        safe.destroy("../x")


def test_bytes_come_from_another_disk_too(tmp_path):
    other = Path("/dev/shm")
    if not other.is_dir() or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no other disk")
    with tempfile.TemporaryDirectory(dir=other) as folder:
        blobs, safe = open_blobs(f"file:{folder}/blobs", tmp_path), Safe(tmp_path)
        sha256 = blobs.put(io.BytesIO(b"mat")).sha256
        with pytest.raises(OSError) as across:
            blobs.path(sha256).rename(tmp_path / "x")
        assert across.value.errno == errno.EXDEV
        safe.take(blobs, sha256, "a")
        assert safe.has(sha256) and not blobs.has(sha256)
        assert safe.give_back(blobs, sha256) == "a" and blobs.verify(sha256)
