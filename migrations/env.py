"""How Alembic runs a migration here: one transaction, foreign keys off while SQLite tables are rebuilt.

Batch mode copies a table, drops the old one and renames; with foreign keys ON the drop silently deletes the
children (measured). So they are off on this connection, and checked before the commit.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context

from archive.models import Base


def _refuse_orphans(connection: sa.Connection) -> None:
    orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if orphans:
        raise RuntimeError(f"migration would leave {len(orphans)} rows without their parents; nothing was changed")


def _migrate(connection: sa.Connection) -> None:
    sqlite = connection.dialect.name == "sqlite"
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True,
                      transactional_ddl=True, transaction_per_migration=False)  # fmt: skip
    with connection.begin():
        context.run_migrations()
        if sqlite:
            _refuse_orphans(connection)


def run() -> None:
    engine: sa.Engine = context.config.attributes["engine"]
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.connection.cursor().execute("PRAGMA foreign_keys=OFF")
        try:
            _migrate(connection)
        finally:
            if engine.dialect.name == "sqlite":
                connection.connection.cursor().execute("PRAGMA foreign_keys=ON")


run()
