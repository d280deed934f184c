"""Several offices in one installation: each an archive of its own, with a database, folders and settings of its own.

Nothing of one office can be asked for through another, because nothing of the two lies in one place: that is checked
here, at the start, as far as it is written, and by the databases themselves (whose.py). What they share is the program,
the processes and the machine.
"""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from archive import config
from archive.config import Settings
from archive.errors import BadSettings

FOLDER = "offices"
"""In the common data directory: where an office's own data lie when nothing else is said."""
ALONE = ("office", "organ_id", "inbox", "edxml_outbox", "mail", "key_file")
"""What is one office's alone: never taken from the common settings."""
TOGETHER = ("host", "port", "workers", "trusted_proxies", "secure_cookies", "metrics_token", "log_format", "offices")
"""What is the processes' own: the same for all. `host` in the table of an office is the name it is reached by."""
_SLUG = re.compile(r"[a-z][a-z0-9-]{0,30}")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?")
_KNOWN = {one.name for one in dataclasses.fields(Settings)} - set(TOGETHER) | {"slug", "host"}


@dataclass(frozen=True)
class Office:
    """One office of this installation."""

    slug: str
    host: str
    """The name of its own by which browsers reach it; "": it lies at /SLUG of the common name."""
    settings: Settings

    @property
    def name(self) -> str:
        """As on its stamp; where nobody said, the slug."""
        return self.settings.office or self.slug


def load(common: Settings) -> tuple[Office, ...]:
    """The offices of the file that `common` names, in its order; () where it names none. BadSettings."""
    if not common.offices:
        return ()
    tables = _tables(Path(common.offices))
    found = tuple(_office(common, table) for table in tables)
    _need_apart(found)
    return found


def named(offices: Sequence[Office], slug: str) -> Office:
    """The office with this slug. BadSettings, which lists those there are."""
    found = next((one for one in offices if one.slug == slug), None)
    if found is None:
        known = ", ".join(one.slug for one in offices) or "(không có tệp VANTHU_OFFICES)"
        raise BadSettings(f"Không có cơ quan {slug!r}. Các cơ quan: {known}.")
    return found


def _tables(file: Path) -> list[dict[str, Any]]:
    try:
        said = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadSettings(f"Không đọc được tệp các cơ quan {file.name}: {error}") from error
    tables: list[dict[str, Any]] = said.get("office", [])
    is_list = isinstance(tables, list) and tables and all(isinstance(one, dict) for one in tables)
    if set(said) - {"office"} or not is_list:
        raise BadSettings(f"Tệp {file.name} chỉ gồm các bảng [[office]], mỗi cơ quan một bảng.")
    return tables


def _office(common: Settings, table: Mapping[str, Any]) -> Office:
    slug, host = str(table.get("slug", "")), str(table.get("host", "")).lower()
    if not _SLUG.fullmatch(slug):
        raise BadSettings(f"Mỗi cơ quan cần slug gồm chữ thường không dấu, số, gạch nối, không phải {slug!r}.")
    if host and not _HOST.fullmatch(host):
        raise BadSettings(f"Cơ quan {slug}: host phải là tên máy chủ, không phải {host!r}.")
    if unknown := sorted(set(table) - _KNOWN):
        why = "; ".join(f"{one} là của cả cài đặt" if one in TOGETHER else f"{one} không rõ" for one in unknown)
        raise BadSettings(f"Cơ quan {slug}: {why}. Hãy bỏ khỏi bảng của cơ quan này.")
    own = {name: value for name, value in table.items() if name not in ("slug", "host")}
    try:
        return Office(slug, host, config.changed(common, {**_places(common, slug, host), **own}))
    except BadSettings as error:
        raise BadSettings(f"Cơ quan {slug}: {error}") from error


def _places(common: Settings, slug: str, host: str) -> dict[str, Any]:
    """Where an office's things lie when its table does not say."""
    usual = {name: Settings.__dataclass_fields__[name].default for name in ALONE}
    return usual | {
        "data": common.data.absolute() / FOLDER / slug,
        "database": _of_slug(common.database, slug) if not common.database.startswith("sqlite") else "",
        "blobs": f"{common.blobs.rstrip('/')}/{slug}" if "://" in common.blobs else "file:",
        "search": f"{common.search.partition(':')[0]}:",
        "jobs": _queue(common.jobs, slug),
        "address": _address(common.address, slug, host),
    }


def _of_slug(database: str, slug: str) -> str:
    """A database beside the common one, `vanthu_so_y_te` beside `vanthu`."""
    parts = urlsplit(database)
    return urlunsplit(parts._replace(path=f"{parts.path}_{slug.replace('-', '_')}")) if database else ""


def _queue(jobs: str, slug: str) -> str:
    """A queue beside the common one, `vanthu-so-y-te` beside `vanthu`."""
    if "://" not in jobs:
        return jobs
    parts = urlsplit(jobs)
    asked = dict(parse_qsl(parts.query, keep_blank_values=True))
    asked["queue"] = f"{asked.get('queue') or 'vanthu'}-{slug}"
    return urlunsplit(parts._replace(query=urlencode(asked, safe="/")))


