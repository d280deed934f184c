"""Steps 3 to 6: documents, what they say, where they go, the shelf."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import bundles, client_uploads, history, links, origins, pages, records, signers
from archive.bundles import Part
from archive.edxml.findings import names_file, without_known
from archive.edxml.findings import of_document as of_messages
from archive.errors import ArchiveError
from archive.findings import Finding, Mark, Record, Route, settle
from archive.jobs import desk, queue
from archive.jobs.queue import Claim, Next
from archive.models import (
    Confirmation,
    Cut,
    Document,
    Event,
    MarkRow,
    Outbox,
    PageRow,
    RouteRow,
    Scan,
    StampRow,
    Unit,
    now,
)
from archive.pipeline import quarantine
from archive.pipeline.line import Archive, Args, Step, plugins
from archive.reading import Text
from archive.signed import BROKEN
from archive.steps import Extraction
from archive.witnesses import outside

OURS = "line"
BELIEVED = 0.5
"""Confidence from which a reading hurries a scan or quarantines it."""
_documents = sa.select(Document).where(Document.scan_id == sa.bindparam("scan")).order_by(Document.ordinal)
_to_write = _documents.with_for_update().execution_options(populate_existing=True)
"""Locked: what a clerk confirms while a step is finished must not be overwritten by what was read before it."""
_stamps = sa.select(StampRow).where(StampRow.scan_id == sa.bindparam("scan")).order_by(StampRow.page)


# ------------------------------------------------------------------------------------------------ cut


def prepare_cut(session: Session, archive: Archive, claim: Claim) -> Sequence[Args]:
    read = pages.of_scan(session, claim.scan_id)
    stamps = [records.stamp_of(row) for row in session.scalars(_stamps, {"scan": claim.scan_id})]
    return [(read, stamps, plugins(session, archive.settings))]


def keep_cut(
    session: Session, _archive: Archive, scan: Scan, _claim: Claim, answers: Sequence[Sequence[Part]]
) -> Iterable[Next]:
    documents = list(session.scalars(_to_write, {"scan": scan.id}))
    if not (documents and _is_held(session, scan, documents)):
        documents = _cut(session, scan, documents, answers[0])
    _give_texts(session, scan, documents)
    _give_stamps(session, scan, documents)
    history.append(session, queue.ACTOR, "cut", scan.id, {"documents": len(documents)})
    return [("extract", (0,))]


def _is_held(session: Session, scan: Scan, documents: Sequence[Document]) -> bool:
    """Whether a person worked on a document of the scan: then it stays cut as it is."""
    ids = [document.id for document in documents]
    if any(document.status != "review" for document in documents):
        return True
    if session.scalar(sa.select(Confirmation.field).where(Confirmation.document_id.in_(ids)).limit(1)):
        return True
    cuts = session.scalars(sa.select(Cut.undone).where(Cut.scan_id == scan.id, Cut.kind != "turned")).all()
    # Before cuts were kept there were only events of them.
    return not all(cuts) if cuts else _was_cut(session, [scan.id, *ids])


def _was_cut(session: Session, subjects: Sequence[str]) -> bool:
    told = sa.select(Event.seq).where(Event.action.in_(("split", "merged")), Event.subject.in_(subjects))
    return session.scalar(told.limit(1)) is not None


def _cut(session: Session, scan: Scan, before: Sequence[Document], parts: Sequence[Part]) -> list[Document]:
    """Documents as the parts say; the n-th document stays the n-th, so that doing it again changes nothing."""
    known = {document.ordinal: document for document in before}
    documents = []
    for ordinal, part in enumerate(parts, 1):
        document = known.pop(ordinal, None) or Document(scan_id=scan.id, ordinal=ordinal)
        document.pages = [page.number for page in part.pages]
        document.cut_reasons = list(part.reasons)
        session.add(document)
        documents.append(document)
    for left_over in known.values():
        session.add(Outbox(document_id=left_over.id))
        session.delete(left_over)
    session.flush()
    return documents


def _give_texts(session: Session, scan: Scan, documents: Sequence[Document]) -> None:
    read = {page.number: page for page in pages.of_scan(session, scan.id)}
    for document in documents:
        text = Text([read[number] for number in document.pages if number in read])
        document.text, document.folded = text.plain, text.folded


def _give_stamps(session: Session, scan: Scan, documents: Sequence[Document]) -> None:
    """Each document gets the first stamp on its pages; a stamp on a page of no document stays alone."""
    free = list(session.scalars(_stamps, {"scan": scan.id}))
    for row in free:
        row.document_id = None
    for document in documents:
        mine = [row for row in free if row.page in document.pages]
        if mine:
            max(mine, key=lambda row: row.confidence).document_id = document.id
    session.flush()


# ------------------------------------------------------------------------------------------------ extract


def prepare_extract(session: Session, archive: Archive, claim: Claim) -> Sequence[Args]:
    asked = plugins(session, archive.settings)
    read = {page.number: page for page in pages.of_scan(session, claim.scan_id)}
    return [
        (
            tuple(read[number] for number in document.pages if number in read),
            records.stamp_of(document.stamp) if document.stamp else None,
            asked,
        )
        for document in session.scalars(_documents, {"scan": claim.scan_id})
    ]


def keep_extract(
    session: Session, archive: Archive, scan: Scan, _claim: Claim, answers: Sequence[Extraction]
) -> Iterable[Next]:
    documents = list(session.scalars(_to_write, {"scan": scan.id}))
    found = [_with_flags(session, document, answer) for document, answer in zip(documents, answers, strict=True)]
    found = [_with_message(session, document, one) for document, one in zip(documents, found, strict=True)]
    at = now()
    settled = [_settled(session, document, one) for document, one in zip(documents, found, strict=True)]
    if quarantine.guards(session, archive, scan.id) and any(_says(record, "secrecy") for record in settled):
        return quarantine.impose(session, archive, scan, _grades(documents, settled))
    siblings = bundles.suggest_from_siblings(settled)
    for document, one, suggested in zip(documents, found, siblings, strict=True):
        records.keep_findings(session, document, [*one.findings, *suggested], at)
        records.keep_citations(document, one.citations)
        records.resettle(session, document)
        links.resolve(session, document)
    if any(_says(record, "urgency") for record in settled):
        desk.urgent(session, scan.id)
    passed_over = dict(failure.split(" ", 1) for one in answers for failure in one.failures)
    said = {"documents": len(documents)} | ({"passed_over": passed_over} if passed_over else {})
    history.append(session, queue.ACTOR, "extracted", scan.id, said)
    return [("route", (0,))]


def _settled(session: Session, document: Document, one: Extraction) -> Record:
    stamp = records.stamp_of(document.stamp) if document.stamp else None
    return settle([*one.findings, *one.citations], records.confirmed(session, document.id), stamp)


def _with_flags(session: Session, document: Document, answer: Extraction) -> Extraction:
    """The flags that only the line knows."""
    flags = ["part_of_bundle"] if document.ordinal > 1 else []
    rows = session.scalars(sa.select(PageRow).where(PageRow.scan_id == document.scan_id))
    if any(desk.UNREADABLE in row.advice for row in rows if row.number in document.pages):
        flags.append("unreadable_page")
    ours = tuple(Finding("flag", flag, 1.0, source=OURS) for flag in flags)
    more = outside(answer.findings, *_outside_of(session, document))
    said = client_uploads.suggested(session, document)
    return dataclasses.replace(answer, findings=(*answer.findings, *ours, *more, *said))


def _with_message(session: Session, document: Document, one: Extraction) -> Extraction:
    """What the message it came by says, and whether signatures fit what was read."""
    said = of_messages(session, document, one.findings)
    findings = [*one.findings, *(each for each in said if isinstance(each, Finding))]
    if document.ordinal == 1:
        findings += signers.conflicts(findings, session.get_one(Scan, document.scan_id).signatures)
    cited = without_known(said, one.citations)
    return dataclasses.replace(one, findings=tuple(findings), citations=(*one.citations, *cited))


def _outside_of(session: Session, document: Document) -> tuple[str, list[str | None], list[Mark]]:
    """(file name, times of signatures, marks): the first two are those of the first document of a scan.

    A name given by an edXML message is no second witness: the appendixes bear the paper's number, too.
    """
    at_first_page = sa.and_(MarkRow.scan_id == document.scan_id, MarkRow.page == next(iter(document.pages), 0))
    rows = session.scalars(sa.select(MarkRow).where(at_first_page))
    marks = [Mark(row.kind, row.page, pages.box_of(row.box) or (0, 0, 0, 0), row.confidence, row.text) for row in rows]
    scan = session.get_one(Scan, document.scan_id)
    if document.ordinal > 1:
        return "", [], marks
    held = [one.get("at") for one in scan.signatures if one.get("verdict") != BROKEN]
    return "" if names_file(session, scan.id) else scan.filename, held, marks


def _grades(documents: Sequence[Document], settled: Sequence[Record]) -> dict[str, str]:
    both = zip(documents, settled, strict=True)
    return {document.id: str(record.fields["secrecy"].value) for document, record in both if _says(record, "secrecy")}


def _says(record: Record, field: str) -> bool:
    one = record.fields.get(field)
    return one is not None and one.value is not None and one.confidence >= BELIEVED


# ------------------------------------------------------------------------------------------------ route


def prepare_route(session: Session, archive: Archive, claim: Claim) -> Sequence[Args]:
    asked = plugins(session, archive.settings)
    documents = session.scalars(_documents, {"scan": claim.scan_id})
    return [(records.settled(session, document), asked) for document in documents]


def keep_route(
    session: Session, _archive: Archive, scan: Scan, _claim: Claim, answers: Sequence[Sequence[Route]]
) -> Iterable[Next]:
    units = {unit.name.casefold(): unit.id for unit in session.scalars(sa.select(Unit).where(Unit.active))}
    put = origins.routes(session, scan.id)
    for document, routes in zip(session.scalars(_to_write, {"scan": scan.id}).all(), answers, strict=True):
        for old in [row for row in document.routes if row.state == "suggested"]:
            document.routes.remove(old)
        said = {one.unit.casefold() for one in routes}
        of_place = [one for one in put if one.unit.casefold() not in said]
        document.routes.extend(_route_row(one, units) for one in [*routes, *of_place])
    return [("shelve", (0,))]


def _route_row(one: Route, units: dict[str, str]) -> RouteRow:
    return RouteRow(
        unit_id=units.get(one.unit.casefold()), unit=one.unit[:200], role=one.role, due=_day(one.due),
        reason=one.reason[:500], confidence=one.confidence, source=one.source[:80], days=one.days,
    )  # fmt: skip


def _day(text: str | None) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        return None


def unrouted(_claim: Claim, _args: Args, _error: ArchiveError) -> tuple[Route, ...]:
    """No suggestion where the plugin could not be asked: a person decides anyway."""
    return ()


# ------------------------------------------------------------------------------------------------ shelve


def prepare_shelve(_session: Session, _archive: Archive, _claim: Claim) -> Sequence[Args]:
    return []


def keep_shelve(
    session: Session, _archive: Archive, scan: Scan, _claim: Claim, _answers: Sequence[object]
) -> Iterable[Next]:
    documents = list(session.scalars(_to_write, {"scan": scan.id}))
    session.add_all(Outbox(document_id=document.id) for document in documents)
    scan.status = "review" if any(document.status == "review" for document in documents) else "done"
    scan.read_at = now()
    scan.error = _unread_pages(session, scan)
    history.append(session, queue.ACTOR, "shelved", scan.id, {"documents": len(documents)})
    return []


def _unread_pages(session: Session, scan: Scan) -> str | None:
    rows = session.scalars(sa.select(PageRow).where(PageRow.scan_id == scan.id).order_by(PageRow.number))
    numbers = [str(row.number) for row in rows if desk.UNREADABLE in row.advice]
    if not numbers:
        return None
    return (
        f"Không đọc được trang {', '.join(numbers)}; các trang khác đã đọc xong và bản gốc vẫn được lưu an toàn. "
        "Hãy bấm “Thử lại”, hoặc xem ảnh trang và nhập tay."
    )


CUT = Step("cut", prepare_cut, "archive.steps:cut", keep_cut, lambda _settings: 300.0)
EXTRACT = Step("extract", prepare_extract, "archive.steps:extract", keep_extract, lambda _settings: 180.0)
ROUTE = Step("route", prepare_route, "archive.steps:route", keep_route, lambda _settings: 60.0, instead=unrouted)
SHELVE = Step("shelve", prepare_shelve, None, keep_shelve, lambda _settings: 60.0)
