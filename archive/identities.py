"""Which of our people somebody is whom the province's sign-in server (OpenID Connect) has told us about.

Only people an administrator named get in: by the server's `sub`, or by a mail address that the server has verified. A
mail address names a person once: from then on their `sub` does, since addresses are given to others again. The address
of reminders is not asked: people change that one by themselves.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import history
from archive.errors import BadValue, Conflict
from archive.models import Identity, User


def of(session: Session, user: User) -> Identity | None:
    """Who this person is elsewhere."""
    return session.scalar(sa.select(Identity).where(Identity.user_id == user.id))


def name(
    session: Session, user: User, issuer: str, *, email: str = "", subject: str = "", actor: str,
    at: dt.datetime | None = None,
) -> None:  # fmt: skip
    """Say who `user` is at `issuer`, instead of what was said before. BadValue, Conflict when another is."""
    known, email, subject = _is_address(email), email.strip().casefold(), subject.strip()
    if not issuer:
        raise BadValue("Chưa cấu hình máy chủ đăng nhập chung; chưa có gì thay đổi.")
    if bool(email) == bool(subject) or len(email) > 200 or len(subject) > 255 or (email and not known):
        raise BadValue("Hãy ghi hoặc địa chỉ thư, hoặc mã người dùng (sub) ở máy chủ đăng nhập chung.")
    same = Identity.email == email if email else Identity.subject == subject
    if session.scalar(sa.select(Identity.id).where(Identity.issuer == issuer, same, Identity.user_id != user.id)):
        raise Conflict("Danh tính này đã thuộc về người khác; chưa có gì thay đổi.")
    session.execute(sa.delete(Identity).where(Identity.user_id == user.id))
    session.add(Identity(user_id=user.id, issuer=issuer, email=email or None, subject=subject or None))
    session.flush()
    history.append(session, actor, "identity_named", user.id, {"issuer": issuer, "by": "email" if email else "sub"}, at)


def _is_address(said: object) -> bool:
    """ASCII alone: other letters fold to the same (the long s to s), and an address that looks alike is another's."""
    return isinstance(said, str) and said.isascii() and "@" in said


def forget(session: Session, user: User, *, actor: str, at: dt.datetime | None = None) -> None:
    """This person is nobody elsewhere any more; where they were nobody nothing happens."""
    gone = session.execute(sa.delete(Identity).where(Identity.user_id == user.id))
    if gone.rowcount:  # type: ignore[attr-defined]
        history.append(session, actor, "identity_forgotten", user.id, None, at)


def find(session: Session, issuer: str, claims: dict[str, Any], at: dt.datetime | None = None) -> User | None:
    """Whom these checked claims of an ID token are about; the first time a mail address is bound to its `sub`."""
    ours = sa.select(Identity).where(Identity.issuer == issuer)
    found = session.scalar(ours.where(Identity.subject == str(claims["sub"])))
    if found is None and claims.get("email_verified") is True and _is_address(claims.get("email")):
        email = claims["email"].strip().casefold()
        found = session.scalar(ours.where(Identity.email == email, Identity.subject.is_(None)).with_for_update())
        if found:
            found.subject = str(claims["sub"])
            history.append(session, "system", "identity_bound", found.user_id, {"issuer": issuer}, at)
    return found.user if found and found.user.active else None
