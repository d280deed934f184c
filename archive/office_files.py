"""Files of office programs, told by what is in them: Word, Excel (the new ones), OpenDocument, RTF.

`may_be_one` sees first bytes and is safe anywhere; the others open foreign bytes: call them through
`archive.children.Child`.
"""

from __future__ import annotations

import contextlib
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO


@dataclass(frozen=True, slots=True)
class Form:
    """One form of file."""

    ending: str
    writes: str
    """The filter by which LibreOffice makes a PDF of it."""


_TEXT, _SHEET = "writer_pdf_Export", "calc_pdf_Export"
_OOXML, _ODF = "application/vnd.openxmlformats-officedocument.", "application/vnd.oasis.opendocument."
DOCX, XLSX = _OOXML + "wordprocessingml.document", _OOXML + "spreadsheetml.sheet"
DOCM, XLSM = "application/vnd.ms-word.document.macroenabled.12", "application/vnd.ms-excel.sheet.macroenabled.12"
DOC, RTF = "application/msword", "application/rtf"
ODT, ODS = _ODF + "text", _ODF + "spreadsheet"
ENCRYPTED = "application/vnd.ms-office"
"""A new Word or Excel file behind a password: which of them nobody can see."""
FORMS = {
    DOCX: Form("docx", _TEXT), DOCM: Form("docm", _TEXT), DOC: Form("doc", _TEXT), RTF: Form("rtf", _TEXT),
    ODT: Form("odt", _TEXT), XLSX: Form("xlsx", _SHEET), XLSM: Form("xlsm", _SHEET), ODS: Form("ods", _SHEET),
    ENCRYPTED: Form("bin", ""),
}  # fmt: skip
ZIP, OLE, _RTF = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"{\\rtf"
HEAD = len(OLE)
"""Bytes `may_be_one` wants to see."""
_MAIN = {
    b"officedocument.wordprocessingml.document.main+xml": DOCX,
    b"officedocument.spreadsheetml.sheet.main+xml": XLSX,
    b"ms-word.document.macroEnabled.main+xml": DOCM,
    b"ms-excel.sheet.macroEnabled.main+xml": XLSM,
}
"""Content types of the part that is the document (ECMA-376-1, 11.3.10, 12.3.23; MS-OFFMACRO2)."""
_STREAMS = {"WordDocument": DOC, "EncryptedPackage": ENCRYPTED}
"""What lies at the root of a compound file (MS-DOC 2.1, MS-OFFCRYPTO 2.3.4).

Not of .xls: nobody could say which of its formulas change with the day."""
_LISTED = 1 << 20
"""Bytes of a list inside a file that are read."""
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError, NotImplementedError, KeyError)


def may_be_one(head: bytes) -> bool:
    """Whether the first bytes are those of a ZIP, a compound file or RTF: `kind` can tell."""
    return head.startswith((ZIP, OLE, _RTF))


def kind(path: str) -> str | None:
    """The media type of a file of an office program, one of `FORMS`; None for any other file. Never raises for one."""
    with Path(path).open("rb") as file:
        return kind_of(file)


def kind_of(file: BinaryIO) -> str | None:
    """As `kind`, of an open file that seeks."""
    head = file.read(HEAD)
    if head.startswith(_RTF):
        return RTF
    with contextlib.suppress(*_DAMAGED, struct.error):
        return _of_zip(file) if head.startswith(ZIP) else _of_compound(file) if head == OLE else None
    return None


def is_locked(path: str) -> bool:
    """Whether a password is asked for, as far as that is said in the clear."""
    with Path(path).open("rb") as file, contextlib.suppress(*_DAMAGED, struct.error):
        if kind_of(file) == ENCRYPTED:
            return True
        with zipfile.ZipFile(file) as archive:
            return b"encryption-data" in _read(archive, "META-INF/manifest.xml")  # ODF 1.2, part 3, 3.4
    return False


def _of_zip(file: BinaryIO) -> str | None:
    with zipfile.ZipFile(file) as archive:
        names = set(archive.namelist())
        if "[Content_Types].xml" in names:
            said = _read(archive, "[Content_Types].xml")
            return next((ours for theirs, ours in _MAIN.items() if theirs in said), None)
        if "mimetype" in names:
            said = _read(archive, "mimetype").strip()
            return next((ours for ours in (ODT, ODS) if said == ours.encode()), None)
    return None


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as member:
        return member.read(_LISTED)


# ------------------------------------------------------------------------------------------------ compound files


def _of_compound(file: BinaryIO) -> str | None:
    names = set(_root_names(_directory(file)))
    return next((ours for theirs, ours in _STREAMS.items() if theirs in names), None)


def _directory(file: BinaryIO) -> bytes:
    """The directory of a compound file (MS-CFB 2.6), as much of it as fits into a megabyte."""
    file.seek(0)
    header = file.read(512)
    size = 1 << struct.unpack_from("<H", header, 30)[0]
    if size not in (512, 4096):
        raise ValueError(size)

    def sector(number: int) -> bytes:
        file.seek((number + 1) * size)
        content = file.read(size)
        if not content:  # a chain beyond the end of the file may lead there for ever
            raise ValueError(number)
        return content

    tables = _tables(header, sector, size // 4)
    found, number = io.BytesIO(), struct.unpack_from("<I", header, 48)[0]
    while number < 0xFFFFFFFA and found.tell() < _LISTED:
        found.write(sector(number))
        table = sector(tables[number // (size // 4)]) if number // (size // 4) < len(tables) else b""
        number = struct.unpack_from("<I", table, number % (size // 4) * 4)[0]
    return found.getvalue()


def _tables(header: bytes, sector: Callable[[int], bytes], each: int) -> list[int]:
    """The sectors that say which sector follows which (MS-CFB 2.5)."""
    tables = list(struct.unpack_from("<109I", header, 76))
    more = struct.unpack_from("<I", header, 68)[0]
    while more < 0xFFFFFFFA and len(tables) < _LISTED // 4:
        *entries, more = struct.unpack(f"<{each}I", sector(more))
        tables += entries
    return tables


def _root_names(directory: bytes) -> Iterator[str]:
    """What lies at the root; a document that lies inside another is not asked for."""
    waiting, seen = [struct.unpack_from("<I", directory, 76)[0]], set()
    while waiting:
        number = waiting.pop()
        if number in seen or not 0 <= number < len(directory) // 128:
            continue
        seen.add(number)
        entry = directory[number * 128 : number * 128 + 128]
        length, left, right = struct.unpack_from("<H2xII", entry, 64)
        waiting += (left, right)
        yield entry[: max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
