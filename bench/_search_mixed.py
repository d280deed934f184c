"""One of the processes that ask at once; a module of its own, for a spawned process must be able to import it."""

from __future__ import annotations

import random
import time
from pathlib import Path

import sqlalchemy as sa

from archive import database
from archive.search import open_search, parse
from archive.search.find import find

MIXED_SECONDS = 8.0


def answered(url: str, kind: str, folder: str, asked: dict[str, list[str]], seed: int) -> int:
    """How many queries of all kinds are answered in MIXED_SECONDS, as a page shows them."""
    engine = database.open_engine(url)
    index, rng = open_search(kind, Path(folder), url), random.Random(seed)
    texts = [*asked["and"], *asked["word"], *asked["code"], *(f'"{t}"' for t in asked["phrase"][:30])]
    count = 0
    with database.readers(engine)() as session:
        find(session, index, parse(texts[0]), sa.true())
        until = time.monotonic() + MIXED_SECONDS
        while time.monotonic() < until:
            find(session, index, parse(rng.choice(texts)), sa.true(), limit=10)
            count += 1
    index.close()
    return count
