"""vanthu up, serve, work, upgrade: the processes, and the schema they need."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from typing import TYPE_CHECKING

import click

from server.commands import Desk, speak

if TYPE_CHECKING:
    import sqlalchemy as sa

_port = click.option("--port", type=click.IntRange(1, 65535), help="Port the web listens on (VANTHU_PORT).")
_host = click.option("--host", help="Address the web listens on (VANTHU_HOST).")
THREADS = 8
KEPT = 3
"""Copies of the database from before an upgrade that stay."""


@click.command()
@_port
@_host
@click.option("--workers", type=click.IntRange(0, 64), help="Workers to start; 0: one a core.")
@click.pass_obj
def up(desk: Desk, port: int | None, host: str | None, workers: int | None) -> None:
    """Web and workers under one supervisor; migrates first."""
    from server.supervisor import need_port, supervise

    desk.give(port=port, host=host, workers=workers)
    speak(form=desk.settings.log_format)
    _ = desk.blobs  # a store that cannot be opened is said here, and not by each process
    need_port(desk.settings)  # a new link ends the one that the server on this port has printed
    _upgrade(desk)
    click.echo(f"Văn Thư: {_address(desk)}")
    if link := _first_link(desk):
        click.echo(f"Tạo quản trị viên đầu tiên (liên kết dùng một lần, trong 24 giờ): {_address(desk)}/setup/{link}")
    sys.stdout.flush()
    desk.close()  # no connection may be open while processes are started
    sys.exit(supervise(desk.settings))


def _address(desk: Desk) -> str:
    return f"http://{desk.settings.host}:{desk.settings.port}"


def _first_link(desk: Desk) -> str | None:
    """The secret of the first administrator's link; None where there is an administrator."""
    from archive import people

    with desk.sessions.begin() as session:
        return None if people.has_administrator(session) else people.setup_link(session)


@click.command()
@_port
@_host
@click.pass_obj
def serve(desk: Desk, port: int | None, host: str | None) -> None:
    """The web only."""
    import waitress

    from archive.pipeline import Archive
    from archive.pipeline.following import Following
    from server import create_app, errors

    desk.give(port=port, host=host)
    speak(form=desk.settings.log_format)
    following = Following(desk.readers, Archive.of(desk.settings, desk.sessions))
    threading.Thread(target=following.run, args=(threading.Event(),), daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    settings = desk.settings
    logging.getLogger("waitress").addFilter(errors.without_path)
    app, proxied = create_app(settings), settings.trusted_proxies > 0
    # Without a proxy nobody may say where a request comes from; with one, werkzeug's ProxyFix counts the hops.
    kept = {"clear_untrusted_proxy_headers": not proxied}
    waitress.serve(app, host=settings.host, port=settings.port, threads=THREADS, ident=None, **kept)


@click.command()
@click.pass_obj
def work(desk: Desk) -> None:
    """A worker only; any number may run, on any machine with the same engines."""
    from archive.jobs.worker import Worker

    speak(form=desk.settings.log_format)
    _ = desk.engine
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    Worker(desk.settings).run(stop)


@click.command()
@click.pass_obj
def upgrade(desk: Desk) -> None:
    """Bring the database to this version; it is copied first."""
    before, after = _upgrade(desk)
    click.echo(f"Cơ sở dữ liệu ở bản {after}." if before == after else f"Đã nâng cấp: {before or 'mới'} → {after}.")


def _upgrade(desk: Desk) -> tuple[str | None, str]:
    """The revision before and after."""
    import migrations
    from archive import database
    from archive.backup.restoring import need_finished

    need_finished(desk.settings.data)  # nobody begins a new archive in the place of one that is coming back
    engine = database.open_engine(desk.settings.database_url)
    try:
        before = migrations.current(engine)
        if before not in (None, migrations.head()):
            _copy(desk, engine, before)
        migrations.upgrade(engine)
    finally:
        engine.dispose()
    return before, migrations.head()


def _copy(desk: Desk, engine: sa.Engine, revision: str | None) -> None:
    """A migration that fails changes nothing; this is for one that succeeds and should not have."""
    import migrations
    from archive.backup import disk, snapshot
    from archive.durable import sync

    folder = desk.settings.data / "before-upgrade"
    file = folder / f"{revision}-{_stamp()}.db"
    with disk.on_disk(folder):
        folder.mkdir(parents=True, exist_ok=True)
        snapshot.take(engine, file, migrations.upgrade)
        sync(file)
        sync(folder)
        for old in sorted(folder.glob("*.db"), key=lambda one: one.stat().st_mtime)[:-KEPT]:
            old.unlink()
    click.echo(f"Trước khi nâng cấp đã sao cơ sở dữ liệu vào {file}; muốn trở lại, xem docs/backup.md.")


def _stamp() -> str:
    from archive.models import now

    return now().strftime("%Y%m%d%H%M%S")
