"""What the browser loads is what we looked at: vendored, pinned, hashed, licensed; nothing from elsewhere."""

import hashlib
import re
import tomllib
from pathlib import Path

import pytest

SERVER = Path(__file__).parents[3] / "server"
VENDOR = SERVER / "static" / "vendor"
LISTED = tomllib.loads((VENDOR / "VENDOR.toml").read_text(encoding="utf-8"))["file"]
TEMPLATES = sorted((SERVER / "templates").rglob("*.html"))


@pytest.mark.parametrize("item", LISTED, ids=lambda item: item["file"])
def test_a_vendored_file_is_the_one_that_was_recorded(item):
    assert hashlib.sha256((VENDOR / item["file"]).read_bytes()).hexdigest() == item["sha256"]
    assert item["version"] and item["licence"] in {"0BSD", "OFL-1.1", "MIT", "Apache-2.0"}


def test_no_vendored_file_is_unlisted():
    assert {path.name for path in VENDOR.iterdir()} == {item["file"] for item in LISTED} | {"VENDOR.toml"}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_has_no_inline_script_or_style_and_calls_no_other_host(path):
    html = path.read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|hx-on", html)
    assert not re.search(r"(?:src|href|action)=[\"']?(?:https?:)?//", html)


def test_the_style_sheet_and_scripts_call_no_other_host():
    for path in [*(SERVER / "static").glob("*.css"), *(SERVER / "static").glob("*.js")]:
        assert not re.search(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}/", path.read_text(encoding="utf-8")), path.name
