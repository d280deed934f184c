"""Pages as these clients turn them: `page`, `page_size`, and an answer that knows what comes before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import request

from archive.errors import NotFound

USUAL, MOST = 25, 100_000
NO_PAGE = "Không có trang này."


@dataclass(frozen=True)
class Turn:
    """Which page is asked for."""

    page: int
    size: int

    @property
    def begin(self) -> int:
        """How many stand before it."""
        return (self.page - 1) * self.size

    def cut(self, items: Sequence[Any]) -> Sequence[Any]:
        """Those on this page; NotFound beyond the last."""
        if self.begin and self.begin >= len(items):
            raise NotFound(NO_PAGE)
        return items[self.begin : self.begin + self.size]


def asked(most: int = MOST) -> Turn:
    """The page of this request; NotFound for one that cannot be. A larger one than `most` is made that long."""
    size = _number("page_size", USUAL) or USUAL
    page = _number("page", 1)
    if not page:
        raise NotFound(NO_PAGE)
    return Turn(page, min(size, most))


def _number(name: str, otherwise: int) -> int:
    given = request.args.get(name, "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else otherwise if not given else 0


def envelope(turn: Turn, count: int, results: Sequence[Any], every: Sequence[int] | None) -> dict[str, Any]:
    """One page; `every` number that was found, where they are not too many."""
    after = turn.page + 1 if turn.begin + turn.size < count else None
    said = {
        "count": count, "next": _address(turn, after), "previous": _address(turn, turn.page - 1 or None),
        "results": list(results),
    }  # fmt: skip
    return said if every is None else said | {"all": list(every)}


def whole(said: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The page of this request out of all there is, each with its `id`; NotFound beyond the last."""
    turn = asked()
    return envelope(turn, len(said), turn.cut(said), [one["id"] for one in said])


def _address(turn: Turn, page: int | None) -> str | None:
    if page is None:
        return None
    others = [(name, value) for name, value in request.args.items(multi=True) if name not in ("page", "page_size")]
    return f"{request.base_url}?{urlencode([*others, ('page', page), ('page_size', turn.size)])}"
