"""What the commands share: the settings in force, the archive they open, and how they say no."""

from __future__ import annotations

import contextlib
import json
import logging
import sys
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archive import logs
from archive.errors import ArchiveError, BadSettings, BadValue, Transient

if TYPE_CHECKING:
    import sqlalchemy as sa

    from archive.blobs import Blobs
    from archive.config import Settings
    from archive.database import Sessions
    from archive.jobs import Dispatcher
    from archive.offices import Office
    from archive.search import Index

ACTOR = "cli"
"""Who events of the command line are said to be by."""


class Refusing(click.Group):
    """Turns errors of the archive into a sentence on standard error and status 1; wrong settings are status 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ArchiveError as error:
            click.echo(str(error), err=True)
            ctx.exit(2 if isinstance(error, BadSettings) else 1)


class Desk:
    """What a command works with; each part is opened when first asked for."""

    def __init__(
        self, config: str | None = None, data: str | None = None, office: str | None = None, **given: Any
    ) -> None:  # fmt: skip
        self._config, self._slug, self._given = config, office, {"data": data, **given}

    @cached_property
    def common(self) -> Settings:
        """The settings before any office says otherwise: those of the processes."""
        from archive import config

        return config.load(self._config, **self._given)

    @cached_property
    def offices(self) -> tuple[Office, ...]:
        """All offices of this installation; () where it serves one, without a list."""
        from archive import offices

        return offices.load(self.common)

    @property
    def serves_all(self) -> bool:
        """Whether there are several offices and none of them was named."""
        return bool(self.offices) and self._slug is None

    @cached_property
    def office(self) -> Office | None:
        """The one that was named; None where there is no list. BadSettings for none of several."""
        from archive import offices

        if self.serves_all:
            known = ", ".join(one.slug for one in self.offices)
            raise BadSettings(f"Có nhiều cơ quan; hãy nói rõ: vanthu --office SLUG … Các cơ quan: {known}.")
        return offices.named(self.offices, self._slug) if self._slug is not None else None

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.office.settings if self.office else self.common

    def of(self, office: Office) -> Desk:
        """The same for one of the offices."""
        return Desk(self._config, office=office.slug, **self._given)

    def give(self, **given: Any) -> None:
        """Options of a command that are settings too; they win."""
        self._given |= {name: value for name, value in given.items() if value is not None}

    @cached_property
    def engine(self) -> sa.Engine:
        """The database, with tables: a new one is made, an older one must be upgraded first."""
        import migrations
        from archive import database, whose
        from archive.backup.restoring import need_finished

        need_finished(self.settings.data)
        engine = database.open_engine(self.settings.database_url)
        found = _revision(engine)
        if found is None:
            migrations.upgrade(engine)
        elif found != migrations.head():
            engine.dispose()
            raise BadSettings(migrations.differs(found))
        return whose.opened(engine, self.office.slug) if self.office else engine

    @cached_property
    def sessions(self) -> Sessions:
        """Sessions that may write."""
        from archive import database
        from archive.jobs import telling

        return telling(database.sessions(self.engine), self.jobs)

    @cached_property
    def jobs(self) -> Dispatcher:
        """What carries word of work to the workers."""
        from archive.jobs import open_jobs

        return open_jobs(self.settings)

    @cached_property
    def readers(self) -> Sessions:
        """Sessions that only read."""
        from archive import database

        return database.readers(self.engine)

    @cached_property
    def blobs(self) -> Blobs:
        """The originals."""
        from archive.blobs import open_blobs

        return open_blobs(self.settings.blobs, self.settings.data)

    @cached_property
    def index(self) -> Index:
        """The search index."""
        from archive.search import open_search

        return open_search(self.settings.search, self.settings.data, self.settings.database_url)

    def close(self) -> None:
        """Give back what was opened."""
        if "index" in vars(self):
            self.index.close()
        if "jobs" in vars(self):
            self.jobs.flush()
        if "engine" in vars(self):
            self.engine.dispose()


def _revision(engine: sa.Engine) -> str | None:
    import sqlalchemy as sa

    import migrations

    try:
        return migrations.current(engine)
    except sa.exc.OperationalError as error:
        raise Transient("Cơ sở dữ liệu không trả lời. Hãy xem lại VANTHU_DATABASE: vanthu check") from error


def speak(level: int = logging.INFO, form: str = "text") -> None:
    """Log to standard error, one event a line; a service does so in the `log_format` of the settings."""
    logs.speak(level, form)
    logging.getLogger("alembic").setLevel(logging.WARNING)


def show(value: Any) -> None:
    """One JSON object on one line of standard output, UTF-8, not escaped."""
    sys.stdout.buffer.write((json.dumps(value, ensure_ascii=False) + "\n").encode("utf-8", "replace"))
    sys.stdout.buffer.flush()


def refuse(name: str, error: BaseException) -> None:
    """Say on standard error why this one input was not taken."""
    why = str(error) if isinstance(error, ArchiveError) else _plain(error)
    click.echo(f"{name}: {why}", err=True)


def _plain(error: BaseException) -> str:
    if isinstance(error, FileNotFoundError):
        return "không có tệp này"
    if isinstance(error, IsADirectoryError):
        return "là thư mục, không phải tệp"
    if isinstance(error, PermissionError):
        return "không có quyền đọc tệp này"
    return f"không đọc được ({type(error).__name__})"


def text_of(file: str) -> str:
    """What stands in a UTF-8 file that somebody names. BadValue."""
    try:
        return Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise BadValue(f"Không đọc được tệp {file}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise BadValue(f"Tệp {file} không phải là chữ UTF-8.") from error


def put_out(content: bytes, target: str | None) -> None:
    """Write to the file somebody names, to standard output where it is None. BadValue."""
    if target is None:
        sys.stdout.buffer.write(content)
        return
    with writing(target):
        Path(target).write_bytes(content)


@contextlib.contextmanager
def writing(file: str) -> Iterator[None]:
    """BadValue where the file that somebody names cannot be written."""
    try:
        yield
    except OSError as error:
        raise BadValue(f"Không ghi được tệp {file}: {error.strerror}.") from error
