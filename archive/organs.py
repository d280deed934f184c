"""Names of organs: from the capitals of a heading (`VAN PHÒNG TỈNH ỦY`) to the name one writes (`Văn phòng Tỉnh ủy`).

Whole names decide, marks forgiven: OCR loses and swaps marks far more often than letters.
"""

from __future__ import annotations

import functools
import re

from archive.codes import ORGANS
from archive.provinces import changes, name_of
from archive.vietnamese import distance, fold

PHRASES = (
    "Hội đồng Thẩm phán Tòa án nhân dân tối cao", "Đoàn Chủ tịch Ủy ban Trung ương Mặt trận Tổ quốc Việt Nam",
    "Hội đồng Bầu cử Quốc gia", "Ban Chấp hành Trung ương Đảng",
    "Ủy ban nhân dân", "Hội đồng nhân dân", "Đoàn đại biểu Quốc hội", "Văn phòng", "Tỉnh ủy", "Thành ủy", "Huyện ủy",
    "Thị ủy", "Quận ủy", "Đảng ủy", "Chi ủy", "Ban Thường vụ", "Ban Chấp hành", "Ban Chấp hành Trung ương", "Đảng bộ",
    "Thường trực", "Bộ Chính trị", "Ban Bí thư", "Thường trực Ban Bí thư", "Trung ương", "Trung ương Đảng",
    "Ban Tổ chức", "Ban Tuyên giáo", "Ban Tuyên giáo và Dân vận", "Ban Dân vận", "Ban Nội chính", "Ủy ban Kiểm tra",
    "Ban Chỉ đạo", "Ban cán sự đảng", "Đảng đoàn", "Tỉnh đoàn", "Thành đoàn", "Ban quản lý", "Ban Dân tộc",
    "Thanh tra", "Công an", "Bộ Chỉ huy Quân sự", "Bộ Chỉ huy Bộ đội Biên phòng", "Quân khu", "Sở", "Sở Y tế",
    "Sở Nội vụ", "Sở Tài chính", "Sở Tư pháp", "Sở Công Thương", "Sở Xây dựng", "Sở Giáo dục và Đào tạo",
    "Sở Khoa học và Công nghệ", "Sở Kế hoạch và Đầu tư", "Sở Tài nguyên và Môi trường",
    "Sở Nông nghiệp và Phát triển nông thôn", "Sở Nông nghiệp và Môi trường", "Sở Giao thông vận tải",
    "Sở Văn hóa, Thể thao và Du lịch", "Sở Thông tin và Truyền thông", "Sở Lao động - Thương binh và Xã hội",
    "Sở Ngoại vụ", "Sở Du lịch", "Sở Dân tộc và Tôn giáo", "Bộ", "Cục", "Tổng cục", "Chi cục", "Vụ", "Viện",
    "Trung tâm", "Trường", "Trường Đại học", "Trường Cao đẳng", "Bệnh viện", "Kho bạc Nhà nước", "Bảo hiểm xã hội",
    "Tòa án nhân dân", "Viện kiểm sát nhân dân", "Mặt trận Tổ quốc Việt Nam", "Ủy ban Mặt trận Tổ quốc Việt Nam",
    "Ủy ban Mặt trận Tổ quốc", "Hội Nông dân", "Hội Liên hiệp Phụ nữ", "Hội Cựu chiến binh", "Liên đoàn Lao động",
    "Tổng Liên đoàn Lao động Việt Nam", "Đoàn TNCS Hồ Chí Minh", "Đài Phát thanh và Truyền hình",
    "Đài Phát thanh - Truyền hình", "Ngân hàng Nhà nước", "Cổng Thông tin điện tử", "Việt Nam", "Nhà nước",
    "Chính phủ", "Quốc hội", "Trung tâm Công báo", "Tin học", "Đảng Cộng sản Việt Nam", "Tổng công ty", "Công ty",
    "Tập đoàn", "Hội đồng", "Ban", "Phòng", "Hội", "Quỹ", "và", "tỉnh", "thành phố", "huyện", "thị xã", "quận", "xã",
    "phường", "thị trấn", "đặc khu", "Bộ Công nghiệp", "Bộ Thương mại", "Bộ Thủy sản", "Bộ Văn hóa - Thông tin",
    "Ủy ban Thường vụ", "Phòng Giáo dục và Đào tạo", "Phòng Nội vụ", "Phòng Tài chính - Kế hoạch", "Phòng Y tế",
    "Phòng Tư pháp", "Sở Quy hoạch - Kiến trúc", "Cục Thuế", "Cục Thống kê", "Cục Hải quan", "Chi cục Thuế",
    "Kiểm lâm", "Hội đồng Dân tộc", "Liên minh Hợp tác xã", "Ban Quản lý Khu kinh tế", "các Khu công nghiệp",
)  # fmt: skip

