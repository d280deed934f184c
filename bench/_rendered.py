"""The seeds printed, worn and scanned again: what is then read of them against the golden table."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from archive.findings import Record, weigh
from archive.vietnamese import words_of
from bench._scanned import read_once, understand
from bench._seed_papers import papers_of
from server.demo.scanning import worn_pages

DPI = 200
EXACT = ("number", "symbol", "full_code", "date", "drafting_unit")
NAMES = (
    "issuing_organ", "parent_organ", "document_type", "document_subtype", "place", "subject", "signer_authority",
    "signer_title", "signer_name", "urgency", "secrecy",
)  # fmt: skip
PROVINCES = {"province_at_issue": "at_issue", "province_current": "current"}
LISTS = ("addressees", "recipients", "archive_copy")
STAMP = ("organ", "number", "date", "forward_to", "file_ref")


def same(field: str, one, other) -> bool:
    """Codes, dates and numbers exactly; names without case, marks and tone placement."""
    if field in EXACT or one is None or other is None:
        return one == other
    return words_of(one) == words_of(other)


@dataclasses.dataclass
class Score:
    """What was asked of one level of wear, and what of it was right."""

    right: Counter[str] = dataclasses.field(default_factory=Counter)
    asked: Counter[str] = dataclasses.field(default_factory=Counter)
    sure: int = 0
    sure_wrong: int = 0

    def count(self, name: str, ok: bool, sure: bool) -> None:
        kind = name.split()[0]
        kind = kind if kind in ("citation", "stamp") else "field"
        self.asked[kind] += 1
        self.right[kind] += ok
        self.sure += sure
        self.sure_wrong += sure and not ok

    def share(self, *kinds: str) -> str:
        right, asked = (sum(counted[kind] for kind in kinds) for counted in (self.right, self.asked))
        return f"{right}/{asked} = {100 * right / max(1, asked):.1f} %"


def rendered(shared: Path, cache: Path, levels: tuple[str, ...], renderings: tuple[int, ...]) -> None:
    """Prints the share of fields and citations read right of the seeds, for each quality."""
    golden = json.loads((shared / "golden/seeds.json").read_text(encoding="utf-8"))
    names = sorted({one["seed"] for one in golden if one["kind"] == "document"})
    for level in levels:
        score = Score()
        for rendering, name in itertools.product(renderings, names):
            expected = [one for one in golden if one["seed"] == name]
            scan = _scan(shared / "seeds" / name, expected, cache, level, rendering)
            _judge(scan, expected, score)
        print(f"rendered seeds, {level}: fields and citations {score.share('field', 'citation')},")
        print(f"    citations {score.share('citation')}, stamp {score.share('stamp')},")
        print(f"    {score.sure} values sure, {score.sure_wrong} of them wrong")


def _judge(scan: Path, expected: list[dict], score: Score) -> None:
    found = [record for record, _ in understand(read_once(scan, scan.with_suffix(".pickle")))]
    if len(found) != len(expected):
        print(f"{scan.stem}: {len(found)} documents, {len(expected)} expected")
    for golden, record in zip(expected, [*found, *[Record()] * len(expected)], strict=False):
        for name, ok, shown in judged(golden, record):
            sure = name in record.fields and record.fields[name].sure
            score.count(name, ok, sure)
            if not ok:
                print(f"{scan.stem} {golden['id']} {name}: {shown}" + (" WRONG BUT SURE" if sure else ""))


def _scan(text: Path, golden: list[dict], cache: Path, level: str, seed: int) -> Path:
    """The seed as a PDF of scanned pages in the cache."""
    file = cache / f"{text.stem[:3]}_{level}_{seed}.pdf"
    if not file.exists() and not file.with_suffix(".pickle").exists():
        cache.mkdir(parents=True, exist_ok=True)
        papers = papers_of(text.read_text(encoding="utf-8"), golden)
        first, *rest = [page for paper in papers for page in worn_pages(paper, DPI, seed, level)]
        first.save(file, "PDF", save_all=True, append_images=rest, resolution=DPI, quality=90)
    return file


def judged(golden: dict, record: Record) -> Iterator[tuple[str, bool, str]]:
    """(what, right?, how it was read) of each field, list, citation and stamp field of the golden table."""
    also = {"issuing_organ": [f"{golden['issuing_organ']} {golden['province']['at_issue']}"]}
    for field in (*EXACT, *NAMES):
        value = record.fields[field].value if field in record.fields else "?"
        accepted = [golden[field], *also.get(field, [])]
        yield field, any(same(field, value, one) for one in accepted), f"{value!r} for {golden[field]!r}"
    for field, key in PROVINCES.items():
        value = record.fields[field].value if field in record.fields else "?"
        yield field, value == golden["province"][key], f"{value!r} for {golden['province'][key]!r}"
    for field in LISTS:
        lists = [golden[field], *golden.get(f"{field}_also_accept", [])]
        value = [words_of(item) for item in getattr(record, field)]
        yield field, any(value == [words_of(item) for item in one] for one in lists), str(getattr(record, field))
    yield from _citations(golden, record)
    yield from _stamp(golden, record)


def _citations(golden: dict, record: Record) -> Iterator[tuple[str, bool, str]]:
    def key(one: dict) -> tuple:
        return one["type"], one["code"], one["date"], one["relation"], len(one["mentions"])

    found = {key(vars_of(one)): one for one in record.citations}
    for one in golden["citations"]:
        cited = found.pop(key(one), None)
        accepted = {words_of(name or "") for name in (one["issuer"], one.get("issuer_from_symbol"))}
        ok = cited is not None and words_of(cited.issuer or "") in accepted
        yield f"citation {one['code']}", ok, f"{cited and cited.issuer} for {key(one)}"
    for left in found:
        yield f"citation {left[1]}", False, f"too many: {left}"


def vars_of(citation) -> dict:
    """A citation under the names of the golden table."""
    return {name: getattr(citation, name) for name in ("type", "code", "date", "relation", "mentions")}


def _stamp(golden: dict, record: Record) -> Iterator[tuple[str, bool, str]]:
    if not golden["stamp"]:
        yield "stamp none", record.stamp is None, "a stamp where there is none"
        return
    for field in STAMP:
        fields = record.stamp.fields if record.stamp else ()
        value = weigh(one for one in fields if one.field == field).value
        yield f"stamp {field}", same(field, value, golden["stamp"][field]), repr(value)
