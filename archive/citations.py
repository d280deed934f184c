"""What a paper cites: `Công văn số 2773-CV/VPTU ngày 26/3/2020 của …`, with relation and every place in the text."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from archive.codes import ORGANS, PARTY, TYPE_NAMES, Code, find_codes, organ_of
from archive.findings import Citation, Mention
from archive.organs import PHRASES
from archive.reading import Span, Text
from archive.vietnamese import Day, find_dates, fold, plain_letters, words_of

_BLANK = r"[\s*_]+"
_MAYBE = r"[\s*_]*"


def _spelled(name: str) -> str:
    return _BLANK.join(map(re.escape, fold(name).split()))


_TYPES = "|".join(_spelled(name) for name in TYPE_NAMES)
_BEFORE_CODE = re.compile(rf"(?<!\w)(?P<type>{_TYPES}|van{_BLANK}ban)(?:{_BLANK}so)?{_MAYBE}:?{_MAYBE}$")
_LAW_BEFORE = re.compile(
    rf"(?<!\w)(?P<type>bo{_BLANK}luat|luat|phap{_BLANK}lenh|nghi{_BLANK}quyet)"
    rf"{_BLANK}[^.;:()\d]{{2,160}}?{_BLANK}so{_MAYBE}:?{_MAYBE}$"
)
_AFTER_CODE = re.compile(rf"{_MAYBE},?{_MAYBE}(?:ky{_BLANK})?(?=ngay)")
# Without a code a citation needs its day, and a type that begins with a capital: "báo cáo ngày 20/3" is a deed.
_UNNUMBERED = re.compile(rf"(?<!\w)(?P<type>{_TYPES})(?={_BLANK}(?:ngay|cua)(?!\w))")
_LAW = re.compile(
    rf"(?<!\w)(?P<type>bo{_BLANK}luat|luat"
    rf"|phap{_BLANK}lenh)(?P<name>{_BLANK}[^.;:()\d]{{3,120}}?){_BLANK}(?=ngay{_BLANK}\d)"
)
_OF = re.compile(rf"{_MAYBE},?{_MAYBE}(?:cua{_BLANK})+")
_ISSUER_END = re.compile(
    rf"{_MAYBE}(?:[.;:()“”\"\f]|,(?!{_BLANK}(?:chu tich nuoc|the thao|cong chuc))|\n\n|$"
    rf"|(?<!\w)(?:ve|quy dinh|sua doi|huong dan|phe duyet|ban hanh|tai|ngay|nham|da|duoc|cong bo|thong qua|bo sung"
    rf"|thanh lap|giao|va(?! (?:truyen thong|dau tu|dao tao|cong nghe|phat trien|moi truong|xa hoi|ton giao"
    rf"|dan van|du lich))"
    rf"|so(?= \d)|yeu cau|de|tren|trong|cho|o|theo|thi hanh|chi tiet|cong nhan|bai bo|thay the|dieu chinh)(?!\w))"
)
_SPEAKER = re.compile(rf"(?<!\w)cua{_BLANK}(?P<issuer>[^.;:()]{{3,80}}?){_BLANK}tai{_MAYBE}$")


@dataclass(frozen=True, slots=True)
class _Found:
    type: str | None
    code: Code | None
    day: Day | None
    issuer: str | None
    start: int
    end: int
    subject: str | None = None


def find_citations(text: Text, begin: int = 0) -> list[Citation]:
    """Every cited paper once, in the order of its first mention; `begin` is where to start (after the heading).

    A reference counts when it has a code or a date. Mentions carry offsets in `text.plain`, page and box.
    """
    seen: dict[tuple[str, ...], Citation] = {}
    for found in sorted(_all(text.plain, begin), key=lambda found: found.start):
        citation = _citation(text, found)
        key = _key(citation)
        known = seen.get(key)
        seen[key] = _join(known, citation) if known else citation
    return list(seen.values())


def _key(citation: Citation) -> tuple[str, ...]:
    if citation.code:
        # The number of a congress term or of a year comes again: the date tells two of the same code apart.
        return (citation.code,)
    return (citation.type or "", citation.date or "", words_of(citation.issuer or ""), _name_of_law(citation))


def _name_of_law(citation: Citation) -> str:
    return words_of(citation.subject or "") if citation.type in ("Luật", "Bộ luật", "Pháp lệnh") else ""


_STRONGER = ("attached", "replaced", "reply", "basis", None)


def _join(one: Citation, other: Citation) -> Citation:
    relation = min(one.relation, other.relation, key=_STRONGER.index)
    return replace(
        one,
        type=one.type or other.type,
        date=one.date or other.date,
        issuer=one.issuer or other.issuer,
        subject=one.subject or other.subject,
        relation=relation,
        mentions=one.mentions + other.mentions,
    )


def _citation(text: Text, found: _Found) -> Citation:
    page, box = text.box_of(Span(found.start, found.end))
    return Citation(
        found.type,
        found.code.full if found.code else None,
        found.day.iso if found.day else None,
        found.issuer,
        relation_at(text.plain, found.start, found.end),
        (Mention(found.start, found.end, page, box),),
        subject=found.subject,
    )


def _all(plain: str, begin: int) -> Iterator[_Found]:
    letters, folded = plain_letters(plain), fold(plain_letters(plain))
    days = {day.start: day for day in find_dates(letters)}
    numbered = list(_numbered(letters, folded, days, begin))
    yield from numbered
    taken = [(found.start, found.end) for found in numbered]
    for found in _unnumbered(letters, folded, days, begin):
        if not any(found.start < end and start < found.end for start, end in taken):
            yield found


# ------------------------------------------------------------------------------------------------ with a code


def _numbered(letters: str, folded: str, days: dict[int, Day], begin: int) -> Iterator[_Found]:
    last: _Found | None = None
    for code in find_codes(letters):
        if code.start < begin:
            continue
        type_name, start = _type_before(folded, code)
        if type_name is None and last and _is_list(folded[last.end : start]) and not code.abbreviation:
            type_name = last.type
        if not _is_cited(folded, code, start, type_name):
            continue
        day, end = _day_after(folded, days, code.end)
        printed = _issuer_after(letters, folded, end) or _speaker_before(letters, folded, start)
        issuer = _issuer_by_both(printed, organ_of(code.organ))
        subject = _subject_after(letters, folded, end)
        last = _Found(type_name or code.type_name, code, day, issuer, start, end, subject)
        yield last


def _issuer_by_both(printed: str | None, by_symbol: str | None) -> str | None:
    """The printed issuer; the symbol's where the print begins like it and was cut short or misread."""
    if not printed or not by_symbol:
        return printed or by_symbol
    read, known = words_of(printed), words_of(by_symbol)
    alike = read.split()[:2] == known.split()[:2] or read.startswith("bo truong")
    return by_symbol if alike and known not in read else printed


