"""Marks of secrecy at the head of a page: found in red and black, boxed and typed, askew; words that are none are not.

What share is found on worn papers `./run bench secrets` tells; here a mark of each kind, plainly printed.
"""

import pytest
from PIL import Image, ImageDraw

from archive import secrecy
from archive.recogniser import open_recogniser
from tests.archive.paper import LETTER, font, letter

pytestmark = pytest.mark.skipif(open_recogniser() is None, reason="no recogniser")
WIDE = {"MẬT": 157, "TỐI MẬT": 236, "TUYỆT MẬT": 315}


def with_mark(word, ink="red", boxed=True, angle=0.0, page=None):
    page = page or letter()
    stamp = Image.new("RGBA", (WIDE[word] + 20, 83), (255, 255, 255, 0))
    pen = ImageDraw.Draw(stamp)
    if boxed:
        pen.rectangle((10, 10, 10 + WIDE[word], 73), outline=ink, width=5)
    pen.text((stamp.width / 2, 41), word, fill=ink, font=font(42), anchor="mm")
    turned = stamp.rotate(angle, Image.Resampling.BICUBIC, expand=True)
    page.paste(turned, (230, 330), turned)
    return page


def seen(page, number=1):
    return secrecy.look(secrecy.head_of(page), number, 200.0)


@pytest.mark.parametrize("word", WIDE)
@pytest.mark.parametrize(("ink", "boxed", "angle"), [("red", True, 6), ("black", True, -5), ("black", False, 0)])
def test_a_mark_is_found_and_says_its_grade(word, ink, boxed, angle):
    (mark,) = seen(with_mark(word, ink, boxed, angle), 3)
    assert (mark.kind, mark.page, mark.text) == ("secrecy", 3, word)
    left, top, right, bottom = mark.box
    assert 0.1 < left < right < 0.42 and 0.12 < top < bottom < 0.2


@pytest.mark.parametrize("mode", ["L", "1"])
def test_a_scan_without_colour_shows_it_too(mode):
    assert [mark.text for mark in seen(with_mark("TỐI MẬT").convert(mode).convert("L"))] == ["TỐI MẬT"]


def test_a_mark_beside_one_of_urgency_is_found():
    page = with_mark("MẬT", boxed=False)
    ImageDraw.Draw(page).text((425, 371), "KHẨN", fill="red", font=font(42), anchor="lm")
    assert seen(page)


@pytest.mark.parametrize(
    "words",
    [
        "Về việc xử lý tài liệu mật", "BẢO VỆ BÍ MẬT NHÀ NƯỚC", "BÍ MẬT", "MẶT TRẬN", "TIỀN MẶT", "MẮT", "KHẨN",
        "THƯỢNG KHẨN", "MẬT MÃ", "Mật",
    ],
)  # fmt: skip
def test_words_that_are_no_mark(words):
    assert seen(letter(lines=[*LETTER, (0.14, 0.145, words)])) == ()


def test_a_mark_below_the_head_is_none():
    page = letter()
    ImageDraw.Draw(page).text((300, 1500), "MẬT", fill="black", font=font(42))
    assert seen(page) == ()


def test_an_empty_page_and_a_page_of_one_pixel_have_none():
    assert seen(Image.new("RGB", (1654, 2339), "white")) == seen(Image.new("L", (1, 1), 255)) == ()
