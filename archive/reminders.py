"""One letter a working day to each person who has something due: before and after the deadline, never twice.

A row (person, day) is committed before anything is sent. A letter the server did not take is tried again, with pauses;
one of which nobody knows whether it went (the line broke while it was taken, or this process died) is not: to be
reminded twice is worse than to look at the page. Letters say numbers and days; of a secret paper, that there is one.
"""

from __future__ import annotations

import datetime as dt
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from archive import history, inbox, mail, work_files, workdays
from archive.config import Settings
from archive.database import Sessions
from archive.errors import BadValue
from archive.inbox import Item
from archive.models import Digest, User, WorkFile, now
from archive.workdays import HANOI, Calendar

log = logging.getLogger(__name__)

PAUSES = (5, 15, 60, 180)
"""Minutes before each further attempt; then the letter of that day is given up."""
AHEAD = 44
"""Days before the last one on which a work file is named: Appendix VI wants 30, and a week of Tết has no letter."""
LEAST_WORTH = ("late", "soon", "new")
_ADDRESS = re.compile(r"[^\s@<>\"',;:]+@[^\s@<>\"',;:]+\.[^\s@<>\"',;:]+")


def set_wishes(
    session: Session, user: User, email: str, wants: bool, *, actor: str, at: dt.datetime | None = None
) -> None:
    """Where a person wants to be reminded, or that they do not. BadValue for what is no address."""
    email = email.strip()
    if email and (len(email) > 200 or not email.isascii() or not _ADDRESS.fullmatch(email)):
        raise BadValue("Địa chỉ thư điện tử không hợp lệ. Ví dụ: lan@tinh.gov.vn.")
    before = {"wants": user.wants_digest, "address": bool(user.email)}
    user.email, user.wants_digest = email, wants
    # That there is an address, not which: events are never forgotten, a person's address may have to be.
    facts = {"wants": wants, "address": bool(email), "before": before}
    history.append(session, actor, "reminders_set", user.id, facts, at)


def is_time(settings: Settings, calendar: Calendar, at: dt.datetime) -> bool:
    """Whether letters go out at this moment: on working days, from the hour of the settings on."""
    here = at.astimezone(HANOI)
    hour, _, minute = settings.remind_at.partition(":")
    return calendar.works(here.date()) and here.time() >= dt.time(int(hour), int(minute or 0))


def run(settings: Settings, sessions: Sessions, at: dt.datetime | None = None) -> int:
    """Send what is to be sent at this moment; how many went. Any number of processes may run it at once."""
    at = at or now()
    with sessions() as session:
        if not settings.smtp_host or not is_time(settings, workdays.calendar(session), at):
            return 0
    day = workdays.today(at)
    with sessions.begin() as session:
        _make_rows(session, day, at)
        _give_up_on_the_dead(session, day, at)
    sent = 0
    while claimed := _claim(sessions, day, at):
        sent += _send(settings, sessions, claimed, day, at)
    return sent


def _make_rows(session: Session, day: dt.date, at: dt.datetime) -> None:
    """A row for everybody who wants letters; there already: it stays as it is."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    wanting = sa.select(User.id).where(User.active, User.wants_digest, User.email != "")
    for user_id in session.scalars(wanting.order_by(User.id)).all():
        row = {"user_id": user_id, "day": day, "state": "waiting", "attempts": 0, "error": "", "not_before": at}
        session.execute(insert(Digest).values(row).on_conflict_do_nothing())


def _give_up_on_the_dead(session: Session, day: dt.date, at: dt.datetime) -> None:
    """Letters somebody began to send and never said how it ended: they may have gone."""
    dead = sa.and_(Digest.state == "sending", Digest.not_before < at - dt.timedelta(minutes=10))
    session.execute(sa.update(Digest).where(dead).values(state="unsure", error="interrupted"))
    session.execute(sa.update(Digest).where(Digest.state == "waiting", Digest.day < day).values(state="failed"))


def _claim(sessions: Sessions, day: dt.date, at: dt.datetime) -> str | None:
    """The id of a person whose letter is ours to send now; committed before anything leaves."""
    with sessions.begin() as session:
        ready = sa.select(Digest).where(Digest.day == day, Digest.state == "waiting", Digest.not_before <= at)
        row = session.scalars(ready.order_by(Digest.user_id).limit(1).with_for_update(skip_locked=True)).one_or_none()
        if row is None:
            return None
        row.state, row.attempts, row.not_before = "sending", row.attempts + 1, at
        return row.user_id


def _send(settings: Settings, sessions: Sessions, user_id: str, day: dt.date, at: dt.datetime) -> bool:
    with sessions() as session:
        user = session.get_one(User, user_id)
        wants = user.active and user.wants_digest and user.email
        due = due_of(session, user, day) if wants else Due()
    state, error = "sent" if due.anything else "quiet", ""
    try:
        if due.anything:
            mail.send(settings, letter(settings, user, due, day))
    except mail.NotTaken as trouble:
        state, error = "waiting", str(trouble)
    except mail.Unsure as trouble:
        state, error = "unsure", str(trouble)
    with sessions.begin() as session:
        state = _keep(session.get_one(Digest, (user_id, day)), state, error, at)
    if error:
        log.warning("digest user=%s state=%s cause=%s", user_id, state, error)
    return state == "sent"


def _keep(row: Digest, state: str, error: str, at: dt.datetime) -> str:
    """How it ended; the state the row is left in."""
    if state == "waiting" and row.attempts > len(PAUSES):
        state = "failed"
    row.state, row.error, row.sent_at = state, error[:200], at if state == "sent" else None
    if state == "waiting":
        row.not_before = at + dt.timedelta(minutes=PAUSES[row.attempts - 1])
    return state


# ------------------------------------------------------------------------------------------------ what it says


@dataclass(frozen=True)
class Due:
    """What a person is reminded of."""

    late: Sequence[Item] = ()
    soon: Sequence[Item] = ()
    new: Sequence[Item] = ()
    waiting: int = 0
    """Papers nobody has routed yet, for who routes."""
    asking: int = 0
    files: Sequence[WorkFile] = ()
    """Work files to be handed to the archive, for văn thư."""

    @property
    def anything(self) -> bool:
        return bool(self.late or self.soon or self.new or self.waiting or self.asking or self.files)


def due_of(session: Session, user: User, day: dt.date) -> Due:
    """Heads and staff: what their unit has, staff without what is a colleague's; leaders: what waits; clerks: files."""
    calendar = workdays.calendar(session)
    if user.role == "leader":
        return Due(waiting=len(inbox.waiting(session, user)), asking=len(inbox.asking(session, user)))
    if user.role == "clerk":
        return Due(files=_to_hand_over(session, calendar, day))
    if user.role not in ("head", "staff") or user.unit_id is None:
        return Due()
    lanes = (inbox.load(session, user, lane, day, calendar, user.unit_id) for lane in LEAST_WORTH)
    mine = [[one for one in items if _concerns(user, one)] for items in lanes]
    told = {one.route.id for one in (*mine[0], *mine[1])}
    return Due(mine[0], mine[1], [one for one in mine[2] if one.route.id not in told])


