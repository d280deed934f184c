"""A line of trivial steps on the real queue, and a nursery that forks real workers on it within milliseconds.

`python -m tests.faults.line DATABASE DATA [JOBS [SWEEP]]` answers each line on its standard input with the pid of a new
worker.
Each step writes one event into its finishing transaction: two events of one step are an effect doubled.
"""

import io
import sys
import time
from collections import Counter
from pathlib import Path

import sqlalchemy as sa
from PIL import Image

from archive import config, history
from archive.jobs import node, queue
from archive.jobs.worker import Worker
from archive.models import Event
from archive.pipeline import Step
from bench._soak_workers import nurse

PAGES = 2
LEASE = 3.0
EVERY_STEP = Counter(["survey 0", "read 1", "read 2", "mark 0", "shelve 0"])


def picture(number, size=(40, 40)):
    """A scan of `size` pixels, each other bytes."""
    image = Image.new("L", size, 255)
    image.putpixel(divmod(number, size[1]), 0)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def until(condition, seconds=300):
    """What `condition` says when it says something; far longer than it takes, for machines that are busy."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)
    return found


def steps_of(sessions):
    """What was done for each scan, by its events."""
    done = {}
    with sessions() as session:
        for subject, action in session.execute(sa.select(Event.subject, Event.action).where(Event.actor == "test")):
            done.setdefault(subject, Counter())[action] += 1
    return done


def _note(name, following):
    def keep(session, archive, scan, claim, answers):
        history.append(session, "test", f"{name} {claim.part}", scan.id)
        scan.status = "review" if name == "shelve" else "reading"
        if name == "read" and queue.left(session, scan.id, "read"):
            return []
        return following

    return keep


def step(name, following, function="work", *args, wall=60.0):
    return Step(name, lambda session, archive, claim: [args], f"tests.faults.deeds:{function}", _note(name, following),
                lambda settings: wall)  # fmt: skip


STEPS = {
    "survey": step("survey", [("read", range(1, PAGES + 1))], "work", 0.03),
    "read": step("read", [("mark", (0,))], "work", 0.06),
    "mark": step("mark", [("shelve", (0,))], "work", 0.02),
    "shelve": step("shelve", [], "work", 0.02),
}


def settings_of(database, data, jobs="database:"):
    return config.load(database=database, data=Path(data), jobs=jobs, lease_seconds=LEASE, reserve_mb=1)


def main(database, data, jobs="database:", sweep=node.SWEEP):
    node.SWEEP = float(sweep)
    settings = settings_of(database, data, jobs)
    nurse(lambda stop: Worker(settings, steps=STEPS).run(stop))


if __name__ == "__main__":
    main(*sys.argv[1:])
