"""edXML messages at the doors of the web, and what vouches for a paper beside its page."""

import io

import sqlalchemy as sa

from archive import signed
from archive.edxml import notices
from archive.edxml.told import RECALL, Named, Organ, Told
from archive.models import Document, Message, Scan, now
from tests.archive.edxml_samples import message, pdf

FILES = [("471-UBND-VX.pdf", pdf()), ("phu luc mat.pdf", pdf("2")), ("bang.xlsx", b"PK\x03\x04x")]


def papers(makers, taken, signatures):
    """The scans of a message as the line leaves them: the paper in the book, its appendix not; the paper's id."""
    with makers.begin() as session:
        ids = []
        for n, one in enumerate(taken["scans"]):
            scan = session.get(Scan, one["id"])
            scan.status, scan.signatures = "review", signatures
            status = "review" if n else "registered"
            document = Document(scan_id=scan.id, pages=[], status=status, full_code="471/UBND-VX", date="2026-03-30")
            session.add(document)
            session.flush()
            ids.append(document.id)
        kept = session.scalars(sa.select(Message)).one()
        about = Named(id=kept.key)
        recall = Told(sender=Organ(name="UBND tỉnh Cao Bằng"), business=RECALL, business_about=about,
                      business_reason="Gửi nhầm")  # fmt: skip
        assert notices.tell(session, "m" * 32, recall, "van", now()) == ids[:1]
    return ids[0]


def test_a_message_comes_in_by_both_doors_and_its_paper_shows_what_vouches_for_it(desk, makers):
    clerk = desk()
    content = message(FILES).encode()
    sent = {"file": (io.BytesIO(content), "tin.bin")}
    answer = clerk.client.post("/api/v1/scans", data=sent, headers={"X-CSRF-Token": clerk.token})
    taken = answer.json
    assert (answer.status_code, len(taken["scans"])) == (202, 2) and taken["scans"][0]["id"] == taken["id"]
    assert [one["name"] for one in taken["left_out"]] == ["bang.xlsx"]
    again = clerk.send("/upload", {"file": (io.BytesIO(content), "x.pdf")}, headers={"Accept": "application/json"})
    assert again.status_code == 200 and "2 tệp" in again.json[0]["said"] and "bang.xlsx" in again.json[0]["said"]
    seal = {"kind": "pdf", "verdict": signed.BROKEN, "signer": "Nguyễn Văn An", "organs": ["UBND"], "at": None}
    paper = papers(makers, taken, [seal, seal | {"verdict": signed.TRUSTED}, {"signer": "Cũ", "at": None}])
    page = clerk.page(f"/documents/{paper}")
    for words in (
        "đã bị sửa sau khi ký", "✕", "có trong danh sách tin cậy", "✓", "Chưa kiểm tra được", "Gửi nhầm",
        "đề nghị thu hồi", "Chưa xác minh được bên gửi", "phu luc mat.pdf", "bang.xlsx", "15/04/2026",
        "Biểu 1",
    ):  # fmt: skip
        assert words in page, words
    assert "theo thông điệp edXML" in desk("leader").page(f"/routing?document={paper}")
    staff = desk("staff").page(f"/documents/{paper}")
    assert "471-UBND-VX.pdf" in staff and "Gửi nhầm" in staff
    assert "phu luc mat" not in staff and "bang.xlsx" not in staff and "Biểu 1" not in staff


def test_a_message_that_brings_nothing_is_refused_with_a_sentence(desk):
    clerk = desk()
    sent = {"file": (io.BytesIO(message([("a.doc", b"\xd0\xcf\x11\xe0")]).encode()), "a.edxml")}
    answer = clerk.client.post("/api/v1/scans", data=sent, headers={"X-CSRF-Token": clerk.token})
    assert answer.status_code == 422 and "a.doc" in answer.json["detail"]
