"""A paper laid out for its readers, and what both grammars say alike: number, date, place, lists, signer, marks."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

from archive import (
    ORGANS,
    PARTY,
    STATE,
    Finding,
    Gap,
    Stamp,
    Text,
    changes,
    current_of,
    distance,
    fold,
    initials,
    is_central,
    is_known_symbol,
    iso_date,
    mended_symbol,
    name_of,
    organ_name,
    organs_of,
    province_of_organ,
    short_forms,
)

from . import lists, signature
from .dateline import DateLine, read_date_line
from .ending import Ending, read_ending
from .heading import Heading, is_subject, read_heading, subject_text
from .rows import Row, found, rows_of

CERTAIN, LIKELY, DOUBTFUL = 0.995, 0.9, 0.6


@dataclass(frozen=True)
class Paper:
    """One document: its rows, and which of them are what."""

    text: Text
    stamp: Stamp | None
    rows: list[Row]
    heading: Heading
    ending: Ending

    @classmethod
    def of(cls, text: Text, stamp: Stamp | None) -> Paper:
        rows = _without_stamp(rows_of(text, stamp), stamp)
        heading = read_heading(rows)
        _mend_symbol(heading)
        return cls(text, stamp, rows, heading, read_ending(rows, heading.end))

    @property
    def is_ink(self) -> bool:
        """True when the first page was recognised from an image: letters may be misread."""
        return bool(self.text.pages) and self.text.pages[0].source == "ocr"

    def gaps(self, kind: str) -> tuple[Gap, ...]:
        """Places on the first page that were left to the pen."""
        return tuple(gap for gap in self.text.pages[0].gaps if gap.kind == kind) if self.text.pages else ()

    def sureness(self, row: Row, known: bool = True) -> float:
        """Confidence in a value read from `row`: of a layer certain, of ink as good as lexicon and reader say."""
        if not self.is_ink:
            return CERTAIN
        return min(0.99 if known else LIKELY, 0.75 + 0.25 * row.confidence) if known else min(LIKELY, row.confidence)


def _without_stamp(rows: list[Row], stamp: Stamp | None) -> list[Row]:
    """Rows without those of an arrival stamp that stands in the text as lines."""
    spans = [one.span for one in stamp.fields if one.span] if stamp and not stamp.box else []
    if not spans:
        return rows
    start, end = min(span.start for span in spans), max(span.end for span in spans)
    return [row for row in rows if row.end <= start or row.start >= end]


# ------------------------------------------------------------------------------------------------ number


def number_findings(paper: Paper) -> Iterator[Finding]:
    """number, symbol, full_code, drafting_unit from the number line; the pen's readings where it filled the blank."""
    line, row = paper.heading.number_line, paper.heading.number
    if not line or not row:
        yield from _no_number(paper)
        return
    symbol = row.part(line.symbol_at, len(row.text))
    known = is_known_symbol(line.code.symbol)
    sure = min(_symbol_agrees(paper), paper.sureness(symbol, known) if known else 0.8)
    reason = f"Đọc là “{line.misread}”, sửa theo tên loại và cơ quan ban hành." if line.misread else ""
    yield found("symbol", line.code.symbol, sure, symbol, reason=reason)
    if line.code.symbol in _symbols_expected(paper.heading) and not line.misread:  # the heading has mended it already
        yield found("symbol", line.code.symbol, LIKELY, symbol, witness="heading")
    unit = line.code.unit
    yield found("drafting_unit", unit, paper.sureness(symbol, known) if known else 0.8, symbol)
    gaps = paper.gaps("number")
    if gaps:
        yield from _by_pen(gaps[0], row, line.code.after_number)
    else:
        yield from _printed(paper, row)


_SHORT_ORGANS = (
    ("Ủy ban nhân dân", "UBND"),
    ("Hội đồng nhân dân", "HĐND"),
    ("Tỉnh ủy", "TU"),
    ("Thành ủy", "TU"),
    ("Văn phòng", "VP"),
)


def _mend_symbol(heading: Heading) -> None:
    """The symbol of the number line as type and organ of the heading call for it, where OCR broke it."""
    line = heading.number_line
    if not line:
        return
    system = line.code.system
    symbol = mended_symbol(line.code.symbol, short_forms(system, heading.title_type), organ_shorts(heading))
    if symbol != line.code.symbol:
        heading.number_line = replace(line, code=replace(line.code, symbol=symbol), misread=line.code.symbol)


