"""Several offices in one installation: each an archive of its own, with a database, folders and settings of its own.

Nothing of one office can be asked for through another, because nothing of the two lies in one place: that is checked
here, at the start. What they share is the program, the processes and the machine.
"""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

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
    return jobs if "://" not in jobs else f"{jobs}{'&' if '?' in jobs else '?'}queue=vanthu-{slug}"


def _address(common: str, slug: str, host: str) -> str:
    parts = urlsplit(common)
    if not common:
        return ""
    return urlunsplit(parts._replace(netloc=host)) if host else f"{common.rstrip('/')}/{slug}"


def _need_apart(offices: Sequence[Office]) -> None:
    """BadSettings where two offices would meet in one place, or bear one name."""
    for what, values in _places_of(offices):
        if doubled := [value for value, count in Counter(filter(None, values)).items() if count > 1]:
            shared = [one.slug for one, value in zip(offices, values, strict=True) if value == doubled[0]]
            raise BadSettings(f"Các cơ quan {' và '.join(shared)} trùng {what}; mỗi cơ quan phải có {what} riêng.")
    folders = [(one.slug, one.settings.data.resolve()) for one in offices]
    for slug, folder in folders:
        for other, below in folders:
            if slug != other and below.is_relative_to(folder):
                raise BadSettings(f"Thư mục dữ liệu của {other} nằm trong thư mục của {slug}; hãy tách hai thư mục.")


def _places_of(offices: Sequence[Office]) -> Iterator[tuple[str, list[str]]]:
    """What must differ, in Vietnamese, and each office's own; "" where an office has none."""
    every = [one.settings for one in offices]
    yield "slug", [one.slug for one in offices]
    yield "host", [one.host for one in offices]
    yield "mã định danh (organ_id)", [one.organ_id.upper() for one in every]
    yield "cơ sở dữ liệu (database)", [_plainly(one.database_url) for one in every]
    yield "thư mục dữ liệu (data)", [str(one.data.resolve()) for one in every]
    yield "nơi lưu bản gốc (blobs)", [one.blobs.rstrip("/") if one.blobs != "file:" else "" for one in every]
    yield "thư mục chỉ mục (search)", [_folder(one.search.partition(":")[2]) for one in every]
    yield "thư mục theo dõi (inbox)", [_folder(one.inbox) for one in every]
    yield "thư mục gửi edXML (edxml_outbox)", [_folder(one.edxml_outbox) for one in every]
    yield "tệp khóa (key_file)", [_folder(one.key_file) for one in every]
    yield "hàng đợi (jobs)", [one.jobs if "://" in one.jobs else "" for one in every]


def _plainly(database: str) -> str:
    """The place alone: not who signs in there, and not a schema in it, for locks and the index are of the whole."""
    parts = urlsplit(database)
    if parts.scheme.startswith("sqlite"):
        return _folder(parts.path[1:])
    return f"{parts.hostname}:{parts.port or 5432}{parts.path}"


def _folder(path: str) -> str:
    return str(Path(path).resolve()) if path else ""
