"""Hộp đến: the queue, the page with its evidence, and the form that puts a paper into the book."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import Blueprint, Response, g, make_response, redirect, render_template, request
from sqlalchemy.orm import Session

from archive import access, answer, jobs, presence, recut, register, register_books, review
from archive.errors import ArchiveError, BadValue, BookNotBegun, Conflict, OutOfOrder, Stale
from archive.models import Confirmation, Document, RegisterEntry
from archive.pipeline import Archive, quarantine
from server.api.papers import document_of, scan_of
from server.auth import allow, require
from server.pages import evidence, origins, queue, sheet, shown, vouched
from server.speech import gettext as _
from server.state import state

pages = Blueprint("review", __name__)


@dataclass(frozen=True)
class Typed:
    """What a clerk sent, and what went wrong with it; empty when the form is only looked at."""

    values: Mapping[str, str]
    before: Mapping[str, str]
    error: ArchiveError | None = None
    reason: str = ""


NOTHING = Typed({}, {})
ASKS: dict[type, str] = {OutOfOrder: "reason", BookNotBegun: "begin", Conflict: "anyway"}
"""What the clerk has to say before the paper goes into the book, by what was wrong: the name of the input."""


@pages.get("/")
def inbox() -> Any:
    """The first paper of the queue beside the queue; who may not review is led to what he may do.

    `?queue=1` shows the queue alone: on a phone there is no room for both.
    """
    allow_somebody()
    if not access.can(g.user, "correct"):
        return redirect(first_page(), 303)
    with state().readers() as session:
        waiting = queue.load(session, g.user)
        first = None if request.args.get("queue") else waiting.after(None)
        document = session.get(Document, first.id) if first else None
        return show(session, document, queue.load(session, g.user, document.id) if document else waiting)


def allow_somebody() -> None:
    """Anybody who is signed in."""
    if g.user is None:
        allow("read")


def first_page() -> str:
    """Where this user begins the day."""
    if access.can(g.user, "route"):
        return "/routing"
    if access.can(g.user, "handle"):
        return "/inbox"
    return "/search" if access.can(g.user, "read") else "/admin"


@pages.get("/inbox/queue")
@require("correct")
def part_queue() -> Any:
    """The queue alone, for the browser that asks again; 204 when nothing in it has changed.

    The paper it names as its current one counts as open before this user.
    """
    current = request.args.get("current", "")
    with state().readers() as session:
        waiting = queue.load(session, g.user, current)
        arrived = bool(waiting.place(current)) and not presence.is_known(session, g.user.id, current)
    if arrived:
        with state().sessions.begin() as session:
            presence.come(session, g.user.id, current)
    if request.args.get("seen") == waiting.digest:
        return Response(status=204)
    return make_response(render_template("parts/queue.html", queue=waiting, current=current))


@pages.get("/review/<document_id>")
@require("correct")
def look(document_id: str) -> Any:
    """One paper of the queue; one that is in the book already shows its document page.

    Who was sent here from the paper before, and finds that somebody was quicker, gets the next one instead.
    """
    with state().readers() as session:
        document = document_of(session, document_id)
        if document.status != "review":
            done = request.args.get("done")
            return redirect(f"/?{urlencode({'done': done})}" if done else f"/documents/{document_id}", 303)
        return show(session, document, queue.load(session, g.user, document_id))


@pages.get("/review/<document_id>/ready")
@require("correct")
def ready(document_id: str) -> Response:
    """204 while the paper is being read again, 200 when its form can be opened."""
    with state().readers() as session:
        return Response(status=204 if is_underway(document_of(session, document_id)) else 200)


def is_underway(document: Document) -> bool:
    """Whether the machine is at this paper's scan again, after a cut or a turn by hand."""
    return document.scan.status in ("received", "reading")


