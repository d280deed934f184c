"""The command `vanthu`. Each command is a module of server/commands and loads what it needs only when it runs."""

from __future__ import annotations

import importlib

import click

from archive.version import VERSION
from server.commands import Desk, Refusing

COMMANDS = {
    "up": "running", "serve": "running", "work": "running", "upgrade": "running", "ingest": "ingesting",
    "read": "reading", "search": "searching", "reindex": "searching", "reread": "reading", "plugins": "plugins",
    "register": "register", "user": "people", "token": "people", "check": "checking",
}  # fmt: skip
"""Command → module of server/commands that has a function of this name."""


class _Lazy(Refusing):
    """Imports the module of a command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"server.commands.{COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, cmd_name)
        return command


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", metavar="FILE", help="Settings in TOML; else VANTHU_CONFIG. VANTHU_* variables win.")
@click.option("--data", metavar="DIR", help="Directory of everything the archive keeps (VANTHU_DATA).")
@click.version_option(VERSION, message="vanthu %(version)s")
@click.pass_context
def main(context: click.Context, config: str | None, data: str | None) -> None:
    """Văn Thư: an archive for incoming official papers.

    Exit status: 0 done; 1 some input refused, each with its reason on standard error; 2 wrong usage.
    """
    context.obj = Desk(config, data)
    context.call_on_close(context.obj.close)


if __name__ == "__main__":
    main()
