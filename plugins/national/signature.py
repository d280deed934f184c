"""The words of a signature: by whose authority, in which office, and names (NĐ 30/2020, art. 13; HD 36-HD/VPTW)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from archive import distance, fold, is_capitals, syllables

from .rows import Row

AUTHORITY = re.compile(
    r"^(?:t\s?[/.lI|]?\s?m|k\s?[/.]?\s?t|t\s?[/.]?\s?l|tuq|t\.?u\.?q|q)\s?[./]\s?(?=\w)|^(?:tm|kt|tl|tuq|t/m|k/t"
    r"|t/l|t/m\.)\s|^[tk]\s?/\s?[mtl]\.?(?=(?:ban|bộ|ủy|uỷ|bí|chủ|trưởng|tỉnh|đảng|thường)\b)",
    re.IGNORECASE,
)
_TITLE_WORD = re.compile(
    r"(?:pho |quyen )?(?:chu tich|pho chu tich|chu nhiem|giam doc|tong giam doc|bi thu|truong ban|truong phong"
    r"|chanh van phong|chanh thanh tra"
    r"|bo truong|thu truong|thong doc|thu tuong|cuc truong|vu truong|vien truong|chanh an|tong thanh tra|tu lenh"
    r"|hieu truong|tong bi thu"
    r"|tong cuc truong|chi cuc truong|chu tich nuoc|tong kiem toan|uy vien|doi truong|chi huy truong|truong doan"
    r"|tong bien tap|ke toan truong"
    r"|pho tong|thuong truc|truong cong an|chanh|vien pho)(?!\w)"
)
AROUND_NAME = " =<>/\\.,*☆★“”\"'‘’`:;_-()|~^"
_RANK = re.compile(
    r"^(?:gs|pgs|ts|ths|bs|ks|cn|luong y|dai ta|thuong ta|trung ta|thieu ta|dai tuong|thuong tuong|trung tuong"
    r"|thieu tuong|nguoi)\b[\s.,]*",
    re.IGNORECASE,
)


def is_authority(row: Row) -> bool:
    return bool(AUTHORITY.match(row.text)) and is_capitals(row.text) and len(row.text) < 90


def is_title(row: Row) -> bool:
    if not is_capitals(row.text) or len(row.text) >= 70:
        return False
    return bool(_TITLE_WORD.match(row.folded.strip(" .,-"))) or bool(_known_title(row.text))


_TITLES = (
    "CHỦ TỊCH", "PHÓ CHỦ TỊCH", "PHÓ CHỦ TỊCH THƯỜNG TRỰC", "GIÁM ĐỐC", "PHÓ GIÁM ĐỐC", "TỔNG GIÁM ĐỐC",
    "CHÁNH VĂN PHÒNG", "PHÓ CHÁNH VĂN PHÒNG", "BỘ TRƯỞNG", "THỨ TRƯỞNG", "THỦ TƯỚNG", "PHÓ THỦ TƯỚNG", "BÍ THƯ",
    "PHÓ BÍ THƯ", "PHÓ BÍ THƯ THƯỜNG TRỰC", "TRƯỞNG BAN", "PHÓ TRƯỞNG BAN", "CỤC TRƯỞNG", "PHÓ CỤC TRƯỞNG",
    "VỤ TRƯỞNG", "THỐNG ĐỐC", "PHÓ THỐNG ĐỐC", "CHỦ NHIỆM", "PHÓ CHỦ NHIỆM", "CHÁNH THANH TRA", "TRƯỞNG PHÒNG",
    "PHÓ TRƯỞNG PHÒNG", "VIỆN TRƯỞNG", "HIỆU TRƯỞNG", "CHỦ TỊCH QUỐC HỘI", "TỔNG BÍ THƯ", "CHỦ TỊCH NƯỚC", "CHÁNH ÁN",
    "CHI CỤC TRƯỞNG",
)  # fmt: skip
_ORGANS = (
    "ỦY BAN NHÂN DÂN", "HỘI ĐỒNG NHÂN DÂN", "BAN THƯỜNG VỤ", "CHÍNH PHỦ", "BAN CHẤP HÀNH", "BỘ CHÍNH TRỊ", "BAN BÍ THƯ",
    "ĐẢNG ỦY", "THƯỜNG TRỰC", "ỦY BAN THƯỜNG VỤ QUỐC HỘI", "THƯỜNG TRỰC HỘI ĐỒNG NHÂN DÂN", "BAN CHỈ ĐẠO",
)  # fmt: skip


def _known_title(printed: str) -> str | None:
    """The title `printed` must be, marks and one letter forgiven: `PHO CHU TỊCH`, `PHÓ CHỦ TIỊC`."""
    return _nearest(printed, _TITLES, 2 if len(printed) > 9 else 1)


def _nearest(printed: str, names: tuple[str, ...], slack: int) -> str | None:
    folded = fold(printed).strip(" .,-")
    for allowed in range(slack + 1):
        near = [name for name in names if distance(fold(name), folded, allowed) <= allowed]
        if near:
            return near[0] if len(near) == 1 else None
    return None


def mended(printed: str) -> str:
    """A line of a signature with its marks, where OCR lost some: the lexicon decides, unknown words stay."""
    found = AUTHORITY.match(printed)
    head, rest = (printed[: found.end()], printed[found.end() :]) if found else ("", printed)
    known = _known_title(rest) or _nearest(rest, _ORGANS, 3 if len(rest) > 11 else 1)
    return head + (known or _without_strokes(rest))


def _without_strokes(printed: str) -> str:
    """`PHÓ CHỦ TỊCH / VWÁAA^_` without what pen and seal drew behind the title."""
    words = printed.split()
    strokes = next((n for n, word in enumerate(words) if not any(map(str.isalpha, word))), None)
    title = " ".join(words[:strokes])
    return title if strokes and _known_title(title) == title else printed


_DEPUTIES = {
    "chu tich": ("PHÓ CHỦ TỊCH", "PHÓ CHỦ TỊCH THƯỜNG TRỰC"), "bo truong": ("THỨ TRƯỞNG",),
    "giam doc": ("PHÓ GIÁM ĐỐC",), "cuc truong": ("PHÓ CỤC TRƯỞNG",), "truong ban": ("PHÓ TRƯỞNG BAN",),
    "chanh van phong": ("PHÓ CHÁNH VĂN PHÒNG",), "thu tuong": ("PHÓ THỦ TƯỚNG",), "thong doc": ("PHÓ THỐNG ĐỐC",),
    "tong giam doc": ("PHÓ TỔNG GIÁM ĐỐC",), "chu nhiem": ("PHÓ CHỦ NHIỆM",), "truong phong": ("PHÓ TRƯỞNG PHÒNG",),
    "chi cuc truong": ("PHÓ CHI CỤC TRƯỞNG",), "vu truong": ("PHÓ VỤ TRƯỞNG",), "hieu truong": ("PHÓ HIỆU TRƯỞNG",),
    "chanh thanh tra": ("PHÓ CHÁNH THANH TRA",), "vien truong": ("PHÓ VIỆN TRƯỞNG",),
}  # fmt: skip
"""Who signs KT. (ký thay) for whom: always a deputy, never the head again (NĐ 30/2020, art. 13)."""


def deputies_of(head: str) -> tuple[str, ...]:
    """The titles that sign KT. for a head (without marks and case): `chu tich` -> PHÓ CHỦ TỊCH, …"""
    return _DEPUTIES.get(head, ())


def deputy_title(authority: Sequence[Row], printed: str) -> str | None:
    """The deputy's title that `printed` must be under `KT. BỘ TRƯỞNG`, its last word read: `Ớ TRƯỞNG`."""
    signed_for = re.match(r"k\W?t\W+(.+)", authority[-1].folded.strip(" .,")) if authority else None
    deputies = deputies_of(signed_for[1].strip()) if signed_for else ()
    read = fold(printed).strip(" .,-“”'").split()
    fitting = [title for title in deputies if read and len(read) > 1 and fold(title).split()[-1] == read[-1]]
    return fitting[0] if len(fitting) == 1 else None


