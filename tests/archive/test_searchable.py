"""Searchable PDFs: other programs find the words, and find them where they stand."""

import io

import pypdfium2
import pytest
from PIL import Image

from archive import searchable
from archive.reading import Page, Word

WORDS = (
    Word("Thông", (0.10, 0.10, 0.20, 0.12), 0.9, 0), Word("báo", (0.21, 0.10, 0.28, 0.12), 0.9, 0),
    Word("đăng", (0.10, 0.20, 0.19, 0.22), 0.9, 1), Word("ký", (0.20, 0.20, 0.24, 0.22), 0.9, 1),
)  # fmt: skip


def picture(_page):
    out = io.BytesIO()
    Image.new("L", (850, 1100), 200).save(out, "JPEG")
    return out.getvalue()


def made(*pages, title=""):
    out = io.BytesIO()
    searchable.write(out, pages, picture, title)
    return pypdfium2.PdfDocument(out.getvalue())


@pytest.fixture
def pdf():
    page = Page.of_words(1, WORDS, width=1700, height=2200, dpi=200)
    document = made(page, Page.of_words(2, ()), title="Công văn số 1")
    yield document
    document.close()


def test_the_words_can_be_searched_in_reading_order(pdf):
    text = pdf[0].get_textpage().get_text_range()
    assert " ".join(text.split()) == "Thông báo đăng ký"
    assert pdf[1].get_textpage().get_text_range() == ""


def test_a_word_is_found_where_it_stands_on_the_paper(pdf):
    page = pdf[0]
    width, height = page.get_size()
    assert (round(width), round(height)) == (612, 792)
    text = page.get_textpage()
    start = text.get_text_range().index("đăng")
    boxes = [text.get_charbox(n) for n in range(start, start + 4)]
    left, right = min(box[0] for box in boxes) / width, max(box[2] for box in boxes) / width
    middle = 1 - sum(box[1] + box[3] for box in boxes) / 8 / height
    assert left == pytest.approx(0.10, abs=0.01) and right == pytest.approx(0.19, abs=0.02)
    assert 0.19 < middle < 0.23


def test_only_the_picture_is_seen(pdf):
    seen = pdf[0].render(scale=1).to_pil().convert("L")
    low, high = seen.getextrema()
    assert (low, high) == (200, 200)


def test_the_title_and_odd_letters_do_no_harm(pdf):
    assert pdf.get_metadata_dict()["Title"] == "Công văn số 1"
    odd = Page.of_words(1, (Word("a😀)(\\", (0.1, 0.1, 0.2, 0.12), 1.0), Word("không_hộp", None, 1.0)))
    document = made(odd)
    assert document[0].get_textpage().get_text_range().startswith("a")
    document.close()


def test_a_page_without_a_known_size_is_taken_for_a4():
    document = made(Page.of_words(1, WORDS))
    assert round(document[0].get_width()) == 595
    document.close()
