"""What FTS5 is asked, and its answers as rows."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence

import numpy as np

from archive.search.entry import Flags, Ids
from archive.search.phrases import in_a_row
from archive.search.token_query import COUNTED, AllOf, AnyOf, Asked, Lists, Starts, Token, Without


class SqliteLists(Lists):
    """See Lists. `alive` says of each row whether it is; FTS5 itself knows of no death."""

    def __init__(self, connection: sqlite3.Connection, alive: Flags) -> None:
        super().__init__(len(alive))
        self._connection, self._alive = connection, alive

    def in_a_row(self, rows: Ids, words: Sequence[str]) -> Ids:
        """Those of `rows` in which the words stand one after another."""
        asked = (
            "SELECT group_concat(number) FROM sequence"
            " WHERE number IN (SELECT value FROM json_each(?)) AND instr(words, ?) > 0"
        )
        return self._numbers(asked, json.dumps(rows.tolist()), in_a_row(words))

    def _rows(self, asked: Asked) -> Ids:
        found = self._numbers("SELECT group_concat(rowid) FROM token WHERE token MATCH ?", match(asked))
        return found[self._alive[found]]

    def _numbers(self, asked: str, *given: object) -> Ids:
        # One long string is read several times faster than as many rows.
        found = self._connection.execute(asked, given).fetchone()[0]
        return np.fromstring(found or "", np.int32, sep=",")

    def _counted(self, words: Sequence[str]) -> dict[str, int]:
        asked = "SELECT 1 FROM token WHERE token MATCH ?"
        if not self._alive[1:].all():
            asked = "SELECT 1 FROM token JOIN entry ON number = token.rowid AND NOT dead WHERE token MATCH ?"
        limited = f"SELECT count(*) FROM ({asked} LIMIT {COUNTED})"  # noqa: S608 - nothing of others
        return {word: self._connection.execute(limited, (_quoted(word),)).fetchone()[0] for word in words}


def match(asked: Asked) -> str:
    """As FTS5 reads it."""
    match asked:
        case Token(token):
            return _quoted(token)
        case Starts(prefix):
            return _quoted(prefix) + " *"
        case AnyOf(ways):
            return _joined(" OR ", ways)
        case AllOf(parts):
            return _joined(" AND ", parts)
        case Without(wanted, unwanted):
            return f"{match(wanted)} NOT {match(unwanted)}"


def _joined(link: str, every: Iterable[Asked]) -> str:
    return f"({link.join(map(match, every))})"


def _quoted(token: str) -> str:
    """A token as FTS5 reads it literally."""
    return '"' + token.replace('"', '""') + '"'
