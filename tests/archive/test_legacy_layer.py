"""Born-digital papers of before Unicode: TCVN3 and VNI become what they say, French and English stay as they are."""

import itertools
import re
import unicodedata

import pytest

from archive import legacy_layer, scans
from archive.legacy_encodings import TCVN3, encoding_of, from_tcvn3, from_vni
from archive.pdf import Letter, Pdf
from tests.archive.paper import font

TONES = {"\u0301": "ù", "\u0300": "ø", "\u0309": "û", "\u0303": "õ", "\u0323": "ï"}
SHAPES = {"â": dict(zip("\u0301\u0300\u0309\u0303\u0323", "áàåãä", strict=True)) | {"": "â"},
          "ă": dict(zip("\u0301\u0300\u0309\u0303\u0323", "éèúüë", strict=True)) | {"": "ê"}}  # fmt: skip
MARKS = "ùøûõïâêáàåãäéèúüë"
LONE = {"í": "í", "ì": "ì", "ỉ": "æ", "ĩ": "ó", "ị": "ò", "ỵ": "î", "đ": "ñ", "ơ": "ô", "ư": "ö"}
FRENCH = """Le gouvernement français a décidé, après de longues négociations, d'améliorer les conditions d'accès à
l'éducation. Cette mesure, très attendue, sera présentée à l'Assemblée nationale dès l'été prochain. Les élèves
réfugiés bénéficieront d'un soutien particulier. Où était-il passé ? Même à Noël, la forêt où l'hôtel brûlait."""
ENGLISH = """The People's Committee hereby requests all departments to report on the implementation of Directive 16
before the end of April. Each unit appoints one officer who is in charge of the data and of their protection."""


def vni(letter):
    """One letter as VNI types it, by the rule of the keyboard: the letter, then its mark."""
    low = letter.lower()
    if low in LONE:
        made = LONE[low]
    else:
        parts = unicodedata.normalize("NFD", low)
        tone = next((one for one in parts if one in TONES), "")
        base = unicodedata.normalize("NFC", "".join(one for one in parts if one not in TONES))
        if base in "ơư":
            made = LONE[base] + TONES[tone]
        elif base in "âêô":
            made = unicodedata.normalize("NFD", base)[0] + SHAPES["â"][tone]
        elif base == "ă":
            made = "a" + SHAPES["ă"][tone]
        else:
            made = base + (TONES[tone] if tone else "")
    return made.upper() if letter != low else made


def tcvn3(word):
    """(font, bytes) of a word: capitals with a tone have no code but in a font of capitals."""
    codes = {letter: code for code, letter in TCVN3.items()}
    for letter in word:
        if letter in codes or ord(letter) < 0x80:
            yield b"A", bytes([codes.get(letter) or ord(letter)])
        elif letter.lower() in codes:
            yield b"H", bytes([codes[letter.lower()]])
        else:
            yield b"A", letter.encode("cp1252", "replace")


def runs(line):
    """The line as programs write it: one piece a font."""
    for name, some in itertools.groupby(tcvn3(line), key=lambda one: one[0]):
        yield name, b"".join(data for _, data in some)


def wide(letter):
    """As Times has it; marks of VNI have no width of their own."""
    return 0 if letter in MARKS + MARKS.upper() else int(font(1000).getlength(letter))


def pdf(path, lines, fonts):
    """A PDF of lines of (font, bytes); `fonts` maps their names in the page to what they claim to be."""
    body = b"BT 14 TL 50 800 Td "
    for line in lines:
        for name, data in line:
            body += b"/%s 10 Tf (%s) Tj " % (name, re.sub(rb"([\\()])", rb"\\\1", data))
        body += b"T* "
    body += b"ET"
    widths = b" ".join(b"%d" % wide(bytes([code]).decode("cp1252", "replace")) for code in range(32, 256))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << "
        + b" ".join(b"/%s %d 0 R" % (name, number) for number, name in enumerate(fonts, 5)) + b" >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(body), body),
        *(b"<< /Type /Font /Subtype /TrueType /BaseFont /%s /Encoding /WinAnsiEncoding" % claim
          + (b" /FirstChar 32 /LastChar 255 /Widths [%s]" % widths if b"VNI" in claim else b"") + b" >>"
          for claim in fonts.values()),
    ]  # fmt: skip
    content, begins = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        begins.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % begin for begin in begins)
    path.write_bytes(content + b"xref\n0 %d\n0000000000 65535 f \n%strailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n"
                     b"%%%%EOF" % (len(begins) + 1, table, len(begins) + 1, len(content)))  # fmt: skip
    return path


def page_of(path):
    """The page as the line reads it, without a recogniser."""
    with scans.source(path, 1, scans.Limits()) as source:
        why_not = source.objection()
        return (None, why_not) if why_not else (source.layer_page(source.image()), "")


