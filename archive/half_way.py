"""A browser half-way in: what was already shown is kept here, under a cookie of its own, for five minutes."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive.models import SignInStep, User, now

LIFE = dt.timedelta(minutes=5)


def begin(
    session: Session, kind: str, user: User | None = None, told: dict[str, Any] | None = None,
    at: dt.datetime | None = None,
) -> str:  # fmt: skip
    """The cookie of a new step: "code" (the password of `user` was right) or "oidc" (another server is asked)."""
    at, cookie = at or now(), secrets.token_urlsafe(32)
    session.execute(sa.delete(SignInStep).where(SignInStep.expires_at < at))
    step = SignInStep(sha256=_digest(cookie), kind=kind, user_id=user.id if user else None, told=told or {})
    step.expires_at = at + LIFE
    session.add(step)
    return cookie


def find(session: Session, kind: str, cookie: str, at: dt.datetime | None = None) -> SignInStep | None:
    """The step with this cookie; None when unknown or over."""
    step = session.get(SignInStep, _digest(cookie))
    return step if step and step.kind == kind and (at or now()) < step.expires_at else None


def end(session: Session, cookie: str) -> bool:
    """The step is done; False when it was done before: a step is taken once."""
    done = sa.delete(SignInStep).where(SignInStep.sha256 == _digest(cookie))
    return session.execute(done).rowcount > 0  # type: ignore[attr-defined,no-any-return]


def _digest(cookie: str) -> str:
    return hashlib.sha256(cookie.encode("utf-8", "replace")).hexdigest()
