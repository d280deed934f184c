"""Word, Excel and OpenDocument files as office programs write them; real ones never enter the repository."""

import io
import re
import struct
import zipfile
from xml.sax.saxutils import escape

from openpyxl import Workbook

_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_WORD = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    f'xmlns:r="{_OFFICE}" xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"'
)
_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_DOCM = "application/vnd.ms-word.document.macroEnabled.main+xml"
_ODF = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for name in ("office", "text", "draw", "script", "table")
)


def zipped(parts, packing=zipfile.ZIP_DEFLATED):
    """A ZIP of no day: made twice, the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packing) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content, packing)
    return out.getvalue()


def docx(body, *, links="", more=None, is_macro=False):
    """A document of these paragraphs (a text, or XML ready made); `links`: relationships."""
    kinds = (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        '<Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject"/>'
        f'<Override PartName="/word/document.xml" ContentType="{_DOCM if is_macro else _DOCX}"/></Types>'
    )
    shown = body if body.startswith("<") else "".join(map(paragraph, body.splitlines()))
    page = '<w:sectPr><w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1134" w:right="1134" w:left="1701"/></w:sectPr>'
    return zipped({
        "[Content_Types].xml": kinds,
        "_rels/.rels": relations(f'<Relationship Id="a" Type="{_OFFICE}/officeDocument" Target="word/document.xml"/>'),
        "word/document.xml": f"<w:document {_WORD}><w:body>{shown}{page}</w:body></w:document>",
        "word/_rels/document.xml.rels": relations(links),
        **(more or {}),
    })  # fmt: skip


def paragraph(text, align="left"):
    font = '<w:rFonts w:ascii="Times New Roman" w:hAnsi="Times New Roman" w:cs="Times New Roman"/><w:sz w:val="26"/>'
    return (
        f'<w:p><w:pPr><w:jc w:val="{align}"/></w:pPr>'
        f'<w:r><w:rPr>{font}</w:rPr><w:t xml:space="preserve">{escape(text)}</w:t></w:r></w:p>'
    )


def marked(word):
    """The mark of a grade of secrecy: red, framed, as wide as its word (TT 24/2020/TT-BCA)."""
    sides = "".join(
        f'<w:{side} w:val="single" w:sz="12" w:color="FF0000"/>' for side in ("top", "left", "bottom", "right")
    )
    font = '<w:rFonts w:ascii="Arial" w:hAnsi="Arial"/><w:b/><w:color w:val="FF0000"/><w:sz w:val="32"/>'
    return (
        f'<w:p><w:pPr><w:pBdr>{sides}</w:pBdr><w:ind w:left="400" w:right="6600"/><w:jc w:val="center"/></w:pPr>'
        f"<w:r><w:rPr>{font}</w:rPr><w:t>{word}</w:t></w:r></w:p>"
    )


def side_by_side(left, right):
    """Two columns, as the head of a paper is set (NĐ 30/2020, appendix I): a table without lines."""
    cells = "".join(
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/></w:tcPr>'
        f"{''.join(paragraph(line, 'center') for line in lines)}</w:tc>"
        for width, lines in ((3600, left), (5400, right))
    )
    return f"<w:tbl><w:tblPr/><w:tblGrid><w:gridCol/><w:gridCol/></w:tblGrid><w:tr>{cells}</w:tr></w:tbl>"


def paper(text):
    """A State letter as somebody would type it: head in two columns, then its paragraphs."""
    lines = text.splitlines()
    motto = next(n for n, line in enumerate(lines) if line.startswith("CỘNG HÒA"))
    end = next(n for n, line in enumerate(lines) if line.startswith("Kính gửi"))
    number, day = lines[motto + 2], lines[motto + 3]
    head = side_by_side([*lines[:motto], number, *lines[motto + 4 : end]], [*lines[motto : motto + 2], day])
    return docx(head + "".join(map(paragraph, lines[end:])))


def relations(said):
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{said}</Relationships>'


def linked_picture(address, key="rId7"):
    """(body, relationship) of a picture that lies elsewhere."""
    body = (
        f'<w:p><w:r><w:drawing><wp:inline><wp:extent cx="990000" cy="792000"/><wp:docPr id="1" name="P"/><a:graphic>'
        '<a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic><pic:nvPicPr>'
        f'<pic:cNvPr id="0" name="x"/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill><a:blip r:link="{key}"/><a:stretch>'
        '<a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/>'
        '<a:ext cx="990000" cy="792000"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic>'
        "</a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>"
    )
    return body, f'<Relationship Id="{key}" Type="{_OFFICE}/image" Target="{address}" TargetMode="External"/>'


def field(instruction, shown):
    """A field that shows what it showed when the file was saved; an instruction in several pieces is written so."""
    said = "".join(f'<w:r><w:instrText xml:space="preserve">{one}</w:instrText></w:r>' for one in instruction)
    mark = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'
    return (
        f"<w:p>{mark.format('begin')}{said}{mark.format('separate')}<w:r><w:t>{shown}</w:t></w:r>"
        f"{mark.format('end')}</w:p>"
    )


def struck(kept, gone):
    who = 'w:id="1" w:author="a" w:date="2026-01-01T00:00:00Z"'
    return (
        f"<w:p><w:del {who}><w:r><w:delText>{gone}</w:delText></w:r></w:del>"
        f"<w:ins {who}><w:r><w:t>{kept}</w:t></w:r></w:ins></w:p>"
    )


def xlsx(rows, head=""):
    """A sheet; its days are written as in the reader's country. `head`: of each page, with codes of Excel."""
    book, out = Workbook(), io.BytesIO()
    book.active.oddHeader.left.text = head or None
    for row in rows:
        book.active.append(row)
    for (cell,) in book.active.iter_rows(max_col=1):
        cell.number_format = "mm-dd-yy" if cell.is_date else "General"  # number 14 of ECMA-376-1, 18.8.30
    book.active.column_dimensions["A"].width = 40
    book.save(out)
    return out.getvalue()


