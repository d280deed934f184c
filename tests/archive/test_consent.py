"""A drop-in plugin runs only as the very code that was switched on: none else is asked, nor even loaded."""

import os
import py_compile
import shutil

import pytest
import sqlalchemy as sa

from archive import pages, steps, switchboard
from archive.children import Child
from archive.consent import Sources
from archive.errors import Conflict
from archive.host import Plugin, load
from archive.jobs import Worker, queue
from archive.models import Event, FindingRow, Task
from archive.pipeline.line import plugins
from archive.reading import Page, Text
from tests.archive import offices

PAPER = Page.of_text(1, "Số: 12/UBND-VX")
CODE = """
from pathlib import Path
from archive import Finding, hookimpl
from .words import WORD
Path({seen!r}).touch()
VERSION = "1.0"

@hookimpl
def extract(text, stamp):
    return [Finding("spy.word", WORD, 0.9)]
"""


@pytest.fixture
def seen(settings):
    """The file that the plugin's code makes when it runs."""
    return settings.data / "seen"


@pytest.fixture
def spy(settings, seen):
    """A plugin of two modules that somebody laid into the folder."""
    home = settings.plugin_dir / "spy"
    (home / "samples").mkdir(parents=True)
    (home / "__init__.py").write_text(CODE.format(seen=str(seen)))
    (home / "words.py").write_text("WORD = 'một'\n")
    return home


@pytest.fixture
def enable(settings, office_sessions):
    def enable(on=True, seen=""):
        plugin = steps.tried(str(settings.plugin_dir), "spy")
        with office_sessions.begin() as session:
            switchboard.switch(session, plugin, on=on, actor="it", seen=seen)

    return enable


@pytest.fixture(scope="module")
def child():
    with Child() as child:
        yield child


@pytest.fixture
def said(settings, office_sessions, child):
    """What the plugin says to the line, whose child lives on."""

    def said():
        with office_sessions() as session:
            asked = plugins(session, settings)
        found = child.run("archive.steps:extract", (PAPER,), None, asked, wall=60, cpu=60)
        return [one.value for one in found.findings if one.field == "spy.word"]

    return said


@pytest.fixture
def standing(settings, office_sessions):
    def standing():
        with office_sessions() as session:
            known = steps.found(str(settings.plugin_dir), (), switchboard.allowed(session))
            return switchboard.standings(session, known)["spy"]

    return standing


def test_it_is_asked_only_as_it_was_switched_on(spy, seen, enable, said, standing, office_sessions):
    assert (said(), standing(), seen.exists()) == ([], "new", False)
    enable()
    assert (said(), standing(), seen.exists()) == (["một"], "on", True)
    seen.unlink()
    (spy / "words.py").write_text("WORD = 'hai'\n")
    assert (said(), standing(), seen.exists()) == ([], "changed", False)
    enable()
    assert (said(), standing()) == (["hai"], "on")
    enable(on=False)
    seen.unlink()
    assert (said(), standing(), seen.exists()) == ([], "off", False)
    with office_sessions() as session:
        told = session.execute(sa.select(Event.action, Event.subject).order_by(Event.seq)).all()
    assert told == [("plugin_enabled", "spy"), ("plugin_enabled", "spy"), ("plugin_disabled", "spy")]


def test_a_paper_of_the_line_is_read_without_it_until_it_is_switched_on(
    spy, seen, enable, settings, office_engine, office_sessions
):
    def words():
        with office_sessions.begin() as session:
            scan = offices.scan(session, pages=1, status="reading")
            pages.keep(session, scan.id, PAPER)
            queue.add(session, scan, "cut")
        with Worker(settings, engine=office_engine) as worker:
            assert worker.drain(seconds=120)
        with office_sessions() as session:
            assert set(session.scalars(sa.select(Task.state))) <= {"done"}
            return session.scalars(sa.select(FindingRow.value).where(FindingRow.field == "spy.word")).all()

    assert (words(), seen.exists()) == ([], False)
    enable()
    assert words() == ["một"]


@pytest.mark.parametrize(
    "change",
    [
        lambda home: (home / "__init__.py").write_text((home / "__init__.py").read_text() + "\n"),
        lambda home: (home / "words.py").rename(home / "wörds.py"),
        lambda home: (home / "more.py").write_text(""),
        lambda home: (home / "plugin.toml").write_text("name = 'x'\n"),
        lambda home: (home.parent / "spy.py").write_text("raise SystemExit\n"),
    ],
    ids=["a byte", "a name", "a file more", "rules", "a namesake"],
)
def test_any_change_of_its_code_asks_anew(spy, seen, enable, said, standing, change):
    enable()
    seen.unlink()
    change(spy)
    assert (said(), standing(), seen.exists()) == ([], "changed", False)


def test_samples_are_no_code(spy, enable, said, standing):
    enable()
    (spy / "samples" / "made.py").write_text("x = 1\n")
    (spy / "notes.txt").write_text("x")
    assert (said(), standing()) == (["một"], "on")


def test_what_is_loaded_is_what_was_hashed(spy, enable, said, tmp_path):
    """A `.pyc` made by hand under the source's time and size, and code that is changed under the same time."""
    enable()
    evil = tmp_path / "words.py"
    evil.write_text("WORD = 'bốn'\n")
    source = spy / "words.py"
    shutil.copystat(source, evil)
    assert evil.stat().st_size == source.stat().st_size
    (spy / "__pycache__").mkdir(exist_ok=True)
    made = py_compile.compile(str(evil), cfile=str(tmp_path / "evil.pyc"))
    for tag in ("cpython-311", "cpython-312", "cpython-313"):
        shutil.copy(made, spy / "__pycache__" / f"words.{tag}.pyc")
    assert said() == ["một"]
    at = source.stat()
    source.write_text("WORD = 'chín'\n")
    os.utime(source, ns=(at.st_atime_ns, at.st_mtime_ns))
    os.utime(spy, ns=(at.st_atime_ns, at.st_mtime_ns))
    assert said() in (["một"], [])


def test_files_laid_beside_an_installed_plugin_do_not_even_switch_it_off(settings):
    settings.plugin_dir.mkdir()
    (settings.plugin_dir / "national.py").write_text("raise SystemExit\n")
    host = load(settings.plugin_dir, allowed=())
    (national,) = (one for one in host.plugins if one.slug == "national")
    assert national.is_waiting and "extract" in national.hooks and not national.error
    assert any(one.field == "number" for one in host.extract(Text([PAPER])) if hasattr(one, "field"))


def test_it_is_switched_on_only_as_it_was_seen_and_when_it_can_be_read(spy, enable, settings, office_sessions):
    before = Sources(spy / "__init__.py").digest
    (spy / "words.py").write_text("WORD = 'hai'\n")
    with pytest.raises(Conflict, match="vừa đổi"):
        enable(seen=before)
    with office_sessions.begin() as session, pytest.raises(Conflict):
        switchboard.switch(session, Plugin("spy", is_waiting=True), on=True, actor="it")
    with office_sessions() as session:
        assert switchboard.allowed(session) == ()


def test_a_pipe_in_the_folder_holds_nobody_up(settings):
    settings.plugin_dir.mkdir()
    os.mkfifo(settings.plugin_dir / "spy.py")
    (spy,) = (one for one in load(settings.plugin_dir).plugins if one.slug == "spy")
    assert spy.digest == "" and "không đọc được tệp" in spy.error
