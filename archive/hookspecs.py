"""What a plugin may do. This file is the manual: each hook says what it is given and what it must answer.

A plugin is a module with functions marked `@hookimpl`; it imports from `archive` and nothing else of ours. It gets
values, never a database session, and may be asked in a child process that is killed when it takes too long.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from PIL.Image import Image

    from archive.findings import Citation, Finding, Record, Route, Stamp
    from archive.provinces import Province
    from archive.reading import Page, Text, Word

PROJECT = "vanthu"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec(historic=True)
def province() -> Province:
    """The province the plugin speaks for: its names, organs, words, and what it became on 2025-07-01."""


@hookspec(firstresult=True)
def recognize(image: Image) -> Iterable[Word]:
    """The words of one upright page image, boxes as fractions of it. Ours (Tesseract) answers last."""


@hookspec(firstresult=True)
def read_stamp(page: Page, image: Image) -> Stamp | None:
    """The arrival stamp of an office whose stamp is not the common one. `image` is the upright page in colour."""


@hookspec
def begins(page: Page) -> Iterable[tuple[float, str]]:
    """Votes that a document begins on `page`: (weight -1..1, reason in Vietnamese). Every plugin is asked."""


@hookspec
def extract(text: Text, stamp: Stamp | None) -> Iterable[Finding | Citation]:
    """What the paper says. Every plugin is asked of every paper; the host adds who said it.

    Give several rival findings for one field when in doubt. A field you say nothing about stays null.
    `system`, `kind` and `flag` are fields as well: the grammar (`state`, `party`), `web_article`, a flag's name.
    Lists (`addressees`, `recipients`, `archive_copy`) are tuples of texts.
    """


@hookspec
def route(record: Record) -> Iterable[Route]:
    """Who should have it, with which role, by when, and the reason in Vietnamese. Only the office's own is asked."""