def _symbol_agrees(paper: Paper) -> float:
    """Most confidence a symbol of ink deserves: not of the printed type or system, or of one part, it was misread."""
    line = paper.heading.number_line
    if not paper.is_ink or not line:
        return 1.0
    if line.misread:
        return 0.85
    types, code = short_forms(line.code.system, paper.heading.title_type), line.code
    headless = not code.abbreviation and not code.year and "-" not in code.symbol  # BTGTU of CV/BTGTU, VX of UBND-VX
    foreign = paper.heading.mottoes and paper.heading.party_motto != (code.system == PARTY)  # 12/CT/UBND
    return DOUBTFUL if headless or foreign or (types and code.abbreviation not in types) else 1.0


def organ_shorts(heading: Heading) -> set[str]:
    """How the organ of the heading may abbreviate itself in a symbol."""
    groups = organs_of([row.text for row in heading.organs])
    if not groups:
        return set()
    organ = organ_name(" ".join(heading.organs[n].text for n in groups[-1]))[0]
    shorts = {short for name, short in _SHORT_ORGANS if organ.startswith(name)}
    return shorts | {short for short, name in ORGANS.items() if name == organ} | {initials(organ)}


def _symbols_expected(heading: Heading) -> set[str]:
    """The symbols that type and organ of the heading would have: `CT-UBND` under CHỈ THỊ of an ỦY BAN NHÂN DÂN."""
    party = heading.party_motto
    kinds = short_forms(PARTY if party else STATE, heading.title_type)
    return {f"{kind}{'/' if party else '-'}{short}" for kind in kinds for short in organ_shorts(heading)}


def _no_number(paper: Paper) -> Iterator[Finding]:
    """No number line was found: on ink it may just not have been read."""
    confidence = 0.5 if paper.is_ink or not paper.heading.is_complete else CERTAIN
    for field in ("number", "symbol", "full_code", "drafting_unit"):
        yield Finding(field, None, confidence, reason="Không thấy dòng số, ký hiệu.", witness=_witness(paper))


def _witness(paper: Paper) -> str:
    return paper.text.pages[0].source if paper.text.pages else "ocr"


def _printed(paper: Paper, row: Row) -> Iterator[Finding]:
    line = paper.heading.number_line
    assert line  # noqa: S101 - the caller looked
    place = row.part(line.written_at, max(line.symbol_at, line.written_at + 1))
    number = line.code.number
    if number and (paper.is_ink or line.is_glued):
        # Digits have no redundancy: what OCR says of itself makes none of them sure (DOMAIN §7).
        sure = min(0.9, place.confidence)
        trusted = place.confidence >= 0.6
        yield found("number", number, sure if trusted else 0.2, place)
        yield found("full_code", line.code.full, sure if trusted else 0.2, row)
    elif number:
        yield found("number", number, CERTAIN, place)
        yield found("full_code", line.code.full, CERTAIN, row)
        return
    if not number or not trusted:
        reason = "Chỗ ghi số để trống hoặc viết tay, chưa đọc được."
        yield found("number", None, 0.9, row, partial=line.code.after_number, reason=reason)
        yield found("full_code", None, 0.9, row, partial=line.code.after_number, reason=reason)


def _by_pen(gap: Gap, row: Row, after: str) -> Iterator[Finding]:
    """Rival readings of a handwritten number; what OCR made of the pen's strokes is not used at all."""
    facts = {"box": gap.box, "page": row.page, "witness": "pen"}
    reason = "Số viết tay: xem ảnh và xác nhận." if gap.handwritten else "Số in: chữ số dễ đọc nhầm, hãy so với ảnh."
    for value, confidence in gap.readings:
        if value:
            yield found("number", value, confidence, row, reason=reason, **facts)
            yield found("full_code", f"{value}{after}", confidence, row, reason=reason, **facts)
    yield found("number", None, 0.5, row, partial=after, reason=reason, **facts)
    yield found("full_code", None, 0.5, row, partial=after, reason=reason, **facts)


# ------------------------------------------------------------------------------------------------ place and date


def date_findings(paper: Paper) -> Iterator[Finding]:
    """place and date from the line `Hà Nội, ngày 05 tháng 3 năm 2020`."""
    row = paper.heading.date
    line = read_date_line(row.text) if row else None
    if not row or not line:
        confidence = 0.5 if paper.is_ink else LIKELY
        for field in ("date", "place"):
            yield Finding(
                field, None, confidence, reason="Không thấy dòng địa danh, ngày tháng.", witness=_witness(paper)
            )
        return
    yield from _place(paper, row, line)
    rival = _year_of_arrival(paper, row, line)
    for one in _readings_of_date(paper, row, line):
        yield replace(one, confidence=one.confidence / 2) if rival and one.value else one
    if rival:
        yield found("date", rival, 0.8, row, reason="Năm theo dấu ĐẾN; năm trên văn bản đọc khác.", witness="stamp")


