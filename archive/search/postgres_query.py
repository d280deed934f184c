"""What PostgreSQL is asked, and its answers as rows: a GIN index over arrays of tokens knows which rows have which."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from archive.search.entry import Ids
from archive.search.phrases import in_a_row
from archive.search.token_query import COUNTED, AllOf, AnyOf, Asked, Lists, Starts, Token, Without

LONGEST = 100
"""Letters of a token that is kept as it is; an index of PostgreSQL takes no key of more than 2700 bytes."""
_AFTER = "\U0010ffff"
"""After every letter, in the order of code points."""
_NUMBERS = "SELECT string_agg(int4send(number), '') FROM {}_entry WHERE "
"""Four bytes a row in one string are read many times faster than as many rows."""
_ROWS, _WORDS = "SELECT number FROM {}_entry WHERE", "SELECT word FROM {}_word WHERE"
_COUNTED = """
SELECT word, (SELECT count(*) FROM (SELECT 1 FROM {}_entry WHERE tokens @> ARRAY[word] LIMIT :most) AS found)
FROM {}_word WHERE word = ANY(CAST(:words AS text[]))
"""
Ask = Callable[[str, Mapping[str, object]], Sequence[Any]]


def short(token: str) -> str:
    """The token as it is kept."""
    if len(token) <= LONGEST:
        return token
    return token[:LONGEST] + hashlib.sha256(token.encode()).hexdigest()[:16]


class PostgresLists(Lists):
    """See Lists. `ask` answers a statement about the tables {}_entry and {}_word of a generation."""

    def __init__(self, ask: Ask, size: int) -> None:
        super().__init__(size)
        self._ask = ask

    def in_a_row(self, rows: Ids, words: Sequence[str]) -> Ids:
        """Those of `rows` in which the words stand one after another."""
        holds = "number = ANY(CAST(:rows AS integer[])) AND position(:words IN sequence) > 0"
        return self._numbers(holds, {"rows": rows.tolist(), "words": in_a_row(words)})

    def _rows(self, asked: Asked) -> Ids:
        given = _Given()
        return self._numbers(self._said(asked, given), given)

    def _numbers(self, holds: str, given: dict[str, object]) -> Ids:
        found = self._ask(_NUMBERS + holds, given)
        return np.sort(np.frombuffer(found[0][0] or b"", ">i4").astype(np.int32))

    def _counted(self, words: Sequence[str]) -> dict[str, int]:
        kept = {short(word): word for word in words}
        return {kept[word]: count for word, count in self._ask(_COUNTED, {"words": list(kept), "most": COUNTED})}

    def _said(self, asked: Asked, given: _Given) -> str:
        """As a condition on a row; `given` takes its values."""
        match asked:
            case Token(token):
                return f"tokens @> {given.array([token])}"
            case Starts(prefix):
                first, last = given.one(prefix), given.one(prefix + _AFTER)
                return f"tokens && ARRAY({_WORDS} word >= {first} AND word < {last})"
            case AnyOf(ways):
                return self._joined(" OR ", "&&", ways, given)
            case AllOf(parts):
                return self._joined(" AND ", "@>", parts, given)
            case Without(wanted, unwanted):
                # As a list of its own: looking into every row's array for what must not be there is far slower.
                return f"{self._said(wanted, given)} AND number NOT IN ({_ROWS} {self._said(unwanted, given)})"

    def _joined(self, link: str, operator: str, every: Sequence[Asked], given: _Given) -> str:
        """Plain tokens go into one array, of which the index is asked at once."""
        flat = list(_flattened(every, AnyOf if operator == "&&" else AllOf))
        plain = [asked.token for asked in flat if isinstance(asked, Token)]
        said = [f"tokens {operator} {given.array(plain)}"] if plain else []
        said += [self._said(asked, given) for asked in flat if not isinstance(asked, Token)]
        return f"({link.join(said)})"


class _Given(dict[str, object]):
    """Values of a statement by their names."""

    def one(self, value: object) -> str:
        """How `value` is named in the statement."""
        name = f"v{len(self)}"
        self[name] = value
        return f":{name}"

    def array(self, tokens: Sequence[str]) -> str:
        """The same of several tokens."""
        return f"CAST({self.one([short(token) for token in tokens])} AS text[])"


def _flattened(every: Sequence[Asked], kind: type[AnyOf] | type[AllOf]) -> list[Asked]:
    """What is any of any, or all of all, in one list."""
    flat: list[Asked] = []
    for asked in every:
        inner = asked.ways if isinstance(asked, AnyOf) else asked.parts if isinstance(asked, AllOf) else ()
        alone = isinstance(asked, kind) or len(inner) == 1
        flat += _flattened(inner, kind) if alone else [asked]
    return flat
