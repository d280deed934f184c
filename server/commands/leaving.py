"""vanthu export, handover: a book, its official metadata, a work file for the archive, or everything an office owns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from archive.errors import CopyBroken
from server.commands import ACTOR, Desk, put_out
from server.commands.keeping import Progress, place

if TYPE_CHECKING:
    from archive.leaving import Left


@click.command()
@click.argument("target", metavar="TARGET")
@click.option("--year", type=click.IntRange(1945, 2200), help="Of the book; not with --all.")
@click.option("--book", default="den", show_default=True)
@click.option("--metadata", is_flag=True, help="The fields of NĐ 30/2020, Appendix VI, into the file TARGET; - prints.")
@click.option("--files", is_flag=True, help="With --metadata --format csv: the work files instead of the papers.")
@click.option("--format", "kind", type=click.Choice(("csv", "xlsx", "json")), help="Of --metadata.")
@click.option("--all", "everything", is_flag=True, help="Everything the office owns; run again to go on.")
@click.pass_context
def export(
    context: click.Context, target: str, year: int | None, book: str, metadata: bool, files: bool, kind: str | None,
    everything: bool,
) -> None:  # fmt: skip
    """Write a book's year with its papers as a BagIt bag (RFC 8493) to a new or empty folder TARGET."""
    desk: Desk = context.obj
    if everything:
        if metadata or year or kind or files:
            raise click.UsageError("--all goes alone")
        context.exit(_everything(desk, place(target)))
    if year is None:
        raise click.UsageError("--year is needed")
    if not metadata:
        if kind or files:
            raise click.UsageError("--format and --files go with --metadata")
        _bag(desk, place(target), book, year)
    elif kind is None:
        raise click.UsageError("--metadata needs --format")
    else:
        _metadata(desk, target, book, year, kind, files=files)


def _bag(desk: Desk, root: Path, book: str, year: int) -> None:
    from archive import exchange
    from archive.backup import disk

    with disk.on_disk(root):
        done = exchange.export(desk.readers, desk.blobs, book, year, root, tell=Progress())
    click.echo(f"Đã xuất sổ {book} năm {year}: {done.entries} dòng, {done.documents} văn bản vào {root}.")
    if done.withheld:
        click.echo(f"{done.withheld} văn bản đang cách ly vì có dấu mật: chỉ có dòng sổ, không có văn bản.")


def _metadata(desk: Desk, target: str, book: str, year: int, kind: str, *, files: bool) -> None:
    from archive import official
    from archive.register_books import named

    with desk.readers() as session:
        found = official.metadata(session, desk.settings, named(session, book).id, year)
    of = (official.FILES, found.files) if files else (official.INCOMING, found.documents)
    made = {"csv": lambda: official.as_csv(*of).encode(), "xlsx": lambda: official.as_xlsx(found),
            "json": lambda: official.as_json(found)}  # fmt: skip
    for sentence in official.told(found):
        click.echo(sentence, err=True)
    put_out(made[kind](), None if target == "-" else target)
    if target != "-":
        click.echo(f"Đã ghi {len(found.documents)} văn bản, {len(found.files)} hồ sơ vào {target}.")


def _everything(desk: Desk, root: Path) -> int:
    from archive import leaving
    from archive.backup import disk
    from archive.pipeline.line import limits

    with disk.on_disk(root):
        left = leaving.leave(
            desk.settings, desk.sessions, desk.readers, desk.blobs, limits(desk.settings), root, actor=ACTOR,
            tell=Progress(),
        )  # fmt: skip
    click.echo(
        f"Đã xuất mọi thứ vào {root}: {left.files} tệp gốc, {left.documents} văn bản, {left.copies} bản PDF/A. "
        "Hãy mở index.html; kiểm tra bằng: sha256sum -c manifest-sha256.txt"
    )
    return _warn(left)


def _warn(left: Left) -> int:
    """What could not leave; the exit status."""
    for sha256 in left.damaged:
        click.echo(f"bản gốc {sha256}: mất hoặc hỏng trong kho nên không xuất được; xem vanthu check --deep", err=True)
    for document in left.untold:
        click.echo(f"văn bản {document}: chưa ghi được tệp JSON; xem vanthu check --deep", err=True)
    for sentence in left.bags:
        click.echo(f"túi của sổ {sentence}", err=True)
    for document in left.uncopied:
        click.echo(
            f"văn bản {document}: chưa có bản PDF/A (chưa đọc xong, hoặc không vẽ được); đã có tệp gốc", err=True
        )
    return 0 if left.is_whole else 1


@click.command()
@click.argument("code", metavar="FILE_CODE")
@click.option("--year", type=click.IntRange(1945, 2200), help="Of the list; needed where two lists have this code.")
@click.option("--output", metavar="DIR", required=True, help="A new or empty folder.")
@click.pass_obj
def handover(desk: Desk, code: str, year: int | None, output: str) -> None:
    """Write the package of a closed work file (gói nộp lưu: METS, EAD, PREMIS, PDF/A and originals) as a BagIt bag."""
    from archive import bagit
    from archive import handover as packages
    from archive.backup import disk
    from archive.derived import Derived
    from archive.handover import runs
    from archive.models import now
    from archive.pipeline.line import limits

    root, derived, tell = place(output).absolute(), Derived(desk.settings.data), Progress()
    with desk.readers() as session:
        package = packages.plan(session, desk.settings, packages.named(session, code, year), now())
    with disk.on_disk(root):
        bag = bagit.Writer(root)
        try:
            unmade = packages.prepare(desk.readers, desk.blobs, derived, limits(desk.settings), package, tell)
            payload = packages.write(bag, package, desk.blobs, derived, unmade, tell=tell)
        finally:
            bag.abandon()
    if wrong := packages.check(root):
        raise CopyBroken("; ".join(wrong[:5]))
    with desk.sessions.begin() as session:
        runs.note_taken(session, package, payload, ACTOR)
    click.echo(f"Đã làm gói nộp lưu hồ sơ {package.code} năm {package.year}: {len(package.items)} văn bản vào {root}.")
    if package.left_out:
        click.echo(f"{len(package.left_out)} văn bản mật hoặc bị cách ly không nằm trong gói.")
    for document in unmade:
        click.echo(f"văn bản {document}: không vẽ được bản PDF/A; chỉ có tệp gốc", err=True)
