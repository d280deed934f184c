"""A PDF, TIFF, JPEG, PNG, WebP or ZIP of such pictures as upright pages, and the reading of each.

All but `sniff` decode foreign bytes: call them through `archive.children.Child`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from archive import advice, insets, layer, layout, lost_lines, pageimage, pictures, second_look, secrecy, tesseract
from archive import legacy_layer as legacy
from archive import views as pageviews
from archive.errors import Crashed, EmptyFile, TookTooLong, TooManyPages, UnknownFormat, Unreadable
from archive.findings import Mark
from archive.packed import ZIP, leaves
from archive.pdf import Letter, Pdf, Sheet
from archive.reading import Box, Page, Word
from archive.signatures import Signature, signature
from archive.views import at_most_reading_dpi, turned
from archive.zips import is_zip

PDF = "application/pdf"
HEAD = 1024
"""Bytes `sniff` wants to see."""
_EMPTY = "Tệp rỗng, không có gì để lưu. Hãy kiểm tra máy quét rồi gửi lại."
_UNKNOWN = "Hệ thống chỉ nhận PDF, TIFF, JPEG, PNG, WebP, ZIP chứa chúng, Word, Excel. Tệp này không thuộc loại nào."
_MANY = "Tệp có hơn {limit} trang, vượt quá giới hạn. Tệp gốc vẫn được lưu an toàn; hãy tách thành nhiều tệp."
_NO_PAGE = "Tệp không có trang nào. Tệp gốc vẫn được lưu an toàn; hãy quét lại."
HEAD_DPI = 200.0
"""At which heads of PDF pages are drawn to be looked at."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a file may ask of us."""

    pages: int = 500
    pixels: int = 80_000_000
    """Of one page; A3 at 600 dpi has 69.6 million."""


@dataclass(frozen=True, slots=True)
class Options:
    """How pages are read."""

    limits: Limits = field(default_factory=Limits)
    language: str = tesseract.LANGUAGE
    engine: str = tesseract.PROGRAM
    """tesseract or tesserocr."""
    seals_are_black: bool = False
    """The page has no colour to tell them from print by; set for each page."""
    view_side: int = 2200
    """Pixels of the longer side of the view, at most."""
    thumb_width: int = 160
    looks: bool = False
    """Stop at a mark of secrecy on a page that had to be turned upright."""
    unlooked: bool = False
    """The look before the reading failed: look first, and read nothing of a page that cannot be looked at."""
    rotation: int | None = None
    """Degrees clockwise that a person said the page is to be turned by; None: the reader finds out."""
    recognise: Callable[[Image.Image], tuple[Word, ...] | None] | None = None
    """Asked for the words of a page before Tesseract is, which reads it when the answer is None."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What a file is before its pages are read."""

    media_type: str
    pages: int
    signatures: tuple[Signature, ...] = ()


@dataclass(frozen=True, slots=True)
class PageReading:
    """All that the read step makes of one page."""

    page: Page
    view: bytes
    """WebP of the upright page."""
    thumb: bytes
    secret: tuple[Mark, ...] = ()
    """Marks of secrecy seen only once the page stood upright; then there are neither words nor pictures."""


def sniff(head: bytes) -> str:
    """The media type by the first bytes (1024 are enough); UnknownFormat for all we do not take. Safe anywhere.

    Whether a ZIP is a scan is known once it is opened (archive/packed).
    """
    if not head:
        raise EmptyFile(_EMPTY)
    if picture := pictures.kind(head):
        return picture
    # Viewers take a PDF whose header comes late (ISO 32000-1, annex H.3.4.1), and mail gateways put lines before it.
    # In a ZIP that does not pack them, files lie as they are: it is no PDF.
    if b"%PDF-" in head[:HEAD] and not is_zip(head):
        return PDF
    raise UnknownFormat(_UNKNOWN)


