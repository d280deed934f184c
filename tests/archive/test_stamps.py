"""Small stamps drawn with Pillow; the real ones where the material is at hand."""

import dataclasses
import os
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFont

from archive import frames, ink, sides, stamps
from archive.bands import Label, look, other_bands
from archive.labels import _unevenness, above_date, labels_of
from archive.leaders import Leader
from archive.parting import standing_out
from archive.pen import Reader
from archive.penned import end_of_first_writing, penned
from archive.pressed import pressed
from archive.reading import Page, Word
from archive.running import in_a_sentence, of_sentences
from archive.straight import straighten

FONTS = Path("/usr/share/fonts/truetype/croscore")
MATERIAL = Path(os.environ.get("VANTHU_MATERIAL", Path(__file__).parents[3] / "shared" / "material"))
DPI = 200
INKS = {"red": (205, 30, 45), "blue": (40, 60, 170), "violet": (115, 45, 135), "black": (30, 30, 30)}


class WithoutModel(Reader):
    @property
    def recogniser(self):
        return None


def font(points, style="Regular"):
    return ImageFont.truetype(str(FONTS / f"Tinos-{style}.ttf"), round(points * DPI / 72))


def mm(value):
    return round(value * DPI / 25.4)


def sheet(mode="RGB"):
    """An A4 page with some lines of print."""
    page = Image.new("RGB", (mm(210), mm(297)), "white")
    draw = ImageDraw.Draw(page)
    for n in range(12):
        draw.text((mm(30), mm(150 + 8 * n)), "Thực hiện Kế hoạch công tác năm, các sở, ban, ngành", "black", font(13))
    return page.convert(mode)


def stamp(colour="red", number="1161", date="25/3/20", pen=(20, 30, 120), organ="VĂN PHÒNG TỈNH ỦY"):
    """A stamp of 50 x 35 mm with 5 mm of paper around it, filled in."""
    picture = Image.new("RGB", (mm(60), mm(45)), "white")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((mm(5), mm(5), mm(55), mm(40)), outline=INKS[colour], width=4)
    draw.text((mm(30), mm(9)), organ, INKS[colour], font(10, "Bold"), anchor="mm")
    draw.text((mm(30), mm(14.5)), "ĐẾN", INKS[colour], font(13, "Bold"), anchor="mm")
    rows = (("Số:", number), ("Ngày:", date), ("Chuyển:", ""), ("Lưu hồ sơ số:", ""))
    for row, (label, written) in enumerate(rows):
        base = mm(20.5 + 5.6 * row)
        draw.text((mm(8), base), label + "." * (44 - len(label)), INKS[colour], font(10.5), anchor="ls")
        draw.text((mm(26), base - 2), written, pen, font(15, "Italic"), anchor="ls")
    return picture


def stamped(picture, angle=0.0, at=(20, 60), mode="RGB"):
    page = sheet()
    page.paste(picture.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor="white"), (mm(at[0]), mm(at[1])))
    return page.point(lambda v: 255 if v > 140 else 0).convert("1") if mode == "1" else page.convert(mode)


def found_on(image, reader=None, offices=()):
    return stamps.find(Page(1, dpi=float(DPI), width=image.width, height=image.height), image, reader, offices)


def values(stamp):
    best = {}
    for finding in stamp.fields:
        best.setdefault(finding.field, finding)
    return best


@pytest.mark.parametrize(("colour", "mode"), [("red", "RGB"), ("blue", "RGB"), ("black", "1"), ("violet", "L")])
def test_a_stamp_of_any_ink_is_found_and_read(colour, mode):
    found = values(found_on(stamped(stamp(colour), mode=mode)))
    assert (found["number"].value, found["date"].value) == ("1161", "2020-03-25")


@pytest.mark.parametrize("angle", [-14, 9])
def test_a_stamp_may_stand_askew(angle):
    found = found_on(stamped(stamp("blue"), angle))
    assert abs(found.angle - angle) <= 1
    assert values(found)["number"].value == "1161"


