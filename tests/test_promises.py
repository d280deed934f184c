"""Every promise of docs/promises.md names tests that exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
ROWS = [line for line in TEXT.splitlines() if line.startswith("| ") and not line.startswith("| promise")]


def known_in(file):
    """`test_x`, `TestClass::test_x` of a module."""
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.ClassDef):
            yield from (f"{node.name}::{one.name}" for one in node.body if isinstance(one, ast.FunctionDef))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:60])
def test_each_promise_is_held_by_tests_that_exist(row):
    named = re.findall(r"`(tests/[\w/]+\.py)::([\w:]+)`", row)
    assert named, "no test holds it"
    missing = [f"{file}::{test}" for file, test in named if test not in set(known_in(ROOT / file))]
    assert missing == []
