"""Cutting by hand: a person splits and joins documents of a scan, puts pages in order, sets a page upright.

What was done last can be taken back, one thing after another; each is an event of its own. The line never cuts again
what a person has cut, and what a person confirmed stays with its document.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import history, pages
from archive.errors import BadValue, Conflict, Stale
from archive.jobs import desk
from archive.models import Confirmation, Cut, Document, Outbox, PageRow, Scan, now

Plan = list[tuple[Document | None, list[int]]]
"""The documents of a scan that are still under review, each with its pages in order; None is a new one."""
WORDS = ("field", "value", "machine", "sure", "source", "outcome", "by", "at")
"""What is kept of a person's word, whatever becomes of its document."""
CHANGED = "Văn bản vừa được người khác sửa hay tách. Chưa có gì bị đổi: hãy tải lại rồi làm tiếp."
IN_BOOK = "Văn bản đã vào sổ nên không tách, ghép, xoay hay xếp lại trang được nữa. Hãy huỷ số trước và nêu lý do."

_scan = sa.select(Scan).where(Scan.id == sa.bindparam("id")).with_for_update().execution_options(populate_existing=True)
_of_scan = (
    sa.select(Document)
    .where(Document.scan_id == sa.bindparam("scan"))
    .order_by(Document.ordinal)
    .with_for_update()
    .execution_options(populate_existing=True)
)
_last = sa.select(Cut).where(Cut.scan_id == sa.bindparam("scan"), Cut.undone.is_(False)).order_by(Cut.id.desc())


def split(
    session: Session, document: Document, away: Sequence[int], *, actor: str, if_version: int | None = None,
    at: dt.datetime | None = None,
) -> Document:  # fmt: skip
    """Makes these pages of the document a document of their own and has both understood anew; answers the new one.

    BadValue unless they are some of its pages, not all; Conflict when the document is in the book already.
    """
    documents = _lock(session, document, if_version)
    gone = [page for page in document.pages if page in set(away)]
    if not gone or len(gone) != len(set(away)) or len(gone) == len(document.pages):
        raise BadValue(f"Hãy chọn một phần các trang của văn bản này ({_listed(document.pages)}).")
    plan = _as_it_is(documents, document, [page for page in document.pages if page not in gone])
    new = _arrange(session, document.scan_id, [*plan, (None, gone)], "split", actor, at)
    history.append(session, actor, "split", document.id, {"pages": gone, "into": new[0].id}, at)
    return new[0]


def merge(
    session: Session, document: Document, other: Document, *, actor: str, if_version: int | None = None,
    at: dt.datetime | None = None,
) -> Document:  # fmt: skip
    """Joins `other` to `document`, which takes its pages behind its own; `other` ends.

    Both of one scan and still to be reviewed; a document that stands before goes in front.
    """
    if document.id == other.id or document.scan_id != other.scan_id:
        raise BadValue("Chỉ ghép được hai văn bản khác nhau của cùng một tệp quét.")
    documents = _lock(session, document, if_version)
    if other not in documents:  # somebody joined it to another one: its pages are there
        raise Stale(CHANGED)
    _still_to_review(other)
    both = sorted((document, other), key=lambda one: one.ordinal)
    taken, joined = list(other.pages), [*both[0].pages, *both[1].pages]
    plan = [(one, own) for one, own in _as_it_is(documents, document, joined) if one is not other]
    _arrange(session, document.scan_id, plan, "merged", actor, at)
    history.append(session, actor, "merged", document.id, {"pages": taken, "from": other.id}, at)
    return document


def move(
    session: Session, document: Document, page: int, step: int, *, actor: str, if_version: int | None = None,
    at: dt.datetime | None = None,
) -> Document:  # fmt: skip
    """Puts a page of the document `step` places later, or earlier when that is below 0; at the ends it stays."""
    documents = _lock(session, document, if_version)
    if page not in document.pages:
        raise BadValue(f"Văn bản này chỉ có {_listed(document.pages)}.")
    before = list(document.pages)
    at_place = before.index(page)
    after = [one for one in before if one != page]
    after.insert(min(max(at_place + step, 0), len(after)), page)
    if after == before:
        return document
    _arrange(session, document.scan_id, _as_it_is(documents, document, after), "moved", actor, at)
    history.append(session, actor, "pages_moved", document.id, {"before": before, "after": after}, at)
    return document


