"""What holds of every store of originals: a folder, and a bucket of a real SeaweedFS."""

import hashlib
import io
import os
import sys
import threading
import time
import uuid
from multiprocessing import get_context
from pathlib import Path

import pytest

from archive.blobs import open_blobs
from archive.blobs.near import Near
from archive.errors import BadSettings, NotFound, ScanTooLarge, StoreAway, Transient
from archive.object_store import ObjectStore
from tests import weed
from tests.originals import damage

PAPER = b"%PDF-1.4 a paper" * 1000
SHA256 = hashlib.sha256(PAPER).hexdigest()
ENGINES = ["file", pytest.param("s3", marks=pytest.mark.servers)]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with weed.running(tmp_path_factory.mktemp("weed")) as server:
        yield server


@pytest.fixture(params=ENGINES)
def url(request, tmp_path):
    """The address of an empty store."""
    if request.param == "file":
        return f"file:{tmp_path}/store"
    request.getfixturevalue("server")
    return f"s3://kho/{uuid.uuid4().hex}"


@pytest.fixture
def blobs(url, tmp_path):
    return open_blobs(url, tmp_path)


@pytest.fixture
def in_bucket(server, tmp_path):
    return open_blobs(f"s3://kho/{uuid.uuid4().hex}", tmp_path)


def elsewhere(url, tmp_path):
    """The same store, as another machine opens it; a folder is the same disk."""
    other = tmp_path / uuid.uuid4().hex
    other.mkdir()
    return open_blobs(url, other)


def test_bytes_come_back_unchanged(blobs):
    before = time.time() - 60
    blob = blobs.put(io.BytesIO(PAPER))
    assert (blob.sha256, blob.size, blobs.size(SHA256)) == (SHA256, len(PAPER), len(PAPER))
    assert blobs.path(SHA256).read_bytes() == PAPER and blobs.path(SHA256).is_absolute()
    with blobs.open(SHA256) as stream:
        assert stream.read(4) == b"%PDF" and stream.read() == PAPER[4:]
    assert blobs.has(SHA256) and blobs.verify(SHA256)
    assert before < blobs.born(SHA256) < time.time() + 60


def test_another_machine_sees_what_was_put(blobs, url, tmp_path):
    blobs.put(io.BytesIO(PAPER))
    other = elsewhere(url, tmp_path)
    assert other.path(SHA256).read_bytes() == PAPER
    assert other.put(io.BytesIO(PAPER)).sha256 == SHA256
    assert list(other.walk()) == [SHA256]


def test_the_same_bytes_are_written_once(blobs, tmp_path):
    file = tmp_path / "scan.pdf"
    file.write_bytes(PAPER)
    first = blobs.put(file)
    born = blobs.born(SHA256)
    assert blobs.put(io.BytesIO(PAPER)) == first
    assert blobs.born(SHA256) == born and list(blobs.walk()) == [SHA256]


def test_a_changed_byte_is_noticed_and_mended_when_the_bytes_come_again(blobs, url, tmp_path):
    blobs.put(io.BytesIO(PAPER))
    damage(blobs, SHA256, b"X" + PAPER[1:])
    assert not blobs.verify(SHA256) and blobs.has(SHA256)
    blobs.put(io.BytesIO(PAPER))
    assert blobs.verify(SHA256) and elsewhere(url, tmp_path).verify(SHA256)
    damage(blobs, SHA256, PAPER[:-1])
    blobs.put(io.BytesIO(PAPER))
    assert blobs.verify(SHA256)


def test_what_is_not_there_is_said(blobs):
    nobody = "0" * 64
    assert not blobs.has(nobody) and not blobs.verify(nobody) and not blobs.is_there()
    blobs.remove(nobody)
    for ask in (blobs.path, blobs.open, blobs.size, blobs.born):
        for name in (nobody, "../../etc/passwd", ""):
            with pytest.raises(NotFound):
                ask(name)
    for name in ("../../etc/passwd", "", nobody.upper() + "G"):
        assert not blobs.has(name) and not blobs.verify(name)


class Breaking(io.BytesIO):
    """A sender who hangs up in the middle."""

    def read(self, size=-1):
        if self.tell():
            raise ConnectionResetError
        return super().read(size)


def test_what_is_not_taken_leaves_nothing(blobs, tmp_path):
    with pytest.raises(ScanTooLarge):
        blobs.put(io.BytesIO(PAPER), limit=100)
    with pytest.raises(ConnectionResetError):
        blobs.put(Breaking(PAPER))
    assert list(blobs.walk()) == [] and not blobs.is_there()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_blob_moves_out_whole_and_leaves_nothing(blobs, url, tmp_path):
    blobs.put(io.BytesIO(PAPER))
    target = tmp_path / SHA256
    assert blobs.take(SHA256, target)
    assert target.read_bytes() == PAPER and target.stat().st_mode & 0o777 == 0o400
    assert not blobs.has(SHA256) and not elsewhere(url, tmp_path).has(SHA256)
    assert not blobs.take(SHA256, target) and target.read_bytes() == PAPER
    assert [path for path in tmp_path.rglob(f"*{SHA256}*") if path.is_file()] == [target]


