"""vanthu plugins: which there are, whether they are asked, and the kit for those who write them."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archive.errors import BadValue, Conflict, NotFound
from server.commands import ACTOR, Desk, show, speak

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from archive.host import Plugin
    from archive.kit import Report, Sample


@click.group()
def plugins() -> None:
    """Plugins: installed ones, and drop-in ones in DATA/plugins."""


@plugins.command("list")
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
def list_(context: click.Context, as_json: bool) -> None:
    """Every plugin that was found; status 1 when one was refused."""
    speak(logging.CRITICAL)
    found = found_plugins(context.obj)
    for one in found:
        if as_json:
            show(one)
        else:
            state = "bị từ chối" if one["error"] else STATES[one["state"]]
            click.echo(f"{one['slug']} {one['version']}  {state}  {', '.join(one['hooks'])}")
        for sentence in _remarks(one):
            click.echo(f"{one['slug']}: {sentence}", err=True)
    context.exit(1 if any(one["error"] or one["state"] == "changed" for one in found) else 0)


STATES = {"on": "bật", "off": "tắt", "new": "chưa bật", "changed": "mã đã đổi"}
"""Standing of a plugin (`archive.switchboard`) in a word."""
WAITS = {
    "new": "chưa bật nên không chạy; xem lại mã rồi chạy: vanthu plugins enable {}",
    "changed": "mã đã đổi từ khi bật nên không chạy: xem lại rồi bật lại: vanthu plugins enable {}",
}
"""What is to be done about a drop-in plugin that nobody switched on as it is."""


def _remarks(one: dict[str, Any]) -> Iterator[str]:
    """What a person should know of a plugin."""
    if one["error"]:
        yield one["error"]
    if one["state"] in WAITS:
        yield WAITS[one["state"]].format(one["slug"])
    if one["warning"]:
        yield _warned(**one["warning"])


def _warned(slug: str, scans: int, cause: str, at: str) -> str:  # noqa: ARG001
    return f"bị bỏ qua ở {scans} tệp gần đây, lần cuối {at}: {cause}; các tệp đó vẫn được đọc bằng những plugin khác"


def found_plugins(desk: Desk) -> list[dict[str, Any]]:
    """Every plugin, switched off or not, with what is wrong with it; what nobody switched on is told of, not loaded."""
    from archive import switchboard
    from archive.kit.warnings import warnings

    with desk.readers() as session:
        found, warned = _found(desk, session), warnings(session)
        standings = switchboard.standings(session, found)
    return [
        {"slug": one.slug, "version": one.version, "enabled": standings[one.slug] == "on", "hooks": list(one.hooks),
         "path": one.path, "error": one.error or None, "state": standings[one.slug], "digest": one.digest or None,
         "warning": dataclasses.asdict(warned[one.slug]) if one.slug in warned else None}
        for one in found
    ]  # fmt: skip


def _found(desk: Desk, session: Session) -> Sequence[Plugin]:
    from archive import steps, switchboard

    return steps.found(str(desk.settings.plugin_dir), switchboard.order(session), switchboard.allowed(session))


@plugins.command()
@click.argument("slug")
@click.pass_obj
def enable(desk: Desk, slug: str) -> None:
    """Ask this plugin from now on, as the code it is now; after a change switch it on again."""
    _switch(desk, slug, True)


@plugins.command()
@click.argument("slug")
@click.pass_obj
def disable(desk: Desk, slug: str) -> None:
    """Ask this plugin no more; what it has found stays."""
    _switch(desk, slug, False)


def _switch(desk: Desk, slug: str, enabled: bool) -> None:
    from archive import steps

    speak(logging.CRITICAL)
    if enabled:
        plugin = steps.tried(str(desk.settings.plugin_dir), slug)
    else:
        with desk.readers() as session:
            plugin = next((one for one in _found(desk, session) if one.slug == slug), None)
    if plugin is None:
        raise NotFound(f"Không có plugin {slug!r}.")
    _decide(desk, plugin, enabled)
    click.echo(f"{slug}: {'bật' if enabled else 'tắt'}")


def _decide(desk: Desk, plugin: Plugin, enabled: bool) -> None:
    from archive import switchboard

    with desk.sessions.begin() as session:
        switchboard.switch(session, plugin, on=enabled, actor=ACTOR)


@plugins.command()
@click.argument("slugs", nargs=-1, required=True, metavar="SLUG…")
@click.pass_obj
def order(desk: Desk, slugs: tuple[str, ...]) -> None:
    """Ask plugins in this order, ours before them and the others after."""
    from archive import switchboard

    speak(logging.CRITICAL)
    known = {one["slug"] for one in found_plugins(desk)}
    if missing := [slug for slug in slugs if slug not in known]:
        raise NotFound(f"Không có plugin {missing[0]!r}.")
    with desk.sessions.begin() as session:
        switchboard.arrange(session, slugs, actor=ACTOR)
    click.echo(f"Thứ tự hỏi: {', '.join(slugs)}")


@plugins.command()
@click.argument("slug")
@click.argument("name", metavar="TÊN-TỈNH")
@click.option("--toml", is_flag=True, help="A file of rules, without a line of Python.")
@click.pass_obj
def new(desk: Desk, slug: str, name: str, toml: bool) -> None:
    """Make a plugin in DATA/plugins, switched off until `enable`: `vanthu plugins new lai_chau "Lai Châu"`."""
    from archive import host
    from archive.kit.making import check_slug, make

    speak(logging.CRITICAL)
    try:
        check_slug(slug)
    except BadValue as error:
        raise click.BadParameter(str(error)) from error
    folder = desk.settings.plugin_dir
    if slug in host.find() and not (folder / slug).exists():
        raise Conflict(f"Đã có plugin {slug} trong các gói đã cài; hãy chọn tên khác.")
    home = make(folder, slug, name, toml=toml)
    _decide(desk, host.Plugin(slug), False)
    click.echo(f"Đã tạo {home} (đang tắt). Tiếp theo: vanthu plugins test {slug}, rồi vanthu plugins enable {slug}")


_plugins_dir = click.option(
    "--plugins-dir", metavar="DIR", type=click.Path(path_type=Path), help="Where it is; else DATA/plugins."
)


@plugins.command()
@click.argument("slug")
@_plugins_dir
@click.option("--json", "as_json", is_flag=True, help="One object a sample, a line each.")
@click.pass_context
def test(context: click.Context, slug: str, plugins_dir: Path | None, as_json: bool) -> None:
    """Read the samples of a plugin; status 1 when anything is not read as they say."""
    from archive.kit import run_samples

    desk: Desk = context.obj
    speak(logging.CRITICAL)
    right = True
    for sample in run_samples(slug, desk.settings, plugins_dir):
        right &= sample.is_right
        if as_json:
            rows = [{**dataclasses.asdict(row), "right": row.is_right} for row in sample.rows]
            show({"sample": sample.name, "right": sample.is_right, "rows": rows, "error": sample.error or None})
        else:
            _print_sample(sample)
    context.exit(0 if right else 1)


def _print_sample(sample: Sample) -> None:
    click.echo(f"{sample.name}: {'đúng' if sample.is_right else 'CHƯA ĐÚNG'}")
    if sample.error:
        click.echo(f"  ✗ {sample.error}")
    names = max((len(row.field) for row in sample.rows), default=0)
    wanted = [_shown(row.expected) for row in sample.rows]
    width = min(48, max(map(len, wanted), default=0))
    for row, expected in zip(sample.rows, wanted, strict=True):
        mark = "✓" if row.is_right else "✗"
        click.echo(f"  {mark} {row.field:{names}}  {expected:{width}} | {_shown(row.found)}")


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "; ".join(_shown(one) for one in value) or "(trống)"
    return {None: "—", True: "có", False: "không"}.get(value, str(value))


@plugins.command()
@click.argument("slug")
@_plugins_dir
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the N documents confirmed last.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def backtest(desk: Desk, slug: str, plugins_dir: Path | None, limit: int | None, as_json: bool) -> None:
    """Replay a plugin over documents people have confirmed: what would change, become right, become wrong."""
    from archive import kit

    speak(logging.CRITICAL)
    with desk.readers() as session:
        report = kit.backtest(session, desk.settings, slug, plugins_dir=plugins_dir, limit=limit)
    if as_json:
        show(_report_json(report))
    else:
        _print_report(report)


def _report_json(report: Report) -> dict[str, Any]:
    keys = ("changed", "right", "wrong", "other", "unchecked", "sure_wrong")
    return {
        "plugin": report.plugin, "against": list(report.against), "documents": report.documents,
        "fields": {name: {key: count[key] for key in keys} for name, count in report.by_field().items()},
        "changes": [{**dataclasses.asdict(one), "href": one.href} for one in report.changes],
        "failures": [{"document": document, "cause": cause} for document, cause in report.failures],
    }  # fmt: skip


def _print_report(report: Report) -> None:
    against = ", ".join(report.against) or "khi không có plugin này"
    click.echo(f"{report.plugin} so với {against}, trên {report.documents} văn bản đã xác nhận. Không có gì bị ghi.")
    for document, cause in report.failures:
        click.echo(f"  bị bỏ qua: /documents/{document}  {cause}")
    if not report.changes:
        click.echo("Không giá trị nào thay đổi.")
        return
    counts = report.by_field()
    width = max(len(name) for name in counts)
    click.echo(f"{'':{width}}  đổi  thành đúng  thành sai  vẫn sai  chưa ai xác nhận  sai mà chắc")
    for name, count in counts.items():
        click.echo(f"{name:{width}} {count['changed']:4} {count['right']:11} {count['wrong']:10} {count['other']:8} "
                   f"{count['unchecked']:17} {count['sure_wrong']:12}")  # fmt: skip
    for one in report.changes[:SHOWN]:
        said = "" if one.becomes == "unchecked" else f" (đã xác nhận: {_shown(one.confirmed)})"
        click.echo(
            f"{_BECOMES[one.becomes]}: {one.href}  {one.field}: {_shown(one.before)} → {_shown(one.after)}{said}"
        )
    if len(report.changes) > SHOWN:
        click.echo(f"… và {len(report.changes) - SHOWN} thay đổi nữa; --json cho đủ.")


SHOWN = 200
"""Changes that are printed, the worst first."""
_BECOMES = {"right": "thành đúng", "wrong": "THÀNH SAI", "other": "vẫn sai", "unchecked": "đổi"}
