"""vanthu backup, restore, import: copies on another disk, an archive out of one, a book from another archive."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archive.errors import BadValue
from server.commands import ACTOR, Desk

if TYPE_CHECKING:
    from archive.backup.making import Made
    from archive.backup.restoring import Schema
    from archive.backup.target import Target


class Progress:
    """Says on standard error how far it is: one line that moves on a terminal, one a tenth elsewhere."""

    def __init__(self) -> None:
        self._last: tuple[str, int] | None = None

    def __call__(self, what: str, done: int, of: int) -> None:
        moving = sys.stderr.isatty()
        step = (what, done * (100 if moving else 10) // max(of, 1))
        if step == self._last or (done == 0 and of > 1):
            return
        self._last = step
        click.echo(f"\r\x1b[K{what}: {done}/{of}" if moving else f"{what}: {done}/{of}", err=True, nl=not moving)
        if moving and done == of:
            click.echo(err=True)


def schema() -> Schema:
    """What this version knows of the database."""
    import migrations
    from archive.backup.restoring import Schema

    return Schema(migrations.upgrade, migrations.head(), migrations.knows)


def place(target: str) -> Path:
    """A folder; BadValue for anything else."""
    if "://" in target:
        raise BadValue("Ở đây chỉ dùng được thư mục (ổ đĩa rời, ổ mạng đã gắn).")
    return Path(target)


@click.command()
@click.argument("target", metavar="DIR|s3://…")
@click.option("--keep", type=click.IntRange(1), metavar="N", help="Keep the newest N snapshots, and what they need.")
@click.option("--check", "only_check", is_flag=True, help="Copy nothing: verify every snapshot and every original.")
@click.option("--drop", metavar="NAME", help="Copy nothing: take this snapshot away.")
@click.option("--new", "fresh", is_flag=True, help="Begin anew though the folder, used before, is empty.")
@click.pass_context
def backup(
    context: click.Context, target: str, keep: int | None, only_check: bool, drop: str | None, fresh: bool
) -> None:  # fmt: skip
    """Copy everything into a folder of another disk, or an object store, while web and workers go on.

    What is there is not copied again. For s3://bucket/folder: the extra `s3`, and the AWS_… variables.
    """
    from archive.backup.bucket import open_target

    with contextlib.closing(open_target(target)) as there:
        if only_check:
            context.exit(_check(there))
        if drop:
            _drop(there, drop)
            return
        context.exit(_make(context.obj, there, keep, fresh))


def _make(desk: Desk, target: Target, keep: int | None, fresh: bool) -> int:
    from archive.backup import told
    from archive.backup.making import Source, make
    from archive.models import now

    begun = now()
    source = Source(desk.engine, desk.blobs, desk.settings, schema().migrate)
    made = make(source, target, keep=keep, fresh=fresh, tell=Progress())
    with desk.sessions.begin() as session:
        told.note(session, ACTOR, made.last(target.place))
    found = made.manifest
    seconds = (now() - begun).total_seconds()
    click.echo(
        f"Đã sao lưu vào {target.place}, bản {found.name}: {found.scans} tệp, {found.documents} văn bản, "
        f"{found.entries} dòng sổ; chép mới {made.copied} bản gốc ({made.copied_bytes / 1e6:.1f} MB), "
        f"{seconds:.0f} giây."
    )
    if made.dropped:
        click.echo(f"Đã bỏ {len(made.dropped)} bản cũ: {', '.join(made.dropped)}.")
    return _warn(made)


def _warn(made: Made) -> int:
    """What is not well with a backup that was made; the exit status."""
    for sha256 in made.manifest.damaged:
        click.echo(f"bản gốc {sha256}: mất hoặc hỏng trong kho nên không chép được; xem vanthu check --deep", err=True)
    for name in made.tainted:
        click.echo(f"bản sao lưu {name}: còn giữ chữ đã đọc của tệp nay bị cách ly vì có dấu mật; "
                   f"hãy bỏ bản ấy bằng --drop {name}", err=True)  # fmt: skip
    for document in made.untold:
        click.echo(f"văn bản {document}: chưa ghi được tệp JSON đi kèm; cơ sở dữ liệu vẫn có đủ", err=True)
    return 1 if made.manifest.damaged or made.tainted or made.untold else 0


def _check(target: Target) -> int:
    from archive.backup.checking import check

    found = check(target, Progress())
    for sentence in found.wrong:
        click.echo(sentence, err=True)
    well = "đều đúng" if not found.wrong else f"{len(found.wrong)} điều sai"
    click.echo(f"{found.snapshots} bản sao lưu, {found.originals} bản gốc: {well}.")
    return 1 if found.wrong else 0


def _drop(target: Target, name: str) -> None:
    from archive.backup import disk

    target.need()
    with disk.on_disk(target.place), target.locked():
        target.drop(target.chosen(name))
        count = target.collect()
    click.echo(f"Đã bỏ bản sao lưu {name} và {count} bản gốc không còn bản nào cần.")


@click.command()
@click.argument("source", metavar="SOURCE")
@click.option("--snapshot", metavar="NAME", help="Which one; the newest when left out.")
@click.pass_context
def restore(context: click.Context, source: str, snapshot: str | None) -> None:
    """Bring everything back into the empty data directory and database of the settings, then check it all.

    SOURCE: a folder or s3:// address of backups; or the file that `vanthu upgrade` kept, to bring back the database
    alone.
    """
    from archive.backup.bucket import open_target
    from archive.backup.restoring import restore as bring_back
    from archive.backup.restoring import restore_database
    from server.commands.checking import check

    desk: Desk = context.obj
    if Path(source).is_file():
        restore_database(Path(source), desk.settings, schema(), actor=ACTOR, tell=Progress())
    else:
        with contextlib.closing(open_target(source)) as there:
            found = bring_back(there, snapshot, desk.settings, schema(), actor=ACTOR, tell=Progress())
        for sha256 in found.lost:
            click.echo(f"bản gốc {sha256}: không có trong bản sao lưu, hoặc hỏng", err=True)
        for sha256 in found.secret:
            click.echo(f"bản gốc {sha256}: bị cách ly vì có dấu mật, không nằm trong bản sao lưu", err=True)
        click.echo(f"Đã phục hồi bản {found.manifest.name}.")
    _index(desk)
    click.echo("Mọi người phải đăng nhập lại. Mỗi sổ sẽ hỏi số cuối cùng trên giấy trước khi cấp số mới: "
               "vanthu register last, hoặc trang Sổ văn bản đến, mục “Số cuối trên giấy”.")  # fmt: skip
    context.invoke(check, deep=True, as_json=False)


def _index(desk: Desk) -> None:
    from archive.search.indexing import keep_up, rebuild

    click.echo("chỉ mục tìm kiếm: đang lập", err=True)
    count = rebuild(desk.sessions, desk.index)
    keep_up(desk.sessions, desk.index)
    click.echo(f"Đã lập lại chỉ mục: {count} văn bản.")


@click.command("import")
@click.argument("source", metavar="DIR")
@click.option("--harmless", metavar="DOCUMENT", multiple=True, help="bears no mark of secrecy: somebody has looked")
@click.pass_obj
def import_(desk: Desk, source: str, harmless: tuple[str, ...]) -> None:
    """Take over a bag that `vanthu export` wrote, whole or not at all; numbers stay, nothing that is here changes."""
    from archive import exchange
    from archive.backup import disk
    from archive.pipeline.line import limits
    from archive.search.indexing import keep_up

    with disk.on_disk(desk.settings.data):
        done = exchange.take_over(
            desk.sessions, desk.blobs, place(source), actor=ACTOR, tell=Progress(),
            keeps_secrets=desk.settings.secrets == "allow", harmless=harmless, limits=limits(desk.settings),
        )  # fmt: skip
    keep_up(desk.sessions, desk.index)
    came = f"nhập {done.entries} dòng, {done.documents} văn bản; {done.known} đã có, giữ nguyên"
    click.echo(f"Sổ {done.book} năm {done.year}: {came}.")
