"""A letter taken apart (RFC 5322, 2045–2047, 2231): who wrote it, and which of its parts are papers.

Runs in the killable child: letters are hostile. Headers are read leniently, for what Vietnamese mail programs write is
often against the standard: bare UTF-8, encoded words within quotes, charsets nobody knows.
"""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from email.header import decode_header
from email.message import Message
from email.utils import collapse_rfc2231_value, getaddresses
from typing import Any

from archive import kinds, scans
from archive.errors import Refused, Unreadable
from archive.vietnamese import printable

DEEPEST, MOST_PARTS = 30, 500
"""Of parts within parts, and of parts altogether: more is no letter."""
SMALL = 20_000
"""Bytes up to which a picture is a logo."""
TAKEN = ""
BODY, PICTURE, SMALL_PICTURE, SIGNATURE, CALENDAR = "body", "picture", "small_picture", "signature", "calendar"
EMPTY, UNKNOWN, NESTED = "empty", "unknown", "nested"
REFUSED = frozenset({EMPTY, UNKNOWN, NESTED})
"""Why a part that may be a paper was not taken; the other reasons leave out what is none."""
_ASIDE = {
    "application/pkcs7-signature": SIGNATURE, "application/x-pkcs7-signature": SIGNATURE,
    "application/pgp-signature": SIGNATURE, "text/vcard": SIGNATURE, "text/x-vcard": SIGNATURE,
    "text/calendar": CALENDAR, "application/ics": CALENDAR, "message/delivery-status": BODY,
    "message/disposition-notification": BODY, "text/rfc822-headers": BODY,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """One file in a letter."""

    name: str
    size: int
    why: str
    """Why it is left out; empty: it is a paper, or may hold some, and `content` has its bytes."""
    content: bytes = b""


@dataclass(frozen=True, slots=True)
class Letter:
    """What a letter says of itself, and its files in their order."""

    key: str = ""
    sender: str = ""
    """The address alone, lower case."""
    name: str = ""
    subject: str = ""
    date: str = ""
    """As it was written there: its sender's word, not ours."""
    parts: tuple[Part, ...] = ()

    @property
    def papers(self) -> tuple[Part, ...]:
        """The parts that come in."""
        return tuple(part for part in self.parts if not part.why)


def open_letter(content: bytes) -> Letter:
    """Take a letter apart. Unreadable: it has too many parts, or they lie too deep."""
    message = email.message_from_bytes(content, policy=policy.compat32)
    leaves = list(_leaves(message))
    mentioned = _pictures_of_bodies(leaves)
    parts = [part for leaf in leaves if (part := _part(leaf, mentioned))]
    name, sender = _sender(message)
    return Letter(
        _header(message, "Message-ID"),
        sender,
        name,
        _header(message, "Subject"),
        _header(message, "Date"),
        tuple(parts),
    )


def _leaves(message: Message[Any, Any]) -> Iterator[Message[Any, Any]]:
    """Parts without parts; one level of letters in a letter is opened."""
    waiting, count = [(message, 0, 0)], 0
    while waiting:
        part, depth, letters = waiting.pop()
        count += 1
        if count > MOST_PARTS or depth > DEEPEST:
            raise Unreadable("Thư có quá nhiều phần lồng nhau nên không mở được; thư gốc vẫn được lưu nguyên.")
        inner = part.get_payload()
        is_letter = part.get_content_type() == "message/rfc822"
        if isinstance(inner, list) and inner and not (is_letter and letters) and not _is_notice(part):
            within = [one for one in reversed(inner) if isinstance(one, Message)]
            waiting.extend((one, depth + 1, letters + is_letter) for one in within)
        else:
            yield part


def _is_notice(part: Message[Any, Any]) -> bool:
    return part.get_content_type() in ("message/delivery-status", "message/disposition-notification")


def _part(leaf: Message[Any, Any], mentioned: frozenset[str]) -> Part | None:
    """The file of a leaf; None for the text of the letter itself."""
    name, kind = _file_name(leaf), leaf.get_content_type()
    is_file = bool(name) or leaf.get_content_disposition() == "attachment"
    if kind in ("text/plain", "text/html") and not is_file:
        return None
    if kind == "message/rfc822":
        return Part(name or "thư", 0, NESTED)
    content = _content(leaf)
    why = _ASIDE.get(kind) or _why_not(leaf, content, mentioned)
    return None if why == BODY else Part(name or "không tên", len(content), why, b"" if why else content)


def _why_not(leaf: Message[Any, Any], content: bytes, mentioned: frozenset[str]) -> str:
    if kinds.must_be_opened(content[: kinds.HEAD]):
        return TAKEN
    try:
        found = scans.sniff(content[: scans.HEAD])
    except Refused:
        return UNKNOWN if content else EMPTY
    if found == scans.PDF:
        return TAKEN
    if (leaf.get("Content-ID") or "").strip("<> ") in mentioned:
        return PICTURE
    is_pasted = leaf.get_content_disposition() != "attachment"
    return SMALL_PICTURE if is_pasted and len(content) < SMALL else TAKEN


def _content(leaf: Message[Any, Any]) -> bytes:
    payload = leaf.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _pictures_of_bodies(leaves: list[Message[Any, Any]]) -> frozenset[str]:
    """Content-IDs of pictures that stand within a text: logos and signatures, not files."""
    html = (_content(leaf) for leaf in leaves if leaf.get_content_type() == "text/html")
    found = (one for text in html for one in re.findall(rb"cid:([^\"'\s>)]{1,200})", text))
    return frozenset(one.decode("ascii", "replace") for one in found)


# ------------------------------------------------------------------------------------------------ headers


def _header(message: Message[Any, Any], name: str) -> str:
    raw = next((value for key, value in message.raw_items() if key.lower() == name.lower()), "")
    return _decoded(str(raw))[:500]


def _decoded(raw: str) -> str:
    """A header as a text: encoded words, or bytes of whatever charset."""
    text = _plain(raw)
    if "=?" in text:
        pieces = decode_header(text)
        text = "".join(_piece(piece, charset) for piece, charset in pieces)
    return " ".join(printable(text, " ").split())


def _plain(raw: str) -> str:
    if raw.isascii():
        return raw
    known = raw.encode("utf-8", "surrogateescape")
    try:
        return known.decode()
    except UnicodeDecodeError:
        return known.decode("cp1258", "replace")


def _piece(piece: bytes | str, charset: str | None) -> str:
    if isinstance(piece, str):
        return piece
    try:
        return piece.decode(charset or "raw-unicode-escape")  # as decode_header gives what was not encoded
    except (LookupError, UnicodeDecodeError):
        return piece.decode("utf-8", "replace")


def _sender(message: Message[Any, Any]) -> tuple[str, str]:
    """(name, address) of who wrote it."""
    raw = next((str(value) for key, value in message.raw_items() if key.lower() == "from"), "")
    found = getaddresses([_plain(raw)])
    name, address = found[0] if found else ("", "")
    return _decoded(name)[:200], address.strip().lower()[:200]


def _file_name(leaf: Message[Any, Any]) -> str:
    for header, parameter in (("Content-Disposition", "filename"), ("Content-Type", "name")):
        if (raw := leaf.get(header)) is None:
            continue
        whole = next((str(value) for key, value in leaf.raw_items() if key.lower() == header.lower()), str(raw))
        del leaf[header]
        leaf[header] = _plain(whole)  # bare UTF-8 would be lost otherwise
        if found := leaf.get_param(parameter, header=header):
            return _decoded(collapse_rfc2231_value(found))
    return ""
