"""The one module that talks to pdfium. It runs only in a child: pdfium aborts where memory ends.

Coordinates handed out are fractions of the page as a viewer shows it (turned by its /Rotate, cut to its crop box).
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image

from archive.errors import Encrypted, PageTooLarge, Unreadable
from archive.legacy_encodings import encoding_of
from archive.reading import Box

RENDERED_DPI = 300
MOST_DPI = 600
MOST_NAME = 256
"""Bytes of the name of a font; longer ones are not looked at."""
_INVISIBLE = (3, 7)  # PDF 32000-1, 9.3.6: text rendering modes that paint nothing, as hidden OCR layers have them
_BROKEN = "Tệp PDF bị hỏng, không mở được. Tệp gốc vẫn được lưu an toàn; hãy quét lại hoặc xin bản khác."
_LOCKED = "Tệp PDF có mật khẩu. Tệp gốc vẫn được lưu an toàn; hãy xin bản không có mật khẩu."
_BAD_PAGE = "Trang {n} của tệp PDF bị hỏng, không đọc được. Tệp gốc vẫn được lưu an toàn; hãy quét lại trang này."
_VAST = "Trang {n} quá lớn để đọc. Tệp gốc vẫn được lưu an toàn; hãy quét lại ở khổ giấy thường."


@dataclass(frozen=True, slots=True)
class Letter:
    """One character of a text layer; `box` has the height of the font, not of the glyph."""

    text: str
    box: Box
    visible: bool
    """False for the hidden text that OCR programs lay under a scan, and for text that an image covers."""
    font: str = ""
    """What the file calls its font, `ABCDEF+.VnTime`."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a page is made of."""

    width: float
    """Points, as shown."""
    height: float
    coverage: float
    """Share of the page covered by images, 0..1."""
    images: int
    paths: int
    annotations: int
    dpi: float | None
    """The highest resolution of an image of some size."""


class Pdf:
    """An open PDF; pages are numbered from 1."""

    def __init__(self, path: Path) -> None:
        try:
            self._document = pypdfium2.PdfDocument(str(path))
        except pypdfium2.PdfiumError as error:
            raise _opening(error) from error

    def __len__(self) -> int:
        return len(self._document)

    def close(self) -> None:
        self._document.close()

    @contextlib.contextmanager
    def page(self, n: int) -> Iterator[Sheet]:
        try:
            page = self._document[n - 1]
        except (pypdfium2.PdfiumError, IndexError) as error:
            raise Unreadable(_BAD_PAGE.format(n=n)) from error
        try:
            with contextlib.closing(Sheet(page, n)) as sheet:
                yield sheet
        except (pypdfium2.PdfiumError, OverflowError) as error:
            raise Unreadable(_BAD_PAGE.format(n=n)) from error

    def signatures(self) -> Iterator[tuple[bytes, str, str]]:
        """(PKCS#7 container, PDF date, reason) of each signature."""
        for index in range(max(0, pdfium.FPDF_GetSignatureCount(self._document.raw))):
            signature = pdfium.FPDF_GetSignatureObject(self._document.raw, index)
            contents = _bytes(pdfium.FPDFSignatureObj_GetContents, signature)
            when = _bytes(pdfium.FPDFSignatureObj_GetTime, signature).rstrip(b"\0").decode("latin-1")
            reason = _bytes(pdfium.FPDFSignatureObj_GetReason, signature).decode("utf-16-le", "replace").rstrip("\0")
            yield contents, when, reason


def _opening(error: pypdfium2.PdfiumError) -> Unreadable:
    if getattr(error, "err_code", None) == pdfium.FPDF_ERR_PASSWORD or "password" in str(error).lower():
        return Encrypted(_LOCKED)
    return Unreadable(_BROKEN)