def survey(path: Path | str, limits: Limits = Limits()) -> Survey:
    """Opens the file and counts; raises what a clerk should know before pages are read."""
    path = Path(path)
    media_type = _media_type(path)
    if media_type == PDF:
        with _pdf(path) as pdf:
            return Survey(media_type, _counted(len(pdf), limits), tuple(signature(*each) for each in pdf.signatures()))
    count = leaves.count if media_type == ZIP else pictures.count
    return Survey(media_type, _counted(count(path, limits.pixels, limits.pages), limits))


def page_image(path: Path | str, n: int, limits: Limits = Limits()) -> Image.Image:
    """Page `n` (from 1) as the file has it: L or RGB, its own resolution, not yet turned upright."""
    with source(Path(path), n, limits) as one:
        return one.image()


def upright_image(path: Path | str, n: int, rotation: int, limits: Limits = Limits()) -> Image.Image:
    """Page `n` turned clockwise by `rotation` (as in `Page.rotation`), at 300 dpi or less where its size is known."""
    with source(Path(path), n, limits) as one:
        image, dpi = one.image(), one.dpi
    return turned(at_most_reading_dpi(image, dpi), rotation)


def read_page(path: Path | str, n: int, options: Options = Options()) -> PageReading:
    """The whole read step of page `n`."""
    with source(Path(path), n, options.limits) as one:
        image = one.image()
        why_not = one.objection()
        if why_not is None:
            page = _with_insets(one.layer_page(image), one, image, options).turned(options.rotation or 0)
        else:
            page = _recognised(image, n, one.dpi, why_not, options)
            if secret := _secret_upright(page, image, options):
                return PageReading(Page(n), b"", b"", secret)
            page = _with_overlay(page, one)
        shown = turned(one.view() or image, page.rotation)
    return PageReading(page, *pageviews.of(shown, options.view_side, options.thumb_width))


def view_again(path: Path | str, n: int, rotation: int, limits: Limits = Limits()) -> bytes:
    """The view of page `n` as `read_page` makes it (WebP), without reading it; `rotation` as in `Page.rotation`."""
    with source(Path(path), n, limits) as one:
        shown = turned(one.view() or one.image(), rotation)
    how = Options(limits)
    return pageviews.of(shown, how.view_side, how.thumb_width)[0]


def _secret_upright(page: Page, image: Image.Image, options: Options) -> tuple[Mark, ...]:
    """The marks of a page that lay on its side, or on its head, when the first look was taken."""
    if not options.looks or not page.rotation:
        return ()
    return secrecy.look(secrecy.head_of(turned(image, page.rotation)), page.number)


def _recognised(image: Image.Image, n: int, dpi: float | None, why: str, options: Options) -> Page:
    """The page read by the recogniser; upright first as it is, turned only when that reads badly."""
    black = pageimage.best_grey(image)
    grey = black or advice.faded(image)
    facts = {"width": image.width, "height": image.height, "dpi": dpi}
    rotation = options.rotation or 0
    blank = Page(n, source="blank", **facts).turned(rotation)  # type: ignore[arg-type]
    if grey is None:
        return dataclasses.replace(blank, reason=f"{why}; no ink on the page")
    options = dataclasses.replace(options, seals_are_black=image.mode == "L")
    words = _read(turned(grey, rotation), dpi, options)
    if black is None and (len(words) < 8 or _sense(words) < 0.75):
        return dataclasses.replace(blank, reason=f"{why}; only traces of ink")
    if options.rotation is None and _is_doubtful(words):
        rotation, words = _turned_reading(grey, dpi, words, options)
    if rotation % 180:
        facts |= {"width": image.height, "height": image.width}
    page = Page.of_words(n, words, source="ocr", reason=why, rotation=rotation, **facts)
    return dataclasses.replace(page, advice=advice.of(page, turned(black or pageimage.without_colour(image), rotation)))


