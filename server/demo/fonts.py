"""Fonts that can print Vietnamese: a font that would print empty boxes is passed over."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from archive.errors import ArchiveError

STYLES = ("Regular", "Bold", "Italic", "BoldItalic")
_FACES = (("Tinos-{}.ttf", "Arimo-Bold.ttf"), ("NotoSerif-{}.ttf", "NotoSans-Bold.ttf"))
_FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path("~/.local/share/fonts"))
_LETTERS = "ĂÂĐÊÔƠƯăâđêôơưẢÃẠẦẤẨẪẬẰẮẲẴẶỀẾỂỄỆỒỐỔỖỘỜỚỞỠỢỪỨỬỮỰỲỶỸỴảãạầấẩẫậằắẳẵặềếểễệồốổỗộờớởỡợừứửữựỳỷỹỵỊịỎỏỤụỦủĨĩŨũ"


class NoFont(ArchiveError):
    """No installed font has all Vietnamese letters."""


def _glyph(font: ImageFont.FreeTypeFont, letter: str) -> bytes:
    image = Image.new("L", (48, 64), 0)
    ImageDraw.Draw(image).text((8, 8), letter, 255, font=font)
    return image.tobytes()


def lacks(path: Path) -> str:
    """The Vietnamese letters that the font draws as its sign for "no such letter", or not at all."""
    font = ImageFont.truetype(str(path), 32)
    nothing = {_glyph(font, sign) for sign in ("\U0010fffd", " ")}
    return "".join(letter for letter in _LETTERS if _glyph(font, letter) in nothing)


def _installed(name: str) -> Path | None:
    folders = (folder.expanduser() for folder in _FOLDERS)
    return next((found for folder in folders for found in sorted(folder.rglob(name))), None)


@cache
def _family() -> dict[str, Path]:
    """The first family of which every style is there and whole."""
    for serif, sans in _FACES:
        paths = {style: _installed(serif.format(style)) for style in STYLES} | {"Sans": _installed(sans)}
        found = {style: path for style, path in paths.items() if path and not lacks(path)}
        if len(found) == len(paths):
            return found
    raise NoFont("Chưa có phông chữ đủ dấu tiếng Việt để vẽ văn bản mẫu; hãy cài gói fonts-croscore hoặc fonts-noto.")


@cache
def font(style: str, pixels: int) -> ImageFont.FreeTypeFont:
    """Times-like serif in `style`, or `Sans`: the bold sans serif of seals."""
    return ImageFont.truetype(str(_family()[style]), max(6, pixels))
