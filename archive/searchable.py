"""Searchable PDFs: the picture of each page with its words under it, unseen, where they stand; a projection.

Written by hand (ISO 32000-1): one JPEG a page, text in rendering mode 3 (9.3.6) in a font without glyphs whose codes
are UTF-16 and whose ToUnicode map is the identity, as Tesseract's own PDFs have it. The original is not touched.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from archive import scans
from archive.reading import Page, Word

A4_WIDTH = 595.3
"""Points; where the size of the paper is not known."""
QUALITY = 70
_HEAD = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
_WIDE = 0.5
"""Width of every letter of the font, in its size."""
_TO_UNICODE = b"""/CIDInit /ProcSet findresource begin 12 dict begin begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def /CMapType 2 def
1 begincodespacerange <0000> <FFFF> endcodespacerange
1 beginbfrange <0000> <FFFF> <0000> endbfrange
endcmap CMapName currentdict /CMap defineresource pop end end"""

Picture = Callable[[Page], bytes]
"""The JPEG of an upright page."""


def jpeg(path: Path | str, n: int, rotation: int, limits: scans.Limits) -> bytes:
    """The upright page `n` as JPEG; decodes foreign bytes, so it is called in a child."""
    out = io.BytesIO()
    with Image.open(io.BytesIO(scans.view_again(path, n, rotation, limits))) as view:
        view.convert("L" if view.mode == "L" else "RGB").save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def write(target: BinaryIO, pages: Sequence[Page], picture: Picture, title: str = "") -> None:
    """Writes a PDF of `pages`, asking for one picture at a time."""
    pdf = _Pdf(target)
    catalog, tree, info = pdf.number(), pdf.number(), pdf.number()
    font = _font(pdf)
    kids = [_page(pdf, tree, font, page, picture(page)) for page in pages]
    listed = " ".join(f"{kid} 0 R" for kid in kids)
    pdf.put(tree, f"<< /Type /Pages /Count {len(kids)} /Kids [{listed}] >>")
    pdf.put(catalog, f"<< /Type /Catalog /Pages {tree} 0 R /Lang (vi) >>")
    pdf.put(info, f"<< /Title <FEFF{_hex(title)}> >>")
    pdf.finish(catalog, info)


class _Pdf:
    """Objects one after another, and the table of where they begin (7.5.4)."""

    def __init__(self, target: BinaryIO) -> None:
        self._target, self._at = target, 0
        self._begins: list[int] = []
        self._write(_HEAD)

    def _write(self, content: bytes) -> None:
        self._target.write(content)
        self._at += len(content)

    def number(self) -> int:
        """The number of an object that is put later."""
        self._begins.append(0)
        return len(self._begins)

    def put(self, number: int, dictionary: str, stream: bytes | None = None) -> None:
        self._begins[number - 1] = self._at
        self._write(f"{number} 0 obj\n{dictionary}\n".encode("latin-1"))
        if stream is not None:
            self._write(b"stream\n" + stream + b"\nendstream\n")
        self._write(b"endobj\n")

    def add(self, dictionary: str, stream: bytes | None = None) -> int:
        number = self.number()
        self.put(number, dictionary, stream)
        return number

    def finish(self, catalog: int, info: int) -> None:
        begin, count = self._at, len(self._begins) + 1
        lines = ["0000000000 65535 f \n", *(f"{at:010d} 00000 n \n" for at in self._begins)]
        trailer = f"trailer\n<< /Size {count} /Root {catalog} 0 R /Info {info} 0 R >>\nstartxref\n{begin}\n%%EOF\n"
        self._write(f"xref\n0 {count}\n{''.join(lines)}{trailer}".encode("latin-1"))


def _font(pdf: _Pdf) -> int:
    unicode_map = pdf.add(f"<< /Length {len(_TO_UNICODE)} >>", _TO_UNICODE)
    looks = pdf.add(
        "<< /Type /FontDescriptor /FontName /Unseen /Flags 4 /ItalicAngle 0 /Ascent 800 /Descent -200 /CapHeight 700 "
        "/StemV 80 /FontBBox [0 -200 500 800] >>"
    )
    letters = pdf.add(
        "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Unseen /CIDToGIDMap /Identity /DW 500 "
        f"/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /FontDescriptor {looks} 0 R >>"
    )
    return pdf.add(
        f"<< /Type /Font /Subtype /Type0 /BaseFont /Unseen /Encoding /Identity-H /DescendantFonts [{letters} 0 R] "
        f"/ToUnicode {unicode_map} 0 R >>"
    )


def _page(pdf: _Pdf, tree: int, font: int, page: Page, picture: bytes) -> int:
    with Image.open(io.BytesIO(picture)) as image:
        (across, down), grey = image.size, image.mode == "L"
    width = page.width / page.dpi * 72 if page.dpi and page.width else A4_WIDTH
    height = width * down / across
    drawn = pdf.add(
        f"<< /Type /XObject /Subtype /Image /Width {across} /Height {down} /BitsPerComponent 8 /Filter /DCTDecode "
        f"/ColorSpace /Device{'Gray' if grey else 'RGB'} /Length {len(picture)} >>",
        picture,
    )
    drawing = f"q {width:.2f} 0 0 {height:.2f} 0 0 cm /P Do Q\nBT 3 Tr\n"
    said = zlib.compress((drawing + "".join(_texts(page.words, width, height)) + "ET").encode("ascii"))
    content = pdf.add(f"<< /Length {len(said)} /Filter /FlateDecode >>", said)
    return pdf.add(
        f"<< /Type /Page /Parent {tree} 0 R /MediaBox [0 0 {width:.2f} {height:.2f}] /Contents {content} 0 R "
        f"/Resources << /Font << /F {font} 0 R >> /XObject << /P {drawn} 0 R >> >> >>"
    )


def _texts(words: Iterable[Word], width: float, height: float) -> Iterator[str]:
    """One piece a word, as wide and as high as its box; a blank after each, so that words stay apart."""
    for word in words:
        if word.box is None or not word.text:
            continue
        left, top, right, bottom = word.box
        size = max(1.0, (bottom - top) * height)
        stretch = max(1.0, 100 * (right - left) * width / (_WIDE * size * len(word.text)))
        place = f"{left * width:.2f} {(1 - bottom) * height + 0.2 * size:.2f}"
        yield f"/F {size:.2f} Tf {stretch:.1f} Tz 1 0 0 1 {place} Tm <{_hex(word.text + ' ')}> Tj\n"


def _hex(text: str) -> str:
    """UTF-16 in hexadecimal; what lies beyond the basic plane has no code in the font."""
    return "".join(c if ord(c) < 0x10000 else "\ufffd" for c in text).encode("utf-16-be", "replace").hex().upper()
