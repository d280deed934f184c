"""The people of the office: passwords, signed-in browsers, keys for programs, the first administrator's link.

Only hashes are kept: argon2id of a password, SHA-256 of everything that is random anyway.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import secrets
import threading
import unicodedata
from collections.abc import Iterable

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from archive import app_keys, history, lockout, second_factor
from archive.access import ROLES
from archive.errors import BadValue, Conflict, Forbidden, NotFound
from archive.keyring import Keyring
from archive.models import LoginSession, SetupLink, SignInStep, Token, Unit, User, now
from archive.vietnamese import fold

SCOPES = ("read", "write", "admin")
SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 200
IDLE = dt.timedelta(hours=2)
"""A browser nobody touches for so long is signed out; a clerk's lunch is shorter."""
LONGEST = dt.timedelta(hours=12)
REMEMBERED = dt.timedelta(hours=1)
"""How exactly the last use of a key is known."""
LINK_LIFE = dt.timedelta(days=1)

# OWASP password storage: argon2id with m=46 MiB, t=1 or more, p=1.
_hasher = PasswordHasher(time_cost=2, memory_cost=46 * 1024, parallelism=1)
_turns = threading.Semaphore(2)  # signing in must not eat the memory of the machine
_NOBODY = (  # of a random password nobody kept: unknown names must take as long as known ones
    "$argon2id$v=19$m=47104,t=2,p=1$e+EJkG6YPXy86RLDG8wo0g$GW9uhkcyVg0mpdtVj02T/hQILK2BVkbKaCvChs2m9sE"
)
_NAME = re.compile(r"[^\W_][\w.@-]{0,79}")

_NO_LINK = "Liên kết thiết lập không đúng, đã dùng hoặc đã hết hạn. Khởi động lại máy chủ để nhận liên kết mới."


def add_user(
    session: Session, name: str, role: str, unit: str | None = None, password: str = "", *, full_name: str = "",
    actor: str = "system", at: dt.datetime | None = None,
) -> User:  # fmt: skip
    """A new person; `unit` is a unit's name and is made when there is none. BadValue, Conflict."""
    name = _checked_name(name)
    if role not in ROLES:
        raise BadValue(f"Không có vai trò {role!r}. Các vai trò: {', '.join(ROLES)}.")
    if session.scalar(sa.select(User.id).where(User.name == name)):
        raise Conflict(f"Đã có người dùng tên {name}. Hãy chọn tên khác.")
    unit_id = unit_named(session, unit).id if unit else None
    user = User(name=name, role=role, unit_id=unit_id, full_name=full_name[:200], password_hash=hash_password(password))
    session.add(user)
    session.flush()
    history.append(session, actor, "user_added", user.id, {"name": name, "role": role, "unit": unit_id}, at)
    return user


def _checked_name(name: str) -> str:
    name = unicodedata.normalize("NFC", name).strip().casefold()
    if not _NAME.fullmatch(name):
        raise BadValue("Tên đăng nhập gồm chữ, số và các dấu . _ @ -, không có khoảng trắng, dài nhất 80 ký tự.")
    return name


