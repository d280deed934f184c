"""“Ý bạn là …”: the question as it was perhaps meant, of words that stand in papers this person may see.

A word that only hidden papers have is never said, whatever the index knows: each is looked for in the text of a paper
that passed the person's own condition.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive.errors import IndexBroken
from archive.models import Document
from archive.search.conditions import among, has_words
from archive.search.index import Index
from archive.search.query import Clause, Phrase, Query, Word
from archive.search.view import View
from archive.search.words import WORD, exact, folded

MOST_TRIED = 4
MOST_LOOKED_AT = 300
MOST_TEXT = 100_000


def frequencies(view: View, index: Index, words: Sequence[str]) -> Mapping[str, int]:
    """In how many papers this person may see each of the folded words stands; words in none may be left out.

    Raises IndexBroken.
    """
    known = index.frequencies(words)
    if not view.restricted:
        return known
    return {word: len(view.seen(index.having(word)).places) for word, count in known.items() if count}


def suggestion(view: View, index: Index, query: Query) -> str | None:
    """The text of `query` (see slips.with_slips) with words put right; None where nothing better is known."""
    text = query.text
    for word in _doubtful(query):
        try:
            better = _better(view, index, query, word)
        except IndexBroken:
            return None
        if better:
            text = _put(text, word, better)
    return text if text != query.text else None


def _put(text: str, word: Word, better: str) -> str:
    return WORD.sub(lambda found: better if exact(found.group()) == word.exact else found.group(), text)


def _doubtful(query: Query) -> Iterator[Word]:
    for clause in query.clauses:
        for term in clause.terms:
            if isinstance(term, Word) and term.slips and not clause.negative:
                yield term


def _better(view: View, index: Index, query: Query, word: Word) -> str | None:
    """The likeliest word for `word`, with marks; None where the word itself stands in a paper to be seen."""
    if _seen(view, index, (word.folded,)):
        return None
    before, after = _around(query, word)
    tried: list[tuple[int, str]] = []
    for slip in word.slips[:MOST_TRIED]:
        rows = [way for way in ((before, slip, after), (before, slip), (slip, after)) if all(way) and len(way) > 1]
        best = next((len(row) for row in rows if _seen(view, index, row)), 0)  # type: ignore[arg-type]
        tried.append((best, slip))
    for _, slip in sorted(tried, key=lambda pair: -pair[0]):
        ids = _seen(view, index, (slip,))
        if ids:
            return _as_written(view.session, slip, ids)
    return None


def _around(query: Query, word: Word) -> tuple[str | None, str | None]:
    for run in query.runs:
        if word in run:
            at = run.index(word)
            return run[at - 1].folded if at else None, run[at + 1].folded if at + 1 < len(run) else None
    return None, None


def _seen(view: View, index: Index, row: tuple[str, ...]) -> list[str]:
    """Some papers this person may see in whose text the folded words of `row` stand one after another."""
    words = tuple(Word(word, word) for word in row)
    asked = Query(clauses=(Clause((Phrase(words) if len(words) > 1 else words[0],)),))
    ids = view.seen(index.search(asked, None)).ids(MOST_LOOKED_AT)
    there = sa.select(Document.id).where(among(view.session, ids), view.user_filter, has_words(view.session, row))
    return list(view.session.scalars(there.limit(3)))


def _as_written(session: Session, word: str, ids: list[str]) -> str:
    """How these papers write a folded word, most often, in small letters."""
    texts = session.scalars(sa.select(sa.func.substr(Document.text, 1, MOST_TEXT)).where(among(session, ids)))
    ways = Counter(found.lower() for text in texts for found in WORD.findall(text) if folded(found) == word)
    return ways.most_common(1)[0][0] if ways else word
