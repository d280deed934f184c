"""Keys that an app got for a name and a password: they end with that password, and with the password being enough.

They are told from keys made by hand by how they begin.
"""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import history
from archive.models import Token, User, now

BEGINS = "vanthu_app_"
LIFE = dt.timedelta(days=365)


def revoke_all(session: Session, user: User, *, actor: str, at: dt.datetime | None = None) -> None:
    """None of them opens from now on; keys that the person made on the page or got from the command stay."""
    given = Token.prefix.startswith(BEGINS, autoescape=True)
    mine = sa.select(Token).where(Token.user_id == user.id, Token.revoked_at.is_(None), given)
    for token in session.scalars(mine.order_by(Token.id)):
        token.revoked_at = at or now()
        history.append(session, actor, "token_revoked", token.id, {"name": token.name}, at)
