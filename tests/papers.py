"""Sample papers for tests, drawn once a run: `state_paper().png`, `bundle().pdf`, and the truth about them."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from PIL import Image

from server import demo


@dataclass(frozen=True)
class Drawn:
    """One sample file."""

    sample: demo.Sample

    @cached_property
    def pages(self) -> list[Image.Image]:
        return [page.image for page in demo.scan(self.sample)]

    @cached_property
    def pdf(self) -> bytes:
        return demo.pdf(self.sample)

    @cached_property
    def png(self) -> bytes:
        """The first page, with its resolution."""
        out = io.BytesIO()
        self.pages[0].save(out, "PNG", dpi=(demo.DPI, demo.DPI))
        return out.getvalue()

    @property
    def text(self) -> str:
        """Its recognised text, a form feed between pages; without what is stamped."""
        return demo.recognised(self.sample)

    @cached_property
    def truth(self) -> dict[str, Any]:
        return demo.truth(self.sample)

    @property
    def document(self) -> dict[str, Any]:
        """The truth about its first paper."""
        return self.truth["documents"][0]

    def save(self, folder: Path) -> Path:
        file = folder / f"{self.sample.slug}.pdf"
        file.write_bytes(self.pdf)
        return file


@cache
def drawn(slug: str) -> Drawn:
    return Drawn(next(sample for sample in demo.samples() if sample.slug == slug))


def state_paper() -> Drawn:
    """A State letter: its number written by hand, a red stamp under its subject."""
    return drawn("cong_van_ubnd")


def party_paper() -> Drawn:
    """A Party letter: everything printed, a blue stamp of the older form under its date."""
    return drawn("cong_van_tinh_uy")


def stamped_paper() -> Drawn:
    """A decision scanned in grey: a black stamp, two pages and a blank back."""
    return drawn("quyet_dinh_so")


def urgent_paper() -> Drawn:
    """A telegram marked HỎA TỐC."""
    return drawn("cong_dien_hoa_toc")


def bundle() -> Drawn:
    """A State letter and the Party notice it forwards, in one file; the stamp is on the second."""
    return drawn("hai_van_ban")