def show(
    session: Session, document: Document | None, waiting: queue.Queue, typed: Typed = NOTHING, status: int = 200
) -> Any:
    """The review page."""
    facts: dict[str, Any] = {"queue": waiting, "current": document.id if document else None, "document": document}
    facts |= {"done": just_registered(session), "did": _(shown.DID.get(request.args.get("did", ""), ""))}
    if document:
        facts |= of_pages(session, document)
        facts |= {"underway": True, "current": document.scan_id} if is_underway(document) else {}
        facts |= {} if is_underway(document) else of_document(session, document, typed)
        facts |= {"next": waiting.after(document.id), "place": waiting.place(document.id)}
        facts["others"] = presence.others(session, g.user.id).get(document.id, "")
    return make_response(render_template("pages/review.html", **facts), status)


def of_pages(session: Session, document: Document) -> dict[str, Any]:
    """What the pictures of its pages need, and what can be done to them."""
    leaves = evidence.pages_of(document)
    if is_underway(document):  # what was found stood on the pages as they were
        leaves = [replace(leaf, frames=()) for leaf in leaves]
    cuttable = access.can(g.user, "cut")
    done = recut.last(session, document.scan_id) if cuttable else None
    return {
        "title": queue.title_of(document),
        "pages": leaves,
        "pictures": {leaf.number: leaf.src for leaf in leaves},
        "cuttable": cuttable,
        "undoable": _(shown.UNDO[done.kind]) if done else "",
        "before": part_before(document),
        "siblings": [one for one in document.scan.documents if one.id != document.id],
    }


def of_document(session: Session, document: Document, typed: Typed) -> dict[str, Any]:
    """What the template needs to know of the paper under review."""
    today = sheet.today()
    told = answer.of_document(session, document)
    stamp = (told["stamp"] or {}).get("fields", {})
    book, year = book_of(session, document), sheet.year_of(stamp, today)
    expected = register.expected(session, book, year)
    form = retyped(sheet.of_document(document, stamp, expected, today), typed, authors(session, document, typed))
    return {
        "sheet": form,
        "begins": first_number(session, form, typed, book, year),
        "books": register_books.books(session),
        "book": book,
        "next_number": expected,
        "error": typed.error,
        "reason": typed.reason,
        "out_of_order": isinstance(typed.error, OutOfOrder),
        "asks": ASKS.get(type(typed.error), ""),
        "duplicates": register.duplicates(session, document),
        "called_secret": ", ".join(
            _(origins.DOORS.get(one, one)) for one in quarantine.said_by(session, document.scan_id)
        ),
        **vouched.context(session, document, g.user),
        "flags": [_(shown.FLAGS.get(flag, flag)) for flag in document.flags if flag not in shown.SILENT_FLAGS],
    }


def book_of(session: Session, document: Document) -> str:
    """The book a clerk chose, else the one this paper goes into."""
    chosen = request.values.get("book", "")
    if chosen in {book.id for book in register_books.books(session)}:
        return chosen
    return register_books.book_for(session, document).id


def first_number(session: Session, form: sheet.Sheet, typed: Typed, book: str, year: int) -> tuple[int, int] | None:
    """(number, year) at which the book might begin: it has no line, and this paper's number is far on."""
    value = next((line.value for line in form.lines if line.name == "arrival"), "")
    number = int(value) if value.isascii() and value.isdecimal() and len(value) < 8 else None
    if isinstance(typed.error, BookNotBegun) or register.asks_where_to_begin(session, book, year, number):
        return (number, year) if number else None
    return None


def part_before(document: Document) -> Document | None:
    """The document of the same scan that ends where this one begins, if it is still under review, too."""
    found = [one for one in document.scan.documents if one.ordinal < document.ordinal and one.status == "review"]
    return found[-1] if found and access.can(g.user, "cut") else None


def authors(session: Session, document: Document, typed: Typed) -> Mapping[str, str]:
    """Who wrote what stands now, by field; asked only where something was typed."""
    if not typed.values:
        return {}
    wanted = sa.select(Confirmation.field, Confirmation.by).where(Confirmation.document_id == document.id)
    return dict(session.execute(wanted).all())


