"""Kill matrix over machines apart: every server and worker has a network of its own, and one thing after another fails.

    python -m bench apart [--broker rabbitmq|redis] [--seconds 60] [--rate 3] [--papers 2] [--only NAME…]

Six machines (network namespaces, bench/_machines.py): PostgreSQL, the broker, SeaweedFS, a web, two workers, each with
a data folder of its own; only the quarantine is shared. They find one another by configuration alone. Four senders hand
in small pictures over HTTP, and send again what was not taken. Each fault comes while scans are on their way and ends
after a while; then all must come back to work by itself, and everything is counted from the database and the bucket:
every scan that was taken is done, each of its steps once, its bytes whole; none is there twice. Prints a row per fault;
status 1 when anything was lost or doubled, or did not come back; 2 where such machines cannot be made.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import io
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import sqlalchemy as sa

from archive import history
from archive.blobs import open_blobs
from archive.models import Document, Event, Scan
from bench import _engines, _machines
from bench._apart_faults import FAULTS, Fault, NeverBack, cut, wait
from bench._apart_site import LONGEST, Senders, Site
from bench._apart_worker import ACTOR, EVERY_STEP
from bench._engines import BROKERS
from bench._machines import Network
from server import demo


@dataclasses.dataclass
class Row:
    """What became of the scans around one fault."""

    says: str
    scans: int
    wrong: list[str]
    doubled: list[str]
    told: int
    """How often a sender heard that a scan was not taken, or nothing."""
    door: float
    """Seconds from the end of the fault to the next scan that was taken,"""
    workers: float
    """to the moment when each machine has begun a task since,"""
    done: float
    """and to the one when all that was taken is done."""
    fenced: int
    more: str = ""

    def __str__(self) -> str:
        seconds = f"{self.door:6.1f} {self.workers:8.1f} {self.done:6.1f}"
        counts = f"{self.scans:5} {self.told:5} {len(self.wrong):5} {len(self.doubled):8} {self.fenced:7}"
        return f"{self.says:44} {counts} {seconds}  {self.more}"


HEAD = f"{'fault':44} scans  told  lost  doubled  fenced   door  workers   done"


def suffer(site: Site, senders: Senders, fault: Fault, seconds: float) -> Row:
    """One fault, from scans on their way to all of them done."""
    before, told = len(senders.taken), senders.refused.total()
    fenced = site.said("step fenced", "lease lost")
    with senders.sending():
        wait(lambda: len(senders.taken) >= before + 8 and site.left() > 0, "scans on their way")
        more = fault.strike(site, seconds) or ""
        over = time.monotonic()
        wait(lambda: senders.when[-1] > over, "the door")
        door = next(moment for moment in senders.when if moment > over) - over
        since, names = site.moment(), {machine.name for machine in site.workers}
        wait(lambda: site.began(since) >= names, "workers")
        workers = time.monotonic() - over
    wait(lambda: site.left() == 0, "all done")
    done = time.monotonic() - over
    taken = senders.taken[before:]
    return Row(
        fault.says, len(taken), list(lost(site, taken)), list(doubled(site, taken)), senders.refused.total() - told,
        door, workers, done, site.said("step fenced", "lease lost") - fenced, more,
    )  # fmt: skip


def read_papers(site: Site, senders: Senders, count: int, seconds: float) -> Row:
    """Drawn papers of one page through the real steps, while a machine that reads dies and the store is gone."""
    for worker in site.workers:
        worker.kill()
    first, *site.workers = [site.add_worker(name, "server.cli", "work") for name in ("r1", "r2")]
    before, told = len(senders.taken), senders.refused.total()
    for paper in demo.papers()[:count]:
        out = io.BytesIO()
        demo.draw(paper, dpi=150)[0].save(out, "PNG")
        senders.hand_in(out.getvalue())
    wait(lambda: site.held_by(first) > 0, "a worker with a task")
    with cut(site.store.machine):
        first.cut()
        first.kill()
        time.sleep(seconds / 3)
    over, taken = time.monotonic(), senders.taken[before:]
    wait(lambda: site.left() == 0, "all read", 4 * LONGEST)
    done, wrong, twice = time.monotonic() - over, list(unread(site, taken)), list(read_twice(site, taken))
    return Row("papers read: a worker dead, store's link cut", len(taken), wrong, twice,
               senders.refused.total() - told, 0.0, 0.0, done, 0)  # fmt: skip


def unread(site: Site, taken: list[tuple[str, str]]) -> Iterator[str]:
    """Papers without a document, or whose bytes are not whole."""
    blobs = open_blobs(site.settings.blobs, site.settings.data)
    with site.sessions() as session:
        for id_, sha256 in taken:
            if session.scalar(sa.select(sa.func.count()).where(Document.scan_id == id_)) != 1:
                yield f"{id_} is not one document"
            if not blobs.verify(sha256):
                yield f"the original of {id_} is gone or changed"


def read_twice(site: Site, taken: list[tuple[str, str]]) -> Iterator[str]:
    """What the line says to have done to a paper more than once."""
    ids = [id_ for id_, _ in taken]
    with site.sessions() as session:
        said = Counter(session.execute(sa.select(Event.subject, Event.action).where(Event.subject.in_(ids))).all())
    yield from (
        f"{action} happened {times} times to {subject}" for (subject, action), times in said.items() if times > 1
    )


def lost(site: Site, taken: list[tuple[str, str]]) -> Iterator[str]:
    """Scans that were taken and are not done, or whose bytes are not whole."""
    blobs = open_blobs(site.settings.blobs, site.settings.data)
    with site.sessions() as session:
        known = {scan.id: scan for scan in session.scalars(sa.select(Scan))}
        done = _steps(site)
        for id_, sha256 in taken:
            if id_ not in known or known[id_].sha256 != sha256:
                yield f"{id_} was taken and is not there"
            elif known[id_].status != "review" or EVERY_STEP - done[id_]:
                yield f"{id_} is {known[id_].status}, not done: {dict(EVERY_STEP - done[id_])}"
            elif not blobs.verify(sha256):
                yield f"the original of {id_} is gone or changed"


def doubled(site: Site, taken: list[tuple[str, str]]) -> Iterator[str]:
    """Steps done twice or wrongly, one picture as two scans."""
    done = _steps(site)
    yield from (f"{id_}: {dict(done[id_] - EVERY_STEP)}" for id_, _ in taken if done[id_] - EVERY_STEP)
    scans = dict(taken)
    if len(scans) != len(taken) or len(set(scans.values())) != len(scans):
        yield "one picture is two scans, or two are one"


def _steps(site: Site) -> dict[str, Counter[str]]:
    done: dict[str, Counter[str]] = defaultdict(Counter)
    with site.sessions() as session:
        for subject, action in session.execute(sa.select(Event.subject, Event.action).where(Event.actor == ACTOR)):
            done[subject][action] += 1
    return done


def strangers(site: Site, senders: Senders) -> Iterator[str]:
    """What is wrong with the whole: scans nobody sent, links of the chain."""
    with site.sessions() as session:
        unknown = set(session.scalars(sa.select(Scan.id))) - {id_ for id_, _ in senders.taken}
        yield from (f"{id_} is there and nobody was told" for id_ in unknown)
        yield from (f"the chain of events is broken at {number}" for number in history.broken(session))
        received = sa.select(sa.func.count()).where(Event.action == "received")
        if (count := session.scalar(received)) != len(senders.taken):
            yield f"{count} times received, {len(senders.taken)} scans"


# ------------------------------------------------------------------------------------------------------------ the whole


def matrix(site: Site, given: argparse.Namespace) -> list[str]:
    """Every fault in turn; what was wrong."""
    senders, wrong = Senders(site.web.address, site.key(), given.rate), list[str]()
    print(HEAD, flush=True)
    for fault in FAULTS:
        if given.only is None or fault.name in given.only:
            wrong += _told(fault.says, functools.partial(suffer, site, senders, fault, given.seconds))
    if given.papers:
        wrong += _told("papers read", functools.partial(read_papers, site, senders, given.papers, given.seconds))
    wrong += strangers(site, senders)
    print(f"{len(senders.taken)} scans; not taken: {dict(senders.refused)}")
    return wrong


def _told(says: str, row: Callable[[], Row]) -> list[str]:
    """Print a row; what was wrong in it."""
    try:
        found = row()
    except NeverBack as error:
        print(f"{says:44} {error}", flush=True)
        return [f"{says}: {error}"]
    print(found, flush=True)
    return [*found.wrong, *found.doubled]


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench apart")
    parser.add_argument("--broker", choices=sorted(BROKERS), default="rabbitmq")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long the store is gone; the others by it")
    parser.add_argument("--rate", type=float, default=3.0, help="scans a second")
    parser.add_argument("--only", nargs="*", choices=[fault.name for fault in FAULTS], metavar="NAME")
    parser.add_argument("--papers", type=int, default=0, help="so many drawn papers through the real steps, too")
    parser.add_argument("--logs", type=Path, help="where the machines' logs are to be copied")
    given = parser.parse_args()
    if why := _machines.missing() or _engines.missing(given.broker):
        print(f"No machines apart can be made: {why}.")
        sys.exit(2)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
    with tempfile.TemporaryDirectory(prefix="vanthu-apart-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL runs as another user
        network = Network(folder)
        try:
            wrong = matrix(Site(network, folder, given.broker), given)
        finally:
            network.close()
            _copy_logs(folder, given.logs)
    print("\n".join(wrong) or "nothing lost, nothing doubled")
    sys.exit(1 if wrong else 0)


def _copy_logs(folder: Path, target: Path | None) -> None:
    if target:
        target.mkdir(parents=True, exist_ok=True)
        for log in folder.glob("*.log"):
            shutil.copy(log, target)


if __name__ == "__main__":
    main()
