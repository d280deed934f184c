"""vanthu up, serve, work, upgrade: the processes, and the schema they need."""

from __future__ import annotations

import gc
import logging
import signal
import sys
import threading
from typing import TYPE_CHECKING

import click

from archive.errors import ArchiveError, BadSettings, NotItsOwn
from server.commands import Desk, each, speak

if TYPE_CHECKING:
    import sqlalchemy as sa

log = logging.getLogger("vanthu.offices")
_port = click.option("--port", type=click.IntRange(1, 65535), help="Port the web listens on (VANTHU_PORT).")
_host = click.option("--host", help="Address the web listens on (VANTHU_HOST).")
THREADS = 8
MOST_THREADS = 48
"""Of the web of many offices."""
_TWO_BROKERS = (
    "Một tiến trình chỉ nghe một máy chủ hàng đợi: mọi cơ quan dùng chung celery+… cần cùng một địa chỉ, khác nhau ở "
    "?queue=. Cơ quan dùng máy chủ riêng thì chạy riêng: vanthu --office SLUG work."
)
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
    speak(form=desk.common.log_format)
    if desk.offices and not desk.serves_all:
        raise BadSettings("vanthu up chạy mọi cơ quan của cài đặt này; hãy bỏ --office.")
    desks = _each(desk)
    for one in desks:
        _ = one.blobs  # a store that cannot be opened is said here, and not by each process
    need_port(desk.common)  # a new link ends the one that the server on this port has printed
    for one in desks:
        _begin(one, alone=not desk.serves_all)
    sys.stdout.flush()
    desk.close()  # no connection may be open while processes are started
    sys.exit(supervise(desk.common, [one.settings for one in desks]))


def _each(desk: Desk) -> list[Desk]:
    """A desk for each office; the one desk where there are no several."""
    return [desk.of(one) for one in desk.offices] if desk.serves_all else [desk]


def _begin(desk: Desk, *, alone: bool) -> None:
    """The tables of an archive, its address and the first administrator's link. Of several one may be away."""
    import sqlalchemy as sa

    try:
        _upgrade(desk)
        click.echo(f"{desk.settings.office or 'Văn Thư'}: {_address(desk)}")
        if link := _first_link(desk):
            where = f"{_address(desk)}/setup/{link}"
            click.echo(f"Tạo quản trị viên đầu tiên (liên kết dùng một lần, trong 24 giờ): {where}")
    except (sa.exc.SQLAlchemyError, OSError, ArchiveError) as error:
        if alone or isinstance(error, NotItsOwn):  # two offices in one place are a fault of the list, not of one
            raise
        slug = desk.office.slug if desk.office else ""
        log.error("office not upgraded office=%s cause=%s", slug, type(error).__name__)
    finally:
        desk.close()


def _address(desk: Desk) -> str:
    here, office = desk.settings, desk.office
    if office and office.host:
        return f"http://{office.host}:{here.port}"
    return f"http://{here.host}:{here.port}" + (f"/{office.slug}" if office else "")


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

    from server import create_app, errors
    from server.offices import Front

    desk.give(port=port, host=host)
    speak(form=desk.common.log_format)
    stop = threading.Event()
    if not desk.serves_all:
        _ = desk.engine  # of this version, or this is said
    threading.Thread(target=each.run, args=(desk, _follow, stop), daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    settings = desk.common
    logging.getLogger("waitress").addFilter(errors.without_path)
    app = Front(desk.offices, settings) if desk.serves_all else create_app(desk.settings, desk.office, desk.offices)
    threads = min(THREADS * max(1, len(desk.offices)), MOST_THREADS) if desk.serves_all else THREADS
    # Without a proxy nobody may say where a request comes from; with one, werkzeug's ProxyFix counts the hops.
    kept = {"clear_untrusted_proxy_headers": not settings.trusted_proxies}
    _settle()
    waitress.serve(app, host=settings.host, port=settings.port, threads=threads, ident=None, **kept)


def _settle() -> None:
    """What is loaded by now stays: to look through it for garbage again and again held every fifth page of the routing
    board up by .15 s (100,000 papers, `./run bench scale`), with this by .05 s."""
    from sqlalchemy.orm import configure_mappers

    configure_mappers()
    gc.collect()
    gc.freeze()


def _follow(desk: Desk, stop: threading.Event) -> None:
    from archive.pipeline import Archive
    from archive.pipeline.following import Following

    Following(desk.readers, Archive.of(desk.settings, desk.sessions)).run(stop)


@click.command()
@click.pass_obj
def work(desk: Desk) -> None:
    """A worker only; any number may run, on any machine with the same engines."""
    from archive.jobs.fair import FairWorker, Turns
    from archive.jobs.worker import Worker

    speak(form=desk.common.log_format)
    if desk.serves_all and len({one.settings.jobs.partition("?")[0] for one in desk.offices} - {"database:"}) > 1:
        raise BadSettings(_TWO_BROKERS)
    turns, stop = Turns(), each.stopping()

    def part(one: Desk, stop: threading.Event) -> None:
        _ = one.engine  # of this version, or this is said
        (FairWorker(one.settings, turns) if desk.serves_all else Worker(one.settings)).run(stop)

    if desk.serves_all:
        threading.Thread(target=each.run, args=(desk, _carry, stop), daemon=True).start()
    elif desk.office:
        threading.Thread(target=each.keep_at, args=(desk.of(desk.office), _carry, stop), daemon=True).start()
    each.run(desk, part, stop)


def _carry(desk: Desk, stop: threading.Event) -> None:
    """The post of an office to the others."""
    from archive.post.carrying import Carrier

    _ = desk.engine  # of this version, or this is said
    if desk.office:
        Carrier(desk.office, desk.offices).run(stop)


@click.command()
@click.option("--adopt", is_flag=True, help="With --office: a database that bears another office's name is this one's.")
@click.pass_obj
def upgrade(desk: Desk, adopt: bool) -> None:
    """Bring the database to this version; it is copied first."""
    if adopt and not desk.office:
        raise click.UsageError("--adopt đi cùng --office SLUG")
    before, after = _upgrade(desk, adopts=adopt)
    click.echo(f"Cơ sở dữ liệu ở bản {after}." if before == after else f"Đã nâng cấp: {before or 'mới'} → {after}.")


def _upgrade(desk: Desk, *, adopts: bool = False) -> tuple[str | None, str]:
    """The revision before and after."""
    import migrations
    from archive import database, whose
    from archive.backup.restoring import need_finished

    need_finished(desk.settings.data)  # nobody begins a new archive in the place of one that is coming back
    engine = database.open_engine(desk.settings.database_url)
    try:
        before = migrations.current(engine)
        if before and not migrations.knows(before):
            raise BadSettings(migrations.differs(before))
        if before not in (None, migrations.head()):
            _copy(desk, engine, before)
        migrations.upgrade(engine)
        if desk.office:
            if adopts:
                whose.adopt(engine, desk.office.slug)
            whose.opened(engine, desk.office.slug)
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
