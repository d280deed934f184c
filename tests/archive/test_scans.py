"""Pages of anything an office scans, upright and read; whatever cannot be read ends with a sentence."""

import io
import os
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from archive import pageimage, scans
from archive.children import Child
from archive.errors import (
    ArchiveError,
    EmptyFile,
    Encrypted,
    PageTooLarge,
    TooManyPages,
    UnknownFormat,
    Unreadable,
)
from archive.pageimage import Shown
from archive.scans import Limits
from archive.signatures import moment
from bench._hostile_files import pdf
from tests.archive.paper import letter, page_pdf, saved

MATERIAL = Path(os.environ.get("VANTHU_MATERIAL", Path(__file__).parents[3] / "shared" / "material"))
COVER = b"q 595 0 0 842 0 0 cm /Im Do Q"
needs_material = pytest.mark.skipif(not MATERIAL.exists(), reason="no material")


def decoded(path):
    return scans.page_image(path, 1).size


def text_of(path, n=1):
    return scans.read_page(path, n).page


def written(path, content):
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"%PDF-1.4", "application/pdf"),
        (b"\r\nmail gateway\r\n%PDF-1.4", "application/pdf"),
        (b"II*\0", "image/tiff"),
        (b"MM\0*", "image/tiff"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"RIFF1234WEBPVP8 ", "image/webp"),
    ],
)
def test_bytes_say_what_a_file_is(head, kind):
    assert scans.sniff(head) == kind


@pytest.mark.parametrize("head", [b"PK\x03\x04", b"GIF89a", b"<html>", b"x" * 1024 + b"%PDF-1.4"])
def test_other_formats_are_refused(head):
    with pytest.raises(UnknownFormat, match="PDF"):
        scans.sniff(head)


def test_an_empty_file_is_refused():
    with pytest.raises(EmptyFile):
        scans.sniff(b"")


def test_a_scan_is_read_with_its_columns_apart(tmp_path):
    read = scans.read_page(saved(letter(), tmp_path / "a.png", dpi=(200, 200)), 1)
    page = read.page
    assert (page.source, page.rotation, page.width) == ("ocr", 0, 1654)
    assert "ỦY BAN NHÂN DÂN\nTỈNH QUẢNG NGÃI\n" in page.plain
    assert "Số: 11/TB-UBND\n" in page.plain
    assert Image.open(io.BytesIO(read.view)).format == "WEBP"
    assert len(read.thumb) < len(read.view)


def test_small_print_is_told_by_the_height_of_its_words():
    shown = Shown(Image.new("L", (1654, 2338)), 0.0, 200)
    assert pageimage.is_small_print([(0.1, 0.1, 0.2, 0.1 + 6 / 842)] * 30, shown)
    assert not pageimage.is_small_print([(0.1, 0.1, 0.2, 0.1 + 10 / 842)] * 30, shown)
    assert not pageimage.is_small_print([(0.1, 0.1, 0.2, 0.1 + 6 / 842)] * 3, shown)


def test_an_upside_down_scan_stands_up(tmp_path):
    lines = [(0.1, 0.05 * n, "Chủ tịch Ủy ban nhân dân tỉnh kết luận và chỉ đạo các sở") for n in range(1, 15)]
    page = text_of(saved(letter(lines=lines).rotate(180), tmp_path / "a.png", dpi=(200, 200)))
    assert page.rotation == 180
    assert "Chủ tịch Ủy ban nhân dân" in page.plain
    assert page.words[0].box[1] < 0.2


@pytest.mark.parametrize("rotation", [0, 180])
def test_a_page_stands_as_a_person_said_even_when_it_reads_badly_so(tmp_path, rotation):
    lines = [(0.1, 0.05 * n, "Chủ tịch Ủy ban nhân dân tỉnh kết luận") for n in range(1, 6)]
    file = saved(letter(lines=lines).rotate(180), tmp_path / "a.png", dpi=(200, 200))
    page = scans.read_page(file, 1, scans.Options(rotation=rotation)).page
    assert page.rotation == rotation
    assert ("Chủ tịch Ủy ban" in page.plain) is (rotation == 180)


def test_a_blank_page_is_turned_too(tmp_path):
    blank = saved(Image.new("L", (800, 1000), 255), tmp_path / "a.png", dpi=(100, 100))
    page = scans.read_page(blank, 1, scans.Options(rotation=90)).page
    assert (page.source, page.rotation, page.width, page.height) == ("blank", 90, 1000, 800)


def test_a_scan_on_its_side_stands_up(tmp_path):
    lines = [(0.1, 0.05 * n, "Chủ tịch Ủy ban nhân dân tỉnh kết luận và chỉ đạo các sở") for n in range(1, 15)]
    page = text_of(saved(letter(lines=lines).rotate(90, expand=True), tmp_path / "a.png", dpi=(200, 200)))
    assert page.rotation == 90
    assert page.height > page.width
    assert "Chủ tịch Ủy ban nhân dân" in page.plain


