"""Vietnamese and English: Vietnamese sentences are the message ids, English is their translation."""

from __future__ import annotations

import functools
from pathlib import Path

from babel.support import NullTranslations, Translations
from flask import Flask, request

FOLDER = Path(__file__).parent / "translations"
LANGUAGES = {"vi": "Tiếng Việt", "en": "English"}
COOKIE = "lang"


def init_app(app: Flask) -> None:
    """Give templates `_`, `_n` and the language."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    # `_("…")` takes its message for markup of ours; what is not written in a template goes through this one, escaped.
    app.jinja_env.filters["said"] = gettext
    app.context_processor(lambda: {"language": language(), "languages": LANGUAGES})


def language() -> str:
    """The language this browser chose; Vietnamese when it chose none."""
    chosen = request.cookies.get(COOKIE, "vi")
    return chosen if chosen in LANGUAGES else "vi"


def gettext(text: str) -> str:
    """`text` (Vietnamese) in the language of this browser."""
    return catalogue(language()).gettext(text)


def ngettext(one: str, many: str, count: int) -> str:
    """The same with a number: English has two forms, Vietnamese one."""
    return catalogue(language()).ngettext(one, many, count)


@functools.cache
def catalogue(tongue: str) -> NullTranslations:
    """The translations into `tongue`; Vietnamese says what the templates say."""
    return NullTranslations() if tongue == "vi" else Translations.load(FOLDER, [tongue])
