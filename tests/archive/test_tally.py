"""What processes count together: exact whoever counts and whoever is killed; what cannot be counted is let go."""

import math
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from archive.tally import DEATH, REQUEST, STEP, Tally

ROOT = Path(__file__).parents[2]
COUNTS = """
import sys
from pathlib import Path
from archive.tally import STEP, Tally
tally = Tally(Path(sys.argv[1]), "one")
for n in range(int(sys.argv[2])):
    tally.count(STEP, ("read", "done"), 0.25)
print("counted", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def tally(tmp_path):
    tally = Tally(tmp_path, "one")
    yield tally
    tally.close()


def counter(data, times):
    """A process that counts so often, says so, and waits to be ended."""
    command = [sys.executable, "-c", COUNTS, str(data), str(times)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def test_processes_and_threads_that_count_at_once_lose_nothing(tmp_path, tally):
    processes = [counter(tmp_path, 400) for _ in range(3)]
    threads = [threading.Thread(target=lambda: [tally.count(STEP, ("read", "done"), 0.25) for _ in range(200)])
               for _ in range(4)]  # fmt: skip
    for thread in threads:
        thread.start()
    for one in (*threads, *processes):
        one.join() if isinstance(one, threading.Thread) else one.communicate()
    (counted,) = tally.all()
    assert (counted.labels, counted.bound, counted.count) == (("read", "done"), 0.25, 3 * 400 + 4 * 200)
    assert counted.seconds == pytest.approx(0.25 * counted.count)


def test_what_a_killed_process_counted_stays(tmp_path, tally):
    process = counter(tmp_path, 30)
    assert process.stdout.readline() == b"counted\n"
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert sum(one.count for one in tally.all()) == 30


def test_each_count_lies_under_the_smallest_bound_that_holds_it(tally):
    for seconds in (0.0, 0.005, 0.006, 10.0, 11.0):
        tally.count(REQUEST, ("/x", "GET", "2xx"), seconds)
    tally.count(DEATH, ("work",))
    bounds = Counter({one.bound: one.count for one in tally.all() if one.family == REQUEST})
    assert bounds == {0.005: 2, 0.01: 1, 10.0: 1, math.inf: 1}
    assert [one.bound for one in tally.all() if one.family == DEATH] == [math.inf]


def test_machines_that_share_a_directory_count_apart(tmp_path):
    here, there = Tally(tmp_path, "one"), Tally(tmp_path, "../two")
    here.count(DEATH, ("work",))
    assert (len(here.all()), there.all(), there.file.parent) == (1, [], here.file.parent)
    here.close(), there.close()


@pytest.mark.parametrize("spoil", ["garbage", "folder"])
def test_a_file_that_cannot_be_used_stops_nobody(tally, caplog, spoil):
    tally.file.parent.mkdir()
    tally.file.write_bytes(b"no database" * 1000) if spoil == "garbage" else tally.file.mkdir()
    for _ in range(3):
        tally.count(DEATH, ("work",))
    assert tally.all() == []
    assert len(caplog.records) == 1  # said once, not at every request
