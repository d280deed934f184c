"""How well papers are understood: seeds against their golden table, texts and scans against their manifests.

`./run bench understand` reads the seeds and texts. With a folder CACHE, in which what was read is kept:
`--rendered CACHE` the seeds printed and scanned again, `--scans CACHE` the real scans. With a FOLDER of scansim's PDFs,
where it is kept, too: `--simulated FOLDER` how often each field is right, `--bundles FOLDER` how many cuts,
`--calibrate FOLDER` the table of archive/certainty.py, `--reliability FOLDER` (other seeds) how far one may trust it.
"""

from __future__ import annotations

import argparse
import csv
import difflib
import json
import re
import time
from collections import Counter
from pathlib import Path

from archive.bundles import cut, split_text, stamp_in_text
from archive.codes import find_codes
from archive.findings import Record, settle, weigh
from archive.host import Host, load
from archive.organs import organ_name
from archive.reading import Text
from archive.vietnamese import words_of
from bench._calibration import calibrate, reliability
from bench._rendered import EXACT, NAMES, rendered, same
from bench._scanned import read_once
from bench._scanned import understand as understand_scan
from bench._simulated import accuracy, cuts

SHARED = Path(__file__).resolve().parents[2] / "shared"


def understand(host: Host, pages) -> list[tuple[Record, tuple]]:
    """Each document of `pages`: (record, its part)."""
    parts = cut(pages, (), [host.begins(page) for page in pages])
    answers = []
    for part in parts:
        text = Text(part.pages)
        stamp = stamp_in_text(text.plain[:600]) if part.pages[0].source == "text" else None
        record = settle(host.extract(text, stamp), stamp=stamp)
        answers.append((record, part))
    return answers


def seeds(host: Host, shared: Path) -> int:
    golden = json.loads((shared / "golden/seeds.json").read_text(encoding="utf-8"))
    wrong = 0
    for file in sorted({one["seed"] for one in golden}):
        expected = [one for one in golden if one["seed"] == file]
        text = (shared / "seeds" / file).read_bytes().decode()
        found = understand(host, split_text(text))
        if len(found) != len(expected):
            print(f"{file}: {len(found)} documents, {len(expected)} expected")
            wrong += 1
            continue
        offset = 0
        for one, (record, part) in zip(expected, found, strict=True):
            misses = list(_misses(one, record, offset, part))
            offset += sum(len(page.plain) for page in part.pages)
            wrong += len([m for m in misses if not m.startswith("~")])
            sure = sum(settled.sure for settled in record.fields.values())
            print(f"{one['id']}: {len(misses)} misses, {sure} of {len(record.fields)} sure")
            for miss in misses:
                print("   ", miss)
    return wrong


def _misses(golden: dict, record: Record, offset: int, part):
    accept = {"issuing_organ": [golden["issuing_organ"], f"{golden['issuing_organ']} {golden['province']['at_issue']}"]}
    for field in (*EXACT, *NAMES):
        settled = record.fields[field]
        if not any(same(field, settled.value, value) for value in accept.get(field, [golden[field]])):
            yield f"{field}: {settled.value!r} for {golden[field]!r}" + (" WRONG BUT SURE" if settled.sure else "")
    for field, key in (("province_at_issue", "at_issue"), ("province_current", "current")):
        if record.fields[field].value != golden["province"][key]:
            yield f"{field}: {record.fields[field].value!r}"
    for field in ("system", "kind"):
        if getattr(record, field) != golden[field]:
            yield f"{field}: {getattr(record, field)}"
    for field in ("addressees", "recipients", "archive_copy"):
        lists = [golden[field], *golden.get(f"{field}_also_accept", [])]
        if not any([words_of(a) for a in getattr(record, field)] == [words_of(b) for b in one] for one in lists):
            yield f"{field}: {getattr(record, field)}"
    yield from _citation_misses(golden, record, offset)
    yield from _stamp_misses(golden, record)
    flags = set(record.flags) | set(part.flags)
    if flags != set(golden["flags"]):
        yield f"~flags: too many {sorted(flags - set(golden['flags']))}, missing {sorted(set(golden['flags']) - flags)}"