def _address(common: str, slug: str, host: str) -> str:
    parts = urlsplit(common)
    if not common:
        return ""
    port = re.search(r":\d+$", parts.netloc)
    return (
        urlunsplit(parts._replace(netloc=host + (port[0] if port else ""))) if host else f"{common.rstrip('/')}/{slug}"
    )


def _need_apart(offices: Sequence[Office]) -> None:
    """BadSettings where two offices would meet in one place, or bear one name, or one's place lies in another's."""
    for what, values in _names(offices):
        if doubled := [value for value, count in Counter(filter(None, values)).items() if count > 1]:
            shared = [one.slug for one, value in zip(offices, values, strict=True) if value == doubled[0]]
            raise BadSettings(f"Các cơ quan {' và '.join(shared)} trùng {what}; mỗi cơ quan phải có {what} riêng.")
    _need_no_meeting(offices)
    _need_own_mailboxes(offices)


def _need_own_mailboxes(offices: Sequence[Office]) -> None:
    """Two who look into one folder of a mailbox would each take what comes first there."""
    owners: dict[tuple[str, ...], str] = {}
    for office in offices:
        for one in office.settings.mail:
            box = (one.host.lower().rstrip("."), one.user.lower(), one.folder)
            if (other := owners.setdefault(box, office.slug)) != office.slug:
                raise BadSettings(
                    f"Các cơ quan {other} và {office.slug} trùng hộp thư (mail) {one.label}; mỗi cơ quan phải có "
                    "hộp thư hoặc thư mục thư riêng."
                )


def _need_no_meeting(offices: Sequence[Office]) -> None:
    places = [(one.slug, what, place) for one in offices for what, place in _places_of(one.settings)]
    owners: dict[PurePath, tuple[str, str]] = {}
    for slug, what, place in places:
        other, which = owners.setdefault(place, (slug, what))
        if other != slug and what == which:
            raise BadSettings(f"Các cơ quan {other} và {slug} trùng {what}; mỗi cơ quan phải có {what} riêng.")
        if other != slug:
            raise BadSettings(f"Cơ quan {slug}: {what} chính là {which} của {other}; hãy tách hai nơi.")
    for slug, what, place in places:
        for above in place.parents:
            other, which = owners.get(above, (slug, what))
            if other != slug:
                raise BadSettings(f"Cơ quan {slug}: {what} nằm trong {which} của {other}; hãy tách hai nơi.")


def _names(offices: Sequence[Office]) -> Iterator[tuple[str, list[str]]]:
    """What must differ, in Vietnamese, and each office's own; "" where an office has none."""
    every = [one.settings for one in offices]
    yield "slug", [one.slug for one in offices]
    yield "host", [one.host for one in offices]
    yield "mã định danh (organ_id)", [one.organ_id.upper() for one in every]
    yield "cơ sở dữ liệu (database)", [_plainly(one.database_url) for one in every]
    yield "hàng đợi (jobs)", [one.jobs if "://" in one.jobs else "" for one in every]


def _places_of(settings: Settings) -> Iterator[tuple[str, PurePath]]:
    """Where an office's things lie in truth, said or not: none may lie in a place of another's."""
    data, key, file = settings.data, settings.key_path, _file(settings.database_url)
    yield "thư mục dữ liệu (data)", data.resolve()
    if file:
        yield "cơ sở dữ liệu (database)", Path(file).resolve()
    yield "nơi lưu bản gốc (blobs)", _store(settings)
    yield "thư mục chỉ mục (search)", Path(settings.search.partition(":")[2] or data / "index").resolve()
    yield "tệp khóa (key_file)", key.resolve()
    if settings.inbox:
        yield "thư mục theo dõi (inbox)", Path(settings.inbox).resolve()
    if settings.edxml_outbox:
        yield "thư mục gửi edXML (edxml_outbox)", Path(settings.edxml_outbox).resolve()


def _store(settings: Settings) -> PurePath:
    """A folder of this machine, or of a bucket, which never lies in one."""
    scheme, _, place = settings.blobs.partition(":")
    if scheme == "file":
        return Path(place.removeprefix("//") or settings.data / "blobs").resolve()
    return PurePosixPath(f"{scheme}:", *filter(None, place.split("/")))


def _file(database: str) -> str:
    """The file of an SQLite; "" of another."""
    url = _parsed(database)
    return (url.database or "").removeprefix("file:") if url.get_backend_name() == "sqlite" else ""


def _plainly(database: str) -> str:
    """The place alone: not who signs in there, and not a schema in it, for locks and the index are of the whole.

    What looks different may still be one (a name and an address of a machine): the database says so itself (whose.py).
    """
    url = _parsed(database)
    if url.get_backend_name() == "sqlite":
        return str(Path(_file(database)).resolve())
    said = {"host": url.host, "port": url.port, "dbname": url.database or url.username} | dict(url.query)
    host = str(said.get("hostaddr") or said["host"] or "localhost").lower().rstrip(".")
    host = "localhost" if host in ("127.0.0.1", "::1") else host
    return f"{host}:{said['port'] or 5432}/{said['dbname']}"


def _parsed(database: str) -> URL:
    try:
        return make_url(database)
    except (ArgumentError, ValueError) as error:
        raise BadSettings("Không hiểu địa chỉ cơ sở dữ liệu của một cơ quan; hãy xem lại mục database.") from error
