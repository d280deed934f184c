"""Tesseract is asked once a page and answers words with boxes."""

import unicodedata

import pytesseract
import pytest
from PIL import Image

from archive import tesseract
from archive.errors import BadSettings
from tests.archive.paper import letter


@pytest.fixture(scope="module", params=tesseract.ENGINES)
def engine(request):
    if request.param == tesseract.LIBRARY:
        pytest.importorskip("tesserocr", reason="the extra tesserocr is not installed")
    return request.param


@pytest.fixture(scope="module")
def words(engine):
    return tesseract.read(letter().convert("L"), dpi=200, engine=engine)


def test_the_version_is_told(engine):
    assert tesseract.check(engine=engine)[0].isdigit()


def test_a_missing_language_is_a_sentence():
    with pytest.raises(BadSettings, match="tesseract-ocr-vie"):
        tesseract.check("xxx")


def test_a_missing_program_is_a_sentence(monkeypatch):
    monkeypatch.setattr(pytesseract.pytesseract, "tesseract_cmd", "no-such-tesseract")
    with pytest.raises(BadSettings):
        tesseract.check()
    with pytest.raises(BadSettings):
        tesseract.read(Image.new("L", (40, 40), 255))


def test_words_come_with_marks_boxes_and_lines(words):
    number = next(word for word in words if "11/TB-UBND" in word.text)
    left, top, right, bottom = number.box
    assert 0.15 < left < 0.25 and 0.11 < top < bottom < 0.14 and right < 0.45
    assert all(unicodedata.is_normalized("NFC", word.text) for word in words)
    assert {"kết", "luận", "đạo"} <= {word.text for word in words}
    assert [word.line for word in words] == sorted(word.line for word in words)


def test_a_region_is_read_as_one_line(engine):
    page = letter()
    crop = page.convert("L").crop((0, int(0.105 * page.height), int(0.45 * page.width), int(0.145 * page.height)))
    read = " ".join(word.text for word in tesseract.read_region(crop, psm=7, dpi=200, engine=engine))
    assert "11/TB-UBND" in read


def test_a_region_may_be_digits_only(engine):
    page = letter(lines=[(0.1, 0.05, "2025")])
    crop = page.convert("L").crop((100, 80, 400, 200))
    read = tesseract.read_region(crop, psm=7, whitelist="0123456789", dpi=200, engine=engine)
    assert "".join(word.text for word in read) == "2025"


def test_a_library_that_is_absent_or_lacks_a_language_is_a_sentence():
    with pytest.raises(BadSettings, match=r"tesserocr|tesseract-ocr-xxx"):
        tesseract.read(Image.new("L", (40, 40), 255), language="xxx", engine=tesseract.LIBRARY)


def test_an_upside_down_page_is_noticed():
    turned = letter(lines=[(0.1, 0.05 * n, "Chủ tịch Ủy ban nhân dân tỉnh kết luận và chỉ đạo") for n in range(1, 15)])
    assert tesseract.turned(turned.convert("L").rotate(180), dpi=200)[0] == 180
