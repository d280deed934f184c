"""/ledger: does every paper stand somewhere, is what is kept still whole, and what is to be done where it is not.

Ids and counts only: the technician, who reads no paper, may see all of it. What takes long is done by `vanthu scrub`;
here stands what it found last.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, g, redirect, render_template
from markupsafe import Markup
from sqlalchemy.orm import Session

from archive import backup, charts, history_export, ledger, scrub
from archive.errors import ArchiveError
from archive.inspection import doors, runs
from archive.jobs import queue
from archive.models import Inspection, Task, now
from server.auth import allow, require
from server.pages import sheet, shown
from server.speech import gettext as _
from server.state import state

pages = Blueprint("ledger", __name__)
DAYS = 14
PATIENCE = 300.0
"""Seconds a task may be ready and nobody at work before that is said."""
COLUMNS = (("read", "Đã đọc", "ok"), ("in_work", "Đang đọc", "c1"), ("refused", "Không đọc, có lý do", "warn"),
           ("unknown", "Không rõ ở đâu", "bad"))  # fmt: skip
REASONS = {
    "empty": "tệp rỗng", "unknown_format": "không phải PDF hay ảnh",
    "no_office": "Word, Excel mà máy chủ chưa có LibreOffice", "too_large": "quá lớn", "disk_full": "kho hết chỗ",
    "not_taken": "kho chưa nhận được", "bad_message": "thông điệp edXML hoặc tệp ZIP hỏng, hoặc không có văn bản",
}  # fmt: skip


@dataclass(frozen=True)
class Light:
    """One thing that is well or not, in words; `todo` for the one who can do something."""

    name: str
    kind: str
    """ok | warn | bad"""
    says: str
    todo: str = ""


@pages.get("/ledger")
@require("inspect")
def look() -> Any:
    """The page."""
    today = sheet.today()
    with state().readers() as session:
        days = ledger.days(session, today - dt.timedelta(days=DAYS - 1), today)
        lost, last, looked = ledger.lost(session), runs.last(session), scrub.looked(session)
        lights = [*_balance(days, lost, looked), *_machine(session, looked), *_doors(), _inspected(last)]
        return render_template(
            "pages/ledger.html", days=days[::-1], lights=lights, columns=COLUMNS, picture=_picture(days), last=last,
            ages=_ages(looked), running=runs.underway(session), head=history_export.head(session), looked=looked,
            turned_away=_turned_away(session, days), papers=ledger.papers(session), all_days=ledger.total(session),
            stopped=ledger.stopped(session),
        )  # fmt: skip


@pages.post("/ledger/inspect")
@require("inspect")
def inspect() -> Any:
    """Ask for a look at everything; the one under way is enough."""
    allow("settings")
    with state().sessions.begin() as session:
        runs.ask(session, g.user.name)
    return redirect("/ledger#inspection", 303)


@pages.get("/ledger/progress")
@require("inspect")
def progress() -> Any:
    """How far the look at everything is; when it has ended the whole page is asked for again."""
    with state().readers() as session:
        running = runs.underway(session)
    if running is None:
        return "", 200, {"HX-Refresh": "true"}
    return render_template("parts/inspection.html", running=running)


def _balance(days: Sequence[ledger.Day], lost: Sequence[str], looked: scrub.Looked) -> list[Light]:
    """Is every paper somewhere, and whole?"""
    unknown = sum(day.unknown for day in days)
    found = [
        Light(_("Sổ cân đối"), "bad" if lost or unknown else "ok",
              _("{} tệp đang đọc mà không còn việc nào").format(len(lost)) + ": " + ", ".join(lost[:10]) if lost
              else _("{} tệp ở trạng thái lạ").format(unknown) if unknown else _("mỗi tệp đã nhận đứng ở đúng một cột"),
              _("Chạy vanthu check --deep --mend để xếp lại vào hàng đợi.") if lost or unknown else ""),
    ]  # fmt: skip
    if looked.damaged_count:
        says = _("{} tệp mất hoặc hỏng").format(looked.damaged_count) + ": " + ", ".join(looked.damaged[:10])
        return [*found, Light(_("Bản gốc"), "bad", says, _(TODO))]
    return [*found, _scrubbed(looked)]


TODO = (
    "Đưa lại đúng tệp ấy vào kho (nhận lại thì tự thay bản hỏng), hoặc phục hồi tệp từ bản sao lưu; "
    "nếu nhiều tệp hỏng, thay ổ đĩa."
)


def _scrubbed(looked: scrub.Looked) -> Light:
    days = state().settings.scrub_days
    if days == 0:
        return Light(_("Bản gốc"), "warn", _("không rà lại bản gốc (VANTHU_SCRUB_DAYS=0)"))
    if looked.last is None:
        return Light(_("Bản gốc"), "ok" if not looked.total else "warn", _("chưa rà lần nào"), "" if not looked.total
                     else _("vanthu up tự rà; nếu chạy từng phần, hãy chạy thêm vanthu scrub."))  # fmt: skip
    late = now() - looked.last > dt.timedelta(days=days)
    says = _("không tệp nào hỏng; rà lần cuối {}").format(shown.moment(looked.last))
    return Light(_("Bản gốc"), "warn" if late else "ok", says, _("Chạy vanthu scrub.") if late else "")


DOORS = {doors.FOLDER: "Thư mục theo dõi", doors.MAIL: "Hộp thư"}


def _doors() -> list[Light]:
    """The watched folder and the mailboxes, as `vanthu check` tells of them."""
    return [
        Light(_(DOORS[one.name]), "bad" if not one.ok else "warn" if one.todo else "ok", one.says, one.todo)
        for one in doors.look(state().settings)
    ]


def _machine(session: Session, looked: scrub.Looked) -> list[Light]:
    """Backup, disk, index, workers."""
    return [_backup(session, anything=looked.total > 0), _disk(), _index(), _workers(session)]


def _backup(session: Session, *, anything: bool) -> Light:
    found = backup.last(session)
    late = anything and backup.is_overdue(found, state().settings.backup_days)
    says = _("lần cuối {}").format(shown.moment(found.at)) if found else _("chưa từng sao lưu")
    return Light(
        _("Sao lưu"), "warn" if late else "ok", says, _("Chạy vanthu backup tới một ổ đĩa khác.") if late else ""
    )


def _disk() -> Light:
    free, reserve = state().blobs.free() >> 20, state().settings.reserve_mb
    says = _("còn {} MB, mức dự trữ {} MB").format(shown.count(free), shown.count(reserve))
    if free >= reserve:
        return Light(_("Ổ đĩa"), "ok" if free >= 2 * reserve else "warn", says)
    return Light(_("Ổ đĩa"), "bad", says, _("Kho ngừng nhận tệp; đọc và tìm vẫn chạy. Hãy dọn hoặc thêm ổ đĩa."))


def _index() -> Light:
    try:
        told = state().search.status()
    except ArchiveError as error:
        return Light(_("Chỉ mục"), "bad", str(error))
    if told.healthy:
        return Light(_("Chỉ mục"), "ok", _("{} văn bản").format(shown.count(told.documents)))
    return Light(_("Chỉ mục"), "warn", _("chưa có hoặc hỏng"), _("Bộ xử lý tự dựng lại; hoặc chạy vanthu reindex."))


def _workers(session: Session) -> Light:
    moment = queue.clock(session)
    busy = session.scalar(
        sa.select(sa.func.count(sa.distinct(Task.worker))).where(Task.state == "running", Task.lease_until > moment)
    )
    ready = sa.select(sa.func.count(), sa.func.min(Task.queued)).where(Task.state == "ready", Task.run_after <= moment)
    waiting, oldest = session.execute(ready).one()
    ended = session.scalar(sa.select(sa.func.max(Task.ended))) or 0.0
    says = _("{} đang làm, {} việc chờ").format(busy or 0, waiting)
    if not busy and waiting and moment - max(ended, oldest) > PATIENCE:
        return Light(_("Bộ xử lý"), "bad", says, _("Không bộ xử lý nào chạy: hãy chạy vanthu up hoặc vanthu work."))
    return Light(_("Bộ xử lý"), "ok", says)


def _inspected(last: Inspection | None) -> Light:
    if last is None or last.ended_at is None:
        return Light(_("Kiểm tra toàn bộ"), "warn", _("chưa kiểm tra lần nào"), _("Bấm “Kiểm tra toàn bộ”."))
    says = shown.moment(last.ended_at)
    if last.ok:
        return Light(_("Kiểm tra toàn bộ"), "ok", _("mọi thứ đúng, lúc {}").format(says))
    return Light(_("Kiểm tra toàn bộ"), "bad", _("có điều sai, lúc {}").format(says), _("Xem bảng kết quả bên dưới."))


def _picture(days: Sequence[ledger.Day]) -> Markup:
    series = [charts.Series(_(name), look, [getattr(day, key) for day in days]) for key, name, look in COLUMNS]
    labels = [f"{day.day:%d/%m}" for day in days]
    return Markup(charts.columns("so-can-doi", _("Tệp đã nhận, theo ngày"), labels, series))  # noqa: S704 - ours, escaped


def _ages(looked: scrub.Looked) -> Markup:
    rows = [(_("trong một ngày"), looked.day), (_("trong 7 ngày"), looked.week), (_("trong 30 ngày"), looked.month),
            (_("lâu hơn"), looked.older), (_("chưa lần nào"), looked.never)]  # fmt: skip
    return Markup(charts.bars("ra-ban-goc", _("Bản gốc được rà lần cuối"), rows))  # noqa: S704 - ours, escaped


def _turned_away(session: Session, days: Sequence[ledger.Day]) -> list[tuple[str, str, int]]:
    found = ledger.refused_between(session, days[0].day, days[-1].day)
    return [(_(REASONS.get(reason, reason)), door, count) for (reason, door), count in found.most_common(20)]
