"""Giao quyền: one person fills the place of another from one day to another.

NĐ 30/2020/NĐ-CP, art. 13: what is entrusted to another is entrusted in writing and for a limited time, and whoever was
entrusted does not entrust it further. So a place is given by who holds it or by an administrator, only a leader, the
head of a unit or văn thư has one to give, and what was received by delegation is never among what one gives.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from archive import access, history
from archive.errors import BadValue, Conflict, Forbidden, NotFound
from archive.models import Delegation, User, new_id, now
from archive.workdays import today

GIVERS = ("leader", "head", "clerk")
DEPUTIES = ("leader", "head", "clerk", "staff")
"""it reads no paper and an auditor changes nothing: neither stands in for anybody."""
LONGEST = 366
"""Days; longer is no standing in any more."""


def resolve(session: Session, user: User, day: dt.date) -> User:
    """`user`, knowing from now on the places of others held on this day: one question to the database a request."""
    wanted = sa.select(User.role, User.unit_id, User.name).join(Delegation, Delegation.giver_id == User.id)
    wanted = wanted.where(
        Delegation.deputy_id == user.id, Delegation.revoked_at.is_(None), User.active, User.role.in_(GIVERS),
        Delegation.begins_on <= day, Delegation.ends_on >= day,
    ).order_by(User.name)  # fmt: skip
    held = [access.Place(*row) for row in session.execute(wanted)] if user.role in DEPUTIES else []
    vars(user)["stands_in"] = tuple(dict.fromkeys(held))  # no column: it lives as long as this object
    return user


def give(
    session: Session, giver: User, deputy: User, begins_on: dt.date, ends_on: dt.date, *, by: User, ground: str = "",
    at: dt.datetime | None = None,
) -> Delegation:  # fmt: skip
    """`deputy` fills the place of `giver` on these days, both included. Forbidden, BadValue, Conflict."""
    at = at or now()
    _check_people(giver, deputy, by)
    _check_days(begins_on, ends_on, today(at))
    if session.scalar(_overlapping(giver, deputy, begins_on, ends_on)) is not None:
        raise Conflict("Người này đã được giao quyền trong những ngày đó. Hãy thu hồi lần trước hoặc chọn ngày khác.")
    row = Delegation(id=new_id(), giver_id=giver.id, deputy_id=deputy.id, begins_on=begins_on, ends_on=ends_on,
                     ground=" ".join(ground.split())[:200], made_by=by.name, made_at=at)  # fmt: skip
    session.add(row)
    session.flush()
    facts = {"from": giver.name, "to": deputy.name, "begins": begins_on, "ends": ends_on, "ground": row.ground}
    history.append(session, by.name, "delegated", row.id, facts, at)
    return row


def _check_people(giver: User, deputy: User, by: User) -> None:
    if by.id != giver.id and not access.can(by, "users"):
        raise Forbidden("Chỉ người có quyền hoặc quản trị viên được giao quyền; chưa có gì thay đổi.")
    if giver.id == deputy.id:
        raise BadValue("Không tự giao quyền cho mình được. Hãy chọn người khác.")
    if not giver.active or giver.role not in GIVERS:
        raise BadValue("Chỉ lãnh đạo, trưởng đơn vị và văn thư giao quyền được; chưa có gì thay đổi.")
    if not deputy.active or deputy.role not in DEPUTIES:
        raise BadValue("Chỉ giao quyền được cho lãnh đạo, trưởng đơn vị, chuyên viên hoặc văn thư đang làm việc.")


def _check_days(begins_on: dt.date, ends_on: dt.date, day: dt.date) -> None:
    if ends_on < begins_on:
        raise BadValue("Ngày kết thúc phải từ ngày bắt đầu trở đi.")
    if ends_on < day:
        raise BadValue("Ngày kết thúc đã qua; giao quyền không có hiệu lực về trước.")
    if (ends_on - begins_on).days > LONGEST:
        raise BadValue(f"Giao quyền dài nhất {LONGEST} ngày. Hãy chọn ngày kết thúc sớm hơn.")


def _overlapping(giver: User, deputy: User, begins_on: dt.date, ends_on: dt.date) -> sa.Select[str]:
    return sa.select(Delegation.id).where(
        Delegation.giver_id == giver.id, Delegation.deputy_id == deputy.id, Delegation.revoked_at.is_(None),
        Delegation.begins_on <= ends_on, Delegation.ends_on >= begins_on,
    ).limit(1)  # fmt: skip


def revoke(session: Session, delegation_id: str, *, by: User, at: dt.datetime | None = None) -> Delegation:
    """End it now; again: nothing happens. NotFound also for who has no part in it."""
    row = session.get(Delegation, delegation_id, with_for_update=True)
    if row is None or not (by.id == row.giver_id or access.can(by, "users")):
        raise NotFound("Không có lần giao quyền này.")
    if row.revoked_at is None:
        row.revoked_at = at or now()
        history.append(
            session, by.name, "delegation_revoked", row.id, {"from": row.giver.name, "to": row.deputy.name}, at
        )
    return row


def listed(session: Session, of: User | None = None, limit: int = 200) -> Sequence[Delegation]:
    """What was given, the latest first: all of it, or what `of` has given or received."""
    wanted = sa.select(Delegation).options(joinedload(Delegation.giver), joinedload(Delegation.deputy))
    if of is not None:
        wanted = wanted.where(sa.or_(Delegation.giver_id == of.id, Delegation.deputy_id == of.id))
    order = (Delegation.ends_on.desc(), Delegation.made_at.desc())
    return session.scalars(wanted.order_by(*order).limit(limit)).all()


def is_in_force(row: Delegation, day: dt.date) -> bool:
    """Whether the deputy fills the place on this day, as far as the days say."""
    return row.revoked_at is None and row.begins_on <= day <= row.ends_on
