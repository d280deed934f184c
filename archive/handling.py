"""What a unit does with a paper it was given: takes it over, hands it to a person, gives it back, passes it on, asks
for more time, answers it.

NĐ 30/2020/NĐ-CP, art. 24, and the Phiếu giải quyết văn bản đến of Appendix IV, whose three parts are what the leader,
the head of the unit and the one who handles it say. MOVES is the whole state machine; whatever is not in it is refused.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import access, people, routing
from archive.errors import BadValue, Conflict, NotFound, Stale
from archive.models import Document, RouteRow, User, now
from archive.routing import OPEN

STATES = {
    "suggested": "gợi ý", "decided": "đã chuyển, chưa nhận", "received": "đã nhận, đang xử lý",
    "returned": "đã trả lại", "forwarded": "đã chuyển đơn vị khác", "recalled": "đã thu hồi", "finished": "xong",
}  # fmt: skip
STALE = "Người khác vừa làm một bước với văn bản này. Chưa có gì bị mất: hãy tải lại, xem bước mới rồi làm tiếp."


@dataclass(frozen=True)
class Given:
    """What was said with a move; each move says what it needs of it."""

    reason: str = ""
    due: dt.date | None = None
    unit: str = ""
    person_id: str | None = None
    note: str = ""
    """The head's opinion when a person is named, else what was proposed or done."""
    reply: str = ""
    """Number and symbol of the paper that answers."""
    receiver: str = ""
    """Who signs for it, as a name."""

    def __post_init__(self) -> None:
        longest = {"reason": 500, "reply": 80, "unit": 200, "receiver": 80, "note": routing.LONGEST}
        for one in fields(self):
            text = getattr(self, one.name)
            if isinstance(text, str):
                clean = unicodedata.normalize("NFC", text).strip()
                if any(unicodedata.category(letter) in ("Cc", "Cs") and letter not in "\r\n\t" for letter in clean):
                    raise BadValue("Lời ghi có ký tự điều khiển, không lưu được.")
                if len(clean) > longest.get(one.name, 200):
                    raise BadValue(f"Lời ghi dài quá {longest.get(one.name, 200)} ký tự.")
                object.__setattr__(self, one.name, clean)


@dataclass(frozen=True)
class Move:
    """One step: who may do it, from which states, to which, and what must be said with it."""

    label: str
    may: tuple[str, ...]
    """Actions of archive.access, of which one suffices."""
    before: tuple[str, ...]
    after: str | None
    """None: the state stays."""
    event: str
    needs: tuple[str, ...] = ()
    roles: tuple[str, ...] = ("lead", "support", "inform")


_ACTING = ("lead", "support")
MOVES: dict[str, Move] = {
    "receive": Move("Nhận văn bản", ("handle",), ("decided",), "received", "taken_over"),
    "assign": Move("Giao người xử lý", ("assign",), OPEN, "received", "assigned", ("person_id",), _ACTING),
    "propose": Move("Ghi ý kiến đề xuất", ("handle",), ("received",), None, "proposed", ("note",), _ACTING),
    "finish": Move("Kết thúc", ("handle",), ("received",), "finished", "finished", (), _ACTING),
    "ask": Move("Xin gia hạn", ("handle",), ("received",), None, "extension_asked", ("due", "reason"), _ACTING),
    "extend": Move("Gia hạn", ("route",), OPEN, None, "extended", ("due", "reason"), _ACTING),
    "refuse": Move("Không gia hạn", ("route",), ("received",), None, "extension_refused", ("reason",), _ACTING),
    "return": Move("Trả lại", ("assign",), OPEN, "returned", "returned", ("reason",)),
    "forward": Move("Chuyển đơn vị khác", ("assign",), OPEN, "forwarded", "forwarded", ("unit", "reason"), _ACTING),
    "recall": Move("Thu hồi", ("route",), OPEN, "recalled", "recalled", ("reason",)),
    "reopen": Move("Mở lại", ("assign", "route"), ("finished",), "received", "reopened", ("reason",), _ACTING),
}  # fmt: skip
MISSING = {
    "reason": "Bước này phải nêu lý do.",
    "due": "Hãy ghi hạn mới.",
    "unit": "Hãy chọn đơn vị nhận.",
    "person_id": "Hãy chọn người xử lý.",
    "note": "Hãy ghi ý kiến.",
}


