"""Printed skeletons drawn with Pillow, filled in with an italic hand; real fields where the material is at hand."""

import itertools
import math
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from archive import calibration, ctc
from archive.handwriting import gaps
from archive.pen import Reader, Seen, judged
from archive.penmodel import LETTERS, open_network
from archive.reading import Page, Word
from bench import stamp_strips, strips
from bench._pen_strips import meant
from bench.stamp import read_line, rows_of

FONTS = Path("/usr/share/fonts/truetype/croscore")
MATERIAL = Path(os.environ.get("VANTHU_MATERIAL", Path(__file__).parents[3] / "shared" / "material"))
SIZE = (1654, 2339)
"""A4 at 200 dpi."""


class WithoutModel(Reader):
    @property
    def recogniser(self):
        return None


def header(*pieces, y=300):
    """A page with pieces (x, text, what Tesseract read or None, style) on one line."""
    image = Image.new("RGB", SIZE, "white")
    draw = ImageDraw.Draw(image)
    words = []
    for x, text, read, style in pieces:
        font = ImageFont.truetype(str(FONTS / f"Tinos-{style}.ttf"), 36)
        draw.text((x, y), text, "black", font)
        left, top, right, bottom = draw.textbbox((x, y), text, font)
        if read is not None:
            box = left / SIZE[0], top / SIZE[1], right / SIZE[0], bottom / SIZE[1]
            words.append(Word(read, box, 0.9))
    return Page.of_words(1, words, width=SIZE[0], height=SIZE[1], dpi=200.0), image


def number_line(written, read=None):
    return header(
        (200, "Số:", "Số:", "Regular"), (270, written, read, "BoldItalic"), (350, "/UBND-KTTH", "/UBND-KTTH", "Regular")
    )


def date_line(day):
    words = ((900, "ngày"), (1050, "tháng"), (1150, "3"), (1180, "năm"), (1260, "2020"))
    printed = [(x, text, text, "Italic") for x, text in words]
    return header((750, "Sơn La,", "Sơn La,", "Italic"), *printed, (985, day, None, "BoldItalic"))


def of_kind(found, kind):
    return next(gap for gap in found if gap.kind == kind)


def test_a_number_between_label_and_symbol_is_read():
    gap = of_kind(gaps(*number_line("574")), "number")
    assert gap.readings[0][0] == "574"
    assert gap.box[0] < 285 / SIZE[0] and gap.box[2] > 320 / SIZE[0]


def test_a_place_left_blank_reads_as_blank():
    assert of_kind(gaps(*number_line("")), "number").readings[0][0] == ""
    assert of_kind(gaps(*date_line("")), "day").readings[0][0] == ""


def test_a_day_is_read_between_the_printed_words():
    found = gaps(*date_line("31"))
    assert of_kind(found, "day").readings[0][0] == "31"
    assert of_kind(found, "month").readings[0][0] == "3"


def test_what_tesseract_read_too_is_print():
    assert not of_kind(gaps(*number_line("574", "574")), "number").handwritten
    assert of_kind(gaps(*number_line("574", "5TU")), "number").handwritten


def test_the_form_of_the_party_is_known():
    page, image = header((200, "Số", "Số", "Regular"), (250, "182-CV/TU", "182-CV/TU", "Regular"))
    assert of_kind(gaps(page, image), "number").readings[0][0] == "182"


def test_a_label_that_lost_its_first_letter_is_known():
    page, image = header(
        (200, "S", None, "Regular"), (220, "ố:", "ố:", "Regular"), (270, "574", None, "BoldItalic"),
        (350, "/UBND-KTTH", "/UBND-KTTH", "Regular"),
    )  # fmt: skip
    assert of_kind(gaps(page, image), "number").readings[0][0] == "574"


def test_a_number_named_in_a_sentence_is_no_gap():
    sentence = ((150, "Căn cứ Nghị quyết", "quyết"), (470, "số", "số"), (520, "39/NQ-HĐND", "39/NQ-HĐND"))
    page, image = header(*((x, text, read, "Regular") for x, text, read in sentence))
    assert gaps(page, image) == ()


def test_without_the_recogniser_the_places_are_found_and_not_read():
    found = gaps(*number_line("574"), WithoutModel())
    assert [gap.kind for gap in found] == ["number"] and found[0].readings == ()
    assert WithoutModel().read_field("number", [Image.new("RGB", (90, 40))]) == []


def test_confidences_of_rivals_are_a_probability():
    readings = of_kind(gaps(*number_line("574")), "number").readings
    assert len(readings) <= 3
    assert all(0 <= sure <= calibration.HIGHEST for _, sure in readings)
    assert sum(sure for _, sure in readings) <= 1
    assert [sure for _, sure in readings] == sorted((sure for _, sure in readings), reverse=True)


def written(text):
    font = ImageFont.truetype(str(FONTS / "Tinos-Italic.ttf"), 40)
    picture = Image.new("RGB", (round(font.getlength(text)) + 40, 64), "white")
    ImageDraw.Draw(picture).text((20, 8), text, "black", font)
    return picture


def read(name, text):
    return Reader().read_field(name, [written(text)])


@pytest.mark.parametrize(
    ("text", "iso"),
    [("25/3/20", "2020-03-25"), ("25.3.2020", "2020-03-25"), ("04/4/18", "2018-04-04"), ("25/3", "--03-25")],
)
def test_a_date_as_clerks_write_it_becomes_iso(text, iso):
    assert read("date", text)[0][0] == iso


def test_no_date_is_read_that_the_calendar_has_not():
    assert all(text not in ("2021-02-30", "--02-30") for text, _ in read("date", "30/2/21"))


