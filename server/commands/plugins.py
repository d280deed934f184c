"""vanthu plugins: which there are, and whether they are asked."""

from __future__ import annotations

import logging
from typing import Any

import click

from archive.errors import NotFound
from server.commands import ACTOR, Desk, show, speak


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
            state = "bị từ chối" if one["error"] else "bật" if one["enabled"] else "tắt"
            click.echo(f"{one['slug']} {one['version']}  {state}  {', '.join(one['hooks'])}")
        if one["error"]:
            click.echo(f"{one['slug']}: {one['error']}", err=True)
    context.exit(1 if any(one["error"] for one in found) else 0)


def found_plugins(desk: Desk) -> list[dict[str, Any]]:
    """Every plugin, switched off or not, with what is wrong with it."""
    from archive import host
    from archive.models import PluginState

    with desk.readers() as session:
        enabled = {row.slug: row.enabled for row in session.query(PluginState)}
    loaded = host.load(desk.settings.plugin_dir if desk.settings.plugin_dir.is_dir() else None)
    return [
        {"slug": one.slug, "version": one.version, "enabled": enabled.get(one.slug, True), "hooks": list(one.hooks),
         "path": one.path, "error": one.error or None}
        for one in loaded.plugins
    ]  # fmt: skip


@plugins.command()
@click.argument("slug")
@click.pass_obj
def enable(desk: Desk, slug: str) -> None:
    """Ask this plugin from now on."""
    _switch(desk, slug, True)


@plugins.command()
@click.argument("slug")
@click.pass_obj
def disable(desk: Desk, slug: str) -> None:
    """Ask this plugin no more; what it has found stays."""
    _switch(desk, slug, False)


def _switch(desk: Desk, slug: str, enabled: bool) -> None:
    from archive import history
    from archive.models import PluginState, now

    speak(logging.CRITICAL)
    found = next((one for one in found_plugins(desk) if one["slug"] == slug), None)
    if found is None:
        raise NotFound(f"Không có plugin {slug!r}.")
    with desk.sessions.begin() as session:
        state = session.get(PluginState, slug) or PluginState(slug=slug)
        state.enabled, state.version, state.changed_by, state.changed_at = enabled, found["version"], ACTOR, now()
        session.add(state)
        history.append(session, ACTOR, "plugin_enabled" if enabled else "plugin_disabled", slug)
    click.echo(f"{slug}: {'bật' if enabled else 'tắt'}")
