"""vanthu files: the list of work files of a year, from a table and as one."""

from __future__ import annotations

import click

from server.commands import ACTOR, Desk, show, text_of


@click.group()
def files() -> None:
    """Work files (hồ sơ): the list of a year (danh mục hồ sơ)."""


@files.command("import")
@click.option("--year", type=click.IntRange(1945, 2200), required=True)
@click.argument("file", metavar="FILE")
@click.pass_obj
def import_(desk: Desk, year: int, file: str) -> None:
    """Add the lines of a UTF-8 file: code, title, retention, keeper, note, tabs between. All or nothing."""
    from archive.file_lists import take_table

    text = text_of(file)
    with desk.sessions.begin() as session:
        imported = take_table(session, year, text, actor=ACTOR)
    click.echo(f"Đã thêm {imported.added} hồ sơ; {imported.known} hồ sơ đã có từ trước.")


@files.command("list")
@click.option("--year", type=click.IntRange(1945, 2200), required=True)
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def list_(desk: Desk, year: int, as_json: bool) -> None:
    """The list of a year, in the form that `import` takes."""
    from archive import work_files

    heading = ""
    with desk.readers() as session:
        for one in work_files.listed(session, year):
            keep = work_files.retention_said(one.keep_years)
            if as_json:
                show({"code": one.code, "title": one.title, "keep": keep, "heading": one.heading, "keeper": one.keeper,
                      "note": one.note, "closed_on": one.closed_on and one.closed_on.isoformat()})  # fmt: skip
                continue
            if one.heading != heading:
                heading = one.heading
                click.echo(heading)
            click.echo("\t".join((one.code, one.title, keep, one.keeper, one.note)))
