"""The project's own sample papers, as recognised text: what the plugins say of them is what they say."""

import pytest

from archive import bundles, host
from archive.findings import LISTS, settle
from archive.reading import Page, Text
from server import demo

SAMPLES = [pytest.param(sample, id=sample.slug) for sample in demo.samples()]


@pytest.fixture(scope="module")
def plugins():
    return host.load()


def pages_of(sample):
    return [Page.of_text(number, text) for number, text in enumerate(demo.recognised(sample).split("\f"), 1)]


def records(sample, plugins):
    pages = pages_of(sample)
    for told in demo.truth(sample)["documents"]:
        text = Text([page for page in pages if page.number in told["pages"]])
        yield settle(plugins.extract(text)), told


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_field_is_read(sample, plugins):
    for record, told in records(sample, plugins):
        read = {name: record.fields[name].value for name in told["fields"]}
        assert read == told["fields"]
        assert record.system == told["system"]


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_list_is_read(sample, plugins):
    for record, told in records(sample, plugins):
        assert {name: list(getattr(record, name)) for name in LISTS} == {name: told[name] for name in LISTS}


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_paper_named_is_found(sample, plugins):
    for record, told in records(sample, plugins):
        read = [(c.type, c.code, c.date, c.issuer, c.relation) for c in record.citations]
        assert read == [(c["type"], c["code"], c["date"], c["issuer"], c["relation"]) for c in told["citations"]]


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_file_is_cut_where_a_paper_begins(sample, plugins):
    pages = pages_of(sample)
    parts = bundles.cut(pages, (), [plugins.begins(page) for page in pages])
    read = [[page.number for page in part.pages] for part in parts]
    assert read == [told["pages"] for told in demo.truth(sample)["documents"]]
