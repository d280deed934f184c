"""What is kept of one page as it comes from a scanner: its picture, what people are shown, and facts. Run in a child.

A JPEG of the scanner's own stays as it is to the byte; raw pages become a JPEG (black and white ones CCITT G4 later,
in the file): the size and what the reader makes of it stand in docs/scanner.md. The facts are written last: a page
whose facts are there is whole, and survives a power cut.
"""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image, ImageOps

from archive import pageimage, pictures, views
from archive.durable import write
from archive.errors import DiskFull, PageTooLarge, Unreadable
from archive.scanner.facts import Facts, note

QUALITY = 80
"""Of JPEGs that are made here."""
VIEW, THUMB = 1600, 300
"""Pixels of the longer side of what is looked at; of the width of a thumbnail, shown at half of that."""
_BROKEN = "Máy quét gửi một trang không đọc được. Các trang trước vẫn còn; hãy quét lại tờ này."
_VAST = "Trang quét lớn quá mức cho phép. Các trang trước vẫn còn; hãy quét lại tờ này ở 300 dpi."
_NO_ROOM = "Ổ đĩa của máy chủ không ghi thêm được trang quét. Các trang trước vẫn còn; hãy báo quản trị viên."


def keep(raw: str, folder: str, place: tuple[int, int, int], most_pixels: int) -> Facts:
    """Make a page of the file a scanner wrote, durably. `place`: number, sheet, dpi. Unreadable, DiskFull."""
    try:
        image, jpeg = _decoded(Path(raw), most_pixels)
    except Image.DecompressionBombError as error:
        raise PageTooLarge(_VAST) from error
    except pictures.TROUBLE as error:
        raise Unreadable(_BROKEN) from error
    view, thumb = views.of(image, VIEW, THUMB)
    made = Facts(
        *place, image.width, image.height, image.mode == "L",
        is_blank=pageimage.best_grey(image) is None,
    )  # fmt: skip
    try:
        for name, content in (("jpg", jpeg), ("view.webp", view), ("thumb.webp", thumb)):
            write(Path(folder) / f"{made.number:04}.{name}", content)
        note(Path(folder), made)
    except OSError as error:
        raise DiskFull(_NO_ROOM) from error
    return made


def _decoded(raw: Path, most_pixels: int) -> tuple[Image.Image, bytes]:
    """The page in mode L or RGB, and as a JPEG of that mode."""
    with Image.open(raw, formats=("JPEG", "PPM")) as opened:
        if opened.width * opened.height > most_pixels:
            raise Image.DecompressionBombError
        own = opened.format == "JPEG" and opened.mode in ("L", "RGB") and opened.getexif().get(0x0112, 1) == 1
        opened.load()
        image = ImageOps.exif_transpose(opened).copy()
    if own:
        return image, raw.read_bytes()
    image = image if image.mode in ("L", "RGB") else image.convert("L" if image.mode == "1" else "RGB")
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY)
    return image, out.getvalue()