def hash_password(password: str) -> str:
    """Argon2id of a password that is long enough; BadValue."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise BadValue(f"Mật khẩu phải dài từ {SHORTEST_PASSWORD} đến {LONGEST_PASSWORD} ký tự.")
    with _turns:
        return _hasher.hash(unicodedata.normalize("NFC", password))


def change_password(session: Session, user: User, password: str, *, actor: str, at: dt.datetime | None = None) -> None:
    """Set a new password; every browser is signed out, and what apps got for the old password opens nothing more."""
    user.password_hash = hash_password(password)
    lockout.forgive(session, user)
    _end_all(session, user)
    app_keys.revoke_all(session, user, actor=actor, at=at)
    history.append(session, actor, "password_changed", user.id, None, at)


def _end_all(session: Session, user: User) -> None:
    """Every browser is out, also those that have shown a password and are asked for a code."""
    for kind in (LoginSession, SignInStep):
        session.execute(sa.delete(kind).where(kind.user_id == user.id))


def disable_user(session: Session, user: User, *, actor: str, at: dt.datetime | None = None) -> None:
    """Let this person in no more: signed out everywhere, keys revoked; what they did stays. Again: nothing happens.

    Conflict for the last administrator: nobody could add one, and anybody at the machine would get a set-up link.
    """
    if not user.active:
        return
    others = sa.select(User.id).where(User.role == "admin", User.active, User.id != user.id).limit(1)
    if user.role == "admin" and session.scalar(others) is None:
        raise Conflict("Đây là quản trị viên cuối cùng nên không ngừng được. Hãy thêm một quản trị viên khác trước.")
    user.active = False
    _end_all(session, user)
    open_keys = sa.update(Token).where(Token.user_id == user.id, Token.revoked_at.is_(None))
    session.execute(open_keys.values(revoked_at=at or now()))
    history.append(session, actor, "user_disabled", user.id, {"name": user.name}, at)


def unit_named(session: Session, name: str, *, make: bool = True) -> Unit:
    """The unit with this name (marks and case aside) or slug; where there is none it is made, or BadValue."""
    name = unicodedata.normalize("NFC", " ".join(name.split()))
    slug = re.sub(r"\W+", "_", fold(name)).strip("_")
    if not slug or len(name) > 200:
        raise BadValue("Tên đơn vị trống hoặc quá dài.")
    if len(slug) > 40:  # long names often begin alike
        slug = slug[:31] + "_" + _digest(slug)[:8]
    found = session.get(Unit, slug)
    if found is None and not make:
        raise BadValue(f"Không có đơn vị {name[:80]!r}. Chưa có gì thay đổi; hãy chọn một đơn vị trong danh sách.")
    if found is None:
        insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        # Two clerks may name a new unit at the same moment: one of them makes it.
        session.execute(insert(Unit).values(id=slug, name=name, active=True).on_conflict_do_nothing())
        found = session.get_one(Unit, slug)
    return found


def sign_in(
    session: Session, name: str, password: str, at: dt.datetime | None = None, address: str = ""
) -> User | None:
    """`check_password` and `welcome` for whom a password is enough; None for who must show a code, too."""
    user = check_password(session, name, password, at, address)
    if user is None or second_factor.is_on(session, user):
        return None
    return welcome(session, user, at, address)


def check_password(
    session: Session, name: str, password: str, at: dt.datetime | None = None, address: str = ""
) -> User | None:
    """Whose password this is; None for a wrong name, a wrong password, an inactive or shut account: nobody is told.

    `address` is lockout.place_of the browser. Failures are written into the session; the caller commits also when the
    answer is None. They are not forgotten before `welcome`: a right password must not buy guesses at the code.
    """
    at = at or now()
    found = _look_up(session, unicodedata.normalize("NFC", name).strip().casefold())
    right = _matches(found.password_hash if found else _NOBODY, password)
    user = session.get_one(User, found.id, with_for_update=True, populate_existing=True) if found else None
    shut = lockout.is_shut(session, user, address, at)
    if user is None or not user.active or shut or not right:
        lockout.count(session, user, address, at, wrong=user is not None and user.active and not shut)
        return None
    if _hasher.check_needs_rehash(user.password_hash):
        user.password_hash = hash_password(password)
    return user


def check_code(
    session: Session, keyring: Keyring, user: User, code: str, at: dt.datetime | None = None, address: str = ""
) -> bool:
    """Is this a code of the second factor? Failures count as those of `check_password` do; the caller commits."""
    at = at or now()
    session.refresh(user, with_for_update=True)
    shut = lockout.is_shut(session, user, address, at)
    if user.active and not shut and second_factor.accepts(session, keyring, user, code, at):
        return True
    lockout.count(session, user, address, at, wrong=user.active and not shut)
    return False


def welcome(session: Session, user: User, at: dt.datetime | None = None, address: str = "", how: str = "") -> User:
    """The person is in, by a password or (`how`) otherwise."""
    at = at or now()
    lockout.welcome(session, user, address, at)
    history.append(session, user.name, "signed_in", user.id, {"how": how} if how else None, at)
    return user


def _look_up(session: Session, name: str) -> sa.Row[str, str] | None:
    """Id and hash of a name, read beside the session: hashing a password takes long, and must not hold its lock."""
    bind = session.get_bind()
    with bind.engine.connect().execution_options(reading=True) as connection:
        return connection.execute(sa.select(User.id, User.password_hash).where(User.name == name)).first()


def _matches(hashed: str, password: str) -> bool:
    with _turns:
        try:
            return _hasher.verify(hashed, unicodedata.normalize("NFC", password[:LONGEST_PASSWORD]))
        except (VerificationError, InvalidHashError):
            return False


def _digest(plain: str) -> str:
    return hashlib.sha256(plain.encode("utf-8", "replace")).hexdigest()


def new_session(
    session: Session, user: User, at: dt.datetime | None = None, agent: str = "", address: str = "", before: str = ""
) -> tuple[str, str]:
    """(cookie value, CSRF token) of a browser that has just signed in; its cookie of `before` ends.

    The token stays what it was for the same person: a form that is still open there can be sent.
    """
    at = at or now()
    left = session.get(LoginSession, _digest(before)) if before else None
    cookie, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    if left is not None:
        csrf = left.csrf if left.user_id == user.id else csrf
        session.delete(left)
    session.execute(sa.delete(LoginSession).where(LoginSession.expires_at < at))
    session.add(LoginSession(sha256=_digest(cookie), user_id=user.id, csrf=csrf, agent=agent[:200], address=address,
                             created_at=at, seen_at=at, expires_at=at + LONGEST))  # fmt: skip
    session.flush()
    return cookie, csrf


def login_of(session: Session, cookie: str, at: dt.datetime | None = None) -> LoginSession | None:
    """The signed-in browser with this cookie, its `user` loaded; None when unknown, expired, idle or switched off."""
    at = at or now()
    login = session.get(LoginSession, _digest(cookie))
    if login is None or at >= login.expires_at or at >= login.seen_at + IDLE or not login.user.active:
        return None
    return login


def session_user(session: Session, cookie: str, at: dt.datetime | None = None) -> User | None:
    """Who is signed in with this cookie; reads only, see `keep_alive`."""
    login = login_of(session, cookie, at)
    return login.user if login else None


def keep_alive(session: Session, cookie: str, at: dt.datetime | None = None) -> bool:
    """Say that the browser was seen; writes at most once a minute. True when it wrote."""
    at = at or now()
    stale = sa.and_(LoginSession.sha256 == _digest(cookie), LoginSession.seen_at < at - dt.timedelta(minutes=1))
    return session.execute(sa.update(LoginSession).where(stale).values(seen_at=at)).rowcount > 0  # type: ignore[attr-defined,no-any-return]


def end_session(session: Session, cookie: str) -> None:
    """Sign this browser out."""
    session.execute(sa.delete(LoginSession).where(LoginSession.sha256 == _digest(cookie)))


def logins(session: Session, user: User, at: dt.datetime | None = None) -> list[LoginSession]:
    """The browsers this person is signed in with, the one last seen first."""
    at = at or now()
    alive = sa.and_(LoginSession.expires_at > at, LoginSession.seen_at > at - IDLE)
    own = sa.select(LoginSession).where(LoginSession.user_id == user.id, alive)
    return list(session.scalars(own.order_by(LoginSession.seen_at.desc(), LoginSession.id)))


def end_logins(
    session: Session, user: User, *, actor: str, login_id: str | None = None, but: str = "",
    at: dt.datetime | None = None,
) -> int:  # fmt: skip
    """Sign out the browser with this id, else all of this person but the one with the cookie `but`; how many."""
    own = sa.delete(LoginSession).where(LoginSession.user_id == user.id)
    which = LoginSession.id == login_id if login_id else LoginSession.sha256 != _digest(but)
    ended: int = session.execute(own.where(which)).rowcount  # type: ignore[attr-defined]
    if ended:
        history.append(session, actor, "signed_out", user.id, {"browsers": ended}, at)
    return ended


def new_token(
    session: Session, user: User, name: str, scopes: Iterable[str] = ("read",), *, actor: str = "system",
    expires_at: dt.datetime | None = None, at: dt.datetime | None = None, begins: str = "vanthu_",
) -> str:  # fmt: skip
    """A key for a program that acts as `user`; the answer is shown once and cannot be had again."""
    wanted = sorted(set(scopes), key=str)
    if not wanted or not set(wanted) <= set(SCOPES):
        raise BadValue(f"Phạm vi của khoá gồm: {', '.join(SCOPES)}.")
    if not name.strip() or len(name) > 80:
        raise BadValue("Khoá cần một tên, dài nhất 80 ký tự.")
    plain = begins + secrets.token_urlsafe(32)
    token = Token(name=name.strip(), sha256=_digest(plain), prefix=plain[: len(begins) + 4], user_id=user.id,
                  scopes=wanted, expires_at=expires_at)  # fmt: skip
    session.add(token)
    session.flush()
    history.append(session, actor, "token_made", token.id, {"name": token.name, "scopes": wanted}, at)
    return plain


def tokens(session: Session, user: User, at: dt.datetime | None = None) -> list[Token]:
    """The keys of this person that open, newest first."""
    at = at or now()
    still = sa.or_(Token.expires_at.is_(None), Token.expires_at > at)
    own = sa.select(Token).where(Token.user_id == user.id, Token.revoked_at.is_(None), still)
    return list(session.scalars(own.order_by(Token.created_at.desc(), Token.id)))


def token_of(session: Session, plain: str, at: dt.datetime | None = None) -> Token | None:
    """The key, if it is known, neither revoked nor expired, and its user active."""
    at = at or now()
    token = session.scalar(sa.select(Token).where(Token.sha256 == _digest(plain)))
    if token is None or token.revoked_at or not token.user.active:
        return None
    return None if token.expires_at and at >= token.expires_at else token


def token_user(session: Session, plain: str, at: dt.datetime | None = None) -> tuple[User, frozenset[str]] | None:
    """Whose key this is and what it may; reads only, see `note_use`."""
    token = token_of(session, plain, at)
    return (token.user, frozenset(token.scopes)) if token else None


def was_used_of_late(session: Session, plain: str, at: dt.datetime | None = None) -> bool:
    """Would `note_use` write nothing? Asked first by readers, since a writer waits for every other writer."""
    used = session.scalar(sa.select(Token.used_at).where(Token.sha256 == _digest(plain)))
    return used is not None and used >= (at or now()) - REMEMBERED


def note_use(session: Session, plain: str, at: dt.datetime | None = None) -> bool:
    """Remember that the key was used; writes at most once an hour. True when it wrote."""
    at = at or now()
    old = sa.or_(Token.used_at.is_(None), Token.used_at < at - REMEMBERED)
    change = sa.update(Token).where(Token.sha256 == _digest(plain), old).values(used_at=at)
    return session.execute(change).rowcount > 0  # type: ignore[attr-defined,no-any-return]


def revoke_token(session: Session, token_id: str, *, actor: str, at: dt.datetime | None = None) -> None:
    """From now on nobody gets in with this key."""
    token = session.get(Token, token_id)
    if token is None:
        raise NotFound("Không có khoá này.")
    token.revoked_at = token.revoked_at or at or now()
    history.append(session, actor, "token_revoked", token.id, {"name": token.name}, at)


def has_administrator(session: Session) -> bool:
    """Is there anybody who can add the others?"""
    return session.scalar(sa.select(User.id).where(User.role == "admin", User.active).limit(1)) is not None


def setup_link(session: Session, at: dt.datetime | None = None) -> str:
    """The secret of a new one-time link for the first administrator; links made before end. Forbidden later."""
    if has_administrator(session):
        raise Forbidden("Đã có quản trị viên; hãy nhờ quản trị viên thêm người dùng.")
    plain = secrets.token_urlsafe(24)
    session.execute(sa.delete(SetupLink))
    session.add(SetupLink(sha256=_digest(plain), expires_at=(at or now()) + LINK_LIFE))
    session.flush()
    return plain


def link_is_good(session: Session, plain: str, at: dt.datetime | None = None) -> bool:
    """Would `use_setup_link` accept this?"""
    link = session.get(SetupLink, _digest(plain))
    return link is not None and link.used_at is None and (at or now()) < link.expires_at


def use_setup_link(session: Session, plain: str, name: str, password: str, at: dt.datetime | None = None) -> User:
    """The first administrator; the link is used up. Forbidden when it is not good any more."""
    link = session.get(SetupLink, _digest(plain), with_for_update=True, populate_existing=True)
    if link is None or not link_is_good(session, plain, at) or has_administrator(session):
        raise Forbidden(_NO_LINK)
    user = add_user(session, name, "admin", None, password, actor="setup", at=at)
    link.used_at = at or now()
    return user
