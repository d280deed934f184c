"""A message read as a stream: everything it says as a small tree, and its attachments as files beside it.

Runs in a child. No DTD, no entities; limits on depth, count and length. Base64 is decoded piece by piece: of an
attachment of 100 MB no more than some KB are in memory.
"""

from __future__ import annotations

import binascii
import codecs
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError

from archive.errors import BadMessage, UnknownFormat

ROOT = "edXML"
ENCODED = "ContentTransferEncoded"
SKIPPED = "Signature"
"""That there is one is told; it is verified elsewhere (archive/signed.py)."""
DEPTH, ELEMENTS, VALUE, WORDS, ATTACHMENTS = 40, 20_000, 20_000, 1_000_000, 200
"""Most levels, elements, characters of one value, characters of all, files. Real messages have 8, 200, 2,000, 5."""
HEAD = 4096
CHUNK = 1 << 18
_SPACE = str.maketrans("", "", " \t\r\n\v\f")
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_SAFE = " Chưa nhận gì từ thông điệp này; tệp vẫn ở bên gửi. Hãy yêu cầu gửi lại."
BROKEN = "Thông điệp edXML bị hỏng hoặc bị cắt ngang nên không đọc được." + _SAFE
HOSTILE = "Thông điệp edXML có khai báo DTD hoặc thực thể, không được phép." + _SAFE
VAST = "Thông điệp edXML có quá nhiều phần tử, quá nhiều tệp hoặc quá dài." + _SAFE
BAD_BASE64 = "Tệp đính kèm trong thông điệp edXML bị mã hóa sai (base64)." + _SAFE
UNKNOWN = "Tệp này không phải thông điệp edXML."


@dataclass(slots=True)
class Node:
    """One element: its name without namespace, its own text, what is in it."""

    name: str
    text: str = ""
    children: list[Node] = field(default_factory=list)

    def find(self, *names: str) -> Node | None:
        """The first element down this path; names in any case."""
        if not names:
            return self
        found = (child.find(*names[1:]) for child in self.all(names[0]))
        return next((one for one in found if one is not None), None)

    def all(self, name: str) -> list[Node]:
        """The children of this name."""
        return [child for child in self.children if child.name.lower() == name.lower()]

    def said(self, *names: str) -> str:
        """The text down this path on one line; "" where there is none."""
        found = self.find(*names)
        return " ".join(found.text.split()) if found else ""

    def below(self, name: str) -> Iterator[Node]:
        """Every element of this name at any depth."""
        for child in self.children:
            if child.name.lower() == name.lower():
                yield child
            yield from child.below(name)


@dataclass(slots=True)
class Decoded:
    """Base64 that was written to a file; `node` is the element that holds it."""

    path: Path
    node: Node
    size: int
    sha256: str


def seems(head: bytes) -> bool:
    """Whether bytes begin like a message, perhaps after junk; its first 4096 bytes are enough. Safe anywhere."""
    text = head.replace(b"\0", b"")  # UTF-16 of Latin letters
    return re.search(rb"<(?:[\w.-]+:)?edXML[\s>]", text, re.IGNORECASE) is not None


def read(path: Path, folder: Path) -> tuple[Node, list[Decoded]]:
    """The tree of a message, and its attachments as files 0, 1, … in `folder`. UnknownFormat, BadMessage."""
    builder = _Builder(folder)
    try:
        with path.open("rb") as stream:
            _feed(stream, builder)
    except DefusedXmlException as error:
        raise BadMessage(HOSTILE) from error
    except (ParseError, UnicodeError, LookupError, ValueError) as error:
        raise BadMessage(BROKEN) from error
    finally:
        builder.close()
    if builder.root is None:
        raise UnknownFormat(UNKNOWN)
    return builder.root, builder.files


def _feed(stream: BinaryIO, builder: _Builder) -> None:
    head = stream.read(HEAD)
    wide = _wide(head)
    decode: Callable[[bytes], bytes] = bytes
    if wide:
        decoder = codecs.getincrementaldecoder(wide)("strict")
        decode = lambda piece: decoder.decode(piece).encode()  # noqa: E731
        head = decode(head.removeprefix(codecs.BOM_UTF16_LE).removeprefix(codecs.BOM_UTF16_BE))
    head = head[_begin(head) :]
    declared = re.match(rb"<\?xml[^>]*encoding\s*=\s*[\"']utf-?16", head, re.IGNORECASE)
    # What writes strings as UTF-8 often declares the UTF-16 they had in memory.
    parser = DefusedXMLParser(target=builder, forbid_dtd=True, encoding="utf-8" if wide or declared else None)
    parser.feed(head)
    while piece := stream.read(CHUNK):
        parser.feed(decode(piece))
    if wide:
        decoder.decode(b"", final=True)
    parser.close()


