"""The one module that talks to Tesseract, through pytesseract or, where it is installed and set, tesserocr.

One call a page yields words, boxes and confidences (three calls for text, boxes and PDF cost four times as much), on
one thread (OpenMP on two busy cores costs 3.6 times the wall clock), from a raw grey file (PNG costs a fifth more).
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

import pytesseract
from PIL.Image import Image

from archive import tesseract_library
from archive.errors import BadSettings, Crashed, TookTooLong
from archive.reading import Word
from archive.vietnamese import plain_letters

LANGUAGE = "vie"
PROGRAM, LIBRARY = ENGINES = ("tesseract", "tesserocr")
_SETTINGS = "--oem 1 --psm {psm} -c tessedit_create_tsv=1"
_JUNK = re.compile(r"[\W_]+")
_CODE = re.compile(r"\d.*[⁄∕/–—-].*[A-ZÐĐ]|[A-ZÐĐ]{2}.*[⁄∕–—].*[A-ZÐĐ]")
_MISSING = (
    "Chưa cài được bộ nhận dạng chữ Tesseract{what}. Các bản quét vẫn được lưu an toàn; "
    "người quản trị hãy cài gói tesseract-ocr và tesseract-ocr-vie."
)


def check(language: str = LANGUAGE, engine: str = PROGRAM) -> str:
    """The version of the Tesseract that reads; BadSettings when it or its language is missing."""
    if not shutil.which(pytesseract.pytesseract.tesseract_cmd):
        raise BadSettings(_MISSING.format(what=""))
    if language not in languages():
        raise BadSettings(_MISSING.format(what=f" cho ngôn ngữ “{language}”"))
    return tesseract_library.version() if engine == LIBRARY else str(pytesseract.get_tesseract_version())


@functools.cache
def languages() -> frozenset[str]:
    """The languages installed."""
    return frozenset(pytesseract.get_languages())


def read(
    image: Image, *, dpi: int = 300, language: str = LANGUAGE, timeout: float = 80.0, engine: str = PROGRAM
) -> tuple[Word, ...]:
    """The words of a grey page in reading order, boxes as fractions of `image`."""
    return tuple(_words(_tsv(image, 3, "", dpi, language, timeout, engine), image.size))


def read_region(
    image: Image,
    *,
    psm: int = 6,
    whitelist: str = "",
    dpi: int = 300,
    language: str = LANGUAGE,
    timeout: float = 20.0,
    engine: str = PROGRAM,
) -> tuple[Word, ...]:
    """The words of a crop: psm 6 one block, 7 one line, 8 one word; only the letters of `whitelist` if any."""
    return tuple(_words(_tsv(image, psm, whitelist, dpi, language, timeout, engine), image.size, keep_junk=True))


def _tsv(image: Image, psm: int, whitelist: str, dpi: int, language: str, timeout: float, engine: str) -> str:
    if engine == LIBRARY:
        return tesseract_library.tsv(image, psm, whitelist, dpi, language, timeout)
    settings = _SETTINGS.format(psm=psm)
    if whitelist:
        settings += f' -c "tessedit_char_whitelist={whitelist}"'
    return _run(image, settings, dpi, language, timeout)


def turned(image: Image, *, dpi: int = 300, timeout: float = 20.0) -> tuple[int, float]:
    """Degrees clockwise that would set `image` upright, and how sure Tesseract is of it (above 2 is fair).

    (0, 0.0) when there is too little text to tell or the orientation data is not installed.
    """
    if "osd" not in languages():
        return 0, 0.0
    try:
        report = _run(image, "--psm 0", dpi, "osd", timeout, "osd")
    except Crashed:
        return 0, 0.0
    found = dict(line.split(": ", 1) for line in report.splitlines() if ": " in line)
    return int(found.get("Rotate", 0)) % 360, float(found.get("Orientation confidence", 0))


def _run(image: Image, settings: str, dpi: int, language: str, timeout: float, answer: str = "tsv") -> str:
    os.environ["OMP_THREAD_LIMIT"] = "1"
    with _on_disk(image) as path:
        try:
            found = pytesseract.pytesseract.run_and_get_output(
                path, answer, language, f"{settings} --dpi {dpi}", timeout=timeout
            )
        except pytesseract.TesseractNotFoundError as error:
            raise BadSettings(_MISSING.format(what="")) from error
        except pytesseract.TesseractError as error:
            raise _failure(error) from error
        except RuntimeError as error:  # pytesseract says so when time is up
            raise TookTooLong("Nhận dạng chữ mất quá nhiều thời gian nên đã dừng. Bản quét vẫn an toàn.") from error
    return str(found)


def _failure(error: pytesseract.TesseractError) -> Exception:
    if "language" in error.message and "load" in error.message:
        return BadSettings(_MISSING.format(what=" cho tiếng Việt"))
    return Crashed("Bộ nhận dạng chữ dừng đột ngột. Bản quét vẫn an toàn; hệ thống sẽ thử lại.")


@contextmanager
def _on_disk(image: Image) -> Iterator[str]:
    """A raw file of `image` (PBM or PGM): nothing is encoded, and what a killed child leaves is swept with its home."""
    with tempfile.NamedTemporaryFile(suffix=".pgm") as file:
        (image if image.mode in ("1", "L") else image.convert("L")).save(file, "PPM")
        file.flush()
        yield file.name


def _words(tsv: str, size: tuple[int, int], *, keep_junk: bool = False) -> Iterator[Word]:
    """TSV rows: level page block paragraph line word left top width height confidence text."""
    width, height = size
    lines: dict[tuple[str, ...], int] = {}
    blocks: dict[tuple[str, ...], int] = {}
    for row in tsv.splitlines()[1:]:
        cells = row.split("\t")
        if len(cells) < 12 or cells[0] != "5":
            continue
        text = _tidy("".join(cells[11].split()))
        left, top, wide, high = map(int, cells[6:10])
        confidence = min(1.0, max(0.0, float(cells[10]) / 100))
        if not text or not (keep_junk or _is_likely(text, confidence, wide / width, high / height)):
            continue
        yield Word(
            text,
            (left / width, top / height, (left + wide) / width, (top + high) / height),
            confidence,
            lines.setdefault(tuple(cells[2:5]), len(lines)),
            blocks.setdefault(tuple(cells[2:4]), len(blocks)),
        )


def _tidy(text: str) -> str:
    """NFC; in codes, dashes, slashes and letters that only look like those of a code as the ones they must be."""
    text = unicodedata.normalize("NFC", text)
    return plain_letters(text) if _CODE.search(text) else text


def _is_likely(text: str, confidence: float, wide: float, high: float) -> bool:
    """Whether this is text at all: rules, dirt and the page's edge come out as lone signs of great size or no sense."""
    if high > 0.2 or (wide > 0.5 and len(text) < 12):
        return False
    if _JUNK.fullmatch(text):
        return confidence >= 0.5 and high < 0.05
    return confidence >= 0.1 or len(text) > 2
