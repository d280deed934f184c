"""vanthu register: the book on paper and in files, what is not as it should be in it; import-book: an old book."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archive.errors import BadValue
from server.commands import ACTOR, Desk, put_out, show

if TYPE_CHECKING:
    from archive.register_sheet import Sheet


@click.group()
def register() -> None:
    """The register books (sổ đăng ký văn bản đến)."""


@register.command()
@click.option("--book", default="den", show_default=True)
@click.option("--year", type=click.IntRange(1945, 2200), required=True)
@click.option("--format", "kind", type=click.Choice(("xlsx", "csv", "html", "pdf")), required=True)
@click.option("--month", type=click.IntRange(1, 12), help="Only this month of it.")
@click.option("--sheet", type=click.Choice(("a4", "a3")), default="a4", show_default=True, help="Of xlsx and pdf.")
@click.option("--output", metavar="FILE", help="csv and html go to standard output without it.")
@click.pass_obj
def export(
    desk: Desk, book: str, year: int, kind: str, month: int | None, sheet: str, output: str | None
) -> None:  # fmt: skip
    """Export a book of a year with the ten columns of the law."""
    if kind in ("xlsx", "pdf") and not output:
        raise click.UsageError(f"{kind} needs --output FILE")
    put_out(_content(desk, book, year, kind, month, sheet), output)


def _content(desk: Desk, book: str, year: int, kind: str, month: int | None, sheet: str) -> bytes:
    from archive import register as books
    from archive import register_print
    from archive.register_books import named

    ours = {"office": desk.settings.office, "superior": desk.settings.superior}
    with desk.readers() as session:
        named(session, book)
        if kind == "csv":
            return books.export_csv(session, book, year, month).encode()
        if kind == "html":
            return books.export_html(session, book, year, desk.settings.office).encode()
        if kind == "pdf":
            return register_print.book_pdf(session, book, year, month, sheet=sheet, printed="In từ Văn Thư", **ours)
        return books.export_xlsx(session, book, year, month=month, a3=sheet == "a3", **ours)


@register.command()
@click.option("--book", default="den", show_default=True)
@click.option("--year", type=click.IntRange(1945, 2200), required=True)
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
def report(context: click.Context, book: str, year: int, as_json: bool) -> None:
    """What waits, was voided, is missing or stands twice; status 1 for a missing number or a changed closed day."""
    from archive.register_report import report as look

    desk: Desk = context.obj
    with desk.readers() as session:
        found = look(session, book, year)
        told: dict[str, Any] = {
            "book": book, "year": year, "lines": found.lines, "first": found.first, "last": found.last,
            "awaited": found.awaited, "missing": found.missing,
            "voided": [[one.number, one.void_reason] for one in found.voided],
            "twice": [{"code": one.code, "numbers": [entry.number for entry in one.entries], "certain": one.certain}
                      for one in found.twice],
            "altered": [one.day.isoformat() for one in found.altered],
        }  # fmt: skip
    if as_json:
        show(told)
    else:
        _tell(told)
    context.exit(1 if told["missing"] or told["altered"] else 0)


@register.command()
@click.option("--book", default="den", show_default=True)
@click.option("--year", type=click.IntRange(1945, 2200), required=True)
@click.argument("number", type=click.IntRange(0))
@click.pass_obj
def last(desk: Desk, book: str, year: int, number: int) -> None:
    """After a restore: the last number that was given on paper (0: none); the book then goes on after it."""
    from archive import register_restored

    with desk.sessions.begin() as session:
        waiting = register_restored.say_last(session, book, year, number, actor=ACTOR)
    click.echo(f"Sổ {book} năm {year}: số tiếp theo là {number + 1}; {waiting} số chờ văn bản nhập lại.")


def _tell(told: dict[str, Any]) -> None:
    click.echo(
        f"Sổ {told['book']} năm {told['year']}: {told['lines']} dòng, từ số {told['first']} đến số {told['last']}"
    )
    for name, label in (("awaited", "Chờ văn bản"), ("missing", "Thiếu số")):
        ranges = ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in told[name])
        click.echo(f"{label}: {ranges or 'không'}")
    click.echo("Đã huỷ: " + ("; ".join(f"{number} ({why})" for number, why in told["voided"]) or "không"))
    twice = (f"{one['code']} ({', '.join(map(str, one['numbers']))})" for one in told["twice"])
    click.echo("Có thể trùng: " + ("; ".join(twice) or "không"))
    if told["altered"]:
        click.echo("Đã khóa mà bị sửa: " + ", ".join(told["altered"]))


@click.command("import-book")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--book", default="den", show_default=True)
@click.option("--year", type=click.IntRange(1945, 2200), required=True)
@click.option("--column", "columns", multiple=True, metavar="NAME=LETTER", help="Which column is which, number=B.")
@click.option("--dry-run", is_flag=True, help="Say what would happen and write nothing.")
@click.pass_context
def import_book(
    context: click.Context, file: str, book: str, year: int, columns: tuple[str, ...], dry_run: bool
) -> None:  # fmt: skip
    """Take over an old register book from an .xlsx; numbers stay. Status 1 when some lines were refused."""
    from archive import register_import

    desk: Desk = context.obj
    sheet, sha256 = _read(file)
    with desk.sessions() as session:
        made = register_import.draft(session, book, year, Path(file).name, sha256, sheet, ACTOR)
        if columns:
            register_import.remap(made, made.mapping | dict(map(_column, columns)))
        plan = register_import.plan(session, made)
        for line in plan.refused:
            click.echo(f"dòng {line.row}, số {line.number or '?'}: {line.why}", err=True)
        gaps = sum(last - first + 1 for first, last in plan.gaps)
        click.echo(f"Vào được {len(plan.good)} dòng, không vào được {len(plan.refused)}, số trống {gaps}, "
                   f"ngày không theo thứ tự {len(plan.unordered)}, có thể trùng {len(plan.twice)}.")  # fmt: skip
        if dry_run:
            click.echo("Thử nhập: chưa ghi gì.")
        else:
            click.echo(f"Đã ghi {register_import.commit(session, made, ACTOR)} dòng vào sổ {book} năm {year}.")
            session.commit()
    context.exit(1 if plan.refused else 0)


def _read(file: str) -> tuple[Sheet, str]:
    """The sheet, read in a child as every stranger's bytes, and the SHA-256 of the file."""
    from archive.children import Child
    from archive.register_sheet import MOST_BYTES

    content = Path(file).read_bytes()
    if len(content) > MOST_BYTES:
        raise BadValue(f"Tệp Excel lớn quá {MOST_BYTES >> 20} MB; chưa có gì vào sổ.")
    with Child(name="sheet", walled=True) as child:
        path = str(Path(file).absolute())
        sheet: Sheet = child.run("archive.register_sheet:read", path, wall=60.0, cpu=60.0)
    return sheet, hashlib.sha256(content).hexdigest()


def _column(said: str) -> tuple[str, int]:
    name, _equals, letter = said.partition("=")
    if len(letter) != 1 or not letter.isascii() or not letter.isalpha():
        raise click.UsageError(f"--column {said}: NAME=LETTER, for example number=B")
    return name, ord(letter.upper()) - ord("A")
