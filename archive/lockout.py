"""Wrong passwords and codes shut the door for a while that grows: for the account, and for the address they came from.

A stranger must not be able to keep a person out for ever. So failures at a place from which the person has signed in
before are counted for that place, all others for the account: whatever strangers do elsewhere, the person gets in at
the own desk. An address that failed often, whoever it tried, is shut to everybody who was never signed in from there.
Whatever is refused, one row is written: nobody learns from the clock which names there are.
"""

from __future__ import annotations

import datetime as dt
import ipaddress

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from archive import history
from archive.models import FailedPlace, KnownPlace, User, now

FREE_FAILURES = 5
"""Of an account, or of a person at a place; the last of them shuts."""
FREE_OF_ADDRESS = 20
"""An office behind one address mistypes more often than one person."""
FIRST_PAUSE = dt.timedelta(seconds=30)
LONGEST_PAUSE = dt.timedelta(minutes=15)
FORGOTTEN = dt.timedelta(hours=1)
"""An address that was quiet so long begins anew."""
REMEMBERED = dt.timedelta(days=90)
"""How long a place is a person's own after the last time."""

Counter = User | KnownPlace | FailedPlace


def place_of(address: str | None) -> str:
    """What is counted for a remote address: IPv4 whole, IPv6 its /64 (one line has all of it), "" when unknown."""
    try:
        found = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False).network_address) + "/64"


def is_shut(session: Session, user: User | None, address: str, at: dt.datetime) -> bool:
    """Must this person, at this address, wait?"""
    known = _known(session, user, address, at)
    if known:
        return _waits(known, at)
    failed = session.get(FailedPlace, address)
    return (user is not None and _waits(user, at)) or (failed is not None and _waits(failed, at))


def _waits(counter: Counter, at: dt.datetime) -> bool:
    return counter.locked_until is not None and at < counter.locked_until


def _known(session: Session, user: User | None, address: str, at: dt.datetime) -> KnownPlace | None:
    found = session.get(KnownPlace, (user.id, address), with_for_update=True) if user and address else None
    return found if found and at < found.seen_at + REMEMBERED else None


def count(session: Session, user: User | None, address: str, at: dt.datetime, *, wrong: bool = True) -> None:
    """Remember a refusal; `wrong` is False where the account was shut, or is no more, and nothing was tried of it."""
    shut: list[tuple[str, str, dict[str, object]]] = []
    if user and wrong:
        counter = _known(session, user, address, at) or user
        if _shuts(counter, FREE_FAILURES, at):
            shut.append(("account_locked", user.id, {"failures": counter.failures, "address": address}))
    if address:
        failed = _failed(session, address, at)
        if _shuts(failed, FREE_OF_ADDRESS, at):
            shut.append(("address_locked", address, {"failures": failed.failures}))
    for action, subject, told in shut:  # the head of the chain is locked last
        history.append(session, "system", action, subject, told, at)


def _shuts(counter: Counter, free: int, at: dt.datetime) -> bool:
    """Count one more; True when that shuts, for 30 s and then twice as long each time. Who waits waits no longer."""
    counter.failures += 1
    over = counter.failures - free
    if over < 0 or _waits(counter, at):
        return False
    counter.locked_until = at + min(FIRST_PAUSE * 2 ** min(over, 10), LONGEST_PAUSE)
    return True


def _failed(session: Session, address: str, at: dt.datetime) -> FailedPlace:
    session.execute(sa.delete(FailedPlace).where(FailedPlace.seen_at < at - FORGOTTEN))
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    fresh = insert(FailedPlace).values(address=address, failures=0, seen_at=at)
    session.execute(fresh.on_conflict_do_nothing())
    failed = session.get_one(FailedPlace, address, with_for_update=True, populate_existing=True)
    failed.seen_at = at
    return failed


def welcome(session: Session, user: User, address: str, at: dt.datetime) -> None:
    """The person is in: their failures are forgotten, the place is theirs. The address keeps what others did."""
    user.failures, user.locked_until = 0, None
    session.execute(sa.delete(KnownPlace).where(KnownPlace.seen_at < at - REMEMBERED))
    if address:
        place = session.get(KnownPlace, (user.id, address)) or KnownPlace(user_id=user.id, address=address)
        place.failures, place.locked_until, place.seen_at = 0, None, at
        session.add(place)


def shut_until(session: Session, user: User, at: dt.datetime | None = None) -> dt.datetime | None:
    """Until when this person must wait somewhere; None when nowhere."""
    at = at or now()
    places = sa.select(KnownPlace.locked_until).where(KnownPlace.user_id == user.id)
    return max((one for one in [user.locked_until, *session.scalars(places)] if one and one > at), default=None)


def forgive(session: Session, user: User) -> None:
    """Forget the person's failures, wherever they were."""
    user.failures, user.locked_until = 0, None
    session.execute(sa.update(KnownPlace).where(KnownPlace.user_id == user.id).values(failures=0, locked_until=None))


def unlock(session: Session, user: User, *, actor: str, at: dt.datetime | None = None) -> None:
    """Let this person try again at once, wherever from: addresses that are shut, too, since one may be theirs."""
    forgive(session, user)
    session.execute(sa.delete(FailedPlace))
    history.append(session, actor, "account_unlocked", user.id, None, at)
