"""TIFF, JPEG, PNG and WebP as page images. All but `kind` runs only in a child."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from archive import photo
from archive.errors import PageTooLarge, Unreadable

FORMATS = ("TIFF", "JPEG", "PNG", "WEBP")
CAMERAS = ("JPEG", "MPO", "PNG", "WEBP")
"""What telephones write and programs pass on; scanners and faxes write TIFF."""
TIFF = "image/tiff"
HEAD = 12
"""Bytes `kind` wants to see."""
_MAGIC = (
    (b"II*\0", TIFF), (b"MM\0*", TIFF), (b"II+\0", TIFF), (b"MM\0+", TIFF),
    (b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"),
)  # fmt: skip
_BROKEN = "Tệp ảnh bị hỏng, không đọc được trang {n}. Tệp gốc vẫn được lưu an toàn; hãy quét lại."
_VAST = "Ảnh của trang {n} quá lớn để đọc. Tệp gốc vẫn được lưu an toàn; hãy quét lại ở 300 dpi."
TROUBLE = (
    OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, ArithmeticError, EOFError, RuntimeError,
    AttributeError, AssertionError, NotImplementedError, UnidentifiedImageError,
)  # fmt: skip
"""What Pillow's decoders raise on broken files, besides what they promise."""


def kind(head: bytes) -> str | None:
    """The media type of a picture by its first bytes; None for anything else. Safe anywhere."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return next((media_type for magic, media_type in _MAGIC if head.startswith(magic)), None)


def count(path: Path, most_pixels: int, most_pages: int) -> int:
    """How many pages the file has, counted no farther than one beyond `most_pages`; only a TIFF may have several."""
    with _opened(path, 1, most_pixels) as image:
        if image.format != "TIFF":
            return 1
        for number in range(1, most_pages + 1):
            try:
                image.seek(number)
            except EOFError:
                return number
        return most_pages + 1


@dataclass(frozen=True, slots=True)
class Picture:
    """A page of a picture file."""

    image: Image.Image
    """Set as its EXIF says, in mode L or RGB."""
    dpi: float | None
    """The resolution it claims, if it can be believed."""
    is_photograph: bool = False
    """Whether it is the sheet out of a photograph, set straight."""


def page(path: Path, n: int, most_pixels: int, told: int = 0) -> Picture:
    """Page `n` as a person sees it; `told`: what people call it, where the file is a part of one."""
    with _opened(path, told or n, most_pixels) as image:
        if n > 1:
            image.seek(n - 1)
            _measure(image, told or n, most_pixels)
        dpi, shape = _dpi(image), _pixel_shape(image)
        image.load()
        whole = _squared(_plain(ImageOps.exif_transpose(image)), shape)
        straight = photo.straightened(whole) if image.format in CAMERAS else None
    return Picture(whole, dpi) if straight is None else Picture(straight, None, is_photograph=True)


_TURNS = {1: 0, 3: 180, 6: 90, 8: 270}
"""Degrees clockwise for each orientation of EXIF that is no mirror image."""


def own_jpeg(path: Path) -> tuple[bytes, int] | None:
    """The bytes of a JPEG of one picture with square pixels, and the degrees clockwise it is shown turned by."""
    with Image.open(path, formats=FORMATS) as image:
        turn = _TURNS.get(image.getexif().get(0x0112, 1))
        if image.format != "JPEG" or turn is None or _pixel_shape(image) != 1.0:
            return None
    return path.read_bytes(), turn


@contextmanager
def _opened(path: Path, n: int, most_pixels: int) -> Iterator[Image.Image]:
    Image.MAX_IMAGE_PIXELS = most_pixels
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(path, formats=FORMATS) as image:
                _measure(image, n, most_pixels)
                yield image
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
            raise PageTooLarge(_VAST.format(n=n)) from error
        except TROUBLE as error:
            raise Unreadable(_BROKEN.format(n=n)) from error


def _measure(image: Image.Image, n: int, most_pixels: int) -> None:
    if image.width * image.height > most_pixels:
        raise PageTooLarge(_VAST.format(n=n))


def _dpi(image: Image.Image) -> float | None:
    claimed = image.info.get("dpi")
    try:
        dpi = float(max(claimed)) if claimed else 0.0
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    # Sheets have 4 to 24 inches (A2); what makes another size, or with a screen's resolution one beyond A3, is no more
    # than some program's default.
    most = 17 if dpi in (72, 96) else 24
    return dpi if dpi > 0 and 4 <= max(image.size) / dpi <= most else None


def _pixel_shape(image: Image.Image) -> float:
    """Height of a pixel in its widths: faxes have twice as many across as down (204 by 98 dpi, ITU-T T.4)."""
    try:
        across, down = (float(value) for value in image.info.get("dpi", (1, 1)))
        shape = across / down
    except (TypeError, ValueError, ZeroDivisionError):
        return 1.0
    return shape if 1.3 < shape < 3 or 1.3 < 1 / max(shape, 1e-9) < 3 else 1.0


def _squared(image: Image.Image, shape: float) -> Image.Image:
    if shape == 1.0:
        return image
    size = (image.width, round(image.height * shape)) if shape > 1 else (round(image.width / shape), image.height)
    return image.resize(size, Image.Resampling.BICUBIC)


def _plain(image: Image.Image) -> Image.Image:
    if image.mode in ("L", "RGB"):
        return image
    if image.mode == "1":
        return image.convert("L")
    if image.mode.startswith("I") or image.mode == "F":
        return _narrowed(image)
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        layer = image.convert("RGBA")
        paper = Image.new("RGB", image.size, "white")
        paper.paste(layer, mask=layer.getchannel("A"))
        return paper
    return image.convert("RGB")


def _narrowed(image: Image.Image) -> Image.Image:
    """16- and 32-bit grey in 8 bits."""
    deep = np.nan_to_num(np.asarray(image, np.float32))
    most = float(deep.max(initial=0.0))
    full = 65535.0 if 255 < most <= 65535 else max(most, 255.0)
    return Image.fromarray((np.clip(deep, 0, full) * (255.0 / full)).astype(np.uint8))