def test_a_stamp_may_be_cut_by_the_edge_of_the_page():
    assert found_on(stamped(stamp("black"), at=(-12, 60)))


def test_each_field_has_a_box_that_holds_it():
    found = values(found_on(stamped(stamp("red"))))
    left, top, right, bottom = found["number"].box
    assert left * 210 < 20 + 26 < right * 210 and top * 297 < 60 + 18.5 < bottom * 297
    assert {"forward_to", "file_ref", "organ"} <= found.keys()
    assert found["forward_to"].value is None


def test_nothing_the_pen_wrote_is_surer_than_the_pen():
    assert all(f.confidence < 1 and f.witness in ("pen", "stamp") for f in found_on(stamped(stamp())).fields)


def test_an_office_that_is_known_is_named_rightly():
    found = values(found_on(stamped(stamp("red")), offices=("Văn phòng Tỉnh ủy", "Sở Y tế")))
    assert found["organ"].value == "Văn phòng Tỉnh ủy"


def test_a_page_of_print_has_no_stamp():
    assert found_on(sheet()) is None


def test_a_table_is_no_stamp():
    page = sheet()
    draw = ImageDraw.Draw(page)
    for row in range(4):
        for column in range(3):
            x, y = 20 + 55 * column, 40 + 20 * row
            draw.rectangle((mm(x), mm(y), mm(x + 55), mm(y + 20)), outline="black", width=3)
            draw.text((mm(x + 4), mm(y + 4)), "Số: 12\nNgày 3/4", "black", font(12))
    assert found_on(page) is None


@pytest.mark.parametrize(
    ("title", "rows"),
    [("SAO Y BẢN CHÍNH", ("Số:", "Ngày:")), ("CÔNG VĂN ĐI", ("Số:", "Ngày:")), ("LƯU TRỮ", ("Hộp số:", "Hồ sơ số:"))],
)
def test_other_rubber_stamps_with_dotted_lines_are_no_arrival_stamps(title, rows):
    picture = Image.new("RGB", (mm(60), mm(40)), "white")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((mm(5), mm(5), mm(55), mm(33)), outline=INKS["red"], width=4)
    draw.text((mm(30), mm(11)), title, INKS["red"], font(11, "Bold"), anchor="mm")
    for row, label in enumerate(rows):
        draw.text((mm(8), mm(21 + 6 * row)), label + "." * (44 - len(label)), INKS["red"], font(10.5), anchor="ls")
    assert found_on(stamped(picture)) is None


def test_a_box_of_text_is_no_stamp():
    page = sheet()
    draw = ImageDraw.Draw(page)
    draw.rectangle((mm(60), mm(40), mm(112), mm(74)), outline="black", width=3)
    draw.text((mm(64), mm(46)), "DỰ THẢO\nlần thứ hai", "black", font(14))
    assert found_on(page) is None


def test_the_label_of_the_number_ends_behind_both_its_letters():
    picture = Image.new("RGB", (550, 56), "white")
    ImageDraw.Draw(picture).text((60, 5), "Số", 0, font(10.5))
    (label,) = [label for label in look(picture, Reader(), [0.0]) if label.name == "number"]
    assert label.right - label.left >= 3.3


def test_without_the_recogniser_the_pen_is_left_to_the_clerk():
    found = found_on(stamped(stamp("black")), WithoutModel())
    assert found is None or all(f.value is None and f.box for f in found.fields if f.witness == "pen")


def test_a_red_ring_is_a_round_seal_and_a_stamp_is_none():
    page = stamped(stamp("red"))
    draw = ImageDraw.Draw(page)
    draw.ellipse((mm(120), mm(230), mm(157), mm(267)), outline=INKS["red"], width=8)
    draw.ellipse((mm(132), mm(242), mm(145), mm(255)), fill=INKS["red"])
    found = stamps.marks(Page(1, dpi=float(DPI), width=page.width), page)
    assert [mark.kind for mark in found] == ["round_seal"]