SHORT = {
    "ubnd": "Ủy ban nhân dân",
    "hdnd": "Hội đồng nhân dân",
    "ubmttq": "Ủy ban Mặt trận Tổ quốc",
    "tw": "Trung ương",
}
"""Abbreviations a heading prints for the superior organ."""

_HEADS = (
    "ubnd", "hdnd", "uy ban", "hoi dong", "doan dai bieu", "van phong", "tinh uy", "thanh uy", "huyen uy", "thi uy",
    "quan uy", "dang uy", "dang bo", "ban chap hanh", "ban thuong vu", "ban to chuc", "ban tuyen giao", "ban dan van",
    "ban noi chinh", "ban chi dao", "ban can su", "ban quan ly", "ban dan toc", "bo", "so", "cuc", "tong cuc",
    "chi cuc", "vu", "vien", "trung tam", "truong", "benh vien", "kho bac", "bao hiem xa hoi", "toa an", "ngan hang",
    "thanh tra", "cong an", "phong", "hoi", "lien doan", "tong lien doan", "doan tncs", "tinh doan", "mat tran",
    "dai", "bao", "cong thong tin", "chinh phu", "thu tuong", "quoc hoi", "chu tich nuoc", "kiem toan",
    "tong cong ty", "cong ty", "tap doan", "quy", "chi bo", "chi nhanh", "dang doan", "lien minh", "hat", "doi",
    "tram", "nha xuat ban", "hoc vien", "quan khu", "bch",
)  # fmt: skip
_HEAD = re.compile(r"(?:" + "|".join(sorted(map(re.escape, _HEADS), key=len, reverse=True)) + r")(?!\w)")
# A line that ends so is not finished: the next one goes on, whatever it begins with.
_UNFINISHED = re.compile(
    r"(?:\bva|\bcua|,|-|\bthuong vu|\bphat trien|\bnhan dan toi|\bva phat trien|\bmat tran|\bban|\bphu nu)$"
)
_GOES_ON = re.compile(r"(?:tinh|thanh pho|tp|huyen|quan|thi xa|xa|phuong|thi tran|viet nam|trung uong|tw)(?!\w)")


def organs_of(lines: list[str]) -> list[list[int]]:
    """Which heading lines belong to one organ: `[[0], [1, 2]]` for UBND TỈNH A / SỞ GIÁO DỤC / VÀ ĐÀO TẠO."""
    groups: list[list[int]] = []
    for index, line in enumerate(lines):
        folded = fold(line).strip(" .,*-")
        before = _without_stray_dash(lines[index - 1]) if index else ""
        begins = (
            bool(_HEAD.match(folded) or _HEAD.match(fold(organ_name(line)[0])))
            and not _UNFINISHED.search(before)
            and not _is_whole_with(before, folded)
        )
        if not groups or begins:
            groups.append([index])
        else:
            groups[-1].append(index)
    return groups


def _without_stray_dash(line: str) -> str:
    """Folded; a dash after a name that ends with its province is the rule under it, or dirt: nothing goes on."""
    folded = fold(line).strip()
    return folded.rstrip(" -") if folded.endswith("-") and province_of_organ(line.rstrip(" -")) else folded


def _is_whole_with(before: str, line: str) -> bool:
    """`ỦY BAN THƯỜNG VỤ` / `QUỐC HỘI`, `THỦ TƯỚNG` / `CHÍNH PHỦ`: two lines of one known name."""
    return f"{before} {line}" in _known_names()


@functools.cache
def _known_names() -> frozenset[str]:
    return frozenset(fold(name) for name in (*ORGANS.values(), *PHRASES))


@functools.cache
def _phrases() -> dict[tuple[str, ...], str]:
    names = (*PHRASES, *ORGANS.values(), *(row.name for row in changes()), *(row.now for row in changes()))
    return {tuple(re.findall(r"\w+", fold(name))): name for name in names}


def organ_name(printed: str) -> tuple[str, float]:
    """(the name as one writes it, share of its words that stand in the lexicon)."""
    tokens = list(re.finditer(r"\w+", printed))
    folded = [fold(token.group()) for token in tokens]
    parts: list[str] = []
    index, known, end = 0, 0, 0
    while index < len(tokens):
        size, name = _longest(folded, index)
        name = name or SHORT.get(folded[index], "")
        size = size or 1
        known += size if name else 0
        parts += _joint(printed[end : tokens[index].start()], bool(parts)), name or _own_case(tokens[index].group())
        end = tokens[index + size - 1].end()
        index += size
    whole = "".join(parts)
    return whole[:1].upper() + whole[1:], known / len(tokens) if tokens else 0.0