def _read(grey: Image.Image, dpi: float | None, options: Options) -> tuple[Word, ...]:
    shown = pageimage.for_reading(grey, dpi)
    words = options.recognise(shown.image) if options.recognise else None
    if words is None:
        words = _read_twice(shown, options)
        if _is_finer(grey, dpi) and pageimage.is_small_print([word.box for word in words if word.box], shown):
            shown = pageimage.for_reading(grey, dpi, pageimage.FINE_DPI)
            words = _read_twice(shown, options)
    words = tuple(layout.in_reading_order(layout.rows_of(words)))
    if not shown.angle:
        return words
    return tuple(
        dataclasses.replace(word, box=pageimage.unlevelled(word.box, shown.angle, shown.image.size))
        for word in words if word.box
    )  # fmt: skip


def _is_finer(grey: Image.Image, dpi: float | None) -> bool:
    """Whether the scan shows more of small print than the reading image."""
    return pageimage.likely_dpi(grey.size, dpi) > 0.9 * pageimage.FINE_DPI


def _read_twice(shown: pageimage.Shown, options: Options) -> tuple[Word, ...]:
    """The words as Tesseract reads them, and doubted codes as it reads them alone in their line."""
    words = tesseract.read(shown.image, dpi=round(shown.dpi), language=options.language, engine=options.engine)
    again = partial(_read_if_it_can, language=options.language, engine=options.engine)
    words = second_look.looked_again(words, shown, partial(again, psm=7, dpi=second_look.DPI))
    if not options.seals_are_black:
        return words
    block = partial(again, psm=6, dpi=round(shown.dpi))
    return lost_lines.found_again(second_look.signature_again(words, shown, block), shown.image, block)


def _read_if_it_can(picture: Image.Image, **how: Any) -> tuple[Word, ...]:
    """A page that was read is not lost because a second look at a part of it failed."""
    try:
        return tesseract.read_region(picture, **how)
    except (TookTooLong, Crashed):
        return ()


def _is_doubtful(words: tuple[Word, ...]) -> bool:
    return _sense(words) < 0.6 or len(words) < 8


def _sense(words: tuple[Word, ...]) -> float:
    """Mean confidence by letters: upside-down text reads as many short doubtful words."""
    letters = sum(len(word.text) for word in words)
    return sum(word.confidence * len(word.text) for word in words) / letters if letters else 0.0


def _turned_reading(
    grey: Image.Image, dpi: float | None, words: tuple[Word, ...], options: Options
) -> tuple[int, tuple[Word, ...]]:
    """The better of the reading as it is and turned as the letters seem to stand."""
    shown = pageimage.for_reading(grey, dpi)
    rotation, sureness = tesseract.turned(shown.image, dpi=round(shown.dpi))
    if not rotation or sureness < 0.5:
        return 0, words
    again = _read(turned(grey, rotation), dpi, options)
    better = _sense(again) * len(again) > _sense(words) * len(words)
    return (rotation, again) if better else (0, words)


def _with_insets(page: Page, source: _Source, image: Image.Image, options: Options) -> Page:
    """The page of a layer with the words of pictures pasted into it."""

    def read(picture: Image.Image) -> tuple[Word, ...]:
        grey = pageimage.best_grey(picture)
        return _read(grey, source.dpi, options) if grey else ()

    return insets.with_pictures(page, source.pictured()[:6], image, read)


def _with_overlay(page: Page, source: _Source) -> Page:
    """The page with what was laid over the scan as text: a number, a day; a signature's own words stay out."""
    overlaid = [] if page.source == "blank" or page.rotation else source.overlaid()
    laid = layer.words((), overlaid)
    if not laid:
        return page
    return page.with_more(laid)


