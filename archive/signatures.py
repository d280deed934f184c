"""Who signed a PDF digitally, and when: read from the signature's own container, without judging whether it is valid.

A container is a CMS SignedData (RFC 5652) in DER; the signer is the certificate the SignerInfo names by its serial
number. Only as much ASN.1 is read as that takes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_SEQUENCE, _SET, _INTEGER, _OBJECT = 0x30, 0x31, 0x02, 0x06
_CERTIFICATES = 0xA0
_COMMON_NAME = bytes.fromhex("550403")  # 2.5.4.3
_WIDE = 0x1E  # BMPString
_PDF_DATE = re.compile(r"D:(\d{4})(\d\d)(\d\d)(\d\d)?(\d\d)?(\d\d)?(?:([Zz+-])(\d\d)?'?(\d\d)?)?")


@dataclass(frozen=True, slots=True)
class Signature:
    """A digital signature, as it says of itself; None where it does not say."""

    signer: str | None
    at: str | None
    """ISO 8601, with the offset from UTC where it is given."""
    reason: str | None = None


def signature(container: bytes, when: str, reason: str) -> Signature:
    """What a signature dictionary of a PDF says: its /Contents, /M and /Reason."""
    try:
        signer = signer_of(container)
    except (ValueError, IndexError):
        signer = None
    return Signature(signer, moment(when), reason.strip() or None)


def moment(when: str) -> str | None:
    """A PDF date (PDF 32000-1, 7.9.4) in ISO 8601."""
    found = _PDF_DATE.match(when)
    if not found:
        return None
    year, month, day, hour, minute, second, sign, hours, minutes = found.groups()
    iso = f"{year}-{month}-{day}T{hour or '00'}:{minute or '00'}:{second or '00'}"
    if not sign:
        return iso
    return iso + ("Z" if sign in "Zz" else f"{sign}{hours or '00'}:{minutes or '00'}")


def signer_of(container: bytes) -> str | None:
    """The common name of the certificate that signed."""
    signed_data = _nth(_nth(_children(container)[0][1], 1)[1], 0)[1]
    parts = _children(signed_data)
    holders = [value for tag, value in parts if tag == _CERTIFICATES]
    signers = parts[-1][1] if parts[-1][0] == _SET else b""
    serials = {_serial_named(value) for _, value in _children(signers)}
    names = [_name(value) for holder in holders for _, value in _children(holder) if _serial(value) in serials]
    return next(filter(None, names), None)


def _serial_named(signer_info: bytes) -> bytes:
    issuer_and_serial = _nth(signer_info, 1)[1]
    return _nth(issuer_and_serial, 1)[1]


def _to_be_signed(certificate: bytes) -> list[tuple[int, bytes]]:
    parts = _children(_nth(certificate, 0)[1])
    return parts[1:] if parts[0][0] == 0xA0 else parts  # a version may stand first


def _serial(certificate: bytes) -> bytes:
    return _to_be_signed(certificate)[0][1]


def _name(certificate: bytes) -> str | None:
    subject = _to_be_signed(certificate)[4][1]
    for _, relative in _children(subject):
        for _, pair in _children(relative):
            (_, kind), (tag, value) = _children(pair)[:2]
            if kind == _COMMON_NAME:
                return value.decode("utf-16-be" if tag == _WIDE else "utf-8", "replace")
    return None


def _nth(data: bytes, index: int) -> tuple[int, bytes]:
    return _children(data)[index]


def _children(data: bytes) -> list[tuple[int, bytes]]:
    return list(_values(data))


def _values(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(tag, contents) of the values one after another; stops at the zeros a PDF pads with."""
    place = 0
    while place + 2 <= len(data) and data[place]:
        tag, length, place = data[place], data[place + 1], place + 2
        if length == 0x80:
            raise ValueError("indefinite length")
        if length > 0x80:
            size = length & 0x7F
            length, place = int.from_bytes(data[place : place + size], "big"), place + size
        if place + length > len(data):
            raise ValueError("a value ends beyond its container")
        yield tag, data[place : place + length]
        place += length
