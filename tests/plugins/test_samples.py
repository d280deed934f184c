"""Every plugin's samples: NAME.txt is a paper, NAME.json what must be read on it."""

import json
from pathlib import Path

import pytest

from archive.bundles import stamp_in_text
from archive.findings import settle
from archive.host import load
from archive.reading import Page, Text

PLUGINS = Path(__file__).parents[2] / "plugins"
SAMPLES = sorted(PLUGINS.glob("*/samples/*.txt"))


@pytest.fixture(scope="module")
def host():
    return load()


def read(host, file):
    plain = file.read_text(encoding="utf-8")
    stamp = stamp_in_text(plain[:600])
    return settle(host.extract(Text([Page.of_text(1, plain)]), stamp), stamp=stamp)


@pytest.mark.parametrize("file", SAMPLES, ids=lambda file: f"{file.parts[-3]}-{file.stem}")
def test_a_sample_is_read_as_its_author_says(host, file):
    expected = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    record = read(host, file)
    assert {name: record.fields[name].value for name in expected["fields"]} == expected["fields"]
    for name in ("addressees", "recipients", "archive_copy"):
        if name in expected:
            assert list(getattr(record, name)) == expected[name]
    if "system" in expected:
        assert record.system == expected["system"]
    if "citations" in expected:
        found = [[c.type, c.code, c.date, c.issuer, c.relation] for c in record.citations]
        assert found == expected["citations"]
    for name, partial in expected.get("partial", {}).items():
        assert record.fields[name].partial == partial
    assert not [name for name in expected.get("unsure", []) if record.fields[name].sure]
    if "routes" in expected:
        assert [route.unit for route in host.route(record, file.parts[-3])] == expected["routes"]


def test_every_plugin_has_samples():
    slugs = {path.parent.name for path in PLUGINS.glob("*/__init__.py")}
    assert slugs == {file.parts[-3] for file in SAMPLES}


def test_province_plugins_are_short():
    for path in PLUGINS.glob("*/__init__.py"):
        if path.parent.name != "national":
            assert len(path.read_text(encoding="utf-8").splitlines()) <= 60
