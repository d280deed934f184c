"""vanthu register export: the book on paper and in files."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from archive.errors import BadValue, NotFound
from server.commands import Desk


@click.group()
def register() -> None:
    """The register books (sổ đăng ký văn bản đến)."""


@register.command()
@click.option("--book", default="den", show_default=True)
@click.option("--year", type=click.IntRange(1945, 2200), required=True)
@click.option("--format", "kind", type=click.Choice(("xlsx", "csv", "html")), required=True)
@click.option("--output", metavar="FILE", help="csv and html go to standard output without it.")
@click.pass_obj
def export(desk: Desk, book: str, year: int, kind: str, output: str | None) -> None:
    """Export a book of a year with the ten columns of the law."""
    if kind == "xlsx" and not output:
        raise click.UsageError("xlsx needs --output FILE")
    content = _content(desk, book, year, kind)
    if output is None:
        sys.stdout.buffer.write(content)
        return
    try:
        Path(output).write_bytes(content)
    except OSError as error:
        raise BadValue(f"Không ghi được tệp {output}: {error.strerror}.") from error


def _content(desk: Desk, book: str, year: int, kind: str) -> bytes:
    from archive import register as books
    from archive.models import Book

    with desk.readers() as session:
        if session.get(Book, book) is None:
            raise NotFound(f"Không có sổ {book!r}.")
        if kind == "csv":
            return books.export_csv(session, book, year).encode()
        if kind == "html":
            return books.export_html(session, book, year, desk.settings.office).encode()
        made: bytes = books.export_xlsx(session, book, year, desk.settings.office)
        return made