def test_urgency_and_secrecy_are_lines_of_their_own():
    words = [
        Word("HỎA", (0.1, 0.1, 0.15, 0.12), 0.9, 1), Word("TỐC", (0.16, 0.1, 0.2, 0.12), 0.9, 1),
        Word("MẬT", (0.1, 0.2, 0.15, 0.22), 0.9, 2),
        Word("bảo", (0.1, 0.3, 0.15, 0.32), 0.9, 3), Word("MẬT", (0.2, 0.3, 0.25, 0.32), 0.9, 3),
    ]  # fmt: skip
    found = stamps.marks(Page.of_words(1, words), Image.new("L", (400, 600), 255))
    assert [(mark.kind, mark.text) for mark in found] == [("urgency", "HỎA TỐC"), ("secrecy", "MẬT")]


def real_page(name, number=1):
    path = MATERIAL / "scans" / name
    if not path.is_file():
        pytest.skip("the material is not here")
    if path.suffix == ".pdf":
        document = pypdfium2.PdfDocument(path)
        image = document[number - 1].render(scale=300 / 72).to_pil()
        document.close()
        return image
    return Image.open(path)


def test_the_real_stamp_over_print_at_the_edge_is_read():
    image = real_page("vbhc/2770_(08-CT-UBND)..signed.pdf")
    found = values(stamps.find(Page(1), image))
    assert (found["number"].value, found["date"].value) == ("2770", "2018-04-04")


def test_the_real_stamp_with_an_hour_is_read():
    found = values(stamps.find(Page(1), real_page("ocr_vbpl/pline_1.jpg")))
    assert (found["time"].value, found["date"].value) == ("C", "2021-03-29")
    assert "number" not in found


def test_the_real_seal_is_no_stamp():
    assert stamps.find(Page(1), real_page("ocr_vbpl/pline_2.jpg")) is None


def test_a_stamp_may_have_both_hour_and_number():
    placed = [Label("time", 3, 6, 10, 6), Label("number", 3, 6, 16, 5), Label("date", 3, 9, 22, 9)]
    assert _unevenness(placed[:2]) == _unevenness(placed) == 0


def test_lines_whose_labels_are_hidden_are_counted_up_on_the_leaders():
    dots = [Leader(20.0, 0.8), Leader(25.5, 0.7), Leader(31.0, 0.9)]
    seen = [Label("forward_to", 5.5, 15, 29.6, 14)]
    found = labels_of(seen, Image.new("L", (550, 400)), dots)
    assert [round(found[name].middle, 1) for name in ("number", "date")] == [18.6, 24.1]


def test_without_leaders_lines_are_counted_up_as_far_as_they_usually_stand_apart():
    seen = [Label("forward_to", 5.5, 15, 29.6, 14)]
    for height, apart in ((400, 5.7), (240, 4.4)):
        found = labels_of(seen, Image.new("L", (550, height)), [])
        assert round(29.6 - found["date"].middle, 1) == round(found["date"].middle - found["number"].middle, 1) == apart


def test_print_behind_a_number_is_none_of_it():
    strip = Image.new("L", (400, 56), 255)
    draw = ImageDraw.Draw(strip)
    draw.text((45, 5), "2770", 0, font(15, "Italic"))
    draw.line((0, 3, 399, 3), 0, 5)
    assert end_of_first_writing(strip) is None
    draw.text((230, 8), "Thời gian", 0, font(13))
    assert 110 < end_of_first_writing(strip) < 215


def test_print_of_the_back_that_shows_through_behind_a_number_is_none_of_it():
    noise = np.random.default_rng(7).normal(0, 6, (56, 400))
    strip = Image.new("L", (400, 56), 235)
    draw = ImageDraw.Draw(strip)
    draw.text((45, 5), "447", 60, font(15, "Italic"))
    clean = Image.fromarray((np.asarray(strip) + noise).clip(0, 255).astype(np.uint8))
    assert end_of_first_writing(clean) is None
    draw.text((230, 8), "HOIT", 195, font(13))
    soiled = Image.fromarray((np.asarray(strip) + noise).clip(0, 255).astype(np.uint8))
    assert 80 < end_of_first_writing(soiled) < 215


