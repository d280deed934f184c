"""The list of work files (danh mục hồ sơ) from a pasted table or last year's; which file suits a paper."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import access, work_files
from archive.errors import BadValue, Conflict
from archive.models import CitationRow, Document, FilePaper, StampRow, User, WorkFile
from archive.records import stamp_of
from archive.vietnamese import fold, words_of

MOST_LINES = 1000
MOST_SAID = 20
SUGGESTED = 3


@dataclass(frozen=True)
class Imported:
    """What became of a pasted table."""

    added: int
    known: int
    """Lines whose file was there already, with the same title."""


def take_table(session: Session, year: int, text: str, *, actor: str) -> Imported:
    """Add every line `code<TAB>title<TAB>retention[<TAB>keeper[<TAB>note]]`; a line of one cell is a heading.

    A line of column titles and one of (1)(2)(3) are passed over. BadValue names every wrong line; the caller then
    rolls back: all or nothing.
    """
    lines = [(n, line) for n, line in enumerate(text.lstrip("\ufeff").splitlines(), 1) if line.strip()]
    if not lines or len(lines) > MOST_LINES:
        raise BadValue(f"Hãy dán từ 1 đến {MOST_LINES} dòng, mỗi dòng: ký hiệu, Tab, tiêu đề, Tab, thời hạn bảo quản.")
    wrong: list[str] = []
    heading, added, known = "", 0, 0
    for number, line in lines:
        cells = [cell.strip() for cell in line.split("\t")]
        filled = [cell for cell in cells if cell]
        if _is_head(cells):
            continue
        if len(filled) == 1:
            heading = filled[0]
            continue
        try:
            new = _take_line(session, year, heading, cells, actor)
        except (BadValue, Conflict) as error:
            wrong.append(f"Dòng {number}: {error}")
            continue
        added, known = added + new, known + (not new)
    if wrong:
        raise BadValue("\n".join(_shortened(wrong)))
    return Imported(added, known)


def _is_head(cells: Sequence[str]) -> bool:
    words = [words_of(cell) for cell in cells if cell]
    return all(word.isdecimal() for word in words) or any(word in ("tieu de ho so", "tieu de") for word in words)


def _shortened(wrong: Sequence[str]) -> Iterable[str]:
    yield from wrong[:MOST_SAID]
    if len(wrong) > MOST_SAID:
        yield f"Và {len(wrong) - MOST_SAID} dòng khác."


def _take_line(session: Session, year: int, heading: str, cells: Sequence[str], actor: str) -> bool:
    """False when the very file is there."""
    if len(cells) < 3 or any(cells[5:]):
        raise BadValue("cần ký hiệu, tiêu đề, thời hạn bảo quản, và nếu có người lập, ghi chú, cách nhau bằng dấu Tab.")
    code, title, keep, keeper, note = [*cells, "", ""][:5]
    same = sa.select(WorkFile).where(WorkFile.year == year, WorkFile.code == " ".join(code.split()))
    there = session.scalar(same)
    if there is not None and fold(there.title) == fold(" ".join(title.split())):
        return False
    work_files.open_file(session, year, code, title, keep, heading=heading, keeper=keeper, note=note, actor=actor)
    return True


def copy_year(session: Session, source: int, target: int, *, actor: str) -> int:
    """Open in `target` every file of `source` whose code is not there yet; how many."""
    there = {file.code for file in work_files.listed(session, target)}
    new = [file for file in work_files.listed(session, source) if file.code not in there]
    for one in new:
        work_files.open_file(
            session, target, one.code, one.title, work_files.retention_said(one.keep_years), heading=one.heading,
            keeper=one.keeper, note=one.note, actor=actor,
        )  # fmt: skip
    return len(new)


# ---------------------------------------------------------------------------------------------- suggestions


@dataclass(frozen=True)
class Suggestion:
    """An open file that may suit a paper, and why."""

    file: WorkFile
    reason: str


def suggest(session: Session, user: User | None, document: Document) -> Sequence[Suggestion]:
    """The open files that suit, best first: named on the stamp, with a paper this one cites, with papers like it.

    Papers of former years speak for the open file of the same code.
    """
    wanted = sa.select(WorkFile).where(WorkFile.closed_on.is_(None)).order_by(WorkFile.year.desc())
    by_code: dict[str, WorkFile] = {}
    for file in session.scalars(wanted):
        by_code.setdefault(fold(file.code), file)
    reasons: dict[str, str] = {}
    for code, reason in [*_on_stamp(document), *_cited(session, user, document), *_alike(session, user, document)]:
        if fold(code) in by_code:
            reasons.setdefault(fold(code), reason)
    lies_in = {file.id for file in work_files.of_document(session, document)}
    found = [Suggestion(by_code[code], reason) for code, reason in reasons.items() if by_code[code].id not in lies_in]
    return found[:SUGGESTED]


def _on_stamp(document: Document) -> list[tuple[str, str]]:
    row: StampRow | None = document.stamp
    read = [one for one in stamp_of(row).fields if one.field == "file_ref" and one.value] if row else []
    return [(str(one.value), f"dấu ĐẾN ghi hồ sơ số {one.value}") for one in read]


def _cited(session: Session, user: User | None, document: Document) -> list[tuple[str, str]]:
    """Files of papers that this one names."""
    named = sa.select(WorkFile.code, Document.full_code).join(FilePaper, FilePaper.file_id == WorkFile.id)
    named = named.join(Document, Document.id == FilePaper.document_id)
    targets = sa.select(CitationRow.target_id).where(CitationRow.document_id == document.id)
    named = named.where(Document.id.in_(targets), access.visible(user)).order_by(WorkFile.year.desc()).limit(20)
    return [
        (code, f"{full or 'văn bản được viện dẫn'} mà văn bản này viện dẫn đã ở đó")
        for code, full in session.execute(named)
    ]


def _alike(session: Session, user: User | None, document: Document) -> list[tuple[str, str]]:
    """Files of earlier papers with the same symbol, or the same issuer and type, or the same unit and type."""
    kinds = [
        ((Document.symbol == document.symbol,), document.symbol, f"cùng ký hiệu {document.symbol}"),
        ((Document.issuing_organ == document.issuing_organ, Document.document_type == document.document_type),
         document.issuing_organ and document.document_type, "cùng nơi gửi và tên loại"),
        ((Document.unit_id == document.unit_id, Document.document_type == document.document_type),
         document.unit_id and document.document_type, "cùng đơn vị chủ trì và tên loại"),
    ]  # fmt: skip
    weights: Counter[str] = Counter()
    told: defaultdict[str, list[str]] = defaultdict(list)
    for weight, (like, known, words) in zip((9, 3, 1), kinds, strict=True):
        for code, count in _count(session, user, document, like) if known else ():
            weights[code] += weight * count
            told[code].append(f"{count} văn bản {words} đã ở đó")
    return [(code, told[code][0]) for code, _ in weights.most_common(SUGGESTED * 2)]


def _count(
    session: Session, user: User | None, document: Document, like: Sequence[sa.ColumnElement[bool]]
) -> Sequence[tuple[str, int]]:
    wanted = sa.select(WorkFile.code, sa.func.count()).join(FilePaper, FilePaper.file_id == WorkFile.id)
    wanted = wanted.join(Document, Document.id == FilePaper.document_id)
    wanted = wanted.where(*like, Document.id != document.id, access.visible(user)).group_by(WorkFile.code)
    rows = session.execute(wanted.order_by(sa.func.count().desc(), WorkFile.code).limit(20)).all()
    return [(row[0], row[1]) for row in rows]
