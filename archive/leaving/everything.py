"""The order in which everything leaves; each part may be killed anywhere and is gone on with by the next run."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import exchange, history, history_export, messages, official, register_export
from archive.blobs import Blobs
from archive.config import Settings
from archive.database import Sessions
from archive.derived import Derived
from archive.durable import HALF, sha256_of, write
from archive.errors import BadValue, CopyBroken, NotFound
from archive.leaving import names, office, pages, progress
from archive.leaving.papers import Desk, Left, Shown
from archive.models import WITHHELD, Book, BookYear, Document, Message, RegisterEntry, Scan
from archive.scans import Limits
from archive.workdays import today

Tell = Callable[[str, int, int], None]
MANIFEST = "manifest-sha256.txt"
OURS = ("van-ban", "so-dang-ky", "tui", "thu", "co-quan", "nhat-ky", "trang")
ACTION, SUBJECT = "everything_exported", "archive"
BookAndYear = tuple[str, int]


def leave(
    settings: Settings, sessions: Sessions, readers: Sessions, blobs: Blobs, limits: Limits, root: Path, *,
    actor: str, tell: Tell,
) -> Left:  # fmt: skip
    """Write everything into the new, empty or half-done folder `root`. NotEmpty, Conflict, BadValue, OSError."""
    root = root.absolute()
    if root.resolve().is_relative_to(settings.data.resolve()):
        raise BadValue("Hãy chọn một thư mục ngoài thư mục dữ liệu của kho.")
    with progress.only_one(root):
        with readers() as session:
            touched = progress.begin(session, root).touched(session)
        (root / MANIFEST).unlink(missing_ok=True)
        desk = Desk(root, blobs, Derived(settings.data), limits, touched)
        try:
            _Leaving(settings, readers, blobs, desk, tell).run()
        finally:
            desk.close()
        _sweep(desk)
        _seal(desk, tell)
    left = desk.left
    with sessions.begin() as session:
        facts = {"documents": left.documents, "files": left.files, "copies": left.copies, "whole": left.is_whole}
        history.append(session, actor, ACTION, SUBJECT, facts)
    return left


class _Leaving:
    """One run."""

    def __init__(self, settings: Settings, readers: Sessions, blobs: Blobs, desk: Desk, tell: Tell) -> None:
        self._settings, self._readers, self._blobs, self._desk, self._tell = settings, readers, blobs, desk, tell
        self._shown: dict[str, Shown] = {}
        self._loose: list[pages.Loose] = []

    def run(self) -> None:
        """Bags first: originals are linked from them."""
        with self._readers() as session:
            books = _books(session)
        for book, year in books:
            self._bag(book, year)
        self._papers()
        self._without_paper()
        self._messages()
        for book, year in books:
            self._book(book, year)
        self._office()
        self._pages(books)

    def _bag(self, book: str, year: int) -> None:
        name = bag_of(book, year)
        path = self._desk.root / name
        if path.is_dir():
            with self._readers() as session:
                if not _is_touched(session, book, year, self._desk.touched):
                    return
            shutil.rmtree(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            exchange.export(self._readers, self._blobs, book, year, path, tell=self._tell)
        except CopyBroken as error:
            self._desk.left.bags.append(f"{book}/{year}: {error}")

    def _papers(self) -> None:
        with self._readers() as session:
            wanted = sa.select(Document.id).join(Scan).where(_KEPT).order_by(Document.created_at, Document.id)
            ids = session.scalars(wanted).all()
        for count, document_id in enumerate(ids, 1):
            with self._readers() as session:
                document = session.get_one(Document, document_id)
                self._paper(session, document)
            self._tell("văn bản", count, len(ids))

    def _paper(self, session: Session, document: Document) -> None:
        lines = [one for one in document.entries if one.status == "registered"]
        line = min(lines, key=lambda one: (one.year, one.book_id)) if lines else None
        place = names.of_line(line, document) if line else names.of_scan(document.scan, document.ordinal)
        near = bag_of(line.book_id, line.year) if line else ""
        shown = self._shown[document.id] = self._desk.paper(session, document, place, near)
        if line is None:
            about = " ".join(filter(None, (document.document_type, document.full_code)))
            self._loose.append(pages.Loose(shown, today(document.scan.received_at), document.scan.filename, about))

    def _without_paper(self) -> None:
        """Files nothing was cut from: unread, or unreadable."""
        bare = sa.select(Scan).where(_KEPT, ~sa.exists().where(Document.scan_id == Scan.id))
        with self._readers() as session:
            self._desk.left.files = session.scalar(sa.select(sa.func.count()).select_from(Scan).where(_KEPT)) or 0
            for scan in session.scalars(bare.order_by(Scan.received_at, Scan.id)):
                place = names.of_scan(scan)
                there = self._desk.original(scan, place)
                shown = Shown(place, names.ending(scan), there, copy=False, about=False)
                self._loose.append(pages.Loose(shown, today(scan.received_at), scan.filename, scan.error or ""))

    def _messages(self) -> None:
        with self._readers() as session:
            for one in session.scalars(sa.select(Message).where(Message.withheld.is_(False)).order_by(Message.id)):
                day = today(one.received_at)
                ending = messages.form(one, self._head(one.sha256))[1].removeprefix("ed")  # .xml opens everywhere
                self._desk.bytes_of(f"thu/{day.year}/{day:%Y-%m-%d} {one.id[:8]}.{ending}", one.sha256, one.size)

    def _head(self, sha256: str) -> bytes:
        """The first bytes of a message, be it damaged; none where it is gone."""
        with contextlib.suppress(NotFound), self._blobs.open(sha256) as stream:
            return stream.read(len(messages.ZIP))
        return b""

    def _book(self, book: str, year: int) -> None:
        name, ours = f"so-dang-ky/{names.safe(book)}-{year}", (self._settings.office, self._settings.superior)
        with self._readers() as session:
            self._desk.put(f"{name}.xlsx", register_export.export_xlsx(session, book, year, *ours))
            self._desk.put(f"{name}.csv", register_export.export_csv(session, book, year).encode())
            found = official.metadata(session, self._settings, book, year)
        self._desk.put(f"{name}.plvi.json", official.as_json(found))
        self._desk.put(f"{name}.plvi.csv", official.as_csv(official.INCOMING, found.documents).encode())
        self._desk.put(f"{name}.plvi.ho-so.csv", official.as_csv(official.FILES, found.files).encode())

    def _office(self) -> None:
        with self._readers() as session:
            for name, content in office.tables(session, self._settings).items():
                self._desk.put(f"co-quan/{name}", content)
            lines = "".join(f"{line}\n" for line in history_export.lines(session))
        self._desk.put("nhat-ky/events.jsonl", lines.encode("utf-8", "replace"))
        if self._settings.plugin_dir.is_dir():
            self._plugins(self._settings.plugin_dir)

    def _plugins(self, folder: Path) -> None:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.is_file() and not path.is_symlink() and "__pycache__" not in name:
                self._desk.put(f"co-quan/plugins/{name}", path.read_bytes())

    def _pages(self, books: Sequence[BookAndYear]) -> None:
        with self._readers() as session:
            made = pages.all_pages(session, self._settings.office, books, self._shown, self._loose)
            for name, content in made:
                self._desk.put(name, content.encode("utf-8", "replace"))


def bag_of(book: str, year: int) -> str:
    """Where the bag of a book's year lies."""
    return f"tui/{names.safe(book)}-{year}"


