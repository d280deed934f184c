"""The lists of a paper: Kính gửi above the body, Nơi nhận with the archive line below it (NĐ 30/2020, Appendix I)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from archive import distance, fold, is_capitals, is_known_symbol

from .heading import is_mark
from .rows import LEFT, RIGHT, Row
from .signature import AUTHORITY, is_name

Items = list[tuple[str, list[Row]]]
_RECIPIENTS = re.compile(r"^n[oơ]i\s?nh[aậâ]n\s*:?", re.IGNORECASE)
_ITEM = re.compile(r"^\s*(?:[-+~=•*“”'.]|\d\)|[a-z]\))\s*")
_ARCHIVE = re.compile(r"^l[uưứừử]u\b\s*[:.]?\s*", re.IGNORECASE)


def last_recipients(rows: Sequence[Row], heading_end: int) -> int | None:
    """The first `Nơi nhận:` of the paper: annexes may have forms with their own."""
    return next((n for n in range(heading_end, len(rows)) if _opens_recipients(rows[n])), None)


def _opens_recipients(row: Row) -> bool:
    """`Nơi nhận:`, on ink with a letter misread (`tơi nhận:`)."""
    if _RECIPIENTS.match(row.text):
        return len(row.text) < 60
    return row.source == "ocr" and distance(row.folded.strip(" .:;-_"), "noi nhan", 1) <= 1


def recipients_of(rows: Sequence[Row], start: int) -> tuple[list[tuple[str, Row]], tuple[str, ...]]:
    """What stands under `Nơi nhận:` in row `start`, and who keeps the archive copy."""
    items: Items = []
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
    listed = [(text, of[0]) for text, of in map(_tidy, items) if text]
    return listed, next((_archive_of(text) for text, _ in listed if _ARCHIVE.match(text)), ())


def _ends_list(items: Items, row: Row) -> bool:
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


def _begins_item(items: Items, row: Row, ends: tuple[str, ...]) -> bool:
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
    if rows[0].source == "ocr":
        text = _idiom(_archive_line(text))
    return re.sub(r"(?:[\s;,.:]+[^\w\s)]?)+$", "", text).strip(), rows


def _archive_line(text: str) -> str:
    """`Lưu: VTý KTN`, `Lưu: VE KT` as the State writes it: the office's copy (VT, văn thư) first, then the desk's."""
    return re.sub(r"^(L[ưu]+\s*:\s*)(?:VT[ýy]|V[IEF1l][;.,:]?)\s+(?=[A-ZĐ]{2})", r"\1VT, ", text)


_SHORT_NAMES = frozenset(
    "TT.TU TT.HĐND TT.UBND UBND HĐND MTTQ UBMTTQ ĐUTT LĐVP CVTH VPUB VPCP TTĐT PTTH BTGTU BTCTU VPTU".split()  # noqa: SIM905
)
"""Abbreviations lists of recipients are full of (DOMAIN §1.6)."""
_FOR_REPORT = re.compile(r"\(\s?[b6lh]?\s?/\s?[cC€e©]\s?\)")


def _idiom(text: str) -> str:
    """An item of Nơi nhận with its set phrases as they must have been printed: `TETU`, `(/€)`, `Nhưưên`."""
    text = _FOR_REPORT.sub("(b/c)", text)  # để báo cáo: OCR takes the small c for other round letters
    if distance(re.sub("[^a-z]", "", fold(text)), "nhutren", 2) <= 2:
        return "Như trên"
    text = re.sub(r"(?<!\w)BC[PDO](?= (?:tỉnh|Quốc gia|TW|thành phố|huyện))", "BCĐ", re.sub("ĐĐ+", "Đ", text))
    return re.sub(r"[A-ZĐƯ.]{4,9}(?!\w)", lambda one: _short_name(one.group()), text)


def _short_name(printed: str) -> str:
    """The abbreviation a word of capitals must be, when it is none and one letter off a single one."""
    if printed.strip(".") in _SHORT_NAMES or is_known_symbol(printed.strip(".")):
        return printed
    read = fold(printed.replace(".", ""))
    near = [name for name in _SHORT_NAMES if distance(fold(name.replace(".", "")), read, 1) <= 1]
    return near[0] if len(near) == 1 else printed


def _archive_of(text: str) -> tuple[str, ...]:
    where = _ARCHIVE.sub("", text)
    return tuple(part.strip(" .;") for part in where.split(",") if part.strip(" .;"))


def addressees_of(rows: Sequence[Row], start: Row | None) -> list[tuple[str, Row]]:
    """What stands after `Kính gửi:`; a line without a dash goes on with the item above."""
    if start is None:
        return []
    rows = _from_there_down(rows, start)
    inline = re.sub(r"^\W*(?:[A-Z]{1,2}(?=K))?k[ií]nh\s?g[^\s:]*\s*[:;.]?\s*", "", start.text, flags=re.IGNORECASE)
    items: Items = [(_ITEM.sub("", inline), [start])] if inline.strip(" -") else []
    for row in rows[1:30]:
        dashed = bool(_ITEM.match(row.text)) and len(row.text) > 3
        if row.is_rule or is_mark(row):
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


_OPENS = re.compile(
    r"(?:can cu|thuc hien|tiep theo|xet de nghi|theo de nghi|phuc dap|tra loi|hien nay|trong thoi gian|ngay \d|de thuc"
    r"|qua |sau khi|tiep nhan|nhan duoc)"
)


def opens_body(row: Row) -> bool:
    """`Thực hiện Công văn số …`: the first words of a body, which no addressee begins with."""
    return row.text[:1].isupper() and bool(_OPENS.match(row.folded))


def _is_over(items: Items, row: Row) -> bool:
    """True when `row` is the body: a new paragraph, or a line after the list's full stop."""
    if row.after_blank or len(row.text) > 110 or len(items[-1][1]) > 3 or opens_body(row):
        return True
    before = items[-1][1][-1]
    if row.box and before.box:
        indented = row.box[0] < before.box[0] - 0.02 or row.box[0] < 0.24
        return (
            items[-1][0].rstrip().endswith(".") or (indented and row.box[2] > 0.85) or row.box[1] - before.box[3] > 0.02
        )
    return items[-1][0].rstrip().endswith(".")
