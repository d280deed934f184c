"""The fault matrix in small: a day of the archive under kill -9, failing disks, power cuts and a jumping clock.

Each case is a real day of a forked process with a library before libc (bench/_faults.c) that reaches SQLite's writes,
too. `./run bench faults` takes every call instead of some of each kind.
"""

import errno
import tempfile
from pathlib import Path

import pytest

from bench import faults
from bench._faults_disk import HOWS

YEAR = 31_536_000
pytestmark = pytest.mark.embedded("writes of SQLite and of files are made to fail")


@pytest.fixture(scope="module")
def ground():
    if not faults.compiler():
        pytest.skip("no C compiler on this machine: writes of SQLite cannot be made to fail")
    with tempfile.TemporaryDirectory(prefix="vanthu-faults-", dir=faults.memory()) as folder:
        ground = faults.Ground(Path(folder), papers=1)
        yield ground
        ground.close()


@pytest.fixture(scope="module")
def day(ground):
    """A day without faults, all it wrote, and the disk it began on."""
    return faults.recorded(ground)


def wrong(cases):
    return [case for case in cases if case[1]]


def test_a_day_without_faults_writes_what_it_should(ground, day):
    record, _ = day
    assert [note["kind"] for note in record.notes] == ["received", "worked", "registered", "worked", "over"]
    named = {(call.other or call.path).rpartition("/")[2] for call in record.writes}
    assert {"vanthu.db", "vanthu.db-wal", "CURRENT", "LOCK"} <= named
    assert list(faults.undone(record.folder, ground.papers)) == []


def test_what_a_check_looks_for_is_found(ground, day):
    """The checks themselves: a lost scan, a lost number and a damaged original are seen."""
    record, _ = day
    empty = ground.new()
    assert len(list(faults.lost(empty, record.notes))) == 2
    assert any("scans" in said for said in faults.undone(empty, ground.papers))


def test_kill_9_at_boundaries_of_every_step_loses_and_doubles_nothing(ground, day):
    points = faults.boundaries(day[0])[::6]
    assert len(points) > 12
    assert wrong((at, list(faults.killed(ground, at))) for at in points) == []


@pytest.mark.parametrize("error", faults.ERRORS, ids=errno.errorcode.get)
def test_a_disk_that_fails_is_said_and_gone_on_after(ground, day, error):
    which = faults.ERRORS.index(error)
    points = faults.boundaries(day[0])[which::12]
    ways = (faults.FAIL_ON, faults.FAIL_ONCE)
    cases = ((at, list(faults.failed(ground, at, ways[n % 2], error))) for n, at in enumerate(points))
    assert wrong(cases) == []


def test_a_power_cut_loses_nothing_that_was_promised(ground, day):
    record, disk = day
    points = set(faults.boundaries(record)[::2])
    assert wrong(faults.powerless(ground, record, disk, points, days=False)) == []


@pytest.mark.parametrize("how", HOWS)
def test_after_a_power_cut_the_day_goes_on(ground, how):
    record, disk = faults.recorded(ground)
    points = set(faults.boundaries(record)[3::35])
    assert wrong(faults.powerless(ground, record, disk, points, [how])) == []


@pytest.mark.parametrize("seconds", [-YEAR, -3600, 3600, YEAR])
def test_a_clock_that_jumped_while_the_machine_was_down_holds_nothing_up(ground, day, seconds):
    at = faults.boundaries(day[0])[40]
    killed = ground.live(ground.new(), faults.KILL, at)
    again = ground.live(killed.folder, clock=seconds)
    assert list(faults.rude(again.notes)) == []
    assert list(faults.lost(killed.folder, killed.notes + again.notes)) == []
    assert list(faults.undone(killed.folder, ground.papers)) == []
