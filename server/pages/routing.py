"""/routing (Điều phối): papers in the book that wait for a unit, one at a time beside its image, and what is under way.

What the plugins suggest fills the form: to agree is one click. Whoever has decided is shown the next paper.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, g, redirect, render_template, request
from sqlalchemy.orm import Session, object_session

from archive import deadlines, handling, inbox, routing, workdays
from archive.edxml import findings
from archive.errors import ArchiveError, BadValue, Conflict
from archive.models import Document, RouteRow, Unit, User, now
from archive.routing import ROLES, Part
from archive.workdays import Calendar
from server import errors
from server.api.papers import document_of
from server.auth import require
from server.pages import evidence, panels, queue
from server.speech import gettext as _
from server.state import state

__all__ = ["ROLES", "STATES", "pages"]

pages = Blueprint("routing", __name__)
STATES = handling.STATES
DAYS = (1, 3, 5, 10, 15)
"""Working days that are offered for a deadline."""


@dataclass(frozen=True)
class Offer:
    """A deadline to take with one click, and why."""

    day: dt.date
    why: str


@dataclass
class Plan:
    """What stands in the form."""

    lead: str = ""
    due: str = ""
    support: Sequence[str] = ()
    support_due: str = ""
    inform: Sequence[str] = ()
    person: str = ""
    instruction: str = ""
    reasons: Sequence[RouteRow] = field(default_factory=list)
    """The suggestions it follows."""


@pages.get("/routing")
@require("route")
def board() -> Any:
    """What waits, what asks for time, what is under way; one paper of them is open."""
    return show(request.args.get("document", ""))


def show(document_id: str, sentence: str = "", status: int = 200) -> Any:
    """The page with this paper open, else the first that waits; after a refusal what was typed stands in it."""
    today = workdays.today(now())
    with state().readers() as session:
        calendar = workdays.calendar(session)
        waiting = inbox.waiting(session, g.user)
        opened = document_of(session, document_id) if document_id else next(iter(waiting), None)
        typed = request.form if sentence and request.method == "POST" else None
        shown = {
            "waiting": waiting, "document": opened, "sentence": sentence, "today": today,
            "under_way": under_way(session, today, calendar), "asking": inbox.asking(session, g.user),
            "units": panels.units_of(session), "people": people_of(session), "given_back": given_back(waiting),
        }  # fmt: skip
        if opened:
            shown |= _opened(session, opened, typed, today, calendar)
        return render_template("pages/routing.html", **shown), status


def _opened(
    session: Session, document: Document, typed: Mapping[str, Any] | None, today: dt.date, calendar: Calendar
) -> dict[str, Any]:
    return {
        "title": queue.title_of(document), "pages": evidence.pages_of(document),
        "plan": _typed(typed) if typed else plan_of(document, calendar, request.args.get("take", "")),
        "offers": offers(document, today, calendar),
        **panels.context(session, document),
        "decides": document.status in ("registered", "routed", "handling"),
        "unknown_year": today.year not in calendar.known,
    }  # fmt: skip


def under_way(session: Session, today: dt.date, calendar: Calendar) -> list[inbox.Item]:
    """What is being handled, a paper once: with the unit that leads, or where nobody does, any."""
    found: dict[str, inbox.Item] = {}
    for one in inbox.load(session, g.user, "open", today, calendar):
        if one.route.role == "lead" or one.document.id not in found:
            found[one.document.id] = one
    return list(found.values())


def people_of(session: Session) -> dict[str, list[User]]:
    """Who handles papers, by unit."""
    found: dict[str, list[User]] = {}
    there = sa.select(User, Unit.name).join(Unit, Unit.id == User.unit_id).where(User.active)
    there = there.where(User.role.in_(("head", "staff"))).order_by(Unit.name, User.role, User.full_name, User.name)
    for user, unit in session.execute(there):
        found.setdefault(unit, []).append(user)
    return found


def given_back(waiting: Sequence[Document]) -> dict[str, RouteRow]:
    """Of papers that came back: the route that was given back last."""
    found: dict[str, RouteRow] = {}
    for document in waiting:
        closed = [one for one in document.routes if one.state == "returned" and one.closed_at]
        if closed:
            found[document.id] = max(closed, key=lambda one: one.closed_at or now())
    return found


def arrived(document: Document) -> dt.date | None:
    """The day of arrival in the book."""
    return next((one.arrived_on for one in document.entries if one.status == "registered"), None)


def suggested(document: Document) -> list[RouteRow]:
    """What plugins suggest, the surest first."""
    return sorted((one for one in document.routes if one.state == "suggested"), key=lambda one: -one.confidence)


def plan_of(document: Document, calendar: Calendar, take: str = "") -> Plan:
    """The form as it first stands: what was decided, else what is suggested; `take`: the id of another lead."""
    live = [one for one in document.routes if one.state in routing.LIVE]
    if live and not take:
        return _decided(live)
    rows = suggested(document)
    leads = [one for one in rows if one.role == "lead"]
    lead = next((one for one in leads if str(one.id) == take), next(iter(leads), None))
    rest = [one for one in rows if one.role != "lead" and (lead is None or one.unit != lead.unit)]
    due = routing.due_of(lead, arrived(document), calendar, document.urgency) if lead else None
    return Plan(
        lead.unit if lead else "", f"{due:%d/%m/%Y}" if due else "",
        [one.unit for one in rest if one.role == "support"], "", [one.unit for one in rest if one.role == "inform"],
        reasons=[one for one in (lead, *rest) if one],
    )  # fmt: skip


def _decided(live: Sequence[RouteRow]) -> Plan:
    lead = next((one for one in live if one.role == "lead"), None)
    supports = [one for one in live if one.role == "support"]
    due = next((one.due for one in supports if one.due), None)
    return Plan(
        lead.unit if lead else "", f"{lead.due:%d/%m/%Y}" if lead and lead.due else "",
        [one.unit for one in supports], f"{due:%d/%m/%Y}" if due else "",
        [one.unit for one in live if one.role == "inform"], (lead.person_id or "") if lead else "",
        lead.instruction if lead else "",
    )  # fmt: skip


def _typed(form: Any) -> Plan:
    return Plan(
        form.get("other", "").strip() or form.get("lead", ""), form.get("due", ""), form.getlist("support"),
        form.get("support_due", ""), form.getlist("inform"), form.get("person", ""), form.get("instruction", ""),
    )  # fmt: skip


def offers(document: Document, today: dt.date, calendar: Calendar) -> list[Offer]:
    """Deadlines to choose from: the paper's own words, what is suggested, round numbers of working days."""
    came = arrived(document)
    written = [Offer(one.day, _("theo văn bản: “{}”").format(one.words)) for one in deadlines.said(document.text, came)]
    written = [*of_messages(document), *written[:3]]
    lead = next((one for one in suggested(document) if one.role == "lead"), None)
    meant = routing.due_of(lead, came, calendar, document.urgency) if lead else None
    hinted = [Offer(meant, _("theo gợi ý"))] if meant else []
    if document.urgency:
        hinted.insert(0, Offer(calendar.after(today, 0), _("ngay, vì là văn bản {}").format(document.urgency)))
    round_days = [Offer(calendar.after(today, days), _("{} ngày làm việc").format(days)) for days in DAYS]
    return _joined([*written, *hinted, *round_days])


