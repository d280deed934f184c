"""Whatever an office's scanner, fax or telephone writes opens as the page a person sees; why it is OCRed is told."""

import io

import pikepdf
import pytest
from PIL import Image

from archive import layer, scans
from archive.pdf import Facts, Letter
from bench._hostile_files import pdf, stream
from tests.archive.paper import letter, page_pdf, saved

COVER = b"q 595 0 0 842 0 0 cm /Im Do Q"
LINE = "Cac so, ban, nganh khan truong bao cao tinh hinh thuc hien truoc ngay 20 thang 02. "


def small():
    return letter(dpi=60)


def has_ink(image):
    low, high = image.convert("L").getextrema()
    return low < 110 and high > 245


def written(path, content):
    path.write_bytes(content)
    return path


def why(path, n=1):
    """Why the layer of page `n` is not its text."""
    with scans.source(path, n, scans.Limits()) as source:
        return source.objection()


# ------------------------------------------------------------------------------------------------ pictures


@pytest.mark.parametrize(
    ("compression", "mode"),
    [("group4", "1"), ("group3", "1"), ("tiff_lzw", "RGB"), ("tiff_adobe_deflate", "L"), ("jpeg", "RGB"),
     ("packbits", "P"), (None, "CMYK")],
)  # fmt: skip
def test_a_tiff_opens_whatever_packs_it_with_pages_of_several_sizes(tmp_path, compression, mode):
    wide = small().rotate(90, expand=True)
    pages = [page.convert(mode) for page in (small(), wide, small())]
    path = saved(pages[0], tmp_path / "a.tif", save_all=True, append_images=pages[1:], compression=compression)
    assert scans.survey(path).pages == 3
    opened = [scans.page_image(path, n) for n in (1, 2, 3)]
    assert [image.size for image in opened] == [small().size, wide.size, small().size]
    assert all(map(has_ink, opened))


@pytest.mark.parametrize(
    ("claimed", "believed"),
    [((200, 200), 200), ((1, 1), None), ((72, 72), None), ((96, 96), None), ((1200, 1200), None), (None, None)],
)
def test_a_resolution_that_makes_no_sheet_of_paper_is_not_believed(tmp_path, claimed, believed):
    path = saved(Image.new("1", (1654, 2339), 1), tmp_path / "a.tif", **({"dpi": claimed} if claimed else {}))
    with scans.source(path, 1, scans.Limits()) as source:
        assert source.dpi == believed


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("JPEG", "L"), ("JPEG", "RGB"), ("JPEG", "CMYK"), ("WEBP", "RGB"), ("WEBP", "RGBA"), ("PNG", "P"), ("PNG", "LA")],
)
def test_pictures_of_every_colour_open(tmp_path, kind, mode):
    out = io.BytesIO()
    small().convert(mode).save(out, kind)
    opened = scans.page_image(written(tmp_path / "a", out.getvalue()), 1)
    assert has_ink(opened) and opened.size == small().size


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_sets_a_photograph_upright(tmp_path, orientation):
    as_taken = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }.get(orientation)  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = small().transpose(as_taken) if as_taken is not None else small()
    opened = scans.page_image(saved(picture, tmp_path / "a.jpg", quality=95, exif=exif), 1)
    assert opened.size == small().size
    wrong = sum(abs(a - b) for a, b in zip(opened.convert("L").tobytes(), small().convert("L").tobytes(), strict=True))
    assert wrong / (opened.width * opened.height) < 4


# ------------------------------------------------------------------------------------------------ PDF


def jpeg(image):
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90)
    return out.getvalue()


def pages_pdf(*pages):
    """A PDF of (content, width, height, images): /F is Helvetica, /A, /B … the JPEGs."""
    objects = [b"", b"", b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids = []
    for content, width, height, images in pages:
        named = []
        for name, image in zip(b"ABCDEFGH", images, strict=False):
            space = {"L": b"Gray", "RGB": b"RGB", "CMYK": b"CMYK"}[image.mode]
            entries = b"/Type /XObject /Subtype /Image /Width %d /Height %d /BitsPerComponent 8 /ColorSpace /Device%s "
            entries += (
                b"/Filter /DCTDecode /Decode [1 0 1 0 1 0 1 0]" if image.mode == "CMYK" else b"/Filter /DCTDecode"
            )
            objects.append(stream(jpeg(image), entries % (*image.size, space)))
            named.append(b"/%c %d 0 R" % (name, len(objects)))
        objects.append(stream(content))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents %d 0 R /Resources << /Font << /F 3 0 R >> "
            b"/XObject << %s >> >> >>" % (width, height, len(objects), b" ".join(named))
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R >>"
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), len(kids))
    return pdf(objects)


