"""Made-up papers of scansim, scanned and worn, against the truth written beside them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from archive.bundles import Part
from archive.findings import Record
from archive.organs import needs_superior
from archive.vietnamese import words_of
from bench._rendered import EXACT, LISTS, NAMES, same
from bench._scanned import read_once, understand

FIELDS = (*EXACT, *NAMES, "province_at_issue", "province_current")


@dataclass(frozen=True)
class Simulated:
    """One document of a made-up scan: how it was read, and what is true of it."""

    scan: Path
    wear: str
    dpi: int
    record: Record
    truth: dict


def simulated(folder: Path) -> Iterator[tuple[Path, dict, list[tuple[Record, Part]]]]:
    """(file, its truth, its documents as understood) of each PDF under `folder` with a .json beside it."""
    for file in sorted(folder.rglob("*.pdf")):
        truth = json.loads(file.with_name(file.name + ".json").read_text(encoding="utf-8"))
        yield file, truth, understand(read_once(file, file.with_suffix(".pickle")))


def documents(folder: Path) -> Iterator[Simulated]:
    """Every document of the scans that were cut where they should be."""
    for file, truth, found in simulated(folder):
        if [[page.number for page in part.pages] for _, part in found] != [d["pages"] for d in truth["documents"]]:
            continue
        render = truth["render"]
        for (record, _), document in zip(found, truth["documents"], strict=True):
            yield Simulated(file, render["wear"], render["dpi"], record, document)


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
    return field in truth["fields"] or (field == "drafting_unit" and "symbol" in truth["fields"])
