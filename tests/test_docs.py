"""What a stranger can use is named in the documentation: hooks, settings, commands, routes, fields, tables."""

import ast
import dataclasses
import importlib.util
import inspect
import re
from pathlib import Path

import click
import pytest

from archive import findings, hookspecs, models
from archive.config import Settings
from server.cli import main

ROOT = Path(__file__).parents[1]
FILES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def documentation():
    return "\n".join(file.read_text(encoding="utf-8") for file in FILES if file.is_file())


def missing(names, pattern):
    """Those of `names` that no page of the documentation has."""
    text = documentation()
    return [name for name in names if not re.search(pattern.format(re.escape(name)), text)]


def hooks():
    return [name for name, value in vars(hookspecs).items() if hasattr(value, f"{hookspecs.PROJECT}_spec")]


def commands(group, path=()):
    """`search`, `register export`, … of a click group, loaded as they are asked for."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        inner = commands(command, (*path, name)) if isinstance(command, click.Group) else [" ".join((*path, name))]
        yield from inner


def routes(app):
    """Rules for programs, with `{}` for what varies."""
    rules = {re.sub(r"<[^>]+>", "{}", rule.rule) for rule in app.url_map.iter_rules()}
    return sorted(rule for rule in rules if rule.startswith(("/api/", "/healthz", "/readyz", "/metrics")))


def test_every_hook_is_named():
    assert len(hooks()) >= 6
    assert missing(hooks(), r"\b{}\(") == []


@pytest.mark.parametrize("hook", hooks())
def test_every_hook_explains_itself(hook):
    assert len(inspect.getdoc(getattr(hookspecs, hook)) or "") > 40


def test_every_setting_is_named():
    names = [f"VANTHU_{setting.name.upper()}" for setting in dataclasses.fields(Settings)]
    assert missing(names, r"`{}\b") == []


def test_every_variable_the_code_looks_at_is_named():
    files = [f for house in ("archive", "server", "plugins", "bench") for f in (ROOT / house).rglob("*.py")]
    code = "".join(file.read_text(encoding="utf-8") for file in [*files, ROOT / "tests" / "conftest.py"])
    used = set(re.findall(r"[\"'\s](VANTHU_[A-Z_]+[A-Z])\b", code))
    assert missing(sorted(used), r"`{}\b") == []


def test_every_command_is_named():
    names = list(commands(main))
    assert "search" in names
    assert missing(names, r"\bvanthu {}\b") == []


def test_every_route_for_programs_is_named(settings, office_engine):
    from server import create_app

    text = re.sub(r"\{\w+\}", "{}", documentation())
    rules = routes(create_app(settings))
    assert rules
    assert [rule for rule in rules if not re.search(rf"{re.escape(rule)}(?![\w/{{])", text)] == []


def test_every_field_is_in_the_glossary():
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    names = (*findings.FIELDS, *findings.STAMP_FIELDS, *findings.LISTS)
    assert [name for name in names if f"`{name}`" not in glossary] == []


def test_every_table_is_in_the_glossary():
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    names = [mapper.class_.__name__ for mapper in models.Base.registry.mappers]
    assert [name for name in names if f"`{name}`" not in glossary] == []


@pytest.mark.parametrize("file", [f for f in FILES if f.is_file()], ids=lambda f: f.name)
def test_links_lead_somewhere(file):
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", file.read_text(encoding="utf-8"))
    assert [target for target in targets if not (file.parent / target).exists()] == []


def test_modules_the_architecture_names_exist():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:archive|server|migrations)/[\w/]+\.py)`", text))
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []


def test_every_module_says_what_it_is():
    files = [f for house in ("archive", "server", "migrations", "plugins") for f in (ROOT / house).rglob("*.py")]
    names = [".".join(f.relative_to(ROOT).with_suffix("").parts) for f in files if "versions" not in f.parts]
    silent = [name for name in names if name != "migrations.env" and not _says(name)]
    assert silent == []


def _says(name):
    source = Path(importlib.util.find_spec(name.removesuffix(".__init__")).origin).read_text(encoding="utf-8")
    return not source.strip() or ast.get_docstring(ast.parse(source))
