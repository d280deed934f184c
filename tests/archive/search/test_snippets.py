"""A snippet shows why a document was found."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from archive.search import parse, snippet, spans
from archive.search.query import BadQuery, Clause, Query, Word

LONG = (
    "Mở đầu. " * 60 + "Về việc phòng, chống dịch Covid-19 theo Công văn số 471 /UBND-VX ngày 30/3/2020. " + "Kết. " * 90
)


def test_the_words_are_lit_where_they_stand_together():
    pieces = snippet(LONG, parse("phong chong dich"))
    assert [piece for piece, lit in pieces if lit] == ["phòng", "chống dịch"]
    assert pieces[0][0].startswith("…") and pieces[-1][0].endswith("…")
    assert 100 < len("".join(piece for piece, _ in pieces)) < 260


def test_codes_and_dates_are_lit_in_every_spelling():
    lit = [LONG[span.start : span.end] for span in spans(LONG, parse("471/ubnd-vx 30.3.2020"))]
    assert lit == ["471 /UBND-VX", "30/3/2020"]


def test_a_phrase_is_lit_only_as_a_whole():
    assert [span.end - span.start for span in spans("dịch phòng dịch", parse('"phong dich"'))] == [len("phòng dịch")]


def test_what_is_excluded_is_not_lit():
    assert spans("phòng dịch", parse("-dich phong"))[0].end == len("phòng")


def test_nothing_found_shows_the_beginning():
    assert snippet("Một hai\nba", parse("khong")) == [("Một hai ba", False)]
    assert snippet("", parse("khong")) == []


@given(st.text(), st.text(alphabet="aăâbcđeộở 12/-OR"))
def test_pieces_are_the_text_and_never_more(text, typed):
    text = unicodedata.normalize("NFC", text)
    try:
        query = parse(typed)
    except BadQuery:
        return
    shown = "".join(piece for piece, _ in snippet(text, query, 40))
    assert "".join(shown.split()).strip("…") in "".join(text.split())
    last = 0
    for span in spans(text, query):
        assert last <= span.start < span.end <= len(text)
        last = span.end


def test_a_slip_is_lit_only_where_the_word_itself_is_not():
    slipped = Query(clauses=(Clause((Word("cách", "cach", ("tach", "cac")),)),))
    for text, lit in (("các lá tách cách ly", ["cách"]), ("các lá tách ra", ["các", "tách"])):
        assert [text[span.start : span.end] for span in spans(text, slipped)] == lit
