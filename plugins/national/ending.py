"""The end of a paper: Nơi nhận with the archive line, and who signed by whose authority (NĐ 30/2020, art. 13)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from archive import distance, fold, is_capitals, organ_name, syllables

from .rows import LEFT, RIGHT, Row

_SEARCHED = 90
"""Rows from the end in which the ending is looked for; annexes may follow it."""
_RECIPIENTS = re.compile(r"^n[oơ]i\s?nh[aậâ]n\s*:?", re.IGNORECASE)
_ITEM = re.compile(r"^\s*(?:[-+~=•*“”'.]|\d\)|[a-z]\))\s*")
_ARCHIVE = re.compile(r"^l[uưứừử]u\b\s*[:.]?\s*", re.IGNORECASE)
AUTHORITY = re.compile(
    r"^(?:t\s?[/.lI|]?\s?m|k\s?[/.]?\s?t|t\s?[/.]?\s?l|tuq|t\.?u\.?q|q)\s?[./]\s?(?=\w)|^(?:tm|kt|tl|tuq|t/m|k/t"
    r"|t/l|t/m\.)\s",
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
_SIGNED = re.compile(r"\(?\s*(?:da ky|ky ten|ky, ghi|ky boi|nguoi ky|thoi gian ky|ngay ky|email|co quan:)")
_SEAL_NOISE = 0.2
"""Confidence under which a line among the signature's is strokes of pen and seal."""
_AROUND_NAME = " =<>/\\.,*☆★“”\"'‘’`:;_-()|~^"
_RANK = re.compile(
    r"^(?:gs|pgs|ts|ths|bs|ks|cn|luong y|dai ta|thuong ta|trung ta|thieu ta|dai tuong|thuong tuong|trung tuong"
    r"|thieu tuong|nguoi)\b[\s.,]*",
    re.IGNORECASE,
)


@dataclass
class Ending:
    """The rows at the end of a paper, by what they are."""

    recipients: list[tuple[str, Row]] = field(default_factory=list)
    archive_copy: tuple[str, ...] = ()
    authority: list[Row] = field(default_factory=list)
    title: list[Row] = field(default_factory=list)
    name: Row | None = None
    strays: list[Row] = field(default_factory=list)
    """What stands after the signer's name: initials, noise of a seal."""


def read_ending(rows: Sequence[Row], heading_end: int) -> Ending:
    """What stands after the body; `heading_end` is the index of the body's first row."""
    ending = Ending()
    start = _last_recipients(rows, heading_end)
    if start is not None:
        _read_recipients(ending, rows, start)
    _read_signature(ending, rows, start, heading_end)
    return ending


def _last_recipients(rows: Sequence[Row], heading_end: int) -> int | None:
    """The first `Nơi nhận:` of the paper: annexes may have forms with their own."""
    return next((n for n in range(heading_end, len(rows)) if _opens_recipients(rows[n])), None)


def _opens_recipients(row: Row) -> bool:
    """`Nơi nhận:`, on ink with a letter misread (`tơi nhận:`)."""
    if _RECIPIENTS.match(row.text):
        return len(row.text) < 60
    return row.source == "ocr" and distance(row.folded.strip(" .:;-_"), "noi nhan", 1) <= 1


def _read_recipients(ending: Ending, rows: Sequence[Row], start: int) -> None:
    items: list[tuple[str, list[Row]]] = []
    opener = _RECIPIENTS.match(rows[start].text)
    inline = rows[start].text[opener.end() :].strip(" :") if opener else ""
    if inline:
        items.append((_ITEM.sub("", inline), [rows[start]]))
    ends = _ends_of_items(rows[start + 1 : start + 40])
    for row in rows[start + 1 : start + 60]:
        if _is_aside(row, rows[start]):
            continue
        if _ends_list(items, row):
            break
        if _begins_item(items, row, ends):
            items.append((_ITEM.sub("", row.text), [row]))
        else:
            items[-1] = (f"{items[-1][0]} {row.text}", [*items[-1][1], row])
    ending.recipients = [(text, of[0]) for text, of in map(_tidy, items) if text]
    ending.archive_copy = next((_archive_of(text) for text, _ in ending.recipients if _ARCHIVE.match(text)), ())


def _ends_list(items: list[tuple[str, list[Row]]], row: Row) -> bool:
    after_archive = bool(items) and bool(_ARCHIVE.match(items[-1][0]))
    if _ITEM.match(row.text) or _ARCHIVE.match(row.text):
        return after_archive and row.after_blank
    if AUTHORITY.match(row.text) or (is_name(row.text) and (row.after_blank or after_archive)):
        return True
    if is_capitals(row.text) and len(row.text) > 5 and row.column != LEFT:
        return True
    if after_archive:
        return row.column != LEFT or len(items[-1][1]) > 1 or not items[-1][0].endswith((",", "-"))
    last = items[-1][1][-1].box if items else None
    if row.box and last:
        return row.box[1] - last[3] > 0.03
    return bool(items) and row.after_blank


