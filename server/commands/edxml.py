"""vanthu edxml: papers as messages for other offices, and what their senders are told."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from archive.errors import NotFound
from server.commands import ACTOR, Desk, writing

if TYPE_CHECKING:
    from archive.edxml.export import Parcel


@click.group()
def edxml() -> None:
    """edXML messages between offices (QCVN 102:2016/BTTTT)."""


@edxml.command()
@click.pass_obj
def status(desk: Desk) -> None:
    """Write the status messages that are due into the outbox of the settings, each once."""
    from archive.edxml import statuses

    for name in statuses.tell(desk.sessions, desk.settings, ACTOR):
        click.echo(name)


@edxml.command()
@click.argument("document_id", metavar="ID")
@click.option("--output", type=click.Path(dir_okay=False), help="File to be written; standard output without it.")
@click.pass_obj
def export(desk: Desk, document_id: str, output: str | None) -> None:
    """Write a paper of the book with its metadata and its file as a message; secret papers never."""
    from archive.durable import half_of
    from archive.edxml.export import parcel
    from archive.models import Document

    with desk.readers() as session:
        document = session.get(Document, document_id)
        if document is None:
            raise NotFound("Không có văn bản này.")
        one = parcel(session, document, desk.settings)
    if output is None:
        _write(desk, one, sys.stdout.buffer)
        return
    with writing(output), half_of(Path(output)) as half:
        with half.open("wb") as target:
            _write(desk, one, target)
        half.replace(output)


@edxml.command()
@click.argument("document_id", metavar="ID")
@click.argument("office", metavar="OFFICE")
@click.pass_obj
def send(desk: Desk, document_id: str, office: str) -> None:
    """Send a paper of the book to another office of this installation (its slug); secret papers never."""
    from archive.models import Document
    from archive.post import sending

    if desk.office is None:
        raise NotFound(sending.NO_OFFICE)
    to = sending.to_whom(desk.offices, desk.office, office)
    with desk.sessions.begin() as session:
        document = session.get(Document, document_id)
        if document is None:
            raise NotFound("Không có văn bản này.")
        click.echo(sending.send(session, document, to, desk.settings, actor=ACTOR).id)


def _write(desk: Desk, one: Parcel, target: BinaryIO) -> None:
    from archive.derived import Derived
    from archive.edxml.export import write
    from archive.models import now
    from archive.pipeline.line import limits

    write(target, one, desk.blobs, Derived(desk.settings.data), limits(desk.settings), now())