def turn(
    session: Session, document: Document, page: int, clockwise: int, *, actor: str, if_version: int | None = None,
    at: dt.datetime | None = None,
) -> Document:  # fmt: skip
    """Turns a page by a quarter, a half or three quarters more; it is read again so, now and at every later reading."""
    _lock(session, document, if_version)
    if page not in document.pages or clockwise not in (90, 180, 270):
        raise BadValue(f"Chỉ xoay được {_listed(document.pages)} của văn bản này, mỗi lần 90, 180 hoặc 270 độ.")
    row = _page(session, document.scan_id, page)
    was = _turned_json(row)
    _set_upright(row, (row.rotation + clockwise) % 360, by_person=True)
    session.add(Cut(scan_id=document.scan_id, kind="turned", before=[was], after=[_turned_json(row)], by=actor,
                    at=at or now()))  # fmt: skip
    _read_again(session, document, page, at)
    facts = {"page": page, "before": was["rotation"], "after": row.rotation}
    history.append(session, actor, "page_turned", document.id, facts, at)
    return document


def last(session: Session, scan_id: str) -> Cut | None:
    """What `undo` would take back."""
    return session.scalars(_last.limit(1), {"scan": scan_id}).first()


def undo(session: Session, document: Document, *, actor: str, at: dt.datetime | None = None) -> Document:
    """Takes back what was last done to the pages of the document's scan; answers a document to go on with.

    Documents that had ended come back under their own ids with what people had confirmed of them. Conflict when
    nothing is left to take back, or when what was made then has been registered or cut otherwise since.
    """
    at = at or now()
    documents = _lock(session, document)
    cut = last(session, document.scan_id)
    if cut is None:
        raise Conflict("Không còn thao tác nào trên bản quét này để hoàn tác.")
    cut.undone = True
    if cut.kind == "turned":
        _turn_back(session, documents, cut, at)
        stands = document
    else:
        stands = _put_back(session, documents, cut, actor, at) or document
    history.append(session, actor, "cut_undone", document.scan_id, {"kind": cut.kind, "of": cut.by}, at)
    return stands


# ------------------------------------------------------------------------------------------------ cutting


def _lock(session: Session, document: Document, if_version: int | None = None) -> list[Document]:
    """All documents of the scan, whose row is locked; `document` must still be under review, and as it was seen."""
    session.scalars(_scan, {"id": document.scan_id}).one()
    documents = list(session.scalars(_of_scan, {"scan": document.scan_id}))
    if document not in documents or if_version not in (None, document.version):
        raise Stale(CHANGED)
    _still_to_review(document)
    return documents


def _still_to_review(document: Document) -> None:
    if document.status != "review":
        raise Conflict(IN_BOOK)


def _as_it_is(documents: Sequence[Document], changed: Document, own: list[int]) -> Plan:
    """The plan that changes nothing but the pages of one document."""
    open_ones = [one for one in documents if one.status == "review"]
    return [(one, own if one is changed else list(one.pages)) for one in open_ones]


def _arrange(
    session: Session, scan_id: str, plan: Plan, kind: str, actor: str, at: dt.datetime | None
) -> list[Document]:
    """Cuts a scan as `plan` says, remembers how it was, and has it understood anew; answers the new documents."""
    at = at or now()
    documents = list(session.scalars(_of_scan, {"scan": scan_id}))
    open_ones = [one for one in documents if one.status == "review"]
    before = [_with_words(session, one) for one in open_ones]
    new = _lay(session, scan_id, documents, plan, at)
    after = [_of(one) for one in session.scalars(_of_scan, {"scan": scan_id}) if one.status == "review"]
    session.add(Cut(scan_id=scan_id, kind=kind, before=before, after=after, by=actor, at=at))
    desk.restart(session, scan_id, "cut", actor, at)
    return new


def _lay(session: Session, scan_id: str, documents: Sequence[Document], plan: Plan, at: dt.datetime) -> list[Document]:
    """Gives the documents of `plan` their pages; those under review that it does not name end."""
    kept = {one.id for one, _own in plan if one}
    new: list[Document] = []
    for one, own in plan:
        if one is None:
            one = Document(scan_id=scan_id, ordinal=len(documents) + len(new) + 1, cut_reasons=["tách bằng tay"])
            session.add(one)
            new.append(one)
        if list(one.pages or ()) != own:
            one.pages, one.version, one.changed_at = own, (one.version or 0) + 1, at
    for one in documents:
        if one.status == "review" and one.id not in kept:
            session.add(Outbox(document_id=one.id))
            session.delete(one)
    session.flush()
    _renumber(session, list(session.scalars(_of_scan, {"scan": scan_id})))
    return new