def test_digits_and_days_are_read_alone():
    assert read("number", "2770")[0][0] == "2770"
    assert read("day", "07")[0][0] == "7"
    assert "Chuyển" in Reader().line(written("Chuyển"))[0][0] or Reader().line(written("Chuyển"))[0][0]


def test_the_network_spells_what_is_written():
    logs = open_network().strip(written("2770"), 1.2)
    assert logs.shape[1] == 1 + len(LETTERS) and np.allclose(np.exp(logs).sum(1), 1, atol=1e-4)
    best = logs.argmax(1)
    assert "".join(LETTERS[c - 1] for t, c in enumerate(best) if c and (t == 0 or c != best[t - 1])) == "2770"


def test_a_dotted_line_with_nothing_on_it_is_blank():
    font = ImageFont.truetype(str(FONTS / "Tinos-Regular.ttf"), 40)
    strip = Image.new("RGB", (300, 72), "white")
    ImageDraw.Draw(strip).text((4, 14), ".............................", "black", font)
    for name in ("number", "date", "time"):
        assert Reader().read_field(name, [strip])[0][0] == ""


def test_a_field_of_words_is_not_read():
    assert Reader().read_field("forward_to", [written("VX")]) == []
    assert Reader().read_field("number", []) == []


def test_a_blue_pen_is_read_on_a_red_leader_and_over_print():
    strip = Image.new("RGB", (300, 72), "white")
    draw, font = ImageDraw.Draw(strip), ImageFont.truetype(str(FONTS / "Tinos-Regular.ttf"), 40)
    draw.text((4, 14), ".............................", (205, 30, 45), font)
    draw.text((60, 5), "574", (35, 55, 165), ImageFont.truetype(str(FONTS / "Tinos-Italic.ttf"), 50))
    assert Reader().read_field("number", [strip], "red")[0][0] == "574"


def test_strips_of_digits_kept_back_are_read():
    if not (MATERIAL.parent / "scansim").is_dir():
        pytest.skip("the material is not here")
    pens, samples = strips.digit_samples(MATERIAL.parent / "scansim", MATERIAL / "handwriting" / "digits", "test")
    made = list(itertools.islice(strips.strips(11, pens, samples), 24))
    right = [Reader().read_field(one.kind, [one.picture], one.ink)[0][0] == meant(one) for one in made]
    assert sum(right) >= 15


def test_strips_of_stamps_are_cut_where_the_archive_cuts():
    if not (MATERIAL.parent / "scansim").is_dir():
        pytest.skip("the material is not here")
    digits = MATERIAL / "handwriting" / "digits"
    made = list(itertools.islice(stamp_strips.pressed(3, "test", MATERIAL.parent / "scansim", digits), 8))
    right = [Reader().read_field(one.kind, [one.picture])[0][0] == meant(one) for one in made]
    assert {one.kind for one in made} >= {"number", "date"} and sum(right) >= 4


def test_a_part_of_a_view_has_the_same_columns_of_both_readers():
    view = Reader().views(written("2770"), (1.0,))[0]
    part = view.part(3, 7)
    assert np.array_equal(part.frames, view.frames[3:7]) and np.array_equal(part.digits, view.digits[6:14])


def paths_sum(probabilities, text):
    """The same by brute force: all paths that collapse to `text`."""
    total = 0.0
    frames, letters = probabilities.shape
    for path in itertools.product(range(letters), repeat=frames):
        collapsed = tuple(n for t, n in enumerate(path) if n and (t == 0 or n != path[t - 1]))
        if collapsed == text:
            total += math.prod(probabilities[t, n] for t, n in enumerate(path))
    return total


def test_the_score_of_a_text_is_the_sum_of_its_paths():
    probabilities = np.random.default_rng(1).dirichlet(np.ones(3), 4).astype(np.float32)
    texts = [(), (1,), (2, 2), (1, 2), (1, 1)]
    scores = ctc.score(ctc.logs(probabilities), texts)
    assert np.allclose(np.exp(scores), [paths_sum(probabilities, text) for text in texts], atol=1e-6)


def test_every_number_is_scored_at_once_as_each_alone():
    frames = ctc.logs(np.random.default_rng(3).dirichlet(np.full(15, 0.2), 12).astype(np.float32))
    texts = [text for n in range(4) for text in itertools.product(range(1, 11), repeat=n)]
    assert np.allclose(np.concatenate(ctc.score_numbers(frames, 3)), ctc.score(frames, texts))


def test_where_little_is_seen_any_number_may_be_what_a_book_waits_for():
    seen = Seen([ctc.logs(np.random.default_rng(4).dirichlet(np.ones(15), 12).astype(np.float32))], [])
    assert {"7", "07", "288", "2770", "9999"} <= judged("number", seen).keys()


def test_the_beam_keeps_to_the_grammar():
    probabilities = np.random.default_rng(2).dirichlet(np.ones(3), 5).astype(np.float32)
    found = ctc.beam(ctc.logs(probabilities), lambda text: len(text) <= 2, lambda text: len(text) == 2)
    assert found and all(len(text) == 2 for text in found)


def test_real_fields_are_read():
    manifest = MATERIAL / "handwriting" / "manifest.tsv"
    if not manifest.is_file():
        pytest.skip("the material is not here")
    wrong, reader = [], Reader()
    for row in (row for row in rows_of(manifest) if "/fields/" in row["file"]):
        picture = Image.open(MATERIAL / row["file"]).convert("RGB")
        kind = "day" if "/date_" in row["file"] else "number"
        truth = row["ground_truth"]
        want = str(int(truth[-2:])) if kind == "day" else truth.split("/")[0]
        readings = read_line(reader, picture, kind)
        assert want in [text for text, _ in readings], row["file"]
        wrong += [row["file"]] if readings[0][0] != want else []
    assert len(wrong) <= 1
