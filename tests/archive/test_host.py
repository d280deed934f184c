"""A plugin that misbehaves spoils nothing: papers are read as if it were absent."""

import textwrap
import time

import pytest
from PIL import Image

from archive.findings import Record, Settled
from archive.host import Found, Host, load, loaded
from archive.reading import Page, Text
from plugins import cao_bang
from plugins.cao_bang import OFFICE

GOOD = """
    from archive import Finding, Route, hookimpl
    VERSION = "2.1"
    @hookimpl
    def extract(text, stamp):
        yield Finding("good.word", text.plain[:4], 0.9)
    @hookimpl
    def begins(page):
        return [(0.5, "tốt")]
    @hookimpl
    def route(record):
        return [Route("Phòng A", confidence=0.4), Route("Phòng B", confidence=0.8)]
"""
EXTRACT = "from archive import Finding, hookimpl\n@hookimpl\ndef extract(text, stamp):\n    "

FAULTS = {
    "raises": EXTRACT + "raise ValueError(text.plain)",
    "half_way": EXTRACT + "yield Finding('number', '9', 0.9)\n    raise RuntimeError",
    "hangs": "import time\n" + EXTRACT + "time.sleep(60)",
    "exits": "import sys\n" + EXTRACT + "sys.exit(3)",
    "dies": "import os\n" + EXTRACT + "os._exit(3)",
    "segfaults": "import ctypes, faulthandler\n" + EXTRACT + "faulthandler.disable(); ctypes.string_at(0)",
    "huge": EXTRACT + "return [Finding('number', 'x' * 2**30, 0.9)]",
    "endless": EXTRACT + "\n    while True:\n        yield Finding('number', '9', 0.9)",
    "junk_type": EXTRACT + "return [42]",
    "junk_text": EXTRACT + "return 'number'",
    "junk_confidence": EXTRACT + "return [Finding('number', '9', float('nan'))]",
    "junk_value": EXTRACT + "return [Finding('number', {'a': 1}, 0.9)]",
    "junk_letter": EXTRACT + "return [Finding('number', '\\ud800', 0.9)]",
    "junk_nul": EXTRACT + "return [Finding('number', '9\\0', 0.9)]",
    "junk_kind": EXTRACT + "return [Finding('kind', 'a paper of another kind', 0.9)]",
    "junk_relation": "from archive import Citation\n"
    + EXTRACT
    + "return [Citation(None, '1/CT', None, None, 'answers it')]",
    "junk_span": "from archive import Span\n" + EXTRACT + "return [Finding('number', '9', 0.9, Span(0, 10**6))]",
    "swallows": "import time\n"
    + EXTRACT
    + "\n    while True:\n        try:\n            time.sleep(60)\n        except BaseException:\n            pass",
}
REFUSED = {
    "misspelt": "from archive import hookimpl\n@hookimpl\ndef extrakt(text, stamp):\n    return []",
    "wrong_argument": "from archive import hookimpl\n@hookimpl\ndef extract(text, page):\n    return []",
    "raises_on_import": "raise RuntimeError('no')",
    "exits_on_import": "import sys\nsys.exit(1)",
    "imports_nothing_there": "import no_such_module_at_all",
    "has_no_hooks": "X = 1",
    "wraps": "from archive.hookspecs import PROJECT\nimport pluggy\n"
    "@pluggy.HookimplMarker(PROJECT)(wrapper=True)\ndef extract(text, stamp):\n    return (yield)",
    "does_not_parse": "def (",
}
TEXT = Text([Page.of_text(1, "Công văn này nói về việc tốt.")])


@pytest.fixture
def folder(tmp_path):
    def write(**plugins):
        for slug, code in plugins.items():
            (tmp_path / slug).mkdir()
            (tmp_path / slug / "__init__.py").write_text(textwrap.dedent(code), encoding="utf-8")
        return tmp_path

    return write


def names(host):
    return [one.field for one in host.extract(TEXT) if getattr(one, "source", "").startswith("good")]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_failing_plugin_spoils_nothing(folder, fault):
    without = load(folder(good=GOOD)).extract(TEXT)
    host = load(folder(a_bad=FAULTS[fault], z_bad=FAULTS[fault]), budget=0.5)
    assert host.extract(TEXT) == without
    assert set(host.failures) == {"a_bad", "z_bad"}
    assert "việc tốt" not in host.failures["a_bad"]