def test_the_rest_of_a_frame_is_no_writing_before_a_number():
    strip = Image.new("L", (400, 56), 255)
    draw = ImageDraw.Draw(strip)
    draw.line((0, 3, 75, 3), 60, 6)
    draw.text((140, 5), "798", 0, font(15, "Italic"))
    draw.text((300, 8), "Thời", 0, font(13))
    assert 200 < end_of_first_writing(strip) < 290


def test_a_word_of_the_text_beside_the_frame_is_no_label():
    seen = [Label("date", 0.0, 7.5, 18.8, 4.9), Label("forward_to", 6.5, 16.8, 27.7, 13.9)]
    found = labels_of(seen, Image.new("L", (546, 412)), [Leader(23.5, 0.6), Leader(29.1, 0.93)])
    assert [round(found[name].middle, 1) for name in ("number", "date")] == [16.4, 22.1]
    assert found["date"].left == 6.5


def test_the_head_of_an_office_is_no_number():
    seen = [Label("number", 20.7, 24.5, 6.6, 4.6), Label("arrived", 7.5, 16.0, 14.9, 6.9)]
    assert labels_of(seen, Image.new("L", (540, 369)), []).keys() == {"arrived"}
    middle = [Label("number", 24.0, 27.0, 11.0, 4.6), Label("arrived", 25.0, 33.0, 11.5, 6.9)]
    assert labels_of(middle, Image.new("L", (540, 400)), []).keys() == {"arrived"}


def test_a_label_seen_in_bands_above_and_below_it_stands_between_them():
    seen = [Label("date", 23.6, 30.2, 21.7, 11.1), Label("date", 23.6, 30.2, 18.0, 9.7)]
    found = labels_of(seen, Image.new("L", (566, 380)), [])
    assert 19.7 < found["date"].middle < 20.3


def test_a_number_stands_on_the_first_lines_of_a_form():
    dots = [Leader(17.8, 0.9), Leader(23.2, 0.8), Leader(28.5, 0.9), Leader(33.7, 0.8)]
    seen = [Label("number", 24, 29, 34.8, 6.4), Label("number", 6.5, 11, 16, 6.1)]
    found = labels_of(seen, Image.new("L", (550, 400)), dots)
    assert [round(found[name].middle, 1) for name in ("number", "date")] == [16.4, 21.8]


def test_a_word_of_the_text_far_left_of_the_date_is_no_hour():
    dots = [Leader(14.6, 0.6), Leader(20.5, 0.64), Leader(26.3, 0.87)]
    seen = [
        Label("time", 6.5, 13.9, 14.8, 3.6),
        Label("date", 23.2, 29.7, 19.1, 11),
        Label("forward_to", 6.5, 16, 25, 7),
    ]
    found = labels_of(seen, Image.new("L", (582, 369)), dots)
    assert {name: round(label.middle, 1) for name, label in found.items()} == {
        "number": 13.2,
        "date": 19.1,
        "forward_to": 24.9,
    }
    assert found["number"].left == 23.2


def test_a_word_of_the_text_too_far_above_the_other_labels_is_no_hour():
    seen = [Label("forward_to", 6.5, 16.6, 28.8, 6.9), Label("file_ref", 5.5, 25.9, 34.8, 10.1)]
    found = labels_of([Label("time", 17.6, 22.2, 9.7, 6.4), *seen], Image.new("L", (555, 412)), [])
    assert found.keys() == {"number", "date", "forward_to", "file_ref"}
    assert 21.5 < found["date"].middle < 24
    hour = labels_of([Label("time", 6.5, 11, 16.6, 6.4), *seen], Image.new("L", (555, 412)), [])
    assert round(hour["time"].middle, 1) == 16.6


