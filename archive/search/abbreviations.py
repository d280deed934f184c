"""Short forms of organs and types, both ways: who types UBND finds Ủy ban nhân dân, and the other way round.

The list is the table `abbreviation`, which the office edits. A short form that could be a syllable (`DA` is "đã"
without marks) stands for nothing: it would find every paper.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive.models import Abbreviation
from archive.search.query import Clause, Phrase, Query, Together, Word
from archive.search.words import WORD, is_syllable

Pairs = Sequence[tuple[Word, tuple[Word, ...]]]
"""Short form and the words it stands for."""


def known(session: Session) -> Pairs:
    """The active short forms that are no syllables and stand for at least two words."""
    rows = session.execute(sa.select(Abbreviation.short, Abbreviation.long).where(Abbreviation.active.is_(True)))
    pairs = ((WORD.findall(short), tuple(map(Word.of, WORD.findall(long)))) for short, long in rows)
    return [
        (Word.of(short[0]), long) for short, long in pairs
        if len(short) == 1 and len(long) > 1 and not is_syllable(short[0])
    ]  # fmt: skip


def expanded(query: Query, pairs: Pairs) -> Query:
    """`query` with what means the same beside what was typed; exclusions and quoted words stay as they are."""
    if not pairs or not query.has_words:
        return query
    return dataclasses.replace(query, clauses=tuple(_walked(query.clauses, pairs)))


def spelled_out(name: str, pairs: Pairs) -> str:
    """A name of an organ or a type with its short forms written out: `CV` → `công văn`."""
    longs = {short.folded: long for short, long in pairs}
    words = [Word.of(word) for word in WORD.findall(name)]
    return " ".join(word.exact for short in words for word in longs.get(short.folded, (short,)))


def _walked(clauses: Sequence[Clause], pairs: Pairs) -> Iterator[Clause]:
    at = 0
    while at < len(clauses):
        clause, taken = _at(clauses[at:], pairs)
        yield clause
        at += taken


def _at(clauses: Sequence[Clause], pairs: Pairs) -> tuple[Clause, int]:
    """The first clause, or the first few as one; how many they were."""
    for short, long in sorted(pairs, key=lambda pair: -len(pair[1])):
        words = [_plain(clause) for clause in clauses[: len(long)]]
        if len(words) == len(long) and all(word and _is(word, meant) for word, meant in zip(words, long, strict=True)):
            return Clause((Together(tuple(word for word in words if word)),), also=(short,)), len(long)
    typed = _plain(clauses[0])
    also = tuple(Phrase(long) for short, long in pairs if typed and typed.folded == short.folded)
    return dataclasses.replace(clauses[0], also=also), 1


def _plain(clause: Clause) -> Word | None:
    """The word of a clause that is one word and no exclusion."""
    term = clause.terms[0]
    return term if isinstance(term, Word) and len(clause.terms) == 1 and not clause.negative else None


def _is(typed: Word, meant: Word) -> bool:
    """Typed without marks, or with the right ones."""
    return typed.folded == meant.folded and (not typed.marked or typed.exact == meant.exact)