def _is_cited(folded: str, code: Code, start: int, type_name: str | None) -> bool:
    """A number line (`Số: 471/UBND-VX` alone) names the paper itself; a form (`/QĐ-…`) names none."""
    if type_name:
        return True
    line_start = folded.rfind("\n", 0, start) + 1
    alone = re.fullmatch(r"[\W_]*so[\s:.]*", folded[line_start:start]) and not folded[code.end : code.end + 3].strip(
        " *\n"
    )
    return not alone


def _is_list(between: str) -> bool:
    return bool(re.fullmatch(r"[\s,;]*(?:va|so|hoac)?[\s,]*(?:so)?\s*", between))


def _type_before(folded: str, code: Code) -> tuple[str | None, int]:
    """(type, start of the citation): the type word right before `số`, or a law's name between the two."""
    window = max(0, code.start - 200)
    before = folded[window : code.start]
    found = _BEFORE_CODE.search(before) or (_LAW_BEFORE.search(before) if code.type_name is None else None)
    if found:
        return _display_type(re.sub(r"[\s*_]+", " ", found["type"]), code), window + found.start()
    so = re.search(rf"(?<!\w)so{_MAYBE}:?{_MAYBE}$", before)
    return None, window + so.start() if so else code.start


def _display_type(kind: str, code: Code) -> str | None:
    return code.type_name if kind == "van ban" else _type_names()[kind]


@functools.cache
def _type_names() -> dict[str, str]:
    return {fold(name): name for name in TYPE_NAMES}


def _day_after(folded: str, days: dict[int, Day], end: int) -> tuple[Day | None, int]:
    found = _AFTER_CODE.match(folded, end)
    if not found:
        return None, end
    day = _day_at(folded, days, found.end())
    return (day, day.end) if day else (None, end)


def _day_at(folded: str, days: dict[int, Day], at: int) -> Day | None:
    """The date at `at`, where `ngày` stands: long dates begin with the word, short ones after it."""
    if at in days:
        return days[at]
    word = re.match(rf"ngay{_BLANK}", folded[at:])
    return days.get(at + word.end()) if word else None


