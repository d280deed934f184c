"""A question as values: words, phrases, codes, dates in clauses, and filters; no engine's syntax ever shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from archive.search import keys
from archive.search.words import WORD, exact, folded


@dataclass(frozen=True, slots=True)
class Word:
    """One word; `exact` and `folded` as in archive.search.words."""

    exact: str
    folded: str
    slips: tuple[str, ...] = ()
    """Folded words of the archive that differ by one slip of pen or reader; filled in where the word itself is rare
    (archive.search.slips)."""

    @property
    def ways(self) -> tuple[str, ...]:
        """Folded; itself first."""
        return (self.folded, *self.slips)

    @classmethod
    def of(cls, word: str) -> Word:
        return cls(exact(word), folded(word))

    @property
    def marked(self) -> bool:
        """Was it typed with marks?"""
        return self.exact != self.folded


@dataclass(frozen=True, slots=True)
class Prefix:
    """Words that begin with `folded`."""

    folded: str


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words one after another."""

    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Together:
    """All of the words, anywhere: several that stand for one thing (Ủy ban nhân dân)."""

    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Code:
    """A number, a symbol or both; `parts` are keys as in archive.search.keys."""

    parts: tuple[str, ...]
    words: tuple[Word, ...]
    """The same as words, as they would stand in a text."""
    loose: bool = False
    """Written without its links (`471 ubnd vx`): it may be just words."""

    @classmethod
    def of(cls, text: str, *, loose: bool = False) -> Code:
        words = tuple(Word.of(word) for word in WORD.findall(keys.repaired(text)))
        return cls(keys.parts_of(text), words, loose)


@dataclass(frozen=True, slots=True)
class Date:
    """A day (`2020-03-30`) or a month (`2020-03`)."""

    key: str


Term = Word | Prefix | Phrase | Together | Code | Date


@dataclass(frozen=True, slots=True)
class Clause:
    """Any of `terms` or of `also`, or none of them when `negative`."""

    terms: tuple[Term, ...]
    negative: bool = False
    also: tuple[Term, ...] = ()
    """What was not typed and means the same: UBND for Ủy ban nhân dân."""

    @property
    def every(self) -> tuple[Term, ...]:
        """Each of which alone makes it hold."""
        return self.terms + self.also


@dataclass(frozen=True, slots=True)
class Filters:
    """What the database is asked beside the words: any of the values of each; empty asks nothing."""

    type: tuple[str, ...] = ()
    issuer: tuple[str, ...] = ()
    unit: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    year: tuple[str, ...] = ()
    province: tuple[str, ...] = ()
    """As it is called now."""
    date_from: str | None = None
    """ISO 8601, inclusive."""
    date_to: str | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """Every clause must hold, and every filter."""

    text: str = ""
    clauses: tuple[Clause, ...] = ()
    filters: Filters = field(default_factory=Filters)

    @property
    def has_words(self) -> bool:
        """Does it ask for anything in a text? Filters and exclusions alone do not."""
        return any(not clause.negative for clause in self.clauses)

    @property
    def positive(self) -> Iterator[Term]:
        """Terms that a found document shows."""
        return (term for clause in self.clauses if not clause.negative for term in clause.every)

    @property
    def runs(self) -> tuple[tuple[Word, ...], ...]:
        """Words typed one after another, without what stands between."""
        runs: list[list[Word]] = [[]]
        typed = (term for clause in self.clauses if not clause.negative for term in clause.terms)
        for term in typed:
            if isinstance(term, Word):
                runs[-1].append(term)
            elif isinstance(term, Together):
                runs[-1] += term.words
            elif isinstance(term, Phrase | Code):
                runs += [list(term.words), []]
            else:
                runs.append([])
        return tuple(tuple(run) for run in runs if run)
