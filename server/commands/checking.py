"""vanthu check: the settings in force, what is missing, and with --deep whether everything is still as it was."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click
import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive.errors import ArchiveError
from server.commands import Desk, show, speak

if TYPE_CHECKING:
    from archive.database import Sessions

Checked = tuple[str, bool, str]
"""What was looked at, whether it is well, and a sentence."""


@click.command()
@click.option("--deep", is_flag=True, help="Every original, the chain of events, the register, the index.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
def check(context: click.Context, deep: bool, as_json: bool) -> None:
    """Print the effective settings (secrets masked) and what is missing or wrong; then the status is 1."""
    desk: Desk = context.obj
    speak(logging.CRITICAL)
    found = list(_checks(desk, deep))
    well = all(fine for _, fine, _ in found)
    if as_json:
        checks = [{"name": name, "ok": fine, "detail": says} for name, fine, says in found]
        show({"ok": well, "settings": desk.settings.masked(), "checks": checks})
    else:
        _print(desk, found)
    context.exit(0 if well else 1)


def _print(desk: Desk, found: list[Checked]) -> None:
    for name, value in desk.settings.masked().items():
        click.echo(f"{name} = {value}")
    for name, fine, says in found:
        click.echo(f"[{'ổn' if fine else 'LỖI'}] {name}: {says}", err=not fine)


def _checks(desk: Desk, deep: bool) -> Iterator[Checked]:
    yield _reader(desk)
    yield _disk(desk)
    yield _index_engine(desk)
    schema = _schema(desk)
    yield schema
    if not schema[1]:
        return
    yield from _plugins(desk)
    yield from _counts(desk)
    yield from _growth(desk)
    if deep:
        yield from _deep(desk)


def _reader(desk: Desk) -> Checked:
    from archive import tesseract

    try:
        return "Tesseract", True, f"{tesseract.check(engine=desk.settings.ocr_engine)}, có tiếng Việt"
    except ArchiveError as error:
        return "Tesseract", False, str(error)


def _disk(desk: Desk) -> Checked:
    try:
        desk.settings.data.mkdir(parents=True, exist_ok=True)
        free = desk.blobs.free() >> 20
    except OSError as error:
        return "đĩa", False, f"không dùng được thư mục dữ liệu: {error.strerror}"
    return "đĩa", free >= desk.settings.reserve_mb, f"còn {free} MB, dự trữ {desk.settings.reserve_mb} MB"


def _index_engine(desk: Desk) -> Checked:
    from archive.jobs import open_jobs

    try:
        open_jobs(desk.settings.jobs)
        _ = desk.index
    except ArchiveError as error:
        return "máy tìm kiếm, hàng đợi", False, str(error)
    return "máy tìm kiếm, hàng đợi", True, f"{desk.settings.search} {desk.settings.jobs}"


def _schema(desk: Desk) -> Checked:
    import migrations
    from archive import database

    file = sa.make_url(desk.settings.database_url)
    try:
        engine = database.open_engine(desk.settings.database_url)
        found = migrations.current(engine)
        engine.dispose()
    except (sa.exc.SQLAlchemyError, OSError) as error:
        return "cơ sở dữ liệu", False, f"không mở được ({file.drivername}, {type(error).__name__})"
    if found == migrations.head():
        return "cơ sở dữ liệu", True, f"{file.drivername}, bản {found}"
    return "cơ sở dữ liệu", False, f"ở bản {found or 'trống'}, cần bản {migrations.head()}: hãy chạy vanthu upgrade"


def _plugins(desk: Desk) -> Iterator[Checked]:
    from server.commands.plugins import found_plugins

    for one in found_plugins(desk):
        if one["enabled"]:
            yield f"plugin {one['slug']}", not one["error"], one["error"] or one["version"] or "-"


def _counts(desk: Desk) -> Iterator[Checked]:
    from archive import people
    from archive.models import Document, Scan, Task

    with desk.readers() as session:
        scans, documents = (_count(session, kind) for kind in (Scan, Document))
        stopped = session.scalar(sa.select(sa.func.count()).select_from(Task).where(Task.state == "dead")) or 0
        yield "kho", True, f"{scans} tệp, {documents} văn bản, {stopped} việc đã dừng chờ thử lại"
        there = people.has_administrator(session)
        yield "quản trị viên", True, "có" if there else "chưa có: vanthu up in liên kết thiết lập"


COMFORTABLE = 20_000
"""Documents up to which Whoosh answers as fast as it should (docs/decisions.md)."""


def _growth(desk: Desk) -> Iterator[Checked]:
    """Which engine serves, and whether the archive has outgrown it; neither is an error."""
    found = desk.index.status()
    if not found.healthy:
        return
    says = f"{found.engine}, {found.documents} văn bản"
    if found.engine != desk.index.kind:
        says += f"; cấu hình ghi {desk.settings.search}: vanthu reindex sẽ chuyển sang đó"
    elif found.engine == "whoosh" and found.documents > COMFORTABLE:
        says += f", hơn {COMFORTABLE}: nên chuyển sang máy nhanh hơn bằng vanthu reindex --engine sqlite:"
    yield "chỉ mục tìm kiếm", True, says


def _count(session: Session, kind: Any) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(kind)) or 0


def _deep(desk: Desk) -> Iterator[Checked]:
    yield _originals(desk)
    with desk.readers() as session:
        yield _chain(session)
        yield from _books(session)
    yield _index(desk.readers, desk)


def _originals(desk: Desk) -> Checked:
    from archive.models import Scan

    with desk.readers() as session:
        scans = session.execute(sa.select(Scan.id, Scan.sha256)).all()
    bad = [scan_id for scan_id, sha256 in scans if not (desk.blobs.has(sha256) and desk.blobs.verify(sha256))]
    if bad:
        return "tệp gốc", False, f"{len(bad)} tệp mất hoặc hỏng: {', '.join(bad[:20])}"
    return "tệp gốc", True, f"{len(scans)} tệp đúng mã SHA-256"


def _chain(session: Session) -> Checked:
    from archive import history

    broken = list(history.broken(session))
    if broken:
        return "chuỗi nhật ký", False, f"đứt ở dòng {', '.join(map(str, broken[:20]))}"
    return "chuỗi nhật ký", True, "liền mạch"


def _books(session: Session) -> Iterator[Checked]:
    from archive import register, register_days
    from archive.models import Book, BookYear, RegisterEntry

    every = sa.union(sa.select(BookYear.book_id, BookYear.year), sa.select(RegisterEntry.book_id, RegisterEntry.year))
    for book, year in session.execute(every).all():
        gaps = register.missing(session, book, year)
        says = f"thiếu số {', '.join(map(str, gaps[:20]))}" if gaps else "không thiếu số nào"
        yield f"sổ {book} năm {year}", not gaps, says
    for book in session.scalars(sa.select(Book.id)).all():
        altered = [f"{day.day:%d/%m/%Y}" for day in register_days.altered(session, book)]
        says = f"đã khóa mà bị sửa: {', '.join(altered[:20])}" if altered else "các ngày đã khóa còn nguyên"
        yield f"ngày khóa sổ {book}", not altered, says


def _index(readers: Sessions, desk: Desk) -> Checked:
    from archive.models import Document, Outbox

    with readers() as session:
        documents, waiting = _count(session, Document), _count(session, Outbox)
    status = desk.index.status()
    says = f"{status.documents} văn bản, cơ sở dữ liệu {documents}, chờ ghi {waiting}"
    if not status.healthy and (documents or status.generation):
        return (
            "chỉ mục",
            waiting > 0 and status.generation is None,
            f"chưa có hoặc hỏng ({says}): hãy chạy vanthu reindex",
        )
    fine = waiting > 0 or status.documents == documents
    return "chỉ mục", fine, says if fine else f"{says}: hãy chạy vanthu reindex"
