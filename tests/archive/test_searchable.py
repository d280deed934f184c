"""Searchable PDFs: other programs find the words where they stand, over the original's own pixels, in PDF/A-2b."""

import io
import struct
import xml.etree.ElementTree as ET

import pikepdf
import pypdfium2
import pytest
from PIL import Image

from archive import pdfa, plates, scans, searchable, views
from archive.plates import Plate
from archive.reading import Page, Word
from bench._hostile_files import pdf, stream
from tests.archive.paper import letter, saved

WORDS = (
    Word("Thông", (0.10, 0.10, 0.20, 0.12), 0.9, 0), Word("báo", (0.21, 0.10, 0.28, 0.12), 0.9, 0),
    Word("đăng", (0.10, 0.20, 0.19, 0.22), 0.9, 1), Word("ký", (0.20, 0.20, 0.24, 0.22), 0.9, 1),
)  # fmt: skip
LEANING = (
    "Tham dự cuộc họp có lãnh đạo: Uỷ ban MTTQ Việt Nam tỉnh, Bộ Chỉ", "huy Quân sự tỉnh, Bộ Chỉ huy Bộ đội Biên phòng",
    "tỉnh; Thủ trưởng các cơ quan, đơn vị: Văn phòng UBND tỉnh, Sở Xây",
)  # fmt: skip


def jpeg(image, **how):
    out = io.BytesIO()
    image.save(out, "JPEG", **how)
    return out.getvalue()


def picture(_page):
    return Plate(jpeg(Image.new("L", (850, 1100), 200)), "DCTDecode", 850, 1100, True)


def written(*pages, title="", picture=picture):
    out = io.BytesIO()
    searchable.write(out, pages, picture, title)
    return out.getvalue()


def made(*pages, title=""):
    return pypdfium2.PdfDocument(written(*pages, title=title))


def words_of(page):
    return page.get_textpage().get_text_range().split()


@pytest.fixture
def document():
    page = Page.of_words(1, WORDS, width=1700, height=2200, dpi=200)
    document = made(page, Page.of_words(2, ()), title="Công văn số 1")
    yield document
    document.close()


def test_the_words_can_be_searched_in_reading_order(document):
    assert words_of(document[0]) == ["Thông", "báo", "đăng", "ký"]
    assert words_of(document[1]) == []


def test_a_word_is_found_where_it_stands_on_the_paper(document):
    page = document[0]
    width, height = page.get_size()
    assert (round(width), round(height)) == (612, 792)
    text = page.get_textpage()
    start = text.get_text_range().index("đăng")
    boxes = [text.get_charbox(n, loose=True) for n in range(start, start + 4)]
    left, right = min(box[0] for box in boxes) / width, max(box[2] for box in boxes) / width
    middle = 1 - sum(box[1] + box[3] for box in boxes) / 8 / height
    assert left == pytest.approx(0.10, abs=0.01) and right == pytest.approx(0.19, abs=0.02)
    assert 0.20 < middle < 0.22


def test_lines_that_lean_are_copied_one_after_another():
    """Two degrees: a line ends lower than the next begins, and words touch one another."""
    said = []
    for row, line in enumerate(LEANING):
        left = 0.1
        for word in line.split():
            wide, top = sum(map(pdfa.width, word)) * 0.00003, 0.1 + 0.022 * row + 0.025 * left
            said.append(Word(word, (left, top, left + wide, top + 0.014), 0.9, row))
            left += wide + 0.004
    document = made(Page.of_words(1, said, width=1700, height=2200, dpi=200))
    assert words_of(document[0]) == " ".join(LEANING).split()
    document.close()


def test_only_the_picture_is_seen(document):
    seen = document[0].render(scale=1).to_pil().convert("L")
    assert seen.getextrema() == (200, 200)


def test_the_title_and_odd_letters_do_no_harm(document):
    assert document.get_metadata_dict()["Title"] == "Công văn số 1"
    odd = Page.of_words(1, (Word("a😀)(\\", (0.1, 0.1, 0.2, 0.12), 1.0), Word("không_hộp", None, 1.0)))
    again = made(odd, title='<b>&"\x00\ufffe')
    assert again[0].get_textpage().get_text_range().startswith("a")
    again.close()


def test_a_page_without_a_known_size_is_taken_for_a4():
    document = made(Page.of_words(1, WORDS))
    assert round(document[0].get_height()) == 842
    document.close()


# ------------------------------------------------------------------------------------------------ the original's pixels