def test_blobs_are_walked_in_order_and_removed(blobs):
    names = sorted(blobs.put(io.BytesIO(b"%d" % n)).sha256 for n in range(12))
    assert list(blobs.walk()) == names and blobs.is_there()
    blobs.remove(names[0])
    assert list(blobs.walk()) == names[1:]


def test_copies_near_at_hand_are_forgotten_and_the_original_stays(blobs):
    blobs.put(io.BytesIO(PAPER))
    blobs.path(SHA256)
    blobs.forget([SHA256, "no name"])
    assert blobs.path(SHA256).read_bytes() == PAPER


def test_many_senders_of_the_same_bytes_are_all_told_they_are_kept(blobs, url, tmp_path):
    told = []
    senders = [elsewhere(url, tmp_path) for _ in range(6)]
    threads = [threading.Thread(target=lambda one=one: told.append(one.put(io.BytesIO(PAPER)))) for one in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {blob.sha256 for blob in told} == {SHA256} and len(told) == 6
    assert blobs.verify(SHA256) and list(blobs.walk()) == [SHA256]


def test_a_store_that_works_has_no_fault_and_keeps_no_trace_of_being_tried(blobs):
    assert blobs.fault() is None
    assert list(blobs.walk()) == [] and blobs.free() > 0


# ------------------------------------------------------------------------------------------------ a bucket alone


@pytest.mark.servers
def test_a_wrong_answer_of_the_store_is_no_original(in_bucket, tmp_path):
    in_bucket.put(io.BytesIO(PAPER))
    damage(in_bucket, SHA256, b"X" + PAPER[1:])
    in_bucket.forget([SHA256])
    with pytest.raises(Transient, match="hỏng"):
        in_bucket.path(SHA256)
    assert not [path for path in (tmp_path / "near").rglob("*") if path.is_file()]


@pytest.mark.servers
def test_a_damaged_original_is_moved_out_as_it_is(in_bucket, tmp_path):
    in_bucket.put(io.BytesIO(PAPER))
    damage(in_bucket, SHA256, b"X" + PAPER[1:])
    assert in_bucket.take(SHA256, tmp_path / "safe")
    assert (tmp_path / "safe").read_bytes() == b"X" + PAPER[1:] and not in_bucket.has(SHA256)


@pytest.mark.servers
def test_what_others_put_among_the_originals_is_no_original(in_bucket):
    in_bucket.put(io.BytesIO(PAPER))
    in_bucket._objects.put("sha256/ab/readme.txt", b"of an administrator")
    assert list(in_bucket.walk()) == [SHA256]


@pytest.mark.servers
def test_who_waits_for_an_original_is_asked_whether_to_go_on(in_bucket):
    in_bucket.put(io.BytesIO(PAPER))
    beats = []
    assert in_bucket.path(SHA256, lambda: beats.append(1)).is_file() and beats
    in_bucket.forget([SHA256])
    with pytest.raises(KeyboardInterrupt):
        in_bucket.path(SHA256, give_up)
    assert in_bucket.forget([SHA256]) == 0


def give_up():
    raise KeyboardInterrupt


class Lying(ObjectStore):
    """A store that says it keeps what it was sent, and keeps something else."""

    def create(self, name, content):
        return super().create(name, b"X" + content.read_bytes()[1:])


@pytest.mark.servers
def test_what_a_store_keeps_otherwise_than_sent_does_not_count_as_kept(in_bucket, tmp_path):
    url = in_bucket._objects.url
    honest, in_bucket._objects = in_bucket._objects, Lying(url)
    with pytest.raises(StoreAway, match="khác"):
        in_bucket.put(io.BytesIO(PAPER))
    in_bucket._objects = honest
    assert not in_bucket.verify(SHA256)
    assert in_bucket.verify(in_bucket.put(io.BytesIO(PAPER)).sha256)


@pytest.mark.servers
def test_a_copy_near_at_hand_is_forgotten_and_fetched_again(in_bucket, tmp_path):
    path = in_bucket.path(in_bucket.put(io.BytesIO(PAPER)).sha256)
    assert tmp_path in path.parents and path.stat().st_mode & 0o777 == 0o440
    assert in_bucket.forget([SHA256, "0" * 64]) == 1 and not path.exists()
    assert in_bucket.path(SHA256) == path and path.read_bytes() == PAPER


def put_large(url, folder, answer):
    """In a process of its own, whose memory is its own."""
    import resource

    blobs = open_blobs(url, Path(folder))
    blobs.put(io.BytesIO(b"warm"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    blob = blobs.put(_Zeros(96 << 20))
    blobs.forget([blob.sha256])
    blobs.path(blob.sha256)
    answer.send((blob.size, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before))


class _Zeros:
    def __init__(self, size):
        self.left = size

    def read(self, size):
        size = min(size, self.left)
        self.left -= size
        return bytes(size)


@pytest.mark.servers
def test_a_large_file_goes_through_in_little_memory(in_bucket, tmp_path):
    ours, theirs = get_context("spawn").Pipe()
    args = (in_bucket._objects.url, str(tmp_path), theirs)
    process = get_context("spawn").Process(target=put_large, args=args)
    process.start()
    assert ours.poll(120)
    size, grown = ours.recv()
    process.join()
    assert size == 96 << 20 and grown < 64 << 10  # kilobytes


@pytest.mark.servers
def test_a_store_that_is_gone_says_so(server, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{weed.free_port()}")
    blobs = open_blobs("s3://kho/x", tmp_path)
    for ask in (lambda: blobs.put(io.BytesIO(PAPER)), lambda: blobs.path(SHA256), lambda: blobs.has(SHA256),
                lambda: list(blobs.walk())):  # fmt: skip
        with pytest.raises(StoreAway, match="không trả lời"):
            ask()
    assert "không trả lời" in blobs.fault()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


class Faltering(io.BytesIO):
    """A sender at whose last byte the way to the store breaks."""

    def __init__(self, content, cable):
        super().__init__(content)
        self.cable = cable

    def read(self, size=-1):
        piece = super().read(size)
        if not piece:
            self.cable.cut(after=3 << 20)
        return piece


@pytest.mark.servers
@pytest.mark.parametrize("size", [5 << 20, 12 << 20], ids=["in one request", "in parts"])
def test_a_store_that_breaks_off_in_the_middle_of_a_file_keeps_nothing_of_it(server, tmp_path, monkeypatch, size):
    cable = weed.Cable(server.port)
    monkeypatch.setenv("AWS_ENDPOINT_URL", cable.url)
    cable.lay()
    blobs = open_blobs(f"s3://kho/{uuid.uuid4().hex}", tmp_path)
    content = os.urandom(size)
    with pytest.raises(StoreAway):
        blobs.put(Faltering(content, cable))
    assert cable.passed >= 3 << 20
    cable.lay()
    assert not blobs.is_there()
    assert blobs.verify(blobs.put(io.BytesIO(content)).sha256)
    cable.cut()


@pytest.mark.servers
def test_no_such_bucket_is_not_a_lost_original(server, tmp_path):
    blobs = open_blobs("s3://nobody/x", tmp_path)
    with pytest.raises(StoreAway, match="bucket"):
        blobs.path(SHA256)
    assert blobs.fault()


@pytest.mark.servers
@pytest.mark.parametrize("url", ["s3://", "s3://kho", "s3://a:b@kho/x", "s3://kho/x?near_mb=-1", "s3://kho/x?y=1"])
def test_an_address_that_is_none_is_refused_at_the_start(server, tmp_path, url):
    with pytest.raises(BadSettings):
        open_blobs(url, tmp_path)


def test_a_start_without_the_optional_extra_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    with pytest.raises(BadSettings, match=r"requirements-s3\.lock"):
        open_blobs("s3://kho/x", tmp_path)


# ------------------------------------------------------------------------------------------------ copies near at hand


def kept(near, number, age):
    """A copy of 1 MB that was last used `age` seconds ago."""
    name = hashlib.sha256(b"%d" % number).hexdigest()
    half = near.root / "half"
    half.write_bytes(bytes(1 << 20))
    path = near.keep(half, name)
    os.utime(path, (time.time() - age, time.time() - age))
    return name


def test_copies_longest_unused_go_first_and_those_in_use_stay(tmp_path):
    near = Near(tmp_path / "near", 3 << 20)
    old = [kept(near, number, 5000 - number) for number in range(3)]
    assert near.path(old[0])  # used again
    new = [kept(near, number, 10) for number in range(3, 6)]
    near.tidy()
    assert [bool(near.path(name)) for name in (*old, *new)] == [True, False, False, True, True, True]


def test_one_process_tidies_at_a_time(tmp_path):
    near = Near(tmp_path / "near", 0)
    with near._alone() as ours:
        assert ours
        kept(near, 1, 5000)
        assert Near(tmp_path / "near", 0).tidy() == 0
    assert near.tidy() == 1
