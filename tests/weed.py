"""A real SeaweedFS for tests: an object store that speaks S3, on this machine, gone with the test."""

import contextlib
import importlib.util
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest

WEED = Path(sys.executable).with_name("weed")
BUCKET = "kho"


def need():
    """Skips where it is not installed; fails there where servers are required."""
    missing = None if WEED.exists() else "SeaweedFS, of requirements-test.lock, is not installed"
    if importlib.util.find_spec("obstore") is None:
        missing = "the optional extra s3 is not installed"
    if missing and os.environ.get("VANTHU_TEST_SERVERS") == "1":
        pytest.fail(f"VANTHU_TEST_SERVERS=1, but {missing}")
    if missing:
        pytest.skip(missing)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def keys(url):
    """What S3 programs look for in the environment."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_REGION": "us-east-1",
    }


class Cable:
    """A way to the server at `port` that can be cut: nobody answers then, and what is under way breaks off."""

    def __init__(self, port):
        self._far, self.port, self._door, self._ends = port, free_port(), None, []
        self.url = f"http://127.0.0.1:{self.port}"
        self._left, self.passed = None, 0

    def lay(self):
        self._left = None
        self._door = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._serve, args=(self._door,), daemon=True).start()

    def cut(self, after=0):
        """Now, or when as many bytes have passed."""
        if after:
            self._left, self.passed = after, 0
            return
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._ends.clear()

    def _serve(self, door):
        with contextlib.suppress(OSError):
            while True:
                ends = [door.accept()[0], socket.create_connection(("127.0.0.1", self._far))]
                self._ends += ends
                for source, target in (ends, ends[::-1]):
                    threading.Thread(target=self._pump, args=(source, target), daemon=True).start()

    def _pump(self, source, target):
        with contextlib.suppress(OSError):
            while piece := source.recv(1 << 16):
                target.sendall(piece)
                self.passed += len(piece)
                if self._left is not None and self.passed >= self._left:
                    self._left = None
                    self.cut()
            target.shutdown(socket.SHUT_WR)


class Weed:
    """One server over the new folder `folder`."""

    def __init__(self, folder):
        folder.mkdir()
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._places = [f"-{name}={free_port()}" for name in self._ports()]
        self.process = None

    @staticmethod
    def _ports():
        for name in ("master", "volume", "filer"):
            yield from (f"{name}.port", f"{name}.port.grpc")
        yield "s3.port.grpc"

    def start(self):
        """Whether it came up: of its seven ports another program may have taken one meanwhile."""
        command = [WEED, "server", f"-dir={self.folder}", "-s3", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"]
        command += [f"-s3.port={self.port}", *self._places]
        command += ["-s3.port.lance=0", "-s3.port.iceberg=0", "-master.telemetry=false"]  # nothing else listens, tells
        command += ["-master.volumeSizeLimitMB=64", "-volume.max=20"]
        # Keys in its environment it would ask of everybody: those of another server, in force around this one.
        plain = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self.process = subprocess.Popen(command, env=plain, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(1500):
            with contextlib.suppress(OSError), urllib.request.urlopen(self.url, timeout=1):
                return True
            if self.process.poll() is not None:
                break
            time.sleep(0.2)
        self.stop()
        return False

    def stop(self):
        self.process.kill()
        self.process.wait()

    def make(self, bucket=BUCKET):
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/{bucket}", method="PUT"))


@contextlib.contextmanager
def running(folder):
    """A server with one empty bucket, and the environment in which programs find it."""
    need()
    weed = next((one for n in range(3) if (one := Weed(folder / str(n))).start()), None)
    if weed is None:
        pytest.fail("SeaweedFS did not come up, three times")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in keys(weed.url).items():
            patch.setenv(name, value)
        try:
            weed.make()
            yield weed
        finally:
            weed.stop()
