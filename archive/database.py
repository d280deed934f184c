"""The engine and sessions of the one database: SQLite on one machine, PostgreSQL on many."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Session, sessionmaker

Sessions = sessionmaker[Session]
PATIENCE = 30.0
"""Seconds for which one who writes to SQLite, and a worker in PostgreSQL, waits for another's lock."""
ANSWER = 10
"""Seconds for a PostgreSQL to take a connection, and for either end of one to say that it is still there."""
PAUSE = 60.0
"""Seconds for one statement of the web and of workers, and for a server that lives and says nothing; a little more."""
_SILENCE = {"tcp_keepalives_idle": ANSWER // 2, "tcp_keepalives_interval": 2, "tcp_keepalives_count": 3}


def open_engine(url: str, *, durable: bool = True, idle: float = 0, longest: float = 0) -> sa.Engine:
    """An engine for `url`. `durable` False (tests only) lets SQLite answer before the disk has the bytes.

    `idle`: seconds after which a PostgreSQL ends a transaction in which nothing is said, and its locks; then it also
    waits no longer than PATIENCE for a lock. `longest`: seconds a statement may take there; a server that stands still,
    whose machine answers for it, is given up ANSWER seconds later. 0: never.
    """
    # Errors go into the log, and what a statement was given may be the text of a paper: hide_parameters.
    if not url.startswith("sqlite"):
        engine = sa.create_engine(url, pool_pre_ping=True, hide_parameters=True, connect_args=_reachable(url))
        _speak_postgresql(engine, idle, longest)
        event.listen(engine, "handle_error", _keep_to_the_first_line)
        if longest:
            _give_up(engine, longest + ANSWER)
        return engine
    file = sa.make_url(url).database
    if file:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    arguments = {"timeout": PATIENCE, "isolation_level": None, "check_same_thread": False}
    engine = sa.create_engine(url, connect_args=arguments, hide_parameters=True)
    _speak_sqlite(engine, "FULL" if durable else "OFF")
    return engine


def _reachable(url: str) -> dict[str, Any]:
    """What lets this end know of a cable that was pulled out: unasked, the kernel waits for a quarter of an hour with
    what was sent, and for ever with what is awaited. What the address says itself stays."""
    ours = {"connect_timeout": ANSWER, "tcp_user_timeout": 1000 * ANSWER}
    ours |= {name.replace("tcp_", ""): seconds for name, seconds in _SILENCE.items()}
    said = sa.make_url(url).query
    return {name: value for name, value in ours.items() if name not in said}


def _speak_postgresql(engine: sa.Engine, idle: float, longest: float) -> None:
    """The same for the server's end: a machine that is gone must not keep the rows it had locked."""
    wanted = _SILENCE | {"tcp_user_timeout": 1000 * ANSWER}
    if idle:
        wanted |= {"idle_in_transaction_session_timeout": round(1000 * idle), "lock_timeout": round(1000 * PATIENCE)}
    if longest:
        wanted |= {"statement_timeout": round(1000 * longest)}
    statement = "; ".join(f"SET {name} = {value}" for name, value in wanted.items())

    @event.listens_for(engine, "connect")
    def _set(connection: Any, _record: Any) -> None:
        connection.execute(statement)
        connection.commit()


def _keep_to_the_first_line(context: sa.engine.ExceptionContext) -> None:
    """PostgreSQL goes on with what was written: `DETAIL: Key (name)=(…) already exists.`"""
    error, told = context.original_exception, context.sqlalchemy_exception
    first = getattr(getattr(error, "diag", None), "message_primary", None)
    if first is None:
        return
    whole, error.args = str(error), (first,)
    if told is not None:
        told.args = tuple(one.replace(whole, first) if isinstance(one, str) else one for one in told.args)


def _give_up(engine: sa.Engine, seconds: float) -> None:
    """No answer of a server is waited for longer; its connection is closed then, and so lost to the pool."""
    import psycopg

    class Impatient(psycopg.Connection[Any]):
        def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
            """What psycopg waits by for whatever a server says; with a `timeout` of its own it is not an error."""
            began = time.monotonic()
            try:
                return super().wait(gen, interval, seconds if timeout is None else timeout)
            except psycopg.OperationalError:
                if timeout is None and time.monotonic() - began >= seconds:
                    self.close()  # what it would say later is an answer to nothing
                raise

    @event.listens_for(engine, "do_connect")
    def _connect(_dialect: Any, _record: Any, given: Any, more: Any) -> Any:
        return Impatient.connect(*given, **more)


def _speak_sqlite(engine: sa.Engine, synchronous: str) -> None:
    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        waits = f"busy_timeout={1000 * PATIENCE:.0f}"
        for pragma in (waits, "journal_mode=WAL", f"synchronous={synchronous}", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # A transaction that reads first and writes later cannot wait out a lock: writers take it at once.
        reading = connection.get_execution_options().get("reading")
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


TOO_LONG = "57014"
"""SQLSTATE of a statement that was ended because of its length: asked again, it would take as long."""


def is_away(error: BaseException) -> bool:
    """Whether the database or its disk failed, not what it was asked: the same may well succeed later."""
    if not isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError | sa.exc.InternalError):
        return False
    if getattr(error.orig, "sqlstate", None) == TOO_LONG:
        return False
    # SQLite calls a misspelt statement operational, too.
    return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_ERROR


def address(engine: sa.Engine) -> str:
    """The URL of `engine`, with its password."""
    return engine.url.render_as_string(hide_password=False)


def sessions(engine: sa.Engine) -> Sessions:
    """Sessions that may write."""
    return sessionmaker(engine, expire_on_commit=False)


def readers(engine: sa.Engine) -> Sessions:
    """Sessions that only read: on SQLite they never wait for a writer."""
    return sessionmaker(engine.execution_options(reading=True), expire_on_commit=False)
