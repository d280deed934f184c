"""The golden table: every field, list and citation of the seed papers, every null null."""

import json
import os
from pathlib import Path

import pytest

from archive.bundles import cut, split_text, stamp_in_text, suggest_from_siblings
from archive.citations import is_same_paper
from archive.findings import settle, weigh
from archive.host import load
from archive.reading import Text
from archive.vietnamese import words_of

SHARED = Path(os.environ.get("VANTHU_MATERIAL", Path(__file__).parents[3] / "shared/material")).parent
GOLDEN_FILE = SHARED / "golden/seeds.json"
GOLDEN = json.loads(GOLDEN_FILE.read_text(encoding="utf-8")) if GOLDEN_FILE.is_file() else []

pytestmark = pytest.mark.skipif(not GOLDEN, reason="the seed papers are not beside this checkout")

EXACT = ("number", "symbol", "full_code", "date", "drafting_unit")
NAMES = (
    "parent_organ", "document_type", "document_subtype", "place", "subject", "signer_authority", "signer_title",
    "signer_name", "urgency", "secrecy",
)  # fmt: skip


@pytest.fixture(scope="module")
def read():
    """Golden id → (record, part, where its text begins in the file)."""
    host, answers = load(), {}
    for file in sorted({one["seed"] for one in GOLDEN}):
        pages = split_text((SHARED / "seeds" / file).read_bytes().decode())
        begin = 0
        for number, part in enumerate(cut(pages, (), [host.begins(page) for page in pages]), 1):
            text = Text(part.pages)
            stamp = stamp_in_text(text.plain[:600])
            record = settle(host.extract(text, stamp), stamp=stamp)
            answers[f"{file[:3]}-{number}"] = record, part, begin
            begin += len(text.plain)
    return answers


def folded(value):
    return words_of(value) if value else value


def test_each_file_is_cut_into_its_documents(read):
    assert sorted(read) == [one["id"] for one in GOLDEN]
    assert "part_of_bundle" in read["000-2"][1].flags
    assert read["000-2"][1].reasons


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda one: one["id"])
def test_every_field_is_what_the_golden_table_says(read, golden):
    record, part, _ = read[golden["id"]]
    value = {name: settled.value for name, settled in record.fields.items()}
    assert {name: value[name] for name in EXACT} == {name: golden[name] for name in EXACT}
    assert {name: folded(value[name]) for name in NAMES} == {name: folded(golden[name]) for name in NAMES}
    assert folded(value["issuing_organ"]) == folded(golden["issuing_organ"])
    assert value["province_at_issue"] == golden["province"]["at_issue"]
    assert value["province_current"] == golden["province"]["current"]
    assert (record.system, record.kind) == (golden["system"], golden["kind"])
    assert {*record.flags, *part.flags} == set(golden["flags"])


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda one: one["id"])
def test_every_list_is_what_the_golden_table_says(read, golden):
    record, _, _ = read[golden["id"]]
    for name in ("addressees", "recipients", "archive_copy"):
        assert [folded(one) for one in getattr(record, name)] == [folded(one) for one in golden[name]]


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda one: one["id"])
def test_every_citation_is_found_where_it_stands(read, golden):
    record, _, begin = read[golden["id"]]
    found = [(c.type, c.code, c.date, c.relation, [m.start + begin for m in c.mentions]) for c in record.citations]
    wanted = [
        (c["type"], c["code"], c["date"], c["relation"], [m["offset"] for m in c["mentions"]])
        for c in golden["citations"]
    ]
    assert found == wanted
    for citation, expected in zip(record.citations, golden["citations"], strict=True):
        accepted = {folded(expected["issuer"]), folded(expected.get("issuer_from_symbol"))}
        assert folded(citation.issuer) in accepted


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda one: one["id"])
def test_a_stamp_belongs_to_the_document_it_stands_on(read, golden):
    record, _, _ = read[golden["id"]]
    if not golden["stamp"]:
        assert record.stamp is None
        return
    names = ("organ", "number", "date", "forward_to", "file_ref")
    found = {name: weigh(one for one in record.stamp.fields if one.field == name).value for name in names}
    assert found == {name: golden["stamp"][name] for name in names}


def test_the_bundle_suggests_the_number_and_writes_nothing(read):
    suggested = suggest_from_siblings([read["000-1"][0], read["000-2"][0]])
    assert suggested[0] == ()
    assert {one.field: one.value for one in suggested[1]} == {
        "number": "172", "symbol": "TB/TW", "full_code": "172-TB/TW", "date": "2020-03-21",
    }  # fmt: skip
    assert all(one.suggestion for one in suggested[1])


def test_citations_of_two_seeds_mean_the_confirmed_paper(read):
    citing = [c for key in ("000-1", "001-1") for c in read[key][0].citations if c.code == "172-TB/TW"]
    assert len(citing) == 2
    assert all(is_same_paper(c, "172-TB/TW", "2020-03-21", "Bộ Chính trị") for c in citing)
    assert not any(is_same_paper(c, "172-TB/TW", "2015-03-21", "Bộ Chính trị") for c in citing)
