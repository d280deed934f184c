"""Generations of an index that lies in the archive's own PostgreSQL: which serves, which is begun, who may write.

Everything stands in a schema of its own, `vanthu_search`, that no migration and no backup knows: it is a projection
and may be dropped at any time. A row of `generation` for each, its tables are called after it. The locks are advisory
ones of the database: they hold between machines and end with the connection that has them.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from archive import database
from archive.errors import BadSettings, IndexBroken, Transient
from archive.search.generations import BUSY, NONE

SCHEMA = "vanthu_search"
_LOCKS = 0x76616E
"""First half of the names of our locks; no other of the archive's begins so."""
_BUILDER, _WRITER = 1, 2
TABLES = ("made", "entry", "sequence", "word", "segment", "block", "recent", "gone")
"""Of a generation; who reads it asks for the first before all others."""
_WAIT = 30.0
_NOTES = """
CREATE SCHEMA IF NOT EXISTS {};
CREATE TABLE IF NOT EXISTS {}.generation(
    name text PRIMARY KEY, plan text NOT NULL, begun boolean NOT NULL DEFAULT true,
    serves boolean NOT NULL DEFAULT false, bad boolean NOT NULL DEFAULT false, marker text NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS {}.changed(id text NOT NULL);
"""
_NEW = """
INSERT INTO {}.generation(name, plan)
VALUES ('p' || CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint), :plan) RETURNING name
"""
"""Called after the moment: no name comes back, whatever was dropped."""
_FOUND = "SELECT *, to_regclass('{}.' || name || '_made') IS NULL AS gone FROM {}.generation WHERE "
_AS_WE_ASK = (
    "jit = off", "enable_seqscan = off", "tcp_keepalives_idle = 30", "tcp_keepalives_interval = 10",
    "tcp_keepalives_count = 3", "idle_in_transaction_session_timeout = '10min'",
)  # fmt: skip
"""Compiling costs more than it saves; tables without statistics are asked by their indexes; what a machine held that
was cut off is free within a minute; who reads long papers before telling of them is not cut off."""


class PostgresGenerations:
    """The generations in the database at `url`; `root` is where a builder keeps what it has half done.

    The same face as Generations.
    """

    def __init__(self, url: str, root: Path) -> None:
        self.root = root
        # Connections of our own: who searches has one of the archive's already and must not wait for a second.
        self.engine = database.open_engine(url)
        event.listen(self.engine, "connect", _speak)
        self._own = threading.local()
        self._there = False

    @property
    def writer(self) -> sa.Connection | None:
        """In whose transaction this thread writes; None outside `writing`."""
        writer: sa.Connection | None = getattr(self._own, "writer", None)
        return writer

    @property
    def serving(self) -> str | None:
        """Name of the generation that serves; None where there is none. Raises IndexBroken when it is marked bad."""
        found = self._noted("serves")
        if found and (found.bad or found.gone):
            raise IndexBroken(NONE)
        return str(found.name) if found else None

    @property
    def current(self) -> str:
        """Name of the generation that serves. Raises IndexBroken when there is none or it is marked bad."""
        if name := self.serving:
            return name
        raise IndexBroken(NONE)

    def condemn(self, name: str) -> None:
        """Tells every process that this generation is not to be read."""
        with contextlib.suppress(sa.exc.SQLAlchemyError), self.engine.begin() as connection:
            _run(connection, "UPDATE {}.generation SET bad = true WHERE name = :name", name=name)

    def marker(self, name: str) -> dict[str, object]:
        """With what the generation was built. Raises IndexBroken when that cannot be read."""
        found = self._noted("name = :name", name=name)
        try:
            marker = json.loads(found.marker if found else "")
        except ValueError as error:
            raise IndexBroken(NONE) from error
        return marker if isinstance(marker, dict) else {}

    def begin(self, plan: str = "") -> Path:
        """A new empty generation, or one that was begun with the same `plan` on this machine. Only while building."""
        begun = self._noted("begun")
        if plan and begun and begun.plan == plan and (self.root / begun.name).is_dir():
            return self.root / str(begun.name)
        with _passing(), _allowed(), self.engine.begin() as connection:
            _lock(connection, "pg_advisory_xact_lock", _WRITER, _WAIT)
            _run(connection, _NOTES)
            _run(connection, "DELETE FROM {}.generation WHERE begun")
            _run(connection, "DELETE FROM {}.changed")
            return self.root / str(_run(connection, _NEW, plan=plan).scalar_one())

    def note_changed(self, names: Iterable[str]) -> None:
        """While a generation is under construction: these documents were told to the old one. Only under `writing`."""
        if self._noted("begun"):
            self._write("INSERT INTO {}.changed SELECT unnest(CAST(:names AS text[]))", names=list(names))

    @property
    def changed(self) -> list[str]:
        """What `note_changed` was told since the construction began: the new generation may not know it."""
        return [row.id for row in self._asked("SELECT DISTINCT id FROM {}.changed")] if self._is_there() else []

    def switch(self, folder: Path, marker: Mapping[str, object]) -> None:
        """From now on the generation `folder` is called after serves. Only under `writing`, at whose end it is so."""
        said = json.dumps(marker)
        self._write("DELETE FROM {}.generation WHERE name <> :name", name=folder.name)
        self._write("UPDATE {}.generation SET serves = true, begun = false, marker = :said", said=said)
        self._write("DELETE FROM {}.changed")

    def retire(self) -> None:
        """None of them serves from now on, but one in a folder. Only under `writing`, at whose end it is so."""
        if self._is_there():
            self._write("DELETE FROM {}.generation")
            self._write("DELETE FROM {}.changed")
            self._write("INSERT INTO {}.generation(name, plan, begun) VALUES ('', '', false)")

    @property
    def is_left(self) -> bool:
        """Does a generation in a folder serve after one of these?"""
        return self._noted("name = ''") is not None

    @contextlib.contextmanager
    def building(self, timeout: float) -> Iterator[None]:
        """Holds the lock of whoever builds a generation; the one that serves can be written meanwhile."""
        with contextlib.ExitStack() as held:
            with _passing():
                connection = held.enter_context(self.engine.connect()).execution_options(isolation_level="AUTOCOMMIT")
                held.callback(connection.invalidate)  # ends the connection, and the lock with it
                _lock(connection, "pg_advisory_lock", _BUILDER, timeout)
            yield
            with contextlib.suppress(Transient):
                self._sweep()

    @contextlib.contextmanager
    def writing(self, timeout: float) -> Iterator[sa.Connection]:
        """Holds the one lock of writers; what is done by the connection is done, all of it, at the end.

        Raises Transient when another holds the lock for longer than `timeout` seconds.
        """
        with _passing(), self.engine.begin() as connection:
            _lock(connection, "pg_advisory_xact_lock", _WRITER, timeout)
            self._own.writer = connection
            try:
                yield connection
            finally:
                self._own.writer = None

    def close(self) -> None:
        """Ends the connections; made again when asked."""
        self.engine.dispose()

    def _sweep(self) -> None:
        """Drops tables of generations that are no more; those somebody reads just now go with the next one built."""
        if not self._is_there():
            return
        kept = {row.name for row in self._asked("SELECT name FROM {}.generation")}
        known = self._asked("SELECT tablename FROM pg_tables WHERE schemaname = :schema", schema=SCHEMA)
        for name in sorted({row.tablename.partition("_")[0] for row in known if "_" in row.tablename} - kept):
            with _passing(), self.engine.begin() as connection:
                drop(connection, name)

    def _noted(self, which: str, **given: object) -> Any:
        """The row of a generation; None where there is none."""
        if not self._is_there():
            return None
        try:
            found = self._asked(_FOUND + which, **given)
        except sa.exc.ProgrammingError:  # dropped since we looked
            self._there = False
            return None
        return found[0] if found else None

    def _is_there(self) -> bool:
        """Are there notes? Asked before they are read: PostgreSQL would log an error each time."""
        if not self._there:
            self._there = bool(self._asked("SELECT to_regclass('{}.changed') IS NOT NULL AS there")[0].there)
        return self._there

    def _write(self, statement: str, **given: object) -> None:
        if not self.writer:
            raise RuntimeError("outside of writing")
        _run(self.writer, statement, **given)

    def _asked(self, statement: str, **given: object) -> list[Any]:
        if self.writer:
            return list(_run(self.writer, statement, **given))
        with _passing(), self.engine.connect() as connection:
            return list(_run(connection, statement, **given))


