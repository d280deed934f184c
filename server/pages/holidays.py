"""/admin/holidays: the days nobody works and the days of the weekend on which all do; deadlines are counted by them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Blueprint, g, redirect, render_template, request

from archive import review, workdays
from archive.errors import ArchiveError, BadValue, NotFound
from archive.models import now
from server import errors
from server.auth import allow
from server.state import state

pages = Blueprint("holidays", __name__)


@pages.get("/admin/holidays")
def look() -> Any:
    """The table of a year."""
    allow("plugins")
    return show()


def show(sentence: str = "", status: int = 200) -> Any:
    """The page; after a refusal what was typed stands in it."""
    today = workdays.today(now())
    asked = request.args.get("year", "")
    year = (
        int(asked)
        if asked.isascii() and asked.isdigit() and len(asked) == 4 and 2000 <= int(asked) <= 2100
        else today.year
    )
    with state().readers() as session:
        known = workdays.years(session)
        return render_template(
            "pages/holidays.html", rows=workdays.listed(session, year), year=year, sentence=sentence,
            years=sorted({*known, year, today.year, today.year + 1}), typed=request.form if sentence else {},
            unknown=sorted({today.year, today.year + 1} - set(workdays.calendar(session).known)),
        ), status  # fmt: skip


@pages.post("/admin/holidays")
def put() -> Any:
    """One more day, or another name for a known one."""
    allow("plugins")
    try:
        day = day_of(request.form.get("day", ""))
        with state().sessions.begin() as session:
            works = request.form.get("works") == "1"
            workdays.put(session, day, request.form.get("name", ""), works=works, actor=g.user.name)
    except ArchiveError as error:
        return show(str(error), errors.status_of(error))
    return redirect(f"/admin/holidays?year={day.year}", 303)


@pages.post("/admin/holidays/<day>/remove")
def remove(day: str) -> Any:
    """The day is again what the week says."""
    allow("plugins")
    try:
        known = dt.date.fromisoformat(day)
    except ValueError as error:
        raise NotFound("Bảng ngày nghỉ không có ngày này.") from error
    with state().sessions.begin() as session:
        workdays.remove(session, known, actor=g.user.name)
    return redirect(f"/admin/holidays?year={known.year}", 303)


def day_of(typed: str) -> dt.date:
    """A day as it is typed. BadValue."""
    iso = review.checked_value("date", typed or None)
    if not isinstance(iso, str):
        raise BadValue("Hãy ghi ngày, ví dụ 24/11/2026.")
    return dt.date.fromisoformat(iso)
