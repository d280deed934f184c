"""The host of the plugins: finds them, refuses the broken ones, and asks them one at a time.

pluggy stops a call at the first implementation that raises; here each is asked alone. Plugins of others run in a
forked child: one that raises, hangs, exits or crashes is passed over and named, and the paper goes on without it.
"""

from __future__ import annotations

import functools
import importlib
import logging
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

from archive import apart, consent, hookspecs, replies, rulebook
from archive.errors import PluginRefused
from archive.findings import Citation, Finding, Record, Route, Stamp
from archive.provinces import Province
from archive.reading import Page, Text, Word

if TYPE_CHECKING:
    from PIL.Image import Image

log = logging.getLogger(__name__)

GROUP = "vanthu.plugins"
OURS = "national"
"""The plugin that is part of the archive: asked first, and in this very process."""
BUDGET = 5.0
"""Seconds one plugin has for one question."""
_FOR_PICTURES = {"recognize": 60.0, "read_stamp": 20.0}
"""Seconds for the hooks that look at a page's picture, where that is more."""
MOST_LATE = 3
"""Answers out of time, one after another, after which a plugin is asked no more until it is loaded anew."""


Allowed = Collection[tuple[str, str]] | None
"""(slug, digest) of the drop-in plugins that may run; None: all of them, for who tries them before."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """A plugin that was found; `error`, in Vietnamese, when it was refused."""

    slug: str
    version: str = ""
    hooks: tuple[str, ...] = ()
    error: str = ""
    path: str = ""
    """Folder or file of a drop-in plugin."""
    home: str = ""
    """The folder in which it lives, with its samples."""
    digest: str = ""
    """Of the drop-in plugin's files as they are now, SHA-256; empty for others, and where they cannot be read."""
    is_waiting: bool = False
    """Nobody has switched on these drop-in files: they are not asked, nor is a line of them run."""

    @property
    def source(self) -> str:
        """`cao_bang 1.2.0`, as it stands on findings."""
        return f"{self.slug} {self.version}".strip()


def load(
    drop_in: Path | None = None,
    disabled: Collection[str] = (),
    budget: float = BUDGET,
    order: Sequence[str] = (),
    allowed: Allowed = None,
) -> Host:
    """Every plugin there is: ours, installed ones, and those `allowed` in the folder `drop_in`.

    Drop-in ones win over namesakes. They are asked in this `order`, ours first, those it does not name last and by
    their names.
    """
    host = Host(budget)
    found = {slug: one for slug, one in find(drop_in, allowed).items() if slug not in disabled}
    deadly = _probed(found, budget)
    places = {slug: place for place, slug in enumerate((OURS, *order))}
    for slug in sorted(found, key=lambda slug: (places.get(slug, len(places)), slug)):
        one = found[slug]
        host.add(slug, replace(one, get=functools.partial(_refuse, deadly[slug])) if slug in deadly else one)
    return host


def loaded(
    drop_in: Path | None = None,
    disabled: Collection[str] = (),
    budget: float = BUDGET,
    order: Sequence[str] = (),
    allowed: Allowed = None,
) -> Host:
    """The same as long as nothing in the folder changes: one host a process."""
    folder = drop_in if drop_in and drop_in.is_dir() else None
    may = None if allowed is None else tuple(allowed)
    return _loaded(folder, tuple(disabled), budget, tuple(order), may, age(folder))


@functools.lru_cache(maxsize=1)
def _loaded(
    folder: Path | None,
    disabled: tuple[str, ...],
    budget: float,
    order: tuple[str, ...],
    allowed: Allowed,
    _age: tuple[int, float],
) -> Host:
    return load(folder, disabled, budget, order, allowed)


def age(folder: Path | None) -> tuple[int, float]:
    """How many files a drop-in plugin may be made of, and when the last of them changed.

    Asked before every question, so it walks as little as it can: samples are no part of a plugin's answers.
    """
    if folder is None:
        return 0, 0.0
    count, last = 0, _changed(folder)
    for home, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in consent.NO_CODE]
        files = [f"{home}/{name}" for name in names if name.endswith(consent.CODE)]
        count, last = count + len(files), max([last, *map(_changed, files)])
    return count, last


def _changed(path: str | Path) -> float:
    try:
        return os.stat(path).st_mtime  # noqa: PTH116 - thousands of them, and a Path costs more than the question
    except OSError:  # gone since it was listed: then the count changes too
        return 0.0


Getter = Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Found:
    """A plugin before it is loaded; without `get` there is nothing that may be loaded."""

    get: Getter | None = None
    path: str = ""
    """Its file, when it is a drop-in one."""
    is_code_of_others: bool = False
    digest: str = ""
    is_waiting: bool = False
    """As on a Plugin: a drop-in one that nobody switched on, or its namesake that is asked meanwhile."""

    @property
    def is_ours(self) -> bool:
        """It came with the archive."""
        return not (self.path or self.is_code_of_others)