def _readings_of_date(paper: Paper, row: Row, line: DateLine) -> Iterator[Finding]:
    if paper.gaps("day") or paper.gaps("month"):
        yield from _day_by_pen(paper, row, line)
    elif line.iso and not paper.is_ink:
        yield found("date", line.iso, CERTAIN, row)
    else:
        trusted = row.confidence >= 0.5
        if line.iso:
            yield found("date", line.iso, min(LIKELY, row.confidence) if trusted else 0.2, row)
        if not line.iso or not trusted:
            reason = "Ngày để trống hoặc viết tay, chưa đọc được."
            yield found("date", None, LIKELY, row, partial=line.partial, reason=reason)


def _day_by_pen(paper: Paper, row: Row, line: DateLine) -> Iterator[Finding]:
    """The date of each reading of the handwritten day (and month) with what is printed of the rest."""
    days, months = paper.gaps("day"), paper.gaps("month")
    pen_month = next((gap for gap in months if gap.handwritten or line.month is None), None)
    of_month = pen_month.readings if pen_month else ((str(line.month or ""), 1.0),)
    of_day = days[0].readings if days else ((str(line.day or ""), 1.0),)
    facts = {"box": (days or months)[0].box, "page": row.page, "witness": "pen"}
    by_hand = any(gap.handwritten for gap in (*days, *months))
    reason = "Ngày viết tay: xem ảnh và xác nhận." if by_hand else "Ngày in: chữ số dễ đọc nhầm, hãy so với ảnh."
    for (day, sure), (month, also) in itertools.product(of_day, of_month):
        iso = iso_date(int(day), int(month), line.year) if day.isdigit() and month.isdigit() else None
        if iso:
            yield found("date", iso, min(0.98, sure * also), row, reason=reason, **facts)
    partial = str(line.year) if pen_month else line.partial
    yield found("date", None, 0.5, row, partial=partial, reason=reason, **facts)


def _year_of_arrival(paper: Paper, row: Row, line: DateLine) -> str | None:
    """The date in the arrival stamp's year, where the year read lies before it by one digit that was not read well.

    A paper does not travel for a year: its year was misread. But so may be that of the stamp, written by pen.
    """
    arrived = next((one.value for one in paper.stamp.fields if one.field == "date"), None) if paper.stamp else None
    day = line.day or next((int(v) for gap in paper.gaps("day") for v, _ in gap.readings if v.isdigit()), None)
    if not paper.is_ink or not isinstance(arrived, str) or not day or not line.month or line.year >= int(arrived[:4]):
        return None
    year = row.part(row.text.rfind(str(line.year)), len(row.text))
    if sum(a != b for a, b in zip(str(line.year), arrived[:4], strict=True)) > 1 or year.confidence >= LIKELY:
        return None
    rival = iso_date(day, line.month, int(arrived[:4]))
    return rival if rival and rival <= arrived and int(arrived[5:7]) - line.month <= 2 else None


def _place(paper: Paper, row: Row, line: DateLine) -> Iterator[Finding]:
    if not line.place:
        yield found("place", None, DOUBTFUL, row)
        return
    known = name_of(line.place) or _near_province(line.place)
    where = row.part(0, len(line.place))
    if known:
        yield found("place", known, paper.sureness(where), where)
    else:
        yield found("place", line.place, LIKELY if not paper.is_ink else min(0.8, where.confidence), where)


def _near_province(written: str) -> str | None:
    """A province with one letter misread: `Quang Ngăi`, `Hà Nôi`, `Soc Trăng:`."""
    near = [row.name for row in changes() if len(row.name) > 5 and distance(fold(row.name), fold(written), 1) <= 1]
    return near[0] if len(near) == 1 else None


# ------------------------------------------------------------------------------------------------ the rest


def subject_findings(paper: Paper) -> Iterator[Finding]:
    rows = paper.heading.subject
    value = subject_text(rows) if rows and is_subject(rows) else None
    if value:
        least = min(row.confidence for row in rows)
        yield found("subject", value, min(LIKELY, 0.5 + least / 2) if paper.is_ink else 0.99, rows)
    else:
        yield Finding("subject", None, 0.5, witness=_witness(paper))