def possible(route: RouteRow) -> list[str]:
    """The moves that the route's state allows, whoever may do them."""
    return [name for name, one in MOVES.items() if _fits(route, name, one)]


def _fits(route: RouteRow, name: str, one: Move) -> bool:
    if route.state not in one.before or route.role not in one.roles:
        return False
    return name != "refuse" or route.asked_due is not None


def allowed(user: User | None, document: Document, route: RouteRow) -> list[str]:
    """The moves that this person may make now."""
    return [name for name in possible(route) if may(user, document, route, name)]


def may(user: User | None, document: Document, route: RouteRow, name: str) -> bool:
    """Whether this person may make the move at all; its state is looked at when it is made."""
    return any(access.can(user, action, document, route) for action in MOVES[name].may)


def in_place_of(user: User | None, document: Document, route: RouteRow, name: str) -> str:
    """Whose place alone lets this person make the move; "" for one's own."""
    held = [access.in_place_of(user, action, document, route) for action in MOVES[name].may
            if access.can(user, action, document, route)]  # fmt: skip
    return "" if "" in held else held[0]


def move(
    session: Session, route: RouteRow, name: str, given: Given, *, actor: str, at: dt.datetime | None = None,
    if_version: int | None = None,
) -> RouteRow:  # fmt: skip
    """Make one step of MOVES in the caller's transaction; who may is the caller's question to `may`.

    Stale when the route is not at `if_version` any more, Conflict when its state does not allow the step, BadValue
    when something that must be said is not; nothing was written then. Answers the route (of `forward` the new one).
    """
    at = at or now()
    document = routing.lock(session, route.document_id)
    route = next((one for one in routing.decided(document) if one.id == route.id), route)
    _check(document, route, name, given, if_version)
    one, before = MOVES[name], route.state
    made = _DO[name](session, document, route, given, actor, at)
    route.version += 1
    routing.follow(session, document)
    said = {"reason": given.reason, "reply": route.reply if name == "finish" else "", "before": before}
    if made is not route:
        said["to"] = made.unit_id or ""
    routing.tell(session, document, route, one.event, actor, at, said)
    return made


def _check(document: Document, route: RouteRow, name: str, given: Given, if_version: int | None) -> None:
    if name not in MOVES:
        raise NotFound("Không có bước xử lý này.")
    if if_version not in (None, route.version):
        raise Stale(STALE)
    one = MOVES[name]
    if document.status not in routing.IN_THE_BOOK:
        raise Conflict("Văn bản không còn trong sổ nên không xử lý được. Hãy hỏi văn thư.")
    if not _fits(route, name, one):
        where = STATES.get(route.state, route.state)
        raise Conflict(
            f"Không thể “{one.label.lower()}”: {route.unit} {where}. Chưa có gì thay đổi; hãy tải lại trang."
        )
    for need in one.needs:
        if not getattr(given, need):
            raise BadValue(MISSING[need])


Do = Callable[[Session, Document, RouteRow, Given, str, dt.datetime], RouteRow]


def _receive(_s: Session, _d: Document, route: RouteRow, given: Given, actor: str, at: dt.datetime) -> RouteRow:
    _take_over(route, given.receiver or actor, at)
    if route.role == "inform":  # để biết: to have read it is all there is to do
        route.state, route.closed_by, route.closed_at = "finished", actor, at
    else:
        route.state = "received"
    return route


def _take_over(route: RouteRow, receiver: str, at: dt.datetime) -> None:
    if route.received_at is None:
        route.received_by, route.received_at = receiver[:80], at


def _assign(session: Session, _d: Document, route: RouteRow, given: Given, actor: str, at: dt.datetime) -> RouteRow:
    if given.due and route.due and given.due > route.due:
        raise BadValue(f"Hạn của người xử lý không được sau hạn của đơn vị ({route.due:%d/%m/%Y}).")
    routing.give_to(session, route, given.person_id, actor, at)
    route.person_due, route.opinion = given.due, given.note
    route.state, route.assigned_by, route.assigned_at = "received", actor, at
    _take_over(route, given.receiver or actor, at)
    return route


