"""Words have one form however they are spelled, and one without marks."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.search.words import WORD, exact, folded, folded_words, is_syllable, line, spellings


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ("hoà", "hòa"), ("uỷ", "ủy"), ("khoẻ", "khỏe"), ("Thuý", "thúy"), ("lý", "lí"), ("kỹ", "kĩ"), ("TỶ", "tỉ"),
        ("quí", "quý"), ("qui", "quy"), ("Ð", "đ"),
    ],
)  # fmt: skip
def test_two_spellings_are_one_word(new, old):
    assert exact(new) == exact(old) == old
    assert new.lower().replace("ð", "đ") in spellings(exact(new))


@pytest.mark.parametrize("word", ["hoàn", "quỳ", "quả", "loài", "nghĩa", "của", "mùa", "huyền", "ý"])
def test_other_words_keep_their_tone_where_it_is(word):
    assert exact(word) == word
    assert spellings(word)[0] == word


def test_decomposed_letters_are_the_same_letters():
    assert exact(unicodedata.normalize("NFD", "Ủy")) == "ủy"
    assert folded_words(unicodedata.normalize("NFD", "Đường Ủy")) == ["duong", "uy"]


def test_marks_fold_away():
    assert folded("Đường") == "duong"
    assert folded("lý") == folded("lí") == "li"


@pytest.mark.parametrize(("word", "is_one"), [("dịch", True), ("nghiêng", True), ("ubnd", False), ("VX", False)])
def test_a_symbol_is_no_syllable(word, is_one):
    assert is_syllable(word) is is_one


def test_a_line_is_searched_by_whole_words():
    assert line("471/UBND-VX", None, "Sở Y tế") == " 471 ubnd vx |  | so y te "


@given(st.text())
def test_a_normal_form_is_its_own_normal_form(text):
    for word in WORD.findall(unicodedata.normalize("NFC", text)):
        assert exact(exact(word)) == exact(word)
        assert folded(exact(word)) == folded(word)
