"""Lines that were passed over beside a black seal are found by their ink and read, where they belong."""

from functools import partial

import pytest

from archive import lost_lines, tesseract
from archive.pageimage import for_reading
from tests.archive.paper import letter

TEXT = (
    "Ủy ban nhân dân các huyện, thị xã, thành phố chỉ đạo các xã, phường",
    "tuyên truyền sâu rộng đến toàn thể cán bộ, công chức, viên chức",
    "và Nhân dân trên hệ thống truyền thanh cơ sở trong tháng này, nêu",
    "rõ nguyên nhân, giải pháp, trách nhiệm của từng cơ quan, đơn vị.",
)
LOST = (1, 2)


def text_of(words):
    return " ".join(word.text for word in words)


@pytest.fixture(scope="module")
def page():
    """(picture, its words)"""
    lines = [(0.12, 0.4 + 0.025 * n, text) for n, text in enumerate(TEXT)]
    picture = for_reading(letter(lines=lines).convert("L"), 200).image
    return picture, tesseract.read(picture, dpi=200)


def test_lines_without_words_are_read_where_they_belong(page):
    picture, words = page
    bands = [(0.4 + 0.025 * n - 0.005, 0.4 + 0.025 * n + 0.018) for n in LOST]
    left = [word for word in words if not any(top < (word.box[1] + word.box[3]) / 2 < end for top, end in bands)]
    assert 20 < len(left) < len(words) - 20
    found = lost_lines.found_again(left, picture, partial(tesseract.read_region, psm=6, dpi=200))
    assert text_of(found) == text_of(words)
    assert len({word.line for word in found}) == len({word.line for word in words})


def test_a_page_read_whole_is_not_read_again(page):
    picture, words = page
    assert lost_lines.found_again(words, picture, lambda _: pytest.fail("nothing was lost")) == tuple(words)


def test_a_page_of_few_words_has_no_margins(page):
    picture, words = page
    assert lost_lines.found_again(words[:5], picture, lambda _: pytest.fail("too few words")) == tuple(words[:5])