def _wide(head: bytes) -> str | None:
    """UTF-16 by its mark or by the zeros between its letters."""
    for mark, name in _UTF16.items():
        if head.startswith(mark):
            return name
    at = head.find(b"<")
    if at < 0 or head[at + 1 : at + 2] != b"\0":
        return None
    return "utf-16-be" if at % 2 else "utf-16-le"


def _begin(head: bytes) -> int:
    """Where the XML begins: real messages have a number of bytes or a byte-order mark before it."""
    found = re.search(rb"<\?xml|<(?:[\w.-]+:)?edXML[\s>]|<!", head, re.IGNORECASE)
    if found is None:
        raise UnknownFormat(UNKNOWN)
    return found.start()


class _Builder:
    """The target of the parser: a tree of what is said, a file for each attachment."""

    def __init__(self, folder: Path) -> None:
        self.root: Node | None = None
        self.files: list[Decoded] = []
        self._folder = folder
        self._open: list[Node] = []
        self._elements = self._letters = self._skipping = 0
        self._base64: _Base64 | None = None

    def start(self, tag: str, _attributes: dict[str, str]) -> None:
        name = tag.rpartition("}")[2]
        if self.root is None and name.lower() != ROOT.lower():
            raise UnknownFormat(UNKNOWN)
        self._elements += 1
        if len(self._open) + self._skipping >= DEPTH or self._elements > ELEMENTS:
            raise BadMessage(VAST)
        if self._skipping or name == SKIPPED:
            if not self._skipping and self._open:
                self._open[-1].children.append(Node(name))
            self._skipping += 1
            return
        self._begin(Node(name[:100]))

    def _begin(self, node: Node) -> None:
        if self._base64:
            raise BadMessage(BAD_BASE64)
        if self._open:
            self._open[-1].children.append(node)
        else:
            self.root = node
        self._open.append(node)
        if node.name.lower() == ENCODED.lower():
            if len(self.files) >= ATTACHMENTS:
                raise BadMessage(VAST)
            self._base64 = _Base64(self._folder / str(len(self.files)))

    def end(self, _tag: str) -> None:
        if self._skipping:
            self._skipping -= 1
            return
        node = self._open.pop()
        if self._base64:
            size, sha256 = self._base64.finish()
            holder = self._open[-1] if self._open else node
            self.files.append(Decoded(self._base64.path, holder, size, sha256))
            self._base64 = None

    def data(self, text: str) -> None:
        if self._base64:
            self._base64.add(text)
        elif self._open and not self._skipping:
            node = self._open[-1]
            self._letters += len(text)
            if len(node.text) + len(text) > VALUE or self._letters > WORDS:
                raise BadMessage(VAST)
            node.text += text

    def comment(self, _text: str) -> None:
        """Said to nobody."""

    def pi(self, _target: str, _data: str = "") -> None:
        """Nor is this."""

    def close(self) -> Any:
        if self._base64:
            self._base64.drop()
        return self.root


class _Base64:
    """Base64 (RFC 4648) decoded into a file as it comes; BadMessage for any other letter."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._target = path.open("xb")
        self._left, self._ended = "", False
        self._size, self._sum = 0, hashlib.sha256()

    def add(self, text: str) -> None:
        self._left += text.translate(_SPACE)
        whole = len(self._left) & ~3
        if whole >= 1 << 16:
            self._write(self._left[:whole])
            self._left = self._left[whole:]

    def _write(self, text: str) -> None:
        if not text:
            return
        if self._ended:
            raise BadMessage(BAD_BASE64)
        try:
            content = binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
        except (binascii.Error, UnicodeEncodeError) as error:
            raise BadMessage(BAD_BASE64) from error
        self._ended = text.endswith("=")
        self._size += len(content)
        self._sum.update(content)
        self._target.write(content)

    def finish(self) -> tuple[int, str]:
        """(bytes, SHA-256) of what was written."""
        self._write(self._left)
        self._target.close()
        return self._size, self._sum.hexdigest()

    def drop(self) -> None:
        self._target.close()