@pytest.mark.parametrize("fault", REFUSED)
def test_a_broken_plugin_is_refused_whole_and_alone(folder, fault):
    host = load(folder(good=GOOD, bad=REFUSED[fault]))
    bad = next(plugin for plugin in host.plugins if plugin.slug == "bad")
    assert "bị từ chối" in bad.error
    assert bad.hooks == ()
    assert names(host) == ["good.word"]


def test_a_plugin_that_hangs_on_import_is_refused(folder):
    host = load(folder(good=GOOD, bad="while True: pass"), budget=0.3)
    assert "quá lâu" in next(plugin.error for plugin in host.plugins if plugin.slug == "bad")
    assert names(host) == ["good.word"]


def test_a_plugin_of_the_archive_itself_has_all_the_time_a_busy_machine_needs():
    def slowly():
        time.sleep(0.3)
        return cao_bang

    host = Host(budget=0.05)
    assert host.add("cao_bang", Found(slowly)).error == ""
    assert "quá lâu" in host.add("dropped_in", Found(slowly, path="dropped_in.py")).error
    assert "quá lâu" in host.add("installed", Found(slowly, is_code_of_others=True)).error


def test_findings_say_who_found_them(folder):
    found = load(folder(good=GOOD)).extract(TEXT)
    assert {one.source for one in found} == {"national 1.0", "good 2.1"}


def test_only_the_offices_own_plugin_routes(folder):
    record = Record(fields={"subject": Settled("phòng, chống dịch bệnh")})
    host = load(folder(good=GOOD))
    assert [(route.unit, route.source) for route in host.route(record, "good")] == [
        ("Phòng B", "good 2.1"), ("Phòng A", "good 2.1"),
    ]  # fmt: skip
    assert host.route(record, None) == []
    assert host.route(record, "nobody") == []


def test_a_disabled_plugin_is_not_even_loaded(folder):
    host = load(folder(good=GOOD, bad="raise RuntimeError"), disabled={"bad", "good"})
    assert not {"bad", "good"} & {plugin.slug for plugin in host.plugins}
    assert names(host) == []


def test_national_is_asked_first(folder):
    host = load(folder(a_first=GOOD))
    assert host.plugins[0].slug == "national"
    assert host.begins(Page.of_text(1, "QUYẾT ĐỊNH"))[-1] == (0.5, "tốt", "a_first 2.1")


def test_a_dropped_in_plugin_wins_over_its_namesake(folder):
    host = load(folder(cao_bang=GOOD))
    assert [plugin.version for plugin in host.plugins if plugin.slug == "cao_bang"] == ["2.1"]


def test_provinces_are_known_by_their_plugins():
    assert {"cao_bang", "hai_duong", "quang_ngai", "soc_trang", "son_la"} <= {one.slug for one in load().provinces()}


def test_plugins_are_loaded_anew_when_one_changes(folder):
    first = loaded(folder(good=GOOD))
    assert loaded(folder()) is first
    path = folder(other=GOOD)
    assert names(loaded(path)) == ["good.word"]
    (path / "good" / "__init__.py").unlink()
    (path / "good" / "plugin.toml").write_text('name = "Lai Châu"\nversion = "3"\n', encoding="utf-8")
    again = loaded(path)
    assert [plugin.source for plugin in again.plugins if plugin.slug in ("good", "other")] == ["good 3", "other 2.1"]


def test_a_province_names_no_page_where_a_text_has_none():
    head = "ỦY BAN NHÂN DÂN\nTỈNH CAO BẰNG\nSố: 471/UBND-VX\nCao Bằng, ngày 30 tháng 3 năm 2020"
    desk = next(one for one in OFFICE.extract(Text([Page.of_text(1, head)])) if one.field == "cao_bang.desk")
    assert (desk.value, desk.page, desk.box) == ("Phòng Văn xã", None, None)


def test_plugins_are_asked_in_the_order_an_administrator_chose(tmp_path):
    for slug in ("anh", "binh"):
        (tmp_path / f"{slug}.py").write_text(RECOGNISES.format(slug=slug))
    image = Image.new("L", (10, 10))
    assert load(tmp_path).recognize(image)[0].text == "anh"
    assert load(tmp_path, order=("binh", "gone")).recognize(image)[0].text == "binh"
    assert [one.slug for one in load(tmp_path, order=("binh", "anh")).plugins][:3] == ["national", "binh", "anh"]


RECOGNISES = """
from archive import Word, hookimpl

@hookimpl
def recognize(image):
    return [Word("{slug}", (0.1, 0.1, 0.2, 0.2), 0.9)]
"""
