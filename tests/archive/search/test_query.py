"""What is typed into the one box means something, or is answered with a sentence."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from archive.errors import BadQuery
from archive.search.query import Clause, Code, Date, Phrase, Prefix, Word, parse


def _terms(text):
    return [term for clause in parse(text).clauses for term in clause.terms]


def test_words_stand_alone_and_phrases_together():
    assert _terms('đăng "bổ sung"') == [Word.of("đăng"), Phrase((Word.of("bổ"), Word.of("sung")))]


@pytest.mark.parametrize(
    "text",
    [
        "471/UBND-VX", "471/ubnd-vx", "471 UBND VX", "471 ubnd vx", "471 /UBND-VX", "số 471/UBND-VX",
        "Số: 471 /UBND-VX", "so:471/UBND-VX", '"471/UBND-VX"', "471/UBND–VX",
    ],
)  # fmt: skip
def test_a_code_is_one_term_in_every_spelling(text):
    (code,) = _terms(text)
    assert isinstance(code, Code)
    assert code.parts == ("#471", "@ubnd", "@vx")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("471", ("#471",)), ("UBND-VX", ("@ubnd", "@vx")), ("ubnd-vx", ("@ubnd", "@vx")),
        ("182-CV/TU", ("#182", "@cv", "@tu")), ("182 CV TU", ("#182", "@cv", "@tu")),
        ("30/2020/NĐ-CP", ("#30", "#2020", "@nd", "@cp")), ("45/2019", ("#45", "#2019")),
    ],
)  # fmt: skip
def test_halves_of_codes_are_codes(text, parts):
    assert [term.parts for term in _terms(text)] == [parts]


@pytest.mark.parametrize("text", ["vắc-xin covid-19", "Thừa Thiên-Huế", "19 bệnh nhân", "CẤP 10 GIẤY PHÉP"])
def test_words_are_not_taken_for_codes(text):
    assert all(isinstance(term, Word) for term in _terms(text))


@pytest.mark.parametrize("text", ["30/3/2020", "ngay 30 thang 3 nam 2020", "30-3-2020", "30.3.20"])
def test_a_date_is_one_term_in_every_spelling(text):
    assert _terms(text) == [Date("2020-03-30")]


def test_or_joins_and_minus_excludes():
    a, b, c = Word.of("a"), Word.of("b"), Word.of("c")
    assert parse("a OR b -c").clauses == (Clause((a, b)), Clause((c,), negative=True))
    assert parse("a | b NOT c").clauses == parse("a OR b AND -c").clauses
    assert parse("OR a OR").clauses == (Clause((a,)),)


def test_a_star_asks_for_the_beginning_of_words():
    assert _terms("phòng*") == [Prefix("phong")]
    with pytest.raises(BadQuery, match="ít nhất 2 chữ cái"):
        parse("p*")


def test_fields_are_written_in_vietnamese():
    filters = parse('loai:"công văn" nơi noigui:UBND trạngthái:review nam:2020').filters
    assert (filters.type, filters.issuer, filters.status) == (("công văn",), ("UBND",), ("review",))
    assert filters.year == ("2020",)


def test_a_filter_of_the_form_wins_over_the_box():
    filters = parse("tungay:2020 denngay:2022", date_from="1/2/2021", type=" ").filters
    assert (filters.date_from, filters.date_to, filters.type) == ("2021-02-01", "2022-12-31", ())


def test_a_filter_may_have_several_values():
    assert parse("loai:a loai:b", type=None).filters.type == ("a", "b")
    assert parse("loai:a", type=["b", " ", "b", "c"]).filters.type == ("b", "c")


@pytest.mark.parametrize("text", ["nam:abc", "tungay:hôm qua", "so:-", "denngay:31/2/2020", "x" * 2000])
def test_what_cannot_be_meant_is_answered_with_a_sentence(text):
    with pytest.raises(BadQuery, match=r"\w+ .*[.;]"):
        parse(text)


@given(st.text() | st.text(alphabet='-"“*:|()/ .0123459soSOorORNTnămUBNDV\u0000\u0301Ðß'))
@example('"-*:so:"')
@example("so: nam:2020 -so:1 OR -x* \ufffd")
def test_no_text_raises_anything_but_a_helpful_sentence(text):
    try:
        query = parse(text)
    except BadQuery as error:
        assert str(error)
    else:
        assert all(clause.terms for clause in query.clauses)
        assert all(run for run in query.runs)


def test_every_way_to_write_a_date_is_the_same_question():
    ways = ["30/3/2020", "30-3-2020", "30.3.20", "2020-03-30", "ngày 30 tháng 3 năm 2020", "ngay 30 thang 03 nam 2020"]
    assert {parse(way).clauses for way in ways} == {parse("30/03/2020").clauses}


@given(
    st.lists(
        st.sampled_from(
            ["loai:", "tinh:", "nam:", "so:", "trangthai:", "a", '"', "OR", "-", "471", "/UBND", "*", "3/2020"]
        )
    )
)
def test_fields_and_joins_in_any_order_are_a_question_or_a_sentence(pieces):
    for glue in ("", " "):
        try:
            query = parse(glue.join(pieces), year=["2020"], province="Sóc Trăng")
        except BadQuery as error:
            assert str(error)
        else:
            assert query.filters.year == ("2020",) and query.filters.province == ("Sóc Trăng",)