def is_name(text: str) -> bool:
    """Two to five syllables, each with a capital: `Triệu Đình Lê`; ranks and degrees before it are allowed."""
    bare = _RANK.sub("", text).strip(AROUND_NAME)
    syllable = bare.split()
    if not 2 <= len(syllable) <= 6 or max(map(len, syllable)) < 2:
        return False
    if not all(one.isalpha() and one[0].isupper() and one[1:] == one[1:].lower() for one in syllable):
        return False
    folded = fold(bare)
    if re.search("[äëïöüÿøæœßñçå]", bare.lower()) or syllables(syllable) < 0.6:
        return False
    return not re.search(
        r"\b(?:uy ban|van phong|tinh uy|hoi dong|ban |so |bo |noi nhan|nhu tren|chu tich|luu)\b", folded
    )


_SCRAP = 0.6
"""Confidence under which one letter after a whole name is a stroke of the pen."""


def printed_name(row: Row) -> str:
    """The row's text as a name: `Trần Quốc Vư ợng` joined, `Triệu Đình Lê R` without the stroke."""
    text = row.text.strip(AROUND_NAME)
    if row.source != "ocr":
        return text
    last = row.pieces[-1]
    if len(row.pieces) > 3 and len(last.text.strip(AROUND_NAME)) == 1 and last.word.confidence < _SCRAP:
        text = text[: last.in_row].strip(AROUND_NAME)
    whole = re.sub(r"(?<=[^\W\d_]) (?=[^\W\d_])", lambda gap: _gap_in_name(text, gap.end()), text)
    return whole if is_name(whole) else text


def _gap_in_name(text: str, after: int) -> str:
    """A syllable begins with a capital: what does not goes on with the one before."""
    return " " if text[after].isupper() else ""


def name_text(row: Row) -> str:
    """The signer's name without rank, degree, or the star of the seal."""
    text = printed_name(row)
    rank = _RANK.match(fold(text))
    return text[rank.end() :].strip(" .,") if rank and is_name(text[rank.end() :].strip(" .,")) else text


def title_text(rows: Sequence[Row], authority: Sequence[Row] = ()) -> str | None:
    """The lines of a title or an authority in one, with the marks OCR lost; never the title of who is signed for."""
    if len(rows) == 1 and rows[0].source == "ocr" and (deputy := deputy_title(authority, rows[0].text)):
        return deputy
    lines = [mended(row.text.strip(" .,")) if row.source == "ocr" else row.text for row in rows]
    return re.sub(r"\s+", " ", " ".join(lines)).strip(" .,") or None