def own_pixels(path, rotation=0):
    """The plate of page 1, and the page of the copy as it is seen, at the plate's own size."""
    plate = plates.plate(path, 1, rotation, scans.Limits())
    document = pypdfium2.PdfDocument(written(Page.of_words(1, ()), picture=lambda _page: plate))
    wide = plate.width if plate.turn % 180 == 0 else plate.height
    seen = document[0].render(scale=wide / document[0].get_width()).to_pil().convert("RGB")
    document.close()
    return plate, seen


def apart(one, other):
    small = [image.convert("RGB").resize((60, 80), Image.Resampling.BOX).tobytes() for image in (one, other)]
    return sum(abs(a - b) for a, b in zip(*small, strict=True)) / len(small[0])


@pytest.mark.parametrize(("orientation", "turn"), [(1, 0), (3, 180), (6, 90), (8, 270)])
@pytest.mark.parametrize("rotation", [0, 90])
def test_a_jpeg_stays_as_it_was_but_for_its_notes(tmp_path, orientation, turn, rotation):
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = orientation, "a telephone"
    data = jpeg(letter(dpi=60), exif=exif, comment=b"secret")
    path = tmp_path / "a.jpg"
    path.write_bytes(data + b"hung on behind")
    plate, seen = own_pixels(path, rotation)
    assert plate.turn == (turn + rotation) % 360
    pixels = data.index(b"\xff\xda")
    assert plate.data.endswith(data[pixels:])
    assert b"telephone" not in plate.data and b"secret" not in plate.data and b"behind" not in plate.data
    assert apart(seen, views.turned(scans.page_image(path, 1), rotation)) < 3


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_black_and_white_stays_so_to_the_dot(tmp_path, rotation):
    page = letter(dpi=100).convert("1", dither=Image.Dither.NONE)
    plate, seen = own_pixels(saved(page, tmp_path / "a.tif", compression="group4", dpi=(100, 100)), rotation)
    assert (plate.packing, plate.is_grey) == ("CCITTFaxDecode", True)
    assert len(plate.data) < 12_000
    assert apart(seen, views.turned(page, rotation)) < 2


@pytest.mark.parametrize("kind", ["png", "webp", "cmyk.jpg"])
def test_other_pictures_become_good_jpegs(tmp_path, kind):
    page = letter(dpi=60, colour="#ddeeff")
    path = saved(page.convert("CMYK") if "cmyk" in kind else page, tmp_path / f"a.{kind}")
    plate, seen = own_pixels(path)
    assert (plate.packing, plate.is_grey) == ("DCTDecode", False)
    assert apart(seen, scans.page_image(path, 1)) < 2


def overlaid(data, size):
    """A JPEG in a PDF with a red box laid over it."""
    box = stream(b"1 0 0 rg 0 0 100 40 re f", b"/Type /XObject /Subtype /Form /BBox [0 0 100 40]")
    return pdf([
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Annots [6 0 R] "
        b"/Resources << /XObject << /Im 5 0 R >> >> >>",
        stream(b"q 595 0 0 842 0 0 cm /Im Do Q"),
        stream(data, b"/Type /XObject /Subtype /Image /Width %d /Height %d /BitsPerComponent 8 /ColorSpace /DeviceRGB "
                     b"/Filter /DCTDecode" % size),
        b"<< /Type /Annot /Subtype /Stamp /F 4 /Rect [100 700 200 740] /AP << /N 7 0 R >> >>",
        box,
    ])  # fmt: skip


def test_what_was_laid_over_a_scan_is_a_patch_on_its_own_pixels(tmp_path):
    data = jpeg(letter(dpi=100))
    (tmp_path / "a.pdf").write_bytes(overlaid(data, letter(dpi=100).size))
    plate, seen = own_pixels(tmp_path / "a.pdf")
    assert plate.data[-1000:] == data[-1000:]
    assert len(plate.patches) == 1
    width, height = seen.size
    red, green, _ = seen.getpixel((round(150 / 595 * width), round((842 - 720) / 842 * height)))
    assert red > 200 and green < 60
    assert seen.getpixel((round(150 / 595 * width), round((842 - 690) / 842 * height)))[1] > 200


def test_two_greys_are_not_taken_for_black_and_white(tmp_path):
    faint = letter(dpi=60).convert("L").point([150 if level < 128 else 255 for level in range(256)])
    plate, seen = own_pixels(saved(faint, tmp_path / "a.png"))
    assert plate.packing == "DCTDecode" and apart(seen, faint) < 2