_NEEDS_SUPERIOR = frozenset(
    fold(name)
    for name in (
        "Văn phòng", "Ban Tổ chức", "Ban Tuyên giáo", "Ban Tuyên giáo và Dân vận", "Ban Dân vận", "Ban Nội chính",
        "Ủy ban Kiểm tra", "Thanh tra", "Ban Thường vụ", "Thường trực", "Ban Chấp hành", "Ban Chỉ đạo",
        "Ban Quản lý", "Hội đồng", "Phòng Nội vụ", "Phòng Y tế", "Phòng Tư pháp", "Phòng Giáo dục và Đào tạo",
        "Phòng Tài chính - Kế hoạch", "Ban", "Phòng",
    )
)  # fmt: skip
_SUPERVISED = ("thanh tra", "phong ")


def needs_superior(name: str) -> bool:
    """True for `Văn phòng`, `Ban Tổ chức`: every office has one, so the name says nothing without whose it is."""
    return fold(name).strip() in _NEEDS_SUPERIOR


def with_superior(name: str, superior: str) -> str:
    """`Văn phòng` of `HĐND TỈNH HƯNG YÊN` → `Văn phòng HĐND tỉnh Hưng Yên`, as far as possible as it is printed."""
    tokens = superior.split()
    short = tokens[0] if tokens and fold(tokens[0]) in SHORT else ""
    rest = organ_name(" ".join(tokens[1:]))[0] if short else organ_name(superior)[0]
    whole = f"{short.upper()} {rest[:1].lower()}{rest[1:]}" if short else rest
    bare = re.sub(r"^(?:UBND|ủy ban nhân dân)\s+(?=\w)", "", whole, flags=re.IGNORECASE)
    return f"{name} {bare if fold(name).startswith(_SUPERVISED) else whole}"


_CENTRAL = re.compile(
    r"chinh phu$|thu tuong chinh phu|chu tich nuoc|quoc hoi$|uy ban thuong vu quoc hoi|bo chinh tri$|ban bi thu$"
    r"|ban chap hanh trung uong|bo (?!chi huy)|tong cuc |tong lien doan|uy ban trung uong"
)


def is_central(name: str | None) -> bool:
    """True for organs of the whole country: a ministry, the Government, a board of the Central Committee."""
    if not name:
        return False
    folded = fold(name)
    if province_of_organ(name) or folded.endswith(("tinh uy", "thanh uy")):
        return False
    return folded in _central_names() or bool(_CENTRAL.match(folded)) or folded.endswith((" trung uong", " toi cao"))


@functools.cache
def _central_names() -> frozenset[str]:
    return frozenset(map(fold, ORGANS.values()))


def initials(name: str) -> str:
    """`SGDĐT` of `Sở Giáo dục và Đào tạo`: the way most organs abbreviate themselves in a symbol."""
    return "".join(word[0].upper() for word in re.findall(r"\w+", name) if fold(word) != "va")


def _longest(folded: list[str], index: int) -> tuple[int, str]:
    for size in range(min(9, len(folded) - index), 0, -1):
        name = _phrases().get(tuple(folded[index : index + size]))
        if name:
            return size, name
    province = name_of(folded[index]) if len(folded[index]) > 5 else None
    return (1, province) if province else _nearest(folded, index)


def _nearest(folded: list[str], index: int) -> tuple[int, str]:
    """A phrase of three words or more with one letter misread: too long to be another one."""
    for size in range(min(9, len(folded) - index), 2, -1):
        wanted = " ".join(folded[index : index + size])
        near = [
            name
            for words, name in _phrases().items()
            if len(words) == size and distance(" ".join(words), wanted, 1) == 1
        ]
        if len(near) == 1:
            return size, near[0]
    return 0, ""


def _joint(between: str, inside: bool) -> str:
    if not inside:
        return ""
    bare = re.sub(r"\s+", " ", between).strip()
    return f"{bare} " if bare == "," else f" {bare} " if bare in ("-", "&") else " "


def _own_case(word: str) -> str:
    """An unknown word of a heading is mostly part of a name: Bình Sơn, Chí Linh."""
    return word if not word.isupper() or len(word) == 1 else word.capitalize()


def province_of_organ(name: str) -> str | None:
    """`Sóc Trăng` of `Ủy ban nhân dân tỉnh Sóc Trăng`: the province an organ's name ends with."""
    words = name.split()
    for size in range(6, 0, -1):
        found = name_of(" ".join(words[-size:])) if len(words) >= size else None
        if found:
            return found
    return None