def test_above_a_date_that_the_pen_alone_shows_the_number_is_looked_for():
    date = {"date": Label("date", 11.5, 11.5, 23.5, 0)}
    found = above_date(date, 40.0, 0)["number"]
    assert (round(found.middle, 1), found.right, found.weight) == (17.8, 11.5, 0)
    assert above_date(date, 40.0, 2.9)["number"].right == 2.9  # the page's edge has cut the label off
    assert above_date(date, 31.0, 0) == {}  # the last line of a stamp with an hour
    assert above_date({**date, "time": Label("time", 5, 9, 17, 6)}, 40.0, 0) == {}
    assert above_date({"date": dataclasses.replace(date["date"], middle=11.0)}, 40.0, 0) == {}


def test_lines_of_text_far_below_a_title_are_none_of_the_form():
    title, text = Label("arrived", 23.4, 29.9, 10.9, 6.9), [Leader(27.9, 0.57), Leader(33.9, 0.53)]
    assert labels_of([title], Image.new("L", (537, 410)), text).keys() == {"arrived"}
    dots = [Leader(18.0, 0.57), Leader(24.0, 0.53), *text]
    found = labels_of([title], Image.new("L", (537, 410)), dots)
    assert [round(found[name].middle, 1) for name in ("number", "date")] == [16.6, 22.6]


def faded(picture, threshold):
    """A stamp of which a bilevel scanner kept dots, its pen whole."""
    grey = picture.convert("L")
    noise = np.random.default_rng(4).normal(0, 34, grey.size[::-1])
    pale = np.where(np.asarray(grey) > 70, np.asarray(grey) * 0.35 + 255 * 0.65, np.asarray(grey))
    return Image.fromarray(np.where(pale + noise > threshold, 255, 0).astype(np.uint8)).convert("RGB")


def test_a_stamp_of_which_dots_are_left_is_found_by_its_frame_and_the_date_in_it():
    page = stamped(faded(stamp("red", pen=(10, 10, 20)), 155), angle=-3, mode="1")
    assert frames.frames(dark_plane(page)) == []
    assert round(frames.faint_frames(dark_plane(page))[0].angle) == -3
    assert values(found_on(page))["date"].value == "2020-03-25"


def test_print_of_which_dots_are_left_is_read_once_they_have_grown_together():
    page = stamped(faded(stamp("red", pen=(255, 255, 255)), 155), mode="1").convert("L")
    frame = frames.Frame((mm(50), mm(82.5)), mm(50), mm(35), 0.0, 0.9)
    suspect = straighten(page, frame, DPI / 25.4)
    assert suspect.is_bilevel and not straighten(stamped(stamp("red")), frame, DPI / 25.4).is_bilevel
    assert look(suspect.picture, Reader(), other_bands(suspect.picture)) == []
    grown = stamps.thickened(suspect.picture)
    assert "arrived" in {label.name for label in look(grown, Reader(), other_bands(grown))}


def test_a_frame_takes_the_cell_of_its_title_along_but_no_line_that_is_none():
    whole = frames.Frame((90.0, 60.0), 168.0, 54.0, 0.0, 0.9)
    right = frames.Frame((111.0, 60.0), 126.0, 54.0, 0.0, 0.93)
    assert frames._distinct([right, whole], frames.PLAIN) == [whole]
    assert frames._distinct([right, dataclasses.replace(whole, score=0.8)], frames.PLAIN) == [right]
    higher = dataclasses.replace(right, centre=(111.0, 52.5), height=69.0)
    assert frames._distinct([right, dataclasses.replace(higher, score=0.75)], frames.FAINT)[0].height == 69
    assert frames._distinct([right, dataclasses.replace(higher, score=0.7)], frames.FAINT) == [right]


def test_beside_a_title_alone_the_lines_are_those_of_its_dots():
    arrived = Label("arrived", 5.0, 15.0, 14.0, 6.8)
    dots = [Leader(13.5, 0.8), Leader(19.5, 0.8)]
    found = labels_of([arrived], Image.new("L", (500, 250)), dots)
    assert {name: round(label.middle, 1) for name, label in found.items()} == {
        "arrived": 14,
        "time": 12.1,
        "date": 18.1,
    }
    assert found["date"].left == 16
    assert labels_of([arrived], Image.new("L", (500, 250)), dots[:1]).keys() == {"arrived"}


