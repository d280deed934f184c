"""/reports: what came, what was done in time, how often the machine was right; as pictures that print, and as Excel."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, g, render_template, request, send_file
from markupsafe import Markup
from sqlalchemy.orm import Session

from archive import access, accuracy, charts, punctuality, reports, review
from archive.models import Document
from archive.workbook import Cell, Sheet, workbook
from server.auth import require
from server.pages import queue, sheet, shown
from server.pages.files import EXCEL
from server.speech import gettext as _
from server.state import state

pages = Blueprint("reports", __name__)
PARTS = {"arrivals": "Văn bản đến", "handling": "Hạn giải quyết", "machine": "Máy đọc đúng đến đâu"}
STEPS = {"day": "ngày", "week": "tuần", "month": "tháng", "year": "năm"}
KINDS = {"unit": "Đơn vị chủ trì", "issuer": "Nơi gửi", "document_type": "Loại văn bản", "urgency": "Độ khẩn"}
KEPT = (("on_time", "Xong đúng hạn", "ok"), ("late", "Xong trễ hạn", "warn"), ("open", "Đang xử lý", "c1"),
        ("overdue", "Quá hạn, chưa xong", "bad"))  # fmt: skip


@dataclass(frozen=True)
class Panel:
    """One picture and the table of its numbers; without a picture the table alone."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    picture: Markup = field(default_factory=Markup)
    legend: Sequence[tuple[str, str]] = ()
    links: Sequence[str] = ()
    """An address for each row, for its first cell."""


@dataclass(frozen=True)
class Tile:
    """One great number; `kind` as of a pill."""

    words: str
    number: str
    kind: str = ""


@dataclass(frozen=True)
class Part:
    """What a part of the report shows."""

    tiles: Sequence[Tile]
    panels: Sequence[Panel]


@pages.get("/reports")
@require("read")
def look() -> Any:
    """One part of the report of some days, by default of this month."""
    asked, part = wanted(), wanted_part()
    with state().readers() as session:
        shown_part = MADE[part](session, asked)
        return render_template(
            "pages/reports.html", asked=asked, part=part, parts=parts(), shown_part=shown_part, presets=presets(),
            units=reports.unit_names(session), address=address, step=request.args.get("step", ""), steps=STEPS,
        )  # fmt: skip


@pages.get("/reports.xlsx")
@require("read")
def excel() -> Any:
    """Every table of every part this user may see, a sheet each."""
    asked = wanted()
    days = _("Từ ngày {} đến ngày {}").format(shown.day(asked.first), shown.day(asked.last))
    with state().readers() as session:
        made = [panel for part in parts() for panel in MADE[part](session, asked).panels]
        lines = (days, reports.unit_names(session)[asked.unit]) if asked.unit else (days,)
    content = workbook([Sheet(one.title, one.title, one.columns, one.rows, lines) for one in made])
    name = f"bao-cao-{asked.first}-{asked.last}.xlsx"
    return send_file(io.BytesIO(content), EXCEL, as_attachment=True, download_name=name)


def wanted() -> reports.Asked:
    """The days and the unit of the address, looked at once; this month where it says none. BadValue."""
    if "asked" not in g:
        g.asked = _wanted()
    asked: reports.Asked = g.asked
    return asked


def _wanted() -> reports.Asked:
    today = sheet.today()
    first, last = (day_of(name) for name in ("from", "to"))
    unit = request.args.get("unit", "")
    with state().readers() as session:
        known = reports.unit_names(session) if unit else {}
    return reports.Asked(
        first or (min(today, last) if last else today).replace(day=1), last or max(today, first or today),
        unit if unit in known else "",
    )  # fmt: skip


def day_of(name: str) -> dt.date | None:
    """A day of the address, ISO or day first."""
    text = request.args.get(name, "").strip()
    found = review.checked_value("date", text) if text else None
    return dt.date.fromisoformat(found) if isinstance(found, str) else None


def parts() -> dict[str, str]:
    """The parts this user may see: how right the machine was is for those who see every paper."""
    return {key: name for key, name in PARTS.items() if key != "machine" or access.can(g.user, "export")}


def wanted_part() -> str:
    """The part of the address."""
    part = request.args.get("part", "")
    return part if part in parts() else "arrivals"


def address(**changes: str) -> str:
    """This report with something else in its address."""
    asked = wanted()
    now = {"part": wanted_part(), "from": asked.first.isoformat(), "to": asked.last.isoformat(), "unit": asked.unit}
    now |= {"step": request.args.get("step", "")} | changes
    return urlencode({key: value for key, value in now.items() if value})


