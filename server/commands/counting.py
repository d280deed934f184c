"""vanthu metrics: what /metrics says, for a machine that has no web."""

from __future__ import annotations

import click

from server.commands import Desk


@click.command()
@click.option("--machine", is_flag=True, help="Only what this machine counted itself, without the database.")
@click.pass_obj
def metrics(desk: Desk, machine: bool) -> None:
    """Print what Prometheus is told: for the text files of node_exporter, where only workers run."""
    from archive import metrics as told
    from archive.tally import Tally

    tally = Tally(desk.settings.data)
    if not machine:
        click.echo(told.text(told.of_archive(desk.settings, desk.readers, desk.blobs)), nl=False)
    click.echo(told.text(told.of_machine(tally)), nl=False)
    tally.close()
