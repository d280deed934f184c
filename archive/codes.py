"""The grammar of numbers and symbols: `471/UBND-VX`, `30/2020/NĐ-CP`, `182-CV/TU`; and the types they stand for.

Sources: NĐ 30/2020/NĐ-CP art. 7 and Appendix III; TT 01/2011/TT-BNV (older papers); Quy định 399-QĐ/TW and
Hướng dẫn 36-HD/VPTW for the Party.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from archive.vietnamese import distance, fold, plain_letters

STATE, PARTY = "state", "party"

STATE_TYPES = {
    "NQ": "Nghị quyết", "QĐ": "Quyết định", "CT": "Chỉ thị", "QC": "Quy chế", "QyĐ": "Quy định", "TC": "Thông cáo",
    "TB": "Thông báo", "HD": "Hướng dẫn", "CTr": "Chương trình", "KH": "Kế hoạch", "PA": "Phương án", "ĐA": "Đề án",
    "DA": "Dự án", "BC": "Báo cáo", "BB": "Biên bản", "TTr": "Tờ trình", "HĐ": "Hợp đồng", "CĐ": "Công điện",
    "BGN": "Bản ghi nhớ", "BTT": "Bản thỏa thuận", "GUQ": "Giấy ủy quyền", "GM": "Giấy mời",
    "GGT": "Giấy giới thiệu", "GNP": "Giấy nghỉ phép", "PG": "Phiếu gửi", "PC": "Phiếu chuyển", "PB": "Phiếu báo",
    "BCK": "Bản cam kết", "GCN": "Giấy chứng nhận", "GĐĐ": "Giấy đi đường", "GBN": "Giấy biên nhận hồ sơ",
    "CV": "Công văn", "TTLT": "Thông tư liên tịch", "NQLT": "Nghị quyết liên tịch", "NĐ": "Nghị định",
    "TT": "Thông tư", "PL": "Pháp lệnh", "L": "Lệnh", "VBHN": "Văn bản hợp nhất",
}  # fmt: skip
"""Abbreviation in a symbol → type. Case matters: `CTr` is no `CT`, `TTr` no `TT`, `ĐA` no `DA`."""

PARTY_TYPES = {
    "NQ": "Nghị quyết", "QĐ": "Quyết định", "QĐi": "Quy định", "QyĐ": "Quy định", "CT": "Chỉ thị",
    "CTr": "Chương trình", "TT": "Thông tri", "TTr": "Tờ trình", "BC": "Báo cáo", "KL": "Kết luận", "QC": "Quy chế",
    "TB": "Thông báo", "HD": "Hướng dẫn", "KH": "Kế hoạch", "ĐA": "Đề án", "PA": "Phương án", "DA": "Dự án",
    "BB": "Biên bản", "CV": "Công văn", "QH": "Quy hoạch", "TC": "Thông cáo", "CL": "Chiến lược", "CĐ": "Công điện",
    "GM": "Giấy mời", "LKG": "Lời kêu gọi", "TBKL": "Thông báo", "GGT": "Giấy giới thiệu", "PC": "Phiếu chuyển",
    "PG": "Phiếu gửi",
}  # fmt: skip

# QĐ stands for quyết định and quy định in the Party (HD 05-HD/VPTW); the printed title decides.
AMBIGUOUS = {(PARTY, "QĐ"): ("Quyết định", "Quy định")}

TYPE_NAMES = tuple(
    sorted(
        {
            *STATE_TYPES.values(), *PARTY_TYPES.values(), "Hiến pháp", "Luật", "Bộ luật", "Pháp lệnh", "Lệnh", "Điện",
            "Thư công", "Cương lĩnh", "Điều lệ", "Tuyên bố", "Quyết nghị", "Thông báo kết luận", "Giấy triệu tập",
            "Bản ký kết", "Giấy đi đường",
        },
        key=lambda name: (-len(name), name),
    )
)  # fmt: skip
"""Every type a paper names itself or another by, longest first."""

_PART = r"[A-ZĐÑ][A-Za-zĐđÑ]{0,9}\d{0,4}"
_NUMBER = r"\d{1,5}(?:[a-eđ]|bis)?"
_QPPL = re.compile(
    rf"(?<![\w/])(?<!\d-)(?P<number>{_NUMBER})\s?/\s?(?P<year>(?:19"
    rf"|20)\d\d)(?:\s?/\s?|(?=[A-ZĐ]))(?P<symbol>{_PART}(?:\s?-\s?{_PART}){{0,4}})(?!\w)"
)
_CODE = re.compile(
    rf"(?<![\w/])(?<!\d-)(?P<number>{_NUMBER})\s?(?P<dash>[-/])\s?(?P<symbol>{_PART}(?:[-/]\n?{_PART}){{1,3}})(?![\w/])"
)
_BARE = re.compile(rf"(?<![\w/])(?P<number>{_NUMBER})\s?(?P<dash>/)\s?(?P<symbol>[A-ZĐ]{{2,8}})(?![\w/-])")


@dataclass(frozen=True, slots=True)
class Code:
    """Number and symbol of a paper, and where they stand in the text."""

    number: str | None
    """As printed, with leading zeros and a letter; None when the place is blank or cannot be read."""
    symbol: str
    """Without the year: `NĐ-CP`, `CV/TU`, `UBND-VX`."""
    system: str
    year: str | None = None
    start: int = 0
    end: int = 0
    raw: str = ""

    @property
    def full(self) -> str | None:
        """`30/2020/NĐ-CP`, `182-CV/TU`; None without a number."""
        if not self.number:
            return None
        return self.number + self.after_number

    @property
    def after_number(self) -> str:
        """What is printed after the number: `/2020/NĐ-CP`, `-CV/TU`, `/UBND-KTTH`."""
        if self.system == PARTY:
            return f"-{self.symbol}"
        return f"/{self.year}/{self.symbol}" if self.year else f"/{self.symbol}"

    @property
    def abbreviation(self) -> str | None:
        """The type's abbreviation in the symbol; None for a công văn of the State, which has none."""
        first = re.split("[-/]", self.symbol)[0]
        known = PARTY_TYPES if self.system == PARTY else STATE_TYPES
        return first if first in known and (first != self.symbol or self.year) else None

    @property
    def type_name(self) -> str | None:
        """The type the symbol says; None for symbols of laws (`QH15`), which laws and resolutions share."""
        if self.abbreviation:
            return (PARTY_TYPES if self.system == PARTY else STATE_TYPES)[self.abbreviation]
        return None if self.year or self.system == PARTY else "Công văn"

    @property
    def organ(self) -> str:
        """The organ's abbreviation: `UBND` of `UBND-VX`, `CP` of `NĐ-CP`, `TU` of `CV/TU`."""
        parts = re.split("[-/]", self.symbol)
        return parts[min(len(parts) - 1, 1 if self.abbreviation else 0)]

    @property
    def unit(self) -> str | None:
        """The desk that drafted a công văn: `VX` of `UBND-VX`."""
        if self.abbreviation or self.system == PARTY or "-" not in self.symbol or self.year:
            return None
        return self.symbol.split("-", 1)[1]