def _citation_misses(golden: dict, record: Record, offset: int):
    def key(citation, mentions):
        return (citation["type"], citation["code"], citation["date"], citation["relation"], tuple(mentions))

    expected = {key(c, [m["offset"] - offset for m in c["mentions"]]): c for c in golden["citations"]}
    found = {(c.type, c.code, c.date, c.relation, tuple(m.start for m in c.mentions)): c for c in record.citations}
    for one in expected.keys() - found.keys():
        yield f"citation missing: {one}"
    for one in found.keys() - expected.keys():
        yield f"citation too many: {one}"
    for one in expected.keys() & found.keys():
        accepted = [expected[one]["issuer"], expected[one].get("issuer_from_symbol")]
        if not any(words_of(a or "") == words_of(found[one].issuer or "") for a in accepted):
            yield f"issuer of {one[1]}: {found[one].issuer}"


def _stamp_misses(golden: dict, record: Record):
    if not golden["stamp"]:
        if record.stamp:
            yield "a stamp where there is none"
        return
    if not record.stamp:
        yield "stamp missing"
        return
    for field in ("organ", "number", "date", "forward_to", "file_ref"):
        value = weigh(one for one in record.stamp.fields if one.field == field).value
        if not same(field, value, golden["stamp"][field]):
            yield f"stamp.{field}: {value!r}"


# ------------------------------------------------------------------------------------------------ texts


def texts(host: Host, shared: Path, show: int) -> None:
    rows = list(csv.DictReader((shared / "material/texts/manifest.tsv").open(encoding="utf-8"), delimiter="\t"))
    right, asked, misses, sure_wrong = Counter(), Counter(), [], 0
    began = time.perf_counter()
    for row in rows:
        plain = (shared / "material" / row["file"]).read_text(encoding="utf-8")
        parts = understand(host, split_text(plain))
        record = parts[0][0]
        wanted = {
            "full_code": row["number_from_title"], "document_type": row["doc_type"],
            "issuing_organ": row["organ_from_header"], "date": row["date_from_header"],
        }  # fmt: skip
        if len(parts) > 1:
            misses.append(f"{row['file']}: {len(parts)} documents")
        for field, value in wanted.items():
            if not value:
                continue
            asked[field] += 1
            settled = record.fields[field]
            got = settled.value
            ok = (got or "").casefold() == value.casefold() if field == "full_code" else same(field, got, value)
            right[field] += ok
            if not ok:
                sure_wrong += settled.sure
                misses.append(f"{row['file']} {field}: {got!r} for {value!r}" + (" SURE" if settled.sure else ""))
    for field, count in asked.items():
        print(f"texts {field}: {right[field]}/{count} = {100 * right[field] / count:.1f} %")
    print(f"texts wrong but sure: {sure_wrong}; {(time.perf_counter() - began) / len(rows):.2f} s each")
    print("\n".join(misses[:show]))


# ------------------------------------------------------------------------------------------------ scans


def scans(shared: Path, cache: Path, show: bool) -> None:
    """The real scans, read once into `CACHE/NAME.pickle`: reading takes minutes, understanding a second."""
    rows = list(csv.DictReader((shared / "material/scans/manifest.tsv").open(encoding="utf-8"), delimiter="\t"))
    right, asked, subjects, sure, sure_wrong = Counter(), Counter(), [], 0, []
    for row in rows:
        name = Path(row["file"]).name
        found = understand_scan(read_once(shared / "material" / row["file"], cache / f"{name}.pickle"), name)
        record = found[0][0]
        sure += sum(settled.sure for settled in record.fields.values())
        for what, ok in _judge_scan(row, record).items():
            field = {"number": "full_code"}.get(what.split()[0], what.split()[0])
            asked[what] += 1
            right[what] += ok
            if not ok:
                print("miss", name, what, [record.fields[field].value, record.fields[field].partial])
                sure_wrong += [(name, what)] if record.fields[field].sure else []
        if row["subject"]:
            subjects.append((_alike(row["subject"], str(record.fields["subject"].value)), name))
        for one, part in found if show else ():
            print(f"== {name} pages {[page.number for page in part.pages]} {one.system}")
            _show_scan(row, one)
    for what in asked:
        print(f"scans {what}: {right[what]}/{asked[what]}")
    mean = 100 * sum(one for one, _ in subjects) / max(1, len(subjects))
    print(f"scans subject by character: {mean:.1f} %", sorted(subjects)[:5])
    print(f"scans: {sure} values sure, wrong of them:", sure_wrong)


