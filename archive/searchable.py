"""Searchable PDFs: the picture of each page with its words under it, unseen, where they stand; a projection.

Written by hand as PDF/A-2b (ISO 19005-2 over ISO 32000-1): one picture a page and what is laid over it, text in
rendering mode 3 (9.3.6). The original is not touched.
"""

from __future__ import annotations

import hashlib
import math
import statistics
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import BinaryIO

from archive import pdfa
from archive.plates import Plate
from archive.reading import Box, Page, Word

A4_SIDE = 841.9
"""Points of the longer side; where the size of the paper is not known."""
_HEAD = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
_BASELINE = 0.22
"""How far above the foot of a line of small and tall letters its baseline stands, in heights of the line."""
_GAP = 0.2
"""Least white between two words, in heights of the line."""
_MOST_SHIFT = 0.08
"""Most that letters of a word stand apart or overlap, in heights of the line: beyond .1 poppler parts the word."""
_TURNS = {
    0: "{w} 0 0 {h} {x} {y}", 90: "0 -{h} {w} 0 {x} {top}", 180: "-{w} 0 0 -{h} {right} {top}",
    270: "0 {h} -{w} 0 {right} {y}",
}  # fmt: skip
"""The matrix that sets a picture turned clockwise into a box of the page (8.3.4)."""

Picture = Callable[[Page], Plate]
"""The picture of a page."""


def write(target: BinaryIO, pages: Sequence[Page], picture: Picture, title: str = "") -> None:
    """Writes a PDF of `pages`, asking for one picture at a time."""
    pdf = _Pdf(target)
    catalog, tree, info = pdf.number(), pdf.number(), pdf.number()
    font = _font(pdf)
    kids = [_page(pdf, tree, font, page, picture(page)) for page in pages]
    listed = " ".join(f"{kid} 0 R" for kid in kids)
    pdf.put(tree, f"<< /Type /Pages /Count {len(kids)} /Kids [{listed}] >>")
    about = pdf.add("<< /Type /Metadata /Subtype /XML", pdfa.metadata(title), packed=False)
    colours = pdf.add("<< /N 3", pdfa.srgb())
    pdf.put(
        catalog,
        f"<< /Type /Catalog /Pages {tree} 0 R /Lang (vi) /Metadata {about} 0 R "
        "/OutputIntents [<< /Type /OutputIntent /S /GTS_PDFA1 /OutputConditionIdentifier (sRGB) "
        f"/Info (sRGB) /DestOutputProfile {colours} 0 R >>] >>",
    )
    pdf.put(info, f"<< /Title <FEFF{_hex(title)}> >>")
    pdf.finish(catalog, info)


class _Pdf:
    """Objects one after another, and the table of where they begin (7.5.4)."""

    def __init__(self, target: BinaryIO) -> None:
        self._target, self._at = target, 0
        self._begins: list[int] = []
        self._sum = hashlib.sha256()
        self._write(_HEAD)

    def _write(self, content: bytes) -> None:
        self._target.write(content)
        self._sum.update(content)
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

    def add(self, dictionary: str, stream: bytes | None = None, *, packed: bool = True) -> int:
        """An object; with a stream its dictionary is left open, and its length and Flate filter are added."""
        number = self.number()
        if stream is not None:
            stream = zlib.compress(stream) if packed else stream
            dictionary += f" /Length {len(stream)}{' /Filter /FlateDecode' if packed else ''} >>"
        self.put(number, dictionary, stream)
        return number

    def finish(self, catalog: int, info: int) -> None:
        begin, count = self._at, len(self._begins) + 1
        lines = ["0000000000 65535 f \n", *(f"{at:010d} 00000 n \n" for at in self._begins)]
        name = self._sum.hexdigest()[:32].upper()
        self._write(f"xref\n0 {count}\n{''.join(lines)}".encode("latin-1"))
        self._write(
            f"trailer\n<< /Size {count} /Root {catalog} 0 R /Info {info} 0 R /ID [<{name}> <{name}>] >>\n"
            f"startxref\n{begin}\n%%EOF\n".encode("latin-1")
        )