_KEPT = Scan.status.not_in(WITHHELD)


def _books(session: Session) -> list[BookAndYear]:
    """Every book of every year in which something stands."""
    of_lines = sa.select(RegisterEntry.book_id, RegisterEntry.year).distinct()
    begun = sa.select(BookYear.book_id, BookYear.year)
    found = {(row[0], row[1]) for wanted in (of_lines, begun) for row in session.execute(wanted).all()}
    order = {one.id: one.position for one in session.scalars(sa.select(Book))}
    return sorted(found, key=lambda one: (-one[1], order.get(one[0], 0), one[0]))


def _is_touched(session: Session, book: str, year: int, touched: frozenset[str]) -> bool:
    if any(one.startswith(f"{book}/{year}") for one in touched):
        return True
    lines = sa.select(RegisterEntry.document_id, Document.scan_id).join(Document)
    of_book = lines.where(RegisterEntry.book_id == book, RegisterEntry.year == year)
    return any(touched & {row[0], row[1]} for row in session.execute(of_book).all())


def _files(root: Path) -> Iterator[Path]:
    for folder, _names, found in os.walk(root):
        yield from (Path(folder, name) for name in sorted(found))


def _sweep(desk: Desk) -> None:
    """What belongs to no paper any more goes: renumbered ones, half-written files, what went into quarantine since."""
    bags = {path for path in (desk.root / "tui").glob("*") if (path / "bagit.txt").is_file()}
    for top in OURS:
        for path in _files(desk.root / top):
            within = any(path.is_relative_to(bag) for bag in bags)
            if not within and path.relative_to(desk.root).as_posix() not in desk.written:
                path.unlink()
    for path in desk.root.glob(f"*{HALF}"):
        path.unlink()
    for folder, _names, _found in os.walk(desk.root, topdown=False):
        if Path(folder) != desk.root and not list(Path(folder).iterdir()):
            Path(folder).rmdir()


def _seal(desk: Desk, tell: Tell) -> None:
    """Read everything back and list it; an original that is not what it should be goes, and is told.

    The list is the last thing written: where it stands, the run came to its end.
    """
    own = {desk.root / progress.MARK, desk.root / MANIFEST}
    paths = [path for path in _files(desk.root) if path not in own]
    lines, known = [], dict[tuple[int, int], str]()
    for count, path in enumerate(paths, 1):
        name, about = path.relative_to(desk.root).as_posix(), path.stat()
        sha256 = known.setdefault((about.st_dev, about.st_ino), "") or sha256_of(path)
        known[about.st_dev, about.st_ino] = sha256
        if desk.originals.get(name, sha256) != sha256:
            path.unlink()
            desk.left.note_damaged(desk.originals[name])
            continue
        lines.append(f"{sha256}  {name}\n")
        tell("đọc lại", count, len(paths))
    write(desk.root / MANIFEST, "".join(sorted(lines, key=lambda one: one[66:])).encode())
