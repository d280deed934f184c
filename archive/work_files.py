"""Work files (hồ sơ công việc): the office's list of a year, what lies in each file, closing, and what follows.

NĐ 30/2020/NĐ-CP, arts. 28 to 31: the list (danh mục hồ sơ) names each file with its code, title, retention and keeper;
papers are put into it while the work goes on; when it ends the file is closed, and within a year handed to the archive.
A paper may lie in several files and is never copied (Appendix VI). Lock order: document, then file.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import access, history
from archive.errors import BadValue, Conflict, NotFound
from archive.models import WITHHELD, Document, FilePaper, User, WorkFile, now
from archive.vietnamese import fold
from archive.workdays import HANOI

LONGEST = {"code": 80, "heading": 200, "title": 500, "keeper": 200, "note": 500}
PERMANENT = "Vĩnh viễn"
MOST_YEARS = 100
MOST_SHEETS = 100_000
_NAMES = {
    "code": "Số và ký hiệu hồ sơ", "heading": "Đề mục", "title": "Tiêu đề hồ sơ", "keeper": "Người lập hồ sơ",
    "note": "Ghi chú",
}  # fmt: skip
_YEARS = re.compile(r"(\d{1,3})(?: ?nam)?")
IN_THE_BOOK = ("registered", "routed", "handling", "done")


def retention(typed: str) -> int | None:
    """Years of a retention period as people write it: `10 năm`, `20`, `Vĩnh viễn` (None). BadValue."""
    text = fold(" ".join(typed.split()))
    if text in ("vinh vien", "vv"):
        return None
    found = _YEARS.fullmatch(text)
    if not found or not 1 <= int(found[1]) <= MOST_YEARS:
        raise BadValue(
            f"Không hiểu thời hạn bảo quản {typed.strip()[:40]!r}. Hãy ghi “Vĩnh viễn” hoặc số năm: “20 năm”."
        )
    return int(found[1])


def retention_said(years: int | None) -> str:
    """`20 năm`, `Vĩnh viễn`"""
    return PERMANENT if years is None else f"{years} năm"


def keep_until(file: WorkFile) -> dt.date | None:
    """The last day on which the file must be kept, counted from the year it was closed; None: open, or permanent."""
    if file.closed_on is None or file.keep_years is None:
        return None
    return dt.date(file.closed_on.year + file.keep_years, 12, 31)


def hand_over_by(file: WorkFile) -> dt.date | None:
    """Nộp lưu: at most a year after the work ended (NĐ 30/2020, art. 30); None: open, or handed over."""
    if file.closed_on is None or file.handed_on is not None:
        return None
    day = file.closed_on
    return dt.date(day.year + 1, day.month, 28 if (day.month, day.day) == (2, 29) else day.day)


def listed(session: Session, year: int) -> Sequence[WorkFile]:
    """The list of a year, by heading and code."""
    wanted = sa.select(WorkFile).where(WorkFile.year == year).order_by(WorkFile.heading, WorkFile.code, WorkFile.id)
    return session.scalars(wanted).all()


def still_open(session: Session) -> Sequence[WorkFile]:
    """The files into which papers may be put, the latest lists first."""
    wanted = sa.select(WorkFile).where(WorkFile.closed_on.is_(None))
    return session.scalars(wanted.order_by(WorkFile.year.desc(), WorkFile.code).limit(500)).all()


def years(session: Session) -> list[int]:
    """The years that have a list, the latest first."""
    return list(session.scalars(sa.select(WorkFile.year).distinct().order_by(WorkFile.year.desc())))


def due(session: Session, today: dt.date, ahead: int = 30) -> tuple[Sequence[WorkFile], Sequence[WorkFile]]:
    """Files to be handed over within `ahead` days or late (Appendix VI asks for 30), and those kept long enough.

    What has been kept long enough waits for a decision of people; the archive destroys nothing.
    """
    closed = sa.select(WorkFile).where(WorkFile.closed_on.is_not(None)).order_by(WorkFile.closed_on, WorkFile.code)
    last = _year_before(today + dt.timedelta(days=ahead))
    over = session.scalars(closed.where(WorkFile.handed_on.is_(None), WorkFile.closed_on <= last)).all()
    ended = closed.where(
        WorkFile.keep_years.is_not(None), sa.extract("year", WorkFile.closed_on) + WorkFile.keep_years < today.year
    )
    return over, session.scalars(ended).all()


def _year_before(day: dt.date) -> dt.date:
    return dt.date(day.year - 1, day.month, 28 if (day.month, day.day) == (2, 29) else day.day)


def open_file(
    session: Session, year: int, code: str, title: str, keep: str, *, heading: str = "", keeper: str = "",
    note: str = "", actor: str,
) -> WorkFile:  # fmt: skip
    """One line of the list of a year, as people type it. BadValue; Conflict when the year has this code."""
    if not 1945 <= year <= 2200:
        raise BadValue("Năm của danh mục phải từ 1945 đến 2200.")
    typed = {"code": code, "title": title, "heading": heading, "keeper": keeper, "note": note}
    file = WorkFile(year=year, keep_years=retention(keep), created_by=actor, **_checked(typed))
    _check_free(session, file)
    session.add(file)
    session.flush()
    history.append(session, actor, "file_opened", file.id, _facts(file))
    return file


def _checked(typed: dict[str, str]) -> dict[str, str]:
    known = {name: unicodedata.normalize("NFC", " ".join(text.split())) for name, text in typed.items()}
    for name, text in known.items():
        if len(text) > LONGEST[name] or not text.isprintable():
            raise BadValue(f"{_NAMES[name]} dài nhất {LONGEST[name]} ký tự và không có ký tự điều khiển.")
        if not text and name in ("code", "title"):
            raise BadValue(f"Hãy ghi {_NAMES[name].lower()}.")
    return known


def _check_free(session: Session, file: WorkFile) -> None:
    same = sa.select(WorkFile).where(WorkFile.year == file.year, WorkFile.code == file.code)
    with session.no_autoflush:
        other = session.scalar(same.where(WorkFile.id != (file.id or "")))
    if other is not None:
        raise Conflict(f"Danh mục năm {file.year} đã có hồ sơ {file.code}: {other.title}")


def _facts(file: WorkFile) -> dict[str, Any]:
    return {"year": file.year, "code": file.code, "title": file.title, "keep": retention_said(file.keep_years)}


def change(session: Session, file: WorkFile, typed: dict[str, str], *, actor: str) -> None:
    """Write what a person changed of the line: `code`, `title`, `heading`, `keeper`, `note`, `keep`."""
    file = locked(session, file.id)
    _must_be_open(file)
    wanted: dict[str, Any] = dict(_checked({name: text for name, text in typed.items() if name in LONGEST}))
    if "keep" in typed:
        wanted["keep_years"] = retention(typed["keep"])
    before = {name: getattr(file, name) for name in wanted}
    for name, value in wanted.items():
        setattr(file, name, value)
    _check_free(session, file)
    if changes := {name: [before[name], wanted[name]] for name in wanted if before[name] != wanted[name]}:
        history.append(session, actor, "file_changed", file.id, {"fields": changes})


def remove(session: Session, file: WorkFile, *, actor: str) -> None:
    """Take back a line in which no paper ever lay. Conflict when one does."""
    file = locked(session, file.id)
    if session.scalar(sa.select(sa.func.count()).where(FilePaper.file_id == file.id)):
        raise Conflict("Hồ sơ này có văn bản nên không xoá được. Hãy bỏ văn bản ra khỏi hồ sơ trước.")
    history.append(session, actor, "file_removed", file.id, _facts(file))
    session.delete(file)


def locked(session: Session, file_id: str) -> WorkFile:
    """The file, its row locked until the transaction ends. NotFound."""
    row = sa.select(WorkFile).where(WorkFile.id == file_id).with_for_update().execution_options(populate_existing=True)
    file = session.scalars(row).one_or_none()
    if file is None:
        raise NotFound("Không có hồ sơ này.")
    return file


def _must_be_open(file: WorkFile) -> None:
    if file.closed_on is not None:
        raise Conflict(
            f"Hồ sơ {file.code} đã kết thúc ngày {file.closed_on:%d/%m/%Y} nên không đổi được. "
            "Muốn sửa, hãy mở lại hồ sơ và nêu lý do."
        )


def put(session: Session, file: WorkFile, document: Document, *, actor: str) -> bool:
    """Lay a paper at the end of the file; False when it lies there already. Conflict: closed, or not in the book."""
    row = sa.select(Document).where(Document.id == document.id).with_for_update()
    document = session.scalars(row.execution_options(populate_existing=True)).one()
    file = locked(session, file.id)
    if session.get(FilePaper, (file.id, document.id)):
        return False
    _must_be_open(file)
    if document.status not in IN_THE_BOOK:
        raise Conflict("Văn bản chưa vào sổ (hoặc đã huỷ) nên chưa đưa vào hồ sơ được. Hãy vào sổ trước.")
    last = session.scalar(sa.select(sa.func.max(FilePaper.position)).where(FilePaper.file_id == file.id)) or 0
    session.add(FilePaper(file_id=file.id, document_id=document.id, position=last + 1, added_by=actor))
    session.flush()
    history.append(session, actor, "filed", document.id, _place(file))
    return True


def _place(file: WorkFile) -> dict[str, Any]:
    return {"file": file.id, "year": file.year, "code": file.code}


def take_out(session: Session, file: WorkFile, document: Document, *, actor: str) -> None:
    """Take a paper out of the file; it stays in the archive. Again: nothing happens."""
    file = locked(session, file.id)
    paper = session.get(FilePaper, (file.id, document.id))
    if paper is None:
        return
    _must_be_open(file)
    session.delete(paper)
    session.flush()
    history.append(session, actor, "unfiled", document.id, _place(file))


def move(session: Session, file: WorkFile, document: Document, place: int, *, actor: str) -> None:
    """Lay a paper at this place of the file, from 1; the others close up."""
    file = locked(session, file.id)
    _must_be_open(file)
    order = sa.select(FilePaper).where(FilePaper.file_id == file.id).order_by(FilePaper.position)
    papers = list(session.scalars(order))
    mine = next((one for one in papers if one.document_id == document.id), None)
    if mine is None:
        raise NotFound("Văn bản này không nằm trong hồ sơ.")
    before = papers.index(mine) + 1
    papers.remove(mine)
    papers.insert(max(0, min(place - 1, len(papers))), mine)
    for position, paper in enumerate(papers, 1):
        paper.position = position
    if (after := mine.position) != before:
        history.append(session, actor, "file_ordered", document.id, _place(file) | {"from": before, "to": after})


def close(
    session: Session, file: WorkFile, sheets: int, sides: int, *, actor: str, on: dt.date | None = None
) -> WorkFile:
    """Kết thúc hồ sơ: how many sheets and pages it has is noted, and nothing of it changes any more. BadValue."""
    day, today = on or now().astimezone(HANOI).date(), now().astimezone(HANOI).date()
    file = locked(session, file.id)
    _must_be_open(file)
    if not 1 <= sheets <= MOST_SHEETS or not sheets <= sides <= 2 * sheets:
        raise BadValue("Hãy ghi số tờ (từ 1) và số trang: mỗi tờ có một hoặc hai trang.")
    if day > today or day.year < file.year:
        raise BadValue("Ngày kết thúc không thể ở tương lai, cũng không thể trước năm của hồ sơ.")
    if not session.scalar(sa.select(sa.func.count()).where(FilePaper.file_id == file.id)):
        raise Conflict("Hồ sơ chưa có văn bản nào nên chưa kết thúc được.")
    file.closed_on, file.closed_by, file.sheets, file.sides = day, actor, sheets, sides
    facts = _place(file) | {"on": day, "sheets": sheets, "pages": sides}
    history.append(session, actor, "file_closed", file.id, facts)
    return file


def reopen(session: Session, file: WorkFile, reason: str, *, actor: str) -> None:
    """Open a closed file again, for a reason. Conflict once it has been handed to the archive."""
    reason = _reason(reason)
    file = locked(session, file.id)
    if file.closed_on is None:
        return
    if file.handed_on is not None:
        raise Conflict("Hồ sơ đã nộp lưu nên không mở lại được.")
    facts = _place(file) | {"closed_on": file.closed_on, "sheets": file.sheets, "reason": reason}
    file.closed_on = file.closed_by = file.sheets = file.sides = None
    history.append(session, actor, "file_reopened", file.id, facts)


def _reason(text: str) -> str:
    reason = " ".join(text.split())
    if not reason or len(reason) > 500 or not reason.isprintable():
        raise BadValue("Hãy nêu lý do, dài nhất 500 ký tự.")
    return reason


def hand_over(session: Session, file: WorkFile, on: dt.date, *, actor: str) -> None:
    """Nộp lưu: the file went to the archive of the office on this day. Conflict while it is open."""
    file = locked(session, file.id)
    if file.closed_on is None:
        raise Conflict("Hồ sơ chưa kết thúc nên chưa nộp lưu được.")
    if not file.closed_on <= on <= now().astimezone(HANOI).date():
        raise BadValue("Ngày nộp lưu phải từ ngày kết thúc hồ sơ đến hôm nay.")
    if file.handed_on is None:
        file.handed_on = on
        history.append(session, actor, "file_handed_over", file.id, _place(file) | {"on": on})


def papers(session: Session, user: User | None, file: WorkFile) -> Sequence[FilePaper]:
    """What lies in the file, in its order, as far as `user` may see it."""
    wanted = sa.select(FilePaper).join(FilePaper.document).where(FilePaper.file_id == file.id, access.visible(user))
    return session.scalars(wanted.order_by(FilePaper.position, FilePaper.document_id)).all()


def counts(session: Session, user: User | None, files: Sequence[WorkFile]) -> dict[str, int]:
    """How many papers `user` may see in each of these files."""
    wanted = sa.select(FilePaper.file_id, sa.func.count()).join(FilePaper.document).where(access.visible(user))
    wanted = wanted.where(FilePaper.file_id.in_([file.id for file in files])).group_by(FilePaper.file_id)
    return {row[0]: row[1] for row in session.execute(wanted).all()}


def of_document(session: Session, document: Document) -> Sequence[WorkFile]:
    """The files in which a paper lies."""
    wanted = sa.select(WorkFile).join(FilePaper, FilePaper.file_id == WorkFile.id)
    return session.scalars(
        wanted.where(FilePaper.document_id == document.id).order_by(WorkFile.year, WorkFile.code)
    ).all()


def span(papers: Sequence[FilePaper]) -> tuple[str, str] | None:
    """The dates (ISO) of the earliest and the latest of these papers; None where no paper says one."""
    days = sorted(one.document.date for one in papers if one.document.date)
    return (days[0], days[-1]) if days else None


def span_out(papers: Sequence[FilePaper]) -> tuple[str, str] | None:
    """`span` of those that leave with the file: the dates of the others are not told either."""
    return span([one for one in papers if goes_out(one.document)])


def goes_out(document: Document) -> bool:
    """Whether a paper leaves with its file: secret ones are handed over by the rules of State secrets, never here.

    TT 02/2019/TT-BNV.
    """
    in_the_book = document.status in IN_THE_BOOK
    return in_the_book and document.secrecy is None and document.scan.status not in WITHHELD