def lines(count, top=780):
    return b"\n".join(
        b"BT /F 11 Tf 60 %d Td (%s) Tj ET" % (top - 16 * n, LINE.encode()) for n in range(count)
    )  # fmt: skip


def test_each_page_of_a_mixed_file_is_taken_for_what_it_is(tmp_path):
    scan = letter(dpi=100)
    a4, a3 = (595, 842), (1191, 842)
    path = written(tmp_path / "a.pdf", pages_pdf(
        (lines(10), *a4, []),
        (b"q 595 0 0 842 0 0 cm /A Do Q", *a4, [scan]),
        (b"q 1191 0 0 842 0 0 cm /A Do Q", *a3, [scan.resize((1654, 1169))]),
        (b"", *a4, []),
    ))  # fmt: skip
    assert [why(path, n) for n in (1, 2, 3, 4)] == [None, *["no text layer"] * 3]
    assert [scans.page_image(path, n).size for n in (2, 3)] == [scan.size, (1654, 1169)]
    blank = scans.read_page(path, 4).page
    assert (blank.source, blank.reason) == ("blank", "no text layer; no ink on the page")


def test_a_picture_pasted_into_a_born_digital_page_is_read_too(tmp_path):
    annex = letter(dpi=150, lines=[(0.1, 0.1 * n, f"Phụ lục số {n} kèm theo Thông báo này") for n in range(1, 4)])
    annex = annex.crop((0, 0, annex.width, annex.height * 4 // 10))
    content = lines(10) + b"\nq 500 0 0 282 45 100 cm /A Do Q"
    page = scans.read_page(written(tmp_path / "a.pdf", pages_pdf((content, 595, 842, [annex]))), 1).page
    assert (page.source, page.reason) == ("ocr", "a born-digital text layer, with words of a picture in it")
    assert page.plain.index("Cac so, ban") < page.plain.index("Phụ lục số 2 kèm theo Thông báo này")
    word = next(word for word in page.words if word.text == "Phụ")
    assert 0.1 < word.box[0] < 0.2 and 0.5 < word.box[1] < 0.7


def test_a_scan_in_strips_is_drawn_at_their_resolution(tmp_path):
    scan = letter(dpi=150)
    half = scan.height // 2
    strips = [scan.crop((0, 0, scan.width, half)), scan.crop((0, half, scan.width, scan.height))]
    content = b"q 595 0 0 421 0 421 cm /A Do Q q 595 0 0 421 0 0 cm /B Do Q"
    image = scans.page_image(written(tmp_path / "a.pdf", pages_pdf((content, 595, 842, strips))), 1)
    assert abs(image.width - scan.width) < 8 and has_ink(image)


def test_an_image_in_cmyk_comes_in_its_colours(tmp_path):
    scan = letter(dpi=100).convert("CMYK")  # Pillow writes it inverted, as Adobe's programs do
    image = scans.page_image(
        written(tmp_path / "a.pdf", pages_pdf((b"q 595 0 0 842 0 0 cm /A Do Q", 595, 842, [scan]))), 1
    )
    assert image.mode in ("L", "RGB") and has_ink(image)


def test_an_image_packed_in_g4_comes_at_its_own_resolution(tmp_path):
    scan = letter(dpi=100).convert("1")
    tiff = io.BytesIO()
    scan.save(tiff, "TIFF", compression="group4", tiffinfo={278: scan.height})
    with Image.open(tiff) as packed:
        begin, length = packed.tag_v2[273][0], packed.tag_v2[279][0]
    document = pikepdf.new()
    page = document.add_blank_page(page_size=(595, 842))
    picture = pikepdf.Stream(document, tiff.getvalue()[begin : begin + length])
    picture.update({
        "/Type": pikepdf.Name.XObject, "/Subtype": pikepdf.Name.Image, "/Width": scan.width, "/Height": scan.height,
        "/BitsPerComponent": 1, "/ColorSpace": pikepdf.Name.DeviceGray, "/Filter": pikepdf.Name.CCITTFaxDecode,
        "/DecodeParms": {"/K": -1, "/Columns": scan.width, "/Rows": scan.height, "/BlackIs1": True},
    })  # fmt: skip
    page.add_resource(picture, pikepdf.Name.XObject, pikepdf.Name.A)
    page.contents_add(b"q 595 0 0 842 0 0 cm /A Do Q")
    document.save(tmp_path / "a.pdf")
    image = scans.page_image(tmp_path / "a.pdf", 1)
    assert image.size == scan.size and has_ink(image) and image.getpixel((5, 5)) == 255


# ------------------------------------------------------------------------------------------------ the layer


def letters(text, visible=True):
    """A layer that says `text`, forty letters a line."""
    return [
        Letter(char, (0.1 + 0.02 * (n % 40), 0.05 + 0.02 * (n // 40), 0.12 + 0.02 * (n % 40), 0.06 + 0.02 * (n // 40)),
               visible)
        for n, char in enumerate(text)
    ]  # fmt: skip


def facts(coverage=0.0, images=0):
    return Facts(595, 842, coverage, images, 0, 0, 300 if images else None)


VIETNAMESE = "Ủy ban nhân dân tỉnh yêu cầu các sở, ban, ngành khẩn trương rà soát, báo cáo trước ngày 20 tháng 02. "
TCVN3 = "ñy ban nh©n d©n tØnh yªu cÇu c¸c së, ban, ngµnh khÈn tr­¬ng rµ so¸t, b¸o c¸o tr­íc ngµy 20 th¸ng 02. "
VNI = "Uûy ban nhaân daân tænh yeâu caàu caùc sôû, ban, ngaønh khaån tröông raø soaùt, baùo caùo tröôùc ngaøy 20. "
MEANINGLESS = "".join(chr(0xF020 + n % 90) for n in range(100))


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (VIETNAMESE * 5, None),
        (TCVN3 * 5, "letters of the layer are in a legacy encoding"),
        (VIETNAMESE * 2 + TCVN3 * 3, "letters of the layer are in a legacy encoding"),
        (VNI * 5, "letters of the layer are in a legacy encoding"),
        (MEANINGLESS * 5, "letters of the layer have no meaning"),
        ("xqz kwj vbn zzt " * 20, "words of the layer are not Vietnamese"),
        ("Trang 1/3", "too little text in the layer"),
        ("Ký bởi: Ủy ban nhân dân tỉnh Quảng Ngãi\nThời gian ký: 04/02/2025 16:42:36 +07:00", "no text layer"),
        ("", "no text layer"),
    ],
)
def test_a_layer_is_taken_for_its_letters_not_for_being_there(said, reason):
    assert layer.objection(letters(said), facts()) == reason


@pytest.mark.parametrize(
    ("size", "coverage", "reason"),
    [
        (6, 1.0, None),
        (2, 1.0, "an image covers the page"),
        (1, 0.3, "images hold more than the text layer"),
        (2, 0.3, None),
    ],
)
def test_a_layer_is_weighed_against_the_images_of_its_page(size, coverage, reason):
    assert layer.objection(letters(VIETNAMESE * size), facts(coverage, 1)) == reason


def test_a_hidden_layer_is_none():
    assert layer.objection(letters(VIETNAMESE * 5, visible=False), facts(1.0, 1)) == "hidden text only"


@pytest.mark.parametrize("mode", [b"3", b"7"])
def test_text_that_is_only_there_to_be_searched_is_hidden(tmp_path, mode):
    hidden = b"q " + COVER + b"\nBT %s Tr /F 12 Tf 70 700 Td (%s) Tj ET Q" % (mode, LINE.encode() * 5)
    assert why(written(tmp_path / "a.pdf", page_pdf(hidden, letter(dpi=60)))) == "hidden text only"
