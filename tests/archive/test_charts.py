"""Pictures of numbers: well-formed, escaped, told in words, no style of their own."""

import re
from xml.etree import ElementTree

import pytest

from archive import charts
from archive.charts import Series

LABELS = ["1/2026", "2/2026", "3/2026"]
NOW = Series("Kỳ này", "c1", [1161, 0, 7])
LATE = Series("Trễ & muộn", "bad", [3, 0, 0])
DRAWN = {
    "bars": lambda: charts.bars("k", "Nơi <gửi>", [("Sở Y tế", 1161), ('A "B" <script>', 0)]),
    "columns": lambda: charts.columns("k", "Nơi <gửi>", LABELS, [NOW, LATE]),
    "lines": lambda: charts.lines("k", "Nơi <gửi>", LABELS, [NOW, LATE]),
    "multiples": lambda: charts.multiples("k", "Nơi <gửi>", LABELS, [("Phòng Văn xã", [NOW, LATE]), ("<b>", [NOW])]),
}


@pytest.mark.parametrize("kind", DRAWN)
def test_a_picture_is_told_and_brings_no_style(kind):
    svg = DRAWN[kind]()
    tree = ElementTree.fromstring(svg)
    assert tree.get("role") == "img" and tree.get("aria-labelledby") == "k-t k-d"
    assert [part.text for part in tree if part.tag == "title"] == ["Nơi <gửi>"]
    assert "1.161" in next(part.text for part in tree if part.tag == "desc")
    assert "style" not in svg and "<script>" not in svg and "<b>" not in svg
    shown = {part.text for part in tree if part.tag == "text"}
    assert {"bars": "1.161", "columns": "1.164", "lines": "7", "multiples": "1.164"}[kind] in shown


@pytest.mark.parametrize("kind", DRAWN)
def test_nothing_is_drawn_outside_or_without_a_size(kind):
    svg = DRAWN[kind]()
    wide, high = map(float, re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg).groups())
    for x, y, w, h in re.findall(r'x="([-\d.]+)" y="([-\d.]+)" width="([-\d.]+)" height="([-\d.]+)"', svg):
        assert float(x) >= 0 and float(y) >= 0 and float(x) + float(w) <= wide + 1 and float(y) + float(h) <= high + 1
    assert "nan" not in svg and "inf" not in svg


@pytest.mark.parametrize("draw", [charts.columns, charts.lines])
def test_without_a_number_there_is_still_a_picture(draw):
    ElementTree.fromstring(draw("k", "Trống", [], [Series("a", "c1", [])]))
    ElementTree.fromstring(draw("k", "Trống", ["1"], [Series("a", "c1", [0])]))


def test_thirty_columns_name_only_the_highest_and_some_days():
    days = [f"{n}/3" for n in range(1, 32)]
    svg = charts.columns("k", "t", days, [Series("a", "c1", [5] * 30 + [90])])
    assert svg.count('class="num mid"') == 1 and svg.count('class="soft mid"') < 16