def of_messages(document: Document) -> list[Offer]:
    """The deadline of the edXML message it came by."""
    session = object_session(document)
    said = findings.of_scan(session, document.scan_id) if session and document.ordinal == 1 else []
    days = [one.told.due for one in said if one.is_main and one.told.due]
    return [Offer(dt.date.fromisoformat(day), _("theo thông điệp edXML")) for day in days]


def _joined(found: Sequence[Offer]) -> list[Offer]:
    """Each day once, with all that speaks for it."""
    days = dict.fromkeys(one.day for one in found)
    return [Offer(day, "; ".join(one.why for one in found if one.day == day)) for day in days]


@pages.post("/documents/<document_id>/routes")
@require("route")
def decide(document_id: str) -> Any:
    """Decide of all units at once, as the form says; then the next paper that waits."""
    try:
        with state().sessions.begin() as session:
            document = document_of(session, document_id)
            calendar, today = workdays.calendar(session), workdays.today(now())
            routing.distribute(
                session, document, parts_of(request.form, today, calendar), actor=g.user.name,
                if_version=panels.version_of(request.form),
            )  # fmt: skip
    except (BadValue, Conflict) as error:
        return _refused(document_id, error)
    return redirect(f"/routing?done={document_id}", 303)


def _refused(document_id: str, error: ArchiveError) -> Any:
    return show(document_id, str(error), errors.status_of(error))


def parts_of(form: Any, today: dt.date, calendar: Calendar) -> list[Part]:
    """The parts that the form names. BadValue."""
    plan = _typed(form)
    due = panels.day_of(plan.due, today, calendar)
    own = panels.day_of(plan.support_due, today, calendar) or due
    parts = [Part(plan.lead, "lead", due, plan.instruction.strip(), plan.person or None)] if plan.lead else []
    parts += [Part(unit, "support", own, plan.instruction.strip()) for unit in plan.support]
    return parts + [Part(unit, "inform", None, plan.instruction.strip()) for unit in plan.inform]
