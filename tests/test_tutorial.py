"""docs/plugins.md is run from top to bottom: its files are written, its commands print what it says they print.

A block `python PATH` (or toml, json, text) is a file; a block `console` has commands after `$ `, and under each what it
prints. `…` stands for anything, `DATA` for the data directory; `# status 1` says that the command says no.
"""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from archive import pages
from archive.models import Confirmation
from archive.reading import Page
from server.cli import main
from tests.archive import offices

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
DESKS = {"exam": "Phòng Giáo dục và Đào tạo", "letter": "Phòng Văn hóa"}
"""Sample → what a person confirmed of it in the archive over which the tutorial runs its backtest."""


class Reader:
    """Somebody who does what the page says, in an empty folder."""

    def __init__(self, folder, data, sessions):
        self.folder, self.data, self.sessions = folder, data, sessions
        self.site = folder / "site"
        self.site.mkdir()

    def follow(self, kind, path, body):
        if kind == "console":
            for command, printed in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", body, re.MULTILINE):
                self.type(command, printed)
        elif path:
            file = self.data / path.removeprefix("DATA/") if path.startswith("DATA/") else self.folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(body, encoding="utf-8")

    def type(self, line, printed):
        command, _, comment = line.partition("    # status ")
        words = shlex.split(command.replace("DATA", str(self.data)))
        if words[:3] == ["vanthu", "plugins", "backtest"]:
            self.confirm()
        status, said = getattr(self, words[0])(*words[1:])
        assert status == int(comment or 0), said
        assert matches(printed, said.replace(str(self.data), "DATA")), f"{line}\n{said}"

    def confirm(self):
        """An archive in which people have already worked on two papers."""
        with self.sessions.begin() as session:
            for name, desk in DESKS.items():
                paper = self.data / "plugins" / "lai_chau" / "samples" / f"{name}.txt"
                document = offices.document(session)
                pages.keep(session, document.scan_id, Page.of_text(1, paper.read_text(encoding="utf-8")))
                session.add(Confirmation(document_id=document.id, field="lai_chau.desk", value=desk, by="lan"))

    def vanthu(self, *words):
        result = CliRunner().invoke(main, words, catch_exceptions=False)
        return result.exit_code, result.output

    def pip(self, *words):
        return self.run("pip", "--disable-pip-version-check", *words, "--no-index", "--target", str(self.site))

    def pytest(self, *words):
        return self.run("pytest", "-p", "no:cacheprovider", *words, env={"PYTHONPATH": f"{self.site}:{ROOT}"})

    def rm(self, name):
        Path(name).unlink()
        return 0, ""

    def run(self, module, *words, env=None):
        done = subprocess.run(
            [sys.executable, "-m", module, *words], cwd=self.folder, env=env, capture_output=True, text=True
        )
        return done.returncode, done.stdout + done.stderr


def matches(printed, said):
    """Whether what is said is what is printed; a line `…` is any lines, a `…` in a line the rest of it or a part."""
    pattern = re.escape(printed.rstrip()).replace("…", ".*")
    return not printed.strip() or re.fullmatch(pattern + r"\s*", said, re.DOTALL) is not None


@pytest.fixture
def reader(tmp_path, settings, office_sessions, monkeypatch):
    monkeypatch.setenv("VANTHU_DATA", str(settings.data))
    reader = Reader(tmp_path, settings.data, office_sessions)
    monkeypatch.syspath_prepend(reader.site)
    return reader


def test_a_stranger_gets_to_a_working_province(reader):
    assert {kind for kind, _, _ in BLOCKS} == {"console", "python", "toml", "json", "text"}
    for kind, path, body in BLOCKS:
        reader.follow(kind, path, body)


def test_the_mistake_of_the_tutorial_is_the_only_one():
    from archive import rulebook

    rules = next(body for kind, path, body in BLOCKS if kind == "toml" and path.endswith("plugin.toml"))
    book = rulebook.read("son_tay", rules.replace("day = 5", "days = 5").encode())
    assert (book.office.rules[0].days, len(book.office.patterns)) == (5, 2)