def retyped(form: sheet.Sheet, typed: Typed, by: Mapping[str, str]) -> sheet.Sheet:
    """The form with what the clerk had typed; where somebody else wrote meanwhile, both values stand, first of all."""
    if not typed.values:
        return form
    groups = [
        [_retyped(line, typed, by) for line in group] for group in (form.doubtful, form.book, form.sure, form.rest)
    ]
    disputed = [line for group in groups for line in group if line.theirs is not None]
    doubtful, book, sure, rest = ([line for line in group if line.theirs is None] for group in groups)
    return sheet.Sheet([*disputed, *doubtful], book, sure, rest, form.sizes)


def _retyped(line: sheet.Line, typed: Typed, by: Mapping[str, str]) -> sheet.Line:
    mine, before = typed.values.get(line.name, line.value), typed.before.get(line.name, line.value)
    if mine == before:  # untouched: what stands now is the truth
        return line
    if line.value in (before, mine):
        return replace(line, value=mine)
    return replace(line, value=mine, theirs=line.value, by=by.get(line.name, ""), state="bad")


def just_registered(session: Session) -> RegisterEntry | None:
    """The line that was written a moment ago, as the address says."""
    book, _dot, rest = request.args.get("done", "").partition(".")
    year, _dot, number = rest.partition(".")
    if not (book and year.isdecimal() and number.isdecimal() and len(year) < 10 and len(number) < 10):
        return None
    return session.get(RegisterEntry, (book[:40], int(year), int(number)))


@pages.post("/review/<document_id>")
@require("correct")
def decide(document_id: str) -> Any:
    """Save what was typed and, when asked, put the paper into the book; then the next one."""
    values, before = typed_values("f."), typed_values("was.")
    if taken := request.form.get("take"):  # a candidate was chosen by a browser without scripts
        name, _equals, value = taken.partition("=")
        return again(document_id, Typed(values | {name: value}, before, None, request.form.get("reason", "")), 200)
    try:
        return settle(document_id, values, before)
    except (Conflict, BadValue) as caught:
        status = 409 if isinstance(caught, Conflict) else 422
        error = Stale(both_stand()) if isinstance(caught, Stale) else caught
        return again(document_id, Typed(values, before, error, request.form.get("reason", "")), status)


def both_stand() -> str:
    """What a clerk reads above the values of both."""
    return _(
        "Người khác vừa sửa văn bản này nên chưa có gì được ghi. Ô nào hai người ghi khác nhau đứng đầu: hãy chọn, "
        "rồi bấm lại."
    )


def typed_values(prefix: str) -> dict[str, str]:
    """The inputs whose name begins with `prefix`, without it; line ends as the archive keeps them."""
    given = request.form.items()
    return {name.removeprefix(prefix): " ".join(text.split()) for name, text in given if name.startswith(prefix)}


def again(document_id: str, typed: Typed, status: int) -> Any:
    """The form once more, nothing of what was typed lost."""
    with state().readers() as session:
        document = document_of(session, document_id)
        waiting = queue.load(session, g.user, document_id)
        if document.status != "review" and isinstance(typed.error, Conflict):
            return too_late(session, document, waiting, typed)
        return show(session, document, waiting, typed, status)


def too_late(session: Session, document: Document, waiting: queue.Queue, typed: Typed) -> Any:
    """Somebody put the paper into the book meanwhile: who, under which number, and what was typed beside it."""
    standing = {name: shown.value_of(name, field.get("value")) for name, field in document.fields.items()}
    mine = [
        (shown.field_name(name), text, standing.get(name, ""))
        for name, text in typed.values.items()
        if name in standing and text != typed.before.get(name, text) and text != standing[name]
    ]
    late = {"title": queue.title_of(document), "url": f"/documents/{document.id}", "mine": mine,
            "entry": register.entry_of(session, document)}  # fmt: skip
    return make_response(
        render_template("pages/review.html", queue=waiting, document=None, late=late, next=waiting.after(document.id)),
        409,
    )


