"""Are the bytes of every scan there, the same, and where they belong?"""

from __future__ import annotations

import datetime as dt
import stat
import time
from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import messages, scrub
from archive.durable import sha256_of
from archive.errors import ArchiveError
from archive.inspection.checks import Check, Place, Tell, named
from archive.models import WITHHELD, BookImport, Message, Restore, Scan, now

NAME, QUARANTINE = "tệp gốc", "cách ly"
YOUNG = dt.timedelta(hours=24)
"""A blob that nobody knows may be one that is just being received."""


def whole(place: Place, tell: Tell) -> Iterator[Check]:
    """The SHA-256 of every original, read from the disk; what is found is kept, as the scrub keeps it."""
    with place.readers() as session:
        rows = [
            scrub.Original(*row, kind)
            for kind, held in scrub.KEPT
            for row in session.execute(sa.select(kind.id, kind.sha256, kind.size).where(held))
        ]
    bad: dict[str, list[str]] = {}
    pace = scrub.Pace(place.megabytes, time.sleep) if place.megabytes else None
    try:
        if rows:
            scrub.check_store(place.blobs)
        for done, original in enumerate(rows):
            tell(NAME, done, len(rows))
            found = scrub.look(place.blobs, original.sha256, pace)
            if not scrub.note(place.sessions, original, found):
                bad.setdefault(found, []).append(original.id)
    except ArchiveError as error:
        yield Check(NAME, ok=False, says=str(error), todo="Hãy gắn lại ổ đĩa rồi kiểm tra lại.")
        return
    if not bad:
        yield Check(NAME, ok=True, says=f"{len(rows)} tệp đúng mã SHA-256")
    for kind, what in _WORDS.items():
        if ids := bad.get(kind):
            yield Check(NAME, ok=False, says=f"{len(ids)} tệp {what}: {named(ids)}", todo=scrub.TODO)


_WORDS = {"missing": "mất", "altered": "hỏng (khác mã SHA-256)", "unreadable": "đĩa không đọc được"}


def strangers(place: Place, tell: Tell) -> Iterator[Check]:
    """Blobs nobody knows: left by a crash between the bytes and their row; the same file, sent again, uses them."""
    tell("tệp không ai nhận", 0, 0)
    with place.readers() as session:
        known = {sha256 for kind in (Scan, Message, BookImport) for sha256 in session.scalars(sa.select(kind.sha256))}
    unknown = [sha256 for sha256 in place.blobs.walk() if sha256 not in known]
    if not unknown:
        yield Check("tệp không ai nhận", ok=True, says="không có")
        return
    ages = sorted(_age(place, sha256) for sha256 in unknown)
    old = sum(1 for age in ages if age > YOUNG)
    says = f"{len(unknown)} tệp không thuộc bản quét hay thư nào, {old} tệp cũ hơn một ngày: {_short(unknown)}"
    todo = "Không mất gì: gửi lại đúng tệp ấy thì được nhận. Có thể là tệp nhận dở khi máy tắt."
    yield Check("tệp không ai nhận", ok=True, says=says, todo=todo)


def _short(names: list[str]) -> str:
    return named(f"{name[:12]}…" for name in names)


def _age(place: Place, sha256: str) -> dt.timedelta:
    try:
        born = place.blobs.born(sha256)
    except (ArchiveError, OSError):
        return dt.timedelta(0)
    return dt.timedelta(seconds=max(0.0, time.time() - born))


