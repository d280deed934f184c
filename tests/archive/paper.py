"""Pages set with Pillow for tests: what they say is known to the letter."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from bench._hostile_files import pdf, stream

FONTS = Path("/usr/share/fonts/truetype/croscore")
LETTER = [
    (0.12, 0.06, "ỦY BAN NHÂN DÂN"),
    (0.12, 0.08, "TỈNH QUẢNG NGÃI"),
    (0.47, 0.06, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"),
    (0.55, 0.08, "Độc lập - Tự do - Hạnh phúc"),
    (0.14, 0.115, "Số: 11/TB-UBND"),
    (0.52, 0.115, "Quảng Ngãi, ngày 08 tháng 01 năm 2025"),
    (0.42, 0.17, "THÔNG BÁO"),
    (0.14, 0.22, "Sau khi nghe các cơ quan, đơn vị báo cáo các nội dung liên quan,"),
    (0.12, 0.245, "Chủ tịch Ủy ban nhân dân tỉnh kết luận và chỉ đạo như sau: các"),
    (0.12, 0.27, "sở, ban, ngành khẩn trương rà soát, báo cáo trước ngày 20/02/2025."),
]


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    found = FONTS / "Tinos-Regular.ttf"
    if not found.exists():
        pytest.skip("the font Tinos is not installed (fonts-croscore)")
    return ImageFont.truetype(str(found), size)


def letter(dpi: int = 200, colour: str = "white", ink: str = "black", lines=LETTER) -> Image.Image:
    """An A4 page with a letter's heading and three lines."""
    page = Image.new("RGB", (round(8.27 * dpi), round(11.69 * dpi)), colour)
    draw = ImageDraw.Draw(page)
    for x, y, text in lines:
        draw.text((x * page.width, y * page.height), text, fill=ink, font=font(round(13 * dpi / 72)))
    return page


def saved(image: Image.Image, path: Path, **how: object) -> Path:
    image.save(path, **how)
    return path


def page_pdf(
    content: bytes, image: Image.Image | None = None, *, page: bytes = b"", image_entries: bytes = b""
) -> bytes:
    """One A4 page with `content`; `image` is /Im, Helvetica /F."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R %s "
        b"/Resources << /Font << /F 5 0 R >> %s >> >>" % (page, b"/XObject << /Im 6 0 R >>" if image else b""),
        stream(content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    if image:
        kind = b"/DeviceGray" if image.mode == "L" else b"/DeviceRGB"
        entries = b"/Type /XObject /Subtype /Image /Width %d /Height %d /BitsPerComponent 8 /ColorSpace %s %s"
        objects.append(stream(image.tobytes(), entries % (*image.size, kind, image_entries)))
    return pdf(objects)
