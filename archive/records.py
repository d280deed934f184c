"""A document's row <-> the record settled about it: findings, what people confirmed, columns, doubts."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import stamped
from archive.findings import Citation, Finding, Mention, Record, Settled, Stamp, Value, settle
from archive.models import CitationRow, Confirmation, Document, FindingRow, StampRow, now
from archive.pages import box_json, box_of
from archive.reading import Span

COLUMNS = (
    "full_code", "number", "symbol", "document_type", "issuing_organ", "date", "subject", "urgency", "secrecy",
    "province_at_issue", "province_current",
)  # fmt: skip
"""Fields that have a column of their own on Document, to search and sort by."""
NEEDED = ("issuing_organ", "document_type", "number", "full_code", "date", "subject")
"""Fields a register cannot do without: unsure and empty, they are a doubt."""
ON_STAMP = "stamp."
"""Before the name of a stamp's field among what people confirmed."""
PERSON = "person"
_findings = sa.select(FindingRow).where(FindingRow.document_id == sa.bindparam("document")).order_by(FindingRow.id)
_confirmed = sa.select(Confirmation).where(Confirmation.document_id == sa.bindparam("document"))
_stamp = sa.select(StampRow).where(StampRow.document_id == sa.bindparam("document")).order_by(StampRow.id).limit(1)


# ------------------------------------------------------------------------------------------------ from rows


def settled(session: Session, document: Document) -> Record:
    """The record as it follows from the latest findings and what people confirmed."""
    session.flush()
    rows = latest(session.scalars(_findings, {"document": document.id}).all())
    everything: list[Finding | Citation] = [*map(finding_of, rows), *map(citation_of, document.citations)]
    words = confirmed(session, document.id)
    return settle(everything, words, stamp(session, document.id))


def stamp(session: Session, document_id: str) -> Stamp | None:
    """The document's arrival stamp; what a person said of a field of it goes before what was read."""
    row = session.scalars(_stamp, {"document": document_id}).one_or_none()
    if row is None:
        return None
    read = stamped.with_witnesses(session, session.get_one(Document, document_id), stamp_of(row))
    said = {name.removeprefix(ON_STAMP): value for name, value in _said(session, document_id).items()
            if name.startswith(ON_STAMP)}  # fmt: skip
    read_only = tuple(one for one in read.fields if one.source != PERSON)
    by_person = tuple(Finding(name, value, 1.0, witness=PERSON, source=PERSON) for name, value in said.items())
    return dataclasses.replace(read, fields=(*by_person, *read_only))


def resettle(session: Session, document: Document) -> Record:
    """Settle again after a person or a plugin said something new, and write it to the row."""
    record = settled(session, document)
    keep(document, record)
    return record


def latest(rows: Sequence[FindingRow]) -> list[FindingRow]:
    """Those of the last reading; earlier ones stand beside it, but count no more."""
    last = max((row.found_at for row in rows), default=None)
    return [row for row in rows if row.found_at == last]


def confirmed(session: Session, document_id: str) -> dict[str, Value]:
    """What people confirmed or corrected of the document itself."""
    said = _said(session, document_id)
    return {name: value for name, value in said.items() if not name.startswith(ON_STAMP)}


def _said(session: Session, document_id: str) -> dict[str, Value]:
    return {row.field: value_of(row.value) for row in session.scalars(_confirmed, {"document": document_id})}


def finding_of(row: FindingRow) -> Finding:
    """The finding a row keeps."""
    span = Span(row.span[0], row.span[1]) if row.span else None
    return Finding(
        row.field, value_of(row.value), row.confidence, span, row.page, box_of(row.box), row.partial, row.reason,
        row.witness, row.suggestion, row.source,
    )  # fmt: skip


def citation_of(row: CitationRow) -> Citation:
    """The citation a row keeps."""
    mentions = tuple(Mention(m["start"], m["end"], m["page"], box_of(m["box"])) for m in row.mentions)
    return Citation(row.type, row.code, row.date, row.issuer, row.relation, mentions, row.source)


def stamp_of(row: StampRow) -> Stamp:
    """The arrival stamp a row keeps."""
    fields = tuple(finding_of_json(value) for value in row.findings)
    return Stamp(row.page, box_of(row.box), fields, row.angle, row.confidence)


def value_of(value: Any) -> Value:
    """A value that came out of JSON."""
    return tuple(str(each) for each in value) if isinstance(value, list | tuple) else cast(Value, value)


# ------------------------------------------------------------------------------------------------ to rows


def keep_findings(session: Session, document: Document, findings: Iterable[Finding], at: dt.datetime | None) -> None:
    """Write a reading beside the earlier ones; the same reading once more is not written again."""
    at = at or now()  # one moment for all: it is what makes them one reading
    rows = [_finding_row(document.id, finding, at) for finding in findings]
    before = latest(session.scalars(_findings, {"document": document.id}).all())
    if [finding_of(row) for row in rows] != [finding_of(row) for row in before]:
        session.add_all(rows)
        session.flush()


def keep_citations(document: Document, citations: Iterable[Citation]) -> None:
    """Replace what the document cites; what an earlier citation was resolved to is kept."""
    targets = {(row.code, row.date): row.target_id for row in document.citations if row.target_id}
    rows = [_citation_row(citation) for citation in citations]
    for row in rows:
        row.target_id = targets.get((row.code, row.date))
    document.citations = rows


