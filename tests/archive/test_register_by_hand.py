"""Papers that are not scanned: entered by hand, found and routed like others, and given their scan later."""

import datetime as dt
import io

import pypdfium2
import pytest
import sqlalchemy as sa

from archive import history, records, register, register_by_hand, register_days, review, routing
from archive.blobs import open_blobs
from archive.errors import BadValue, Conflict, DayClosed
from archive.models import Confirmation, Document, FindingRow, Outbox, Scan, StampRow
from archive.search import indexing, open_search, parse
from archive.search.find import find
from tests.archive import offices

DAY = dt.date(2026, 3, 25)
NOW = dt.datetime(2026, 11, 1, 8, tzinfo=dt.UTC)
TYPED = {
    "issuing_organ": "UBND tỉnh A", "full_code": "12/GM-UBND", "date": "20/3/2026", "document_type": "Giấy mời",
    "subject": "dự hội nghị tổng kết <b>năm</b>",
}  # fmt: skip


@pytest.fixture
def blobs(settings):
    return open_blobs(settings.blobs, settings.data)


def typed(blobs, **changes):
    return register_by_hand.sheet(blobs, TYPED | changes, office="Văn phòng", actor="lan", at=NOW)


def enter(session, blobs, number=None, day=DAY, **more):
    return register_by_hand.enter(session, typed(blobs), "den", day, number, **more)


def test_a_typed_paper_is_in_the_book_and_its_sheet_is_an_original(sessions, blobs):
    with sessions.begin() as session:
        entry = enter(session, blobs)
        assert (entry.number, entry.issuer, entry.code, entry.document_date, entry.type_and_subject) == (
            1, "UBND tỉnh A", "12/GM-UBND", "2026-03-20", "Giấy mời dự hội nghị tổng kết <b>năm</b>",
        )  # fmt: skip
        paper = entry.document
        assert (paper.status, paper.doubts, paper.system, paper.scan.status) == ("registered", 0, "state", "done")
        assert paper.fields["number"]["value"] == "12" and paper.fields["subject"]["source"] == "person"
        assert session.scalars(sa.select(Outbox).where(Outbox.document_id == paper.id)).first()
        pdf = pypdfium2.PdfDocument(io.BytesIO(blobs.path(paper.scan.sha256).read_bytes()))
        text = pdf[0].get_textpage().get_text_range()
        pdf.close()
        assert "12/GM-UBND" in text and "20/03/2026" in text and "<b>năm</b>" in text and "chưa có bản quét" in text
        assert routing.decide(session, paper, "Phòng Văn xã", actor="sep", at=NOW).unit == "Phòng Văn xã"
        assert list(history.broken(session)) == []


def test_it_is_found_like_every_other_paper(office_sessions, blobs, settings):
    with office_sessions.begin() as session:
        paper = enter(session, blobs).document_id
    index = open_search(settings.search, settings.data, settings.database_url)
    indexing.keep_up(office_sessions, index)
    with office_sessions() as session:
        found = find(session, index, parse("hoi nghi tong ket"), sa.true())
    assert [hit.id for hit in found.hits] == [paper]


@pytest.mark.parametrize(
    "changes", [{"subject": " "}, {"issuing_organ": None}, {"date": "hôm qua"}, {"secrecy": "Mật"}]
)
def test_what_the_book_needs_or_cannot_be_is_said(office_sessions, blobs, changes):
    with pytest.raises(BadValue):
        typed(blobs, **changes)
    with office_sessions() as session:
        assert session.scalars(sa.select(Scan)).all() == []


def test_the_same_paper_typed_twice_is_refused_until_the_clerk_says_it_is_another(office_sessions, blobs):
    with office_sessions.begin() as session:
        enter(session, blobs)
        with pytest.raises(Conflict, match="không trùng"), session.begin_nested():
            enter(session, blobs)
        assert enter(session, blobs, anyway=True).number == 2


def scanned(session):
    """A paper that was scanned and read, still to be reviewed."""
    paper = offices.document(session, text="Kính gửi các đơn vị", cut_reasons=["trang đầu"])
    paper.scan.status = "review"
    session.add_all([
        FindingRow(document_id=paper.id, field="subject", value="dự họp", confidence=0.8, witness="text", source="n 1"),
        FindingRow(document_id=paper.id, field="place", value="Huế", confidence=0.9, witness="text", source="n 1"),
        StampRow(scan_id=paper.scan_id, document_id=paper.id, page=1, box=[0.1, 0.1, 0.3, 0.2], findings=[]),
    ])  # fmt: skip
    session.flush()
    records.resettle(session, paper)
    review.correct(session, paper, {"signer_name": "Nguyễn An"}, actor="mai", at=NOW)
    return paper


def test_a_scan_that_comes_later_takes_the_place_of_the_sheet(sessions, blobs):
    with sessions.begin() as session:
        paper, other = enter(session, blobs).document, scanned(session)
        scan_id, gone, number = other.scan_id, other.id, paper.entries[0].number
        register_by_hand.attach(session, paper, other, actor="lan", at=NOW)
        session.expire_all()
        assert session.get(Document, gone) is None
        assert (paper.scan_id, paper.pages, paper.text) == (scan_id, [1], "Kính gửi các đơn vị")
        # What was typed stays; what the machine read stands beside it.
        assert paper.subject == TYPED["subject"] and paper.fields["place"]["value"] == "Huế"
        assert paper.fields["signer_name"]["value"] == "Nguyễn An" and paper.stamp is not None
        assert (paper.status, paper.entries[0].number, paper.scan.status) == ("registered", number, "done")
        assert {row.document_id for row in session.scalars(sa.select(Confirmation))} == {paper.id}
        assert session.get(Confirmation, (paper.id, "signer_name")).outcome == "added"
        assert gone in session.scalars(sa.select(Outbox.document_id)).all()
        assert list(history.broken(session)) == []


def test_only_a_scan_under_review_is_attached_and_only_to_a_sheet(sessions, blobs):
    with sessions.begin() as session:
        paper, other = enter(session, blobs).document, scanned(session)
        with pytest.raises(Conflict):
            register_by_hand.attach(session, other, paper, actor="lan", at=NOW)
        register.register(session, other, "den", DAY, actor="lan", at=NOW)
        with pytest.raises(Conflict, match="chờ kiểm tra"):
            register_by_hand.attach(session, paper, other, actor="lan", at=NOW)


def test_nothing_is_entered_by_hand_into_a_closed_day(office_sessions, blobs):
    with office_sessions.begin() as session:
        register_days.close(session, "den", DAY, "lan", NOW)
        with pytest.raises(DayClosed):
            enter(session, blobs)
