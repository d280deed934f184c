"""A clerk is told what is wrong with a scan; of a good one nothing is said."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from archive import advice, scans
from archive.reading import Page, Word
from tests.archive.paper import font, letter, saved

LINES = [(0.1, 0.1 + 0.03 * n, "Ủy ban nhân dân tỉnh yêu cầu các sở, ban, ngành rà soát, báo cáo") for n in range(12)]


def drawn(dpi=200, shift=0.0):
    """A grey page and its words, as a reader would give them."""
    image = Image.new("L", (round(8.27 * dpi), round(11.69 * dpi)), 255)
    draw, words = ImageDraw.Draw(image), []
    for row, (x, y, line) in enumerate(LINES):
        left = (x + shift) * image.width
        for word in line.split():
            draw.text((left, y * image.height), word, fill=0, font=font(round(13 * dpi / 72)))
            box = draw.textbbox((left, y * image.height), word, font=font(round(13 * dpi / 72)))
            edges = zip(box, (image.width, image.height) * 2, strict=True)
            words.append(Word(word, tuple(min(1.0, max(0.0, edge / side)) for edge, side in edges), 0.95, row))
            left = box[2] + 0.06 * dpi
    return image, Page.of_words(1, words, width=image.width, height=image.height)


@pytest.mark.parametrize("dpi", [150, 200, 300])
def test_of_a_good_scan_nothing_is_said(dpi):
    image, page = drawn(dpi)
    assert advice.of(page, image) == ()


@pytest.mark.parametrize(
    ("hurt", "code"),
    [
        (lambda image: image.filter(ImageFilter.GaussianBlur(3)), "blurred"),
        (lambda image: image.point([255 - (255 - level) // 4 for level in range(256)]), "faint"),
        (lambda image: Image.fromarray((np.asarray(image) * np.linspace(1, 0.1, image.width)).astype("u1")), "dark"),
        (lambda image: image.resize((image.width * 72 // 200, image.height * 72 // 200)), "low_resolution"),
    ],
)
def test_what_is_wrong_with_a_scan_is_said(hurt, code):
    image, page = drawn()
    assert code in advice.of(page, hurt(image))


def test_lines_that_run_over_the_edge_are_cut_off():
    image, page = drawn(shift=-0.12)
    assert advice.of(page, image) == ("cut_off",)


def test_a_page_that_leans_is_said_to_lean():
    image, page = drawn()
    leaning = [
        Word(w.text, (w.box[0], w.box[1] + 0.05 * w.box[0], w.box[2], w.box[3] + 0.05 * w.box[0]), 0.95, w.line)
        for w in page.words
    ]
    assert "skewed" in advice.of(Page.of_words(1, leaning), image)


def test_a_faint_page_is_read_and_not_taken_for_blank(tmp_path):
    pale = letter().point([255 - (255 - level) // 4 for level in range(256)] * 3)
    page = scans.read_page(saved(pale, tmp_path / "a.png", dpi=(200, 200)), 1).page
    assert "11/TB-UBND" in page.plain
    assert "faint" in page.advice


def test_what_shines_through_a_blank_page_is_no_text(tmp_path):
    shining = letter().transpose(Image.Transpose.FLIP_LEFT_RIGHT).filter(ImageFilter.GaussianBlur(2))
    shining = shining.point([255 - (255 - level) // 6 for level in range(256)] * 3)
    page = scans.read_page(saved(shining, tmp_path / "a.png", dpi=(200, 200)), 1).page
    assert (page.source, page.words) == ("blank", ())
