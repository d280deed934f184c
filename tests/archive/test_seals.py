"""Words that are stamped upon a page, and the same words where they are part of the text."""

from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from archive import stamps
from archive.reading import Page, Word
from archive.seals import worded_marks

BOLD = Path("/usr/share/fonts/truetype/croscore/Tinos-Bold.ttf")
RED = (205, 30, 45)

MOTTO = [(0.50, 0.06, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"), (0.57, 0.08, "Độc lập - Tự do - Hạnh phúc")]
MARK = [(0.20, 0.15, "TỐI MẬT")]


def secrecy(lines, number=1):
    words = []
    for line, (left, top, text) in enumerate(lines):
        for token in text.split():
            words.append(Word(token, (left, top, left + 0.01 * len(token), top + 0.012), 0.95, line, 0))
            left += 0.01 * len(token) + 0.006
    page = Page.of_words(number, words, width=1654, height=2339)
    return [mark.text for mark in worded_marks(page) if mark.kind == "secrecy"]


def test_a_mark_of_secrecy_is_a_line_of_its_own_at_the_top():
    assert secrecy([*MOTTO, *MARK]) == ["TỐI MẬT"]
    assert secrecy([*MOTTO, (0.20, 0.60, "TỐI MẬT")]) == []
    assert secrecy([*MOTTO, (0.20, 0.15, "TÀI LIỆU TỐI MẬT")]) == []


def test_a_later_page_carries_one_only_where_another_paper_begins():
    assert secrecy(MARK, 2) == []
    assert secrecy([*MOTTO, *MARK], 2) == ["TỐI MẬT"]


def test_the_last_word_of_a_title_is_no_mark():
    title = [(0.42, 0.17, "QUY CHẾ"), (0.33, 0.19, "BẢO VỆ TÀI LIỆU CÓ DẤU CHỈ ĐỘ")]
    assert secrecy([*MOTTO, *title, (0.48, 0.205, "MẬT")]) == []
    assert secrecy([*MOTTO, (0.48, 0.12, "MẬT"), *title]) == ["MẬT"]


def page_with(mark, angle, at=(40, 50)):
    """A red mark on a white page at 200 dpi, turned."""
    page = Image.new("RGB", (1654, 2339), "white")
    turned = mark.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor="white")
    page.paste(turned, (round(at[0] * 7.87), round(at[1] * 7.87)))
    return page


def boxed(text, arrow=False):
    mark = Image.new("RGB", (400, 170), "white")
    draw = ImageDraw.Draw(mark)
    shape = [(20, 45), (260, 45), (260, 10), (380, 85), (260, 160), (260, 125), (20, 125), (20, 45)]
    draw.line(shape if arrow else [(5, 45), (395, 45), (395, 125), (5, 125), (5, 45)], RED, 5)
    draw.text((160 if arrow else 200, 85), text, RED, ImageFont.truetype(str(BOLD), 42), anchor="mm")
    return mark


def urgency(image):
    found = stamps.marks(Page(1, dpi=200.0, width=image.width, height=image.height), image)
    return [mark.text for mark in found if mark.kind == "urgency"]


@pytest.mark.parametrize("angle", [0, 30, 41])
def test_a_red_arrow_is_read_however_it_is_turned(angle):
    assert urgency(page_with(boxed("HỎA TỐC", arrow=True), angle)) == ["HỎA TỐC"]


def test_other_words_in_a_red_box_are_no_mark_of_urgency():
    assert urgency(page_with(boxed("THƯỢNG KHẨN"), 3)) == ["THƯỢNG KHẨN"]
    assert urgency(page_with(boxed("ĐÃ LƯU HỒ SƠ"), 3)) == []
    assert urgency(page_with(boxed("HỎA TỐC", arrow=True), 30, at=(40, 200))) == []