def presets() -> list[tuple[str, str, str, bool]]:
    """(name, first day, last day, whether this is it) of the periods people ask for."""
    today, asked = sheet.today(), wanted()
    month, year = today.replace(day=1), today.replace(month=1, day=1)
    before = month - dt.timedelta(days=1)
    found = [
        (_("Tháng này"), month, today), (_("Tháng trước"), before.replace(day=1), before),
        (_("Năm nay"), year, today), (_("Năm trước"), year.replace(year=year.year - 1), year - dt.timedelta(days=1)),
    ]  # fmt: skip
    here = (asked.first, asked.last)
    return [(name, first.isoformat(), last.isoformat(), here == (first, last)) for name, first, last in found]


def drawn(svg: str) -> Markup:
    """A picture as it is: archive/charts.py escapes every text in it."""
    return Markup(svg)  # noqa: S704


# ---------------------------------------------------------------------------------------------- what came


def arrivals(session: Session, asked: reports.Asked) -> Part:
    """What came into the book."""
    told = reports.arrivals(session, g.user, asked, request.args.get("step", ""))
    over_time = _over_time(told)
    kinds = [_kind(key, _(name), told.by[key]) for key, name in KINDS.items() if not (key == "unit" and asked.unit)]
    return Part([Tile(_("Văn bản đến"), shown.count(told.total))], [*over_time, *kinds])


def _over_time(told: reports.Arrivals) -> list[Panel]:
    labels = [_step_name(day, told.step) for day, _n in told.days]
    now = charts.Series(_("Kỳ này"), "c1", [n for _day, n in told.days])
    title = _("Văn bản đến theo {}").format(_(STEPS[told.step]))
    first = Panel(
        title, [_(STEPS[told.step]).capitalize(), _("Số văn bản")],
        [(label, n) for label, n in zip(labels, now.values, strict=True)],
        drawn(charts.columns("thoi-gian", title, labels, [now])),
    )  # fmt: skip
    if not any(told.before):
        return [first]
    before = charts.Series(_("Cùng kỳ năm trước"), "c2", told.before)
    title = _("So với cùng kỳ năm trước")
    rows = list(zip(labels, now.values, before.values, strict=True))
    picture = drawn(charts.lines("nam-truoc", title, labels, [now, before]))
    columns = [first.columns[0], now.name, before.name]
    return [first, Panel(title, columns, rows, picture, [(one.look, one.name) for one in (now, before)])]


def _step_name(day: dt.date, step: str) -> str:
    """`12/3`, the Monday of a week, `3/2026`, `2026`"""
    return {"month": f"{day.month}/{day.year}", "year": str(day.year)}.get(step, f"{day.day}/{day.month}")


def _kind(key: str, name: str, counted: Sequence[reports.Counted]) -> Panel:
    rows = [(_("Khác") if one.name is None else one.name or _(NAMELESS[key]), one.count) for one in counted]
    picture = drawn(charts.bars(key, name, rows)) if rows else Markup()
    return Panel(name, [name, _("Số văn bản")], rows, picture)


NAMELESS = {"unit": "(chưa chuyển)", "issuer": "(chưa rõ)", "document_type": "(chưa rõ)", "urgency": "Không khẩn"}


# ---------------------------------------------------------------------------------------------- in time


def handling(session: Session, asked: reports.Asked) -> Part:
    """How the units that lead kept their deadlines, and how fast papers went on."""
    today = sheet.today()
    told = punctuality.handling(session, g.user, asked, today)
    late, pace = punctuality.overdue(session, g.user, asked, today), reports.pace(session, g.user, asked)
    done = told.total.on_time + told.total.late
    tiles = [
        Tile(_("Có hạn trong kỳ"), shown.count(told.total.total)),
        Tile(_("Xong đúng hạn"), f"{told.total.on_time * 100 // done} %" if done else "—", "ok"),
        Tile(_("Quá hạn, chưa xong"), shown.count(told.total.overdue), "bad" if told.total.overdue else ""),
        Tile(_("Chuyển không ghi hạn"), shown.count(told.undated)),
        Tile(_("Từ lúc đến tới lúc vào sổ (trung vị)"), _lasting(pace.to_register)),
        Tile(_("Từ lúc đến tới lúc chuyển (trung vị)"), _lasting(pace.to_hand_over)),
    ]
    return Part(tiles, [*_kept_panels(told), *([_overdue(late, today)] if late else [])])


def _kept_panels(told: punctuality.Handling) -> list[Panel]:
    legend = [(look, _(name)) for _key, name, look in KEPT]
    names = [name for _look, name in legend]
    months = [_step_name(month, "month") for month in told.by_month]
    by_month = _("Hạn giải quyết theo tháng")
    month_panel = Panel(
        by_month, [_("Tháng"), *names],
        [(month, *_four(kept)) for month, kept in zip(months, told.by_month.values(), strict=True)],
        drawn(charts.columns("han-thang", by_month, months, _series(list(told.by_month.values())))), legend,
    )  # fmt: skip
    by_unit = _("Hạn giải quyết theo đơn vị")
    units = [(name or _("(không rõ đơn vị)"), list(cells.values())) for name, cells in told.by_unit_and_month.items()]
    picture = drawn(charts.multiples("han-don-vi", by_unit, months, [(name, _series(cells)) for name, cells in units]))
    rows: list[tuple[Cell, ...]] = [
        (name or _("(không rõ đơn vị)"), *_four(kept)) for name, kept in told.by_unit.items()
    ]
    return [month_panel, Panel(by_unit, [_("Đơn vị"), *names], rows, picture if rows else Markup(), legend)]