def quarantine(place: Place, tell: Tell) -> Iterator[Check]:
    """What is quarantined lies in its own place, whole, and nothing else of it anywhere; what was destroyed is gone."""
    tell(QUARANTINE, 0, 0)
    wanted = sa.select(Scan.id, Scan.sha256, Scan.status).where(Scan.status.in_(WITHHELD))
    status = sa.case((messages.destroyed(), "destroyed"), else_="quarantined")
    came_in = sa.select(Message.id, Message.sha256, status).where(Message.withheld)
    with place.readers() as session:
        found = (*session.execute(wanted.order_by(Scan.received_at)), *session.execute(came_in))
        rows = [(row[0], row[1], row[2]) for row in found]
        away = _left_behind(session)
    wrong = list(_secrets(place, rows, away))
    folder = place.settings.data / "quarantine"
    mode = stat.S_IMODE(folder.stat().st_mode) if folder.is_dir() else 0o700
    if mode != 0o700:
        says = f"thư mục cách ly mở cho người khác (quyền {mode:04o})"
        wrong.append(Check(QUARANTINE, ok=False, says=says, todo="Hãy đặt lại: chmod 0700 DATA/quarantine"))
    yield from wrong
    if not wrong:
        yield Check(QUARANTINE, ok=True, says=f"{len(rows)} tệp, không tệp nào lộ ra ngoài nơi cách ly")


def _left_behind(session: Session) -> frozenset[str]:
    """Scans and messages whose bytes no backup may hold: after a restore they are not on this machine."""
    restored = sa.select(sa.func.max(Restore.restored_at)).scalar_subquery()
    before = (sa.select(kind.id).where(kind.received_at < restored) for kind in (Scan, Message))
    return frozenset(one for wanted in before for one in session.scalars(wanted))


def _secrets(
    place: Place, rows: Sequence[tuple[str, str, str]], away: frozenset[str]
) -> Iterator[Check]:  # fmt: skip
    """What is wrong with the bytes and pictures of secret scans, one check for each kind of fault."""
    bad: dict[str, list[str]] = {}
    for scan_id, sha256, status in rows:
        for fault in _faults(place, scan_id, sha256, status):
            if fault == "lost" and scan_id in away:
                continue
            bad.setdefault(fault, []).append(scan_id)
    for fault, ids in bad.items():
        what, todo = _SECRET[fault]
        yield Check(QUARANTINE, ok=False, says=f"{len(ids)} tệp {what}: {named(ids)}", todo=todo)


def _faults(place: Place, scan_id: str, sha256: str, status: str) -> Iterator[str]:
    kept = place.settings.data / "quarantine" / sha256
    if place.derived.names(scan_id):
        yield "pictured"
    if place.blobs.has(sha256):
        yield "outside"
    if status == "destroyed" and kept.exists():
        yield "kept"
    if status == "quarantined" and not kept.is_file() and not place.blobs.has(sha256):
        yield "lost"
    if status == "quarantined" and kept.is_file() and sha256_of(kept) != sha256:
        yield "altered"


_SECRET = {
    "pictured": ("cách ly còn hình trang", "Hãy xoá các thư mục ấy trong DATA/derived, và xem lại ai đã mở."),
    "outside": (
        "cách ly còn nằm trong kho thường",
        "Hãy đưa lại đúng tệp ấy vào kho: nhận lại thì tự chuyển vào nơi cách ly.",
    ),
    "kept": ("đã tiêu hủy mà còn trong nơi cách ly", "Hãy xoá tệp ấy trong DATA/quarantine."),
    "lost": ("cách ly bị mất", "Hãy báo người phụ trách bảo mật ngay."),
    "altered": ("cách ly bị hỏng (khác mã SHA-256)", "Hãy báo người phụ trách bảo mật ngay."),
}


def looked_at(place: Place) -> Check:
    """How far the scrub is, by what the rows say; quick."""
    with place.readers() as session:
        found = scrub.looked(session)
    days = place.settings.scrub_days
    if found.damaged_count:
        says = f"{found.damaged_count} tệp hỏng: {named(found.damaged)}"
        return Check("rà bản gốc", ok=False, says=says, todo=scrub.TODO)
    last = f"lần cuối {found.last:%Y-%m-%d %H:%M} UTC" if found.last else "chưa rà lần nào"
    ago = (now() - found.last).days if found.last else None
    late = days > 0 and found.total > 0 and ago is not None and ago > days
    todo = "Hãy chạy vanthu up hoặc vanthu scrub." if late else ""
    return Check("rà bản gốc", not late, f"{last}; chưa rà {found.never} tệp", todo)
