"""Rows of dots, and print that is none."""

from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from archive.leaders import leaders

FONT = Path("/usr/share/fonts/truetype/croscore/Tinos-Regular.ttf")
PX = 10.0


def lines(*texts, points=10.5, left=2.0):
    """Lines of text in a picture of 40 x 30 mm, their feet at the given mm."""
    picture = Image.new("L", (400, 300), 255)
    font = ImageFont.truetype(str(FONT), round(points * PX * 25.4 / 72))
    for height, text in texts:
        ImageDraw.Draw(picture).text((left * PX, height * PX), text, 0, font, anchor="ls")
    return picture


@pytest.mark.parametrize("points", [9, 10.5, 13])
def test_dots_are_found_where_they_stand(points):
    found = leaders(lines((8, "." * 36), (13.5, "." * 36), (20, "Chuyển" + "." * 30), points=points), PX)
    assert [round(leader.height) for leader in found if leader.strength > 0.6] == [8, 13, 20]


def test_dots_under_print_and_pen_are_found():
    picture = lines((8, "." * 36), (14, "." * 36), (10.7, "đạo, điều hành các sở, ban, ngành"))
    ImageDraw.Draw(picture).line((100, 60, 130, 85, 150, 50, 190, 90), 0, 6)
    assert [round(leader.height) for leader in leaders(picture, PX)[:2]] == [8, 14]


def test_print_alone_is_no_leader():
    text = "Thực hiện Kế hoạch công tác năm"
    assert all(leader.strength < 0.6 for leader in leaders(lines((8, text), (14, text), (20, text)), PX))


def test_blank_paper_has_none():
    assert leaders(Image.new("L", (400, 300), 250), PX) == []
    assert leaders(Image.new("L", (20, 30), 250), PX) == []
