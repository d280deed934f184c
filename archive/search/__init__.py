"""Search: a disposable index over the documents, behind a small interface; the database stays the truth.

The engine knows entries and gives back ids. Filters, sorting, facets and who may see what are asked of the database
(find.py); folding, the query, re-ranking and snippets are ours and the same for every engine.
"""

from __future__ import annotations

from pathlib import Path

from archive.errors import BadSettings
from archive.search.entry import ANALYZER, Found, Hit, IndexEntry, Status
from archive.search.index import ENGINES, SHARED, Index
from archive.search.query import Filters, Query, parse
from archive.search.rank import Candidate, rerank
from archive.search.snippets import snippet, spans

__all__ = [
    "ANALYZER", "Candidate", "Filters", "Found", "Hit", "Index", "IndexEntry", "Query", "Status", "open_search",
    "parse", "rerank", "snippet", "spans",
]  # fmt: skip


def open_search(url: str, data: Path, database: str = "") -> Index:
    """The index that `url` names: `whoosh:` and `sqlite:` keep it in `data`/index, `whoosh:DIR` in DIR, `postgresql:`
    in the archive's own database, whose URL is `database`.

    Where there is an index already, it serves, whatever engine made it; the engine named here makes the next one.
    Raises BadSettings.
    """
    scheme, _, rest = url.partition(":")
    if scheme not in ENGINES:
        names = " hoặc ".join(f"{name}:" for name in ENGINES)
        raise BadSettings(f"Không có máy tìm kiếm “{scheme}”; hãy đặt VANTHU_SEARCH={names} rồi khởi động lại.")
    if scheme == SHARED and (rest or not database.startswith(SHARED)):
        raise BadSettings(
            "VANTHU_SEARCH=postgresql: (không ghi gì sau dấu hai chấm) lập chỉ mục trong chính cơ sở dữ liệu của kho, "
            "nên cần VANTHU_DATABASE=postgresql+psycopg://…; với SQLite hãy đặt whoosh: hoặc sqlite:."
        )
    return Index(Path(rest) if rest else data / "index", scheme, database)
