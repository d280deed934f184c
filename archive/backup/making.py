"""`vanthu backup`: the database first, the originals after, so that every original the database names is in the copy.

Web and workers go on meanwhile. Originals are never changed and never removed, so what comes in between is merely not
in this backup; a scan that is put into quarantine between is, so the database is copied once more then.
"""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from archive.backup import disk, sidecars, snapshot, told
from archive.backup.target import BLOBS, DATABASE, SETTINGS, Manifest, Target
from archive.blobs import Blobs
from archive.config import Settings
from archive.database import readers
from archive.durable import sha256_of, sync, write
from archive.errors import Conflict, CopyFailed, NotFound
from archive.models import WITHHELD, now
from archive.version import VERSION

Tell = Callable[[str, int, int], None]
"""What is being done, how much of it is, and of how much."""
ATTEMPTS = 3


def silent(_what: str, _done: int, _of: int) -> None:
    """Tells nobody."""


@dataclass(frozen=True)
class Source:
    """The archive that is copied."""

    engine: sa.Engine
    blobs: Blobs
    settings: Settings
    migrate: snapshot.Migrate


@dataclass
class Made:
    """A backup that was finished."""

    manifest: Manifest
    copied: int = 0
    """Originals that were not in the folder before."""
    copied_bytes: int = 0
    purged: list[str] = field(default_factory=list)
    """Originals and messages taken out of the folder because they are in quarantine since."""
    tainted: list[str] = field(default_factory=list)
    """Older snapshots whose database still has what was read of them."""
    untold: list[str] = field(default_factory=list)
    """Documents without a sidecar, for a row of theirs is of no shape we know."""
    dropped: Sequence[str] = ()
    """Older snapshots that went because of `keep`."""

    def last(self, place: str) -> told.Last:
        """What the archive notes of it."""
        m = self.manifest
        return told.Last(now(), place, m.name, m.documents, m.scans, len(m.damaged), m.head)


@dataclass(frozen=True)
class _Facts:
    """What a snapshot of the database says."""

    originals: dict[str, int]
    withheld: frozenset[str]
    counts: dict[str, int]
    revision: str
    head: str


def make(
    source: Source, target: Target, *, keep: int | None = None, fresh: bool = False, tell: Tell = silent
) -> Made:  # fmt: skip
    """Copy everything into a new snapshot of `target`, whose folder is made when it is not there.

    `keep`: only so many snapshots stay. `fresh`: an empty folder is meant, though there were backups before.
    CopyFailed, NotEmpty, Conflict, NotFound: earlier snapshots are what they were.
    """
    _refuse_inside(source.settings.data.absolute(), target.root)
    with disk.on_disk(target.place):
        target.claim(_archive(source.engine), expected=not fresh and _was_here(source, target.place))
        with target.locked():
            target.sweep()
            made = _begun(source, target, tell)
            if keep:
                made.dropped = target.keep(keep)
    return made


def _refuse_inside(data: Path, root: Path) -> None:
    if root.is_relative_to(data) or data.is_relative_to(root):
        raise Conflict("Bản sao lưu phải nằm ngoài thư mục dữ liệu, tốt nhất ở một ổ đĩa khác.")


def _archive(engine: sa.Engine) -> str:
    """What tells one archive from another: the hash of its first event."""
    with engine.connect().execution_options(reading=True) as connection:
        return connection.scalar(sa.text("SELECT hash FROM event WHERE seq = 1")) or ""


def _was_here(source: Source, place: str) -> bool:
    with readers(source.engine)() as session:
        return told.last(session, place) is not None


def _begun(source: Source, target: Target, tell: Tell) -> Made:
    name, made = target.begin(now()), None
    try:
        made = _write(source, target, name, tell)
        return made
    finally:
        if made is None:
            target.abandon(name)


def _write(source: Source, target: Target, name: str, tell: Tell) -> Made:
    folder = target.folder(name)
    for _ in range(ATTEMPTS):
        made_at = now()
        tell("cơ sở dữ liệu", 0, 1)
        snapshot.take(source.engine, folder / DATABASE, source.migrate)
        tell("cơ sở dữ liệu", 1, 1)
        facts = _facts(folder / DATABASE)
        copied, damaged = _copy_originals(source.blobs, target, facts.originals, tell)
        secret = _in_quarantine(source.engine)
        if secret <= facts.withheld:
            break
        (folder / DATABASE).unlink()
    else:
        raise CopyFailed("Có tệp vừa bị cách ly trong lúc sao lưu, nên chưa sao lưu xong. Hãy chạy lại lệnh.")
    sync(folder / DATABASE)
    purged, tainted = _purge(target, secret)
    untold = sidecars.write(folder / DATABASE, target, tell)
    files = {DATABASE: sha256_of(folder / DATABASE), **_small_files(source.settings, folder, facts.originals)}
    manifest = Manifest(
        name=name, version=VERSION, revision=facts.revision, made_at=made_at, files=files, **facts.counts,
        blobs=len(facts.originals), blob_bytes=sum(facts.originals.values()), withheld=len(facts.withheld),
        damaged=damaged, head=facts.head,
    )  # fmt: skip
    target.finish(name, manifest)
    return Made(manifest, len(copied), sum(facts.originals[one] for one in copied), purged, tainted, untold)


