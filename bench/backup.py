"""`./run bench backup [--scans N] [--kb N]`: how long a backup, the next one, its check and a restore take.

Made-up scans of random bytes behind a PNG's head, with documents, words and register lines as of read papers.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import io
import json
import os
import shutil
import tempfile
import time
from pathlib import Path

import sqlalchemy as sa

import migrations
from archive import database, exchange
from archive.backup import checking, restoring
from archive.backup.making import Source, make
from archive.backup.target import Target
from archive.blobs import open_blobs
from archive.config import Settings
from archive.models import BookYear, Document, PageRow, RegisterEntry, Scan, Words, now
from archive.pages import packed
from archive.reading import Page, Word

TEXT = "Công văn về việc phòng chống dịch bệnh trên địa bàn tỉnh, đề nghị các đơn vị khẩn trương thực hiện. " * 30


def fill(settings: Settings, count: int, size: int, first: int = 0) -> None:
    """Scans straight into store and database; what intake does to bytes is measured elsewhere."""
    engine, blobs = database.open_engine(settings.database_url), open_blobs("file:", settings.data)
    migrations.upgrade(engine)
    words = tuple(Word(word, (0.1, 0.1, 0.2, 0.12), 0.93) for word in TEXT.split())
    data = packed(Page(1, words, TEXT, tuple(range(len(words)))))
    with database.sessions(engine).begin() as session:
        for n in range(first, first + count):
            blob = blobs.put(io.BytesIO(b"\x89PNG\r\n\x1a\n" + os.urandom(size)))
            scan = Scan(sha256=blob.sha256, filename=f"{n}.png", media_type="image/png", size=blob.size, pages=1,
                        status="done", received_by="bench")  # fmt: skip
            session.add(scan)
            session.flush()
            session.add(PageRow(scan_id=scan.id, number=1, source="ocr", plain=TEXT, words=Words(data=data)))
            paper = Document(scan_id=scan.id, pages=[1], text=TEXT, subject=f"việc {n}", status="registered",
                             changed_at=now() - dt.timedelta(days=1))  # fmt: skip
            session.add(paper)
            session.flush()
            session.add(RegisterEntry(book_id="den", year=2026, number=n + 1, document_id=paper.id, status="registered",
                                      arrived_on=now().date()))  # fmt: skip
        counter = session.get(BookYear, ("den", 2026)) or BookYear(book_id="den", year=2026)
        counter.last = first + count
        session.add(counter)
    engine.dispose()


def timed(name: str, work, megabytes: float, **more: object):
    begun = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - begun
    print(json.dumps({"what": name, "seconds": round(seconds, 2), "MB": round(megabytes, 1),
                      "MB/s": round(megabytes / seconds, 1), **more}), flush=True)  # fmt: skip
    return result


def measure(folder: Path, count: int, kilobytes: int) -> None:
    settings = Settings(data=folder / "data", reserve_mb=1)
    fill(settings, count, kilobytes << 10)
    engine, blobs = database.open_engine(settings.database_url), open_blobs("file:", settings.data)
    source, target = Source(engine, blobs, settings, migrations.upgrade), Target(folder / "backup")
    whole = (sum(path.stat().st_size for path in settings.data.rglob("*") if path.is_file())) / 1e6
    timed("the first backup", lambda: make(source, target), whole, scans=count)
    timed("again, nothing new", lambda: make(source, target), whole)
    fill(settings, max(1, count // 100), kilobytes << 10, count)
    more = timed("one scan in a hundred new", lambda: make(source, target), whole)
    print(json.dumps({"copied": more.copied, "copied MB": round(more.copied_bytes / 1e6, 1)}))
    found = timed("--check", lambda: checking.check(Target(target)), whole)
    assert found.wrong == []
    place = dataclasses.replace(settings, data=folder / "restored")
    schema = restoring.Schema(migrations.upgrade, migrations.head(), migrations.knows)
    timed(
        "restore, without index and deep check",
        lambda: restoring.restore(Target(target), None, place, schema, actor="b"),
        whole,
    )
    out = lambda: exchange.export(database.readers(engine), blobs, "den", 2026, folder / "bag", tell=lambda *_: None)  # noqa: E731
    timed("export as a bag", out, whole)
    shutil.rmtree(place.data)
    other = database.open_engine(dataclasses.replace(settings, data=folder / "other").database_url)
    migrations.upgrade(other)
    timed("import of the bag", lambda: exchange.take_over(
        database.sessions(other), open_blobs("file:", folder / "other"), folder / "bag", actor="b",
        tell=lambda *_: None), whole)  # fmt: skip
    with database.readers(other)() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Document)) == count + max(1, count // 100)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--scans", type=int, default=2000)
    options.add_argument("--kb", type=int, default=500, help="of one scan")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-backup-") as folder:
        measure(Path(folder), given.scans, given.kb)


if __name__ == "__main__":
    main()
