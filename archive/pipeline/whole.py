"""The whole walk in memory, for `vanthu read`: nothing is archived."""

from __future__ import annotations

import contextlib
import dataclasses
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from archive import bundles, converted, office_files
from archive.answer import of_record
from archive.bundles import Part
from archive.children import Child, workplace
from archive.config import Settings
from archive.durable import sha256_of
from archive.errors import ArchiveError, ScanTooLarge, Unreadable
from archive.findings import Finding, Mark, Record, Stamp, settle
from archive.jobs.desk import UNREADABLE
from archive.pipeline.line import limits, options
from archive.reading import Page
from archive.scans import PageReading, Survey
from archive.steps import Extraction, Marks, OwnStamps, Plugins
from archive.witnesses import outside

TEXT = "text/plain"


def read_file(
    path: Path | str, settings: Settings, province: str | None = None, plugins_dir: Path | str | None = None,
    *, child: Child | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The contract's object of a PDF, a picture, a Word or Excel file, or (`.txt`) a recognised text with form feeds.

    The plugins are ours, the installed ones, and every one in `plugins_dir`: there is no database that would say who
    was switched on. `child` is one to read in, for those who read several files; without it one is started for this.
    """
    path = Path(path)
    path.open("rb").close()  # what cannot be opened is said here: a child could only say that it died
    plugins = Plugins(str(plugins_dir) if plugins_dir else None, (), province or settings.province)
    with contextlib.nullcontext(child) if child else Child(name="read", walled=True) as reader, workplace() as made:
        walk = _Walk(reader, settings, plugins)
        survey, parts, stamps = walk.of_text(path) if path.suffix.lower() == ".txt" else walk.of_scan(path, made)
        documents = walk.documents(parts, stamps, path.name, survey)
    return {"scan": _scan(path, survey), "documents": documents}


class _Walk:
    """The steps one after another, in one child."""

    def __init__(self, child: Child, settings: Settings, plugins: Plugins) -> None:
        self._child, self._settings, self._plugins = child, settings, plugins
        self._marks: list[Mark] = []

    def _ask(self, step: str, *args: object, seconds: float = 120.0) -> Any:
        return self._child.run(f"archive.steps:{step}", *args, wall=seconds, cpu=seconds)

    def of_scan(self, path: Path, made: Path) -> tuple[Survey, Sequence[Part], Sequence[Stamp]]:
        """A scan: survey, read, mark, cut. `made` is a folder for the PDF of a Word or Excel file."""
        office = self._kind(path)
        file = self._converted(path, office, made) if office else str(path.absolute())
        survey: Survey = self._ask("survey", file, limits(self._settings))
        survey = dataclasses.replace(survey, media_type=office or survey.media_type)
        marked = [self._page(file, number) for number in range(1, survey.pages + 1)]
        self._marks = [mark for _, marks in marked for mark in marks.marks]
        pages = [page for page, _ in marked]
        stamps = [marks.stamp for _, marks in marked if marks.stamp]
        return survey, self._ask("cut", pages, stamps, self._plugins), stamps

    def _kind(self, path: Path) -> str | None:
        with path.open("rb") as stream:
            if not office_files.may_be_one(stream.read(office_files.HEAD)):
                return None
        found: str | None = self._child.run("archive.office_files:kind", str(path.absolute()), wall=60.0, cpu=30.0)
        return found

    def _converted(self, path: Path, office: str, made: Path) -> str:
        (made / converted.NAME).write_bytes(converted.to_pdf(path, office, limits(self._settings)))
        return str(made / converted.NAME)

    def _page(self, file: str, number: int) -> tuple[Page, Marks]:
        seconds = float(self._settings.page_seconds)
        try:
            reading: PageReading = self._ask(
                "read", file, number, options(self._settings), self._plugins, seconds=seconds
            )
            # There is no database, so no taught stamps: only what the settings say.
            own = OwnStamps((self._settings.office,) if self._settings.office else ())
            asked = (file, reading.page, limits(self._settings), self._plugins, own)
            marks: Marks = self._ask("mark", *asked, seconds=seconds)
        except Unreadable:
            return Page(number, confidence=0.0, advice=(UNREADABLE,)), Marks(number)
        return dataclasses.replace(reading.page, gaps=marks.gaps), marks

    def of_text(self, path: Path) -> tuple[Survey, Sequence[Part], Sequence[Stamp]]:
        """A recognised text: form feeds and clear beginnings cut it into pages."""
        given = _text(path, self._settings.max_upload_mb << 20).split("\f")
        pages = [piece for n, text in enumerate(given, 1) for piece in bundles.split_text(Page.of_text(n, text))]
        return Survey(TEXT, len(given)), self._ask("cut", pages, [], self._plugins), []

    def documents(
        self, parts: Sequence[Part], stamps: Sequence[Stamp], name: str, survey: Survey
    ) -> list[dict[str, Any]]:
        """Extract, settle and route each document."""
        found = [self._extraction(part, _stamp(part, stamps)) for part in parts]
        found = [self._with_witnesses(n, *one, name, survey) for n, one in enumerate(zip(parts, found, strict=True))]
        records = [_settle(part, one, _stamp(part, stamps)) for part, one in zip(parts, found, strict=True)]
        siblings = bundles.suggest_from_siblings(records)
        records = [
            dataclasses.replace(record, suggestions=(*record.suggestions, *suggested))
            for record, suggested in zip(records, siblings, strict=True)
        ]
        return [self._document(part, record) for part, record in zip(parts, records, strict=True)]

    def _with_witnesses(self, n: int, part: Part, one: Extraction, name: str, survey: Survey) -> Extraction:
        """File name and signatures are those of the first document; each has the marks of its first page."""
        marks = [mark for mark in self._marks if mark.page == part.pages[0].number]
        name, signed = (name, [one.at for one in survey.signatures]) if not n else ("", [])
        return dataclasses.replace(one, findings=(*one.findings, *outside(one.findings, name, signed, marks)))

    def _extraction(self, part: Part, stamp: Stamp | None) -> Extraction:
        answer: Extraction = self._ask("extract", part.pages, stamp, self._plugins)
        return answer

    def _document(self, part: Part, record: Record) -> dict[str, Any]:
        try:
            routes = self._ask("route", record, self._plugins)
        except ArchiveError:
            routes = ()
        numbers = list(dict.fromkeys(page.number for page in part.pages))
        return of_record(record, pages=numbers, routes=routes, cut_reasons=part.reasons)


def _stamp(part: Part, stamps: Sequence[Stamp]) -> Stamp | None:
    """The document's own stamp: on its pages, or as lines at the head of its recognised text."""
    numbers = {page.number for page in part.pages}
    mine = [stamp for stamp in stamps if stamp.page in numbers]
    if mine:
        return max(mine, key=lambda stamp: stamp.confidence)
    first = part.pages[0]
    return bundles.stamp_in_text(first.plain[:600], first.number) if first.source == "text" else None


def _settle(part: Part, found: Extraction, stamp: Stamp | None) -> Record:
    flags = list(part.flags)
    if any(UNREADABLE in page.advice for page in part.pages):
        flags.append("unreadable_page")
    ours = [Finding("flag", flag, 1.0, source="line") for flag in flags]
    return settle([*found.findings, *ours, *found.citations], {}, stamp)


def _text(path: Path, most: int) -> str:
    if path.stat().st_size > most:
        raise ScanTooLarge(f"Tệp văn bản lớn hơn {most >> 20} MB nên không được đọc.")
    try:
        return unicodedata.normalize("NFC", path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Unreadable("Tệp văn bản không phải UTF-8 nên không đọc được. Hãy lưu lại dưới dạng UTF-8.") from error


def _scan(path: Path, survey: Survey) -> dict[str, Any]:
    return {
        "id": None, "sha256": sha256_of(path), "filename": path.name,
        "media_type": survey.media_type, "pages": survey.pages, "status": "review", "error": None,
        "signatures": [dataclasses.asdict(one) for one in survey.signatures],
    }  # fmt: skip