def list_findings(paper: Paper) -> Iterator[Finding]:
    """addressees, recipients, archive_copy."""
    confidence = DOUBTFUL if paper.is_ink else 0.99
    addressees = lists.addressees_of(paper.rows, paper.heading.addressees)
    yield found("addressees", tuple(text for text, _ in addressees), confidence, [row for _, row in addressees])
    recipients = paper.ending.recipients
    yield found("recipients", tuple(text for text, _ in recipients), confidence, [row for _, row in recipients])
    yield found("archive_copy", paper.ending.archive_copy, confidence, [row for _, row in recipients][-1:])


def signer_findings(paper: Paper, authority: str | None) -> Iterator[Finding]:
    """`authority` is written the way of the paper's grammar: `TM. …` of the State, `T/M …` of the Party."""
    ending, witness = paper.ending, _witness(paper)
    missing = 0.5 if paper.is_ink or not ending.name else LIKELY
    signed = [*ending.authority, *ending.title, *([ending.name] if ending.name else [])]
    # The last page may be a scan behind pages that are none.
    is_ink = paper.is_ink or any(row.source == "ocr" for row in signed)
    if authority:
        yield found("signer_authority", authority, 0.85 if is_ink else 0.99, ending.authority)
    else:
        yield Finding("signer_authority", None, missing, witness=witness)
    title, alone = (signature.title_text(ending.title, by) for by in (ending.authority, ()))
    if title:
        mended = f"Đọc là “{alone}”, sửa theo thẩm quyền ký." if title != alone else ""
        yield found("signer_title", title, 0.85 if is_ink else 0.99, ending.title, reason=mended)
    else:
        yield Finding("signer_title", None, missing, witness=witness)
    if ending.name:
        name = signature.name_text(ending.name)
        yield found("signer_name", name, min(0.85, ending.name.confidence) if is_ink else 0.99, ending.name)
    elif ending.unread_name:
        reason = "Tên người ký bị dấu, chữ ký che: xem ảnh."
        partial = signature.name_text(ending.unread_name) or None
        yield found("signer_name", None, missing, ending.unread_name, partial=partial, reason=reason)
    else:
        yield Finding("signer_name", None, missing, reason="Không thấy tên người ký.", witness=witness)


_URGENCY = {"khan": "Khẩn", "thuong khan": "Thượng khẩn", "hoa toc": "Hỏa tốc", "hoa toc hen gio": "Hỏa tốc hẹn giờ"}
_SECRECY = {"mat": "Mật", "toi mat": "Tối mật", "tuyet mat": "Tuyệt mật"}


def mark_findings(paper: Paper) -> Iterator[Finding]:
    """urgency and secrecy, from whole lines only: "xử lý tài liệu mật" in a body is no mark."""
    for field, names in (("urgency", _URGENCY), ("secrecy", _SECRECY)):
        marks = [row for row in paper.heading.marks if row.folded.strip(" .:") in names]
        for row in marks:
            yield found(field, names[row.folded.strip(" .:")], paper.sureness(row), row)
        if not marks:
            # A mark is a stamp, often turned and red: that OCR did not read one says little.
            yield Finding(field, None, 0.7 if paper.is_ink else CERTAIN, witness=_witness(paper))


def province_findings(paper: Paper, organ: str | None, parent: str | None) -> Iterator[Finding]:
    """The province at the time of issue, from the organ's name or the place line; and what it is part of today."""
    by_organ = next((p for p in map(province_of_organ, filter(None, (organ, parent))) if p), None)
    row = paper.heading.date
    place = next((one.value for one in date_findings(paper) if one.field == "place" and one.value), None)
    by_place = name_of(place) if isinstance(place, str) else None
    central = is_central(organ) or is_central(parent)
    for name, of in ((by_organ, paper.heading.organs), (by_place, [row] if row else [])):
        if name:
            # Hà Nội under a central organ is where it sits: what the paper says, but not whose it is.
            confidence = 0.7 if central else 0.97 if paper.is_ink else CERTAIN
            facts = {"witness": "place"} if name is by_place and of != paper.heading.organs else {}
            yield found("province_at_issue", name, confidence, [one for one in of if one], **facts)
            yield found("province_current", current_of(name), confidence, [one for one in of if one], **facts)
    if by_organ and by_organ == by_place and row:
        yield found("place", by_organ, LIKELY, row, witness="organ")
    if not by_organ and not by_place:
        for field in ("province_at_issue", "province_current"):
            yield Finding(field, None, 0.5, witness=_witness(paper))


def agreed(system: str, name: str | None, abbreviation_says: tuple[str, ...]) -> bool:
    """True when a symbol's abbreviation may stand for the type the title names."""
    return not name or not abbreviation_says or name in abbreviation_says or (system == PARTY and name == "Thông báo")