def find(drop_in: Path | None = None, allowed: Allowed = None) -> dict[str, Found]:
    """Slug → plugin, loaded or not: those beside us, installed ones, drop-in ones, the later before the earlier."""
    found = _beside_us() | _installed()
    for slug, one in (_dropped_in(drop_in) if drop_in else {}).items():
        may = allowed is None or (bool(one.digest) and (slug, one.digest) in allowed)
        # Files that somebody laid there must not even switch off the plugin whose name they bear.
        waiting = replace(found.get(slug, Found(path=one.path)), digest=one.digest, is_waiting=True)
        found[slug] = one if may else waiting
    return found


def _installed() -> dict[str, Found]:
    return {
        entry.name: Found(entry.load, is_code_of_others=not entry.value.startswith("plugins."))
        for entry in entry_points(group=GROUP)
    }


def _beside_us() -> dict[str, Found]:
    """The plugins of a checkout, whose entry points nobody has installed."""
    folder = Path(__file__).parent.parent / "plugins"
    slugs = [path.parent.name for path in folder.glob("*/__init__.py")]
    return {slug: Found(functools.partial(importlib.import_module, f"plugins.{slug}")) for slug in slugs}


def _dropped_in(folder: Path) -> dict[str, Found]:
    """`SLUG.py`, `SLUG/__init__.py`, and `SLUG/plugin.toml` where there is no code."""
    found: dict[str, Found] = {}
    for path in (*folder.glob(f"*/{rulebook.FILE}"), *folder.glob("*/__init__.py"), *folder.glob("*.py")):
        slug = path.stem if path.parent == folder else path.parent.name
        if slug.isidentifier() and not slug.startswith("_"):
            is_code, sources = path.suffix == ".py", consent.Sources(path)
            get: Getter = functools.partial(consent.load if is_code else _rules, slug, sources)
            found[slug] = Found(get, str(path), is_code, sources.digest)
    return found


def _rules(slug: str, sources: consent.Sources) -> rulebook.RuleBook:
    return rulebook.read(slug, sources.main())


def _probed(found: Mapping[str, Found], budget: float) -> dict[str, str]:
    """Slug → why loading it would kill or stop us: code of others is loaded in a forked child first."""
    calls = [apart.Call(slug, functools.partial(_load_only, one.get), ()) for slug, one in found.items()
             if one.get and one.is_code_of_others]  # fmt: skip
    return {one.name: one.error for one in apart.ask(calls, budget) if one.error in apart.DEADLY}


def _load_only(get: Getter) -> None:
    get()


def _refuse(deadly: str) -> None:
    raise PluginRefused("nạp quá lâu" if deadly == apart.TOO_SLOW else "tiến trình chết khi nạp")