def _facts(file: Path) -> _Facts:
    with closing(snapshot.read(file)) as copy:
        told_of = "SELECT sha256, size FROM scan WHERE status NOT IN (?, ?) ORDER BY received_at, id"
        kept = dict(copy.execute(told_of, WITHHELD))
        kept |= dict(copy.execute("SELECT sha256, size FROM message WHERE NOT withheld ORDER BY received_at, id"))
        secret = copy.execute(snapshot.WITHHELD).fetchall()
        head = copy.execute("SELECT hash FROM event_head").fetchone()
        return _Facts(
            kept, frozenset(sha256 for (sha256,) in secret), _counts(copy),
            copy.execute("SELECT version_num FROM alembic_version").fetchone()[0], head[0] if head else "",
        )  # fmt: skip


def _counts(copy: sqlite3.Connection) -> dict[str, int]:
    named = {"scans": "scan", "documents": "document", "entries": "register_entry", "events": "event"}
    return {key: copy.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for key, table in named.items()}  # noqa: S608


def _in_quarantine(engine: sa.Engine) -> frozenset[str]:
    with engine.connect().execution_options(reading=True) as connection:
        return frozenset(connection.scalars(sa.text(snapshot.WITHHELD)))


def _copy_originals(
    blobs: Blobs, target: Target, originals: dict[str, int], tell: Tell
) -> tuple[list[str], list[str]]:  # fmt: skip
    """Those that were copied, and those that could not be had."""
    copied: list[str] = []
    damaged: list[str] = []
    for done, (sha256, size) in enumerate(originals.items()):
        tell("bản gốc", done, len(originals))
        if not target.has(sha256, size):
            (copied if _copy(blobs, sha256, target) else damaged).append(sha256)
    target.settle()
    tell("bản gốc", len(originals), len(originals))
    return copied, damaged


def _copy(blobs: Blobs, sha256: str, target: Target) -> bool:
    try:
        with blobs.open(sha256) as stream:
            return target.put(stream, sha256)
    except NotFound:
        return False


def _purge(target: Target, secret: frozenset[str]) -> tuple[list[str], list[str]]:
    """Take what is in quarantine out of the folder; the names, and the snapshots that know of them."""
    found = sorted(sha256 for sha256 in secret if target.holds(sha256))
    for sha256 in found:
        target.remove(sha256)
    knowing = [name for name in target.names() if secret & target.blobs_of(name).keys()] if secret else []
    return found, knowing


# ------------------------------------------------------------------------------------------------ small files


def _small_files(settings: Settings, folder: Path, originals: dict[str, int]) -> dict[str, str]:
    """Write the list of originals, the settings and the plugins; name → SHA-256."""
    lines = "".join(f"{sha256} {size}\n" for sha256, size in sorted(originals.items()))
    contents = {BLOBS: lines.encode(), SETTINGS: without_secrets(settings).encode()}
    write(folder / BLOBS, contents[BLOBS])
    write(folder / SETTINGS, contents[SETTINGS])
    for file in _plugins(settings.plugin_dir):
        place = folder / "plugins" / file.relative_to(settings.plugin_dir)
        place.parent.mkdir(parents=True, exist_ok=True)
        write(place, file.read_bytes())
    return {
        path.relative_to(folder).as_posix(): sha256_of(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != DATABASE
    }


def _plugins(folder: Path) -> Sequence[Path]:
    """The drop-in plugins' own files; no link leads out of their folder."""
    return [
        path for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and "__pycache__" not in path.parts
        and path.resolve().is_relative_to(folder.resolve())
    ]  # fmt: skip


def without_secrets(settings: Settings) -> str:
    """The settings that are not the default ones, as TOML; of a secret only that there is one."""
    shown = settings.masked()
    lines = ["# Cấu hình lúc sao lưu, không có mật khẩu. Chỉ để xem lại: lệnh restore không dùng tệp này."]
    for one in dataclasses.fields(settings):
        value: Any = getattr(settings, one.name)
        value = str(value) if isinstance(value, Path) else value
        if one.name == "mail":
            lines += [f"# mail: {shown['mail']}"] if value else []
            continue
        if value == (str(one.default) if isinstance(one.default, Path) else one.default):
            continue
        plain = isinstance(value, str) and shown[one.name] != value
        lines.append(f"# {one.name}: có mật khẩu, không được chép" if plain else f"{one.name} = {json.dumps(value)}")
    return "\n".join(lines) + "\n"
