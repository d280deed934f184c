"""Checks what plugins answer: right types, sane sizes. One piece of junk spoils the whole answer of that plugin."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from archive.findings import Citation, Finding, Mention, Route, Stamp
from archive.provinces import Province
from archive.reading import Span, Text, Word

_LONGEST = 20_000
_MOST = 5000
_RELATIONS = ("basis", "attached", "reply", "replaced", None)
_WORDS: dict[str, tuple[str | None, ...]] = {
    "system": ("state", "party", None),
    "kind": ("document", "web_article", None),
}
"""What some fields may say: they have columns that hold nothing else."""


def findings(text: Text) -> Callable[[Any], list[Finding | Citation]]:
    """A check of what `extract` answered about `text`."""

    def check(answer: Any) -> list[Finding | Citation]:
        return [_found(one, len(text.plain)) for one in _many(answer)]

    return check


def _found(one: Any, length: int) -> Finding | Citation:
    if isinstance(one, Finding):
        _finding(one, length)
        return one
    if isinstance(one, Citation):
        _texts(one.type, one.code, one.date, one.issuer, one.subject)
        _need(one.relation in _RELATIONS)
        _need(isinstance(one.mentions, tuple) and all(isinstance(mention, Mention) for mention in one.mentions))
        _need(all(0 <= mention.start <= mention.end <= length for mention in one.mentions))
        return one
    raise TypeError(f"neither a finding nor a citation: {type(one).__name__}")


def _finding(one: Finding, length: int | None = None) -> None:
    _need(isinstance(one.field, str) and 0 < len(one.field) <= 80)
    _value(one.value)
    _need(one.field not in _WORDS or one.value in _WORDS[one.field])
    _chance(one.confidence)
    _texts(one.partial, one.reason, one.witness)
    _need(one.page is None or isinstance(one.page, int))
    _box(one.box)
    if one.span is not None:
        _need(isinstance(one.span, Span) and 0 <= one.span.start <= one.span.end)
        _need(length is None or one.span.end <= length)


def _value(value: Any) -> None:
    if isinstance(value, tuple):
        _need(len(value) <= 1000)
        _need(all(isinstance(one, str) for one in value))
        _texts(*value)
    else:
        _texts(value)


def province(answer: Any) -> Province:
    _need(isinstance(answer, Province))
    _texts(answer.slug, answer.name, answer.current, *answer.organs, *answer.words)
    return answer  # type: ignore[no-any-return]


def votes(answer: Any) -> list[tuple[float, str]]:
    given = [(float(weight), reason) for weight, reason in _many(answer)]
    for weight, reason in given:
        _need(math.isfinite(weight) and -1 <= weight <= 1 and isinstance(reason, str))
        _texts(reason)
    return given


def routes(answer: Any) -> list[Route]:
    given = _many(answer)
    for one in given:
        _need(isinstance(one, Route) and isinstance(one.unit, str) and one.role in ("lead", "support", "inform"))
        _texts(one.unit, one.due, one.reason)
        _chance(one.confidence)
        _need(one.days is None or (type(one.days) is int and 0 <= one.days <= 1000))
    return given


def stamp(answer: Any) -> Stamp:
    _need(isinstance(answer, Stamp) and isinstance(answer.fields, tuple))
    for one in answer.fields:
        _need(isinstance(one, Finding))
        _finding(one)
    _box(answer.box)
    _chance(answer.confidence)
    return answer  # type: ignore[no-any-return]


def words(answer: Any) -> tuple[Word, ...]:
    given = tuple(_many(answer, 20_000))
    for one in given:
        _need(isinstance(one, Word))
        _texts(one.text)
        _box(one.box)
        _chance(one.confidence)
    return given


def _many(answer: Any, most: int = _MOST) -> list[Any]:
    _need(isinstance(answer, Iterable) and not isinstance(answer, (str, bytes, dict)))
    given = list(answer)
    _need(len(given) <= most)
    return given


def _texts(*values: Any) -> None:
    for value in values:
        _need(value is None or (isinstance(value, str) and len(value) <= _LONGEST and _can_be_kept(value)))


def _can_be_kept(text: str) -> bool:
    """No database keeps half a surrogate pair, and PostgreSQL no NUL: the whole step would fail for it."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _chance(value: Any) -> None:
    _need(isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1)


def _box(box: Any) -> None:
    _need(box is None or (isinstance(box, tuple) and len(box) == 4))
    for side in box or ():
        _need(isinstance(side, (int, float)) and math.isfinite(side) and -1 <= side <= 2)


def _need(right: bool) -> None:
    if not right:
        raise TypeError("not what the hook answers")
