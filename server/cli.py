"""The command `vanthu`. Each command is a module of server/commands and loads what it needs only when it runs."""

from __future__ import annotations

import importlib
import keyword
import os
from typing import Any

import click

from archive.errors import BadSettings
from archive.version import VERSION
from server.commands import Desk, Refusing

COMMANDS = {
    "up": ("running", "Web and workers under one supervisor; migrates first."),
    "serve": ("running", "The web only."),
    "work": ("running", "A worker only; any number may run, on any machine with the same engines."),
    "upgrade": ("running", "Bring the database to this version; it is copied first."),
    "backup": ("keeping", "Copy everything into a folder of another disk while web and workers go on."),
    "export": ("leaving", "Write a book's year as a BagIt bag, its official metadata, or everything there is."),
    "handover": ("leaving", "Write the package of a closed work file for the archive: METS, EAD, PREMIS, PDF/A."),
    "import": ("keeping", "Take over a bag of `export`, whole or not at all; numbers stay."),
    "restore": ("keeping", "Bring everything back into the empty data directory of the settings."),
    "copy-originals": ("relocating", "Copy all originals into another store: from a folder into a bucket, and back."),
    "check": ("checking", "Print the effective settings and what is missing or wrong."),
    "metrics": ("counting", "Print what /metrics says, for machines on which only workers run."),
    "scrub": ("scrubbing", "Read originals back from the disk at leisure; `vanthu up` starts it."),
    "events": ("events", "The chain of events: export, verify, head."),
    "ingest": ("ingesting", "Archive files (PDF, pictures, edXML, ZIP); the same bytes again are the first scan."),
    "watch": ("doors", "Take in files of the watched folder; what `vanthu up` starts where one is set."),
    "fetch": ("doors", "Take in letters of the mailboxes; what `vanthu up` starts where one is set."),
    "read": ("reading", "Read files and archive nothing."),
    "reread": ("reading", "Queue scans to be read again; what people confirmed stays."),
    "search": ("searching", "Find documents; marks and capitals may be left out."),
    "reindex": ("searching", "Build a new generation of the index while the old one serves."),
    "plugins": ("plugins", "Plugins: installed ones, and drop-in ones in DATA/plugins."),
    "edxml": ("edxml", "edXML messages: status messages to senders, papers as messages."),
    "register": ("register", "The register books (sổ đăng ký văn bản đến)."),
    "files": ("files", "Work files (hồ sơ): the list of a year."),
    "import-book": ("register", "Take over an old register book from an .xlsx; numbers stay."),
    "agencies": ("agencies", "Identification codes of agencies, and the days on which they hold."),
    "remind": ("reminding", "Send letters about what is due; what `vanthu up` starts where a mail server is set."),
    "user": ("people", "The people who may sign in."),
    "token": ("people", "Keys for programs."),
}
"""Command → the module of server/commands that has a function of this name, and what `vanthu --help` says of it."""


class _Lazy(Refusing):
    """Imports the module of a command when it is asked for."""

    def invoke(self, ctx: click.Context) -> Any:
        return _for_each(self, ctx) if ctx.params["all_offices"] else super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"server.commands.{COMMANDS[cmd_name][0]}")
        name = cmd_name.replace("-", "_") + ("_" if keyword.iskeyword(cmd_name) else "")
        command: click.Command = getattr(module, name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):  # nothing is imported: half a second for a list of names
            formatter.write_dl([(name, says) for name, (_, says) in COMMANDS.items()])


def _for_each(group: click.Group, context: click.Context) -> None:
    """The same command for one office after another; the worst of their exit statuses."""
    said, words, worst = context.params, [*context._protected_args, *context.args], 0
    first = [word for name in ("config", "data") if said[name] for word in (f"--{name}", said[name])]
    try:
        offices = Desk(said["config"], said["data"]).offices
    except BadSettings as error:
        raise click.UsageError(str(error)) from error
    if not offices:
        raise click.UsageError("Không có danh sách cơ quan: hãy đặt VANTHU_OFFICES, hoặc bỏ --all-offices.")
    for one in offices:
        click.echo(f"== {one.slug}: {one.name}", err=True)
        its = [word.replace("{office}", one.slug) for word in words]
        worst = max(worst, _status(group, [*first, "--office", one.slug, *its]))
    context.exit(worst)


def _status(group: click.Group, words: list[str]) -> int:
    """The exit status of a command; 1 where the database or the disk is away, which the others must not suffer for."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        status = group.main(words, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except SystemExit as error:
        status = error.code
    except (SQLAlchemyError, OSError) as error:
        click.echo(f"Không làm được, cơ sở dữ liệu hoặc đĩa không trả lời ({type(error).__name__}).", err=True)
        return 1
    return status if isinstance(status, int) else 0


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", metavar="FILE", help="Settings in TOML; else VANTHU_CONFIG. VANTHU_* variables win.")
@click.option("--data", metavar="DIR", help="Directory of everything the archive keeps (VANTHU_DATA).")
@click.option("--office", metavar="SLUG", help="Of several offices (VANTHU_OFFICES) the one that is meant.")
@click.option("--all-offices", is_flag=True, help="One office after another; {office} in arguments is its slug.")
@click.version_option(VERSION, message="vanthu %(version)s")
@click.pass_context
def main(context: click.Context, config: str | None, data: str | None, office: str | None, all_offices: bool) -> None:
    """Văn Thư: an archive for incoming official papers.

    Exit status: 0 done; 1 some input refused, each with its reason on standard error; 2 wrong usage.
    """
    os.umask(0o027)  # papers, their texts and password hashes are not for other accounts of this machine
    del all_offices  # see _for_each
    context.obj = Desk(config, data, office)
    context.call_on_close(context.obj.close)


if __name__ == "__main__":
    main()
