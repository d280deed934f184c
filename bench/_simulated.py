"""Made-up papers of scansim, scanned and worn, against the truth written beside them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from archive.findings import Finding, Record
from archive.organs import needs_superior
from archive.vietnamese import words_of
from bench._rendered import EXACT, LISTS, NAMES, same
from bench._scanned import Understood, found_in, read_once

FIELDS = (*EXACT, *NAMES, "province_at_issue", "province_current")


@dataclass(frozen=True)
class Simulated:
    """One document of a made-up scan: how it was read, and what is true of it."""

    scan: Path
    wear: str
    dpi: int
    findings: tuple[Finding, ...]
    record: Record
    truth: dict


def simulated(folder: Path, unread: bool = True) -> Iterator[tuple[Path, dict, list[Understood]]]:
    """(file, its truth, its documents) of each scan under `folder` with a .json beside it; read once, into .pickle."""
    for told in sorted(folder.rglob("*.json")):
        file = told.with_suffix("")
        kept = file.with_suffix(".pickle")
        if unread or kept.exists():
            truth = json.loads(told.read_text(encoding="utf-8"))
            yield file, truth, list(found_in(read_once(file, kept), file.name))


def documents(folder: Path, unread: bool = True) -> Iterator[Simulated]:
    """Every document of the scans that were cut where they should be."""
    for file, truth, found in simulated(folder, unread):
        if [[page.number for page in one.part.pages] for one in found] != [d["pages"] for d in truth["documents"]]:
            continue
        render = truth["render"]
        for one, document in zip(found, truth["documents"], strict=True):
            yield Simulated(file, render["wear"], render["dpi"], one.findings, one.record, document)


def accuracy(folder: Path, show: int) -> None:
    """Prints for each field how many documents it is right on, printed values apart from handwritten ones."""
    right, asked, misses = Counter(), Counter(), []
    for document in documents(folder):
        for field in (*FIELDS, *LISTS):
            if not is_judged(field, document.truth):
                continue
            value = getattr(document.record, field) if field in LISTS else document.record.fields[field].value
            ok, name = is_right(field, value, document.truth), field + by_pen(field, document.truth)
            asked[name] += 1
            right[name] += ok
            if not ok:
                misses.append(f"{document.scan.name} {document.wear} {name}: {value!r}")
    for name, count in asked.items():
        print(f"simulated {name:24} {right[name]:4} of {count:4} = {100 * right[name] / count:5.1f} %")
    print("\n".join(misses[:show]))


def by_pen(field: str, truth: dict) -> str:
    """` by hand` where a pen filled in the number or the day."""
    place = {"number": "number", "full_code": "number", "date": "date"}.get(field)
    return " by hand" if place in truth["handwritten"] else ""


def cuts(folder: Path) -> None:
    """Prints how many of the boundaries between documents were found, and how many of those found are ones."""
    found_right = found_all = there = 0
    for _, truth, found in simulated(folder):
        wanted = {document["pages"][0] for document in truth["documents"][1:]}
        proposed = {one.part.pages[0].number for one in found[1:]}
        found_right, found_all, there = (
            found_right + len(wanted & proposed), found_all + len(proposed), there + len(wanted)
        )  # fmt: skip
    print(f"bundles: {found_right} of {there} boundaries found, {found_right} of {found_all} proposed are right")


def is_right(field: str, value, truth: dict) -> bool:
    """Whether `value` is what the paper says; names without case and marks, codes exactly."""
    fields = truth["fields"]
    if field in LISTS:
        return field not in truth or [*map(words_of, value)] == [*map(words_of, truth[field])]
    accepted = [fields.get(field), *fields.get(f"{field}_also_accept", ())]
    if field == "drafting_unit":
        letter = truth["system"] == "state" and fields["document_type"] == "Công văn"
        accepted = [fields["symbol"].partition("-")[2] or None if letter else None]
    if field == "issuing_organ" and value and fields["parent_organ"]:  # ours names an office with its superior
        accepted += [value] if needs_superior(fields[field]) and value.startswith(f"{fields[field]} ") else []
    return any(same(field, value, one) for one in accepted)


def is_judged(field: str, truth: dict) -> bool:
    """Whether the truth tells anything of this field."""
    return field in truth["fields"] or field in truth or (field == "drafting_unit" and "symbol" in truth["fields"])
