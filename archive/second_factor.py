"""Something the person has, beside the password: codes that a telephone shows (RFC 6238) and recovery codes on paper.

A code is good in its half minute and in those before and after (clocks differ), and only once. Recovery codes have 80
bits at random: their SHA-256 is enough.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import logging
import re
import secrets

import pyotp
import segno
import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import app_keys, history
from archive.errors import BadValue
from archive.keyring import KeyLost, Keyring
from archive.models import LoginSession, SecondFactor, User, now

log = logging.getLogger(__name__)

STEP = 30
"""Seconds of one code."""
WINDOW = 1
"""Steps a telephone's clock may be off."""
RECOVERY_CODES = 10
ISSUER = "Văn Thư"
_ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"  # no two that a pen writes alike


def is_on(session: Session, user: User) -> bool:
    """Must this person show a code?"""
    found = session.get(SecondFactor, user.id)
    return found is not None and found.confirmed_at is not None


def begin(session: Session, keyring: Keyring, user: User) -> str:
    """A new secret, not in force before `confirm`; BadValue where one is in force."""
    found = session.get(SecondFactor, user.id, with_for_update=True)
    if found and found.confirmed_at:
        raise BadValue("Xác nhận hai bước đang bật. Hãy tắt trước khi đăng ký điện thoại khác.")
    secret = pyotp.random_base32()
    if found is None:
        found = SecondFactor(user_id=user.id)
        session.add(found)
    found.secret, found.last_step, found.recovery = keyring.seal(secret), 0, []
    history.append(session, user.name, "second_factor_begun", user.id)
    return secret


def pending(session: Session, keyring: Keyring, user: User) -> str | None:
    """The secret that waits for its first code, to be shown again; None where there is none."""
    found = session.get(SecondFactor, user.id)
    return None if found is None or found.confirmed_at else keyring.open(found.secret)


def address(user: User, secret: str) -> str:
    """The otpauth:// address a telephone reads."""
    return pyotp.TOTP(secret).provisioning_uri(name=user.name, issuer_name=ISSUER)


def picture(text: str) -> str:
    """A QR code of `text` as one <svg> element, without style and script."""
    return segno.make(text, error="m").svg_inline(scale=4, border=4, dark="#000", light="#fff", omitsize=True)


def confirm(
    session: Session, keyring: Keyring, user: User, code: str, at: dt.datetime | None = None
) -> list[str] | None:
    """The recovery codes, to be shown once; None when the code is wrong. The factor is in force from now on.

    Keys that apps got for the password alone end. The person's row is locked first, as by who gives such a key.
    """
    at = at or now()
    session.execute(sa.select(User.id).where(User.id == user.id).with_for_update())
    found = session.get(SecondFactor, user.id, with_for_update=True, populate_existing=True)
    if found is None or found.confirmed_at or not _takes(keyring, found, code, at):
        return None
    found.confirmed_at = at
    app_keys.revoke_all(session, user, actor=user.name, at=at)
    history.append(session, user.name, "second_factor_on", user.id, None, at)
    return _renew(found)


def renew_recovery(session: Session, user: User, at: dt.datetime | None = None) -> list[str]:
    """New recovery codes; those before open nothing any more. BadValue where no factor is on."""
    found = session.get(SecondFactor, user.id, with_for_update=True, populate_existing=True)
    if found is None or not found.confirmed_at:
        raise BadValue("Xác nhận hai bước chưa bật nên không có mã dự phòng.")
    history.append(session, user.name, "recovery_codes_renewed", user.id, None, at)
    return _renew(found)


def _renew(found: SecondFactor) -> list[str]:
    codes = ["".join(secrets.choice(_ALPHABET) for _ in range(16)) for _ in range(RECOVERY_CODES)]
    found.recovery = [_digest(code) for code in codes]
    return ["-".join(code[place : place + 4] for place in range(0, 16, 4)) for code in codes]


def remaining(session: Session, user: User) -> int:
    """How many recovery codes are left."""
    found = session.get(SecondFactor, user.id)
    return len(found.recovery) if found else 0


def accepts(session: Session, keyring: Keyring, user: User, code: str, at: dt.datetime | None = None) -> bool:
    """Is this a code of the person's telephone, or a recovery code? Either is used up by being asked about."""
    at = at or now()
    found = session.get(SecondFactor, user.id, with_for_update=True, populate_existing=True)
    if found is None or not found.confirmed_at:
        return False
    return _takes(keyring, found, code, at) or _recovers(session, found, user, code, at)


def _takes(keyring: Keyring, found: SecondFactor, code: str, at: dt.datetime) -> bool:
    typed = re.sub(r"\s", "", code)
    if not re.fullmatch(r"[0-9]{6}", typed):
        return False
    try:
        totp = pyotp.TOTP(keyring.open(found.secret))
    except KeyLost:
        log.exception("second factor cannot be opened user=%s", found.user_id)
        return False
    step = int(at.timestamp()) // STEP
    for one in range(max(step - WINDOW, found.last_step + 1), step + WINDOW + 1):
        if hmac.compare_digest(totp.generate_otp(one), typed):
            found.last_step = one
            return True
    return False


def _recovers(session: Session, found: SecondFactor, user: User, code: str, at: dt.datetime) -> bool:
    digest = _digest(re.sub(r"[\s-]", "", code).upper())
    left = [one for one in found.recovery if not hmac.compare_digest(one, digest)]
    if len(left) == len(found.recovery):
        return False
    found.recovery = left
    history.append(session, user.name, "recovery_code_used", user.id, {"left": len(left)}, at)
    return True


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode("utf-8", "replace")).hexdigest()


def switch_off(session: Session, user: User, *, actor: str, at: dt.datetime | None = None) -> None:
    """The password is enough again; by another than the person, every browser is signed out. Twice: nothing happens."""
    if session.get(SecondFactor, user.id, with_for_update=True) is None:
        return
    session.execute(sa.delete(SecondFactor).where(SecondFactor.user_id == user.id))
    if actor != user.name:
        session.execute(sa.delete(LoginSession).where(LoginSession.user_id == user.id))
    history.append(session, actor, "second_factor_off", user.id, None, at)