def dark_plane(page):
    return ink.planes(page, sides.PER_MM / (DPI / 25.4))[0]


def test_print_that_runs_across_a_frame_says_it_was_pressed_upon_it():
    over = sheet()
    over.paste(stamp("black"), (mm(40), mm(160)), stamp("black").convert("L").point(lambda v: 255 if v < 200 else 0))
    page = Page(1, dpi=float(DPI), width=over.width, height=over.height)
    assert pressed(next(stamps.suspects(page, over))) == 1
    assert pressed(next(stamps.suspects(page, stamped(stamp("black"))))) == 0


def test_a_stamp_whose_labels_are_hidden_is_known_by_the_words_of_its_last_line_on_dots():
    picture = Image.new("RGB", (mm(60), mm(43)), "white")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((mm(5), mm(5), mm(55), mm(38)), outline="black", width=4)
    base = mm(34.5)
    plain = draw.textbbox((mm(8), base), "Số và ký hiệu HS:", font(10.5), anchor="ls")
    draw.text((mm(8), base), "Số và ký hiệu HS:", "black", font(10.5), anchor="ls")
    assert found_on(pressed_upon_a_line(picture)) is None
    for row in range(4):
        left = plain[2] if row == 3 else mm(24)
        draw.text((left, base - mm(6) * (3 - row)), "." * 38, "black", font(10.5), anchor="ls")
    assert found_on(pressed_upon_a_line(picture))


def pressed_upon_a_line(picture):
    page = sheet()
    draw = ImageDraw.Draw(page)
    draw.text((mm(10), mm(74)), "Thực hiện Kế hoạch công tác của tỉnh, các sở, ban, ngành", "black", font(13))
    upon = Image.new("RGB", page.size, "white")
    upon.paste(picture, (mm(20), mm(60)))
    return ImageChops.multiply(page, upon)


def test_below_a_last_line_of_date_stands_no_number():
    dots = [Leader(14.0, 0.8), Leader(20.0, 0.7)]
    seen = [Label("date", 18, 25, 18.6, 10)]
    assert labels_of(seen, Image.new("L", (500, 250)), dots).keys() == {"time", "date"}
    assert labels_of(seen, Image.new("L", (500, 400)), dots).keys() == {"number", "date"}


def test_an_office_whose_name_is_nearly_the_same_is_another():
    found = values(found_on(stamped(stamp("red", organ="VĂN PHÒNG THÀNH ỦY")), offices=("Văn phòng Tỉnh ủy",)))
    assert found["organ"].value != "Văn phòng Tỉnh ủy"


def test_a_date_in_the_text_says_nothing_for_a_stamp():
    page = Image.new("RGB", (mm(210), mm(297)), "white")
    draw, at = ImageDraw.Draw(page), (mm(80), mm(118))
    draw.text(at, "25/6/2015; trên cơ sở", "black", font(14), anchor="ls")
    printed = draw.textbbox(at, "25/6/2015;", font(14), anchor="ls")
    box = tuple(side / size for side, size in zip(printed, page.size * 2, strict=True))
    suspect = straighten(page, frames.Frame((mm(83), mm(112)), mm(42), mm(42), 0.0, 0.78, faint=True), DPI / 25.4)
    known = Page(1, words=(Word("25/6/2015;", box, 0.93),))
    assert penned(suspect, Reader(), stamps.RISE, known) == ({}, 0.0)
    assert "date" in penned(suspect, Reader(), stamps.RISE, Page(1))[0]


def test_at_the_edge_of_the_page_a_date_without_its_label_may_begin_there():
    page = Image.new("RGB", (mm(210), mm(297)), "white")
    ImageDraw.Draw(page).text((mm(9), mm(118)), "25/6/2015", "black", font(14, "Italic"), anchor="ls")
    left = {}
    for middle in (18, 24):
        frame = frames.Frame((mm(middle), mm(112)), mm(42), mm(42), 0.0, 0.78, faint=True)
        straight = straighten(page, frame, DPI / 25.4)
        left[middle] = penned(straight, Reader(), stamps.RISE, Page(1))[0]["date"].left - straight.page_left
    assert left[18] == 0
    assert left[24] > 9


