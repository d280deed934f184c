"""Steps 1 and 2: what is on the pages. A task a page reads its words, another then looks for stamps and marks."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import history, pages, records
from archive.errors import ArchiveError
from archive.findings import Mark
from archive.jobs import desk, queue
from archive.jobs.queue import Claim, Next
from archive.models import MarkRow, PageRow, Scan, StampRow, Task
from archive.pages import box_json
from archive.pipeline import quarantine
from archive.pipeline.line import Archive, Args, Step, options, own_stamps, plugins
from archive.reading import Page
from archive.scans import PageReading, Survey
from archive.steps import Marks

UNLOOKED = "unlooked"
"""The kind of the row that says so of a page until it is read."""
SURE_MARK = 0.5
"""Confidence from which a mark of urgency hurries a scan and a mark of secrecy stops it."""
IN_VAIN = 2
"""Pages of a scan that may bring the reader down before the rest is spared: a file of 500 would hold it for a day."""
_COSTLY = ("unreadable: Crashed", "unreadable: Aborted", "unreadable: TooMuchWork")


def _path(session: Session, archive: Archive, claim: Claim) -> str:
    scan = session.get_one(Scan, claim.scan_id)
    archive.safe.give_back(archive.blobs, scan.sha256)  # taken by a quarantine that was never committed
    return str(Path(archive.blobs.path(scan.sha256)).absolute())


# ------------------------------------------------------------------------------------------------ survey


def prepare_survey(session: Session, archive: Archive, claim: Claim) -> Sequence[Args]:
    return [(_path(session, archive, claim), archive.limits)]


def keep_survey(
    session: Session, _archive: Archive, scan: Scan, _claim: Claim, answers: Sequence[Survey]
) -> Iterable[Next]:
    found = answers[0]
    scan.media_type, scan.pages, scan.status = found.media_type, found.pages, "reading"
    scan.signatures = [dataclasses.asdict(one) for one in found.signatures]
    history.append(session, queue.ACTOR, "surveyed", scan.id, {"pages": found.pages})
    return [("look", (0,))]


# ------------------------------------------------------------------------------------------------ look


def prepare_look(session: Session, archive: Archive, claim: Claim) -> Sequence[Args]:
    """One call a page; none where secret papers may be read, or a person has said that this is none."""
    if not quarantine.guards(session, archive, claim.scan_id):
        return []
    path, pages_ = _path(session, archive, claim), session.get_one(Scan, claim.scan_id).pages
    return [(path, number, archive.limits) for number in range(1, pages_ + 1)]


def keep_look(
    session: Session, archive: Archive, scan: Scan, _claim: Claim, answers: Sequence[Sequence[Mark]]
) -> Iterable[Next]:
    """All pages are looked at before one of them is read: a scan is one file, secret as a whole."""
    found = [mark for marks in answers for mark in marks if mark.kind == "secrecy"]
    if found:
        _keep_marks(session, scan, found)
        return quarantine.impose(session, archive, scan)
    _keep_marks(session, scan, [mark for marks in answers for mark in marks])
    return [("read", range(1, scan.pages + 1))]


def unlooked(_claim: Claim, args: Args, _error: ArchiveError) -> Sequence[Mark]:
    """A page that could not be looked at is looked at once more by who reads it, and is not read without."""
    return (Mark(UNLOOKED, args[1], (0.0, 0.0, 1.0, 1.0), 0.0),)


# ------------------------------------------------------------------------------------------------ read


def prepare_read(session: Session, archive: Archive, claim: Claim) -> Sequence[Args]:
    asked = plugins(session, archive.settings)
    by_person = sa.select(PageRow.turned).where(PageRow.scan_id == claim.scan_id, PageRow.number == claim.part)
    looks = quarantine.guards(session, archive, claim.scan_id)
    failed = sa.select(MarkRow.id).where(MarkRow.scan_id == claim.scan_id, MarkRow.page == claim.part)
    unlooked = looks and session.scalar(failed.where(MarkRow.kind == UNLOOKED)) is not None
    rotation = session.scalar(by_person)
    how = dataclasses.replace(options(archive.settings), rotation=rotation, looks=looks, unlooked=unlooked)
    return [(_path(session, archive, claim), claim.part, how, asked)]


def save_read(archive: Archive, claim: Claim, answers: Sequence[PageReading]) -> None:
    reading = answers[0]
    if reading.view:
        archive.derived.put(claim.scan_id, f"{claim.part}.webp", reading.view)
        archive.derived.put(claim.scan_id, f"{claim.part}.thumb.webp", reading.thumb)


def keep_read(
    session: Session, archive: Archive, scan: Scan, claim: Claim, answers: Sequence[PageReading]
) -> Iterable[Next]:
    if answers[0].secret:
        _keep_marks(session, scan, answers[0].secret)
        return quarantine.impose(session, archive, scan)
    pages.keep(session, scan.id, answers[0].page)
    return [("mark", (claim.part,))]


def unread(claim: Claim, _args: Args, error: ArchiveError) -> PageReading:
    """An empty page in place of one that cannot be read: the other pages of the scan go on."""
    cause = type(error).__name__
    return PageReading(
        Page(claim.part, reason=f"unreadable: {cause}", confidence=0.0, advice=(desk.UNREADABLE,)), b"", b""
    )


def is_enough(session: Session, claim: Claim) -> bool:
    """Whether pages of this scan have cost enough by now; those that a clerk has tried again do not count."""
    tried = sa.select(Task.part).where(Task.scan_id == claim.scan_id, Task.step == "read", Task.state == "done")
    costly = sa.select(sa.func.count()).select_from(PageRow).where(
        PageRow.scan_id == claim.scan_id, PageRow.reason.in_(_COSTLY), PageRow.number.in_(tried)
    )  # fmt: skip
    return (session.scalar(costly) or 0) >= IN_VAIN


# ------------------------------------------------------------------------------------------------ mark


def prepare_mark(session: Session, archive: Archive, claim: Claim) -> Sequence[Args]:
    path, asked = _path(session, archive, claim), plugins(session, archive.settings)
    own = own_stamps(session, archive.settings)
    read = pages.of_scan(session, claim.scan_id, [claim.part])
    return [(path, page, archive.limits, asked, own) for page in read]


def keep_mark(session: Session, archive: Archive, scan: Scan, claim: Claim, answers: Sequence[Marks]) -> Iterable[Next]:
    found = answers[0]
    _replace(session, scan, claim.part, found)
    kinds = {mark.kind for mark in found.marks if mark.confidence >= SURE_MARK}
    if "secrecy" in kinds and quarantine.guards(session, archive, scan.id):
        return quarantine.impose(session, archive, scan)
    if "urgency" in kinds:
        desk.urgent(session, scan.id)
    if queue.left(session, scan.id, "read") or queue.left(session, scan.id, "mark"):
        return []
    history.append(session, queue.ACTOR, "read", scan.id, {"pages": scan.pages})
    return [("cut", (0,))]


def _replace(session: Session, scan: Scan, number: int, found: Marks) -> None:
    session.execute(sa.delete(StampRow).where(StampRow.scan_id == scan.id, StampRow.page == number))
    session.execute(sa.delete(MarkRow).where(MarkRow.scan_id == scan.id, MarkRow.page == number))
    session.execute(
        sa.update(PageRow).where(PageRow.scan_id == scan.id, PageRow.number == number)
        .values(gaps=pages.gaps_json(found.gaps))
    )  # fmt: skip
    if found.stamp:
        session.add(records.stamp_row(scan.id, found.stamp))
    _keep_marks(session, scan, found.marks)


def _keep_marks(session: Session, scan: Scan, found: Iterable[Mark]) -> None:
    session.add_all(
        MarkRow(scan_id=scan.id, page=mark.page, kind=mark.kind, box=box_json(mark.box), confidence=mark.confidence,
                text=mark.text[:80])
        for mark in found
    )  # fmt: skip
    session.flush()


def unmarked(_claim: Claim, args: Args, _error: ArchiveError) -> Marks:
    """No marks on a page whose picture cannot be looked at: its words stay."""
    page: Page = args[1]
    return Marks(page.number)


def is_costly(session: Session, claim: Claim) -> bool:
    """Whether this page has brought the reader down: the same picture would do it again."""
    reason = sa.select(PageRow.reason).where(PageRow.scan_id == claim.scan_id, PageRow.number == claim.part)
    return session.scalar(reason) in (*_COSTLY, "unreadable: Spared")


def _minutes(count: float) -> Any:
    return lambda _settings: 60.0 * count


SURVEY = Step("survey", prepare_survey, "archive.steps:survey", keep_survey, _minutes(1))
LOOK = Step(
    "look", prepare_look, "archive.steps:look", keep_look, lambda settings: settings.page_seconds, instead=unlooked
)
READ = Step(
    "read", prepare_read, "archive.steps:read", keep_read, lambda settings: settings.page_seconds,
    save=save_read, instead=unread, spared=is_enough,
)  # fmt: skip
MARK = Step(
    "mark", prepare_mark, "archive.steps:mark", keep_mark, lambda settings: settings.page_seconds, instead=unmarked,
    spared=is_costly,
)  # fmt: skip
