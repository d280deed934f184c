"""vanthu agencies: the identification codes of agencies, from a table and as one."""

from __future__ import annotations

import click

from server.commands import ACTOR, Desk, show, text_of


@click.group()
def agencies() -> None:
    """Identification codes of agencies (mã định danh cơ quan) and the days on which they hold."""


@agencies.command("import")
@click.argument("file", metavar="FILE")
@click.pass_obj
def import_(desk: Desk, file: str) -> None:
    """Add the lines of a UTF-8 file: code, tab, name, and if known tab, first day, tab, last day. All or nothing."""
    from archive.agencies import take_table

    text = text_of(file)
    with desk.sessions.begin() as session:
        imported = take_table(session, text, actor=ACTOR)
    click.echo(f"Đã thêm {imported.added} dòng; {imported.known} dòng đã có từ trước.")


@agencies.command("list")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def list_(desk: Desk, as_json: bool) -> None:
    """Every line, in the form that `import` takes."""
    from archive.agencies import listed

    with desk.readers() as session:
        for row in listed(session):
            if as_json:
                show({"code": row.code, "name": row.name, "from": row.valid_from, "until": row.valid_until})
            else:
                click.echo("\t".join((row.code, row.name, row.valid_from or "", row.valid_until or "")))