def clean_symbol(symbol: str) -> str:
    """`symbol` as it must have been printed: OCR doubles Đ (`CĐÐ`) and N (`NÑQ`), and puts blanks in."""
    symbol = re.sub(r"[\s'’`.,|]", "", plain_letters(symbol))
    symbol = re.sub("Ñ", "N", re.sub("NÑ|ÑN", "N", re.sub("ĐĐ+", "Đ", symbol)))
    return re.sub(r"[^\W\d_]+", lambda part: _in_lexicon(part.group()), symbol)


def _in_lexicon(part: str) -> str:
    """`HĐNĐ` → `HĐND`, `QD` → `QĐ`: a part nobody knows, and the only known one that differs in marks or case."""
    if part in _known_parts():
        return part
    near = _parts_by_fold().get(fold(part), ())
    return near[0] if len(near) == 1 else part


@functools.cache
def _parts_by_fold() -> dict[str, tuple[str, ...]]:
    parts: dict[str, tuple[str, ...]] = {}
    for part in sorted(_known_parts()):
        parts[fold(part)] = (*parts.get(fold(part), ()), part)
    return parts


def _code(found: re.Match[str], text: str) -> Code:
    groups = found.groupdict()
    symbol = clean_symbol(found["symbol"])
    party = groups.get("dash") == "-" and "/" in symbol
    return Code(
        found["number"], symbol, PARTY if party else STATE, groups.get("year"), found.start(), found.end(),
        text[found.start() : found.end()],
    )  # fmt: skip