def with_saved_values(content, values):
    """A workbook with the values of its formulas beside them, as Excel saves it."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"].decode()
    for value in values:
        sheet, found = re.subn(r"</f><v ?/>|</f><v></v>", f"</f><v>{value}</v>", sheet, count=1)
        assert found
    return zipped(parts | {"xl/worksheets/sheet1.xml": sheet})


def odt(body, *, scripts="", more=None, secret=False):
    more = more or {}
    lock = "<manifest:encryption-data/>" if secret else ""
    listed = "".join(
        f'<manifest:file-entry manifest:full-path="{name}" manifest:media-type="text/xml">{lock}</manifest:file-entry>'
        for name in ("content.xml", *more)
    )
    kind = "application/vnd.oasis.opendocument.text"
    return zipped({
        "mimetype": kind,
        "content.xml": f'<office:document-content {_ODF} xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'office:version="1.2">{scripts}<office:body><office:text>{body}</office:text></office:body>'
        "</office:document-content>",
        "META-INF/manifest.xml": '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:'
        f'1.0"><manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>{listed}</manifest:manifest>',
        **more,
    }, zipfile.ZIP_STORED)  # fmt: skip


def with_macro(target):
    """A text whose macro writes a file as soon as it is opened."""
    library = '<!DOCTYPE library:library{} PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "library.dtd">'
    name = 'xmlns:library="http://openoffice.org/2000/library"'
    module = (
        '<script:module xmlns:script="http://openoffice.org/2000/script" script:name="M" script:language="StarBasic">'
        f'Sub Main\nOpen "{target}" For Output As #1\nPrint #1, "x"\nClose #1\nEnd Sub</script:module>'
    )
    call = "vnd.sun.star.script:Standard.M.Main?language=Basic&amp;location=document"
    return odt(
        "<text:p>Có macro</text:p>",
        scripts="<office:scripts><office:event-listeners><script:event-listener script:language=\"ooo:script\" "
        f'script:event-name="dom:load" xlink:href="{call}" xlink:type="simple"/></office:event-listeners>'
        "</office:scripts>",
        more={
            "Basic/script-lc.xml": f"{library.format('')}<library:libraries {name}>"
            '<library:library library:name="Standard" library:link="false"/></library:libraries>',
            "Basic/Standard/script-lb.xml": f"{library.format('')}<library:library {name} library:name=\"Standard\">"
            '<library:element library:name="M"/></library:library>',
            "Basic/Standard/M.xml": module,
        },
    )  # fmt: skip


def compound(*names):
    """A compound file (MS-CFB) with streams of these names at its root; nothing is in them."""
    entries = [_entry("Root Entry", 5, child=1)]
    entries += [_entry(name, 2, right=n + 2 if n + 1 < len(names) else 0xFFFFFFFF) for n, name in enumerate(names)]
    entries += [_entry("", 0)] * (-len(entries) % 4)
    count = len(entries) // 4
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH6xIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096)
    header += struct.pack("<IIII", 0xFFFFFFFE, 0, 0xFFFFFFFE, 0) + struct.pack("<109I", 0, *[0xFFFFFFFF] * 108)
    chain = [0xFFFFFFFD, *range(2, count + 1), 0xFFFFFFFE]
    table = struct.pack("<128I", *chain, *[0xFFFFFFFF] * (128 - len(chain)))
    return header + table + b"".join(entries)


def _entry(name, kind, *, right=0xFFFFFFFF, child=0xFFFFFFFF):
    said = name.encode("utf-16-le") + b"\0\0" if name else b""
    facts = struct.pack("<HBBIII", len(said), kind, 1, 0xFFFFFFFF, right, child)
    return (said.ljust(64, b"\0") + facts).ljust(116, b"\0") + struct.pack("<IQ", 0xFFFFFFFE, 0)