# ------------------------------------------------------------------------------------------------ without a code


def _unnumbered(letters: str, folded: str, days: dict[int, Day], begin: int) -> Iterator[_Found]:
    for word in _UNNUMBERED.finditer(folded, begin):
        found = _dated(letters, folded, days, word) if letters[word.start()].isupper() else None
        if found:
            yield found
    for word in _LAW.finditer(folded, begin):
        day = _day_at(folded, days, word.end())
        if day and day.iso and letters[word.start()].isupper():
            kind = re.sub(r"[\s*_]+", " ", word["type"])
            name = re.sub(r"[\s*_]+", " ", letters[word.start("name") : word.end("name")]).strip()
            yield _Found(_type_names()[kind], None, day, "Quốc hội", word.start(), day.end, name)


def _dated(letters: str, folded: str, days: dict[int, Day], word: re.Match[str]) -> _Found | None:
    type_name = _type_names()[re.sub(r"[\s*_]+", " ", word["type"])]
    day, end = _day_after(folded, days, word.end())
    if day:
        issuer = _issuer_after(letters, folded, end)
        end = _issuer_span(folded, end)[1] if issuer else end
        return _Found(type_name, None, day, issuer, word.start(), end) if day.iso and issuer else None
    issuer = _issuer_after(letters, folded, word.end())
    if not issuer:
        return None
    day, end = _day_after(folded, days, _issuer_span(folded, word.end())[1])
    return _Found(type_name, None, day, issuer, word.start(), end) if day and day.iso else None


def _issuer_span(folded: str, at: int) -> tuple[int, int]:
    of = _OF.match(folded, at)
    if not of:
        return at, at
    known = _known_issuers().match(folded, of.end())
    stop = _ISSUER_END.search(folded, known.end() if known else of.end(), of.end() + 120)
    return of.end(), stop.start() if stop else of.end()


def _issuer_after(letters: str, folded: str, at: int) -> str | None:
    """The organ after `của`, as it stands, without line breaks; None when no name (a capital) follows."""
    start, end = _issuer_span(folded, at)
    words = re.sub(r"[\s*_]+", " ", letters[start:end]).strip(" ,-").split()
    kept = next(
        (n for n, word in enumerate(words) if word.islower() and fold(word.strip(",.-")) not in _inside_names()),
        len(words),
    )
    issuer = " ".join(words[:kept]).strip(" ,-")
    return issuer if issuer and issuer[0].isupper() and len(issuer) <= 100 else None


@functools.cache
def _inside_names() -> frozenset[str]:
    """Words in small letters that stand inside the names of organs; any other ends the name."""
    names = " ".join((*ORGANS.values(), *PHRASES, *_MORE_NAMES))
    return frozenset(fold(word) for word in re.findall(r"[^\W\d_]+", names) if word.islower())


_MORE_NAMES = (
    "Tổng Bí thư", "Chủ tịch nước", "Thủ tướng", "Bộ trưởng", "Thống đốc", "Hội nghị lần thứ", "khóa", "của",
    "Giám đốc", "Chủ nhiệm", "Viện trưởng", "Chánh án", "Tổng Thanh tra", "Liên hợp", "các", "cấp", "cao cấp",
    "liên tịch",
)  # fmt: skip
_ABOUT = re.compile(
    rf"{_MAYBE},?{_MAYBE}(?:ve{_BLANK}viec|ve|quy dinh|huong dan|phe duyet)(?!\w)(?P<subject>[^.;()“”\f]{{3,220}})"
)


def _subject_after(letters: str, folded: str, at: int) -> str | None:
    """What the cited paper is about: after date and issuer, to the end of the clause."""
    end = _issuer_span(folded, at)[1]
    found = _ABOUT.match(folded, end)
    if not found:
        return None
    subject = letters[found.start("subject") : found.end("subject")].split("\n\n")[0]
    return re.sub(r"[\s*_]+", " ", subject).strip(" ,") or None


def _speaker_before(letters: str, folded: str, start: int) -> str | None:
    """`ý kiến của Thường trực Tỉnh ủy tại Công văn số …`: who speaks in the paper that follows."""
    window = max(0, start - 120)
    found = _SPEAKER.search(folded[window:start])
    if not found:
        return None
    issuer = re.sub(r"\s+", " ", letters[window + found.start("issuer") : window + found.end("issuer")])
    return issuer if issuer[0].isupper() else None


