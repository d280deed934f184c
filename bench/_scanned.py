"""Scans read once into pickles and understood as the line understands them, without its database.

Reading a page takes seconds and understanding it a hundredth, so what was read is kept in a cache folder; throw that
away after a change of the reader.
"""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Iterator
from pathlib import Path

from archive import scans, steps, witnesses
from archive.bundles import Part
from archive.findings import Citation, Finding, Record, Stamp, settle
from archive.reading import Page

PLUGINS = steps.Plugins()


@dataclasses.dataclass(frozen=True)
class ReadScan:
    """Pages with the places left to the pen, and what else is on them."""

    pages: tuple[Page, ...]
    marks: tuple[steps.Marks, ...]
    signed: tuple[str | None, ...] = ()
    """ISO times of the file's digital signatures."""


def read_once(scan: Path, cached: Path) -> ReadScan:
    """Pages and marks of a scan, from `cached` if it is there."""
    if not cached.exists():
        cached.parent.mkdir(parents=True, exist_ok=True)
        fresh = cached.with_suffix(".new")
        fresh.write_bytes(pickle.dumps(_read(scan)))
        fresh.rename(cached)
    pages, marks, signed = pickle.loads(cached.read_bytes())  # written by ourselves
    with_gaps = (dataclasses.replace(page, gaps=of.gaps) for page, of in zip(pages, marks, strict=True))
    return ReadScan(tuple(with_gaps), tuple(marks), tuple(signed))


def _read(scan: Path) -> tuple[list[Page], list[steps.Marks], list[str | None]]:
    survey = scans.survey(scan)
    pages = [scans.read_page(scan, number).page for number in range(1, survey.pages + 1)]
    marks = [steps.mark(str(scan), page, scans.Limits(), PLUGINS) for page in pages]
    return pages, marks, [signature.at for signature in survey.signatures]


@dataclasses.dataclass(frozen=True)
class Understood:
    """One document of a scan before it is settled."""

    part: Part
    findings: tuple[Finding, ...]
    citations: tuple[Citation, ...]
    stamp: Stamp | None

    @property
    def record(self) -> Record:
        """What is settled about it."""
        return settle([*self.findings, *self.citations], stamp=self.stamp)


def found_in(read: ReadScan, file_name: str = "") -> Iterator[Understood]:
    """What is found in each document of a scan."""
    parts = steps.cut(read.pages, [of.stamp for of in read.marks if of.stamp], PLUGINS)
    for n, part in enumerate(parts):
        yield _understood(read, part, file_name, read.signed) if n == 0 else _understood(read, part, "", ())


def understand(read: ReadScan, file_name: str = "") -> list[tuple[Record, Part]]:
    """Each document of a scan: its record and its part."""
    return [(one.record, one.part) for one in found_in(read, file_name)]


def _understood(read: ReadScan, part: Part, file_name: str, signed: tuple[str | None, ...]) -> Understood:
    """Name and signatures of the file speak for its first document."""
    numbers = [page.number for page in part.pages]
    own = [of for of in read.marks if of.page in numbers]
    stamp: Stamp | None = max((of.stamp for of in own if of.stamp), key=lambda one: one.confidence, default=None)
    found = steps.extract(part.pages, stamp, PLUGINS)
    marks = [mark for of in own for mark in of.marks if of.page == numbers[0]]
    outside = witnesses.outside(found.findings, file_name, signed, marks)
    return Understood(part, (*found.findings, *outside), found.citations, stamp)