def words_at(*places, y=110, line=3):
    """Words of one line: text, left and right in mm."""
    boxes = ((text, (left / 210, (y - 2) / 297, right / 210, (y + 2) / 297)) for text, left, right in places)
    return tuple(Word(text, box, 0.95, line=line) for text, box in boxes)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (words_at(("Ngãi", 50, 58), ("đến", 60, 66), ("năm", 68, 75), ("2020", 77, 85), ("và", 87, 112)), True),
        (words_at(("đến", 60, 66), ("năm", 68, 75), ("2020", 77, 85), ("và", 87, 112)), False),  # begins in the frame
        (words_at(("Ngãi", 50, 58), ("dân", 60, 66), ("năm", 68, 75), ("2020", 77, 85), ("và", 87, 112)), False),
        (words_at(("Ngãi", 30, 38), ("đến", 60, 66), ("năm", 68, 112)), False),  # what stands left is another text
        (words_at(("Ngãi", 50, 58), ("đến", 60, 66), ("và", 87, 112)), False),  # the pen's place lies between
        (words_at(("Ngãi", 50, 58), ("đến", 60, 66), ("năm", 68, 112), y=120), False),  # the line below
    ],
)
def test_words_of_sentences_are_no_labels(words, expected):
    page = Image.new("RGB", (mm(210), mm(297)), "white")
    frame = frames.Frame((mm(81), mm(112)), mm(50), mm(20), 0.0, 0.74, faint=True)  # 56 to 106 mm across
    suspect = straighten(page, frame, DPI / 25.4)
    label = Label("arrived", left=6.5, right=12.5, middle=10.5, weight=6.9)
    assert in_a_sentence(of_sentences(Page(1, words=words), suspect), suspect, label) is expected


def test_labels_seen_under_print_stand_on_the_rungs_of_the_leaders():
    dots = [Leader(18.2, 0.85), Leader(24.0, 0.75), Leader(29.7, 0.6), Leader(35.4, 0.66)]
    seen = [Label("forward_to", 6.5, 16.7, 30.8, 14.4), Label("file_ref", 5.6, 26.0, 34.0, 18.1)]
    found = labels_of(seen, Image.new("L", (544, 412)), dots)
    assert {name: round(label.middle, 1) for name, label in found.items()} == {
        "number": 16.8, "date": 22.6, "forward_to": 28.3, "file_ref": 34.0,
    }  # fmt: skip


def test_what_stands_in_the_lowest_part_of_a_frame_is_no_number():
    assert labels_of([Label("number", 5.6, 8.5, 29.3, 2.9)], Image.new("L", (590, 358)), []) == {}


def test_the_name_of_an_office_in_a_high_frame_is_no_number():
    seen = [Label("number", 23.2, 26.0, 5.9, 4.6), Label("file_ref", 5.6, 29.0, 29.1, 17.1)]
    found = labels_of(seen, Image.new("L", (570, 372)), [Leader(30.5, 0.65)])
    assert "number" not in found or found["number"].middle > 9


def test_a_cut_that_lost_its_left_end_begins_where_the_form_begins():
    found = labels_of([Label("file_ref", 13.0, 26.0, 34.8, 5.4)], Image.new("L", (569, 414)), [])
    assert found["number"].left < 7
    found = labels_of([Label("file_ref", 5.7, 17.9, 31.9, 13.4)], Image.new("L", (453, 390)), [], edge=1.5)
    assert found["date"].right == 1.5


def test_the_tip_of_a_slash_belongs_to_its_line_and_the_foot_of_a_digit_above_does_not():
    strip = Image.new("L", (300, 100), 255)
    draw = ImageDraw.Draw(strip)
    draw.line((60, 90, 90, 16), 0, 4)
    assert standing_out(strip, 40, 52) in range(23, 27)
    above = Image.new("L", (300, 100), 255)
    ImageDraw.Draw(above).line((150, 0, 150, 45), 0, 4)
    assert standing_out(above, 40, 52) == 0