def seeds(material):
    """Pieces of 40 lines of the seeds, in letters that these encodings have."""
    paths = sorted((material.parent / "seeds").glob("*.txt"))
    if not paths:
        pytest.skip("no seeds beside the material")
    for path in paths:
        text = unicodedata.normalize("NFC", path.read_text(encoding="utf-8"))
        text = re.sub("[^\n -~“”‘’–…" + "".join(TCVN3.values()) + "".join(TCVN3.values()).upper() + "]", " ", text)
        lines = [line for line in (" ".join(line.split())[:95].strip() for line in text.splitlines()) if line]
        yield "\n".join(lines[:40])


def said(page):
    return " ".join(page.plain.split())


def whole(text):
    """As the layer says it: a number and the code after it are one word."""
    return " ".join(text.split()).replace(" /", "/")


def test_the_table_is_the_standard_s_and_the_samples_of_the_field_read_right():
    assert from_tcvn3("Uû ban nh©n d©n, Céng hoµ x· héi chñ nghÜa ViÖt Nam") == (
        "Uỷ ban nhân dân, Cộng hoà xã hội chủ nghĩa Việt Nam")  # fmt: skip
    assert from_vni("UÛy ban nhaân daân, COÄNG HOØA XAÕ HOÄI CHUÛ NGHÓA VIEÄT NAM, ñöôïc, nöôùc, kyø, yù, tyû") == (
        "Ủy ban nhân dân, CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM, được, nước, kỳ, ý, tỷ")  # fmt: skip
    letters = "aàảãáạăằẳẵắặâầẩẫấậbcdđeèẻẽéẹêềểễếệiìỉĩíịoòỏõóọôồổỗốộơờởỡớợuùủũúụưừửữứựyỳỷỹýỵ"
    assert from_vni("".join(vni(one) for one in letters + letters.upper())) == letters + letters.upper()
    assert sorted(TCVN3.values()) == sorted(set(letters + "ĂÂÊÔƠƯĐ") - set("aebcdeiouy"))


@pytest.mark.parametrize(("name", "encoding"), [
    (".VnTime", "TCVN3"), ("ABCDEF+.VnTimeH", "TCVN3 H"), (".VnArial,Bold", "TCVN3"), ("VnTimeH-Bold", "TCVN3 H"),
    ("VNI-Times", "VNI"), ("QWERTY+VNI-Helve-Condense", "VNI"), ("Times New Roman", None), ("Verdana", None),
    ("Vnf", None), ("", None),
])  # fmt: skip
def test_the_names_of_fonts_say_what_was_typed(name, encoding):
    assert encoding_of(name) == encoding


def test_papers_in_tcvn3_say_what_they_said_to_the_letter(tmp_path, material):
    for number, text in enumerate(seeds(material)):
        lines = [list(runs(line)) for line in text.splitlines()]
        path = pdf(tmp_path / f"{number}.pdf", lines, {b"A": b".VnTime", b"H": b"ABCDEF+.VnTimeH"})
        page, why_not = page_of(path)
        assert why_not == "" and page.reason == "a born-digital text layer, converted from TCVN3"
        assert said(page) == whole(text)


def test_papers_in_vni_say_what_they_said_to_the_letter(tmp_path, material):
    for number, text in enumerate(seeds(material)):
        typed = ["".join(vni(one) if ord(one) > 0x7F else one for one in line) for line in text.splitlines()]
        lines = [[(b"V", line.encode("cp1252", "replace"))] for line in typed]
        page, why_not = page_of(pdf(tmp_path / f"{number}.pdf", lines, {b"V": b"VNI-Times"}))
        assert why_not == "" and page.reason == "a born-digital text layer, converted from VNI"
        assert said(page) == whole(text)


def test_without_a_telling_name_letters_alone_decide_and_only_where_they_are_certain(tmp_path, material):
    text = next(iter(seeds(material)))
    lines = [[(b"A", b"".join(data for _, data in tcvn3(line)))] for line in text.splitlines()]
    page, _ = page_of(pdf(tmp_path / "tcvn3.pdf", lines, {b"A": b"TimesNewRoman"}))
    assert page.reason.endswith("converted from TCVN3")
    for name, language in (("fr", FRENCH * 3), ("en", ENGLISH * 3)):
        plain = [[(b"A", line.encode("cp1252"))] for line in language.splitlines()]
        for claim in (b"TimesNewRoman", b".VnTime"):
            page, _ = page_of(pdf(tmp_path / f"{name}.pdf", plain, {b"A": claim}))
            assert page is None or "converted" not in page.reason, name


def test_a_font_that_was_mended_since_is_left_alone():
    letters = [
        Letter(one, (n / 999, 0.1, (n + 1) / 999, 0.2), True, ".VnTime") for n, one in enumerate("Uỷ ban nhân dân")
    ]
    assert legacy_layer.converted(letters) == (letters, "")


def test_no_real_file_is_taken_for_one_of_before_unicode(material):
    found = []
    for path in sorted((material / "scans").rglob("*.pdf"))[::8]:
        document = Pdf(path)
        for n in range(1, min(len(document), 5) + 1):
            with document.page(n) as sheet:
                letters = sheet.letters()
                found += [(path.name, n)] if legacy_layer.converted(letters)[1] else []
        document.close()
    assert found == []