@functools.cache
def _known_issuers() -> re.Pattern[str]:
    """Organs whose names hold "và" or a comma, which would end an unknown one; their heads before them."""
    names = sorted({_spelled(name) for name in ORGANS.values()}, key=len, reverse=True)
    heads = rf"(?:(?:bo truong|thong doc|tong|chu tich|thu truong|chanh an|vien truong|ban can su dang){_BLANK})?"
    return re.compile(heads + "(?:" + "|".join(names) + r")(?!\w)")


# ------------------------------------------------------------------------------------------------ relation

_BASIS = re.compile(
    r"[\W\d_]*(?:thuc hien|can cu|tiep theo|tiep tuc thuc hien|xet|theo|thi hanh|tren co so|tai (?:phien|cuoc|hoi"
    r"|buoi)|sau khi|chap hanh|trien khai thuc hien)(?!\w)"
)
_DECORATION = ' \n*_"“(-+'
_REPLY = re.compile(r"[\W\d_]*(?:phuc dap|tra loi|dap lai)(?!\w)")
_ATTACHED = re.compile(
    rf"(?:\((?:co{_BLANK})?|(?<!\w))(?:dinh{_BLANK}kem|gui{_BLANK}kem"
    rf"|kem{_BLANK}theo)(?:{_BLANK}theo)?{_MAYBE}:?{_MAYBE}(?:ban sao{_BLANK})?$"
)
_ISSUED_WITH = re.compile(rf"ban{_BLANK}hanh{_BLANK}(?:dinh{_BLANK})?kem{_BLANK}theo{_MAYBE}$")
_REPLACED = re.compile(r"(?<!\w)(?:thay the|bai bo|huy bo)(?!\w)[^.;\n]{0,60}$")
_NO_LONGER = re.compile(r"[^.;\n]{0,120}(?<!\w)het hieu luc(?!\w)")
_ITEM = re.compile(r"[\W_]*(?:\d{1,2}(?:\.\d{1,2})*[.)\-]|\(\d{1,2}\)|[a-z]\)|[ivx]+[.\-)]|dieu \d|chuong |muc |phan )")
_SENTENCE = re.compile(r"(?:[.;:]\s*\n\s*|\n\s*\n\s*|\f\s*|\./\.\s*|(?<=[a-z])\.\s+(?=[^\W\d]))")


def relation_at(plain: str, start: int, end: int) -> str | None:
    """basis | attached | reply | replaced | None, from the words around the mention."""
    window = plain[max(0, start - 1500) : end + 200]
    folded, at = fold(plain_letters(window)), min(start, 1500)
    before, after = folded[:at], folded[at + end - start :]
    near = before[-60:]
    if _ATTACHED.search(near) and not _ISSUED_WITH.search(near):
        return "attached"
    if _REPLACED.search(before[-90:]) or _NO_LONGER.match(after):
        return "replaced"
    sentence = before[_sentence_start(window, before) :].lstrip(_DECORATION)
    if _REPLY.match(sentence):
        return "reply"
    return "basis" if _BASIS.match(sentence) and not _ITEM.match(sentence) else None


def _sentence_start(window: str, before: str) -> int:
    """Where the last sentence of `before` begins: after its full stop, or at a line that opens like a preamble."""
    begins = [found.end() for found in _SENTENCE.finditer(before)]
    begins += [found.end() for found in re.finditer("\n", before) if _opens(window, before, found.end())]
    return max(begins, default=0)


def _opens(window: str, before: str, at: int) -> bool:
    return window[at : at + 1].isupper() and bool(_BASIS.match(before, at) or _REPLY.match(before, at))


# ------------------------------------------------------------------------------------------------ between papers


def is_same_paper(citation: Citation, code: str | None, day: str | None, issuer: str | None) -> bool:
    """True when a citation means the archived paper with this code, ISO date and issuing organ.

    A number comes again every year (State) or every term (Party), so without a date the issuer must agree.
    """
    if not citation.code or not code or citation.code.casefold() != code.casefold():
        return False
    if citation.date and day:
        return citation.date == day
    return bool(re.search(r"/(?:19|20)\d\d/", code)) or _same_issuer(citation.issuer, issuer)


def _same_issuer(one: str | None, other: str | None) -> bool:
    first, second = words_of(one or ""), words_of(other or "")
    return bool(first and second) and (first in second or second in first)


def without_self(citations: Iterable[Citation], full_code: str | None) -> list[Citation]:
    """`citations` without the paper's own code."""
    return [c for c in citations if not full_code or c.code != full_code]


__all__ = ["PARTY", "find_citations", "is_same_paper", "relation_at", "without_self"]
