"""What a PDF/A-2b file (ISO 19005-2) carries beside its pages: metadata, the colours it means, a font without glyphs.

The font is embedded though unseen text would not need one (6.2.11.4.1): readers that look for it find it, and its
widths are those the file says. Its codes are UTF-16, so that the map to Unicode is the identity.
"""

from __future__ import annotations

import functools
import struct
import unicodedata
from xml.sax.saxutils import escape

FONT = "Unseen"
WIDE = 500
"""Width of a letter that is not in `_WIDTHS`, in thousandths of the font's size."""
_WIDTHS = {
    200: "'|", 250: " ,.", 278: "/:;\\ijlt", 333: "!()-I[]`fr‘’", 389: "Js", 444: '"?acez“”', 556: "FPS", 611: "ELTZ",
    564: "+<=>", 667: "BCR", 722: "ADGHKNOQUVXYw", 778: "&m", 833: "%", 889: "M", 944: "@W", 1000: "—…",
}  # fmt: skip
"""Letters of other widths, as Times has them, in which papers are set: a line of them is as long as that on paper."""
ASCENT, DESCENT = 800, -200
_NO_XML = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF])


def metadata(title: str) -> bytes:
    """The XMP packet: what the file is called, and that it is PDF/A-2b (6.6.2, 6.6.4)."""
    name = escape(title.translate(_NO_XML).encode("utf-8", "replace").decode())
    return f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">
<pdfaid:part>2</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{name}</rdf:li></rdf:Alt></dc:title>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>""".encode()


_WHITE = (0.9642, 1.0, 0.8249)  # D50
_PRIMARIES = {b"rXYZ": (0.4361, 0.2225, 0.0139), b"gXYZ": (0.3851, 0.7169, 0.0971), b"bXYZ": (0.1431, 0.0606, 0.7141)}


@functools.cache
def srgb() -> bytes:
    """An ICC profile of sRGB (IEC 61966-2-1) in version 2.1, which every PDF/A may hold (ICC.1:1998-09)."""
    levels = [n / 255 for n in range(256)]
    light = [level / 12.92 if level <= 0.04045 else ((level + 0.055) / 1.055) ** 2.4 for level in levels]
    curve = struct.pack(">4s2I256H", b"curv", 0, 256, *(round(65535 * value) for value in light))
    name = b"sRGB\0"
    tags = {
        b"desc": struct.pack(f">4s2I{len(name)}s", b"desc", 0, len(name), name) + bytes(78),
        b"cprt": b"text\0\0\0\0No copyright\0", b"wtpt": _xyz(_WHITE),
        **{tag: _xyz(value) for tag, value in _PRIMARIES.items()},
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve),
    }  # fmt: skip
    table, body = struct.pack(">I", len(tags)), b""
    for tag, value in tags.items():
        table += struct.pack(">4s2I", tag, 132 + 12 * len(tags) + len(body), len(value))
        body += value + bytes(-len(value) % 4)
    head = struct.pack(
        ">3I12s6H4s6I4I12s44s", 132 + 12 * len(tags) + len(body), 0, 0x02100000, b"mntrRGB XYZ ", 2026, 1, 1, 0, 0, 0,
        b"acsp", *[0] * 6, 0, 0xF6D6, 0x10000, 0xD32D, b"", b"",
    )  # fmt: skip
    return head[:128] + table + body


def _xyz(values: tuple[float, float, float]) -> bytes:
    return struct.pack(">4s4i", b"XYZ ", 0, *(round(0x10000 * value) for value in values))


@functools.cache
def to_unicode() -> bytes:
    """The CMap of codes that are their own letters; a range may not leave its first byte (Adobe TN 5014, 1.4.1)."""
    last = {0xFE: 0xFE, 0xFF: 0xFD}  # U+FEFF, U+FFFE and U+FFFF are no letters, nor is U+0000
    ranges = [
        f"<{high:02X}{int(not high):02X}> <{high:02X}{last.get(high, 0xFF):02X}> <{high:02X}{int(not high):02X}>"
        for high in range(256)
        if not 0xD8 <= high <= 0xDF
    ]
    blocks = [ranges[begin : begin + 100] for begin in range(0, len(ranges), 100)]
    listed = "\n".join(f"{len(block)} beginbfrange\n{chr(10).join(block)}\nendbfrange" for block in blocks)
    return f"""/CIDInit /ProcSet findresource begin 12 dict begin begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def /CMapType 2 def