def _font(pdf: _Pdf) -> int:
    unicode_map = pdf.add("<<", pdfa.to_unicode())
    glyphs = pdf.add("<<", pdfa.codes_to_glyphs())
    program = pdf.add(f"<< /Length1 {len(pdfa.font())}", pdfa.font())
    looks = pdf.add(
        f"<< /Type /FontDescriptor /FontName /{pdfa.FONT} /Flags 4 /ItalicAngle 0 /Ascent {pdfa.ASCENT} "
        f"/Descent {pdfa.DESCENT} /CapHeight 700 /StemV 80 /FontBBox [0 {pdfa.DESCENT} 1000 {pdfa.ASCENT}] "
        f"/FontFile2 {program} 0 R >>"
    )
    letters = pdf.add(
        f"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /{pdfa.FONT} /CIDToGIDMap {glyphs} 0 R "
        f"/DW {pdfa.WIDE} /W [{pdfa.widths()}] "
        f"/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /FontDescriptor {looks} 0 R >>"
    )
    return pdf.add(
        f"<< /Type /Font /Subtype /Type0 /BaseFont /{pdfa.FONT} /Encoding /Identity-H "
        f"/DescendantFonts [{letters} 0 R] /ToUnicode {unicode_map} 0 R >>"
    )


def _page(pdf: _Pdf, tree: int, font: int, page: Page, plate: Plate) -> int:
    width, height = _size(page, plate)
    placed = [((0.0, 0.0, 1.0, 1.0), plate), *plate.patches]
    named = " ".join(f"/P{n} {_picture(pdf, picture)} 0 R" for n, (_, picture) in enumerate(placed))
    drawing = "".join(_shown(n, box, picture.turn, width, height) for n, (box, picture) in enumerate(placed))
    texts = "".join(_texts(page.words, width, height))
    content = pdf.add("<<", f"{drawing}BT 3 Tr\n{texts}ET".encode("ascii"))
    return pdf.add(
        f"<< /Type /Page /Parent {tree} 0 R /MediaBox [0 0 {width:.2f} {height:.2f}] /Contents {content} 0 R "
        f"/Resources << /Font << /F {font} 0 R >> /XObject << {named} >> >> >>"
    )


def _size(page: Page, plate: Plate) -> tuple[float, float]:
    """Points of the paper: by the resolution of the page, else as a sheet of A4."""
    across, down = (plate.width, plate.height) if plate.turn % 180 == 0 else (plate.height, plate.width)
    longest = max(page.width, page.height) / page.dpi * 72 if page.dpi and page.width else A4_SIDE
    scale = min(14400.0, max(72.0, longest)) / max(across, down)
    return max(3.0, across * scale), max(3.0, down * scale)


def _picture(pdf: _Pdf, plate: Plate) -> int:
    packing = f"/Filter /{plate.packing}"
    if plate.packing == "CCITTFaxDecode":
        packing += f" /DecodeParms << /K -1 /Columns {plate.width} /Rows {plate.height} /BlackIs1 true >>"
    number = pdf.number()
    pdf.put(
        number,
        f"<< /Type /XObject /Subtype /Image /Width {plate.width} /Height {plate.height} "
        f"/BitsPerComponent {1 if plate.packing == 'CCITTFaxDecode' else 8} "
        f"/ColorSpace /Device{'Gray' if plate.is_grey else 'RGB'} {packing} /Length {len(plate.data)} >>",
        plate.data,
    )
    return number


def _shown(n: int, box: Box, turn: int, width: float, height: float) -> str:
    left, top, right, bottom = box[0] * width, (1 - box[1]) * height, box[2] * width, (1 - box[3]) * height
    sizes = {"w": right - left, "h": top - bottom, "x": left, "y": bottom, "right": right, "top": top}
    matrix = _TURNS[turn].format(**{name: f"{size:.2f}" for name, size in sizes.items()})
    return f"q {matrix} cm /P{n} Do Q\n"


