"""Steps 1 and 2: what is on the pages. A task a page reads its words, another then looks for stamps and marks."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import converted, history, pages, records, signed
from archive.config import Settings
from archive.converted import Original
from archive.errors import ArchiveError, NotLooked
from archive.findings import Mark
from archive.jobs import desk, queue
from archive.jobs.queue import Claim, Next
from archive.models import MarkRow, PageRow, Scan, StampRow, Task
from archive.pages import box_json
from archive.pipeline import quarantine
from archive.pipeline.line import Archive, Args, Step, options, own_stamps, plugins
from archive.reading import Page
from archive.scans import PageReading, Survey
from archive.signed import Verified
from archive.steps import Marks

UNLOOKED = "unlooked"
"""The kind of the row that says so of a page until it is read."""
SURE_MARK = 0.5
"""Confidence from which a mark of urgency hurries a scan and a mark of secrecy stops it."""
UNMARKED = "unmarked"
"""The kind of the row that says so of a page until it is looked at for marks again."""
IN_VAIN = 2
"""Pages of a scan that may bring the child down before the rest is spared: a file of 500 would hold it for a day."""
LEFT = 1 / 3
"""Share of its time that a page has after one has done so: reading lost on one file is 60 + 20 s of 90, no more."""
_CAUSES = ("Crashed", "Aborted", "TooMuchWork")
_UNKNOWN = (*_CAUSES, "TookTooLong")
"""Why a look may end without an answer though the page might be shown to somebody; what cannot be decoded is not."""
_COSTLY = tuple(f"unreadable: {cause}" for cause in _CAUSES)


def _path(session: Session, archive: Archive, claim: Claim) -> str:
    scan = session.get_one(Scan, claim.scan_id)
    archive.safe.give_back(archive.blobs, scan.sha256)  # taken by a quarantine that was never committed
    return converted.path(archive.blobs, archive.derived, Original.of(scan))


# ------------------------------------------------------------------------------------------------ survey


def prepare_survey(session: Session, archive: Archive, claim: Claim) -> Sequence[Args]:
    return [(_path(session, archive, claim), archive.limits)]


def keep_survey(
    session: Session, _archive: Archive, scan: Scan, _claim: Claim, answers: Sequence[Survey]
) -> Iterable[Next]:
    found = answers[0]
    scan.pages, scan.status = found.pages, "reading"
    if not Original.of(scan).is_office:  # what was looked at is its PDF
        scan.media_type = found.media_type
    scan.signatures = [dataclasses.asdict(one) for one in found.signatures]
    history.append(session, queue.ACTOR, "surveyed", scan.id, {"pages": found.pages})
    return [("verify", (0,))] if scan.signatures else [("look", (0,))]


# ------------------------------------------------------------------------------------------------ verify


def prepare_verify(session: Session, archive: Archive, claim: Claim) -> Sequence[Args]:
    trust = archive.settings.trust
    return [(_path(session, archive, claim), str(Path(trust).absolute()) if trust else "")]


def keep_verify(
    _session: Session, _archive: Archive, scan: Scan, _claim: Claim, answers: Sequence[Sequence[Verified]]
) -> Iterable[Next]:
    """Beside what each signature says of itself, in the order of the file; one that cannot be told is left as it is."""
    found = list(answers[0])
    if len(found) == len(scan.signatures):
        told = zip(scan.signatures, found, strict=True)
        scan.signatures = [said | signed.to_json(one) for said, one in told]
    elif any(one.verdict != signed.UNCHECKED for one in found):  # the two count differently, as with time stamps
        scan.signatures = [signed.to_json(one) for one in found]
    elif found:
        scan.signatures = [said | signed.to_json(signed.unchecked("pdf", found[0].why)) for said in scan.signatures]
    return [("look", (0,))]


def unverified(_claim: Claim, _args: Args, _error: ArchiveError) -> Sequence[Verified]:
    """A scan is read whether its signatures can be verified or not."""
    return (signed.unchecked("pdf", signed.FAILED),)


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
    """All pages are looked at before one of them is read: a scan is one file, secret as a whole.

    NotLooked where the look at one fell over: the file waits for another try, or for a person who has looked.
    """
    found = [mark for marks in answers for mark in marks if mark.kind == "secrecy"]
    if found:
        _keep_marks(session, scan, found)
        return quarantine.impose(session, archive, scan)
    unknown = [mark.page for marks in answers for mark in marks if mark.kind == UNLOOKED and mark.text in _UNKNOWN]
    if unknown:
        raise NotLooked(quarantine.UNLOOKED.format(pages=", ".join(map(str, unknown[:10]))))
    _keep_marks(session, scan, [mark for marks in answers for mark in marks])
    return [("read", range(1, scan.pages + 1))]


def unlooked(_claim: Claim, args: Args, error: ArchiveError) -> Sequence[Mark]:
    """A page that could not be decoded is looked at once more by who reads it, and is not read without."""
    return (_failed(UNLOOKED, args[1], error),)


def _failed(kind: str, page: int, error: ArchiveError) -> Mark:
    return Mark(kind, page, (0.0, 0.0, 1.0, 1.0), 0.0, type(error).__name__)


# ------------------------------------------------------------------------------------------------ read


def prepare_read(session: Session, archive: Archive, claim: Claim) -> Sequence[Args]:
    asked = plugins(session, archive.settings)
    by_person = sa.select(PageRow.turned).where(PageRow.scan_id == claim.scan_id, PageRow.number == claim.part)
    looks = quarantine.guards(session, archive, claim.scan_id)
    unlooked = looks and (_cause(session, claim, UNLOOKED) is not None or _is_unread(session, claim))
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


def lost_reading(session: Session, claim: Claim) -> int:
    """Pages of this scan that have cost so much; those that a clerk has tried again do not count.

    What the look could not draw is not drawn again; what was read once is read again whatever others did.
    """
    if _reason(session, claim) and not _is_unread(session, claim):
        return 0
    if _cause(session, claim, UNLOOKED) in _CAUSES:
        return IN_VAIN
    costly = sa.select(sa.func.count()).select_from(PageRow).where(
        PageRow.scan_id == claim.scan_id, PageRow.reason.in_(_COSTLY), PageRow.number.in_(_done(claim))
    )  # fmt: skip
    unlooked = _failed_marks(claim, UNLOOKED)
    return (session.scalar(costly) or 0) + (session.scalar(unlooked) or 0)


def _done(claim: Claim) -> sa.Select[int]:
    """Pages of the scan that this step is done with, and was not told to do again."""
    return sa.select(Task.part).where(
        Task.scan_id == claim.scan_id, Task.step == claim.step, Task.state == "done"
    )  # fmt: skip


def _reason(session: Session, claim: Claim) -> str:
    """Why the page is as it was read before; "" when it was not."""
    reason = sa.select(PageRow.reason).where(PageRow.scan_id == claim.scan_id, PageRow.number == claim.part)
    return session.scalar(reason) or ""


def _is_unread(session: Session, claim: Claim) -> bool:
    return _reason(session, claim).startswith("unreadable")


def _cause(session: Session, claim: Claim, kind: str) -> str | None:
    at_page = sa.and_(MarkRow.scan_id == claim.scan_id, MarkRow.page == claim.part, MarkRow.kind == kind)
    return session.scalar(sa.select(MarkRow.text).where(at_page))


def _failed_marks(claim: Claim, kind: str) -> sa.Select[int]:
    return sa.select(sa.func.count()).select_from(MarkRow).where(
        MarkRow.scan_id == claim.scan_id, MarkRow.kind == kind, MarkRow.text.in_(_CAUSES)
    )  # fmt: skip


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


def unmarked(_claim: Claim, args: Args, error: ArchiveError) -> Marks:
    """No marks on a page whose picture cannot be looked at: its words stay."""
    page: Page = args[1]
    return Marks(page.number, marks=(_failed(UNMARKED, page.number, error),))


def lost_marking(session: Session, claim: Claim) -> int:
    """Pages of this scan that brought down who looks for marks; this one, if it brought the reader down."""
    if _reason(session, claim) in (*_COSTLY, "unreadable: Spared"):
        return IN_VAIN
    return session.scalar(_failed_marks(claim, UNMARKED).where(MarkRow.page.in_(_done(claim)))) or 0


def _minutes(count: float) -> Any:
    return lambda _settings: 60.0 * count


def _page_seconds(settings: Settings) -> float:
    return settings.page_seconds


# Measured: the densest page of 80 megapixels computes 3 s in look and in mark, 7 s in read, and 42 s when it is small
# noisy print that lies on its side.
SURVEY = Step("survey", prepare_survey, "archive.steps:survey", keep_survey, _minutes(1), 1 / 6, opens=True)
VERIFY = Step("verify", prepare_verify, "archive.signed:of_pdf", keep_verify, _minutes(1), 1 / 3, instead=unverified)
LOOK = Step("look", prepare_look, "archive.steps:look", keep_look, _page_seconds, 1 / 6, opens=True, instead=unlooked)
READ = Step(
    "read", prepare_read, "archive.steps:read", keep_read, _page_seconds, 2 / 3,
    opens=True, save=save_read, instead=unread, lost=lost_reading,
)  # fmt: skip
MARK = Step(
    "mark", prepare_mark, "archive.steps:mark", keep_mark, _page_seconds, 1 / 6,
    opens=True, instead=unmarked, lost=lost_marking,
)  # fmt: skip
