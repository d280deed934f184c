"""The electronic ĐẾN stamp: on a copy, where the page is emptiest, upright however the page lies."""

import io

import numpy as np
import pypdfium2
import pytest

from archive import register_stamp
from archive.children import Child
from archive.errors import BadValue, Conflict, Unreadable
from archive.forms import MM
from tests.archive.test_forms import pages

STAMP = register_stamp.Stamp("Văn phòng Tỉnh ủy", "1161", "25/03/2026", "Phòng Văn xã", "01.TCCB")


def paper(path, draw=None, count=2, size=(210, 297)):
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(path), pagesize=(size[0] * MM, size[1] * MM), invariant=1)
    for number in range(count):
        canvas.drawString(40, 60, f"trang {number + 1}")
        if draw:
            draw(canvas)
        canvas.showPage()
    canvas.save()
    return path


def copied(path, numbers=(1, 2), turns=(0, 0)):
    return register_stamp.copy(str(path), list(numbers), list(turns), register_stamp.drawn(STAMP))


def red(pdf, page=0):
    """Left, top, right, bottom of what is red on the page as it is shown, in mm; None where nothing is."""
    document = pypdfium2.PdfDocument(pdf)
    shown = np.asarray(document[page].render(scale=4 / MM, rev_byteorder=True).to_pil().convert("RGB")).astype(int)
    document.close()
    rows, columns = np.nonzero((shown[:, :, 0] > 150) & (shown[:, :, 1] < 100))
    return (columns.min() / 4, rows.min() / 4, columns.max() / 4, rows.max() / 4) if len(rows) else None


def test_the_drawing_is_fifty_by_thirty_five_and_says_what_the_law_wants():
    texts, sizes = pages(register_stamp.drawn(STAMP))
    assert sizes == {(50, 35)}
    for words in ("VĂN PHÒNG TỈNH ỦY", "ĐẾN", "Số:", "1161", "Ngày:", "25/03/2026", "Chuyển:", "Phòng Văn xã",
                  "Số và ký hiệu HS:", "01.TCCB"):  # fmt: skip
        assert words in texts[0], words


def test_the_copy_has_the_stamp_on_its_first_page_only_and_the_original_stays(tmp_path):
    original = paper(tmp_path / "a.pdf")
    before = original.read_bytes()
    copy = copied(original)
    texts, _ = pages(copy)
    assert original.read_bytes() == before
    assert "1161" in texts[0] and "trang 1" in texts[0] and "1161" not in texts[1] and "trang 2" in texts[1]
    assert red(copy, 1) is None


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_the_stamp_is_as_large_as_the_law_says_and_upright_on_every_page(tmp_path, turn):
    copy = copied(paper(tmp_path / "a.pdf"), turns=(turn, 0))
    left, top, right, bottom = red(copy)
    assert (right - left, bottom - top) == pytest.approx((50, 35), abs=1)
    wide, high = (297, 210) if turn in (90, 270) else (210, 297)
    assert 0.1 * high - 1 <= top and bottom <= 0.46 * high + 1 and left >= 2 and right <= wide - 2
    seen = picture(copy).crop(tuple(round(edge * 4) for edge in (left, top, right, bottom)))
    drawn = picture(register_stamp.drawn(STAMP))
    assert unlike(seen, drawn) < unlike(seen.rotate(180), drawn) / 2


def picture(pdf):
    document = pypdfium2.PdfDocument(pdf)
    shown = document[0].render(scale=4 / MM).to_pil().convert("L")
    document.close()
    return shown


def unlike(one, other):
    """How far two pictures of the stamp are apart on average."""
    first, second = (np.asarray(shown.resize((200, 140))).astype(int) for shown in (one, other))
    return np.abs(first - second).mean()


def test_it_stands_where_the_page_is_empty(tmp_path):
    def draw(canvas):
        canvas.rect(0, 150 * MM, 120 * MM, 147 * MM, fill=1)

    left, _, right, _ = red(copied(paper(tmp_path / "a.pdf", draw)))
    assert left > 120 and right < 208


def test_a_page_without_room_is_not_spoilt(tmp_path):
    def draw(canvas):
        canvas.rect(0, 140 * MM, 210 * MM, 157 * MM, fill=1)

    with pytest.raises(Conflict, match="in nhãn"):
        copied(paper(tmp_path / "a.pdf", draw))
    with pytest.raises(Conflict, match="nhỏ hơn"):
        copied(paper(tmp_path / "b.pdf", size=(40, 60)))


def test_pages_of_a_bundle_come_in_the_order_of_the_document(tmp_path):
    texts, _ = pages(copied(paper(tmp_path / "a.pdf", count=4), (3, 2), (0, 0)))
    assert ["trang 3" in texts[0], "trang 2" in texts[1], len(texts)] == [True, True, 2]


def test_a_broken_file_is_refused_in_the_child(tmp_path):
    broken = tmp_path / "a.pdf"
    broken.write_bytes(b"%PDF-1.7 nothing")
    with Child(name="stamp") as child, pytest.raises(Unreadable, match="bản gốc vẫn an toàn"):
        child.run("archive.register_stamp:copy", str(broken), [1], [0], b"", wall=30.0, cpu=30.0)
    with pytest.raises(Unreadable):
        copied(paper(tmp_path / "b.pdf"), (9,), (0,))


def test_labels_fill_sheets_of_three_by_seven():
    texts, sizes = pages(register_stamp.labels([STAMP] * 22))
    assert sizes == {(210, 297)} and [text.count("1161") for text in texts] == [21, 1]
    for count in (0, register_stamp.MOST_LABELS + 1):
        with pytest.raises(BadValue):
            register_stamp.labels([STAMP] * count)


@pytest.mark.parametrize("odd", ["", "Ủy ban nhân dân " * 30, "x" * 900, "\ud800\x00\n\n", "漢字"])
def test_no_text_is_too_odd_for_a_stamp(odd):
    assert register_stamp.drawn(register_stamp.Stamp(odd, odd, odd, odd, odd)).startswith(b"%PDF")
    assert io.BytesIO(register_stamp.labels([register_stamp.Stamp(odd, odd, odd, odd, odd)])).read(4) == b"%PDF"
