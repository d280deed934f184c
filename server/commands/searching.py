"""vanthu search and reindex."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import sqlalchemy as sa

from archive.errors import NotFound
from server.commands import Desk, show

if TYPE_CHECKING:
    from archive.models import User


@click.command()
@click.argument("query")
@click.option("--json", "as_json", is_flag=True, help="The object GET /api/v1/search answers with.")
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True)
@click.option("--type", "kind", help="Type of document.")
@click.option("--issuer", help="Issuing organ.")
@click.option("--province", help="Province, as it is called now.")
@click.option("--from", "since", metavar="DATE", help="Earliest date of the document.")
@click.option("--to", "until", metavar="DATE", help="Latest date of the document.")
@click.option("--sort", type=click.Choice(("relevance", "date", "arrival")))
@click.option("--user", "name", metavar="NAME", help="Whose eyes; default: an administrator's.")
@click.pass_obj
def search(
    desk: Desk, query: str, as_json: bool, limit: int, kind: str | None, issuer: str | None, province: str | None,
    since: str | None, until: str | None, sort: str | None, name: str | None,
) -> None:  # fmt: skip
    """Find documents; marks and capitals may be left out, numbers and symbols written in any way."""
    from archive import access, delegation
    from archive.models import User, now
    from archive.search.find import find
    from archive.search.query import parse
    from archive.workdays import today

    asked = parse(query, type=kind, issuer=issuer, province=province, date_from=since, date_to=until)
    with desk.readers() as session:
        user = session.scalar(sa.select(User).where(User.name == name.casefold())) if name else _administrator()
        if user is None:
            raise NotFound(f"Không có người dùng {name!r}.")
        if name:
            delegation.resolve(session, user, today(now()))
        found = find(session, desk.index, asked, access.visible(user), sort=sort, limit=limit)
    if as_json:
        show(found.as_json())
        return
    for hit in found.hits:
        text = "".join(piece for piece, _ in hit.snippet)
        click.echo(f"{hit.date or '----------'}  {hit.full_code or '-'}  {hit.subject or ''}\n    {text.strip()}")
    if found.suggestion:
        click.echo(f"Ý bạn là: {found.suggestion}")
    click.echo(f"{found.total} văn bản, {found.took_ms} ms")


def _administrator() -> User:
    """Somebody who sees everything and is nobody."""
    from archive.models import User

    return User(name="cli", role="admin", active=True)


@click.command()
@click.option("--engine", "url", metavar="URL", help="Build the index of another engine (VANTHU_SEARCH).")
@click.pass_obj
def reindex(desk: Desk, url: str | None) -> None:
    """Build a new generation of the index while the old one serves; all processes then go on with the new one."""
    from archive.search.indexing import keep_up, rebuild

    desk.give(search=url)
    count = rebuild(desk.sessions, desk.index)
    keep_up(desk.sessions, desk.index)
    click.echo(f"Đã lập lại chỉ mục: {count} văn bản.")
    if url:
        click.echo(f"Các tiến trình đang chạy đã dùng chỉ mục mới. Hãy ghi VANTHU_SEARCH={url} vào cấu hình.")
