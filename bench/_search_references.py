"""What others would do out of the box: plain Whoosh, plain SQLite FTS5, tantivy; each on one folded field, by BM25."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from whoosh import analysis, fields, index, qparser
from whoosh.query import And, Phrase, Prefix, Term

from archive.search.words import folded_words

Row = tuple[str, str]
"""id, folded text"""


class Reference(Protocol):
    """An engine as it is."""

    name: str

    def build(self, rows: Iterable[Row]) -> None: ...

    def words(self, words: Sequence[str], limit: int) -> list[str]: ...

    def phrase(self, words: Sequence[str]) -> list[str]: ...

    def prefix(self, word: str) -> list[str]: ...


class PlainWhoosh:
    name = "plain Whoosh"

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        body = fields.TEXT(analyzer=analysis.RegexTokenizer(r"\S+"))
        self._index = index.create_in(folder, fields.Schema(id=fields.ID(stored=True), body=body))
        self._parser = qparser.QueryParser("body", None)

    def build(self, rows: Iterable[Row]) -> None:
        writer = self._index.writer(limitmb=128)
        for name, text in rows:
            writer.add_document(id=name, body=text)
        writer.commit()
        self._searcher = self._index.searcher()

    def _ask(self, query: object, limit: int = 20) -> list[str]:
        return [hit["id"] for hit in self._searcher.search(query, limit=limit)]

    def words(self, words: Sequence[str], limit: int) -> list[str]:
        return self._ask(And([Term("body", word) for word in words]), limit)

    def phrase(self, words: Sequence[str]) -> list[str]:
        return self._ask(Phrase("body", list(words)))

    def prefix(self, word: str) -> list[str]:
        return self._ask(Prefix("body", word))


class PlainFts5:
    name = "plain FTS5"

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._connection = sqlite3.connect(folder / "fts.db", isolation_level=None)
        self._connection.execute("CREATE VIRTUAL TABLE paper USING fts5(id UNINDEXED, body)")

    def build(self, rows: Iterable[Row]) -> None:
        self._connection.execute("BEGIN")
        self._connection.executemany("INSERT INTO paper VALUES (?, ?)", rows)
        self._connection.execute("COMMIT")

    def _ask(self, asked: str, limit: int = 20) -> list[str]:
        rows = self._connection.execute(
            "SELECT id FROM paper WHERE paper MATCH ? ORDER BY rank LIMIT ?", (asked, limit)
        )
        return [name for (name,) in rows]

    def words(self, words: Sequence[str], limit: int) -> list[str]:
        return self._ask(" AND ".join(f'"{word}"' for word in words), limit)

    def phrase(self, words: Sequence[str]) -> list[str]:
        return self._ask(f'"{" ".join(words)}"')

    def prefix(self, word: str) -> list[str]:
        return self._ask(f'"{word}" *')


class Tantivy:
    name = "tantivy"

    def __init__(self, folder: Path) -> None:
        import tantivy

        folder.mkdir()
        schema = tantivy.SchemaBuilder().add_text_field("id", stored=True, tokenizer_name="raw")
        schema.add_text_field("body", stored=False)
        self._tantivy = tantivy
        self._index = tantivy.Index(schema.build(), path=str(folder))

    def build(self, rows: Iterable[Row]) -> None:
        writer = self._index.writer(heap_size=128 << 20, num_threads=1)
        for name, text in rows:
            writer.add_document(self._tantivy.Document(id=name, body=text))
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()
        self._searcher = self._index.searcher()

    def _ask(self, asked: str, limit: int = 20) -> list[str]:
        query = self._index.parse_query(asked, ["body"])
        return [self._searcher.doc(at)["id"][0] for _, at in self._searcher.search(query, limit).hits]

    def words(self, words: Sequence[str], limit: int) -> list[str]:
        return self._ask(" ".join(f'+"{word}"' for word in words), limit)

    def phrase(self, words: Sequence[str]) -> list[str]:
        return self._ask(f'"{" ".join(words)}"')

    def prefix(self, word: str) -> list[str]:
        query = self._tantivy.Query.regex_query(self._index.schema, "body", f"{word}.*")
        return [self._searcher.doc(at)["id"][0] for _, at in self._searcher.search(query, 20).hits]


def references(folder: Path) -> list[Reference]:
    """Those that can be had."""
    found: list[Reference] = [PlainWhoosh(folder / "whoosh"), PlainFts5(folder / "fts5")]
    try:
        found.append(Tantivy(folder / "tantivy"))
    except ImportError:
        print("tantivy is not installed: pip install tantivy")
    return found


def folded_text(text: str) -> str:
    """One folded field."""
    return " ".join(folded_words(text))