def _is_aside(row: Row, first: Row) -> bool:
    """Not in the list's column: noise of a seal, or the signature beside it."""
    if row.is_rule or row.column == RIGHT:
        return True
    return row.box is not None and first.box is not None and row.box[0] > first.box[0] + 0.1


def _begins_item(items: list[tuple[str, list[Row]]], row: Row, ends: tuple[str, ...]) -> bool:
    if not items or _ITEM.match(row.text) or _ARCHIVE.match(row.text):
        return True
    # OCR loses a dash now and then: after what ends the items of this list, a capital begins the next one.
    return bool(row.box) and items[-1][0].rstrip().endswith(ends) and row.text[:1].isupper()


def _ends_of_items(rows: Sequence[Row]) -> tuple[str, ...]:
    """Semicolons; or commas, in a list without any, as the Party writes them."""
    listed = [row.text.rstrip() for row in rows if row.column != RIGHT]
    return (";",) if any(text.endswith(";") for text in listed) else (";", ",")


def _tidy(item: tuple[str, list[Row]]) -> tuple[str, list[Row]]:
    text, rows = item
    text = re.sub(r"\s+", " ", text).strip()
    if _ARCHIVE.match(text):
        # Initials after the full stop are handwriting; after a semicolon capitals are a desk.
        text = re.sub(r"(\.\s+|;\s+(?![A-ZĐ]{2,}\b))\w+[.]?$", ".", text)
    text = re.sub(r"\(b/ ?[€e©]\)", "(b/c)", text)  # để báo cáo: OCR takes the small c for other round letters
    return re.sub(r"(?:[\s;,.:]+[^\w\s)]?)+$", "", text).strip(), rows


def _archive_of(text: str) -> tuple[str, ...]:
    where = _ARCHIVE.sub("", text)
    return tuple(part.strip(" .;") for part in where.split(",") if part.strip(" .;"))


# ------------------------------------------------------------------------------------------------ signature


def _read_signature(ending: Ending, rows: Sequence[Row], recipients: int | None, heading_end: int) -> None:
    for candidates in _candidates(rows, recipients, heading_end):
        block = _block(candidates)
        if block:
            _take_block(ending, block)
            return


def _candidates(rows: Sequence[Row], recipients: int | None, heading_end: int) -> Iterator[list[Row]]:
    """Rows a signature may stand in: beside and after Nơi nhận; before it; the end of the paper."""
    listed = _listed(rows, recipients)
    if recipients is not None:
        page = rows[recipients].page
        beside = [row for row in rows if row.column == RIGHT and row.page == page and _near(rows[recipients], row)]
        if beside:
            yield beside
        yield [row for row in rows[recipients + 1 : recipients + 80] if id(row) not in listed and row.column != LEFT]
        yield list(rows[max(heading_end, recipients - 8) : recipients])
        return
    yield [row for row in rows[max(heading_end, len(rows) - _SEARCHED) :] if row.column != LEFT]


def _listed(rows: Sequence[Row], recipients: int | None) -> set[int]:
    ending = Ending()
    if recipients is not None:
        _read_recipients(ending, rows, recipients)
    return {id(row) for _, row in ending.recipients}


def _near(recipients: Row, row: Row) -> bool:
    return bool(row.box and recipients.box and row.box[1] > recipients.box[1] - 0.03)


def _block(rows: Sequence[Row]) -> list[Row]:
    """The rows from the first authority or title on; or from a lone name."""
    for index, row in enumerate(rows):
        if _is_authority(row) or _is_title(row):
            return list(rows[index : index + 14])
    head = [row for row in rows if not row.is_rule][:3]
    name = next((row for row in head if is_name(row.text)), None)
    return [row for row in rows if row.start >= name.start] if name and not re.match(r"\W*-", rows[0].text) else []


def _is_authority(row: Row) -> bool:
    return bool(AUTHORITY.match(row.text)) and is_capitals(row.text) and len(row.text) < 90


def _is_title(row: Row) -> bool:
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
    return head + (known or rest)