def keep(document: Document, record: Record) -> None:
    """Write a record to the columns and fields of its document; the version grows when anything changed."""
    fields = {name: settled_json(value) for name, value in record.fields.items()}
    lists = {"addressees": list(record.addressees), "recipients": list(record.recipients),
             "archive_copy": list(record.archive_copy)}  # fmt: skip
    suggestions = [suggestion_json(finding) for finding in record.suggestions]
    after = (fields, lists, list(record.flags), suggestions, record.system, record.kind)
    before = (document.fields, document.lists, document.flags, document.suggestions, document.system, document.kind)
    if before == after:
        return
    if document.fields:
        document.version += 1
    document.fields, document.lists, document.flags, document.suggestions = after[:4]
    document.system, document.kind = record.system, record.kind
    for name in COLUMNS:
        setattr(document, name, _column(name, record.fields.get(name)))
    document.doubts = doubts(fields)


def doubts(fields: Mapping[str, Mapping[str, Any]]) -> int:
    """How many fields (as `settled_json` writes them) a clerk should look at."""
    unsure = [name for name, one in fields.items() if not one.get("sure")]
    return sum(1 for name in unsure if name in NEEDED or _says_something(fields[name]))


def _says_something(one: Mapping[str, Any]) -> bool:
    return any(one.get(key) not in (None, []) for key in ("value", "partial", "others"))


def _column(name: str, one: Settled | None) -> str | None:
    """A value that does not fit is left to the fields: cut short it would be another value."""
    value = one.value if one else None
    longest = getattr(Document.__table__.c[name].type, "length", None)
    return value if isinstance(value, str) and (longest is None or len(value) <= longest) else None


def _finding_row(document_id: str, one: Finding, at: dt.datetime) -> FindingRow:
    return FindingRow(
        document_id=document_id, field=one.field[:80], value=_plain(one.value), confidence=one.confidence,
        page=one.page, box=box_json(one.box), span=[one.span.start, one.span.end] if one.span else None,
        partial=one.partial and one.partial[:80], reason=one.reason[:500], witness=one.witness[:20],
        suggestion=one.suggestion, source=one.source[:80], found_at=at,
    )  # fmt: skip


def _citation_row(one: Citation) -> CitationRow:
    mentions = [mention_json(mention) for mention in one.mentions]
    return CitationRow(
        type=one.type and one.type[:100], code=one.code and one.code[:80], date=one.date and one.date[:10],
        issuer=one.issuer and one.issuer[:300], relation=one.relation, mentions=mentions, source=one.source[:80],
    )  # fmt: skip


def stamp_row(scan_id: str, stamp: Stamp) -> StampRow:
    """A row for an arrival stamp of a scan."""
    return StampRow(
        scan_id=scan_id, page=stamp.page, box=box_json(stamp.box), angle=stamp.angle, confidence=stamp.confidence,
        findings=[finding_json(finding) | _rivals_json(finding) for finding in stamp.fields],
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------ plain values


def settled_json(one: Settled) -> dict[str, Any]:
    """A settled field as the contract's object."""
    return {
        "value": _plain(one.value), "confidence": round(one.confidence, 4), "sure": one.sure, "page": one.page,
        "box": box_json(one.box), "source": one.source, "partial": one.partial, "reason": one.reason,
        "others": [finding_json(other) | {"sure": False, "others": []} for other in one.others],
    }  # fmt: skip


def finding_json(one: Finding) -> dict[str, Any]:
    """A finding as a rival reading of the contract, and as it is kept on a stamp."""
    return {
        "field": one.field, "value": _plain(one.value), "confidence": round(one.confidence, 4), "page": one.page,
        "box": box_json(one.box), "partial": one.partial, "reason": one.reason, "witness": one.witness,
        "source": one.source,
    }  # fmt: skip


def _rivals_json(one: Finding) -> dict[str, Any]:
    """What is kept on a stamp for the book's sake, and shown to nobody."""
    return {"rivals": [[text, float(f"{chance:.3g}")] for text, chance in one.rivals]} if one.rivals else {}


def finding_of_json(value: Mapping[str, Any]) -> Finding:
    """The finding of `finding_json`; what a person wrote on a stamp has fewer keys."""
    return Finding(
        value["field"], value_of(value.get("value")), value.get("confidence", 1.0), None, value.get("page"),
        box_of(value.get("box")), value.get("partial"), value.get("reason", ""), value.get("witness", ""), False,
        value.get("source", ""), tuple((text, chance) for text, chance in value.get("rivals", ())),
    )  # fmt: skip


def suggestion_json(one: Finding) -> dict[str, Any]:
    """A value inferred from elsewhere, as the contract gives it."""
    return {"field": one.field, "value": _plain(one.value), "reason": one.reason, "source": one.source}


def mention_json(one: Mention) -> dict[str, Any]:
    """One place where a citation stands."""
    return {"page": one.page, "box": box_json(one.box), "start": one.start, "end": one.end}


def _plain(value: Value) -> Any:
    return list(value) if isinstance(value, tuple) else value
