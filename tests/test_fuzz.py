"""Whatever a paper says, nothing breaks and no value is invented: `./run fuzz` tries 50 times as much."""

import datetime as dt
import os
import re
import unicodedata

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st

from archive.bundles import split_text, stamp_in_text
from archive.citations import find_citations
from archive.codes import find_codes, read_number_line
from archive.errors import BadQuery, BadValue
from archive.intake import kept_name
from archive.reading import Page, Text
from archive.review import checked_value
from archive.search import parse
from archive.vietnamese import find_dates, short_date

pytestmark = pytest.mark.fuzz
EXAMPLES = 10_000 if os.environ.get("VANTHU_FUZZ") == "1" else 200
many = how(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])

# What papers are made of, in any order and broken as OCR breaks it.
PIECES = (
    "Số:", "số", "Só", "471", "06", "1127", "15a", "/UBND-VX", "-CV/TU", "/2020/NĐ-CP", "140/2025/QH15", "/", "-", "–",
    "ngày", "tháng", "năm", "05", "3", "31", "2020", "30/3/2020", "25.3.20", "...", "……", "Căn cứ", "Nghị định", "Luật",
    "Kế hoạch", "của Ủy ban nhân dân tỉnh", "Chính phủ", "về việc", "ĐẾN", "CV ĐẾN", "Ngày:", "Giờ", "Chuyển:",
    "Lưu hồ sơ số", "Nơi nhận:", "- Như trên;", "Lưu: VT.", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
    "Độc lập - Tự do - Hạnh phúc",
    "ĐẢNG CỘNG SẢN VIỆT NAM", "TM.", "KT.", " ", "  ", "\n", "\n\n", ",", ";", "(", ")", "“", "”", "²", "٣", "\u0301",
)  # fmt: skip
papers = st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=40).map(" ".join)
texts = (st.text() | papers).map(lambda text: unicodedata.normalize("NFC", text))
days = st.dates(dt.date(1945, 1, 1), dt.date(2099, 12, 31))
numbers = st.integers(1, 9999).map(str)


def is_day(iso):
    return iso is None or 1900 <= dt.date.fromisoformat(iso).year <= 2100


@many
@given(texts)
def test_a_date_found_is_a_day_and_stands_in_the_text(text):
    for day in find_dates(text):
        assert 0 <= day.start < day.end <= len(text)
        assert is_day(day.iso)
    assert is_day(short_date(text, "2020-03-30"))


@many
@given(days, st.sampled_from("/-."))
def test_every_day_is_read_as_it_is_written_day_first(day, dash):
    long = f"ngày {day.day:02d} tháng {day.month} năm {day.year}"
    short = f"{day.day}{dash}{day.month}{dash}{day.year}"
    assert [found.iso for found in find_dates(f"Hà Nội, {long}")] == [day.isoformat()]
    assert [found.iso for found in find_dates(f"ngày {short}")] == [day.isoformat()]
    assert short_date(short) == checked_value("date", short) == day.isoformat()


@many
@given(texts, st.sampled_from(("date", "number", "urgency", "secrecy", "subject", "stamp.date", "full_code")))
def test_what_a_person_types_is_kept_as_it_can_be_or_refused_with_a_sentence(text, field):
    try:
        kept = checked_value(field, text)
    except BadValue as error:
        assert str(error)
        return
    assert kept is None or checked_value(field, kept) == kept
    assert "date" not in field or is_day(kept)


@many
@given(texts, st.booleans())
def test_a_code_found_is_what_stands_there(text, bare):
    last = 0
    for code in find_codes(text, bare):
        assert last <= code.start < code.end <= len(text)
        assert code.raw == text[code.start : code.end]
        last = code.end


@many
@given(texts)
def test_a_number_line_says_where_it_was_read(text):
    for line in text.splitlines():
        found = read_number_line(line)
        if found is None:
            continue
        assert 0 <= found.written_at <= found.symbol_at <= len(line)
        assert found.code.number is None or re.fullmatch(r"\d+[a-zA-ZđĐ]?", found.code.number)


@many
@given(numbers, st.sampled_from(("/UBND-VX", "/QĐ-TTg", "-CV/TU", "/2020/NĐ-CP", "/STC-NS", "-QĐ/TW", "/TTr-SNV")))
def test_a_printed_code_is_read_as_it_is_printed(number, symbol):
    (code,) = find_codes(f"theo số {number}{symbol} của")
    line = read_number_line(f"Số: {number}{symbol}")
    assert code.full == line.code.full == number + symbol


@many
@given(texts)
def test_what_is_cited_stands_in_the_paper(text):
    whole = Text((Page.of_text(1, text),))
    for citation in find_citations(whole):
        assert citation.code or citation.date
        assert is_day(citation.date)
        for mention in citation.mentions:
            assert 0 <= mention.start < mention.end <= len(whole.plain)


@many
@given(texts)
def test_any_question_is_understood_or_answered_with_a_sentence(text):
    try:
        query = parse(text)
    except BadQuery as error:
        assert str(error)
    else:
        assert all(clause.terms for clause in query.clauses)


@many
@given(st.text() | st.text(alphabet="a/\\.\0\n\u202e ắ\ud800"))
def test_a_file_name_is_kept_as_one_harmless_line(name):
    kept = kept_name(name)
    assert 0 < len(kept) <= 500 and "/" not in kept and "\\" not in kept
    assert not re.search(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]", kept)
    kept.encode()
    assert kept_name(kept) == kept


@many
@given(texts)
def test_a_stamp_in_a_text_says_only_what_stands_there(text):
    stamp = stamp_in_text(text)
    for field in stamp.fields if stamp else ():
        assert 0 <= field.span.start <= field.span.end <= len(text)
        if field.field == "number":
            assert field.value is None or field.value in text
        if field.field == "date":
            assert is_day(field.value)


@many
@given(numbers, days)
def test_a_stamp_in_a_text_is_read_as_it_is_written(number, day):
    written = f"VĂN PHÒNG TỈNH ỦY\nĐẾN\nSố: {number}\nNgày: {day.day}/{day.month}/{day.year}\nChuyển: P.TH"
    said = {field.field: field.value for field in stamp_in_text(written).fields}
    assert (said["number"], said["date"], said["forward_to"]) == (number, day.isoformat(), "P.TH")


@many
@given(texts)
def test_cutting_a_text_loses_nothing(text):
    page = Page.of_text(1, text)
    assert "".join(part.plain for part in split_text(text)).split() == page.plain.split()
