"""Plugins that misbehave, on the way a real paper goes: step, child, worker. It is read as if they were absent."""

import dataclasses
import json
import shutil
import textwrap

import pytest
import sqlalchemy as sa
from PIL import Image

from archive import pages, switchboard
from archive.children import Child
from archive.consent import Sources
from archive.findings import Record, Settled
from archive.host import Plugin
from archive.jobs import queue
from archive.jobs.worker import Worker
from archive.kit import warnings
from archive.models import Document, Event, FindingRow, Scan, Task
from archive.reading import Page
from archive.steps import Plugins
from tests.archive import offices

GOOD = """
    from archive import Finding, Route, hookimpl
    VERSION = "2.1"
    @hookimpl
    def extract(text, stamp):
        yield Finding("good.word", text.plain[:7], 0.9)
    @hookimpl
    def begins(page):
        return [(0.5, "tốt")]
    @hookimpl
    def route(record):
        return [Route("Phòng A", reason="Vì thế.")]
"""
FAULTS = {
    "raises": "raise ValueError(str(locals()))",
    "raises_half_way": "yield Finding('number', '9', 0.9)\n    raise RuntimeError",
    "hangs": "while True: pass",
    "huge": "return [Finding('subject', 'x' * 2**30, 0.9)]",
    "junk": "return [42, {'number': 9}, None]",
    "exits": "sys.exit(3)",
    "dies": "os._exit(3)",
    "segfaults": "faulthandler.disable(); ctypes.string_at(0)",
}
HEAD = "import ctypes, faulthandler, os, sys\nfrom archive import Finding, hookimpl\n"
MISSPELT = HEAD + "@hookimpl\ndef extrct(text, stamp):\n    return []\n"
ON_IMPORT = {name: FAULTS[name] for name in ("raises", "hangs", "exits", "dies", "segfaults")}
HOOKS = {"extract": "text, stamp", "begins": "page", "route": "record", "read_stamp": "page, image", "province": ""}
PAPER = Page.of_text(1, "ỦY BAN NHÂN DÂN\nTỈNH LAI CHÂU\nSố: 12/UBND-VX\nLai Châu, ngày 02 tháng 3 năm 2021\n")
BUDGET = 0.5


def fault(name, *hooks):
    return HEAD + "".join(f"@hookimpl\ndef {hook}({HOOKS[hook]}):\n    {FAULTS[name]}\n" for hook in hooks)


@pytest.fixture
def folder(tmp_path):
    """Writes plugins into a folder of their own."""

    def write(name, **plugins):
        for slug, code in plugins.items():
            (tmp_path / name / slug).mkdir(parents=True)
            (tmp_path / name / slug / "__init__.py").write_text(textwrap.dedent(code), encoding="utf-8")
        return tmp_path / name

    return write


@pytest.fixture(scope="module")
def child():
    with Child() as child:
        yield child


def ask(child, step, *args, folder, province="good"):
    plugins = Plugins(str(folder), (), province, BUDGET)
    return child.run(f"archive.steps:{step}", *args, plugins, wall=60, cpu=60)


@pytest.mark.parametrize("name", [*FAULTS, "misspelt"])
def test_a_paper_is_read_as_if_the_plugin_were_absent(child, folder, name):
    bad = MISSPELT if name == "misspelt" else fault(name, "extract")
    without = ask(child, "extract", (PAPER,), None, folder=folder("without", good=GOOD))
    pid = child.pid
    beside = ask(child, "extract", (PAPER,), None, folder=folder("beside", a_bad=bad, good=GOOD, z_bad=bad))
    assert (beside.findings, beside.citations) == (without.findings, without.citations)
    assert "good.word" in {one.field for one in beside.findings}
    assert {failure.split()[0] for failure in beside.failures} == {"a_bad", "z_bad"}
    assert "LAI CHÂU" not in str(beside.failures)
    assert child.pid == pid


