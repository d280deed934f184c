"""Marks of secrecy at the head of a page: found in red and black, boxed and typed, askew; words that are none are not.

What share is found on worn papers `./run bench secrets` tells; here a mark of each kind, plainly printed.
"""

import math

import numpy as np
import pytest
from PIL import Image, ImageDraw

from archive import boxed, grades, ink, lone, scans, secrecy, steps
from archive.lone import Blob
from archive.recogniser import open_recogniser
from tests.archive.paper import LETTER, font, letter

pytestmark = pytest.mark.skipif(open_recogniser() is None, reason="no recogniser")
WIDE = {"MẬT": 157, "TỐI MẬT": 236, "TUYỆT MẬT": 315}


def with_mark(word, ink="red", boxed=True, angle=0.0, page=None, at=(230, 330), wide=None):
    page, wide = page or letter(), wide or WIDE[word]
    stamp = Image.new("RGBA", (wide + 20, 83), (255, 255, 255, 0))
    pen = ImageDraw.Draw(stamp)
    if boxed:
        pen.rectangle((10, 10, 10 + wide, 73), outline=ink, width=5)
    pen.text((stamp.width / 2, 41), word, fill=ink, font=font(42), anchor="mm")
    turned = stamp.rotate(angle, Image.Resampling.BICUBIC, expand=True)
    page.paste(turned, at, turned)
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


# ------------------------------------------------------------------------------------------------ as they really are


@pytest.mark.parametrize("at", [(230, 330), (1150, 40), (1250, 330)], ids=["below the number", "at the top", "right"])
def test_a_mark_is_found_wherever_in_the_head_it_stands(at):
    assert [mark.text for mark in seen(with_mark("MẬT", at=at))] == ["MẬT"]


@pytest.mark.parametrize("boxed", [True, False])
def test_a_grade_without_its_tone_marks_is_one(boxed):
    for word, grade in (("MAT", "MẬT"), ("TOI MAT", "TỐI MẬT"), ("TUYET MAT", "TUYỆT MẬT")):
        assert [mark.text for mark in seen(with_mark(word, boxed=boxed, wide=WIDE[grade]))] == [grade]


@pytest.mark.parametrize("boxed", [True, False])
def test_a_grade_broken_over_two_lines_is_the_higher_one(boxed):
    page = letter()
    pen = ImageDraw.Draw(page)
    if boxed:
        pen.rectangle((230, 322, 450, 444), outline="red", width=4)
    for y, word in ((358, "TUYỆT"), (410, "MẬT")):
        pen.text((340, y), word, fill="red", font=font(42), anchor="mm")
    assert [mark.text for mark in seen(page)] == ["TUYỆT MẬT"]


def test_a_mark_torn_to_shreds_in_black_and_white_is_found():
    page = np.array(with_mark("TUYỆT MẬT", angle=4).convert("L").convert("1", dither=Image.Dither.NONE))
    torn = page | (np.random.default_rng(3).random(page.shape) < 0.6)
    part = page.copy()
    part[300:440, 200:640] = torn[300:440, 200:640]
    assert [mark.text for mark in seen(Image.fromarray(part).convert("L"))] == ["TUYỆT MẬT"]


def test_a_box_that_other_print_runs_into_is_found():
    page = with_mark("TỐI MẬT", "black", angle=3)
    pen = ImageDraw.Draw(page)
    pen.line((440, 300, 520, 300, 520, 460), fill="black", width=4)
    pen.line((60, 345, 245, 352), fill="black", width=4)
    assert [mark.text for mark in seen(page)] == ["TỐI MẬT"]


