"""Runs the samples of a plugin: papers beside what must be read on them, through the reading of `vanthu read`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from archive.children import Child
from archive.config import Settings
from archive.errors import ArchiveError, BadValue, NotFound, PluginRefused
from archive.findings import LISTS
from archive.host import Plugin
from archive.pipeline import read_file

PAPERS = (".txt", ".pdf", ".png", ".jpg", ".jpeg", ".tif", ".tiff")
"""Recognised text, or a scan."""
_KEYS = ("fields", *LISTS, "system", "kind", "citations", "stamp", "partial", "unsure", "routes", "flags", "documents")
SECONDS = 120.0
"""For loading every plugin once."""
_CITATION = ("type", "code", "date", "issuer", "relation")


@dataclass(frozen=True, slots=True)
class Row:
    """One thing a sample says must be read, and what was read."""

    field: str
    expected: Any
    found: Any

    @property
    def is_right(self) -> bool:
        """Letter for letter."""
        return bool(self.expected == self.found)


@dataclass(frozen=True, slots=True)
class Sample:
    """One paper of a plugin's samples; `error`, in Vietnamese, when it could not be compared at all."""

    name: str
    rows: tuple[Row, ...] = ()
    error: str = ""

    @property
    def is_right(self) -> bool:
        """Whether everything was read as its author says."""
        return not self.error and all(row.is_right for row in self.rows)


def run_samples(slug: str, settings: Settings, plugins_dir: Path | None = None) -> Iterator[Sample]:
    """Each sample of the plugin, read with all plugins as its own office would read it.

    NotFound when there is no such plugin or it has no samples; PluginRefused when it cannot be loaded.
    """
    folder = plugins_dir or settings.plugin_dir
    with Child(name="samples") as child:
        home = Path(checked(child, slug, folder).home)
        names = sorted({path.stem for path in (home / "samples").glob("*.*") if path.suffix in (*PAPERS, ".json")})
        if not names:
            raise NotFound(
                f"Plugin {slug} chưa có mẫu nào trong {home / 'samples'}: cần TÊN.txt (hay ảnh, PDF) và TÊN.json."
            )
        for name in names:
            yield _run(home / "samples", name, lambda paper: read_file(paper, settings, slug, folder, child=child))


def checked(child: Child, slug: str, folder: Path) -> Plugin:
    """The plugin, if it can be loaded, switched on or not; in the child, for who serves the web must not fork."""
    where = str(folder.absolute())
    plugin: Plugin | None = child.run("archive.steps:tried", where, slug, wall=SECONDS, cpu=SECONDS)
    if plugin is None:
        raise NotFound(f"Không có plugin {slug!r} trong {folder} hay trong các gói đã cài.")
    if plugin.error:
        raise PluginRefused(plugin.error)
    return plugin


def _run(folder: Path, name: str, read: Any) -> Sample:
    papers = [path for suffix in PAPERS if (path := folder / f"{name}{suffix}").is_file()]
    try:
        expected = _expected(folder / f"{name}.json")
        if len(papers) != 1:
            raise BadValue(f"cạnh {name}.json cần đúng một tệp: {', '.join(PAPERS)}")
        return Sample(papers[0].name, tuple(compare(expected, read(papers[0])["documents"])))
    except ArchiveError as error:
        return Sample(papers[0].name if papers else f"{name}.json", error=str(error))


def _expected(file: Path) -> Mapping[str, Any]:
    try:
        expected = json.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise BadValue(f"thiếu {file.name}, trong đó ghi những gì phải đọc được") from error
    except ValueError as error:
        raise BadValue(f"{file.name} không phải JSON: {error}") from error
    for one in expected.get("documents", [expected]) if isinstance(expected, dict) else [None]:
        if not isinstance(one, dict) or not isinstance(one.get("fields", {}), dict):
            raise BadValue(f"{file.name} phải là một đối tượng có “fields”")
        if unknown := sorted(set(one) - set(_KEYS)):
            raise BadValue(f"{file.name} có khóa không rõ: {', '.join(unknown)}; chỉ có: {', '.join(_KEYS)}")
    return expected  # type: ignore[no-any-return]


def compare(expected: Mapping[str, Any], documents: list[dict[str, Any]]) -> Iterator[Row]:
    """What a sample says, row by row, beside the documents of the contract's answer."""
    wanted = expected.get("documents", [expected])
    if len(wanted) != len(documents):
        yield Row("documents", len(wanted), len(documents))
    for number, (one, found) in enumerate(zip(wanted, documents, strict=False), 1):
        before = f"{number}." if len(wanted) > 1 else ""
        for row in _rows(one, found):
            yield replace(row, field=before + row.field)


def _rows(expected: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[Row]:
    fields, stamp = found["fields"], found["stamp"] or {"fields": {}}
    for name, value in expected.get("fields", {}).items():
        yield Row(name, value, fields.get(name, {}).get("value"))
    for name, value in expected.get("partial", {}).items():
        yield Row(f"{name} (một phần)", value, fields.get(name, {}).get("partial"))
    for name in expected.get("unsure", ()):
        yield Row(f"{name} (chắc chắn)", False, fields.get(name, {}).get("sure", False))
    for name, value in expected.get("stamp", {}).items():
        yield Row(f"stamp.{name}", value, stamp["fields"].get(name, {}).get("value"))
    for name in (*LISTS, "system", "kind", "flags"):
        if name in expected:
            yield Row(name, expected[name], found[name])
    if "citations" in expected:
        wanted = [
            [one.get(key) for key in _CITATION] if isinstance(one, dict) else one for one in expected["citations"]
        ]
        yield Row("citations", wanted, [[one[key] for key in _CITATION] for one in found["citations"]])
    if "routes" in expected:
        yield Row("routes", expected["routes"], [route["unit"] for route in found["routes"]])