def drop(connection: sa.Connection, name: str) -> None:
    """The tables of a generation, if there are. The first waits for whoever reads it."""
    _run(connection, "SET LOCAL lock_timeout = '5s'")
    for table in TABLES:
        _run(connection, f"DROP TABLE IF EXISTS {{}}.{name}_{table}")


_NO_FILE, _STANDS_STILL = "58P01", "25"
"""SQLSTATEs: a table's own file is gone; the server only reads, or ended a transaction that took too long."""


def may_pass(error: BaseException) -> bool:
    """Is it the server, the way to it or its disk, and not the index?"""
    state = str(getattr(getattr(error, "orig", None), "sqlstate", None))
    if isinstance(error, sa.exc.InternalError):
        return state.startswith(_STANDS_STILL)
    return isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError) and state != _NO_FILE


@contextlib.contextmanager
def _passing() -> Iterator[None]:
    try:
        yield
    except sa.exc.DBAPIError as error:
        if not may_pass(error):
            raise
        raise Transient(BUSY) from error


@contextlib.contextmanager
def _allowed() -> Iterator[None]:
    try:
        yield
    except sa.exc.ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) != "42501":
            raise
        raise BadSettings(
            "Người dùng PostgreSQL trong VANTHU_DATABASE không được lập chỉ mục tìm kiếm; hãy chạy: "
            f"CREATE SCHEMA {SCHEMA} AUTHORIZATION người_dùng."
        ) from error


def _run(connection: sa.Connection, statement: str, **given: object) -> sa.CursorResult[Any]:
    return connection.execute(sa.text(statement.replace("{}", SCHEMA)), given)


def _lock(connection: sa.Connection, kind: str, which: int, timeout: float) -> None:
    _run(connection, "SELECT set_config('lock_timeout', :most, false)", most=f"{max(1, round(timeout * 1000))}ms")
    _run(connection, f"SELECT {kind}(:lock, :which)", lock=_LOCKS, which=which)


def _speak(connection: Any, _record: Any) -> None:
    connection.autocommit = True
    for setting in _AS_WE_ASK:
        connection.execute(f"SET {setting}")
    connection.autocommit = False
