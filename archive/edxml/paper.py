"""Which file of a message is the paper its header is about. A wrong one would give an appendix the paper's number."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from archive import scans
from archive.codes import find_codes
from archive.edxml.findings import code_of
from archive.edxml.opening import IN_ZIP
from archive.edxml.told import Opened, Told
from archive.enclosed import File
from archive.vietnamese import fold

_ADDED = re.compile(r"(?:[\s_.-]*(?:signed|signature|da[\s_.-]?ky|\(\d{1,3}\)))+[\s_.-]*$")
"""What signing tools and copying add to a name."""
_APPENDIX = re.compile(
    r"(?<![a-z])(?:pl(?![a-z])|phu[\s_.-]?luc|bieu|(?:dinh[\s_.-]?)?kem|danh[\s_.-]?sach|appendix|annex)"
)


def in_order(opened: Opened) -> list[File]:
    """The files the archive takes: the paper itself first, then the others in order of the manifest, each once."""
    papers = list({one.sha256: one for one in reversed(opened.files) if one.media_type}.values())[::-1]
    main = next((one for one in papers if _names_code(one, opened.told)), None)
    if main is None:
        main = next((one for one in papers if one.media_type == scans.PDF), None) or next(iter(papers), None)
    return sorted(papers, key=lambda one: one is not main)


def is_sure(opened: Opened, papers: Sequence[File]) -> bool:
    """Whether the first of `papers` is the paper: alone named by the code, or first in the manifest under a plain name.

    Files that are not taken count: `471-UBND-VX.docx` beside anything else may be the paper.
    """
    if not papers:
        return False
    main, told = papers[0], opened.told
    named = {one.sha256 for one in opened.files if one.why != IN_ZIP and _names_code(one, told)}
    if named:
        return named == {main.sha256}
    return opened.files[0].sha256 == main.sha256 and _is_plain(main, told)


def _names_code(file: File, told: Told) -> bool:
    """`7816-VPCP-TTDT.signed.pdf`: its name is the code of the paper, all of it and nothing else."""
    code = code_of(told)
    if not code or not code.number:
        return False
    return _plain(_ADDED.sub("", _stem(file))) in {_plain(code.number + code.symbol), _plain(code.full or "")} - {""}


def _is_plain(file: File, told: Told) -> bool:
    """Its name is neither that of an appendix nor nearly the code, nor the code of another paper."""
    stem, code = _stem(file), code_of(told)
    as_code = re.sub(r"[\s_.-]+", "/", PurePosixPath(file.name).stem.strip(), count=1)
    if _APPENDIX.search(stem) or next(find_codes(as_code, bare=True), None):
        return False
    return not (code and code.number and _plain(stem).startswith(_plain(code.number + code.symbol)))


def _stem(file: File) -> str:
    return fold(PurePosixPath(file.name).stem)


def _plain(text: str) -> str:
    return "".join(letter for letter in fold(text) if letter.isalnum()).lstrip("0")
