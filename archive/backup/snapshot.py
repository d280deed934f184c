"""The whole database as one SQLite file, whichever engine it lives in: a backup is read by any SQLite, for decades.

A snapshot is one moment of the archive: SQLite's own VACUUM INTO, or on PostgreSQL every table copied in one
REPEATABLE READ transaction. VACUUM INTO leaves out free pages: what was deleted, the text of a paper that turned out
to be secret, say, is not in the copy. `fill` writes a snapshot into PostgreSQL.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from archive import database, models
from archive.errors import CopyBroken

Migrate = Callable[[sa.Engine, str], None]
"""Brings an empty database to a revision: `migrations.upgrade`, which this house may not import."""
OF_A_SIGN_IN = ("session", "setup_link", "sign_in_step", "presence")
"""Tables that open doors or tell who looks at what; they are left out of every snapshot."""
WITHHELD = (
    f"SELECT sha256 FROM scan WHERE status IN {models.WITHHELD} "  # noqa: S608 - words of ours
    "UNION SELECT sha256 FROM message WHERE withheld"
)
"""Names of the bytes that no backup may hold, in SQL of both databases."""
_REVISIONS = "alembic_version"
ROWS = 500


def take(engine: sa.Engine, file: Path, migrate: Migrate) -> None:
    """Write the database as it is at this moment to the new SQLite file `file`, while others go on working.

    CopyBroken when the copy is not in order, which means that the database itself is not.
    """
    if engine.dialect.name == "sqlite":
        _vacuum(engine, file)
    else:
        _copy_out(engine, file, migrate)
    with closing(sqlite3.connect(file, isolation_level=None)) as copy:
        copy.execute("PRAGMA secure_delete=ON")
        for table in set(OF_A_SIGN_IN) & tables(copy):
            copy.execute(f'DELETE FROM "{table}"')  # noqa: S608 - a name of ours
    verify(file)


def _vacuum(engine: sa.Engine, file: Path) -> None:
    raw = engine.raw_connection()
    try:
        raw.cursor().execute("VACUUM INTO ?", (str(file),))
    finally:
        raw.close()


def tables(copy: sqlite3.Connection) -> set[str]:
    """Names of the tables of a snapshot."""
    return {name for (name,) in copy.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def verify(file: Path) -> None:
    """CopyBroken unless SQLite finds the file whole and every row has its parents."""
    try:
        with closing(read(file)) as copy:
            said = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
            orphans = copy.execute("PRAGMA foreign_key_check").fetchone()
    except sqlite3.DatabaseError as error:
        raise CopyBroken(f"Bản sao cơ sở dữ liệu {file.name} không đọc được ({error}).") from error
    if said != "ok" or orphans:
        why = "có dòng mồ côi" if said == "ok" else said
        raise CopyBroken(f"Bản sao cơ sở dữ liệu {file.name} không toàn vẹn: {why}.")


def read(file: Path) -> sqlite3.Connection:
    """A snapshot opened to be read only; no other file is made beside it."""
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None)


# ------------------------------------------------------------------------------------------- PostgreSQL → file


def _copy_out(engine: sa.Engine, file: Path, migrate: Migrate) -> None:
    found = sa.MetaData()
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as source, source.begin():
        found.reflect(source)
        revision = source.scalar(sa.text(f"SELECT version_num FROM {_REVISIONS}"))  # noqa: S608 - a name of ours
        _make_file(file, str(revision), migrate)
        with closing(sqlite3.connect(file, isolation_level=None)) as copy:
            copy.executescript("PRAGMA foreign_keys=OFF; PRAGMA synchronous=OFF; PRAGMA journal_mode=DELETE; BEGIN")
            for table in (one for one in _ours(found) if one.name in tables(copy)):  # an index may have its own there
                copy.execute(f'DELETE FROM "{table.name}"')  # noqa: S608 - what the migrations wrote
                copy.executemany(_insertion(table), _rows(source, table))
            copy.execute("COMMIT")


def _make_file(file: Path, revision: str, migrate: Migrate) -> None:
    engine = database.open_engine(f"sqlite:///{file}", durable=False)
    try:
        migrate(engine, revision)
    finally:
        engine.dispose()


def _ours(found: sa.MetaData) -> list[sa.Table]:
    """Parents before their children."""
    return [table for table in found.sorted_tables if table.name != _REVISIONS]


def _insertion(table: sa.Table) -> str:
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    return f'INSERT INTO "{table.name}" ({names}) VALUES ({", ".join("?" * len(table.columns))})'  # noqa: S608


def _rows(source: sa.Connection, table: sa.Table) -> Iterator[Sequence[Any]]:
    # JSON as the text it is: a null of JSON and no value at all would look alike.
    columns = [sa.cast(one, sa.Text) if isinstance(one.type, sa.JSON) else one for one in table.columns]
    wanted = sa.select(*columns).order_by(*table.primary_key.columns).execution_options(yield_per=ROWS)
    for row in source.execute(wanted):
        yield tuple(map(_stored, row))


def _stored(value: Any) -> Any:
    """A value as SQLAlchemy keeps it in SQLite: moments in UTC without saying so."""
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, memoryview):
        return bytes(value)
    return int(value) if isinstance(value, bool) else value


# ------------------------------------------------------------------------------------------- file → PostgreSQL


def fill(engine: sa.Engine, file: Path) -> None:
    """Write a snapshot into the tables of a PostgreSQL database of the same revision, in one transaction.

    What the migrations wrote into them goes; events were never written there, and none can be taken away.
    """
    found = sa.MetaData()
    with closing(read(file)) as copy, engine.begin() as target:
        found.reflect(target)
        ordered = [table for table in _ours(found) if table.name in tables(copy)]
        target.execute(sa.text("SET LOCAL TIME ZONE 'UTC'"))
        for table in reversed(ordered):
            if table.name != "event":
                target.execute(table.delete())
        for table in ordered:
            _copy_in(target, copy, table)
            _move_sequence(target, table)


def _copy_in(target: sa.Connection, copy: sqlite3.Connection, table: sa.Table) -> None:
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    driver: Any = target.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as stream:
        for row in copy.execute(f'SELECT {names} FROM "{table.name}"'):  # noqa: S608 - names of ours
            stream.write_row(row)


def _move_sequence(target: sa.Connection, table: sa.Table) -> None:
    """The next row the database numbers by itself comes after those that were copied."""
    keys = list(table.primary_key.columns)
    if len(keys) != 1 or not isinstance(keys[0].type, sa.Integer):
        return
    name = {"table": f'"{table.name}"', "column": keys[0].name}
    sequence = target.scalar(sa.text("SELECT pg_get_serial_sequence(:table, :column)"), name)
    last = target.scalar(sa.select(sa.func.max(keys[0])))
    if sequence and last:
        target.execute(sa.select(sa.func.setval(sequence, last)))
