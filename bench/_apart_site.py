"""The installation of bench/apart.py, each part on a machine of its own, and the people who send it papers."""

from __future__ import annotations

import contextlib
import http.client
import io
import itertools
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from PIL import Image

from archive import config, database, people
from archive.models import Scan, Task
from bench import _engines
from bench._engines import BROKERS, PostgreSQL, SeaweedFS, Server
from bench._machines import Machine, Network, listens
from migrations import upgrade

WEB = 8080
LONGEST = 120.0
"""Seconds after the end of a fault; who is not back by then never comes."""
ANSWER = 45.0
"""Seconds a sender waits for an answer."""


def pictures() -> Iterator[bytes]:
    """Pages with one dark pixel, each somewhere else."""
    for number in itertools.count():
        image = Image.new("L", (200, 200), 255)
        image.putpixel(divmod(number, 200), 0)
        out = io.BytesIO()
        image.save(out, "PNG")
        yield out.getvalue()


class Senders:
    """People who hand in one picture after another at the web, and each again until it is taken."""

    def __init__(self, address: str, key: str, rate: float, count: int = 4) -> None:
        self._address, self._key, self._rate, self._count = address, key, rate / count, count
        self._pages, self._turn = pictures(), threading.Lock()
        self.taken: list[tuple[str, str]] = []
        """(scan, its SHA-256), as they were told."""
        self.when: list[float] = []
        self.refused: Counter[str] = Counter()

    @contextlib.contextmanager
    def sending(self) -> Iterator[None]:
        """All the while; at the end each waits until what he holds is taken."""
        stop = threading.Event()
        threads = [threading.Thread(target=self._work, args=(stop,)) for _ in range(self._count)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join(LONGEST)

    def _work(self, stop: threading.Event) -> None:
        while not stop.wait(random.expovariate(self._rate)):
            with self._turn:
                content = next(self._pages)
            self.hand_in(content)

    def hand_in(self, content: bytes) -> None:
        """Send it until it is taken."""
        end = time.monotonic() + 2 * LONGEST
        while (said := self._send(content)) is None and time.monotonic() < end:
            time.sleep(0.5)
        if said:
            self.taken.append(said)
            self.when.append(time.monotonic())

    def _send(self, content: bytes) -> tuple[str, str] | None:
        """What the web says of it; None: it was not taken, or nobody knows."""
        line = http.client.HTTPConnection(self._address, WEB, timeout=ANSWER)
        try:
            line.request("POST", "/api/v1/scans", *self._form(content))
            answer = line.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            self.refused["no answer"] += 1
            return None
        finally:
            line.close()
        if answer.status not in (200, 202):
            self.refused[str(answer.status)] += 1
            return None
        said = json.loads(body)
        return said["id"], said["sha256"]

    def _form(self, content: bytes) -> tuple[bytes, dict[str, str]]:
        head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
        kind = "multipart/form-data; boundary=x"
        return head + content + b"\r\n--x--\r\n", {"Authorization": f"Bearer {self._key}", "Content-Type": kind}


class Site:
    """The whole installation, and the office as the one who counts sees it."""

    def __init__(self, network: Network, folder: Path, broker: str) -> None:
        self.network, self._folder = network, folder
        for name in ("db", "broker", "store", "web"):
            network.machine(name)
        at = network.machines
        self.database = PostgreSQL(at["db"], folder / "db")
        self.broker: Server = BROKERS[broker](at["broker"], folder / "broker")
        self.store = SeaweedFS(at["store"], folder / "store")
        (folder / "quarantine").mkdir(mode=0o700)
        self.settings = config.load(environ=self._environment("here"))
        os.environ |= self.store.keys()
        self.engine = database.open_engine(self.database.url)
        upgrade(self.engine)
        self.sessions = database.sessions(self.engine)
        self.web, self.workers = at["web"], [self.add_worker(f"w{number}") for number in (1, 2)]
        self._serve()

    def _environment(self, name: str) -> dict[str, str]:
        """All that a machine is told."""
        data = self._folder / name
        if not data.exists():
            data.mkdir()
            (data / "quarantine").symlink_to(self._folder / "quarantine")
        mine = {
            "VANTHU_DATA": str(data), "VANTHU_DATABASE": self.database.url, "VANTHU_JOBS": self.broker.url,
            "VANTHU_BLOBS": self.store.url, "VANTHU_RESERVE_MB": "1", "PYTHONPATH": str(Path.cwd()),
        }  # fmt: skip
        return _engines.without_vanthu() | self.store.keys() | mine

    def _start(self, machine: Machine, *words: str) -> subprocess.Popen[bytes]:
        command = (sys.executable, "-m", *words)
        return machine.run(
            *command, environment=self._environment(machine.name), log=self._folder / f"{machine.name}.log"
        )

    def add_worker(self, name: str, *words: str) -> Machine:
        """A machine more, with a worker: of small steps, or what these words start."""
        machine = self.network.machine(name)
        self._start(machine, *(words or ("bench._apart_worker",)))
        return machine

    def _serve(self) -> None:
        process = self._start(self.web, "server.cli", "serve", "--host", self.web.address, "--port", str(WEB))
        listens(self.web.address, WEB, process)

    def key(self) -> str:
        """For the programs that send."""
        with self.sessions.begin() as session:
            user = people.add_user(session, "huong", "clerk", None, "mat-khau-cua-huong")
            return people.new_token(session, user, "senders", ("write",))

    def left(self) -> int:
        """Scans that were taken and are not done."""
        with self.sessions() as session:
            undone = sa.select(sa.func.count()).select_from(Scan).where(Scan.status != "review")
            return int(session.scalar(undone) or 0)

    def moment(self) -> float:
        """The time of the database."""
        with self.sessions() as session:
            return float(session.execute(sa.text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())

    def began(self, since: float) -> set[str]:
        """The machines on which a task was begun since."""
        with self.sessions() as session:
            found = session.scalars(sa.select(Task.worker).where(Task.started > since))
            return {(worker or "").partition(":")[0] for worker in found}

    def held_by(self, machine: Machine) -> int:
        """How many tasks a machine has in hand, as the table says."""
        held = sa.select(sa.func.count()).where(Task.state == "running", Task.worker.startswith(f"{machine.name}:"))
        with self.sessions() as session:
            return int(session.scalar(held) or 0)

    def said(self, *words: str) -> int:
        """How often the workers' logs have one of these."""
        logs = [path.read_text(errors="replace") for path in self._folder.glob("w*.log")]
        return sum(text.count(word) for text in logs for word in words)
