"""vanthu events: the chain of events in a file, and whether such a file is whole."""

from __future__ import annotations

import datetime as dt
import sys
from contextlib import ExitStack
from pathlib import Path

import click

from server.commands import Desk, writing

_day = click.DateTime(formats=["%Y-%m-%d", "%d/%m/%Y"])


@click.group()
def events() -> None:
    """The chain of events (nhật ký): export, verify, its head."""


@events.command()
@click.option("--from", "first", type=_day, help="First day in Vietnam; without it from the beginning.")
@click.option("--to", "last", type=_day, help="Last day; without it up to now.")
@click.option("--output", metavar="FILE", help="Else standard output.")
@click.pass_obj
def export(desk: Desk, first: dt.datetime | None, last: dt.datetime | None, output: str | None) -> None:
    """One JSON object a line, with hashes; what the first and the last line are is said on standard error."""
    from archive import history_export

    days = first and first.date(), last and last.date()
    count = 0
    with writing(output or "stdout"), ExitStack() as stack:
        session = stack.enter_context(desk.readers())
        out = stack.enter_context(Path(output).open("wb")) if output else sys.stdout.buffer
        for line in history_export.lines(session, *days):
            out.write(line.encode() + b"\n")
            count += 1
        head = history_export.head(session)
    click.echo(f"{count} dòng; đầu chuỗi: {head}", err=True)


@events.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--here", is_flag=True, help="Also: every line stands in this archive.")
@click.pass_context
def verify(context: click.Context, file: str, here: bool) -> None:
    """Whether an exported file is whole; status 1 names the first line that is not. Needs no archive without --here."""
    from archive import history_export

    with Path(file).open(encoding="utf-8") as text:
        found = history_export.verify(text)
    for number in found.broken[:20]:
        click.echo(f"dòng {number} của tệp: bị sửa, hoặc không nối với dòng trước", err=True)
    missing = _missing(context.obj, file) if here else []
    for number in missing[:20]:
        click.echo(f"dòng {number} của tệp: không có trong kho này", err=True)
    if found.first and found.last:
        click.echo(f"{found.count} dòng, từ {found.first} đến {found.last}")
    context.exit(1 if found.broken or missing else 0)


def _missing(desk: Desk, file: str) -> list[int]:
    from archive import history_export

    with desk.readers() as session, Path(file).open(encoding="utf-8") as text:
        return history_export.strangers(session, text)


@events.command()
@click.pass_obj
def head(desk: Desk) -> None:
    """The last event's number and hash: to be written down elsewhere, it proves all before it."""
    from archive import history_export

    with desk.readers() as session:
        click.echo(str(history_export.head(session)))
