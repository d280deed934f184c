"""How events are logged: one a line, as words for people or as JSON for programs, with the ids of what it is about.

A line of ours is said as `words key=value key=value`; as JSON the words are `event` and each key stands alone. What
was begun with `about` (a request, a task of a scan) is on every line until it ends, whoever writes the line.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import logging
import re
import sys
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from types import MappingProxyType

PLAIN = "%(asctime)s %(levelname)s %(name)s %(message)s"
OURS = ("archive", "server", "vanthu")
"""Loggers whose lines have our form."""
FORMATS = ("text", "json")
_PAIR = re.compile(r"(?:^| )([a-z_]+)=(\S*)")
_about: ContextVar[Mapping[str, object]] = ContextVar("about", default=MappingProxyType({}))


@contextlib.contextmanager
def about(**ids: object) -> Iterator[None]:
    """Every line of this thread bears these ids until the block ends: about(task=7, scan="x")."""
    token = _about.set({**_about.get(), **ids})
    try:
        yield
    finally:
        _about.reset(token)


def speak(level: int = logging.INFO, form: str = "text") -> None:
    """Log to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(AsJson() if form == "json" else AsText(PLAIN))
    logging.basicConfig(handlers=[handler], level=level)


class AsText(logging.Formatter):
    """The line as it was said, then the ids it did not say itself."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        line = super().formatMessage(record)
        more = [f" {name}={value}" for name, value in _about.get().items() if f" {name}=" not in line]
        return line + "".join(more)


class AsJson(logging.Formatter):
    """One object a line: at, level, logger, event, the pairs of the line, the ids; `trace` where something broke."""

    def format(self, record: logging.LogRecord) -> str:
        words, pairs = _taken_apart(record)
        at = dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds")
        told: dict[str, object] = {"at": at, "level": record.levelname, "logger": record.name, "event": words}
        told |= {name: value for name, value in {**_about.get(), **pairs}.items() if name not in told}
        if record.exc_info:
            told["trace"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False, default=str)


def _taken_apart(record: logging.LogRecord) -> tuple[str, dict[str, object]]:
    """The words of a line of ours, and its pairs; a line of others is all words."""
    said = record.getMessage()
    if record.name.partition(".")[0] not in OURS:
        return said, {}
    return _PAIR.sub("", said).strip(), dict(_PAIR.findall(said))