def _texts(words: Iterable[Word], width: float, height: float) -> Iterator[str]:
    """One piece a word, as wide as its box and as high as its line; a blank after each, so that words stay apart."""
    said = [word for word in words if word.box and word.text]
    for _, line in groupby(said, key=lambda word: (word.block, word.line)):
        yield _line(list(line), width, height)


def _line(words: Sequence[Word], width: float, height: float) -> str:
    """One piece of text a line, each word of it where it stands; it leans as the line does.

    A piece a word is parted and put in another order by readers of PDFs where lines lean by two degrees.
    """
    boxes = [word.box for word in words if word.box]
    size = max(1.0, statistics.median(box[3] - box[1] for box in boxes) * height)
    slope, middle, at = _slope(boxes)
    lean = math.atan2(slope * height, width)
    cos, sin, left = math.cos(lean), math.sin(lean), boxes[0][0]
    up = (1 - at - slope * (left - middle)) * height - (0.5 - _BASELINE) * size
    wides = [_wide(box, after, size / width) * width for box, after in zip(boxes, [*boxes[1:], None], strict=True)]
    unit = max(statistics.median(map(_unit, words, wides)), 2e-5 * size)
    said = "".join(_said(words, [(box[0] - left) * width for box in boxes], wides, unit, _MOST_SHIFT * size))
    place = f"{cos:.4f} {-sin:.4f} {sin:.4f} {cos:.4f} {left * width:.2f} {up:.2f}"
    return f"/F {size:.2f} Tf {unit * 1e5 / size:.1f} Tz {place} Tm [{said}] TJ\n"


def _unit(word: Word, wide: float) -> float:
    """Points of a thousandth of the font's size in a word that is as wide."""
    return wide / sum(map(pdfa.width, word.text))


def _said(
    words: Sequence[Word], places: Sequence[float], wides: Sequence[float], unit: float, most: float
) -> Iterator[str]:
    """The words in hexadecimal, each shifted to its place and drawn together or apart to its width."""
    end = 0.0
    for word, place, wide in zip(words, places, wides, strict=True):
        natural, gaps = sum(map(pdfa.width, word.text)) * unit, max(1, len(word.text) - 1)
        shift = min(most, max(-most, (wide - natural) / gaps))
        between = f">{-shift / unit:.0f}<" if round(shift / unit) else ""
        yield f"{(end - place) / unit:.0f}<{between.join(map(_hex, word.text))}><0020>"
        end = place + natural + shift * (len(word.text) - 1) + pdfa.width(" ") * unit


def _wide(box: Box, after: Box | None, size: float) -> float:
    """Width of a word, with a gap left before the next: programs see no blank where boxes touch."""
    wide = box[2] - box[0]
    if after and box[0] < after[0]:
        wide = min(wide, after[0] - _GAP * size - box[0])
    return max(wide, 0.3 * (box[2] - box[0]))


def _slope(boxes: Sequence[Box]) -> tuple[float, float, float]:
    """(fall for a width, x, y) of the straight line through the middles of `boxes`, nearest by least squares."""
    middles = [((box[0] + box[2]) / 2, (box[1] + box[3]) / 2) for box in boxes]
    x, y = statistics.fmean(place[0] for place in middles), statistics.fmean(place[1] for place in middles)
    spread = math.fsum((across - x) ** 2 for across, _ in middles)
    fall = math.fsum((across - x) * (down - y) for across, down in middles)
    return (fall / spread if spread > 0.01 else 0.0), x, y


def _hex(text: str) -> str:
    """UTF-16 in hexadecimal; what lies beyond the basic plane has no code in the font."""
    return "".join(c if ord(c) < 0x10000 else "\ufffd" for c in text).encode("utf-16-be", "replace").hex().upper()
