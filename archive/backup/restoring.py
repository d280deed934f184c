"""`vanthu restore`: a snapshot into an empty place, SQLite or PostgreSQL, whichever it came from.

The database comes last: a restore that breaks off leaves no archive that somebody could begin to work with, only a mark
that says so, and is done again from the start; originals that are there already are not copied twice.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import database, history, messages
from archive.backup import disk, snapshot, told
from archive.backup.making import Tell, silent
from archive.backup.target import BLOBS, DATABASE, MANIFEST, SETTINGS, Manifest, Target
from archive.blobs import Blobs, open_blobs
from archive.config import Settings
from archive.durable import sha256_of, sync, write
from archive.errors import BadSettings, Conflict, CopyBroken, NotEmpty
from archive.models import WITHHELD, Event, Message, Restore, Scan, Task, now
from archive.pipeline import quarantine
from archive.pipeline.line import Archive
from archive.safe import Safe

UNFINISHED = "restoring.json"
"""In the data directory while a restore is not finished."""
KEPT_SETTINGS = "settings.from-backup.toml"
WORKING = "restoring.db"


@dataclass(frozen=True)
class Schema:
    """What this version knows of the database; `archive` may not import the migrations."""

    migrate: snapshot.Migrate
    head: str
    knows: Callable[[str], bool]


@dataclass(frozen=True)
class _Origin:
    """Which copy of the database it is."""

    name: str
    made_at: dt.datetime
    head: str
    secret: tuple[str, ...] = ()
    """Originals that came into quarantine after it was made."""


@dataclass
class Restored:
    """An archive that was brought back."""

    manifest: Manifest
    lost: list[str] = field(default_factory=list)
    """Originals that the backup has not, or not undamaged."""
    secret: list[str] = field(default_factory=list)
    """Originals that were left out of the backup later, because their scans came into quarantine."""


def restore(
    target: Target, name: str | None, settings: Settings, schema: Schema, *, actor: str, tell: Tell = silent
) -> Restored:  # fmt: skip
    """Bring the snapshot `name` (else the newest) back into the empty data directory and database of `settings`.

    All sign-ins end, tasks that ran are ready again, and each book asks for its last number on paper. NotFound,
    NotEmpty, CopyBroken, Conflict: nothing was written. CopyFailed: the same command again goes on.
    """
    target.need()
    name = target.chosen(name)
    tell("kiểm tra bản sao lưu", 0, 1)
    manifest = verified(target, name)
    _need_known(schema, manifest.revision, name, manifest.version)
    tell("kiểm tra bản sao lưu", 1, 1)
    with disk.on_disk(settings.data):
        _need_empty(settings, target, name)
        _mark(settings.data, target, name)
        blobs = open_blobs(settings.blobs, settings.data)
        found = Restored(manifest)
        _originals(target, name, blobs, found, tell)
        _small_files(target, name, settings)
        origin = _Origin(name, manifest.made_at, manifest.head, tuple(found.secret))
        _database(target.folder(name) / DATABASE, origin, settings, schema, actor, tell)
        (settings.data / UNFINISHED).unlink()
        with contextlib.suppress(OSError):  # were the mark to come back, the restore would only be done again
            sync(settings.data)
    return found


def restore_database(file: Path, settings: Settings, schema: Schema, *, actor: str, tell: Tell = silent) -> None:
    """Bring back the database alone, out of the file that was kept before an upgrade; the originals are where they are.

    NotEmpty where there is a database, Conflict for a file of a newer version, CopyBroken.
    """
    snapshot.verify(file)
    with closing(snapshot.read(file)) as copy:
        if not {"alembic_version", "event_head"} <= snapshot.tables(copy):
            raise CopyBroken(f"Tệp {file.name} không phải bản sao cơ sở dữ liệu của Văn Thư.")
        revision = copy.execute("SELECT version_num FROM alembic_version").fetchone()[0]
        head = copy.execute("SELECT hash FROM event_head").fetchone()
    _need_known(schema, revision, file.name, "khác")
    with disk.on_disk(settings.data):
        _need_no_database(settings)
        settings.data.mkdir(parents=True, exist_ok=True)
        made_at = dt.datetime.fromtimestamp(file.stat().st_mtime, dt.UTC)
        secret = tuple(Safe(settings.data).names())  # quarantined since: the file still has what was read of them
        origin = _Origin(file.name[:80], made_at, head[0] if head else "", secret)
        _database(file, origin, settings, schema, actor, tell)


def _need_known(schema: Schema, revision: str, name: str, version: str) -> None:
    if not schema.knows(revision):
        raise Conflict(
            f"Bản sao lưu {name} do phiên bản {version} tạo ra, mới hơn phiên bản này. Hãy cài phiên bản mới hơn."
        )


def need_finished(data: Path) -> None:
    """BadSettings when a restore into this directory broke off: nobody may begin a new archive there."""
    file = data / UNFINISHED
    if file.is_file():
        said = json.loads(file.read_text("utf-8"))
        raise BadSettings(
            "Kho đang được phục hồi, hoặc lần phục hồi trước bị ngắt giữa chừng. Hãy chạy lại cho xong: "
            f"vanthu restore {said['source']} --snapshot {said['snapshot']}"
        )


def verified(target: Target, name: str) -> Manifest:
    """The manifest of a snapshot of which every file but the originals was found to be what it says. CopyBroken."""
    manifest, folder = target.manifest(name), target.folder(name)
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()} - {MANIFEST}
    if not {DATABASE, BLOBS, SETTINGS} <= manifest.files.keys() or manifest.name != name:
        raise CopyBroken(f"Bản kê của bản sao lưu {name} không đúng.")
    if odd := sorted(there ^ manifest.files.keys()):
        raise CopyBroken(f"Bản sao lưu {name} thiếu hoặc thừa tệp: {', '.join(odd[:5])}.")
    for file, sha256 in manifest.files.items():
        if (folder / file).is_symlink() or sha256_of(folder / file) != sha256:
            raise CopyBroken(f"Tệp {file} của bản sao lưu {name} đã bị đổi hoặc hỏng. Hãy dùng một bản sao lưu khác.")
    target.blobs_of(name)
    return manifest


# ------------------------------------------------------------------------------------------------ an empty place


def _need_empty(settings: Settings, target: Target, name: str) -> None:
    if target.root.is_relative_to(settings.data.absolute()):
        raise Conflict("Bản sao lưu nằm trong thư mục dữ liệu. Hãy chép nó ra chỗ khác rồi phục hồi từ đó.")
    file = settings.data / UNFINISHED
    if file.is_file():
        said = json.loads(file.read_text("utf-8"))
        if said != _said(target, name):
            need_finished(settings.data)
        return
    if settings.data.is_dir() and any(path.name != "lost+found" for path in settings.data.iterdir()):
        raise NotEmpty(f"Thư mục dữ liệu {settings.data} không trống. Chỉ phục hồi vào thư mục trống; không gì bị đổi.")
    _need_no_database(settings)


def _need_no_database(settings: Settings) -> None:
    url = sa.make_url(settings.database_url)
    on_file = url.drivername.startswith("sqlite")
    taken = Path(str(url.database)).exists() if on_file else _has_tables(settings.database_url)
    if taken:
        raise NotEmpty("Cơ sở dữ liệu trong cấu hình không trống. Chỉ phục hồi vào nơi trống; không gì bị đổi.")


def _has_tables(url: str) -> bool:
    engine = database.open_engine(url)
    try:
        return bool(sa.inspect(engine).get_table_names())
    finally:
        engine.dispose()


def _said(target: Target, name: str) -> dict[str, str]:
    return {"source": target.place, "snapshot": name}


def _mark(data: Path, target: Target, name: str) -> None:
    data.mkdir(parents=True, exist_ok=True)
    write(data / UNFINISHED, json.dumps(_said(target, name), ensure_ascii=False).encode())


# ------------------------------------------------------------------------------------------------ its parts


def _originals(target: Target, name: str, blobs: Blobs, found: Restored, tell: Tell) -> None:
    wanted = target.blobs_of(name)
    withheld = target.withheld()
    for done, (sha256, size) in enumerate(wanted.items()):
        tell("bản gốc", done, len(wanted))
        if blobs.has(sha256) and blobs.size(sha256) == size:
            continue
        with target.original(sha256) as file:
            if file is None:
                (found.secret if sha256 in withheld else found.lost).append(sha256)
            elif sha256_of(file) == sha256:
                blobs.put(file)
            else:
                found.lost.append(sha256)
    tell("bản gốc", len(wanted), len(wanted))


def _small_files(target: Target, name: str, settings: Settings) -> None:
    folder = target.folder(name)
    for file in target.manifest(name).files:
        if file.startswith("plugins/"):
            place = settings.plugin_dir / file.removeprefix("plugins/")
            place.parent.mkdir(parents=True, exist_ok=True)
            write(place, (folder / file).read_bytes())
    write(settings.data / KEPT_SETTINGS, (folder / SETTINGS).read_bytes())


def _database(source: Path, origin: _Origin, settings: Settings, schema: Schema, actor: str, tell: Tell) -> None:
    tell("cơ sở dữ liệu", 0, 1)
    working = settings.data / WORKING
    for path in settings.data.glob(f"{WORKING}*"):
        path.unlink()
    shutil.copyfile(source, working)
    _prepare(working, origin, settings, schema, actor)
    snapshot.verify(working)
    url = sa.make_url(settings.database_url)
    if url.drivername.startswith("sqlite"):
        place = Path(str(url.database))
        place.parent.mkdir(parents=True, exist_ok=True)
        sync(working)
        shutil.move(working, place)
        sync(place)
        sync(place.parent)
    else:
        _into_server(settings.database_url, working, schema)
        working.unlink()
    tell("cơ sở dữ liệu", 1, 1)


def _into_server(url: str, working: Path, schema: Schema) -> None:
    engine = database.open_engine(url)
    try:
        schema.migrate(engine, schema.head)
        with engine.connect() as connection:
            filled = connection.scalar(sa.select(sa.func.count()).select_from(Event))
        if not filled:  # else an earlier run broke off after this, its last step
            snapshot.fill(engine, working)
    finally:
        engine.dispose()


def _prepare(working: Path, origin: _Origin, settings: Settings, schema: Schema, actor: str) -> None:
    """Bring the copy to this version's schema and write down that it was restored, in one place for both engines."""
    engine = database.open_engine(f"sqlite:///{working}")
    try:
        schema.migrate(engine, schema.head)
        sessions = database.sessions(engine)
        with sessions.begin() as session:
            _begin_anew(session, origin, actor)
            _conceal(session, Archive.of(settings, sessions), origin.secret)
    finally:
        engine.dispose()
    with closing(sqlite3.connect(working, isolation_level=None)) as copy:
        if origin.secret:
            copy.execute("VACUUM")  # what was deleted is still in the file
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it


def _begin_anew(session: Session, origin: _Origin, actor: str) -> None:
    names = snapshot.OF_A_SIGN_IN
    for table in set(names) & set(sa.inspect(session.connection()).get_table_names()):
        session.execute(sa.delete(sa.table(table)))
    ran = sa.update(Task).where(Task.state == "running")
    session.execute(ran.values(state="ready", worker=None, lease_until=None))
    session.add(Restore(snapshot=origin.name, made_at=origin.made_at, restored_at=now(), by=actor))
    facts = {"snapshot": origin.name, "made_at": origin.made_at.isoformat(), "head": origin.head}
    history.append(session, actor, "restored", told.SUBJECT, facts)


def _conceal(session: Session, archive: Archive, secret: tuple[str, ...]) -> None:
    """A paper that turned out to be secret after the backup stays what it is: nothing of it comes back."""
    for scan in session.scalars(sa.select(Scan).where(Scan.sha256.in_(secret), Scan.status.not_in(WITHHELD))).all():
        quarantine.impose(session, archive, scan)
    for message in session.scalars(sa.select(Message).where(Message.sha256.in_(secret), sa.not_(Message.withheld))):
        messages.conceal(archive.blobs, archive.safe, message)