def _concerns(user: User, one: Item) -> bool:
    return user.role == "head" or one.route.person_id in (None, user.id)


def _to_hand_over(session: Session, calendar: Calendar, day: dt.date) -> Sequence[WorkFile]:
    """Told on the first working day of a week, until they are handed over."""
    before = (day - dt.timedelta(days=n) for n in range(1, day.weekday() + 1))
    return () if any(map(calendar.works, before)) else work_files.due(session, day, AHEAD)[0]


def letter(settings: Settings, user: User, due: Due, day: dt.date) -> EmailMessage:
    """The letter of that day; the same day makes the same Message-ID, by which a server knows it again."""
    made = EmailMessage()
    made["From"], made["To"] = settings.smtp_from or settings.smtp_user, user.email
    made["Subject"] = _subject(due, day)
    made["Date"] = format_datetime(now().astimezone(HANOI))
    host = str(made["From"]).rpartition("@")[2].strip(">") or "vanthu.invalid"
    made["Message-ID"] = f"<nhac-viec.{day.isoformat()}.{user.id}@{host}>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content("\n".join(_lines(settings, user, due, day)))
    return made


def _subject(due: Due, day: dt.date) -> str:
    counts = [(len(due.late), "quá hạn"), (len(due.soon), "sắp hết hạn"), (len(due.new), "mới"),
              (due.waiting, "chờ phân phối"), (due.asking, "xin gia hạn"),
              (len(due.files), "hồ sơ đến hạn nộp lưu")]  # fmt: skip
    said = ", ".join(f"{count} {what}" for count, what in counts if count)
    return f"Nhắc việc văn bản đến {day:%d/%m/%Y}: {said}"


def _lines(settings: Settings, user: User, due: Due, day: dt.date) -> list[str]:
    lines = [f"Kính gửi {user.full_name or user.name},", "", f"Việc cần làm tính đến ngày {day:%d/%m/%Y}:"]
    for title, items in (("QUÁ HẠN", due.late), ("SẮP HẾT HẠN", due.soon), ("MỚI CHUYỂN, CHƯA NHẬN", due.new)):
        if items:
            lines += ["", f"{title} ({len(items)})", *(_line(one) for one in items[:30])]
            lines += [f"- và {len(items) - 30} văn bản nữa"] if len(items) > 30 else []
    lines += [f"- {due.waiting} văn bản chờ phân phối"] if due.waiting else []
    lines += [f"- {due.asking} đơn vị xin gia hạn"] if due.asking else []
    if due.files:
        lines += ["", f"HỒ SƠ ĐẾN HẠN NỘP LƯU ({len(due.files)})", *map(_file_line, due.files[:30])]
        lines += [f"- và {len(due.files) - 30} hồ sơ nữa"] if len(due.files) > 30 else []
    where = settings.address.rstrip("/")
    page = {"leader": "/routing", "clerk": "/files"}.get(user.role, "/inbox")
    lines += ["", f"Xem và xử lý: {where}{page}" if where else "Hãy mở phần mềm Văn Thư để xem và xử lý."]
    ways = f"{where}/reminders" if where else "mục Nhắc việc trong phần mềm"
    return [*lines, "", f"Thư gửi tự động mỗi ngày làm việc khi có việc. Không muốn nhận nữa: {ways}"]


def _file_line(file: WorkFile) -> str:
    last = work_files.hand_over_by(file)
    return f"- {file.code} (danh mục năm {file.year}): hạn nộp lưu {last:%d/%m/%Y}" if last else f"- {file.code}"


def _line(one: Item) -> str:
    """A paper as a letter may name it: the subject stays inside the office."""
    route, document = one.route, one.document
    day = f"hạn {route.due:%d/%m/%Y}" if route.due else "không có hạn"
    if document.secrecy:
        return f"- 01 văn bản mật, {day} (xem trong phần mềm)"
    number = next((entry.number for entry in document.entries if entry.status == "registered"), None)
    mark = f"[{document.urgency.upper()}] " if document.urgency else ""
    late = f", quá hạn {-one.left} ngày làm việc" if one.is_late and one.left else ""
    return f"- {mark}Số đến {number or '…'}: {document.full_code or 'không số'}, {day}{late}"
