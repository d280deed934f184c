"""Heads of pages with and without a secrecy mark, drawn, pressed, worn and scanned.

Marks are as TT 24/2020/TT-BCA draws them (a box 8 mm high and 20, 30 or 40 mm wide, capitals within), and the words
typed without a box. The papers below them are scansim's, with its arrival stamps, urgency stamps and writing.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

SHARE = 0.45
"""Of a page that is its head."""
WEARS = ("clean", "office", "worn", "bad")
WORDS = {"mat": ("MẬT", 20.0), "toimat": ("TỐI MẬT", 30.0), "tuyetmat": ("TUYỆT MẬT", 40.0)}
INKS = {"red": (205, 30, 45), "black": (28, 28, 30)}
DPI = 200
DEPTHS = ("colour", "grey", "bilevel")
FREE = 2.0
"""Grey levels of print around a place that is free."""
HARMLESS = (
    ["ỦY BAN NHÂN DÂN TỈNH", "Số: 12/KH-UBND", "", "KẾ HOẠCH", "THỰC HIỆN LUẬT BẢO VỆ BÍ MẬT NHÀ NƯỚC", "NĂM 2026"],
    ["BỘ CÔNG AN", "", "THÔNG TƯ", "BAN HÀNH DANH MỤC BÍ MẬT NHÀ NƯỚC", "ĐỘ TỐI MẬT VÀ ĐỘ MẬT", "TRONG LĨNH VỰC Y TẾ"],
    ["BAN CƠ YẾU CHÍNH PHỦ", "TRUNG TÂM MẬT MÃ", "", "BÁO CÁO", "Về việc xử lý tài liệu mật, tối mật, tuyệt mật"],
    ["SỞ CÔNG THƯƠNG", "Số: 47/BC-SCT", "", "BÁO CÁO", "TÌNH HÌNH GIÁ CẢ MẶT HÀNG THIẾT YẾU", "V/v xử lý tài liệu mật"],
    ["ỦY BAN MẶT TRẬN TỔ QUỐC", "TỈNH HƯNG YÊN", "BAN THƯỜNG TRỰC", "", "THÔNG BÁO", "CUỘC HỌP MẬT THIẾT"],
    ["BỆNH VIỆN MẮT", "Số: 90/CV-BVM", "V/v khám mắt", "", "Kính gửi: Trung tâm Mật ong", "Mật khẩu của hệ thống"],
    [
        "CÔNG TY CỔ PHẦN",
        "MẶT TRỜI MỚI",
        "",
        "DANH SÁCH",
        "1. Mật độ dân số",
        "2. Mặt bằng",
        "3. Tiền mặt",
        "4. Bảo mật",
    ],
    ["PHÒNG HÀNH CHÍNH", "BÍ MẬT NHÀ NƯỚC", "", "SỔ THEO DÕI", "Mức độ mật của tài liệu: thường", "Không mật"],
)
LOOKALIKES = (
    ("KHẨN", 20), ("HỎA TỐC", 30), ("THƯỢNG KHẨN", 40), ("KHẨN", 30), ("LƯU HÀNH NỘI BỘ", 50), ("ĐẾN", 20), ("MẮT", 20),
    ("MẶT", 20), ("MẤT", 20), ("BÍ MẬT", 30), ("BẢO MẬT", 30), ("MẬT MÃ", 30), ("TIỀN MẶT", 30), ("SAO Y", 20),
    ("BẢN SAO", 30), ("BẢN CHÍNH", 40), ("ĐÃ KÝ SỐ", 30), ("TÊN", 20), ("SỐ 12", 20), ("MẶT TRẬN", 40), ("THUẾ", 20),
    ("MỚI", 20), ("HẾT HẠN", 30), ("MẶT HÀNG", 40), ("GIÁM MỤC", 30), ("MAI", 20), ("TOÁN", 30), ("TỔNG MỨC", 40),
    ("CHẤT", 20), ("NHẬT", 20), ("TUYỂN SINH", 40),
)  # fmt: skip
"""Words in boxes as the law has them for marks of secrecy, and none of them is one."""
LINES = (
    "LUẬT BẢO VỆ BÍ MẬT NHÀ NƯỚC", "DANH MỤC BÍ MẬT", "XÃ MẬT SƠN", "NGUYỄN THỊ MẬT", "BẢO VỆ BÍ MẬT", "MẬT ĐỘ", "Mật",
    "ĐỘ MẬT", "THÔN MẬT", "CÔNG AN TỈNH", "PHÒNG CHÍNH TRỊ", "TIỀN MẶT", "MẶT TRẬN", "BỆNH VIỆN MẮT", "TAI - MŨI - MẮT",
    "MẤT", "MẮT", "MẶT", "TỐI MẮT", "SỔ ĐĂNG KÝ VĂN BẢN MẬT", "V/v xử lý tài liệu mật", "Không mật",
    "LƯU HÀNH NỘI BỘ", "Mức độ: mật",
)  # fmt: skip
TABLES = (("TT", "MẶT HÀNG", "ĐƠN VỊ", "TỔNG"), ("STT", "Độ mật", "Số", "Ghi chú"), ("TT", "Tên bệnh", "MẮT", "TIM"))


@dataclass(frozen=True)
class Head:
    """One picture and what is true of it."""

    image: Image.Image
    kind: str
    """marked, overlaid (marked where other print is), plain (scansim's paper), harmless (words that are no mark) or
    hard (such words in boxes of the law's size, in red and black, alone in lines and cells, seals)."""
    word: str
    ink: str
    boxed: bool
    wear: str
    depth: str


def drawn(artist: Artist, seed: int, n: int, kind: str) -> Iterator[Head]:
    """One head of a paper of this kind, in four states of wear and three depths."""
    rng = np.random.default_rng([seed, n, len(kind)])
    bare = {"harmless": artist.harmless, "hard": artist.hard}
    page, spots = (bare[kind](n, rng), []) if kind in bare else artist.paper(rng)
    word, ink, boxed = "", "", False
    if kind == "marked":
        word, ink, boxed = list(WORDS)[n % 3], ("red", "red", "black")[n // 3 % 3], n % 5 != 0
        kind = "marked" if spots[0][2] < FREE else "overlaid"
        artist.press(page, word, ink, boxed, spots[0], rng)
    for wear in WEARS:
        worn = artist.worn(page, wear, rng)
        for depth in DEPTHS:
            yield Head(artist.scanned(worn, depth, wear, rng), kind, word, ink, boxed, wear, depth)


class Artist:
    """scansim in our process: its fonts and pens are looked for once."""

    def __init__(self, scansim: Path) -> None:
        sys.path.insert(0, str(scansim))
        self.scansim: Any = importlib.import_module("scansim")
        self.ink, self.wear, self.fonts = (importlib.import_module(name) for name in ("ink", "wear", "fonts"))
        self.options: Any = self.scansim.Options(dpi=DPI, digits_part="test", handwritten_number=0.6)
        self.bench: Any = self.scansim.Bench(self.options)

    def worn(self, page: np.ndarray, wear: str, rng: np.random.Generator) -> Image.Image:
        """The page in colour after its life."""
        back = Image.fromarray(page[::-1].mean(2).clip(0, 255).astype(np.uint8))
        image: Image.Image = self.wear.wear_out(page.copy(), wear, back, rng, DPI)[0]
        return image

    def scanned(self, worn: Image.Image, depth: str, wear: str, rng: np.random.Generator) -> Image.Image:
        """As an office scanner is set; bilevel as the archive opens it."""
        image: Image.Image = self.wear.to_depth(worn, depth, wear, rng)
        return image.convert("L") if image.mode == "1" else image

    def paper(self, rng: np.random.Generator) -> tuple[np.ndarray, list[tuple[float, float, float]]]:
        """The head of scansim's next paper, and places (mm, mm, print around) below its number, the emptiest first."""
        made = self.scansim.make_document(self.options, self.bench, rng, 1, stamped=rng.random() < 0.8)
        sheet, page, mm = made.sheets[0], made.pages[0], made.sheets[0].mm
        grey = page.mean(2)
        tries = [(rng.uniform(26, 62), sheet.below_number / mm + rng.uniform(6, 45)) for _ in range(200)]

        def around(x: float, y: float) -> float:
            area = grey[int((y - 6) * mm) : int((y + 6) * mm), max(0, int((x - 22) * mm)) : int((x + 22) * mm)]
            return float((255 - area).mean())

        spots = sorted(((x, y, around(x, y)) for x, y in tries), key=lambda spot: spot[2])
        return page[: round(page.shape[0] * SHARE)], spots

    def press(
        self, page: np.ndarray, word: str, ink: str, boxed: bool, spot: tuple[float, float, float],
        rng: np.random.Generator,
    ) -> None:  # fmt: skip
        """The mark, pressed askew and unevenly where there is room; without a box it is typed with the paper."""
        self.stamp(page, *WORDS[word], ink, boxed, spot[:2], rng)

    def stamp(
        self, page: np.ndarray, text: str, wide: float, ink: str, boxed: bool, spot: tuple[float, float],
        rng: np.random.Generator,
    ) -> None:  # fmt: skip
        """Words at a place (mm), in a box of 8 mm by `wide`."""
        unit = DPI / 25.4 * 2
        picture = Image.new("L", (round((wide + 4) * unit), round(12 * unit)), 0)
        pen = ImageDraw.Draw(picture)
        if boxed:
            frame = (2 * unit, 2 * unit, (wide + 2) * unit, 10 * unit)
            pen.rectangle(frame, outline=255, width=max(1, round(rng.uniform(0.4, 0.9) * unit)))
        family = self.bench.families[int(rng.integers(len(self.bench.families)))]
        font = self.fonts.load(family, round(rng.uniform(14, 16) * DPI * 2 / 72), "Bold")
        pen.text(((wide / 2 + 2) * unit, 6 * unit), text, 255, font=font, anchor="mm")
        small = picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.LANCZOS)
        mask = np.asarray(small, np.float32) / 255
        if boxed:
            mask = self.ink.uneven(mask, rng, rng.uniform(0.15, 0.5), DPI) * rng.uniform(0.7, 0.97)
            mask = self.ink.rotate(mask, rng.uniform(-7, 7))
        mm = DPI / 25.4
        self.ink.blend(page, mask, spot[0] * mm - mask.shape[1] / 2, spot[1] * mm - mask.shape[0] / 2, INKS[ink])

    def harmless(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """A page of words that are no mark: titles in capitals, sentences, a table."""
        family = self.bench.families[n % len(self.bench.families)]
        picture = Image.new("L", (1654, round(2339 * SHARE)), 255)
        pen = ImageDraw.Draw(picture)
        y = rng.uniform(90, 160)
        for line in HARMLESS[n % len(HARMLESS)]:
            bold = "Bold" if line.isupper() else "Regular"
            font = self.fonts.load(family, round(rng.uniform(13, 14.5) * DPI / 72), bold)
            x = (480, 827)[n // 2 % 2] if line.isupper() else 420
            pen.text((x, y), line, 0, font=font, anchor="mm")
            y += 56
        self._table(pen, TABLES[n % len(TABLES)], y + 40, self.fonts.load(family, round(13 * DPI / 72), "Bold"))
        return np.repeat(np.asarray(picture, np.float32)[..., None], 3, 2)

    def hard(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """A page of lookalikes: in boxes askew, alone on lines, in cells of a table, beside a round seal."""
        page = np.full((round(2339 * SHARE), 1654, 3), 255, np.float32)
        for place in range(12):
            text, wide = LOOKALIKES[(12 * n + place) % len(LOOKALIKES)]
            spot = 34 + 52 * (place % 3) + rng.uniform(-4, 4), 14 + 15 * (place // 3) + rng.uniform(-1.5, 1.5)
            self.stamp(page, text, wide, ("red", "black")[int(rng.integers(2))], place % 5 != 4, spot, rng)
        family = self.bench.families[n % len(self.bench.families)]
        picture = Image.new("L", (page.shape[1], page.shape[0]), 255)
        pen, font = ImageDraw.Draw(picture), self.fonts.load(family, round(rng.uniform(13, 15) * DPI / 72), "Bold")
        for place in range(6):
            x, y = 300 + 560 * (place % 2) + rng.uniform(-30, 30), 620 + 64 * (place // 2)
            pen.text((x, y), LINES[(6 * n + place) % len(LINES)], 0, font=font, anchor="mm")
        self._table(pen, TABLES[n % len(TABLES)], 800, font)
        page *= np.asarray(picture, np.float32)[..., None] / 255
        if n % 3 == 0:
            self.ink.put_seal(page, "ỦY BAN NHÂN DÂN TỈNH HẢI DƯƠNG", (1450, 660), DPI, family, rng)
        return page

    def _table(self, pen: ImageDraw.ImageDraw, titles: tuple[str, ...], y: float, font: Any) -> None:
        edges = (160, 280, 760, 1080, 1500)
        for row in range(4):
            for left, right, title in zip(edges, edges[1:], titles, strict=False):
                pen.rectangle((left, y + 60 * row, right, y + 60 * (row + 1)), outline=0, width=2)
                said = title if not row else str(row)
                pen.text(((left + right) / 2, y + 60 * row + 30), said, 0, font=font, anchor="mm")