def settle(document_id: str, values: Mapping[str, str], before: Mapping[str, str]) -> Any:
    """One transaction: corrections, confirmation, the line in the book."""
    to_book = request.form.get("action") != "save"
    with state().sessions.begin() as session:
        document = document_of(session, document_id)
        following = queue.following(session, g.user, document_id)
        quarantine.take_turn(session, document)
        if to_book:
            book = book_of(session, document)
            register.take_turn(session, document, book, arrival_day(values).year)
        correct(session, document, values, before, accept=to_book)
        hidden = quarantine.impose_if_secret(session, Archive.of(state().settings, state().sessions), document)
        entry = enter(session, document, values, book) if to_book and not hidden else None
    if hidden:
        return redirect("/", 303)
    done = f"{entry.book_id}.{entry.year}.{entry.number}" if entry else "saved"
    stays = document_id if not to_book else following
    target = f"/review/{stays}" if stays else "/"
    return redirect(f"{target}?{urlencode({'done': done})}", 303)


def correct(
    session: Session, document: Document, values: Mapping[str, str], before: Mapping[str, str], *, accept: bool
) -> None:
    """Write what the clerk changed; `accept`: what was left as it stands is confirmed with it."""
    version: int | None = seen_version()
    changed = {
        name: text or None
        for name, text in values.items()
        if name not in ("arrival", "arrived_on") and text != before.get(name, "")
    }
    if changed:
        document = review.correct(session, document, changed, actor=g.user.name, if_version=version)
        version = None
    if not accept:
        return
    # What lies under the fold was not looked at: it stays as sure or unsure as the machine left it.
    review.confirm(session, document, g.user.name, if_version=version, names=(*sheet.MAIN, *sheet.DERIVED))


def seen_version() -> int:
    """The version the form was made from; one we never gave, or none, matches nothing: nobody overwrites unseen."""
    text = request.form.get("version", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else -1


def enter(session: Session, document: Document, values: Mapping[str, str], book: str) -> RegisterEntry:
    """Put the paper into the book with the number and day of the form."""
    allow("register")
    if register.duplicates(session, document) and not request.form.get("anyway"):
        raise Conflict(
            _("Có thể văn bản này đã có trong kho. Hãy so hai văn bản, rồi đánh dấu “không trùng” nếu vẫn vào sổ.")
        )
    day = arrival_day(values)
    number = values.get("arrival", "")
    if number and not (number.isascii() and number.isdecimal() and len(number) < 8):
        raise BadValue(_("Số đến chỉ gồm chữ số."))
    reason = request.form.get("reason", "").strip() or None
    if reason:
        allow("backdate")
    begin = request.form.get("begin")
    if begin is None and register.asks_where_to_begin(session, book, day.year, wanted(number)):
        raise BookNotBegun(
            _("Sổ năm {} chưa có dòng nào. Hãy chọn sổ bắt đầu từ số {}, hay chờ văn bản của các số trước.").format(
                day.year, number
            )
        )
    return register.register(
        session, document, book, day, wanted(number), actor=g.user.name, reason=reason, begin=begin == "here"
    )


def arrival_day(values: Mapping[str, str]) -> dt.date:
    """The day of the form; BadValue."""
    day = review.checked_value("date", values.get("arrived_on", ""))
    if not isinstance(day, str):
        raise BadValue(_("Hãy ghi ngày đến, ví dụ 30/3/2020."))
    return dt.date.fromisoformat(day)


def wanted(number: str) -> int | None:
    """The number to ask for; None (the next one) where the clerk left the book's own proposal.

    Two clerks are shown the same next number: the second one gets the one after it, as a paper book would do.
    """
    untouched = number == request.form.get("was.arrival") == request.form.get("next_number")
    return None if untouched or not number else int(number)


@pages.post("/scans/<scan_id>/retry")
@require("retry")
def retry(scan_id: str) -> Any:
    """Read a scan again that could not be read."""
    with state().sessions.begin() as session:
        scan_of(session, scan_id)
        jobs.retry(session, scan_id, g.user.name)
    return redirect("/", 303)