def test_boxes_of_a_crooked_scan_are_those_of_the_scan(tmp_path):
    crooked = letter().rotate(-2, fillcolor="white", resample=Image.Resampling.BICUBIC)
    straight = {w.text: w.box for w in text_of(saved(letter(), tmp_path / "a.png", dpi=(200, 200))).words}
    tilted = {w.text: w.box for w in text_of(saved(crooked, tmp_path / "b.png", dpi=(200, 200))).words}
    # Turned clockwise by 2 degrees about the middle, the left rises and the top goes right.
    assert tilted["11/TB-UBND"][0] - straight["11/TB-UBND"][0] == pytest.approx(0.019, abs=0.006)
    assert tilted["11/TB-UBND"][1] - straight["11/TB-UBND"][1] == pytest.approx(-0.007, abs=0.004)


def test_a_blank_page_is_not_read(tmp_path):
    page = text_of(saved(letter(lines=[], colour="#eee8dd"), tmp_path / "a.png"))
    assert (page.source, page.words) == ("blank", ())


def test_a_letter_all_in_blue_ink_is_read(tmp_path):
    page = text_of(saved(letter(ink=(40, 60, 250)), tmp_path / "a.png", dpi=(200, 200)))
    assert "11/TB-UBND" in page.plain


def test_red_ink_over_text_does_not_hide_it(tmp_path):
    paper = letter()
    stamp = Image.new("RGB", (500, 60), (230, 60, 60))
    paper.paste(
        stamp, (250, 260), Image.eval(paper.crop((250, 260, 750, 320)).convert("L"), lambda v: 255 if v > 128 else 0)
    )
    assert "11/TB-UBND" in text_of(saved(paper, tmp_path / "a.png", dpi=(200, 200))).plain


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_every_kind_of_pixel_opens(tmp_path, mode):
    image = letter(dpi=60)
    converted = (
        image.convert("L").convert("I").point(lambda v: v * 256).convert("I;16")
        if mode == "I;16"
        else image.convert(mode)
    )
    path = saved(converted, tmp_path / "a.tif")
    opened = scans.page_image(path, 1)
    assert opened.mode in ("L", "RGB")
    assert opened.getpixel((5, 5)) in (254, 255, (255, 255, 255))
    assert min(opened.convert("L").tobytes()) < 100


def test_a_tiff_has_its_pages_in_g4(tmp_path):
    pages = [letter(dpi=100).convert("1"), letter(dpi=100, lines=[]).convert("1")]
    path = saved(
        pages[0], tmp_path / "a.tif", save_all=True, append_images=pages[1:], compression="group4", dpi=(100, 100)
    )
    assert scans.survey(path).pages == 2
    assert text_of(path, 2).source == "blank"


def test_a_fax_has_square_pixels(tmp_path):
    fax = letter(dpi=100).convert("1").resize((827, 584))
    path = saved(fax, tmp_path / "a.tif", compression="group4", dpi=(204, 102))
    assert scans.page_image(path, 1).size == (827, 1168)