# OCR's readings of the g of `16/CT-TTg`: the Prime Minister signs these three, and no other organ ends so.
_TTG = re.compile(r"(?<=(?:CT|QĐ|CĐ)-TT)[øØE€689qsß](?!\w)")


def find_codes(text: str, bare: bool = False) -> Iterator[Code]:
    """Codes in the order they stand. `bare`: also symbols of one part (`12/UBND`), guesses in running text."""
    letters = _TTG.sub("g", plain_letters(text))
    taken: list[Code] = []
    for pattern in (_QPPL, _CODE, _BARE) if bare else (_QPPL, _CODE):
        for found in pattern.finditer(letters):
            code = _code(found, text)
            crossed = any(code.start < other.end and other.start < code.end for other in taken)
            if not crossed and not _is_no_code(code, found):
                taken.append(code)
    yield from sorted(taken, key=lambda code: code.start)


def _is_no_code(code: Code, found: re.Match[str]) -> bool:
    """A hyphen after the number belongs to a Party code, whose symbol has a slash; a slash to one of the State."""
    dash = found.groupdict().get("dash")
    return (dash == "-" and "/" not in code.symbol) or (dash == "/" and "/" in code.symbol and "-" not in code.symbol)


# ------------------------------------------------------------------------------------------------ the number line

_SO = r"(?:s[oôốồổỗộóòơ6]|§ố)"
_LINE = re.compile(
    rf"^\W*(?P<type>(?:[^\W\d]+\s+){{0,3}}?){_SO}\s*[:;.,]?\s*(?P<number>.*?)\s*"
    rf"(?P<symbol>[-/][\s'’`.,|]*(?:(?:19|20)\d\d\s?/\s?)?{_PART}(?:\s?[-/]\s?{_PART}){{0,4}})[\s.*]*$",
    re.IGNORECASE,
)
_BLANK = re.compile(r"[\s.…_·:\-]*")


@dataclass(frozen=True, slots=True)
class NumberLine:
    """The line under the organ's name: `Số: 471 /UBND-VX`, with what stands before the symbol as it was read."""

    code: Code
    written: str
    """What was read between `Số` and the symbol; empty when the place is blank."""
    written_at: int
    symbol_at: int
    type_word: str = ""
    """`Luật` of `Luật số: 140/2025/QH15`."""
    misread: str = ""
    """The symbol as it was read, where the heading called for another (`TTIr-UBND`)."""
    is_glued: bool = False
    """No slash stands between number and symbol: it may have become a digit of the number."""


def read_number_line(line: str) -> NumberLine | None:
    """The number line of a heading, or None when `line` is none. Offsets are those in `line`."""
    found = _LINE.match(plain_letters(line))
    if not found or len(found["type"].split()) > 3:
        return None
    symbol = clean_symbol(found["symbol"])
    year = re.match(r"/((?:19|20)\d\d)/", symbol)
    dash, bare = symbol[0], symbol[6:] if year else symbol[1:]
    written = found["number"]
    if not year and not re.search(r"[A-ZĐ]{2}|[-/]", bare):
        return None
    party = "/" in bare and (bare.split("/")[0] in PARTY_TYPES or (dash == "-" and "-" not in bare))
    glued = re.search(r"(?<![^\W\d])([^\W\d]{2,6})$", written) if dash == "-" and not party else None
    is_glued = bool(glued and glued[1] in _known_parts())
    if glued and is_glued:  # `///7KH-VP`, `471UBND-VX`: the slash was not read as one
        before = written[: glued.start()]
        written, bare, dash = re.sub(r"(?:/[|17I]*)+$", "", before), f"{glued[1]}-{bare}", "/"
    if "/" in bare and not party:  # a symbol of the State has no slash: what stands before it is the number's
        before, _, bare = bare.rpartition("/")
        written = f"{written}{dash}{before}"
    number = _printed_number(written)
    code = Code(
        number, bare, PARTY if party else STATE, year[1] if year else None,
        found.start("number"), found.end("symbol"), line[found.start("number") : found.end("symbol")],
    )  # fmt: skip
    written = "" if _BLANK.fullmatch(written) else written
    type_word = found["type"].strip()
    return NumberLine(code, written, found.start("number"), found.start("symbol"), type_word, is_glued=is_glued)