@pytest.mark.parametrize("name", ON_IMPORT)
def test_a_plugin_that_ends_the_process_while_it_is_loaded_is_refused(child, folder, name):
    bad = HEAD + ON_IMPORT[name].replace("locals()", "1")
    found = ask(child, "extract", (PAPER,), None, folder=folder("plugins", a_bad=bad, good=GOOD))
    assert "good.word" in {one.field for one in found.findings}
    assert found.failures == ("a_bad refused",)


@pytest.mark.parametrize("name", ["hangs", "dies"])
def test_every_other_hook_passes_over_it_too(child, folder, name):
    plugins = folder("plugins", a_bad=fault(name, *HOOKS), good=GOOD)
    parts = ask(child, "cut", [PAPER], [], folder=plugins)
    assert [[page.number for page in part.pages] for part in parts] == [[1]]
    record = Record(fields={"subject": Settled("phòng, chống dịch")})
    assert [route.unit for route in ask(child, "route", record, folder=plugins)] == ["Phòng A"]
    assert ask(child, "route", record, folder=plugins, province="a_bad") == ()


def test_a_plugin_that_cannot_read_a_stamp_leaves_it_to_ours(child, folder, tmp_path):
    from archive.scans import Limits

    Image.new("RGB", (400, 300), "white").save(tmp_path / "page.png", dpi=(100, 100))
    page = dataclasses.replace(PAPER, source="ocr", width=400, height=300)
    plugins = folder("plugins", a_bad=fault("dies", "read_stamp"))
    marks = ask(child, "mark", str(tmp_path / "page.png"), page, Limits(10, 10**8), folder=plugins)
    assert (marks.page, marks.stamp) == (1, None)


def test_a_plugin_that_is_always_late_is_soon_asked_no_more(child, folder):
    plugins = folder("plugins", bad=fault("hangs", "extract"), good=GOOD)
    causes = [ask(child, "extract", (PAPER,), None, folder=plugins).failures[0] for _ in range(4)]
    assert causes == ["bad extract: out of time"] * 3 + ["bad extract: asked no more, out of time 3 times"]


def walk(engine, settings, sessions, folder):
    """A scan whose pages are read, from the cut to the shelf; what is left of it in the archive."""
    settings = dataclasses.replace(settings, province="good")
    shutil.copytree(folder, settings.plugin_dir, dirs_exist_ok=True)
    with sessions.begin() as session:
        for home in folder.iterdir():  # also those that cannot be loaded: an administrator may not know
            one = Plugin(home.name, digest=Sources(settings.plugin_dir / home.name / "__init__.py").digest)
            switchboard.switch(session, one, on=True, actor="it")
        scan = offices.scan(session, pages=1, status="reading")
        pages.keep(session, scan.id, PAPER)
        queue.add(session, scan, "cut")
    with Worker(settings, engine=engine) as worker:
        assert worker.drain(seconds=120)
    with sessions() as session:
        (document,) = session.scalars(sa.select(Document).where(Document.scan_id == scan.id))
        rows = session.scalars(sa.select(FindingRow).where(FindingRow.document_id == document.id))
        event = session.scalar(sa.select(Event).where(Event.subject == scan.id, Event.action == "extracted"))
        assert session.get(Scan, scan.id).status == "review"
        assert {task.attempt for task in session.scalars(sa.select(Task).where(Task.scan_id == scan.id))} == {1}
        said = [(row.field, row.value, row.confidence, row.source) for row in rows]
        routes = [(row.unit, row.source) for row in document.routes]
        return (said, document.fields, document.lists, routes), json.loads(event.data)


def test_the_line_goes_on_beside_all_of_them_and_says_who_failed(office_engine, office_sessions, settings, folder):
    bad = {name: fault(name, "extract") for name in FAULTS} | {"misspelt": MISSPELT}
    without, _ = walk(office_engine, settings, office_sessions, folder("without", good=GOOD))
    beside, event = walk(office_engine, settings, office_sessions, folder("beside", good=GOOD, **bad))
    assert beside == without
    assert beside[3] == [("Phòng A", "good 2.1")]
    assert event["passed_over"].keys() == bad.keys()
    with office_sessions() as session:
        warned = warnings(session)
    assert warned.keys() == bad.keys()
    assert warned["hangs"].cause == "extract: out of time"