def test_exif_turns_a_photograph(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = saved(letter(dpi=60).rotate(90, expand=True), tmp_path / "a.jpg", exif=exif)
    opened = scans.page_image(path, 1)
    assert opened.height > opened.width


def test_an_image_that_is_the_page_comes_at_its_own_resolution(tmp_path):
    paper = letter(dpi=100)
    path = written(tmp_path / "a.pdf", page_pdf(COVER, paper))
    assert scans.page_image(path, 1).size == paper.size
    turned = written(tmp_path / "b.pdf", page_pdf(COVER, paper, page=b"/Rotate 90"))
    assert scans.page_image(turned, 1).size == paper.size[::-1]


def test_an_inverted_image_comes_as_the_page_shows_it(tmp_path):
    negative = Image.eval(letter(dpi=100).convert("L"), lambda value: 255 - value)
    path = written(tmp_path / "a.pdf", page_pdf(COVER, negative, image_entries=b"/Decode [1 0]"))
    assert scans.page_image(path, 1).convert("L").getpixel((5, 5)) > 250


def test_a_born_digital_page_is_read_from_its_layer_in_order(tmp_path):
    lines = [
        b"BT /F 12 Tf 70 %d Td (Cac so, ban, nganh khan truong bao cao tinh hinh thuc hien) Tj ET" % y
        for y in range(400, 700, 20)
    ]
    head = [b"BT /F 12 Tf 70 780 Td (So:       /TB-UBND) Tj ET", b"BT /F 12 Tf 95 780 Td (11) Tj ET"]
    page = text_of(written(tmp_path / "a.pdf", page_pdf(b"\n".join([*lines, *head]))))
    assert page.source == "layer"
    assert page.plain.startswith("So: 11/TB-UBND")
    assert page.words[0].box[1] < 0.1


def test_hidden_and_scant_text_over_a_scan_is_not_its_text(tmp_path):
    hidden = b"BT 3 Tr /F 12 Tf 70 700 Td (%s) Tj ET" % (b"chu tich uy ban nhan dan tinh " * 20)
    signing = b"Ky boi: Uy ban nhan dan tinh Thoi gian ky: 08/02/2025 14:42:41 +07:00 Co quan: Tinh"
    scant = b"BT /F 8 Tf 300 820 Td (%s) Tj ET" % signing
    paper = letter(dpi=150)
    for name, content in (("hidden", COVER + b"\n" + hidden), ("scant", COVER + b"\n" + scant)):
        page = text_of(written(tmp_path / f"{name}.pdf", page_pdf(content, paper)))
        assert page.source == "ocr"
        assert "11/TB-UBND" in page.plain


def test_a_locked_file_is_a_sentence(tmp_path):
    locked = page_pdf(b"").replace(
        b"/Root 1 0 R",
        b"/Root 1 0 R /Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s> >> /ID [<00> <00>]"
        % (b"11" * 32, b"22" * 32),
    )
    with pytest.raises(Encrypted, match="mật khẩu"):
        scans.survey(written(tmp_path / "a.pdf", locked))


def test_too_many_pages_are_a_sentence(tmp_path):
    many = pdf([
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count 501 >>" % (b"3 0 R " * 501),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 10 10] >>",
    ])  # fmt: skip
    with pytest.raises(TooManyPages, match="hơn 500 trang"):
        scans.survey(written(tmp_path / "a.pdf", many))


def test_bombs_and_broken_files_are_sentences(tmp_path):
    bomb = saved(Image.new("1", (12000, 12000)), tmp_path / "bomb.png")
    with pytest.raises(PageTooLarge):
        scans.survey(bomb)
    with pytest.raises(Unreadable):
        scans.survey(written(tmp_path / "a.pdf", b"%PDF-1.4\nnothing"))
    whole = saved(letter(dpi=60), tmp_path / "a.jpg").read_bytes()
    with pytest.raises(Unreadable):
        scans.page_image(written(tmp_path / "half.png", b"\x89PNG\r\n\x1a\n" + whole[:100]), 1)


def test_a_vast_page_is_drawn_small_or_refused(tmp_path):
    vast = page_pdf(b"", page=b"").replace(b"[0 0 595 842]", b"[0 0 99999 99999]")
    path = written(tmp_path / "a.pdf", vast)
    try:
        image = scans.page_image(path, 1, Limits(pixels=4_000_000))
        assert image.width * image.height <= 4_100_000
    except PageTooLarge:
        pass


def test_dates_of_signatures_are_iso():
    assert moment("D:20250208144241+07'00'") == "2025-02-08T14:42:41+07:00"
    assert moment("D:20250208144241Z") == "2025-02-08T14:42:41Z"
    assert moment("yesterday") is None


@needs_material
def test_the_number_laid_over_a_born_digital_page_is_in_its_line():
    folder = MATERIAL / "scans" / "vbhc"
    for name, number, day in (("05.signed.pdf", "11", "08"), ("vht507.signed.pdf", "542", "06")):
        page = text_of(folder / name)
        assert page.source == "layer"
        assert f"Số: {number}/TB-UBND\n" in page.plain
        assert f"Quảng Ngãi, ngày {day} tháng" in page.plain


@needs_material
def test_a_signed_scan_is_read_and_its_signers_are_told():
    path = MATERIAL / "scans" / "vbhc" / "574_UB.signed.pdf"
    survey = scans.survey(path)
    assert [signature.at for signature in survey.signatures] == [
        "2025-02-04T16:42:36+07:00",
        "2025-02-05T08:09:28+07:00",
    ]
    assert survey.signatures[0].signer == "Ủy ban nhân dân tỉnh Quảng Ngãi"
    assert text_of(path, 1).source == "ocr"
    assert text_of(path, 2).source == "blank"


@needs_material
def test_hostile_files_end_with_pages_or_a_reason():
    files = sorted(path for path in (MATERIAL / "robust").rglob("*") if path.is_file())[5::10]
    with Child() as child:
        for path in files:
            try:
                scans.sniff(path.read_bytes()[: scans.HEAD])
                child.run("archive.scans:survey", str(path), wall=60, cpu=30)
                child.run(f"{__name__}:decoded", str(path), wall=80, cpu=60)
            except ArchiveError as error:
                assert str(error)


def test_a_clean_page_keeps_the_grey_of_its_thin_marks():
    page = Image.new("L", (1654, 2339), 250)
    draw = ImageDraw.Draw(page)
    for y in range(200, 2100, 40):
        draw.rectangle((200, y, 1400, y + 6), 20)
    draw.rectangle((200, 2150, 400, 2155), 224)
    thin = pageimage.cleared(page, 200).getpixel((300, 2152))
    for y in range(216, 2100, 40):  # what shines through from the back
        draw.rectangle((200, y, 1400, y + 10), 215)
    assert thin < 255 and pageimage.cleared(page, 200).getpixel((300, 2152)) == 255
