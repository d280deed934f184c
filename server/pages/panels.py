"""What stands beside a paper for each unit that has it: its state, its deadline, and a small form for each step."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask import g, request
from sqlalchemy.orm import Session

from archive import handling, inbox, review, trace, workdays
from archive.models import Document, RouteRow, Unit, User, now
from archive.workdays import Calendar
from server.speech import gettext as _
from server.speech import ngettext

SIGNS = {
    "decided": ("warn", "→"), "received": ("run", "◔"), "finished": ("ok", "✓"), "returned": ("bad", "↩"),
    "forwarded": ("off", "⇢"), "recalled": ("off", "✕"), "suggested": ("off", "?"),
}  # fmt: skip


@dataclass(frozen=True)
class Panel:
    """One unit's route as this person sees it."""

    item: inbox.Item
    moves: Sequence[str]
    """What this person may do now."""
    members: Sequence[User]
    typed: Mapping[str, Any] = field(default_factory=dict)
    """What was typed into the step that was refused."""

    @property
    def route(self) -> RouteRow:
        return self.item.route


def context(session: Session, document: Document, sentence: str = "") -> dict[str, Any]:
    """What `parts/handling.html` and `parts/trace.html` show of a paper; a sentence says why a step was refused."""
    today = workdays.today(now())
    return {
        "suggested": sorted((one for one in document.routes if one.state == "suggested"), key=lambda r: -r.confidence),
        "panels": panels_of(session, document, today, workdays.calendar(session)),
        "steps": trace.of_document(session, document), "today": today, "refusal": sentence, "units": units_of(session),
    }  # fmt: skip


def units_of(session: Session) -> Sequence[str]:
    """Names of the units a paper may be sent to."""
    return session.scalars(sa.select(Unit.name).where(Unit.active).order_by(Unit.name)).all()


def panels_of(session: Session, document: Document, today: dt.date, calendar: Calendar) -> list[Panel]:
    """Every decided route of the paper: those this person may act on first, then those still open."""
    found = [_panel(session, document, one, today, calendar) for one in document.routes if one.state != "suggested"]
    return sorted(found, key=lambda panel: (not panel.moves, panel.route.state not in ("decided", "received")))


def _panel(session: Session, document: Document, route: RouteRow, today: dt.date, calendar: Calendar) -> Panel:
    possible = handling.allowed(g.user, document, route)
    refused = request.method == "POST" and str(route.id) == str((request.view_args or {}).get("route_id"))
    return Panel(
        inbox.item_of(route, today, calendar), possible,
        handling.members(session, route.unit_id) if "assign" in possible else (),
        {"move": (request.view_args or {}).get("move", ""), **request.form.to_dict()} if refused else {},
    )  # fmt: skip


def deadline(item: inbox.Item) -> tuple[str, str, str] | None:
    """(kind, sign, words) of what is left until the deadline; None without one, or when it is over with."""
    if item.left is None:
        return None
    if item.left < 0:
        return (
            "bad",
            "✕",
            ngettext("quá hạn %(num)d ngày làm việc", "quá hạn %(num)d ngày làm việc", -item.left)
            % {"num": -item.left},
        )
    if item.left == 0:
        return "warn", "⚠", _("hết hạn hôm nay")
    words = ngettext("còn %(num)d ngày làm việc", "còn %(num)d ngày làm việc", item.left) % {"num": item.left}
    return ("warn", "⚠", words) if item.is_soon else ("off", "◷", words)


def day_of(typed: str, today: dt.date, calendar: Calendar) -> dt.date | None:
    """`26/11/2026`, or `5`: so many working days from today; None for nothing. BadValue."""
    typed = " ".join(typed.split())
    days = re.fullmatch(r"(\d{1,3})(?: ngày(?: làm việc)?)?", typed, re.ASCII)
    if days:
        return calendar.after(today, int(days[1]))
    iso = review.checked_value("date", typed or None)
    return dt.date.fromisoformat(iso) if isinstance(iso, str) else None


def version_of(form: Mapping[str, str]) -> int | None:
    """The version a form was shown with."""
    said = form.get("version", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 10 else None