def _printed_number(written: str) -> str | None:
    digits = re.sub(r"[\s.…_]", "", written)
    return digits if re.fullmatch(_NUMBER, digits) else None


# ------------------------------------------------------------------------------------------------ the lexicon

DESKS = frozenset(
    (  # noqa: SIM905
        "VX KGVX KTTH TH NC KTN KT NN TTHC KSTTHC KSTT KSTTHC NV TCKT KTNS XDCB CN CNXD TNMT NL NNTN QHXD TTBC HC "
        "HCTC TCHC QTTV HCQT VP TD TDTH KHTC TCCB PC QLNN KGVXNV TKCT ĐTKT XDNN VHXH TTTH THNC TCD BTCD ĐMDN NVX NVY "
        "QLĐT KHĐT CVP KHCNTT TTĐT CSYT DP KCB"
    ).split()
)
"""Desks that draft letters, as they stand after the organ; a province's plugin may know more."""

ORGANS = {
    "CP": "Chính phủ", "TTg": "Thủ tướng Chính phủ", "VPCP": "Văn phòng Chính phủ", "CTN": "Chủ tịch nước",
    "QH": "Quốc hội", "UBTVQH": "Ủy ban Thường vụ Quốc hội", "VPQH": "Văn phòng Quốc hội",
    "BCSĐCP": "Ban cán sự đảng Chính phủ", "ĐUCP": "Đảng ủy Chính phủ", "BCA": "Bộ Công an", "BCT": "Bộ Công Thương",
    "BCt": "Bộ Công Thương", "BDTTG": "Bộ Dân tộc và Tôn giáo", "BGDĐT": "Bộ Giáo dục và Đào tạo",
    "BGTVT": "Bộ Giao thông vận tải", "BKHĐT": "Bộ Kế hoạch và Đầu tư", "BKHCN": "Bộ Khoa học và Công nghệ",
    "BLĐTBXH": "Bộ Lao động - Thương binh và Xã hội", "BNG": "Bộ Ngoại giao", "BNV": "Bộ Nội vụ",
    "BNNPTNT": "Bộ Nông nghiệp và Phát triển nông thôn", "BNNMT": "Bộ Nông nghiệp và Môi trường",
    "BQP": "Bộ Quốc phòng", "BTC": "Bộ Tài chính", "BTNMT": "Bộ Tài nguyên và Môi trường", "BTP": "Bộ Tư pháp",
    "BTTTT": "Bộ Thông tin và Truyền thông", "BVHTTDL": "Bộ Văn hóa, Thể thao và Du lịch", "BXD": "Bộ Xây dựng",
    "BYT": "Bộ Y tế", "NHNN": "Ngân hàng Nhà nước Việt Nam", "TTCP": "Thanh tra Chính phủ", "UBDT": "Ủy ban Dân tộc",
    "KTNN": "Kiểm toán Nhà nước", "TANDTC": "Tòa án nhân dân tối cao", "VKSNDTC": "Viện kiểm sát nhân dân tối cao",
    "VPTW": "Văn phòng Trung ương Đảng", "BTCTW": "Ban Tổ chức Trung ương", "BTGTW": "Ban Tuyên giáo Trung ương",
    "BTGDVTW": "Ban Tuyên giáo và Dân vận Trung ương", "BDVTW": "Ban Dân vận Trung ương",
    "BNCTW": "Ban Nội chính Trung ương", "BĐNTW": "Ban Đối ngoại Trung ương", "BKTTW": "Ban Kinh tế Trung ương",
    "BCSTW": "Ban Chính sách, chiến lược Trung ương", "UBKTTW": "Ủy ban Kiểm tra Trung ương",
    "VPTU": "Văn phòng Tỉnh ủy", "BTCTU": "Ban Tổ chức Tỉnh ủy", "BTGTU": "Ban Tuyên giáo Tỉnh ủy",
    "BTGDVTU": "Ban Tuyên giáo và Dân vận Tỉnh ủy", "BDVTU": "Ban Dân vận Tỉnh ủy", "BNCTU": "Ban Nội chính Tỉnh ủy",
    "UBKTTU": "Ủy ban Kiểm tra Tỉnh ủy",
}  # fmt: skip
"""Abbreviation after the type in a symbol → the one organ it stands for in the whole country."""

