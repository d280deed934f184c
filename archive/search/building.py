"""A new generation of a large archive, on both cores: children index parts of it at once, then the parts are joined.

What a build that was broken off had finished is kept: the plan lies in the generation's folder, a finished part has
its last name. What changes meanwhile is told to the generation that serves, noted, and told to the new one at the end.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import sqlalchemy as sa

from archive import database
from archive.children import Child
from archive.durable import sync, write
from archive.models import Document
from archive.search.index import Index, Retell, marker, store_of

PARTS, LEAST = 8, 1000
"""How many parts, and how many documents a part has at least."""
OWN_FILES = 1 << 50
"""Bytes: the child writes no stranger's bytes but our own database, which outgrows half a gigabyte at 60,000 papers."""
SECONDS = 3600.0
"""For one part."""
_LAST = "g"
"""After every id, in every order of letters a database may have."""


def rebuild(sessions: database.Sessions, index: Index, retell: Retell) -> int:
    """Builds a new generation of `index` from the database; how many documents are in it."""
    with index.building():
        folder = index.begin(json.dumps(marker(index.kind), sort_keys=True))
        folder.mkdir(parents=True, exist_ok=True)
        bounds = _plan(sessions, folder)
        counts = _filled(sessions, index.kind, folder, bounds)
        store = index.store_of(folder)
        try:
            store.adopt([index.store_of(_part(folder, n)) for n in range(len(bounds) - 1)])
        finally:
            store.close()
        index.switch(folder, retell)
        for rubbish in [_part(folder, n) for n in range(len(bounds) - 1)] if index.in_folder else [folder]:
            shutil.rmtree(rubbish, ignore_errors=True)
    return sum(counts)


def _plan(sessions: database.Sessions, folder: Path) -> list[str]:
    """Ids between which the parts lie; those of the build that was broken off."""
    plan = folder / "PARTS"
    if not plan.exists():
        with sessions() as session:
            session.connection(execution_options={"reading": True})
            ids = list(session.scalars(sa.select(Document.id).order_by(Document.id)))
        step = max(LEAST, -(-len(ids) // PARTS))
        write(plan, json.dumps(["", *ids[step::step], _LAST]).encode())
    bounds: list[str] = json.loads(plan.read_text(encoding="utf-8"))
    return bounds


def _part(folder: Path, number: int) -> Path:
    return folder / f"part-{number}"


def _filled(sessions: database.Sessions, kind: str, folder: Path, bounds: list[str]) -> list[int]:
    """How many documents each part has; those not there yet are made by as many children as there are cores."""
    engine: sa.Engine = sessions.kw["bind"]
    url = engine.url.render_as_string(hide_password=False)
    workers = min(os.cpu_count() or 1, 4, len(bounds) - 1)
    own, children = threading.local(), list[Child]()

    def fill(number: int) -> int:
        if not hasattr(own, "child"):
            own.child = Child(name="index", file_size=OWN_FILES)
            children.append(own.child)
        between = bounds[number], bounds[number + 1]
        asked = url, kind, str(_part(folder, number).absolute()), *between
        return int(own.child.run("archive.search.building:fill_part", *asked, wall=SECONDS, cpu=SECONDS))

    try:
        with ThreadPoolExecutor(workers) as pool:
            return list(pool.map(fill, range(len(bounds) - 1)))
    finally:
        for child in children:
            child.close()


def fill_part(url: str, kind: str, place: str, after: str, until: str) -> int:
    """In a child: the part of the documents after the id `after` up to `until`, in the folder `place`."""
    from archive.search.indexing import entries_between

    final = Path(place)
    if final.exists():
        return int((final / "COUNT").read_text(encoding="utf-8"))
    draft = final.with_name(f"{final.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    engine = database.open_engine(url)
    store = store_of(kind, draft)
    try:
        count = store.fill_part(entries_between(database.sessions(engine), after, until))
    finally:
        store.close()
        engine.dispose()
    write(draft / "COUNT", str(count).encode())
    draft.rename(final)
    sync(final.parent)
    return count