1 begincodespacerange <0000> <FFFF> endcodespacerange
{listed}
endcmap CMapName currentdict /CMap defineresource pop end end""".encode("ascii")


@functools.cache
def _widths() -> dict[str, int]:
    known = {letter: width for width, letters in _WIDTHS.items() for letter in letters}
    marked = (chr(code) for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)))
    known |= {letter: known.get(unicodedata.normalize("NFD", letter)[0], WIDE) for letter in marked}
    return known | {"Đ": 722}


def width(letter: str) -> int:
    """Width of a letter in thousandths of the font's size."""
    return _widths().get(letter, WIDE)


@functools.cache
def widths() -> str:
    """The array W of the font (9.7.4.3): codes and their widths, `WIDE` being the rule."""
    return " ".join(f"{ord(letter)} [{wide}]" for letter, wide in sorted(_widths().items()) if wide != WIDE)


@functools.cache
def codes_to_glyphs() -> bytes:
    """For each code the number of a glyph as wide; none is the missing one (6.2.11.8)."""
    glyphs = {wide: n for n, wide in enumerate(_GLYPHS)}
    table = [glyphs[WIDE]] * 0x10000
    for letter, wide in _widths().items():
        table[ord(letter)] = glyphs[wide]
    return struct.pack(f">{len(table)}H", *table)


_GLYPHS = (0, WIDE, *_WIDTHS)
"""Widths of the glyphs; the first is the missing one."""


@functools.cache
def font() -> bytes:
    """A TrueType font of empty glyphs, one of each width (ISO 32000-1, 9.9: the tables a PDF needs)."""
    units, glyphs, most = 1000, len(_GLYPHS), max(_GLYPHS)
    head = struct.pack(">IIIIHHqqhhhhHHhhh", 0x10000, 0x10000, 0, 0x5F0F3CF5, 0, units, 0, 0, 0, DESCENT, most, ASCENT,
                       0, 8, 2, 0, 0)  # fmt: skip
    tables = {
        b"glyf": b"\0\0\0\0",
        b"head": head,
        b"hhea": struct.pack(">IhhhHhhh8hH", 0x10000, ASCENT, DESCENT, 0, most, 0, 0, most, 1, *[0] * 7, glyphs),
        b"hmtx": b"".join(struct.pack(">Hh", wide, 0) for wide in _GLYPHS),
        b"loca": bytes(2 * glyphs + 2),
        b"maxp": struct.pack(">I14H", 0x10000, glyphs, 0, 0, 0, 0, 1, *[0] * 8),
    }
    return _bound(tables)


def _bound(tables: dict[bytes, bytes]) -> bytes:
    """A font file of `tables`: directory first, each table padded to four bytes and summed (OpenType, "Font file")."""
    count, place = len(tables), 12 + 16 * len(tables)
    power = 1 << (count.bit_length() - 1)
    directory = struct.pack(">I4H", 0x10000, count, 16 * power, power.bit_length() - 1, 16 * (count - power))
    body = b""
    for name, table in sorted(tables.items()):
        directory += struct.pack(">4s3I", name, _sum(table), place + len(body), len(table))
        body += table + bytes(-len(table) % 4)
    file = bytearray(directory + body)
    adjusted = file.index(tables[b"head"]) + 8
    file[adjusted : adjusted + 4] = struct.pack(">I", (0xB1B0AFBA - _sum(bytes(file))) % (1 << 32))
    return bytes(file)


def _sum(table: bytes) -> int:
    padded = table + bytes(-len(table) % 4)
    return sum(int.from_bytes(padded[place : place + 4], "big") for place in range(0, len(padded), 4)) % (1 << 32)
