"""Files that were made to hurt: small to send, without end to read. Each maker answers (name, bytes)."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Sequence

from PIL import Image

A4 = b"[0 0 595 842]"


def pdf(objects: Sequence[bytes]) -> bytes:
    """A PDF of `objects`, numbered from 1; the first is the catalogue."""
    out, places = io.BytesIO(), []
    out.write(b"%PDF-1.7\n")
    for number, body in enumerate(objects, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.write(b"".join(b"%010d 00000 n \n" % place for place in places))
    out.write(b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start))
    return out.getvalue()


def stream(body: bytes, entries: bytes = b"") -> bytes:
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(body), entries, body)


def _paper(*rest: bytes, count: int = 1, kids: int = 1, page: bytes = b"", box: bytes = A4) -> bytes:
    """A PDF whose one page, shown `kids` times, has object 4 as its content; object 5 and on are `rest`."""
    return pdf([
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b"3 0 R " * kids, count),
        b"<< /Type /Page /Parent 2 0 R /MediaBox %s /Contents 4 0 R %s >>" % (box, page),
        *rest,
    ])  # fmt: skip


def _packed_twice(content: bytes) -> bytes:
    return stream(zlib.compress(zlib.compress(content, 9), 9), b"/Filter [/FlateDecode /FlateDecode]")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack("!I", len(body)) + kind + body + struct.pack("!I", zlib.crc32(kind + body))


def _png(width: int, height: int, *chunks: bytes, data: bytes = b"") -> bytes:
    header = _chunk(b"IHDR", struct.pack("!IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _tiff(width: int, height: int, next_directory: int, more: bytes = b"") -> bytes:
    """A TIFF of one uncompressed strip that says where its next directory is."""
    entries = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1),
               (273, 4, 1, 8), (278, 4, 1, height), (279, 4, 1, 1)]  # fmt: skip
    body = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<I", 8) + body + struct.pack("<I", next_directory) + more


def paths() -> bytes:
    """Some 800 bytes that are 60 MB of lines: pdfium takes a gigabyte and aborts."""
    return _paper(_packed_twice(b"0 0 m 9 9 l S\n" * (60_000_000 // 14)))


def many_such_pages() -> bytes:
    """The same on each of 40 pages: one worker must not be theirs for an hour."""
    return _paper(_packed_twice(b"0 0 m 9 9 l S\n" * (60_000_000 // 14)), count=40, kids=40)


def slow_page() -> bytes:
    """A page that is drawn for ever: shadings over shadings, each the whole sheet."""
    shading = b"<< /ShadingType 1 /ColorSpace /DeviceRGB /Domain [0 1 0 1] /Matrix [595 0 0 842 0 0] /Function 6 0 R >>"
    function = stream(
        b"{ " + b"2 copy mul sin 3 1 roll exch " * 200 + b"pop 0 0 }",
        b"/FunctionType 4 /Domain [0 1 0 1] /Range [0 1 0 1 0 1]",
    )
    content = _packed_twice(b"/S sh\n" * 2_000_000)
    return _paper(content, shading, function, page=b"/Resources << /Shading << /S 5 0 R >> >>")


def forms_in_forms() -> bytes:
    """Ten forms, each of which shows the next a hundred times: a hundred trillion of them."""
    forms = [
        stream(b"/F Do " * 100, b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] "
                b"/Resources << /XObject << /F %d 0 R >> >>" % (number + 1))
        for number in range(5, 15)
    ]  # fmt: skip
    last = stream(b"0 0 m 9 9 l S", b"/Type /XObject /Subtype /Form /BBox [0 0 9 9]")
    return _paper(stream(b"/F Do " * 100), *forms, last, page=b"/Resources << /XObject << /F 5 0 R >> >>")


def a_form_in_itself() -> bytes:
    form = b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /F 5 0 R >> >>"
    return _paper(stream(b"/F Do"), stream(b"/F Do /F Do", form), page=b"/Resources << /XObject << /F 5 0 R >> >>")


def many_pages() -> bytes:
    """A PDF that claims 200,000 pages, all the same."""
    return _paper(stream(b""), count=200_000, kids=200_000)


def pages_in_a_ring() -> bytes:
    return pdf([
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 9 >>",
        b"<< /Type /Pages /Parent 2 0 R /Kids [2 0 R] /Count 9 >>",
    ])  # fmt: skip


def vast_box() -> bytes:
    """A sheet 70 m wide."""
    return _paper(stream(b"0 0 m 9 9 l S"), box=b"[0 0 200000 200000]")


def no_box() -> bytes:
    return _paper(stream(b"0 0 m 9 9 l S"), box=b"[0 0 0.0001 1e30]")


def vast_image() -> bytes:
    """A PDF with one picture of 100,000 by 100,000 pixels, packed twice."""
    image = stream(
        zlib.compress(zlib.compress(bytes(1 << 20), 9), 9),
        b"/Type /XObject /Subtype /Image /Width 100000 /Height 100000 /BitsPerComponent 8 /ColorSpace /DeviceGray "
        b"/Filter [/FlateDecode /FlateDecode]",
    )
    return _paper(stream(b"595 0 0 842 0 0 cm /I Do"), image, page=b"/Resources << /XObject << /I 5 0 R >> >>")


def packed_image() -> bytes:
    """A picture of 20,000 by 20,000 pixels that really are there, in a few hundred bytes."""
    image = stream(
        zlib.compress(zlib.compress(bytes(50_000_000), 9), 9),
        b"/Type /XObject /Subtype /Image /Width 20000 /Height 20000 /BitsPerComponent 1 /ColorSpace /DeviceGray "
        b"/Filter [/FlateDecode /FlateDecode]",
    )
    return _paper(stream(b"595 0 0 842 0 0 cm /I Do"), image, page=b"/Resources << /XObject << /I 5 0 R >> >>")


def deep_arrays() -> bytes:
    """A hundred thousand brackets, one in the other: a parser that calls itself runs out of stack."""
    return _paper(stream(b"[" * 100_000 + b"]" * 100_000), page=b"/X " + b"[" * 100_000 + b"]" * 100_000)


def long_text_layer() -> bytes:
    """A born-digital page of four million letters."""
    content = b"BT /F 1 Tf 1 0 0 1 0 0 Tm " + b"(vanthuvanthuvanthuvanthu) Tj 0 0 Td " * 160_000 + b"ET"
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    return _paper(_packed_twice(content), font, page=b"/Resources << /Font << /F 5 0 R >> >>")


def wide_png() -> bytes:
    """12,000 by 12,000 black and white pixels in 17 KB: 144 megapixels."""
    out = io.BytesIO()
    Image.new("1", (12_000, 12_000), 1).save(out, "PNG")
    return out.getvalue()


def lying_png() -> bytes:
    """Two thousand million pixels by its head, nothing behind it."""
    return _png(50_000, 50_000, data=zlib.compress(b""))


def talking_png() -> bytes:
    """Hundred times ten megabytes of compressed remarks beside one pixel."""
    remark = _chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(10 << 20), 9))
    return _png(1, 1, *[remark] * 100, data=zlib.compress(b"\0\0"))


def lying_jpeg() -> bytes:
    """A JPEG that says it is 65,000 by 65,000."""
    out = io.BytesIO()
    Image.new("L", (16, 16)).save(out, "JPEG")
    content = bytearray(out.getvalue())
    frame = content.index(b"\xff\xc0")
    content[frame + 5 : frame + 9] = struct.pack("!HH", 65_000, 65_000)
    return bytes(content)


def jpeg_of_scans() -> bytes:
    """A progressive JPEG of 8,000 by 8,000 whose last scan is told 20,000 times."""
    out = io.BytesIO()
    Image.new("L", (8_000, 8_000)).save(out, "JPEG", progressive=True, quality=5)
    content = out.getvalue()
    last = content.rindex(b"\xff\xda")
    return content[:-2] + content[last:-2][:60] * 20_000 + content[-2:]


def ring_of_tiff() -> bytes:
    """A TIFF whose first directory says that it is also the next."""
    return _tiff(1, 1, 8, b"\0")


def lying_tiff() -> bytes:
    return _tiff(60_000, 60_000, 0)


def many_in_tiff() -> bytes:
    """A TIFF of 60,000 pages of one pixel."""
    first = _tiff(1, 1, 0)[8:-4]
    size = len(first) + 4
    directories = b"".join(
        first + struct.pack("<I", 8 + size * (number + 1) if number < 59_999 else 0) for number in range(60_000)
    )
    return b"II*\0" + struct.pack("<I", 8) + directories


def wide_webp() -> bytes:
    """12,000 by 12,000 black pixels in 34 bytes."""
    return bytes.fromhex("524946461a000000574542505650384c0e0000002fdfeeb70b071011fd0f4444ff03")


MAKERS: dict[str, Callable[[], bytes]] = {
    f"{make.__name__}.{kind}": make
    for kind, makes in {
        "pdf": (paths, many_such_pages, slow_page, forms_in_forms, a_form_in_itself, many_pages, pages_in_a_ring,
                vast_box, no_box, vast_image, packed_image, deep_arrays, long_text_layer),
        "png": (wide_png, lying_png, talking_png),
        "jpg": (lying_jpeg, jpeg_of_scans),
        "tif": (ring_of_tiff, lying_tiff, many_in_tiff),
        "webp": (wide_webp,),
    }.items()
    for make in makes
}  # fmt: skip
