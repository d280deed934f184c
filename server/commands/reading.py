"""vanthu read (archives nothing) and reread (new findings beside the old)."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Sequence

import click
import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive.errors import ArchiveError, NotFound
from server.commands import ACTOR, Desk, refuse, show, speak


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--province", metavar="SLUG", help="The office's own province plugin.")
@click.option("--plugins-dir", metavar="DIR", help="Drop-in plugins to try; else only ours and installed ones.")
@click.option("--json", "as_json", is_flag=True, help="One object a line; without it, indented.")
@click.pass_context
def read(
    context: click.Context, files: tuple[str, ...], province: str | None, plugins_dir: str | None, as_json: bool
) -> None:
    """Read FILEs and archive nothing; FILE.txt is recognised text, a form feed between pages."""
    from archive.pipeline import read_file

    desk: Desk = context.obj
    speak(logging.ERROR)
    refused = 0
    for name in files:
        try:
            said = read_file(name, desk.settings, province=province, plugins_dir=plugins_dir)
        except (ArchiveError, OSError, UnicodeDecodeError) as error:
            refuse(name, error)
            refused += 1
            continue
        if as_json:
            show(said)
        else:
            click.echo(json.dumps(said, ensure_ascii=False, indent=1))
    context.exit(1 if refused else 0)


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID…]")
@click.option("--plugin", metavar="SLUG", help="Only scans this plugin has said something about; reads no page again.")
@click.option("--below", metavar="VERSION", help="With --plugin: only where the plugin was older than this.")
@click.pass_context
def reread(context: click.Context, ids: tuple[str, ...], plugin: str | None, below: str | None) -> None:
    """Queue scans (all, or those of these scan or document IDs) to be read again; what people confirmed stays."""
    from archive.jobs import desk as queue_desk

    if below and not plugin:
        raise click.UsageError("--below needs --plugin")
    desk: Desk = context.obj
    refused = 0
    with desk.readers() as session:
        chosen = _chosen(session, ids, plugin, below)
        known = _scans_of(session, ids)
    for scan_id in chosen:
        try:
            with desk.sessions.begin() as session:
                queue_desk.restart(session, scan_id, "extract" if plugin else "survey", ACTOR)
        except ArchiveError as error:
            refuse(scan_id, error)
            refused += 1
    for missing in [given for given in ids if given not in known]:
        refuse(missing, NotFound("không có tệp quét hay văn bản nào mang mã này"))
        refused += 1
    click.echo(f"Đã xếp hàng đọc lại {len(chosen)} tệp.")
    context.exit(1 if refused else 0)


def _scans_of(session: Session, ids: Sequence[str]) -> dict[str, str]:
    """Given id → id of its scan."""
    from archive.models import Document, Scan

    scans = session.scalars(sa.select(Scan.id).where(Scan.id.in_(ids)))
    documents = session.execute(sa.select(Document.id, Document.scan_id).where(Document.id.in_(ids)))
    return {one: one for one in scans} | {row.id: row.scan_id for row in documents}


def _chosen(session: Session, ids: Sequence[str], plugin: str | None, below: str | None) -> list[str]:
    from archive.models import Document, FindingRow, Scan

    wanted = set(_scans_of(session, ids).values())
    if not plugin:
        # A typed sheet says nothing that its clerk did not say himself.
        scanned = sa.select(Scan.id).where(Scan.source != "hand").order_by(Scan.received_at)
        return sorted(wanted) if ids else list(session.scalars(scanned))
    said = sa.select(Document.scan_id, FindingRow.source).join(Document, Document.id == FindingRow.document_id)
    rows = session.execute(said.where(FindingRow.source.startswith(f"{plugin} ", autoescape=True)).distinct())
    found = {scan for scan, source in rows if not below or _version(source.partition(" ")[2]) < _version(below)}
    return sorted(found & wanted if ids else found)


def _version(text: str) -> tuple[int, ...]:
    """`1.10` comes after `1.9`."""
    return tuple(int(part) for part in re.findall(r"\d+", text))