def _bytes(read: Any, handle: Any) -> bytes:
    length = read(handle, None, 0)
    buffer = ctypes.create_string_buffer(max(1, length))
    read(
        handle, ctypes.cast(buffer, ctypes.c_void_p) if read is not pdfium.FPDFSignatureObj_GetTime else buffer, length
    )
    return buffer.raw[:length]


class Sheet:
    """One page of an open PDF."""

    def __init__(self, page: pypdfium2.PdfPage, n: int) -> None:
        self._page, self._n = page, n
        self.width, self.height = page.get_size()
        if not (self.width > 0 and self.height > 0 and math.isfinite(self.width * self.height)):
            raise Unreadable(_BAD_PAGE.format(n=n))
        self._annotations = max(0, pdfium.FPDFPage_GetAnnotCount(page.raw))

    def close(self) -> None:
        self._page.close()

    @functools.cached_property
    def facts(self) -> Facts:
        images = self._images()
        shown = [(image, box) for image in images if (box := self._box_of(image))]
        paths = sum(1 for _ in self._page.get_objects([pdfium.FPDF_PAGEOBJ_PATH, pdfium.FPDF_PAGEOBJ_SHADING], 6))
        large = [self._dpi(image, box) for image, box in shown if _area(box) > 0.05]
        return Facts(
            self.width, self.height, _coverage([box for _, box in shown]), len(images), paths,
            self._annotations, max(large, default=None),
        )  # fmt: skip

    def only_image(self, most_pixels: int) -> Image.Image | None:
        """The one image the page consists of, at its own resolution, turned as shown; None when there is more to it."""
        item = self._only_item()
        if item is None:
            return None
        wide, high = item.get_px_size()
        if wide * high > most_pixels or not _is_straight(item.get_matrix()):
            return None
        try:
            image = item.get_bitmap(render=False).to_pil()
        except pypdfium2.PdfiumError:
            return None
        image = _turned(image.convert("L") if image.mode == "1" else image, self._page.get_rotation())
        # Masks, decode arrays and mirrored matrices: the page itself is the judge.
        return image if self._looks_like(image) else None

    def own_jpeg(self) -> tuple[bytes, int] | None:
        """The JPEG of the image the page consists of, and the degrees clockwise it is shown turned by."""
        item = self._only_item()
        if item is None or item.get_filters(skip_simple=True) != ["DCTDecode"] or not _is_straight(item.get_matrix()):
            return None
        return bytes(item.get_data(decode_simple=True)), self._page.get_rotation()

    def picture_boxes(self) -> list[Box]:
        """Where the images of the page itself stand."""
        return [box for image in self._images() if not image.level and (box := self._box_of(image))]

    def annotation_boxes(self) -> list[Box]:
        """Where each annotation stands; ask before `flatten`, which makes them part of the page."""
        return [box for index in range(self._annotations) if (box := self._annotation_box(index))]

    def _annotation_box(self, index: int) -> Box | None:
        annotation, bounds = pdfium.FPDFPage_GetAnnot(self._page.raw, index), pdfium.FS_RECTF()
        if not annotation:
            return None
        known = pdfium.FPDFAnnot_GetRect(annotation, bounds)
        pdfium.FPDFPage_CloseAnnot(annotation)
        return self._shown((bounds.left, bounds.bottom, bounds.right, bounds.top)) if known else None

    def rendered(self, most_pixels: int) -> Image.Image:
        """The page drawn at the resolution of its images, or 300 dpi when it is mostly not images."""
        facts = self.facts
        dpi = min(max(facts.dpi or 0, 100), MOST_DPI) if facts.dpi and facts.coverage > 0.5 else RENDERED_DPI
        dpi = min(dpi, math.sqrt(most_pixels / (self.width * self.height)) * 72)
        if dpi < 20:
            raise PageTooLarge(_VAST.format(n=self._n))
        return self._draw((max(1, round(self.width * dpi / 72)), max(1, round(self.height * dpi / 72))), grey=False)

    def head(self, dpi: float, share: float) -> Image.Image:
        """The upper `share` of the page drawn at `dpi`, and no more of it."""
        size = (max(1, round(self.width * dpi / 72)), max(1, round(self.height * dpi / 72)))
        return self._draw(size, grey=False, share=share)

    def letters(self) -> list[Letter]:
        """The text layer in the file's order, with its blanks."""
        return [letter for letter, _ in self._letters()]

    def flatten(self) -> None:
        """Makes annotations (numbers, days and signatures laid over the page) part of it; the file stays as it is."""
        if not self._annotations:
            return
        self._annotations = 0
        if pdfium.FPDFPage_Flatten(self._page.raw, pdfium.FLAT_NORMALDISPLAY) == pdfium.FLATTEN_SUCCESS:
            document = self._page.pdf
            self._page.close()
            self._page = document[self._n - 1]

    def _letters(self) -> Iterator[tuple[Letter, int]]:
        text = self._page.get_textpage()
        try:
            hidden, fonts, last = self._hidden(), dict[int, str](), None
            for index in range(text.count_chars()):
                code = pdfium.FPDFText_GetUnicode(text.raw, index)
                holder = ctypes.cast(pdfium.FPDFText_GetTextObject(text.raw, index), ctypes.c_void_p).value or 0
                if holder not in fonts:
                    fonts[holder] = _font(text, index)
                # VNI draws marks without a width of their own over the letter before.
                last = box = self._letter_box(text, index) or (last if encoding_of(fonts[holder]) == "VNI" else None)
                if box and _is_letter(code):
                    yield Letter(chr(code), box, not hidden.get(holder, False), fonts[holder]), index
        finally:
            text.close()

    def _letter_box(self, text: pypdfium2.PdfTextPage, index: int) -> Box | None:
        try:
            return self._shown(text.get_charbox(index, loose=True))
        except pypdfium2.PdfiumError:
            return None

    def _hidden(self) -> dict[int, bool]:
        """For each text object, by address: whether the reader of the page cannot see it."""
        found: dict[int, bool] = {}
        for item in self._page.get_objects(max_depth=6):
            if item.type == pdfium.FPDF_PAGEOBJ_IMAGE and _area(self._box_of(item)) > 0.5:
                found = dict.fromkeys(found, True)
            elif item.type == pdfium.FPDF_PAGEOBJ_TEXT:
                address = ctypes.cast(item.raw, ctypes.c_void_p).value or 0
                found[address] = self._is_unseen(item)
        return found

    def _images(self) -> list[Any]:
        return list(self._page.get_objects([pdfium.FPDF_PAGEOBJ_IMAGE], 6))

    def _box_of(self, item: Any) -> Box | None:
        """The box of an object of the page itself; None for one that cannot be seen."""
        try:
            return self._shown(item.get_bounds())
        except pypdfium2.PdfiumError:
            return None

    def _shown(self, bounds: tuple[float, float, float, float]) -> Box | None:
        """Left, bottom, right, top in the page's own units, as a box of the page as shown; None when outside."""
        left, bottom, right, top = bounds
        corners = [self._place(x, y) for x, y in ((left, bottom), (right, top))]
        (x1, y1), (x2, y2) = corners
        box = (max(0.0, min(x1, x2)), max(0.0, min(y1, y2)), min(1.0, max(x1, x2)), min(1.0, max(y1, y2)))
        return box if box[0] < box[2] and box[1] < box[3] else None

    def _place(self, x: float, y: float) -> tuple[float, float]:
        across, down, units = ctypes.c_int(), ctypes.c_int(), 1_000_000
        if not math.isfinite(x + y):
            return 0.0, 0.0
        pdfium.FPDF_PageToDevice(self._page.raw, 0, 0, units, units, 0, x, y, across, down)
        return across.value / units, down.value / units

    def _dpi(self, image: Any, box: Box) -> float:
        wide, high = image.get_px_size()
        if self._page.get_rotation() % 180:
            wide, high = high, wide
        return float(max(wide / ((box[2] - box[0]) * self.width), high / ((box[3] - box[1]) * self.height)) * 72)

    def _only_item(self) -> Any:
        """The image that covers the page when nothing else is seen on it."""
        items = list(self._page.get_objects(max_depth=6))
        visible = [item for item in items if item.type != pdfium.FPDF_PAGEOBJ_TEXT or not self._is_unseen(item)]
        if len(visible) != 1 or visible[0].type != pdfium.FPDF_PAGEOBJ_IMAGE or visible[0].level:
            return None
        return visible[0] if _is_same(visible[0].get_bounds(), self._page.get_bbox()) else None

    def _is_unseen(self, item: Any) -> bool:
        return pdfium.FPDFTextObj_GetTextRenderMode(item.raw) in _INVISIBLE

    def _looks_like(self, image: Image.Image) -> bool:
        size = (48, 64)
        small = image.convert("L").resize(size, Image.Resampling.BOX)
        page = self._draw((size[0] * 2, size[1] * 2), grey=True).resize(size, Image.Resampling.BOX)
        pairs = zip(small.tobytes(), page.tobytes(), strict=True)
        return sum(abs(one - other) for one, other in pairs) / (size[0] * size[1]) < 12

    def _draw(self, size: tuple[int, int], *, grey: bool, share: float = 1.0) -> Image.Image:
        kind = pdfium.FPDFBitmap_Gray if grey else pdfium.FPDFBitmap_BGRx
        flags = 0 if grey else pdfium.FPDF_REVERSE_BYTE_ORDER
        drawn = size[0], max(1, round(size[1] * share))
        bitmap = pypdfium2.PdfBitmap.new_native(*drawn, kind, rev_byteorder=not grey)
        try:
            bitmap.fill_rect((255, 255, 255, 255), 0, 0, *drawn)
            pdfium.FPDF_RenderPageBitmap(bitmap.raw, self._page.raw, 0, 0, *size, 0, flags)
            image: Image.Image = bitmap.to_pil()
            return image.copy() if grey else image.convert("RGB")
        finally:
            bitmap.close()