def test_a_jpeg_that_is_cut_short_is_copied_as_far_as_it_is_seen(tmp_path):
    data = jpeg(letter(dpi=100))
    (tmp_path / "a.pdf").write_bytes(overlaid(data[: len(data) * 2 // 3], letter(dpi=100).size))
    plate, seen = own_pixels(tmp_path / "a.pdf")
    assert plate.data[:900] != data[:900]
    assert apart(seen.crop((0, 0, 827, 300)), letter(dpi=100).crop((0, 0, 827, 300))) < 12


# ------------------------------------------------------------------------------------------------ PDF/A-2b


def hmtx(program):
    """Widths of the glyphs of a TrueType font."""
    count = struct.unpack(">H", program[4:6])[0]
    entries = struct.iter_unpack(">4s3I", program[12 : 12 + 16 * count])
    tables = {name: (begin, length) for name, _, begin, length in entries}
    glyphs = struct.unpack(">H", program[tables[b"maxp"][0] + 4 : tables[b"maxp"][0] + 6])[0]
    begin = tables[b"hmtx"][0]
    return [struct.unpack(">H", program[begin + 4 * n : begin + 4 * n + 2])[0] for n in range(glyphs)]


@pytest.fixture
def archived():
    patched = Plate(jpeg(letter(dpi=30)), "DCTDecode", 248, 351, False, 0, (((0.1, 0.1, 0.3, 0.2), picture(None)),))
    plates_ = [patched, plates._bilevel(Image.new("L", (100, 140), 255), 90)]
    page = Page.of_words(1, WORDS, width=1700, height=2200, dpi=200)
    content = written(page, Page.of_words(2, WORDS), title='Số 1 <&>"', picture=lambda page: plates_[page.number - 1])
    with pikepdf.open(io.BytesIO(content)) as document:
        yield content, document


def test_the_file_says_that_it_is_pdf_a(archived):
    content, document = archived
    assert content.startswith(b"%PDF-1.7\n%") and all(byte > 127 for byte in content[10:14])
    assert content.endswith(b"%%EOF\n") and len(document.trailer.ID) == 2 and len(bytes(document.trailer.ID[0])) == 16
    root = document.Root
    assert "/Encrypt" not in document.trailer
    assert set(root.keys()) == {"/Type", "/Pages", "/Lang", "/Metadata", "/OutputIntents"}
    assert "/Filter" not in root.Metadata
    described = ET.fromstring(root.Metadata.read_bytes().split(b"?>", 1)[1].rsplit(b"<?", 1)[0])
    names = {"pdfaid": "http://www.aiim.org/pdfa/ns/id/", "dc": "http://purl.org/dc/elements/1.1/"}
    assert [described.find(f".//pdfaid:{name}", names).text for name in ("part", "conformance")] == ["2", "B"]
    assert "".join(described.find(".//dc:title", names).itertext()).strip() == str(document.docinfo.Title)


def test_its_colours_are_told(archived):
    intent = archived[1].Root.OutputIntents[0]
    profile = intent.DestOutputProfile.read_bytes()
    assert intent.S == "/GTS_PDFA1" and intent.DestOutputProfile.N == 3
    assert profile[36:40] == b"acsp" and profile[12:20] == b"mntrRGB " and profile[8] < 5
    assert int.from_bytes(profile[:4], "big") == len(profile)


def test_its_font_is_inside_as_wide_as_it_says(archived):
    font = archived[1].pages[0].Resources.Font.F
    letters = font.DescendantFonts[0]
    widths = hmtx(letters.FontDescriptor.FontFile2.read_bytes())
    glyphs = struct.unpack(">65536H", letters.CIDToGIDMap.read_bytes())
    assert 0 not in glyphs
    told = dict.fromkeys(range(0x10000), int(letters.DW))
    flat = list(letters.W)
    told |= {int(code): int(wide[0]) for code, wide in zip(flat[::2], flat[1::2], strict=True)}
    assert all(widths[glyphs[code]] == told[code] for code in told)
    assert font.BaseFont == letters.BaseFont == letters.FontDescriptor.FontName
    assert b"<FE00> <FEFE> <FE00>" in font.ToUnicode.read_bytes()


FORBIDDEN = {"/SMask", "/Group", "/JS", "/AA", "/Interpolate", "/Alternates", "/OPI", "/TR", "/ExtGState", "/Names"}
DRAWN = {"q", "Q", "cm", "Do", "BT", "ET", "Tr", "Tf", "Tz", "Tm", "TJ"}


def test_nothing_in_it_is_forbidden(archived):
    document = archived[1]
    for thing in document.objects:
        if isinstance(thing, pikepdf.Dictionary | pikepdf.Stream):
            assert not FORBIDDEN & set(thing.keys())
            assert "LZW" not in str(thing.get("/Filter", ""))
            assert thing.get("/Subtype") != "/Image" or thing.ColorSpace in ("/DeviceGray", "/DeviceRGB")
    for page in document.pages:
        assert {str(one.operator) for one in pikepdf.parse_content_stream(page)} <= DRAWN
    assert not document.check_pdf_syntax()
