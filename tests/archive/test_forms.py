"""Legal forms as PDF: read back by pdfium, whatever the text."""

import hashlib
import re
import tomllib
from pathlib import Path

import pypdfium2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive import forms, lettering

FONTS = Path(forms.__file__).parent / "data" / "fonts"
LETTERS = "ĂÂĐÊÔƠƯăâđêôơưẢÃẠẦẤẨẪẬẰẮẲẴẶỀẾỂỄỆỒỐỔỖỘỜỚỞỠỢỪỨỬỮỰỲỶỸỴảãạầấẩẫậằắẳẵặềếểễệồốổỗộờớởỡợừứửữựỳỷỹỵỊịỎỏỤụỦủĨĩŨũ"
COLUMNS = (forms.Column("Số đến", 1, "center"), forms.Column("Trích yếu", 4))


def pages(pdf):
    """The text of every page, and the sheet in millimetres."""
    document = pypdfium2.PdfDocument(pdf)
    texts = [page.get_textpage().get_text_range().replace("\r\n", "\n") for page in document]
    sizes = {tuple(round(side / forms.MM) for side in page.get_size()) for page in document}
    document.close()
    return texts, sizes


@pytest.mark.parametrize("item", tomllib.loads((FONTS / "FONTS.toml").read_text())["file"], ids=lambda one: one["file"])
def test_each_face_is_the_one_that_was_recorded(item):
    assert hashlib.sha256((FONTS / item["file"]).read_bytes()).hexdigest() == item["sha256"]


def test_nothing_unrecorded_lies_beside_the_faces():
    listed = {one["file"] for one in tomllib.loads((FONTS / "FONTS.toml").read_text())["file"]}
    assert {file.name for file in FONTS.iterdir()} == listed | {"FONTS.toml"}


def test_every_vietnamese_letter_is_printed_as_itself_in_each_face():
    blocks = [forms.Text(LETTERS), forms.Text(LETTERS, bold=True), forms.Text(LETTERS, italic=True)]
    texts, _ = pages(forms.make(blocks))
    assert texts[0].replace("\n", "").count(LETTERS) == 3
    from reportlab.pdfbase import pdfmetrics

    assert all(
        ord(letter) in pdfmetrics.getFont(face).face.charToGlyph for face in lettering.faces() for letter in LETTERS
    )


def test_a_table_repeats_its_titles_and_their_numbers_on_every_page():
    rows = [("", f"phòng, chống dịch <{n}>") for n in range(1, 81)]
    texts, sizes = pages(forms.make([forms.Title("SỔ"), forms.Table(COLUMNS, rows)], sheet=forms.A3_LANDSCAPE))
    assert sizes == {(420, 297)} and len(texts) > 1
    assert all("Trích yếu" in text and "(1)" in text and "(2)" in text for text in texts)
    assert [text.splitlines()[-1].strip() for text in texts] == [
        f"Trang {n}/{len(texts)}" for n in range(1, len(texts) + 1)
    ]
    assert re.findall(r"<(\d+)>", " ".join(texts)) == [str(n) for n in range(1, 81)]


def test_a_cover_has_no_number_when_numbers_begin_after_it():
    texts, _ = pages(forms.make([forms.Title("BÌA"), forms.NewPage(), forms.Title("SỔ")], numbers_from=2))
    assert "Trang" not in texts[0] and "Trang 1/1" in texts[1]


def test_a_row_higher_than_a_page_goes_on_over_the_next_ones_with_nothing_lost():
    words = [f"từ{n}" for n in range(6000)]
    texts, _ = pages(forms.make([forms.Table(COLUMNS, [("1", " ".join(words)), ("2", "sau")])]))
    said = " ".join(texts).split()
    assert [word for word in said if word.startswith("từ")] == words
    assert len(texts) > 2 and "sau" in texts[-1]


def test_markup_is_letters():
    texts, _ = pages(forms.make([forms.Table(COLUMNS, [("<b>1</b>", "<para>&amp; <img src='x'/> </font>")])]))
    assert "<b>1</b>" in texts[0] and "<para>&amp; <img src='x'/> </font>" in texts[0]


def test_a_long_code_breaks_after_a_sign_and_stays_inside_its_column():
    lines = lettering.wrap("1234/QĐ-UBND-VPCP-KTTH", lettering.REGULAR, 11, 60)
    assert "".join(lines) == "1234/QĐ-UBND-VPCP-KTTH"
    assert all(lettering.width(line, lettering.REGULAR, 11) <= 60 for line in lines)
    assert all(line[-1] in "/-" for line in lines[:-1])


@pytest.mark.parametrize(
    ("office", "superior", "right"),
    [
        ("Văn phòng Tỉnh ủy", "", "ĐẢNG CỘNG SẢN VIỆT NAM"),
        ("Văn phòng Tỉnh uỷ", "", "ĐẢNG CỘNG SẢN VIỆT NAM"),
        ("Ban Tổ chức", "Thành ủy Huế", "ĐẢNG CỘNG SẢN VIỆT NAM"),
        ("UBND xã Thử", "UBND tỉnh A", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"),
        ("", "", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"),
    ],
)
def test_the_title_block_is_the_one_of_the_states_or_the_partys_organs(office, superior, right):
    block = forms.letterhead(office, superior)
    assert block.right[0] == right
    assert block.left == tuple(one.upper() for one in (superior, office) if one)


def test_the_same_form_is_the_same_bytes():
    assert forms.make([forms.Title("SỔ")]) == forms.make([forms.Title("SỔ")])


odd = st.text(st.characters(), max_size=60) | st.sampled_from(
    ["\ud800", "\x00", "e\u0302\u0301", "漢" * 300, "\U0001f600" * 50, "\n" * 90]
)


@given(odd, odd)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_text_is_too_odd_to_print(one, other):
    blocks = [
        forms.letterhead(one, other), forms.Title(one, [other]), forms.Text(one, indent=10), forms.Leaders(2),
        forms.Table([forms.Column(one, 1), forms.Column(other, 0.01)], [(one, other)]), forms.Gap(900),
        forms.Signing([forms.Place(one, other, name=one), forms.Place(other)]),
    ]  # fmt: skip
    assert forms.make(blocks, name=one, footer=other).startswith(b"%PDF-")
