"""Do the index and the pictures say what the database says? They can be made anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session, load_only

from archive.errors import ArchiveError
from archive.inspection.checks import Check, Place, Tell, named
from archive.ledger import IN_WORK
from archive.models import Document, Outbox, Scan
from archive.search.indexing import line_of

INDEX, PICTURES = "chỉ mục", "hình trang"
REINDEX = "Hãy chạy vanthu reindex; trong lúc ấy vẫn tìm được."
BATCH = 200
_shelved = sa.exists().where(Scan.id == Document.scan_id, Scan.status.not_in((*IN_WORK, "failed")))
"""Until its last step is done a scan's documents need not be in the index; their rows may be ahead of it."""
_read = load_only(
    Document.id, Document.full_code, Document.subject, Document.issuing_organ, Document.text, Document.folded,
    raiseload=True,
)  # fmt: skip


def index(place: Place, tell: Tell) -> Iterator[Check]:
    """Each document once in the index, no other, each as it stands now; what waits in the outbox is on its way."""
    tell(INDEX, 0, 0)
    try:
        yield _index(place, tell)
    except ArchiveError as error:  # a disk without a byte left, mostly: even to read SQLite wants some
        yield Check(INDEX, ok=False, says=str(error), todo=REINDEX)


def _index(place: Place, tell: Tell) -> Check:
    with place.readers() as session:
        documents, waiting = _count(session, Document), _count(session, Outbox)
    status = place.index.status()
    says = f"{status.documents} văn bản, cơ sở dữ liệu {documents}, chờ ghi {waiting}"
    if not status.healthy:
        # A worker makes it by itself where it never was; an archive without papers needs none.
        fine = status.generation is None and (waiting > 0 or not documents)
        says = f"chưa có hoặc hỏng ({says})" if documents or status.generation else "chưa có văn bản nào"
        return Check(INDEX, fine, says, "" if fine else REINDEX)
    wrong = list(_differences(place, tell))
    return Check(INDEX, not wrong, "; ".join([says, *wrong]), REINDEX if wrong else "")


def _differences(place: Place, tell: Tell) -> Iterator[str]:
    missing, extra, twice = _compare(place)
    if missing or extra or twice:  # workers go on meanwhile: only what is so both times is wrong
        again = _compare(place)
        missing, extra, twice = (one & other for one, other in zip((missing, extra, twice), again, strict=True))
    if missing:
        yield f"thiếu {len(missing)} văn bản: {named(sorted(missing))}"
    if extra:
        yield f"thừa {len(extra)} văn bản: {named(sorted(extra))}"
    if twice:
        yield f"{len(twice)} văn bản có hai lần: {named(sorted(twice))}"
    if stale := _stale(place, tell) - missing:
        yield f"{len(stale)} văn bản đã đổi mà chỉ mục chưa biết: {named(sorted(stale))}"


def _compare(place: Place) -> tuple[set[str], set[str], set[str]]:
    """Ids the index lacks, has too many, has twice; without those in the outbox, before or after."""
    with place.readers() as session:
        waiting = _waiting(session)
        due = set(session.scalars(sa.select(Document.id).where(_shelved)))
        there = set(session.scalars(sa.select(Document.id)))
    known = Counter(place.index.identifiers())
    with place.readers() as session:
        waiting |= _waiting(session)
    twice = {name for name, count in known.items() if count > 1}
    return due - known.keys() - waiting, known.keys() - there - waiting, twice


def _waiting(session: Session) -> set[str]:
    return set(session.scalars(sa.select(Outbox.document_id)))


def _stale(place: Place, tell: Tell) -> set[str]:
    """Documents whose words are others than those the index was told last (`Document.folded` is what it was told)."""
    with place.readers() as session:
        total = _count(session, Document)
    found: set[str] = set()
    last, done = "", 0
    while True:
        tell(INDEX, done, total)
        with place.readers() as session:
            some = sa.select(Document).where(Document.id > last).order_by(Document.id).limit(BATCH).options(_read)
            documents = session.scalars(some).all()
            found |= _untold(session, documents)
        if not documents:
            break
        last, done = documents[-1].id, done + len(documents)
    return found


def _untold(session: Session, documents: Sequence[Document]) -> set[str]:
    changed = {one.id for one in documents if one.folded != line_of(one)}
    if not changed:
        return changed
    told = sa.exists().where(Outbox.document_id == Document.id)
    return set(session.scalars(sa.select(Document.id).where(Document.id.in_(changed), _shelved, sa.not_(told))))


def _count(session: Session, kind: type[Document] | type[Outbox]) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(kind)) or 0


def pictures(place: Place, tell: Tell) -> Iterator[Check]:
    """Folders of pictures whose scan is no more: they take room, nothing else."""
    tell(PICTURES, 0, 0)
    with place.readers() as session:
        known = set(session.scalars(sa.select(Scan.id)))
    strays = [scan_id for scan_id in place.derived.scans() if scan_id not in known]
    todo = "Có thể xoá các thư mục ấy trong DATA/derived." if strays else ""
    says = f"{len(strays)} thư mục không thuộc bản quét nào: {named(strays)}" if strays else "đúng chỗ"
    yield Check(PICTURES, ok=not strays, says=says, todo=todo)