def _renumber(session: Session, documents: Sequence[Document]) -> None:
    """Ordinals in the order of pages; in two passes, for no two documents may have one even for a moment."""
    for ordinal, document in enumerate(documents, 1):
        document.ordinal = -ordinal
    session.flush()
    for ordinal, document in enumerate(sorted(documents, key=lambda one: min(one.pages, default=0)), 1):
        document.ordinal = ordinal
    session.flush()


# ------------------------------------------------------------------------------------------------ taking back


def _of(document: Document) -> dict[str, Any]:
    return {"id": document.id, "pages": list(document.pages)}


def _with_words(session: Session, document: Document) -> dict[str, Any]:
    """The document as it can be made again, with what people said of it."""
    rows = session.scalars(sa.select(Confirmation).where(Confirmation.document_id == document.id))
    said = [{name: getattr(one, name) for name in WORDS} | {"at": one.at.isoformat()} for one in rows]
    return _of(document) | {"reasons": list(document.cut_reasons), "confirmed": said}


def _put_back(
    session: Session, documents: Sequence[Document], cut: Cut, actor: str, at: dt.datetime
) -> Document | None:
    """The documents of before `cut`; the first of those it had changed."""
    standing = {one.id: list(one.pages) for one in documents if one.status == "review"}
    if standing != {one["id"]: one["pages"] for one in cut.after}:
        raise Conflict("Các văn bản của bản quét này đã đổi từ sau thao tác đó nên không hoàn tác được nữa.")
    known = {one.id: one for one in documents}
    for ordinal, one in enumerate((one for one in cut.before if one["id"] not in known), len(documents) + 1):
        known[one["id"]] = _again(session, cut.scan_id, one, ordinal)
    plan: Plan = [(known[one["id"]], list(one["pages"])) for one in cut.before]
    changed = [one for one, own in plan if one and standing.get(one.id) != own]
    _lay(session, cut.scan_id, documents, plan, at)
    desk.restart(session, cut.scan_id, "cut", actor, at)
    return changed[0] if changed else None


def _again(session: Session, scan_id: str, was: dict[str, Any], ordinal: int) -> Document:
    """A document that had ended, under its own id, with what people had confirmed."""
    document = Document(id=was["id"], scan_id=scan_id, ordinal=ordinal, cut_reasons=was["reasons"], pages=[])
    session.add(document)
    session.flush()
    session.add_all(
        Confirmation(document_id=document.id, **one | {"at": dt.datetime.fromisoformat(one["at"])})
        for one in was["confirmed"]
    )
    return document


# ------------------------------------------------------------------------------------------------ turning


def _page(session: Session, scan_id: str, number: int) -> PageRow:
    return session.scalars(sa.select(PageRow).where(PageRow.scan_id == scan_id, PageRow.number == number)).one()


def _turned_json(row: PageRow) -> dict[str, Any]:
    return {"page": row.number, "turned": row.turned, "rotation": row.rotation}


def _set_upright(row: PageRow, rotation: int, *, by_person: bool) -> None:
    """The page and its words turned; they are read again in a moment, but never stand beside what is shown."""
    page = pages.page_of(row).turned(rotation - row.rotation)
    row.turned = rotation if by_person else None
    row.rotation, row.width, row.height = page.rotation, page.width, page.height
    row.gaps = pages.gaps_json(page.gaps)
    if row.words:
        row.words.data = pages.packed(page)


def _turn_back(session: Session, documents: Sequence[Document], cut: Cut, at: dt.datetime) -> None:
    was = cut.before[0]
    row = _page(session, cut.scan_id, was["page"])
    _set_upright(row, was["rotation"], by_person=was["turned"] is not None)
    holder = next((one for one in documents if row.number in one.pages), documents[0])
    _read_again(session, holder, row.number, at)


def _read_again(session: Session, document: Document, page: int, at: dt.datetime | None) -> None:
    document.version, document.changed_at = document.version + 1, at or now()
    desk.reread_page(session, document.scan_id, page)


def _listed(numbers: Sequence[int]) -> str:
    return "trang " + ", ".join(map(str, numbers))
