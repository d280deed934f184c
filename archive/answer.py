"""What was read, as the JSON of the contract: from rows, and from a record in memory (`vanthu read`)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import records, stamped
from archive.findings import FIELDS, STAMP_FIELDS, Citation, Finding, Record, Route, Settled, Stamp
from archive.models import CitationRow, Document, RegisterEntry, RouteRow, Scan
from archive.pages import box_json
from archive.records import PERSON, finding_json, mention_json, settled_json, suggestion_json

Json = dict[str, Any]
_entries = (
    sa.select(RegisterEntry)
    .where(RegisterEntry.document_id == sa.bindparam("document"), RegisterEntry.status == "registered")
    .order_by(RegisterEntry.registered_at)
)
_NOTHING = settled_json(Settled())


def of_scan(session: Session, scan: Scan) -> Json:
    """The contract's object of one scan with all its documents."""
    documents = [of_document(session, document) for document in scan.documents]
    return {"scan": scan_json(scan), "documents": documents}


def scan_json(scan: Scan) -> Json:
    """The scan alone; times in ISO 8601, UTC."""
    return {
        "id": scan.id, "sha256": scan.sha256, "filename": scan.filename, "media_type": scan.media_type,
        "pages": scan.pages, "status": scan.status, "error": scan.error, "signatures": scan.signatures,
        "source": scan.source, "received_at": _moment(scan.received_at), "read_at": _moment(scan.read_at),
    }  # fmt: skip


def of_document(session: Session, document: Document) -> Json:
    """One logical document as it stands now."""
    stamp = records.stamp(session, document.id)
    return {
        "id": document.id, "pages": document.pages, "status": document.status, "system": document.system,
        "kind": document.kind, "fields": _all_fields(document.fields),
        "stamp": stamp_json(stamp) if stamp else None,
        **_lists(document.lists),
        "citations": [_citation_row(row) for row in document.citations],
        "routes": [route_row_json(row) for row in document.routes],
        "flags": document.flags, "suggestions": document.suggestions, "doubts": document.doubts,
        "cut_reasons": document.cut_reasons, "version": document.version, "register": _entry(session, document.id),
    }  # fmt: skip


def _entry(session: Session, document_id: str) -> Json | None:
    """Where the document stands in a register book."""
    row = session.scalars(_entries, {"document": document_id}).first()
    if row is None:
        return None
    arrived = row.arrived_on.isoformat() if row.arrived_on else None
    return {"book": row.book_id, "year": row.year, "number": row.number, "arrived_on": arrived}


def of_record(record: Record, *, pages: Sequence[int], routes: Iterable[Route] = (), cut_reasons: Iterable[str] = (),
              id: str | None = None, status: str = "review") -> Json:  # fmt: skip
    """The same object of a record that is in no archive."""
    fields = {name: settled_json(one) for name, one in record.fields.items()}
    return {
        "id": id, "pages": list(pages), "status": status, "system": record.system, "kind": record.kind,
        "fields": _all_fields(fields), "stamp": stamp_json(record.stamp) if record.stamp else None,
        "addressees": list(record.addressees), "recipients": list(record.recipients),
        "archive_copy": list(record.archive_copy),
        "citations": [citation_json(one) for one in record.citations], "routes": [route_json(one) for one in routes],
        "flags": list(record.flags), "suggestions": [suggestion_json(one) for one in record.suggestions],
        "cut_reasons": list(cut_reasons),
    }  # fmt: skip


def stamp_json(stamp: Stamp) -> Json:
    """An arrival stamp; each of its fields is settled like a document's."""
    by_field = {name: [one for one in stamp.fields if one.field == name] for name in STAMP_FIELDS}
    return {
        "page": stamp.page, "box": box_json(stamp.box), "angle": stamp.angle, "confidence": stamp.confidence,
        "fields": {name: _stamp_field(found) for name, found in by_field.items()},
    }  # fmt: skip


def _stamp_field(found: Sequence[Finding]) -> Json:
    """A person's word stands; else what was read, settled among its rivals; `alone`: without the book's witness."""
    word = next((one for one in found if one.source == PERSON), None)
    if word is None:
        without = stamped.alone(found)
        return settled_json(stamped.settled(found)) | ({"alone": settled_json(without)} if without else {})
    others = tuple(one for one in found if one.source != PERSON)
    return settled_json(Settled(word.value, 1.0, True, word.page, word.box, PERSON, others=others))


def citation_json(one: Citation, target: str | None = None) -> Json:
    """A cited paper; `page` and `box` are those of its first mention."""
    return _citation(one.type, one.code, one.date, one.issuer, one.relation,
                     [mention_json(mention) for mention in one.mentions], target, one.source)  # fmt: skip


def _citation_row(row: CitationRow) -> Json:
    return _citation(row.type, row.code, row.date, row.issuer, row.relation, row.mentions, row.target_id, row.source)


def _citation(type_: str | None, code: str | None, date: str | None, issuer: str | None, relation: str | None,
              mentions: Sequence[Json], target: str | None, source: str) -> Json:  # fmt: skip
    first: Json = mentions[0] if mentions else {"page": None, "box": None}
    return {
        "type": type_, "code": code, "date": date, "issuer": issuer, "relation": relation, "page": first["page"],
        "box": first["box"], "target": target, "mentions": list(mentions), "source": source,
    }  # fmt: skip


def route_json(one: Route) -> Json:
    """A suggestion of who should have the document."""
    return {"unit": one.unit, "role": one.role, "due": one.due, "reason": one.reason,
            "confidence": round(one.confidence, 4), "source": one.source, "state": "suggested"}  # fmt: skip


def route_row_json(row: RouteRow) -> Json:
    """A suggestion or decision that is kept."""
    said = {
        "id": row.id, "unit": row.unit, "role": row.role, "due": row.due.isoformat() if row.due else None,
        "reason": row.reason, "confidence": round(row.confidence, 4), "source": row.source, "state": row.state,
        "instruction": row.instruction,
    }  # fmt: skip
    return said | (_handled(row) if row.state != "suggested" else {})


def _handled(row: RouteRow) -> Json:
    """What became of a decision."""
    return {
        "version": row.version, "decided_by": row.decided_by, "decided_at": _moment(row.decided_at),
        "received_by": row.received_by, "received_at": _moment(row.received_at),
        "person": row.person.name if row.person else None, "person_due": _day(row.person_due),
        "opinion": row.opinion, "proposal": row.proposal, "reply": row.reply, "asked_due": _day(row.asked_due),
        "asked_reason": row.asked_reason, "first_due": _day(row.first_due), "closed_at": _moment(row.closed_at),
        "closed_reason": row.closed_reason,
    }  # fmt: skip


def _day(day: dt.date | None) -> str | None:
    return day.isoformat() if day else None


def _all_fields(fields: Mapping[str, Json]) -> Json:
    """Every field of the contract, in its order; what nobody found is null and not sure."""
    return {name: fields.get(name, _NOTHING) for name in FIELDS} | dict(fields)


def _lists(lists: Mapping[str, Any]) -> Json:
    return {name: list(lists.get(name, ())) for name in ("addressees", "recipients", "archive_copy")}


def _moment(at: dt.datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None


__all__ = ["citation_json", "finding_json", "of_document", "of_record", "of_scan", "route_json",
           "route_row_json", "scan_json", "stamp_json"]  # fmt: skip
