"""A doubted code is read again; the better reading wins and the first one is kept."""

import dataclasses
from functools import partial

import pytest

from archive import pages, scans, second_look, tesseract
from archive.pageimage import for_reading
from archive.reading import Page, Word
from tests.archive.paper import letter

BOX = (0.185, 0.117, 0.30, 0.128)
"""Of 11/TB-UBND on the letter."""


@pytest.fixture(scope="module")
def shown():
    return for_reading(letter().convert("L"), 200)


def looked(shown, text, confidence):
    line = partial(tesseract.read_region, psm=7, dpi=second_look.DPI)
    return second_look.looked_again([Word(text, BOX, confidence)], shown, line)[0]


def test_a_doubted_code_is_read_again_and_its_first_reading_kept(shown):
    word = looked(shown, "11/TB-U8ND", 0.5)
    assert (word.text, word.first, word.box) == ("11/TB-UBND", "11/TB-U8ND", BOX)
    assert word.confidence > 0.5


def test_a_sure_code_and_plain_words_are_left_alone(shown):
    assert looked(shown, "11/TB-U8ND", 0.9).text == "11/TB-U8ND"
    assert looked(shown, "phòng", 0.1).text == "phòng"


def test_a_reading_too_far_from_the_first_is_of_something_else(shown):
    assert looked(shown, "4711/QĐ-BTNMT", 0.5).text == "4711/QĐ-BTNMT"


def test_a_known_code_is_not_given_up_for_an_unknown_one(shown):
    read = second_look.looked_again([Word("11/TB-UBND", BOX, 0.5)], shown, lambda _: [Word("11/T8-U8ND", BOX, 0.8)])
    assert read[0].text == "11/TB-UBND"


def test_a_lost_signature_is_read_again_below_the_text():
    lines = [(0.12, 0.40, "Các sở, ban, ngành khẩn trương thực hiện."), (0.12, 0.44, "Nơi nhận:")]
    signature = [(0.6, 0.44, "KT. CHỦ TỊCH"), (0.6, 0.46, "PHÓ CHỦ TỊCH"), (0.6, 0.55, "Trần Hoàng Tuấn")]
    shown = for_reading(letter(lines=[*lines, *signature]).convert("L"), 200)
    read = tesseract.read(shown.image, dpi=200)
    lost = [word for word in read if word.box[0] < 0.5]
    found = second_look.signature_again(lost, shown, partial(tesseract.read_region, psm=6, dpi=200))
    assert " ".join(word.text for word in found[len(lost) :]) == "KT. CHỦ TỊCH PHÓ CHỦ TỊCH Trần Hoàng Tuấn"
    assert all(0.6 < word.box[0] < word.box[2] < 0.9 and 0.43 < word.box[1] < 0.57 for word in found[len(lost) :])
    assert len({word.line for word in found[len(lost) :]} - {word.line for word in lost}) == 3
    assert second_look.signature_again(found, shown, lambda _: pytest.fail("read well, yet read again")) == found
    torn = [*lost, dataclasses.replace(found[len(lost)], text="KI.", confidence=0.3)]
    again = second_look.signature_again(torn, shown, lambda _: [Word("Trần", (0.4, 0.3, 0.5, 0.4), 0.9)])
    assert [word.first for word in again if word.text == "Trần"] == ["KI."]


def test_a_page_is_not_lost_because_a_second_look_fails(shown):
    late = partial(scans._read_if_it_can, psm=7, timeout=0.001)
    word = Word("11/TB-U8ND", BOX, 0.5)
    assert second_look.looked_again([word], shown, late) == (word,)


def test_the_first_reading_is_kept_with_the_page():
    words = (Word("Số:", BOX, 0.9), dataclasses.replace(Word("11/TB-UBND", BOX, 0.9), first="11/TB-U8ND"))
    assert pages.unpacked(pages.packed(Page.of_words(1, words)))[0] == words
