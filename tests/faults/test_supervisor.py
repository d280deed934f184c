"""`vanthu up`: whoever is killed comes back, and nobody outlives the supervisor."""

import dataclasses
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from archive.errors import BadSettings
from server.supervisor import supervise
from tests.faults.line import until

ROOT = Path(__file__).parents[2]


def parts_of(pid):
    """pid → command of the processes a supervisor has."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int(entry.joinpath("stat").read_text().rpartition(")")[2].split()[1])
            command = entry.joinpath("cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == pid and b"server.supervisor" in command:
            found[int(entry.name)] = command[-2].decode()
    return found


def is_alive(pid):
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def up(settings):
    """A started `vanthu up` with one worker, and the port it listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"VANTHU_DATA": str(settings.data), "VANTHU_RESERVE_MB": "1"}
    command = [sys.executable, "-m", "server.cli", "up", "--port", str(port), "--workers", "1"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    yield process, port
    process.kill()
    process.wait()


def answers(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=30) as response:
            return response.status == 200
    except (urllib.error.URLError, OSError):
        return False


def test_whoever_is_killed_comes_back_and_sigterm_drains(up):
    process, port = up
    until(lambda: answers(port))
    before = until(lambda: len(parts_of(process.pid)) == 3 and parts_of(process.pid))
    assert sorted(before.values()) == ["scrub", "serve", "work"]
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    after = until(lambda: len(parts_of(process.pid)) == 3 and parts_of(process.pid))
    assert sorted(after.values()) == ["scrub", "serve", "work"]
    assert not set(before) & set(after)
    until(lambda: answers(port))
    process.terminate()
    assert process.wait(300) == 0
    assert not any(is_alive(pid) for pid in after)


def test_nobody_outlives_a_killed_supervisor(up):
    process, _ = up
    parts = until(lambda: len(parts_of(process.pid)) == 3 and parts_of(process.pid))
    time.sleep(1.0)  # until they hold the lifeline
    process.kill()
    until(lambda: not any(is_alive(pid) for pid in parts))


def test_a_port_that_is_taken_is_said_at_once(settings):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(BadSettings, match=str(port)):
            supervise(dataclasses.replace(settings, port=port))
