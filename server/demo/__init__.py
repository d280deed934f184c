"""Sample papers drawn by the project itself, with what must be read from them: for `./run --demo` and for tests.

The same seed draws the same bytes with the same fonts, Pillow and NumPy. Nothing here is a real person's or a real
paper's: results on these are no results on real scans.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import time
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from PIL import Image

from archive.blobs import open_blobs
from archive.config import Settings
from archive.database import Sessions, open_engine, sessions
from archive.intake import Received, receive
from archive.models import Scan
from server.demo.paper import Paper, Sample
from server.demo.scanning import Scanned, scan_paper, scan_sample
from server.demo.texts import SAMPLES
from server.demo.typesetting import set_paper

DPI, SEED = 200, 20260821
_FIXED = time.gmtime(dt.datetime(2026, 8, 21, tzinfo=dt.UTC).timestamp())


def samples() -> tuple[Sample, ...]:
    """The sample files, each with one paper or two."""
    return SAMPLES


def papers() -> tuple[Paper, ...]:
    """Every paper of every sample, in the order of the files."""
    return tuple(paper for sample in SAMPLES for paper in sample.papers)


def draw(paper: Paper, *, dpi: int = DPI, seed: int = SEED) -> list[Image.Image]:
    """The scanned pages of one paper, in colour."""
    return [page.image for page in scan_paper(paper, dpi, seed)]


@cache
def scan(sample: Sample, dpi: int = DPI, seed: int = SEED) -> tuple[Scanned, ...]:
    """The pages of a file as a scanner would give them, and where its marks stand."""
    return tuple(scan_sample(sample, dpi, seed))


def pdf(sample: Sample, *, dpi: int = DPI, seed: int = SEED) -> bytes:
    """The file as an office's scanner writes it: one JPEG a page, no text."""
    first, *rest = [page.image for page in scan(sample, dpi, seed)]
    out = io.BytesIO()
    first.save(out, "PDF", save_all=True, append_images=rest, resolution=dpi, quality=80, title=sample.slug,
               creationDate=_FIXED, modDate=_FIXED)  # fmt: skip
    return out.getvalue()


def recognised(sample: Sample) -> str:
    """The same file as recognised text without any mistake: a form feed between pages, no arrival stamp."""
    pages = ["\n".join(sheet.lines) for paper in sample.papers for sheet in set_paper(paper, 72)]
    return "\f".join(pages + [""] * sample.blank_back)


def truth(sample: Sample) -> dict[str, Any]:
    """What must be read from the file, under the names of the contract."""
    pages = scan(sample)
    found: dict[str, Any] = {"file": f"{sample.slug}.pdf", "title": sample.title, "pages": len(pages)}
    return found | {"documents": [_truth(paper, pages) for paper in sample.papers]}


def _truth(paper: Paper, pages: tuple[Scanned, ...]) -> dict[str, Any]:
    own = {number: page for number, page in enumerate(pages, 1) if page.paper == paper.slug}
    names = ("issuing_organ", "parent_organ", "document_type", "document_subtype", "number", "symbol", "full_code",
             "drafting_unit", "place", "date", "subject", "signer_name", "urgency")  # fmt: skip
    fields: dict[str, str | None] = {name: getattr(paper, name) for name in names}
    fields |= {"signer_authority": " ".join(paper.signer[:-1]) or None, "signer_title": paper.signer[-1]}
    fields |= {"secrecy": None, "province_at_issue": paper.province, "province_current": paper.province}
    marks = [{"page": number, **mark} for number, page in own.items() for mark in page.marks]
    return {
        "slug": paper.slug, "system": paper.system, "pages": list(own), "fields": fields,
        "addressees": list(paper.addressees), "recipients": list(paper.recipients),
        "archive_copy": list(paper.archive_copy), "citations": [vars(cited) for cited in paper.citations],
        "stamp": next((mark for mark in marks if mark["kind"] == "arrival"), None),
        "marks": [mark for mark in marks if mark["kind"] != "arrival"],
    }  # fmt: skip


def write(folder: Path) -> list[Path]:
    """Every sample as PDF into `folder`, with its truth beside it as JSON; the PDFs."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for sample in SAMPLES:
        file = folder / f"{sample.slug}.pdf"
        file.write_bytes(pdf(sample))
        told = json.dumps(truth(sample), ensure_ascii=False, indent=1)
        file.with_suffix(".json").write_text(told + "\n", encoding="utf-8")
        files.append(file)
    return files


def load(settings: Settings) -> list[Received]:
    """Archive every sample through the ordinary door; nothing happens where they have come in before."""
    engine = open_engine(settings.database_url)
    try:
        makers = sessions(engine)
        with makers() as session:
            there = set(session.scalars(sa.select(Scan.filename).where(Scan.source == "demo")))
        return [_receive(sample, makers, settings) for sample in SAMPLES if f"{sample.slug}.pdf" not in there]
    finally:
        engine.dispose()


def _receive(sample: Sample, makers: Sessions, settings: Settings) -> Received:
    urgent = any(paper.urgency for paper in sample.papers)
    blobs = open_blobs(settings.blobs, settings.data)
    file = io.BytesIO(pdf(sample))
    return receive(makers, blobs, settings, file, f"{sample.slug}.pdf", actor="demo", source="demo", urgent=urgent)