def test_other_words_in_boxes_of_the_law_s_size_are_no_marks():
    page = letter()
    others = ("KHẨN", "MẮT", "MẶT", "ĐẾN", "MAI", "HỎA TỐC", "BÍ MẬT", "LƯU HÀNH NỘI BỘ", "THƯỢNG KHẨN", "TIỀN MẶT")
    for n, word in enumerate(others):
        wide = 157 if len(word) < 5 else 236 if len(word) < 9 else 420
        with_mark(word, page=page, at=(160 + 470 * (n % 3), 560 + 110 * (n // 3)), angle=2.0 * (n % 3), wide=wide)
    assert seen(page) == ()


def test_a_scan_on_its_head_is_looked_at_when_it_stands_upright(tmp_path):
    path = tmp_path / "a.png"
    with_mark("MẬT", ink="black").rotate(180).save(path, dpi=(200, 200))
    reading = scans.read_page(path, 1, scans.Options(looks=True))
    assert [mark.text for mark in reading.secret] == ["MẬT"]
    assert (reading.page.words, reading.view, reading.thumb) == ((), b"", b"")


@pytest.mark.parametrize("turn", [90, 270])
def test_a_scan_on_its_side_is_looked_at_from_both(turn, tmp_path):
    """Tesseract may read such a page without telling that it lay turned."""
    path = tmp_path / "a.png"
    with_mark("TỐI MẬT").rotate(turn, expand=True).save(path, dpi=(200, 200))
    assert [mark.text for mark in steps.look(str(path), 1, scans.Limits())] == ["TỐI MẬT"]


def test_a_box_torn_to_pieces_among_dirt_of_the_scan_is_found():
    page = np.array(with_mark("MẬT").convert("L").convert("1", dither=Image.Dither.NONE))
    for x in (255, 300, 345):
        page[335:352, x : x + 20] = page[395:415, x : x + 20] = True
    page[365:380, 236:248] = page[360:384, 390:405] = True
    rng = np.random.default_rng(1)
    page[325:425, 230:410] |= rng.random((100, 180)) < 0.9
    page[300:450, 150:560] &= rng.random((150, 410)) > 3e-4
    assert [mark.text for mark in seen(Image.fromarray(page).convert("L"))] == ["MẬT"]


@pytest.mark.parametrize("boxed", [True, False])
def test_a_streak_of_the_scanner_through_a_mark_hides_nothing(boxed):
    page = with_mark("TỐI MẬT", "black", boxed)
    ImageDraw.Draw(page).line((359, 0, 359, page.height), fill="black", width=2)
    assert [mark.text for mark in seen(page)] == ["TỐI MẬT"]


def test_a_word_of_tables_that_is_like_a_torn_grade_is_none():
    """Worn together with the number beside it, TIM was long enough to be TỐI MẬT with letters lost."""
    strip = Image.new("L", (300, 48), 255)
    ImageDraw.Draw(strip).text((150, 24), "TIM", fill=0, font=font(36), anchor="mm")
    recogniser = open_recogniser()
    reading = grades.read(recogniser.frames(strip), recogniser)
    assert (reading.said, reading.plain, reading.lead) == ("TIM", False, -math.inf)


def test_a_cut_through_what_is_higher_than_any_box_is_no_mark_however_plain():
    """Of the slanting arrow of HỎA TỐC a level cut once said MAT, spelt plainly."""
    (asked,) = secrecy._asked(Blob(33.1, 69.2, 21.1, 13.3, 13.0), "dark", "mat", alone=True)
    assert not secrecy._says(grades.Reading("MAT", "mat", True, 0.31, 5.75, 0.69, 0.39), asked)


# --------------------------------------------------------------------------------------------- pressed over other print


@pytest.mark.parametrize(("word", "mode"), [("MẬT", "L"), ("MẬT", "1"), ("TỐI MẬT", "L")])
def test_a_typed_mark_that_the_corner_of_a_stamp_runs_through_is_found(word, mode):
    page = with_mark(word, "black", boxed=False)
    pen = ImageDraw.Draw(page)
    pen.line((60, 372, 300, 358, 320, 640), fill="dimgrey", width=5)
    assert [mark.text for mark in seen(page.convert(mode).convert("L"))] == [word]


def test_a_typed_mark_right_below_the_corner_of_a_stamp_is_found():
    """The piece of the line between corner and letter is no longer than a letter is high."""
    page = with_mark("MẬT", "black", boxed=False)
    ImageDraw.Draw(page).line((60, 322, 360, 322, 366, 640), fill="dimgrey", width=5)
    assert [mark.text for mark in seen(page.convert("L"))] == ["MẬT"]


def test_a_typed_mark_on_a_line_with_print_of_the_back_that_shows_through_is_found():
    page = with_mark("TỐI MẬT", "black", boxed=False)
    ImageDraw.Draw(page).text((454, 371), "về việc triển khai", fill=(222, 222, 222), font=font(40), anchor="lm")
    assert [mark.text for mark in seen(page.convert("L"))] == ["TỐI MẬT"]


def test_print_of_the_back_that_shows_through_is_no_mark():
    """Turned over by its lower edge MẶT of a table says MẬT; pale as the back is, it is no word of this side."""

    def typed(ink):
        return with_mark("MẬT", (ink,) * 3, boxed=False).convert("L")

    assert [mark.text for mark in seen(typed(160))] == ["MẬT"]
    assert seen(typed(226)) == ()


def test_large_letters_that_stand_like_the_sides_of_a_box_are_none():
    """A page of 250 by 50 points: taken for A4, its letters are as high as a box of the law."""
    page = Image.new("L", (694, 139), "white")
    for y, line in ((20, "http://www.example.org/"), (85, "Bug 1552113 - this text should be visible.")):
        ImageDraw.Draw(page).text((25, y), line, fill=0, font=font(38))
    assert secrecy.look(secrecy.head_of(page), 1, 200.0) == ()


def test_lines_of_print_that_stand_like_a_box_around_a_word_are_none():
    page = Image.new("L", (1654, 900), "white")
    for y, line in ((330, "BAN HÀNH DANH MỤC BÍ MẬT NHÀ NƯỚC"), (384, "ĐỘ TỐI MẬT VÀ ĐỘ MẬT"), (438, "LĨNH VỰC Y TẾ")):
        ImageDraw.Draw(page).text((480, y), line, 0, font=font(38), anchor="mm")
    assert [*boxed.boxes(small(page))] == []
    ImageDraw.Draw(page).rectangle((400, 600, 636, 663), outline=0, width=5)
    (box,) = boxed.boxes(small(page))
    assert (box.long, box.broad) == (30, 8) and math.dist((box.x, box.y), (65.8, 80.2)) < 2


def small(page):
    return ink.planes(page, lone.PER_MM / (200 / 25.4))[0].mask


def test_words_of_a_stamp_that_its_lines_run_through_are_no_marks():
    page = with_mark("MẮT", "black", boxed=False, wide=157)
    with_mark("KHẨN", "black", boxed=False, page=page, at=(230, 460), wide=157)
    pen = ImageDraw.Draw(page)
    for y in (0, 130):
        pen.line((60, 372 + y, 300, 358 + y, 320, 440 + y), fill="dimgrey", width=5)
    assert seen(page.convert("L")) == ()


def arrival_stamp(page, ink, lines):
    pen = ImageDraw.Draw(page)
    pen.rectangle((150, 250, 400, 520), outline=ink, width=4)
    for x, y, line in lines:
        pen.text((x, y), line, fill=ink, font=font(26))
    return page


@pytest.mark.parametrize("ink", ["red", "black"])
def test_a_boxed_mark_stamped_across_the_side_of_an_arrival_stamp_of_the_same_ink_is_found(ink):
    page = arrival_stamp(with_mark("TỐI MẬT", ink, angle=-6), ink, [(165, 300, "Ngày: 28/4"), (165, 470, "Chuyển:")])
    pen = ImageDraw.Draw(page)
    for y, words in ((330, "- Các đơn vị"), (385, "- Sở Nông nghiệp")):
        pen.text((486, y), words, fill=ink, font=font(40))
    assert [mark.text for mark in seen(page)] == ["TỐI MẬT"]


@pytest.mark.parametrize("mode", ["L", "1"])
def test_a_boxed_mark_pressed_over_a_word_of_the_same_ink_is_found(mode):
    """Read together the two said MATen, of MẬT and the end of Chuyển."""
    page = arrival_stamp(with_mark("MẬT", "black", angle=-5), "black", [(270, 372, "Chuyển:")])
    assert [mark.text for mark in seen(page.convert(mode).convert("L"))] == ["MẬT"]


@pytest.mark.parametrize("word", ["MẮT", "KHẨN", "SAO Y"])
def test_another_word_in_such_a_box_across_a_stamp_is_no_mark(word):
    page = arrival_stamp(with_mark(word, "black", angle=-5, wide=157), "black", [(270, 372, "Chuyển:")])
    assert seen(page.convert("L")) == ()


@pytest.mark.parametrize(("words", "cut"), [("MẬT ĐỘ DÂN CƯ", True), ("TỐI MẬT", False), ("MẬT", False)])
def test_a_word_cut_out_of_a_line_that_says_more_is_no_mark(words, cut):
    page = Image.new("L", (1654, 1052), 255)
    pen = ImageDraw.Draw(page)
    pen.text((400, 300), words, fill="black", font=font(42), anchor="lm")
    before = words[: words.index("MẬT")]
    word = _around(pen, 400 + pen.textlength(before, font(42)), "MẬT")
    reader = secrecy._Reader(page, 200 / 25.4, open_recogniser())
    assert reader.is_cut_from([_around(pen, 400, words)], word, "dark") is cut


def _around(pen, left, words):
    """The ink of words in the line at 300 pixels."""
    x0, y0, x1, y1 = (at / (200 / 25.4) for at in pen.textbbox((left, 300), words, font(42), anchor="lm"))
    return Blob((x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0, 0.0)
