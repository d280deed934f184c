"""What an entry is in an index: folded words in order, and keys; the same for every engine."""

from __future__ import annotations

from dataclasses import dataclass

from archive.search import keys
from archive.search.entry import IndexEntry
from archive.search.words import line


@dataclass(frozen=True, slots=True)
class Tokens:
    """The words of number, subject, organ and text."""

    parts: list[list[str]]
    keys: list[str]

    @property
    def words(self) -> list[str]:
        """All of them in order."""
        return [word for part in self.parts for word in part]

    @property
    def head(self) -> int:
        """How many stand before the text."""
        return sum(map(len, self.parts[:-1]))


def tokens_of(entry: IndexEntry) -> Tokens:
    """The tokens of `entry`."""
    named = keys.cited(entry.body) | keys.of_dates(f"{entry.title}\n{entry.body}")
    for code in entry.cited_codes:
        named |= keys.of_code(code)
    named = {key for key in named if key[0] not in "#@"}
    own = keys.of_code(entry.code) | keys.of_own_date(entry.date)
    parts = (entry.line or line(entry.code, entry.title, entry.organ, entry.body)).split(" | ")
    return Tokens([part.split() for part in parts], sorted(named | own))
