"""vanthu check: the settings in force, what is missing, and with --deep whether everything is still as it was."""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click
import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive.errors import ArchiveError
from server.commands import ACTOR, Desk, show, speak

if TYPE_CHECKING:
    from archive.inspection import Check, Place, Tell

Checked = tuple[str, bool, str]
"""What was looked at, whether it is well, and a sentence."""


@click.command()
@click.option("--deep", is_flag=True, help="Everything: ledger, originals, events, tables, register, index.")
@click.option("--mend", is_flag=True, help="With --deep: scans that no task carries on are read again, first.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
def check(context: click.Context, deep: bool, mend: bool, as_json: bool) -> None:
    """Print the effective settings (secrets masked) and what is missing or wrong; then the status is 1."""
    if mend and not deep:
        raise click.UsageError("--mend đi cùng --deep")
    desk: Desk = context.obj
    speak(logging.CRITICAL)
    if not as_json:
        for name, value in desk.settings.masked().items():
            click.echo(f"{name} = {value}")
    found = []
    for one in _checks(desk, deep=deep, mends=mend):
        found.append(one)
        if not as_json:
            _print(one)
    well = all(one.ok for one in found)
    if as_json:
        checks = [{"name": one.name, "ok": one.ok, "detail": one.says, "todo": one.todo} for one in found]
        show({"ok": well, "settings": desk.settings.masked(), "checks": checks})
    context.exit(0 if well else 1)


def _print(one: Check) -> None:
    """A line as soon as it is known: the next may take an hour."""
    todo = f" → {one.todo}" if one.todo else ""
    click.echo(f"[{'ổn' if one.ok else 'LỖI'}] {one.name}: {one.says}{todo}", err=not one.ok)


def _checks(desk: Desk, *, deep: bool, mends: bool) -> Iterator[Check]:
    from archive.inspection import Check, doors
    from archive.inspection.originals import looked_at

    yield Check(*_reader(desk))
    yield _walls()
    yield _recogniser(desk)
    yield _office()
    yield Check(*_disk(desk))
    yield Check(*_store(desk))
    yield Check(*_index_engine(desk))
    yield from doors.look(desk.settings)
    schema = Check(*_schema(desk))
    yield schema
    if not schema.ok:
        return
    quick = (_plugins, _counts, _growth)
    yield from (Check(*one) for part in quick for one in part(desk))
    yield _backup(desk)
    if deep:
        yield from _deep(desk, mends=mends)
    else:
        yield looked_at(_place(desk))


def _backup(desk: Desk) -> Check:
    """When the last one was made; none is a warning, and no error of the archive."""
    from archive import backup
    from archive.inspection import Check

    with desk.readers() as session:
        found = backup.last(session)
    late = backup.is_overdue(found, desk.settings.backup_days)
    says = f"lần cuối {found.at:%Y-%m-%d %H:%M} UTC" if found else "chưa từng sao lưu"
    return Check("sao lưu", ok=True, says=says, todo="Hãy chạy vanthu backup TARGET." if late else "")


def _reader(desk: Desk) -> Checked:
    from archive import tesseract

    try:
        return "Tesseract", True, f"{tesseract.check(engine=desk.settings.ocr_engine)}, có tiếng Việt"
    except ArchiveError as error:
        return "Tesseract", False, str(error)


def _walls() -> Check:
    """Without them a decoder that a file took over could speak to the network, unless a unit of systemd forbids it."""
    from archive.children import walls
    from archive.inspection import Check

    there = bool(walls())
    says = "bubblewrap: không mạng, chỉ ghi tệp tạm" if there else "không có bubblewrap hoặc máy không cho dùng"
    todo = "" if there else "Nên cài gói bubblewrap (apt-get install bubblewrap)."
    return Check("tường quanh phần đọc tệp", ok=True, says=says, todo=todo)


def _recogniser(desk: Desk) -> Check:
    """Without it the look for marks of secrecy sees nothing: secret papers would be read and kept like any other."""
    from archive.inspection import Check
    from archive.recogniser import open_recogniser

    name = "nhận dạng chữ viết"
    if open_recogniser():
        return Check(name, ok=True, says="có; đầu mỗi trang được tìm dấu chỉ mức độ mật")
    looks = desk.settings.secrets != "allow"
    says = "không mở được mô hình (gói rapidocr, onnxruntime)"
    says += ": dấu chỉ mức độ mật ở đầu trang KHÔNG được tìm, văn bản mật có thể bị đọc và lưu" if looks else ""
    return Check(name, ok=not looks, says=says, todo="Hãy cài lại Văn Thư đủ gói, rồi chạy lại vanthu check.")


def _office() -> Check:
    """An extra: without it Word and Excel files are refused at the door, and nothing else is missing."""
    from archive import soffice
    from archive.inspection import Check

    program = soffice.program()
    says = f"LibreOffice ({program}): nhận, chuyển sang PDF" if program else "không nhận: chưa cài LibreOffice"
    todo = "" if program else f"Nếu cần: apt-get install --no-install-recommends {soffice.PACKAGES}"
    return Check("tệp Word, Excel", ok=True, says=says, todo=todo)


def _disk(desk: Desk) -> Checked:
    try:
        desk.settings.data.mkdir(parents=True, exist_ok=True)
        free = desk.blobs.free() >> 20
    except OSError as error:
        return "đĩa", False, f"không dùng được thư mục dữ liệu: {error.strerror}"
    except ArchiveError as error:
        return "đĩa", False, str(error)
    return "đĩa", free >= desk.settings.reserve_mb, f"còn {free} MB, dự trữ {desk.settings.reserve_mb} MB"


def _store(desk: Desk) -> Checked:
    """Whether originals can be kept: in a bucket a few bytes are written, read and taken away."""
    name, url = "nơi lưu bản gốc", desk.settings.masked()["blobs"]
    try:
        fault = desk.blobs.fault()
    except (ArchiveError, OSError) as error:
        fault = str(error) if isinstance(error, ArchiveError) else type(error).__name__
    return name, fault is None, fault or f"{url}, ghi và đọc được"


def _index_engine(desk: Desk) -> Checked:
    try:
        fault = desk.jobs.fault()
        _ = desk.index
    except ArchiveError as error:
        return "máy tìm kiếm, hàng đợi", False, str(error)
    jobs = desk.settings.masked()["jobs"]
    return "máy tìm kiếm, hàng đợi", fault is None, f"{desk.settings.search} {jobs}" + (f": {fault}" if fault else "")


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
    return "cơ sở dữ liệu", False, migrations.differs(found)


def _plugins(desk: Desk) -> Iterator[Checked]:
    from server.commands.plugins import WAITS, found_plugins

    for one in found_plugins(desk):
        waits = WAITS.get(one["state"], "").format(one["slug"])
        if one["state"] != "off":
            well = not one["error"] and one["state"] != "changed"
            yield f"plugin {one['slug']}", well, one["error"] or waits or one["version"] or "-"


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
        faster = "postgresql:" if desk.engine.dialect.name == "postgresql" else "sqlite:"
        says += f", hơn {COMFORTABLE}: nên chuyển sang máy nhanh hơn bằng vanthu reindex --engine {faster}"
    yield "chỉ mục tìm kiếm", True, says


def _count(session: Session, kind: Any) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(kind)) or 0


