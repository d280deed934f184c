"""The copy of an office file that pages are made of: what changes by itself stands still in it.

A field for the day shows the day on which it is looked at, a formula may, and what an author struck out is still in the
file: pages made of it as it is could bear a day or a number that the paper never had. The original is not touched.
Called in the killable child only.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from archive.errors import NotConverted
from archive.office_files import DOC, DOCM, DOCX, ODS, ODT, RTF, XLSM, XLSX

MOST, MEMBERS = 300 << 20, 20_000
"""Bytes of all parts of a file, unpacked, and how many parts."""
BROKEN = (
    "Tệp hỏng hoặc nở ra quá lớn nên không chuyển được sang PDF. Tệp gốc vẫn được lưu an toàn; hãy mở tệp, xuất ra PDF "
    "rồi gửi lại."
)
MOVES = (
    "Tệp có ô ngày giờ tự đổi theo ngày mở tệp, nên bản PDF do máy tự làm có thể mang ngày sai. Tệp gốc vẫn được lưu "
    "an toàn; hãy mở tệp, xuất ra PDF rồi gửi lại."
)
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, NotImplementedError)


def make(path: str, target: Path, media_type: str) -> None:
    """Write the copy. NotConverted: the file is broken, or what moves in it cannot be held."""
    if media_type in _STILL:
        try:
            _copy(Path(path), target, _STILL[media_type])
        except _DAMAGED as error:
            raise NotConverted(BROKEN) from error
        return
    content = Path(path).read_bytes()
    if media_type == DOC and _DOC_FIELD.search(content):
        raise NotConverted(MOVES)
    target.write_bytes(_rtf(content) if media_type == RTF else content)


def may_be_struck(file: Path, media_type: str) -> bool:
    """Whether a .doc or RTF may hold text struck out while changes were tracked; LibreOffice would print it."""
    return media_type in _DELETED and _DELETED[media_type].search(file.read_bytes()) is not None


def _copy(path: Path, target: Path, still: Callable[[bytes], bytes]) -> None:
    """Part by part; one of XML may say something wherever it lies."""
    left = MOST
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "x") as copy:
        if len(source.infolist()) > MEMBERS:
            raise NotConverted(BROKEN)
        for info in source.infolist():
            with source.open(info) as member:
                content = member.read(left + 1)
            left -= len(content)
            if left < 0:
                raise NotConverted(BROKEN)
            copy.writestr(info.filename, still(_plain(content)) if info.filename.endswith(".xml") else content)


def _plain(content: bytes) -> bytes:
    """XML in UTF-8, so that what it says can be seen, without entities of its own, which no office program writes."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content[:8]:
        content = _DECLARATION.sub("", content.decode("utf-16"), count=1).encode()
    if b"<!ENTITY" in content:
        raise NotConverted(BROKEN)
    return content


# ------------------------------------------------------------------------------------------------ Word

_NOTHING = b" VANTHU "
"""In place of a field's instruction: it means nothing, so the field shows what it showed when the file was saved."""
_KEPT = frozenset({b"PAGE", b"NUMPAGES", b"SECTIONPAGES", b"FORMCHECKBOX", b"FORMDROPDOWN", b"SYMBOL"})
"""Fields that do not depend on the day (ECMA-376-1, 17.16.5), and that must be made anew or show nothing."""
_FIELD = re.compile(
    rb'<(?:\w+:)?fldChar\b[^>]*\bfldCharType="(?P<mark>\w+)"|<(?:\w+:)?instrText\b[^>]*>(?P<said>[^<]*)<'
)
_SIMPLE = re.compile(rb"(<(?:\w+:)?fldSimple\b[^>]*\binstr=)(\"[^\"]*\"|'[^']*')")
_STRUCK = re.compile(rb"<((?:\w+:)?(?:del|moveFrom))\b[^>]*(?<!/)>.*?</\1>", re.DOTALL)
_DELETED = {DOC: re.compile(rb"\x00\x08\x01"), RTF: re.compile(rb"\\deleted(?![a-z0])")}
"""sprmCFRMarkDel (MS-DOC 2.6.1), which other bytes of a file may look like, and its word in RTF."""
_DOC_FIELD = re.compile(
    rb"\x13[ ]*(?:DATE|TIME|SAVEDATE|PRINTDATE)\b"
    rb"|\x13\x00(?: \x00)*(?:D\x00A\x00T\x00E\x00|T\x00I\x00M\x00E\x00|(?:S\x00A\x00V|P\x00R\x00I\x00N\x00T)\x00)",
    re.IGNORECASE,
)
"""Where a field begins in the text of a .doc (MS-DOC 2.8.25), in one byte a letter or in two."""


def _word(content: bytes) -> bytes:
    content = _STRUCK.sub(b"", content)
    content = _SIMPLE.sub(lambda found: found[0] if _stays(found[2][1:-1]) else found[1] + b'"%s"' % _NOTHING, content)
    return _without_fields(content)


