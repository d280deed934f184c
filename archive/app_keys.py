"""Keys that an app got for a name and a password: they end with that password, and with the password being enough.

They are told from keys made by hand by how they begin. An app that signs in each time it starts leaves keys that nobody
uses again: only so many of one app of one person open at a time.
"""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import history
from archive.models import Token, User, now

BEGINS = "vanthu_app_"
LIFE = dt.timedelta(days=365)
MOST = 10
"""Of one person and app, told by what it calls itself: as many telephones."""
SETTLED = dt.timedelta(hours=1)
"""A key that was used so long after it was made belongs to something that goes on using it."""


def revoke_all(session: Session, user: User, *, actor: str, at: dt.datetime | None = None) -> None:
    """None of them opens from now on; keys that the person made on the page or got from the command stay."""
    for token in session.scalars(_of(user).order_by(Token.id)):
        _revoke(session, token, actor, at)


def make_room(session: Session, user: User, name: str, *, actor: str, at: dt.datetime | None = None) -> None:
    """Before an app gets one more key: the one least likely to be missed ends where it has MOST already.

    The caller has locked the user: two requests at once must not both find room.
    """
    at = at or now()
    still = sa.or_(Token.expires_at.is_(None), Token.expires_at > at)
    known = sorted(session.scalars(_of(user).where(Token.name == name.strip(), still)), key=_worth, reverse=True)
    for token in known[MOST - 1 :]:
        _revoke(session, token, actor, at)


def _worth(token: Token) -> tuple[bool, dt.datetime]:
    """A telephone that goes on with its old key comes before a program that left each after a moment."""
    used = token.used_at or token.created_at
    return used - token.created_at >= SETTLED, used


def _of(user: User) -> sa.Select[Token]:
    given = Token.prefix.startswith(BEGINS, autoescape=True)
    return sa.select(Token).where(Token.user_id == user.id, Token.revoked_at.is_(None), given)


def _revoke(session: Session, token: Token, actor: str, at: dt.datetime | None) -> None:
    token.revoked_at = at or now()
    history.append(session, actor, "token_revoked", token.id, {"name": token.name}, at)