def _place(desk: Desk) -> Place:
    from archive.inspection import Place

    return Place(desk.settings, desk.sessions, desk.readers, desk.blobs, desk.index)


def _deep(desk: Desk, *, mends: bool) -> Iterator[Check]:
    from archive.inspection import deep, runs
    from archive.models import now

    began, found = now(), []
    if mends:
        yield _resumed(desk)
    with _bar() as tell:
        for one in deep(_place(desk), tell):
            found.append(one)
            yield one
    runs.keep(desk.sessions, ACTOR, found, began)


def _resumed(desk: Desk) -> Check:
    from archive import ledger
    from archive.inspection import Check

    with desk.sessions.begin() as session:
        count = ledger.resume(session, [*ledger.lost(session), *ledger.stuck(session)], ACTOR)
    return Check("xếp lại hàng đợi", ok=True, says=f"{count} tệp được đọc lại từ đầu")


@contextlib.contextmanager
def _bar() -> Iterator[Tell]:
    """How far it is, on the last line of a terminal; nothing where nobody looks."""
    shown, step = sys.stderr.isatty(), 0.0

    def tell(name: str, done: int, total: int) -> None:
        nonlocal step
        if shown and (not done or time.monotonic() - step > 0.2):
            step = time.monotonic()
            click.echo(f"\r\x1b[K{name} {f'{done}/{total}' if total else '…'}", err=True, nl=False)

    yield tell
    if shown:
        click.echo("\r\x1b[K", err=True, nl=False)