class Host:
    """The plugins of one office."""

    def __init__(self, budget: float = BUDGET) -> None:
        self.plugins: list[Plugin] = []
        self.budget = budget
        self.failures: dict[str, str] = {}
        """Slug → why the plugin was last passed over; English, for the log and the plugin's page."""
        self._late: Counter[str] = Counter()
        self._pm = pluggy.PluginManager(hookspecs.PROJECT)
        self._pm.add_hookspecs(hookspecs)

    # -------------------------------------------------------------------------------------------- loading

    def add(self, slug: str, found: Found) -> Plugin:
        """Registers a plugin whole, or refuses it whole and keeps the reason; never raises for a plugin's fault."""
        plugin = Plugin(slug, path=found.path, digest=found.digest, is_waiting=found.is_waiting)
        if found.get:
            # What a stranger brings must load in time. Ours may be slow on a busy machine: without it no paper is read.
            get = found.get if found.is_ours else functools.partial(apart.in_time, found.get, self.budget)
            plugin = self._loaded(plugin, get)
        self.plugins.append(plugin)
        return plugin

    def _loaded(self, plugin: Plugin, get_module: Getter) -> Plugin:
        slug, version = plugin.slug, ""
        try:
            module = get_module()
            version = str(getattr(module, "VERSION", getattr(module, "__version__", "")))
            home = str(Path(plugin.path or getattr(module, "__file__", None) or ".").absolute().parent)
            return replace(plugin, version=version, hooks=self._register(slug, module), home=home)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a plugin may raise SystemExit while it is imported
            self._forget(slug)
            log.warning("plugin refused slug=%s error=%r", slug, error)
            return replace(plugin, version=version, error=_refusal(slug, error))

    def _register(self, slug: str, module: Any) -> tuple[str, ...]:
        self._pm.register(module, slug)
        self._pm.check_pending()
        hooks = self._pm.get_hookcallers(module) or []
        mine = [impl for hook in hooks for impl in hook.get_hookimpls() if impl.plugin_name == slug]
        if not mine:
            raise PluginRefused("không có hàm nào mang @hookimpl")
        if any(impl.wrapper or impl.hookwrapper for impl in mine):
            raise PluginRefused("plugin chỉ được trả lời, không được bọc plugin khác (wrapper)")
        return tuple(sorted(hook.name for hook in hooks))

    def _forget(self, slug: str) -> None:
        if self._pm.has_plugin(slug):
            self._pm.unregister(name=slug)

    # -------------------------------------------------------------------------------------------- asking

    def provinces(self) -> list[Province]:
        """The provinces the plugins speak for."""
        return [province for _, province in self._ask("province", replies.province)]

    def begins(self, page: Page) -> list[tuple[float, str, str]]:
        """Votes that a document begins on `page`: (weight -1..1, reason, who says so)."""
        votes = self._ask("begins", replies.votes, page=page)
        return [(weight, reason, plugin.source) for plugin, given in votes for weight, reason in given]

    def extract(self, text: Text, stamp: Stamp | None = None) -> list[Finding | Citation]:
        """What every plugin found in one document, each finding signed by its plugin."""
        given = self._ask("extract", replies.findings(text), text=text, stamp=stamp)
        return [replace(one, source=plugin.source) for plugin, many in given for one in many]

    def route(self, record: Record, province_slug: str | None) -> list[Route]:
        """Where the office's own plugin would send the paper, the surest first; nobody else is asked."""
        if not province_slug:
            return []
        given = self._ask("route", replies.routes, only=province_slug, record=record)
        routes = [replace(one, source=plugin.source) for plugin, many in given for one in many]
        return sorted(routes, key=lambda route: -route.confidence)

    def read_stamp(self, page: Page, image: Image) -> Stamp | None:
        """The first arrival stamp a plugin reads on `page`; None leaves it to the common reader."""
        for plugin, answer in self._ask("read_stamp", replies.stamp, page=page, image=image):
            stamp: Stamp = answer
            fields = tuple(replace(one, source=plugin.source) for one in stamp.fields)
            return replace(stamp, page=page.number, fields=fields)
        return None

    def recognize(self, image: Image) -> tuple[Word, ...] | None:
        """The words the first plugin reads on an upright page image; None leaves it to the common reader."""
        return next((words for _, words in self._ask("recognize", replies.words, image=image)), None)

    def _ask(
        self, hook: str, check: Callable[[Any], Any], only: str = "", **question: Any
    ) -> Iterator[tuple[Plugin, Any]]:
        """(plugin, checked answer) of each plugin that has one; those that fail are passed over and named."""
        loaded = {plugin.slug: plugin for plugin in self.plugins if not plugin.error and self._is_asked(plugin, hook)}
        impls = [impl for impl in reversed(getattr(self._pm.hook, hook).get_hookimpls()) if impl.plugin_name in loaded]
        impls = [impl for impl in impls if only in ("", impl.plugin_name)]
        calls = [
            apart.Call(impl.plugin_name, impl.function, tuple(question[name] for name in impl.argnames))
            for impl in impls
        ]
        here = [call for call in calls if call.name == OURS]
        there = [call for call in calls if call.name != OURS]
        seconds = max(self.budget, _FOR_PICTURES.get(hook, 0.0))
        outcomes: list[apart.Outcome] = [*map(apart.ask_here, here), *apart.ask(there, seconds)]
        for outcome in sorted(outcomes, key=lambda one: list(loaded).index(one.name)):
            answer = self._checked(hook, outcome, check)
            if answer is not None:
                yield loaded[outcome.name], answer

    def _is_asked(self, plugin: Plugin, hook: str) -> bool:
        """Not one that was late again and again: it would cost every paper the whole budget."""
        if self._late[plugin.slug] < MOST_LATE or hook not in plugin.hooks:
            return True
        self.failures[plugin.slug] = f"{hook}: asked no more, {apart.TOO_SLOW} {MOST_LATE} times"
        return False

    def _checked(self, hook: str, outcome: apart.Outcome, check: Callable[[Any], Any]) -> Any:
        self._late[outcome.name] = self._late[outcome.name] + 1 if outcome.error == apart.TOO_SLOW else 0
        try:
            if outcome.error:
                raise PluginRefused(outcome.error)
            return None if outcome.answer is None else check(outcome.answer)
        except Exception as error:  # the host is one of the two places that may catch everything
            self.failures[outcome.name] = f"{hook}: {error}"
            log.warning("plugin passed over slug=%s hook=%s error=%s", outcome.name, hook, str(error)[:200])
            return None


def _refusal(slug: str, error: BaseException) -> str:
    if isinstance(error, PluginRefused):
        why = str(error)
    elif isinstance(error, pluggy.PluginValidationError):
        why = f"hàm không khớp với móc của vanthu (sai tên móc hoặc tham số): {error}"
    elif isinstance(error, apart.OutOfTime):
        why = "nạp quá lâu"
    else:
        why = f"lỗi khi nạp: {type(error).__name__}: {error}"
    return f"Plugin {slug} bị từ chối: {why}. Các plugin khác và văn bản không bị ảnh hưởng."
