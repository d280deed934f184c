"""The files of a drop-in plugin: read once, hashed, and loaded from what was read.

An administrator switches on the code that is there (`archive/switchboard.py` keeps its digest). So that no other code
ever runs, nothing is loaded from the disk afterwards: no file that changed since, no `.pyc` made by hand, no library
of machine code beside a `.py`.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import sys
from collections.abc import Iterable, Mapping
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

from archive.errors import PluginRefused

NO_CODE = ("samples", "__pycache__")
"""Folders of a plugin in which nothing is looked for."""
CODE = (".py", ".toml")
_PREFIX = "vanthu_dropped_in_"


class Sources:
    """The plugin's own files as they were when they were read; empty when one of them could not be read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        """The file that is loaded: `SLUG.py`, `SLUG/__init__.py` or `SLUG/plugin.toml`."""
        self.home = path.parent
        is_folder = path.name in ("__init__.py", "plugin.toml")
        try:
            self.files = _of_folder(self.home) if is_folder else _read(self.home, [path])
        except OSError:
            self.files = {}

    @property
    def digest(self) -> str:
        """SHA-256 over the names and the bytes, 64 hex; empty when they could not be read."""
        whole = hashlib.sha256()
        for name, content in sorted(self.files.items()):
            for piece in (os.fsencode(name), content):
                whole.update(len(piece).to_bytes(8, "big") + piece)
        return whole.hexdigest() if self.files else ""

    def main(self) -> bytes:
        """The file that is loaded; PluginRefused when it could not be read."""
        if self.path.name not in self.files:
            raise PluginRefused("không đọc được tệp của nó")
        return self.files[self.path.name]


def _of_folder(home: Path) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for folder, inner, names in os.walk(home):
        inner[:] = [name for name in inner if name not in NO_CODE]
        files |= _read(home, [Path(folder, name) for name in names if name.endswith(CODE)])
    return files


def _read(home: Path, paths: Iterable[Path]) -> dict[str, bytes]:
    """Name within the folder → content; what is no ordinary file (a pipe) is left alone."""
    return {path.relative_to(home).as_posix(): path.read_bytes() for path in paths if path.is_file()}


def load(slug: str, sources: Sources) -> ModuleType:
    """The plugin's module, run from what was read."""
    name, content = _PREFIX + slug, sources.main()
    for known in [one for one in sys.modules if one.partition(".")[0] == name]:
        del sys.modules[known]  # parts of an older version
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
    _finder.known[name] = sources
    module = importlib.util.module_from_spec(_spec(name, sources, sources.path.name))
    with contextlib.ExitStack() as unless_loaded:
        unless_loaded.callback(sys.modules.pop, name, None)
        sys.modules[name] = module
        _Loader(name, str(sources.path), content).exec_module(module)
        unless_loaded.pop_all()
    return module


class _Loader(SourceFileLoader):
    """Compiles what was read; what is on the disk by now is not looked at."""

    def __init__(self, name: str, path: str, content: bytes) -> None:
        super().__init__(name, path)
        self._content = content

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 - the name is the loader's own
        code: CodeType = self.source_to_code(self._content, self.path)
        return code


def _spec(name: str, sources: Sources, file: str) -> ModuleSpec:
    place = sources.home / file
    loader = _Loader(name, str(place), sources.files[file])
    spec = ModuleSpec(name, loader, origin=str(place), is_package=place.name == "__init__.py")
    spec.has_location = True
    if spec.submodule_search_locations is not None:
        spec.submodule_search_locations.append(str(place.parent))
    return spec


class _Finder(MetaPathFinder):
    """Finds the modules within a plugin's folder among what was read, and nowhere else."""

    def __init__(self) -> None:
        self.known: dict[str, Sources] = {}

    def find_spec(self, fullname: str, *_where: object) -> ModuleSpec | None:
        root, _, inner = fullname.partition(".")
        if root not in self.known or not inner:
            return None
        sources, place = self.known[root], inner.replace(".", "/")
        for file in (f"{place}/__init__.py", f"{place}.py"):
            if file in sources.files:
                return _spec(fullname, sources, file)
        if _has_folder(sources.files, place):
            folder = ModuleSpec(fullname, None, is_package=True)
            folder.submodule_search_locations = [str(sources.home / place)]
            return folder
        raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)


def _has_folder(files: Mapping[str, bytes], place: str) -> bool:
    return any(name.startswith(f"{place}/") and name.endswith(".py") for name in files)


_finder = _Finder()
