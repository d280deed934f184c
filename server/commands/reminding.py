"""vanthu remind: the letters about what is due."""

from __future__ import annotations

import logging
import threading

import click
import sqlalchemy as sa

from server.commands import Desk, each, speak

log = logging.getLogger("vanthu.remind")
EVERY = 60.0
"""Seconds between two looks."""


@click.command()
@click.option("--once", is_flag=True, help="Send what is to be sent now, and end: for a timer of the system.")
@click.pass_obj
def remind(desk: Desk, once: bool) -> None:
    """Send each person one letter a working day about what is due; any number of these may run."""
    from archive import reminders

    if once:
        click.echo(reminders.run(desk.settings, desk.sessions))
        return
    speak(form=desk.common.log_format)
    each.run(desk, _remind, each.stopping(), lambda one: one.settings.smtp_host)


def _remind(desk: Desk, stop: threading.Event) -> None:
    from archive import reminders

    while not stop.is_set():
        try:
            sent = reminders.run(desk.settings, desk.sessions)
        except (sa.exc.OperationalError, sa.exc.InterfaceError) as error:
            log.warning("reminders wait cause=%s", type(error).__name__)
        else:
            if sent:
                log.info("reminders sent=%d", sent)
        stop.wait(EVERY)