def _media_type(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(HEAD)
    return ZIP if is_zip(head) else sniff(head)


def _counted(pages: int, limits: Limits) -> int:
    if pages < 1:
        raise Unreadable(_NO_PAGE)
    if pages > limits.pages:
        raise TooManyPages(_MANY.format(limit=limits.pages))
    return pages


@contextmanager
def _pdf(path: Path) -> Iterator[Pdf]:
    pdf = Pdf(path)
    try:
        yield pdf
    finally:
        pdf.close()


class _Source:
    """One page of a picture file; a PDF knows more."""

    def __init__(self, picture: pictures.Picture, path: Path) -> None:
        self._picture, self._path = picture, path
        self.dpi = picture.dpi

    def image(self) -> Image.Image:
        return self._picture.image

    def head(self) -> tuple[Image.Image, float | None]:
        """The upper part of the page as shown, and its resolution, if it is known."""
        image = at_most_reading_dpi(self._picture.image, self.dpi)
        return secrecy.head_of(image), self.dpi and self.dpi * image.width / self._picture.image.width

    def view(self) -> Image.Image | None:
        """The page with what was laid over it; None when that is the image itself."""
        return None

    def own_jpeg(self) -> tuple[bytes, int] | None:
        """The JPEG the file holds of the page, and the degrees clockwise it is shown turned by; ask before `view`."""
        return None if self._picture.is_photograph else pictures.own_jpeg(self._path)

    def pictured(self) -> list[Box]:
        """Where pictures stand on a page that is more than one."""
        return []

    def laid_over(self) -> list[Box]:
        """Where something was laid over the page: what `view` shows and `image` does not."""
        return []

    def objection(self) -> str | None:
        """Why the text layer is not the page's text; None when it is."""
        return "a photograph, its paper set straight" if self._picture.is_photograph else "an image"

    def layer_page(self, image: Image.Image) -> Page:
        raise NotImplementedError

    def overlaid(self) -> list[Letter]:
        return []


class _PdfSource(_Source):
    def __init__(self, sheet: Sheet, n: int, limits: Limits) -> None:
        self._sheet, self._n, self._limits = sheet, n, limits
        self._facts = sheet.facts
        self._letters = sheet.letters()
        self._text, self._was = legacy.converted(self._letters)
        self._pictured = sheet.picture_boxes()
        self.dpi = None

    def image(self) -> Image.Image:
        image = self._sheet.only_image(self._limits.pixels) or self._drawn()
        self.dpi = image.width * 72 / self._sheet.width
        return image

    def head(self) -> tuple[Image.Image, float | None]:
        self._sheet.flatten()
        dpi = min(HEAD_DPI, math.sqrt(self._limits.pixels / (self._sheet.width * self._sheet.height)) * 72)
        return self._sheet.head(dpi, secrecy.HEAD), dpi

    def view(self) -> Image.Image | None:
        return self._drawn() if self._facts.annotations else None

    def own_jpeg(self) -> tuple[bytes, int] | None:
        return self._sheet.own_jpeg()

    def pictured(self) -> list[Box]:
        return self._pictured

    def laid_over(self) -> list[Box]:
        return self._sheet.annotation_boxes() if self._facts.annotations else []

    def _drawn(self) -> Image.Image:
        self._sheet.flatten()
        return self._sheet.rendered(self._limits.pixels)

    def objection(self) -> str | None:
        return layer.objection(self._text, self._facts)

    def layer_page(self, image: Image.Image) -> Page:
        words = layer.words(self._text, self.overlaid())
        reason = f"a born-digital text layer{self._was and f', converted from {self._was}'}"
        return Page.of_words(
            self._n, words, source="layer", reason=reason, width=image.width,
            height=image.height, dpi=self.dpi,
        )  # fmt: skip

    def overlaid(self) -> list[Letter]:
        if not self._facts.annotations:
            return []
        own = {layer.place(letter) for letter in self._letters}
        self._sheet.flatten()
        return [letter for letter in self._sheet.letters() if layer.place(letter) not in own]


@contextmanager
def source(path: Path, n: int, limits: Limits) -> Iterator[_Source]:
    """Page `n` of an open file."""
    media_type = _media_type(path)
    if media_type == PDF:
        with _pdf(path) as pdf, pdf.page(n) as sheet:
            yield _PdfSource(sheet, n, limits)
        return
    zipped = leaves.picture(path, n, limits.pixels, limits.pages) if media_type == ZIP else nullcontext((path, n))
    with zipped as (file, number):
        yield _Source(pictures.page(file, number, limits.pixels, told=n), file)