def _font(text: pypdfium2.PdfTextPage, index: int) -> str:
    name, flags = ctypes.create_string_buffer(MOST_NAME), ctypes.c_int()
    length = pdfium.FPDFText_GetFontInfo(text.raw, index, name, MOST_NAME, flags)
    return name.value.decode("utf-8", "replace") if 0 < length <= MOST_NAME else ""


def _is_letter(code: int) -> bool:
    """Whether fonts that lie still gave a character; halves of surrogate pairs are none and cannot be stored."""
    return 0 < code < 0x110000 and not 0xD800 <= code < 0xE000


def _area(box: Box | None) -> float:
    return (box[2] - box[0]) * (box[3] - box[1]) if box else 0.0


def _coverage(boxes: list[Box], cells: int = 40) -> float:
    """Share of the page under `boxes`, on a grid."""
    middles = [(n + 0.5) / cells for n in range(cells)]
    covered = {(x, y) for left, top, right, bottom in boxes for x in middles if left <= x <= right
               for y in middles if top <= y <= bottom}  # fmt: skip
    return len(covered) / cells**2


def _is_same(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Whether two rectangles differ by less than two hundredths of the second's size."""
    slack = 0.02 * min(other[2] - other[0], other[3] - other[1])
    return all(abs(a - b) <= slack for a, b in zip(one, other, strict=True))


def _is_straight(matrix: pypdfium2.PdfMatrix) -> bool:
    return bool(matrix.a > 0 and matrix.d > 0 and max(abs(matrix.b), abs(matrix.c)) < 0.001 * max(matrix.a, matrix.d))


_TURNS = {
    90: Image.Transpose.ROTATE_270,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}


def _turned(image: Image.Image, clockwise: int) -> Image.Image:
    return image.transpose(_TURNS[clockwise]) if clockwise else image