def _judge_scan(row: dict, record: Record) -> dict[str, bool]:
    code = next(find_codes(row["number"]), None)
    value = {name: settled.value for name, settled in record.fields.items()}
    judged = {}
    if code:
        judged["symbol"] = value["symbol"] == code.symbol
        judged["number whole"] = value["full_code"] == code.full
    if row["date"]:
        shown = str(value["date"] or record.fields["date"].partial)
        judged["date month and year"] = shown.startswith(
            row["date"][:4] if "month" in row["handwritten"] else row["date"][:7]
        )
        judged["date"] = value["date"] == row["date"]
    if row["organ"]:
        organ = value["issuing_organ"] or ""
        both = f"{value['parent_organ'] or ''} {organ}"
        # The manifest has the heading's lines in their order; we name an office before its superior.
        turned = sorted(words_of(row["organ"]).split()) == sorted(words_of(organ).split())
        judged["issuing_organ"] = turned or words_of(organ_name(row["organ"])[0]) in (words_of(organ), words_of(both))
    if row["doc_type"]:
        judged["document_type"] = same("document_type", value["document_type"], row["doc_type"])
    return judged


def _alike(one: str, other: str) -> float:
    """Share of characters alike, leading Về việc aside."""
    bare = [re.sub(r"^(?:v/v|về việc|về)\s+", "", text.strip().casefold()) for text in (one, other)]
    return difflib.SequenceMatcher(None, bare[0], bare[1], autojunk=False).ratio()


def _show_scan(row: dict, record: Record) -> None:
    for field in ("full_code", "symbol", "date", "issuing_organ", "parent_organ", "document_type", "place", "subject",
                  "signer_authority", "signer_title", "signer_name", "province_at_issue"):  # fmt: skip
        settled = record.fields[field]
        mark = "SURE" if settled.sure else "    "
        print(f"  {mark} {field}: {settled.value!r} {settled.confidence:.2f} partial={settled.partial}")
    print(
        "   want",
        row["number"],
        row["date"],
        row["organ"],
        row["doc_type"],
        "|",
        row["subject"][:90],
        "| pen:",
        row["handwritten"],
    )
    print("   lists", record.addressees, record.recipients, record.archive_copy)


SIMULATED = (
    ("simulated", lambda folder: accuracy(folder, 60)), ("bundles", cuts), ("calibrate", calibrate),
    ("reliability", reliability),
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", action="store_true")
    parser.add_argument("--texts", action="store_true")
    parser.add_argument("--scans", type=Path, metavar="CACHE")
    parser.add_argument("--rendered", type=Path, metavar="CACHE")
    parser.add_argument("--levels", nargs="+", default=["office", "worn"], metavar="LEVEL", help="of wear")
    parser.add_argument("--renderings", nargs="+", type=int, default=[1, 2, 3], metavar="SEED")
    for name, _ in SIMULATED:
        parser.add_argument(f"--{name}", type=Path, metavar="FOLDER")
    parser.add_argument("--shared", type=Path, default=SHARED)
    parser.add_argument("--misses", type=int, default=40)
    parser.add_argument("--show", action="store_true")
    chosen = parser.parse_args()
    host = load()
    asked = [(run, folder) for name, run in SIMULATED if (folder := getattr(chosen, name))]
    every = not (chosen.seeds or chosen.texts or chosen.scans or chosen.rendered or asked)
    for run, folder in asked:
        run(folder)
    if chosen.seeds or every:
        print("seeds wrong:", seeds(host, chosen.shared))
    if chosen.texts or every:
        texts(host, chosen.shared, chosen.misses)
    if chosen.rendered:
        rendered(chosen.shared, chosen.rendered, tuple(chosen.levels), tuple(chosen.renderings))
    if chosen.scans:
        scans(chosen.shared, chosen.scans, chosen.show)


if __name__ == "__main__":
    main()