def _without_fields(content: bytes) -> bytes:
    """Each field that may say another thing tomorrow without its instruction; one is often cut into several pieces."""
    told: list[list[re.Match[bytes]]] = []
    fields: list[list[re.Match[bytes]]] = []
    for found in _FIELD.finditer(content):
        if found["mark"] == b"begin":
            told.append([])
        elif found["mark"] == b"end" and told:
            fields.append(told.pop())
        elif found["said"] is not None and told:
            told[-1].append(found)
    moving = [
        one for pieces in fields + told if not _stays(b"".join(piece["said"] for piece in pieces)) for one in pieces
    ]
    made, end = [], 0
    for one in sorted(moving, key=lambda one: one.start()):
        made += [content[end : one.start("said")], _NOTHING]
        end = one.end("said")
    return b"".join((*made, content[end:]))


def _stays(instruction: bytes) -> bool:
    return b"".join(instruction.split()[:1]).upper() in _KEPT


# ------------------------------------------------------------------------------------------------ RTF

_RTF_FIELD = re.compile(rb"\\fldinst(?![a-z])", re.IGNORECASE)
_RTF_TOKEN = re.compile(
    rb"(?P<brace>[{}])|\\'(?P<code>[0-9a-fA-F]{2})|\\[a-zA-Z]+-?[0-9]*[ ]?|\\.|[\r\n]+|(?P<said>[^\\{}\r\n]+)",
    re.DOTALL,
)
"""What RTF is made of (Rich Text Format 1.9.1, "RTF Syntax")."""


def _rtf(content: bytes) -> bytes:
    """As `_without_fields`; here, too, an instruction may lie in several groups, its letters be written as codes."""
    made, end = [], 0
    for found in _RTF_FIELD.finditer(content):
        if found.start() < end:
            continue
        closed, instruction = _instruction(content, found.end())
        if not _stays(instruction):
            made += [content[end : found.end()], _NOTHING]
            end = closed
    return b"".join((*made, content[end:]))


def _instruction(content: bytes, begin: int) -> tuple[int, bytes]:
    """(where the group ends, what its letters say) of an instruction that begins there."""
    said: list[bytes] = []
    depth = 0
    for found in _RTF_TOKEN.finditer(content, begin):
        if found["brace"]:
            depth += 1 if found["brace"] == b"{" else -1
            if depth < 0:
                return found.start(), b"".join(said)
        said.append(bytes.fromhex(found["code"].decode()) if found["code"] else found["said"] or b"")
    return len(content), b"".join(said)


# ------------------------------------------------------------------------------------------------ Excel

_FORMULA = re.compile(
    rb"<((?:\w+:)?f)\b[^>]*(?:/>|>[^<]*</\1>)\s*(?=<(?:\w+:)?v>[^<])"
    rb"|<((?:\w+:)?f)\b[^>]*>[^<]*\b(?:TODAY|NOW|RAND)[^<]*</\2>"
)
"""A formula whose value was saved beside it, and one that has another value each day."""


_HEAD_OR_FOOT = re.compile(rb"<((?:\w+:)?(?:odd|even|first)(?:Header|Footer))\b[^>]*>[^<]*</\1>")
_CODE = re.compile(rb"(?P<and>&(?:amp|#38|#x26);)(?:(?P=and)|(?P<moves>[DTFZ]))", re.IGNORECASE)
"""A code in them, or a mere "&"; day, hour, file, folder (ECMA-376-1, 18.3.1.39) would be those of the conversion."""


def _sheet(content: bytes) -> bytes:
    return _HEAD_OR_FOOT.sub(_without_codes, _FORMULA.sub(b"", content))


def _without_codes(found: re.Match[bytes]) -> bytes:
    return _CODE.sub(lambda code: b"" if code["moves"] else code[0], found[0])


# ------------------------------------------------------------------------------------------------ OpenDocument

_ODF_STRUCK = re.compile(rb"<text:tracked-changes\b.*?</text:tracked-changes>", re.DOTALL)
_ODF_FORMULA = re.compile(rb"\stable:formula=(?:\"[^\"]*\"|'[^']*')")
_ODF_TIME = re.compile(rb"(<text:(?:date|time|file-name|(?:creation|modification|print)-(?:date|time)))\b([^>]*)")
_ODF_FIXED = re.compile(rb"\stext:fixed=(?:\"[^\"]*\"|'[^']*')")


def _odf(content: bytes) -> bytes:
    content = _ODF_FORMULA.sub(b"", _ODF_STRUCK.sub(b"", content))
    return _ODF_TIME.sub(lambda found: found[1] + b' text:fixed="true"' + _ODF_FIXED.sub(b"", found[2]), content)


_ODS_FIELD = re.compile(rb"<text:(date|time|file-name)\b[^>]*(?<!/)>(?P<shown>[^<]*)</text:\1>")


def _ods(content: bytes) -> bytes:
    """In a sheet LibreOffice holds no field still; its own heads and feet show zeros where a day would be."""
    return _odf(_ODS_FIELD.sub(lambda found: found["shown"] if re.search(rb"[1-9]", found["shown"]) else b"", content))


_STILL: dict[str, Callable[[bytes], bytes]] = {
    DOCX: _word, DOCM: _word, XLSX: _sheet, XLSM: _sheet, ODT: _odf, ODS: _ods,
}  # fmt: skip
