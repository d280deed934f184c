"""A message opened in a child: its tree, its attachments as files, its signature verified."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

from archive import kinds, office_files, signed, zips
from archive.edxml import tree
from archive.edxml.told import Opened, Told, tell
from archive.edxml.tree import Decoded, Node
from archive.enclosed import File
from archive.errors import BadMessage, Refused
from archive.zips import Member

MOST_SIGNED = 96 << 20
"""Bytes of a message whose signature is verified: that takes all of it into memory, several times."""
IN_ZIP = "đã mở; các tệp bên trong kể riêng"
BESIDE = "nằm ngoài thông điệp trong tệp ZIP; hãy gửi riêng"
NONE_IN_ZIP = "Tệp ZIP không chứa thông điệp edXML nào."
TWO = "Tệp ZIP có nhiều thông điệp edXML. Chưa nhận gì; hãy gửi từng thông điệp."


def is_message(path: str) -> bool:
    """Whether a ZIP holds a message; by its contents, whatever they are called."""
    try:
        return any(tree.seems(head) for head in zips.heads(Path(path), tree.HEAD))
    except BadMessage:
        return False


def open_message(path: str, folder: str, most: int, trust: str) -> Opened:
    """Everything about the message at `path`; its attachments become files in `folder`, named by their numbers.

    `most`: bytes of all files together; `trust`: folder of the certificates that are believed, "" for none.
    UnknownFormat where it is no message, BadMessage where it cannot be taken as one.
    """
    opening = _Opening(Path(folder), most)
    file, beside = opening.unpacked(Path(path))
    told, files, is_signed = opening.read(file, "message")
    found = _verified(file, trust, opening, (told, files)) if is_signed else ()
    return Opened(told, _numbered(Path(folder), [*files, *beside]), tuple(map(signed.to_json, found)))


class _Opening:
    """Where the files of a message go, and how many bytes they may be."""

    def __init__(self, folder: Path, most: int) -> None:
        self.folder, self._most = folder, most

    def unpacked(self, path: Path) -> tuple[Path, list[tuple[Path, File]]]:
        """The message itself, out of the ZIP around it where there is one, and papers that lie there beside it."""
        with path.open("rb") as file:
            if file.read(4) != zips.MAGIC:
                return path, []
        members = list(zips.unpack(path, self.folder, "around", self._most))
        found = [one.path for one in members if _seems(one.path)]
        if len(found) != 1:
            raise BadMessage(TWO if found else NONE_IN_ZIP)
        return found[0], [
            (one.path, File(0, one.name, one.size, one.sha256, why=BESIDE)) for one in members if _may_be_paper(one)
        ]

    def read(self, file: Path, name: str) -> tuple[Told, list[tuple[Path, File]], bool]:
        """What it says, its files in order of the manifest, whether it bears a signature."""
        place = self.folder / name
        place.mkdir()
        root, decoded = tree.read(file, place)
        lines = _lines(root)
        ordered = sorted(decoded, key=lambda one: _line(lines, one)[0])
        files = [file for one in ordered for file in self._files(_line(lines, one)[1], one)]
        return tell(root), files, next(root.below(tree.SKIPPED), None) is not None

    def _files(self, line: Node | None, one: Decoded) -> Iterator[tuple[Path, File]]:
        name, about = _name(line, one), one.node.said("Description")[:500]
        file = File(0, name, one.size, one.sha256, description=about)
        with one.path.open("rb") as stream:
            is_zip = stream.read(4) == zips.MAGIC
        inside = list(self._inside(one, about)) if is_zip else []
        yield one.path, dataclasses.replace(file, why=IN_ZIP if inside else "")
        yield from inside

    def _inside(self, one: Decoded, about: str) -> Iterator[tuple[Path, File]]:
        """The files of a ZIP inside; nothing of an office document, which is a ZIP, too."""
        if office_files.kind(str(one.path)):
            return
        try:
            members = list(zips.unpack(one.path, one.path.parent, one.path.name, self._most))
        except BadMessage as error:
            if str(error) == zips.BOMB:
                raise
            return
        if any(member.name in zips.DOCUMENT for member in members):
            return
        for member in members:
            yield member.path, File(0, member.name, member.size, member.sha256, description=about)


def _seems(path: Path) -> bool:
    return tree.seems(_head(path))


def _may_be_paper(member: Member) -> bool:
    head = _head(member.path)
    return not (tree.seems(head) or zips.is_aside(member.name)) and kinds.may_be_paper(head)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(kinds.HEAD)


def _lines(root: Node) -> dict[str, tuple[int, Node]]:
    """Place and line in the manifest of each ContentId, its first; looked up once, for both sides may be thousands."""
    found: dict[str, tuple[int, Node]] = {}
    for place, line in enumerate(root.below("Reference")):
        found.setdefault(line.said("ContentId"), (place, line))
    found.pop("", None)
    return found


def _line(lines: dict[str, tuple[int, Node]], one: Decoded) -> tuple[int, Node | None]:
    return lines.get(one.node.said("ContentId"), (tree.ATTACHMENTS, None))


def _name(line: Node | None, one: Decoded) -> str:
    return one.node.said("AttachmentName") or (line.said("AttachmentName") if line else "")


def _numbered(folder: Path, files: list[tuple[Path, File]]) -> tuple[File, ...]:
    """Each file where its number says: the parent believes no path that comes out of a child."""
    found = []
    for number, (path, file) in enumerate(files):
        path.rename(folder / str(number))
        found.append(dataclasses.replace(file, number=number))
    return tuple(found)


def _verified(
    file: Path, trust: str, opening: _Opening, read: tuple[Told, list[tuple[Path, File]]]
) -> tuple[signed.Verified, ...]:
    """Its signature; it counts only where what is signed, read by itself, says all that was read."""
    told, files = read[0], [one for _, one in read[1]]

    def say_the_same(parts: Sequence[bytes]) -> bool:
        again = [_read_again(opening, number, part) for number, part in enumerate(parts)]
        if (told, files) in again:
            return True
        # Header and file may be signed apart. Of several files the manifest, too, says which is the paper.
        known = {one.sha256 for _, part in again for one in part}
        return len(files) == 1 and files[0].sha256 in known and any(part == told for part, _ in again)

    if file.stat().st_size > MOST_SIGNED:
        return (signed.unchecked("xml", signed.TOO_LARGE),)
    return signed.of_xml(file, trust, say_the_same, told.date)


def _read_again(opening: _Opening, number: int, part: bytes) -> tuple[Told, list[File]]:
    """What a signed part says by itself; a part may be any element of the message."""
    file = opening.folder / f"signed-{number}.xml"
    file.write_bytes(b"<edXML>" + part + b"</edXML>")
    try:
        told, files, _ = opening.read(file, f"signed-{number}")
    except Refused:
        return Told(), []
    return told, [one for _, one in files]