def _take_block(ending: Ending, block: list[Row]) -> None:
    for index, row in enumerate(block):
        text = row.text.strip(_AROUND_NAME)
        if row.is_rule or _SIGNED.match(row.folded):
            continue
        if is_name(text):
            ending.name = row
            ending.strays = [
                one for one in block[index + 1 : index + 4] if not one.is_rule and not _SIGNED.match(one.folded)
            ]
            return
        if not is_capitals(text) or sum(map(str.isalpha, text)) < 4:
            continue
        if _is_authority(row) or (_speaks_for_organ(ending) and not ending.title and _names_organ(row)):
            ending.authority.append(row)
        elif _is_title(row) or (ending.title and _goes_on(row)):
            ending.title.append(row)


def _goes_on(row: Row) -> bool:
    """A second line of a title is made of words; strokes of pen and seal are not."""
    return row.confidence >= _SEAL_NOISE and syllables(row.text.split()) > 0.7


def _speaks_for_organ(ending: Ending) -> bool:
    """TM. is followed by an organ; KT. and TL. by a person: what follows them begins a title."""
    return bool(ending.authority) and bool(re.match(r"t\s?[/.lI|]?\s?m", ending.authority[-1].folded))


def _names_organ(row: Row) -> bool:
    """The rest of an organ's name on a line of its own: `TM. ỦY BAN THƯỜNG VỤ` / `QUỐC HỘI`."""
    return not _is_title(row) and organ_name(row.text)[1] == 1


def is_name(text: str) -> bool:
    """Two to five syllables, each with a capital: `Triệu Đình Lê`; ranks and degrees before it are allowed."""
    bare = _RANK.sub("", text).strip(_AROUND_NAME)
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


def name_text(row: Row) -> str:
    """The signer's name without rank, degree, or the star of the seal."""
    text = row.text.strip(_AROUND_NAME)
    rank = _RANK.match(fold(text))
    return text[rank.end() :].strip(" .,") if rank and is_name(text[rank.end() :].strip(" .,")) else text


def title_text(rows: Sequence[Row]) -> str | None:
    """The lines of a title or an authority in one, with the marks OCR lost."""
    lines = [mended(row.text.strip(" .,")) if row.source == "ocr" else row.text for row in rows]
    return re.sub(r"\s+", " ", " ".join(lines)).strip(" .,") or None


def addressees_of(rows: Sequence[Row], start: Row | None) -> list[tuple[str, Row]]:
    """What stands after `Kính gửi:`; a line without a dash goes on with the item above."""
    if start is None:
        return []
    rows = _from_there_down(rows, start)
    inline = re.sub(r"^\W*k[ií]nh\s?g[^\s:]*\s*[:;.]?\s*", "", start.text, flags=re.IGNORECASE)
    items: list[tuple[str, list[Row]]] = [(_ITEM.sub("", inline), [start])] if inline.strip(" -") else []
    for row in rows[1:30]:
        dashed = bool(_ITEM.match(row.text)) and len(row.text) > 3
        if row.is_rule:
            continue
        beside = not items and _is_beside(start, row)
        if not dashed and not beside and (not items or _is_over(items, row)):
            break
        if dashed or beside:
            items.append((_ITEM.sub("", row.text), [row]))
        else:
            items[-1] = (f"{items[-1][0]} {row.text}", [*items[-1][1], row])
    return [(re.sub(r"\s+", " ", text).strip(" ;,."), of[0]) for text, of in items if text.strip(" ;,.")]


def _is_beside(start: Row, row: Row) -> bool:
    """`Kính gửi:` and what follows on the same line, cut apart where the blank is wide."""
    if not (start.box and row.box):
        return False
    return row.box[0] > start.box[2] and abs(row.box[3] - start.box[3]) < 0.008


def _from_there_down(rows: Sequence[Row], start: Row) -> Sequence[Row]:
    """`start` and the rows after it; by height where boxes tell it, for addressees stand in no column."""
    if start.box is None:
        return rows[next(n for n, row in enumerate(rows) if row is start) :]
    top = start.box[1]
    below = [
        row for row in rows if row.page == start.page and row is not start and row.box and row.box[1] > top - 0.005
    ]
    return [start, *sorted(below, key=lambda row: row.box[1] if row.box else 0.0)]


def _is_over(items: list[tuple[str, list[Row]]], row: Row) -> bool:
    """True when `row` is the body: a new paragraph, or a line after the list's full stop."""
    if row.after_blank or len(row.text) > 110 or len(items[-1][1]) > 3:
        return True
    before = items[-1][1][-1]
    if row.box and before.box:
        indented = row.box[0] < before.box[0] - 0.02 or row.box[0] < 0.24
        return (
            items[-1][0].rstrip().endswith(".") or (indented and row.box[2] > 0.85) or row.box[1] - before.box[3] > 0.02
        )
    return items[-1][0].rstrip().endswith(".")
