"""More papers than there is time to write: copies of those that are there, with their part of the index.

A copy has the text, the number and the date of its paper, other ids, and came before all of them; it has a
number of its own in the book of that year. What happened to it is not told, and the index is not asked to read it
again: what it would write is what it wrote for the first one, and is copied, too.
"""

from __future__ import annotations

import time

import sqlalchemy as sa

from archive.models import Base, BookYear, CitationRow, Document, PageRow, RegisterEntry, RouteRow, Scan
from archive.search.postgres_generations import SCHEMA

_OTHER = "md5({} || ':' || CAST(:copy AS text))"
_EARLIER = "{} - make_interval(years => CAST(:years AS integer))"
_MOMENTS = ("_at", "_on", "due")
_KEYS = {"id", "scan_id", "document_id", "sha256", "number", "year", "target_id", "parent_id"}


def copy(engine: sa.Engine, rows: int) -> None:
    """Copies segments of the index with their papers until there are some `rows` papers, and not more."""
    began = time.monotonic()
    with engine.connect() as connection:
        name = connection.scalar(sa.text(f"SELECT name FROM {SCHEMA}.generation WHERE serves"))
        index = f"{SCHEMA}.{name}"
        segments = connection.execute(sa.text(f"SELECT base, documents, last FROM {index}_segment ORDER BY base")).all()
        there, last = connection.execute(sa.text(f"SELECT documents, last FROM {index}_made")).one()
        years = connection.scalar(sa.text("SELECT max(year) - min(year) + 1 FROM register_entry"))
    for turn in range(1, 100):
        taken = []
        for segment in segments:
            if there + segment.documents <= rows:
                taken.append((segment, last + 1))
                there, last = there + segment.documents, last + segment.last - segment.base + 1
        if not taken:
            break
        with engine.begin() as connection:
            connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
            connection.execute(sa.text("SET LOCAL synchronous_commit = off"))
            connection.execute(
                sa.text("CREATE TEMP TABLE taken(old integer, until integer, new integer) ON COMMIT DROP")
            )
            connection.execute(sa.text("INSERT INTO taken VALUES (:old, :until, :new)"),
                               [{"old": one.base, "until": one.last, "new": new} for one, new in taken])  # fmt: skip
            _turn(connection, index, {"copy": turn, "years": years * turn})
            told = f"""UPDATE {index}_made SET commits = commits + 1, folds = folds + 1, last = :last,
                       documents = (SELECT count(*) FROM {index}_entry)"""
            connection.execute(sa.text(told), {"last": last})
        print(f"{there} papers after {time.monotonic() - began:.0f} s", flush=True)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("VACUUM ANALYZE"))


def _turn(connection: sa.Connection, index: str, given: dict[str, int]) -> None:
    def run(statement: str) -> None:
        connection.execute(sa.text(statement), {name: given[name] for name in given if f":{name}" in statement})

    run(f"""CREATE TEMP TABLE copied ON COMMIT DROP AS
            SELECT e.id, d.scan_id, e.number, t.new + e.number - t.old AS new
            FROM taken t JOIN {index}_entry e ON e.number BETWEEN t.old AND t.until JOIN document d ON d.id = e.id""")
    run("CREATE INDEX ON copied(id)")
    run("CREATE INDEX ON copied(scan_id)")
    run("ANALYZE copied")
    scan = {
        "id": _OTHER.format("t.id"),
        "sha256": "encode(sha256(CAST(t.sha256 || ':' || CAST(:copy AS text) AS bytea)), 'hex')",
    }
    run(_copies(Scan, "scan_id = t.id", scan))
    run(_copies(PageRow, "scan_id = t.scan_id", {"scan_id": _OTHER.format("t.scan_id")}))
    own = {"id": _OTHER.format("t.id"), "scan_id": _OTHER.format("t.scan_id")}
    run(_copies(Document, "id = t.id", own))
    of_document = {"document_id": _OTHER.format("t.document_id")}
    run(_copies(CitationRow, "id = t.document_id", of_document))
    run(_copies(RouteRow, "id = t.document_id", of_document))
    order = "row_number() OVER (PARTITION BY t.book_id, t.year ORDER BY t.number)"
    run(_copies(RegisterEntry, "id = t.document_id", {**of_document, "number": order, "year": "t.year - :years"}))
    run(f"""INSERT INTO {BookYear.__tablename__}(book_id, year, last, first)
            SELECT book_id, year, max(number), 1 FROM register_entry GROUP BY book_id, year ON CONFLICT DO NOTHING""")
    run(f"INSERT INTO {index}_entry SELECT new, {_OTHER.format('id')} FROM copied")
    run(f"INSERT INTO {index}_sequence SELECT c.new, s.words FROM copied c JOIN {index}_sequence s USING (number)")
    run(f"INSERT INTO {index}_segment SELECT t.new, s.documents, t.new + s.last - s.base"
        f" FROM taken t JOIN {index}_segment s ON s.base = t.old")  # fmt: skip
    run(f"INSERT INTO {index}_block SELECT b.bucket, t.new, b.data FROM taken t JOIN {index}_block b ON b.base = t.old")
    run(f"""UPDATE {index}_word SET documents = documents + documents * (SELECT count(*) FROM copied)
            / (SELECT documents FROM {index}_made)""")


def _copies(table: type[Base], linked: str, other: dict[str, str]) -> str:
    """Rows of `table` (t) that belong to what is copied (c), with `other` values."""
    columns = [column.name for column in table.__table__.columns
               if column.name in other or column.name not in _KEYS or column.name in ("number",)]  # fmt: skip
    said = [other.get(name) or (_EARLIER.format(f"t.{name}") if name.endswith(_MOMENTS) else f"t.{name}")
            for name in columns]  # fmt: skip
    names, name = ", ".join(columns), table.__tablename__
    return f'INSERT INTO "{name}"({names}) SELECT {", ".join(said)} FROM "{name}" t JOIN copied c ON c.{linked}'
