"""The house rules that a machine can hold: who imports whom, how long a module is, what never enters the repository."""

import ast
import functools
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HOUSES = ("archive", "server", "plugins", "migrations")
MAY_IMPORT = {
    "archive": ("archive",),
    "server": ("server", "archive", "migrations"),
    "migrations": ("migrations", "archive.models"),
}
MOST_LINES = 400
LONGER: dict[str, str] = {}
BROAD = {
    "archive/host.py": "a plugin's fault never stops a paper",
    "archive/apart.py": "the child in which plugins are asked",
    "archive/children.py": "the child that runs a step hands every error to its parent",
    "server/commands/each.py": "what one office's thread raises stops no other office",
    "archive/signed.py": "a signature that cannot be read is told as unchecked, and the paper goes on",
    "archive/jobs/worker.py": "the worker's loop goes on with the next task",
}
LONGEST_FUNCTION = 50
NEVER = {
    "a path of one machine": r"(?<![\w.])/(?:work|root|home|Users)/\w",
    "a host of a package registry": r"\b(?:pypi|npmjs|pythonhosted)\.org|https?://[^\s/]+/(?:simple|pypi)\b",
    "a key": r"BEGIN (?:RSA |EC |OPENSSH )?PRIVATE KEY",
}
TEXT = {".py", ".md", ".cfg", ".toml", ".lock", ".html", ".css", ".js", ".yml", ".yaml", ".sh", ".json", ".mako", ""}


def modules(tree):
    """Every module of ours in `tree`: (dotted name, file)."""
    for house in HOUSES:
        for file in sorted((tree / house).rglob("*.py")):
            parts = file.relative_to(tree).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), file


def imported(name, file):
    """What a module imports, wherever in it: dotted names, relative ones resolved."""
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from [base] if base == "archive" else (f"{base}.{alias.name}" for alias in node.names)


def under(name, houses):
    return any(name == house or name.startswith(f"{house}.") for house in houses)


def may(name, wanted):
    """Whether the module `name` of ours may import `wanted`."""
    house = name.split(".")[0]
    if under(wanted, ("flask",)):
        return house == "server"
    if not under(wanted, HOUSES):
        return True
    if house == "plugins":
        own = ".".join(name.split(".")[:2])
        return wanted == "archive" or under(wanted, (own,))
    return under(wanted, MAY_IMPORT[house])


def forbidden(tree):
    """Imports against the rule, as `who -> whom`."""
    return [
        f"{name} -> {wanted}"
        for name, file in modules(tree)
        for wanted in imported(name, file)
        if not may(name, wanted)
    ]


def test_everyone_imports_only_whom_they_may():
    assert forbidden(ROOT) == []


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("archive/intake.py", "from server import auth"),
        ("archive/intake.py", "def f():\n    import server.auth"),
        ("archive/intake.py", "from flask import g"),
        ("archive/host.py", "from plugins import national"),
        ("archive/jobs/queue.py", "from ...server import auth"),
        ("server/pages/search.py", "from plugins.national import types"),
        ("migrations/env.py", "from archive.history import append"),
        ("plugins/son_la/__init__.py", "from archive.models import Scan"),
        ("plugins/son_la/__init__.py", "import archive.models"),
        ("plugins/son_la/__init__.py", "from plugins.national import types"),
        ("plugins/son_la/__init__.py", "from ..national import types"),
        ("plugins/son_la/__init__.py", "from flask import g"),
    ],
)
def test_an_import_turned_around_is_found(tmp_path, file, line):
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text(line)
    assert len(forbidden(tmp_path)) == 1


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("archive/intake.py", "from archive.models import Scan"),
        ("archive/jobs/__init__.py", "from .queue import claim\nfrom ..models import Scan"),
        ("server/cli.py", "import migrations\nfrom archive import config\nfrom server.demo import load"),
        ("migrations/env.py", "from archive.models import Base"),
        ("plugins/son_la/__init__.py", "from archive import Finding, hookimpl\nfrom . import names"),
    ],
)
def test_an_import_down_the_house_is_allowed(tmp_path, file, line):
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text(line)
    assert forbidden(tmp_path) == []


def test_the_face_for_plugins_is_light():
    heavy = "{'sqlalchemy', 'flask', 'numpy', 'PIL', 'whoosh'} & set(sys.modules)"
    code = f"import sys, archive; found = {heavy}; sys.exit(' '.join(found) if found else 0)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stderr == ""


def test_no_module_is_called_after_nothing_in_particular():
    names = {"utils", "util", "helpers", "common", "services", "managers", "misc"}
    assert [name for name, _ in modules(ROOT) if names & set(name.split("."))] == []


def test_no_module_grows_too_long():
    lengths = {str(f.relative_to(ROOT)): f.read_text(encoding="utf-8").count("\n") for _, f in modules(ROOT)}
    long = {file: lines for file, lines in lengths.items() if lines > MOST_LINES and "versions/" not in file}
    assert long.keys() - LONGER.keys() == set(), long


def committed():
    """Text files under version control."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("not a working copy of the repository")
    files = [ROOT / name for name in done.stdout.split("\0") if name]
    return [file for file in files if file.suffix in TEXT and "vendor" not in file.parts and file.is_file()]


@pytest.mark.parametrize("what", sorted(NEVER))
def test_the_repository_never_holds(what):
    pattern = re.compile(NEVER[what])
    found = []
    for file in committed():
        if file == Path(__file__):
            continue
        for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if pattern.search(line):
                found.append(f"{file.relative_to(ROOT)}:{number}")
    assert found == []


@functools.cache
def trees():
    files = [file for _, file in modules(ROOT) if "versions" not in file.parts]
    return [(str(file.relative_to(ROOT)), ast.parse(file.read_text(encoding="utf-8"))) for file in files]


def catches_all(handler):
    names = [handler.type, *getattr(handler.type, "elts", [])]
    return handler.type is None or any(getattr(n, "id", "") in ("Exception", "BaseException") for n in names)


def test_everything_is_caught_at_the_borders_only():
    broad = {
        file
        for file, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and catches_all(node)
    }
    assert broad - BROAD.keys() == set()


def test_no_function_grows_too_long():
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    long = [
        f"{file}:{node.lineno} {node.name}"
        for file, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, functions) and node.end_lineno - node.lineno >= LONGEST_FUNCTION
    ]
    assert long == []


def test_logs_never_hold_a_text_or_a_name():
    """Arguments of log calls are ids, counts, slugs and errors: none is called after a paper's content."""
    content = {"text", "plain", "folded", "subject", "signer_name", "full_name", "password", "token", "words"}
    told = []
    for file, tree in trees():
        calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)]
        for call in calls:
            if getattr(call.func.value, "id", "") not in ("log", "logger", "logging"):
                continue
            names = {getattr(n, "id", getattr(n, "attr", "")) for arg in call.args[1:] for n in ast.walk(arg)}
            told += [f"{file}:{call.lineno} {name}" for name in names & content]
    assert told == []