SHARED_ORGANS = frozenset(
    (  # noqa: SIM905
        "UBND HĐND TU TW HU QU ThU TXU ĐU ĐUK CB ĐH VP BCĐ BCH STC SYT SNV STP SXD SCT SGDĐT SKHĐT STNMT SNNPTNT "
        "SNNMT SGTVT SVHTTDL STTTT SLĐTBXH SKHCN SNgV BDT TTr TTT CAT CA BCHQS VPUBND VPUB VPHĐND VPĐĐBQH BQL UBMTTQ "
        "MTTQ ĐĐBQH TAND VKSND THADS KBNN BHXH CCT CT CTK NHNN VPHU VPĐU BTG BTC BNC BDV UBKT BTGDV"
    ).split()
)
"""Abbreviations that many organs share: known, but they name no single one."""


def organ_of(abbreviation: str) -> str | None:
    """The organ behind `CP`, `QH15`, `BTGTW`; None when several share the abbreviation or nobody knows it."""
    return ORGANS.get(abbreviation) or ORGANS.get(re.sub(r"\d+$", "", abbreviation))


@functools.cache
def _known_parts() -> frozenset[str]:
    return frozenset({*STATE_TYPES, *PARTY_TYPES, *ORGANS, *SHARED_ORGANS, *DESKS})


def is_known_symbol(symbol: str) -> bool:
    """True when every part of `symbol` stands in the lexicon: then OCR hardly misread it."""
    return all(re.sub(r"\d+$", "", part) in _known_parts() for part in re.split("[-/]", symbol))


def short_forms(system: str, type_name: str | None) -> tuple[str, ...]:
    """The abbreviations a symbol may have for a type: `TTr` for Tờ trình; none for a type that has none."""
    types = PARTY_TYPES if system == PARTY else STATE_TYPES
    return tuple(short for short, name in types.items() if name == type_name)


def mended_symbol(symbol: str, types: Iterable[str], organs: Iterable[str]) -> str:
    """`symbol` with parts nobody knows read as what the heading calls for: `TTIr-UBND` → `TTr-UBND`.

    `types`: abbreviations of the printed type, `organs`: those of the printed organ. A part that is known stays, and
    so does one that could be two things, or is further off than a letter.
    """
    parts = re.split("([-/])", symbol)
    types, organs = tuple(types), tuple(organs)
    if len(types) == 1 and len(parts) == 3 and parts[2] in organs and parts[0] not in _known_parts():
        return "".join((*types, *parts[1:]))  # `TI-UBND` under TỜ TRÌNH: nothing else stands before the organ
    places = [(0, tuple(types))] if tuple(types) else []
    places.append((2 if places else 0, tuple(organs)))
    for place, wanted in places:
        if place < len(parts) and parts[place] not in _known_parts():
            parts[place] = _one_letter_off(parts[place], wanted) or parts[place]
    return "".join(parts)


def _one_letter_off(part: str, wanted: Iterable[str]) -> str | None:
    near = {one for one in wanted if len(one) > 1 and distance(part.casefold(), one.casefold(), 1) <= 1}
    return near.pop() if len(near) == 1 else None


def type_of_title(line: str, slack: int = 1) -> str | None:
    """The type a title line names (`THÔNG BÁO`), with up to `slack` letters misread; None when it names none."""
    wanted = " ".join(re.findall(r"[^\W\d_]+", fold(plain_letters(line))))
    if not 3 <= len(wanted) <= 30:
        return None
    exact = _folded_types().get(wanted)
    if exact or len(wanted) < 6 or not slack:
        return exact
    near = [
        name for folded, name in _folded_types().items() if len(folded) > 5 and distance(folded, wanted, slack) <= slack
    ]
    return near[0] if len(near) == 1 else None


@functools.cache
def _folded_types() -> dict[str, str]:
    return {fold(name): name for name in TYPE_NAMES if name != "Thông báo kết luận"}
