"""What goes wrong in bench/apart.py, one after another."""

from __future__ import annotations

import contextlib
import dataclasses
import signal
import time
from collections.abc import Callable, Iterator

import sqlalchemy as sa

from bench._apart_site import LONGEST, Site
from bench._machines import Machine


class NeverBack(Exception):
    """What should have come by itself did not."""


@dataclasses.dataclass(frozen=True)
class Fault:
    """What happens; `strike` returns when it is over, and may answer what else it measured."""

    name: str
    says: str
    strike: Callable[[Site, float], str | None]


def broker_emptied(site: Site, seconds: float) -> None:
    site.broker.kill()
    time.sleep(seconds / 6)
    site.broker.start()


def database_killed(site: Site, seconds: float) -> None:
    site.database.kill()
    time.sleep(seconds / 12)
    site.database.start()


def database_vanished(site: Site, seconds: float) -> None:
    with cut(site.database.machine):
        time.sleep(seconds / 2)


def store_gone(site: Site, seconds: float) -> None:
    with cut(site.store.machine):
        time.sleep(seconds)


def worker_cut_off(site: Site, seconds: float) -> str:
    worker = site.workers[0]
    wait(lambda: site.held_by(worker) > 0, "a worker with a task")
    with cut(worker):
        took = seconds_until(lambda: site.held_by(worker) == 0, "taking over")
        time.sleep(max(0.0, site.settings.lease_seconds * 1.5 - took))
    return f"its task taken over after {took:.1f} s"


def worker_frozen(site: Site, seconds: float) -> str:
    worker = site.workers[0]
    for _ in range(50):  # until it holds a task when it stops
        worker.tell(signal.SIGSTOP)
        if site.held_by(worker):
            break
        worker.tell(signal.SIGCONT)
        time.sleep(0.1)
    took = seconds_until(lambda: site.held_by(worker) == 0, "taking over")
    worker.tell(signal.SIGCONT)
    return f"its task taken over after {took:.1f} s"


def door_cut_off(site: Site, seconds: float) -> None:
    site.network.part(site.web, site.database.machine)
    time.sleep(seconds / 2)
    site.network.join(site.web, site.database.machine)


def links_worn(site: Site, seconds: float) -> str:
    worker = site.workers[0]
    with site.network.worn(worker, 0.05, 0.05) as one, site.network.worn(site.web, 0.05, 0.05) as other:
        time.sleep(seconds / 2)
    carried, lost = one.carried + other.carried, one.lost + other.lost
    return f"{lost} of {carried + lost} frames lost"


def worker_dead(site: Site, seconds: float) -> str:
    worker = site.workers.pop()
    wait(lambda: site.held_by(worker) > 0, "a worker with a task")
    worker.cut()  # before it dies, so that no server is told
    worker.kill()
    took = seconds_until(lambda: site.held_by(worker) == 0, "taking over")
    site.workers.append(site.add_worker("w3"))
    return f"its task taken over after {took:.1f} s; a new machine in its place"


FAULTS = [
    Fault("broker", "broker killed -9, back empty", broker_emptied),
    Fault("database", "PostgreSQL killed -9, back", database_killed),
    Fault("vanished", "PostgreSQL's link cut", database_vanished),
    Fault("store", "object store's link cut", store_gone),
    Fault("cut", "a worker's link cut beyond its lease", worker_cut_off),
    Fault("frozen", "a worker frozen beyond its lease", worker_frozen),
    Fault("door", "web and PostgreSQL parted", door_cut_off),
    Fault("worn", "links of web and a worker: 50 ms, 5 % lost", links_worn),
    Fault("dead", "a worker's machine dead for good", worker_dead),
]


@contextlib.contextmanager
def cut(machine: Machine) -> Iterator[None]:
    """Its cable is out all the while."""
    machine.cut()
    try:
        yield
    finally:
        machine.plug()


def wait(condition: Callable[[], bool], what: str, seconds: float = LONGEST) -> None:
    """Until it is so; NeverBack."""
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(sa.exc.OperationalError, sa.exc.InterfaceError):  # the database is away as well
            if condition():
                return
        if time.monotonic() > end:
            raise NeverBack(f"{what}: waited {seconds:.0f} s in vain")
        time.sleep(0.1)


def seconds_until(condition: Callable[[], bool], what: str) -> float:
    """How long it took to be so."""
    began = time.monotonic()
    wait(condition, what)
    return time.monotonic() - began