def _propose(_s: Session, _d: Document, route: RouteRow, given: Given, actor: str, at: dt.datetime) -> RouteRow:
    route.proposal, route.proposed_by, route.proposed_at = given.note, actor, at
    return route


def _finish(_s: Session, _d: Document, route: RouteRow, given: Given, actor: str, at: dt.datetime) -> RouteRow:
    if not given.reply and not given.note and not route.proposal:
        raise BadValue("Hãy ghi số, ký hiệu văn bản trả lời, hoặc kết quả xử lý.")
    if given.note:
        route.proposal, route.proposed_by, route.proposed_at = given.note, actor, at
    route.reply = given.reply
    routing.close(route, "finished", "", actor, at)
    return route


def _ask(_s: Session, _d: Document, route: RouteRow, given: Given, _actor: str, _at: dt.datetime) -> RouteRow:
    if route.due and given.due and given.due <= route.due:
        raise BadValue(f"Hạn xin phải sau hạn đang có ({route.due:%d/%m/%Y}).")
    route.asked_due, route.asked_reason = given.due, given.reason
    return route


def _extend(_s: Session, _d: Document, route: RouteRow, given: Given, _actor: str, _at: dt.datetime) -> RouteRow:
    route.first_due = route.first_due or route.due
    route.due, route.asked_due, route.asked_reason = given.due, None, ""
    return route


def _refuse(_s: Session, _d: Document, route: RouteRow, _given: Given, _actor: str, _at: dt.datetime) -> RouteRow:
    route.asked_due, route.asked_reason = None, ""
    return route


def _return(_s: Session, _d: Document, route: RouteRow, given: Given, actor: str, at: dt.datetime) -> RouteRow:
    routing.close(route, "returned", given.reason, actor, at)
    return route


def _recall(_s: Session, _d: Document, route: RouteRow, given: Given, actor: str, at: dt.datetime) -> RouteRow:
    routing.close(route, "recalled", given.reason, actor, at)
    return route


def _forward(
    session: Session, document: Document, route: RouteRow, given: Given, actor: str, at: dt.datetime
) -> RouteRow:
    """The other unit gets it as this one had it; one that cooperates already takes the greater role."""
    target = people.unit_named(session, given.unit, make=False)
    if target.id == route.unit_id:
        raise BadValue("Đây là chính đơn vị đang có văn bản. Muốn giao người khác trong đơn vị, hãy chọn người xử lý.")
    there = next((one for one in routing.decided(document) if one.unit_id == target.id), None)
    if there is not None and there.state in routing.LIVE and (there.role == "lead" or route.role != "lead"):
        raise Conflict(f"{target.name} đang có văn bản này rồi. Chưa có gì thay đổi.")
    routing.close(route, "forwarded", given.reason, actor, at)
    session.flush()
    made = there or RouteRow(document_id=document.id, unit_id=target.id, unit=target.name, source="person",
                             confidence=1.0, version=0)  # fmt: skip
    if there is None:
        document.routes.append(made)
    if made.state not in OPEN:
        routing.open_again(made)
    made.role, made.due, made.instruction = route.role, route.due, route.instruction
    made.parent_id, made.decided_by, made.decided_at = route.id, actor, at
    made.version += 1
    session.flush()
    return made


def _reopen(_s: Session, _d: Document, route: RouteRow, _given: Given, _actor: str, _at: dt.datetime) -> RouteRow:
    route.state, route.closed_by, route.closed_at = "received", None, None
    return route


_DO: dict[str, Do] = {
    "receive": _receive, "assign": _assign, "propose": _propose, "finish": _finish, "ask": _ask, "extend": _extend,
    "refuse": _refuse, "return": _return, "recall": _recall, "forward": _forward, "reopen": _reopen,
}  # fmt: skip


def members(session: Session, unit_id: str | None) -> Sequence[User]:
    """Who handles papers in this unit: its head and staff, by name."""
    there = sa.select(User).where(User.unit_id == unit_id, User.active, User.role.in_(("head", "staff")))
    return session.scalars(there.order_by(User.role, User.full_name, User.name)).all()