def _four(kept: punctuality.Kept) -> tuple[int, ...]:
    return tuple(getattr(kept, key) for key, _name, _look in KEPT)


def _series(cells: Sequence[punctuality.Kept]) -> list[charts.Series]:
    return [charts.Series(_(name), look, [getattr(one, key) for one in cells]) for key, name, look in KEPT]


def _overdue(late: Sequence[punctuality.Overdue], today: dt.date) -> Panel:
    rows = [
        (queue.title_of(one.document), one.unit, one.due, (today - one.due).days, one.document.subject or "")
        for one in late
    ]
    columns = [_("Số, ký hiệu"), _("Đơn vị"), _("Hạn"), _("Trễ (ngày)"), _("Trích yếu")]
    return Panel(_("Đang quá hạn"), columns, rows, links=[_to(one.document) for one in late])


def _to(document: Document) -> str:
    return f"/documents/{document.id}"


def _lasting(minutes: int | None) -> str:
    """`45 phút`, `2 giờ 5 phút`, `3 ngày 4 giờ`"""
    if minutes is None:
        return "—"
    hours, rest = divmod(minutes, 60)
    if hours < 1:
        return _("{} phút").format(rest)
    days, left = divmod(hours, 24)
    return _("{} ngày {} giờ").format(days, left) if days else _("{} giờ {} phút").format(hours, rest)


# ---------------------------------------------------------------------------------------------- the machine


def machine(session: Session, asked: reports.Asked) -> Part:
    """What people corrected; what the machine had called sure comes first."""
    told, wrong = accuracy.machine(session, g.user, asked), accuracy.wrong(session, g.user, asked)
    total = told.total
    tiles = [
        Tile(_("Máy nói chắc mà người sửa"), shown.count(total.sure_and_corrected),
             "bad" if total.sure_and_corrected else "ok"),
        Tile(_("Giá trị máy đọc được giữ nguyên"), shown.percent(total.right) if total.right is not None else "—"),
        Tile(_("Đã sửa"), shown.count(total.corrected)),
        Tile(_("Máy không đọc được, người ghi"), shown.count(total.added)),
    ]  # fmt: skip
    by_field = {shown.field_name(name): one for name, one in told.by_field.items()}
    by_plugin = {name or _("(không rõ)"): one for name, one in told.by_plugin.items()}
    corrected = [(name, one.corrected) for name, one in by_field.items() if one.corrected]
    title = _("Sửa nhiều nhất, theo ô")
    picture = charts.bars("theo-o", title, sorted(corrected, key=lambda pair: -pair[1]), "warn") if corrected else ""
    panels = [_wrong(wrong)] if wrong else []
    panels += [Panel(title, [_("Ô"), *_heads()], _rows(by_field), drawn(picture))]
    return Part(tiles, [*panels, Panel(_("Theo phần bổ sung"), [_("Phần bổ sung"), *_heads()], _rows(by_plugin))])


def _heads() -> list[str]:
    return [_("Chắc mà sai"), _("Đã sửa"), _("Giữ nguyên"), _("Người ghi thêm"), _("Đúng")]


def _rows(by: Mapping[str, accuracy.Accuracy]) -> list[tuple[Cell, ...]]:
    return [
        (name, one.sure_and_corrected, one.corrected, one.kept, one.added,
         shown.percent(one.right) if one.right is not None else "—")
        for name, one in by.items()
    ]  # fmt: skip


def _wrong(wrong: Sequence[accuracy.Wrong]) -> Panel:
    rows = [
        (queue.title_of(one.document), shown.field_name(said.field), shown.value_of(said.field, said.machine),
         shown.value_of(said.field, said.value), said.source, shown.moment(said.at))
        for one in wrong
        for said in (one.confirmation,)
    ]  # fmt: skip
    columns = [_("Văn bản"), _("Ô"), _("Máy nói"), _("Người sửa thành"), _("Phần bổ sung"), _("Lúc")]
    return Panel(_("Máy nói chắc mà người sửa"), columns, rows, links=[_to(one.document) for one in wrong])


MADE: dict[str, Callable[[Session, reports.Asked], Part]] = {
    "arrivals": arrivals, "handling": handling, "machine": machine,
}  # fmt: skip
