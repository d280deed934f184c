"""Reports over many papers of one year: processor milliseconds of each, a month and the whole year.

    python -m bench reports [--size 20000]

Rows as wide as real ones (some 15 KB a document) on SQLite; papers, units and errors are drawn from one seed.
"""

from __future__ import annotations

import argparse
import datetime as dt
import random
import tempfile
import time
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from archive import accuracy, database, punctuality, reports
from archive.models import BookYear, Confirmation, Document, RegisterEntry, RouteRow, Scan, Unit, User, new_id
from archive.reports import Asked
from migrations import upgrade

YEAR = 2026
TODAY = dt.date(YEAR, 11, 22)
TYPES = ("Công văn", "Công văn", "Quyết định", "Báo cáo", "Thông báo")
FIELDS = ("number", "date", "subject", "issuing_organ", "document_type")
TEXT = "Ủy ban nhân dân tỉnh yêu cầu các sở, ban, ngành triển khai thực hiện nghiêm túc. " * 80


def paper(number: int, size: int, dice: random.Random) -> Iterator[tuple[Any, dict[str, Any]]]:
    """The rows of one paper."""
    day = dt.date(YEAR, 1, 1) + dt.timedelta(days=number * 325 // size)
    at = dt.datetime.combine(day, dt.time(2), dt.UTC) + dt.timedelta(minutes=dice.randrange(400))
    scan, document, unit = new_id(), new_id(), f"u{dice.randrange(12)}"
    organ = f"Sở số {dice.randrange(300)}"
    yield Scan, {"id": scan, "sha256": scan * 2, "filename": "a.pdf", "media_type": "application/pdf", "size": 1,
                 "received_by": "van", "received_at": at}  # fmt: skip
    yield Document, {"id": document, "scan_id": scan, "status": "routed", "document_type": dice.choice(TYPES),
                     "issuing_organ": organ, "text": TEXT, "folded": TEXT, "unit_id": unit}  # fmt: skip
    entered = at + dt.timedelta(minutes=dice.randrange(300))
    yield RegisterEntry, {"book_id": "den", "year": YEAR, "number": number, "document_id": document, "issuer": organ,
                          "arrived_on": day, "registered_at": entered}  # fmt: skip
    done = dice.random() < 0.7
    yield RouteRow, {"document_id": document, "unit_id": unit, "unit": unit, "decided_at": at + dt.timedelta(hours=8),
                     "due": day + dt.timedelta(days=10), "state": "finished" if done else "decided",
                     "closed_at": at + dt.timedelta(days=dice.randrange(1, 14)) if done else None}  # fmt: skip
    for field in FIELDS:
        yield Confirmation, {"document_id": document, "field": field, "value": "a", "machine": "a", "by": "van",
                             "at": at, "sure": dice.random() < 0.4, "source": "national 1.0",
                             "outcome": "kept" if dice.random() < 0.9 else "corrected"}  # fmt: skip


def fill(engine: sa.Engine, size: int) -> None:
    """A migrated database with `size` papers."""
    upgrade(engine)
    dice = random.Random(1)
    with engine.begin() as connection:
        connection.execute(sa.insert(Unit), [{"id": f"u{n}", "name": f"Phòng số {n}"} for n in range(12)])
        connection.execute(sa.insert(BookYear), [{"book_id": "den", "year": YEAR, "last": size}])
        for begin in range(1, size + 1, 1000):
            rows: dict[Any, list[dict[str, Any]]] = {}
            for number in range(begin, min(begin + 1000, size + 1)):
                for table, row in paper(number, size, dice):
                    rows.setdefault(table, []).append(row)
            for table, many in rows.items():
                connection.execute(sa.insert(table), many)


def main() -> None:
    """Fill, ask each report twice, print the second time."""
    options = argparse.ArgumentParser(prog="python -m bench reports")
    options.add_argument("--size", type=int, default=20_000)
    size = options.parse_args().size
    user = User(name="van", role="clerk", active=True)
    kinds: dict[str, Any] = {
        "arrivals": lambda s, asked: reports.arrivals(s, user, asked),
        "pace": lambda s, asked: reports.pace(s, user, asked),
        "deadlines": lambda s, asked: punctuality.handling(s, user, asked, TODAY),
        "overdue": lambda s, asked: punctuality.overdue(s, user, asked, TODAY),
        "machine": lambda s, asked: accuracy.machine(s, user, asked),
    }
    with tempfile.TemporaryDirectory() as folder:
        engine = database.open_engine(f"sqlite:///{folder}/bench.db", durable=False)
        fill(engine, size)
        print(f"{size} papers of one year; processor milliseconds: a month, the year")
        for name, ask in kinds.items():
            spans = (
                Asked(dt.date(YEAR, 11, 1), dt.date(YEAR, 11, 30)),
                Asked(dt.date(YEAR, 1, 1), dt.date(YEAR, 12, 31)),
            )
            print(f"{name:10}", *(f"{timed(engine, ask, asked):7.0f}" for asked in spans))
        engine.dispose()


def timed(engine: sa.Engine, ask: Any, asked: Asked) -> float:
    """Milliseconds of processor time of the second of two."""
    for _ in range(2):
        with database.readers(engine)() as session:
            begin = time.process_time()
            ask(session, asked)
            took = (time.process_time() - begin) * 1000
    return took


if __name__ == "__main__":
    main()
