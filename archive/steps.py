"""What each step computes, in a killable child: plain values in, plain values out; no database, nothing kept.

See archive/pipeline for how the steps hang together and what is kept of them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from archive import bundles, host, scans, secrecy
from archive.drawings import Drawing, Layout, Lesson
from archive.findings import Citation, Finding, Mark, Record, Route, Stamp
from archive.reading import Gap, Page, Text
from archive.views import at_most_reading_dpi, turned


@dataclass(frozen=True, slots=True)
class Plugins:
    """Which plugins are asked."""

    folder: str | None = None
    """Drop-in plugins."""
    disabled: tuple[str, ...] = ()
    province: str = ""
    """Slug of the office's own."""
    budget: float = host.BUDGET
    """Seconds one plugin has for one question."""
    order: tuple[str, ...] = ()
    """Who is asked first, after ours."""
    allowed: tuple[tuple[str, str], ...] | None = None
    """(slug, digest) of the drop-in plugins an administrator switched on; None: all, to try them before."""

    def __post_init__(self) -> None:
        # The child that reads it works in another directory.
        if self.folder:
            object.__setattr__(self, "folder", str(Path(self.folder).absolute()))


@dataclass(frozen=True, slots=True)
class OwnStamps:
    """What is known of the office's own arrival stamps before any paper is looked at."""

    offices: tuple[str, ...] = ()
    """Names they may bear."""
    layouts: tuple[Layout, ...] = ()
    """Those an administrator drew."""


@dataclass(frozen=True, slots=True)
class Marks:
    """What is on a page beside its text."""

    page: int
    stamp: Stamp | None = None
    marks: tuple[Mark, ...] = ()
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class Extraction:
    """What all plugins found in one document; `failures` names those that were passed over, and why, in English."""

    findings: tuple[Finding, ...] = ()
    citations: tuple[Citation, ...] = ()
    failures: tuple[str, ...] = ()


def found(folder: str | None, order: tuple[str, ...] = (), allowed: host.Allowed = None) -> tuple[host.Plugin, ...]:
    """Every plugin there is, the refused and the waiting ones as well, in the order in which they are asked."""
    return tuple(host.loaded(Path(folder) if folder else None, order=order, allowed=allowed).plugins)


def tried(folder: str | None, slug: str) -> host.Plugin | None:
    """One plugin, loaded as its files are now whether it is switched on or not; no other drop-in one is."""
    place = Path(folder) if folder else None
    one = host.find(place).get(slug)
    known = host.load(place, allowed=[(slug, one.digest)] if one else []).plugins
    return next((plugin for plugin in known if plugin.slug == slug), None)


def survey(path: str, limits: scans.Limits) -> scans.Survey:
    """Format, number of pages and signatures of a file."""
    return scans.survey(path, limits)


def look(path: str, number: int, limits: scans.Limits) -> tuple[Mark, ...]:
    """The marks of secrecy at the head of one page, before anything else of it is read.

    Of a page whose lines run up or down both sides are looked at: the reader may read it without turning it.
    """
    with scans.source(Path(path), number, limits) as one:
        head, dpi = one.head()
        heads = [head]
        if secrecy.lies_on_its_side(head):
            image = at_most_reading_dpi(one.image(), one.dpi)
            heads += [secrecy.head_of(turned(image, degrees)) for degrees in (90, 270)]
            dpi = None
    return next(filter(None, (secrecy.look(each, number, dpi) for each in heads)), ())


def read(path: str, number: int, options: scans.Options, plugins: Plugins) -> scans.PageReading:
    """The words of one page, and its pictures; a plugin that recognises is asked before Tesseract."""
    if options.unlooked and (secret := look(path, number, options.limits)):
        return scans.PageReading(Page(number), b"", b"", secret)
    return scans.read_page(path, number, dataclasses.replace(options, recognise=_host(plugins).recognize))


def mark(path: str, page: Page, limits: scans.Limits, plugins: Plugins, own: OwnStamps = OwnStamps()) -> Marks:
    """Stamps, seals, other marks and what is left to the pen on one page."""
    if page.source in ("blank", "text") or not page.width:
        return Marks(page.number)
    from archive import handwriting, stamps, taught  # the recogniser behind them takes a second to load

    image = scans.upright_image(path, page.number, page.rotation, limits)
    known = taught.reader_of(page, own.layouts)
    stamp = _host(plugins).read_stamp(page, image) or stamps.find(page, image, offices=own.offices, taught=known)
    return Marks(page.number, stamp, stamps.marks(page, image), handwriting.gaps(page, image))


def teach(path: str, page: Page, limits: scans.Limits, drawing: Drawing) -> Lesson:
    """The layout of a stamp that was drawn on a page, tried there at once; BadValue when it would not be found."""
    from archive import taught

    return taught.learn(page, scans.upright_image(path, page.number, page.rotation, limits), drawing)


def cut(pages: Sequence[Page], stamps: Sequence[Stamp], plugins: Plugins) -> tuple[bundles.Part, ...]:
    """The documents of a scan; at least one, if only of blank pages."""
    asked = _host(plugins)
    votes = [asked.begins(page) for page in pages]
    return bundles.cut(pages, stamps, votes)


def extract(pages: Sequence[Page], stamp: Stamp | None, plugins: Plugins) -> Extraction:
    """What every plugin finds in one document."""
    asked = _host(plugins)
    found = asked.extract(Text(pages), stamp)
    # Also what failed in other steps since the last paper: they have no place of their own to tell it.
    failures = tuple(f"{slug} {why}"[:200] for slug, why in asked.failures.items())
    asked.failures.clear()
    refused = tuple(f"{plugin.slug} refused" for plugin in asked.plugins if plugin.error)
    return Extraction(
        tuple(one for one in found if isinstance(one, Finding)),
        tuple(one for one in found if isinstance(one, Citation)),
        (*refused, *failures),
    )


def route(record: Record, plugins: Plugins) -> tuple[Route, ...]:
    """Where the office's own plugin would send a document."""
    return tuple(_host(plugins).route(record, plugins.province or None))


def _host(plugins: Plugins) -> host.Host:
    folder = Path(plugins.folder) if plugins.folder else None
    return host.loaded(folder, plugins.disabled, plugins.budget, plugins.order, plugins.allowed)
