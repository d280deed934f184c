"""Alembic migrations, packed with the product: `upgrade(url)` brings a database to this version of the code."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory


def _config(engine: sa.Engine) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["engine"] = engine
    return config


def upgrade(engine: sa.Engine, revision: str = "head") -> None:
    """Move the schema up; a migration that fails leaves everything as it was."""
    command.upgrade(_config(engine), revision)


def current(engine: sa.Engine) -> str | None:
    """The revision the database is at; None for an empty one."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head() -> str:
    """The revision this code wants."""
    script = ScriptDirectory(str(Path(__file__).parent))
    return str(script.get_current_head())


def knows(revision: str) -> bool:
    """Whether this code has this revision; not, it is of a newer version."""
    script = ScriptDirectory(str(Path(__file__).parent))
    return revision in {one.revision for one in script.walk_revisions()}


def differs(found: str | None) -> str:
    """What is said, in Vietnamese, of a database that is at another revision than `head()`: None is an empty one."""
    if found and not knows(found):
        return f"Cơ sở dữ liệu ở bản {found}, do một phiên bản mới hơn của Văn Thư tạo ra. Hãy cài phiên bản ấy."
    return f"Cơ sở dữ liệu ở bản {found or 'trống'}, chương trình cần bản {head()}. Hãy chạy: vanthu upgrade"
