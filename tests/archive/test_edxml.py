"""edXML messages: what comes in, what stays out, what is said of the paper, and what its sender hears."""

import codecs
import dataclasses
import io
from collections import Counter

import pytest
import sqlalchemy as sa

from archive import arrival, history, kinds, register
from archive.children import Child
from archive.edxml import export, findings, notices, opening, paper, statuses, tree
from archive.edxml.told import Told
from archive.errors import BadMessage, BadValue, Conflict, DiskFull, Refused, UnknownFormat
from archive.findings import Finding, settle
from archive.jobs import queue
from archive.models import Document, Event, Message, Origin, Scan, Task, Unit, now
from archive.pipeline import Archive, understanding
from archive.scans import Limits
from archive.steps import Extraction
from tests.archive.edxml_samples import NS, message, pdf
from tests.archive.front_desk import FrontDesk, is_killed, zipped

READ = {"number": "471", "symbol": "UBND-VX", "full_code": "471/UBND-VX", "date": "2026-03-30"}
PAPER = pdf(lines=("UBND TINH CAO BANG", "CONG HOA XA HOI CHU NGHIA VIET NAM", "So: 471/UBND-VX"))
OTHER = pdf("Bieu 1")


@pytest.fixture
def office(settings, office_sessions):
    """Takes messages as a door does."""
    return Office(settings, office_sessions)


class Office(FrontDesk):
    NAME = "tin.edxml"

    def read(self, scan_id, text="", **read):
        """The document of a scan, as if the line had read these values on it; the extract step is the real one."""
        found = Extraction(tuple(Finding(field, value, 0.93) for field, value in (READ | read).items()))
        with self.sessions.begin() as session:
            scan = session.get(Scan, scan_id)
            scan.status, scan.pages = "review", 1
            document = Document(scan_id=scan_id, pages=[1], text=text)
            session.add(document)
            session.flush()
            archive = Archive.of(self.settings, self.sessions)
            list(understanding.keep_extract(session, archive, scan, None, [found]))
            return document.id


# ------------------------------------------------------------------------------------------------ the child's side


def opened(tmp_path, content):
    content = content.encode() if isinstance(content, str) else content
    (tmp_path / "came").write_bytes(content)
    inside = tmp_path / "inside"
    inside.mkdir()
    with Child() as child:
        found = opening.open_message(str(tmp_path / "came"), str(inside), 20 << 20, "")
        return dataclasses.replace(found, files=arrival.judged(child, found.files, inside))


WHOLE = message([("a.pdf", PAPER), ("b.doc", b"\xd0\xcf\x11\xe0"), ("../../x.pdf", OTHER)])
WIDE = WHOLE.replace("utf-8", "utf-16")
WRAPPED = {
    "as it is": WHOLE.encode(), "a number before it": b"1212" + WHOLE.encode(),
    "a mark before it": codecs.BOM_UTF8 + WHOLE.encode(), "UTF-16": WIDE.encode("utf-16"),
    "UTF-16 without a mark": b"1\0" + WIDE.encode("utf-16-le"), "the other UTF-16": WIDE.encode("utf-16-be"),
    "UTF-8 that says UTF-16": WIDE.encode(), "the older namespace": WHOLE.replace(NS, "http://www.e-doc.vn/Schema/"),
    "a ZIP around": zipped(("../readme.txt", "x"), ("../tin.xml", WHOLE)),
}  # fmt: skip


@pytest.mark.parametrize("content", WRAPPED.values(), ids=WRAPPED)
def test_a_message_is_read_however_it_is_wrapped(tmp_path, content):
    found = opened(tmp_path, content)
    told = found.told
    assert (told.number, told.symbol, told.date, told.due) == ("471", "UBND-VX", "2026-03-30", "2026-04-15")
    assert (told.sender.name, told.signer, told.places) == (
        "UBND tỉnh Cao Bằng",
        "Nguyễn Văn An",
        ("Như trên", "Lưu: VT"),
    )
    assert [(one.name, one.media_type, one.size) for one in found.files] == [
        ("a.pdf", "application/pdf", len(PAPER)), ("b.doc", "", 4), ("../../x.pdf", "application/pdf", len(OTHER)),
    ]  # fmt: skip
    assert [(tmp_path / "inside" / str(n)).read_bytes() for n in (0, 2)] == [PAPER, OTHER]


def test_a_zip_inside_is_opened_once_and_an_office_document_is_none(tmp_path):
    inner = zipped(("../k.pdf", PAPER), ("n.zip", zipped(("m.pdf", OTHER))))
    docx = zipped(("[Content_Types].xml", "<x/>"), ("media/i.png", b"\x89PNG\r\n\x1a\n"))
    found = opened(tmp_path, message([("a.zip", inner), ("b.docx", docx)]))
    assert [(one.name, bool(one.media_type)) for one in found.files] == [
        ("a.zip", False), ("../k.pdf", True), ("n.zip", False), ("b.docx", False),
    ]  # fmt: skip


def test_an_office_document_is_one_file_however_it_is_packed(tmp_path):
    thumbnail = ("Thumbnails/thumbnail.png", b"\x89PNG\r\n\x1a\n")
    odt = zipped(("mimetype", "application/vnd.oasis.opendocument.text"), thumbnail)
    listed = b"officedocument.wordprocessingml.document.main+xml"
    parts = [(f"word/media/{n}.png", thumbnail[1]) for n in range(300)]
    docx = zipped(("[Content_Types].xml", listed), *parts)
    other = zipped(("mimetype", "application/vnd.oasis.opendocument.presentation"), thumbnail)
    found = opened(tmp_path, message([("a.odt", odt), ("b.docx", docx), ("c.odp", other)]))
    assert [(one.name, one.why == opening.IN_ZIP) for one in found.files] == [
        ("a.odt", False), ("b.docx", False), ("c.odp", False),
    ]  # fmt: skip


def test_papers_beside_a_message_in_its_zip_are_named_and_not_taken_for_parts_of_it(tmp_path):
    around = zipped(
        ("bieu.pdf", OTHER), ("tin.xml", WHOLE), ("b.docx", b"PK\3\4"), ("doc.txt", b"x"), (".a.pdf", OTHER)
    )
    found = opened(tmp_path, around)
    beside = [one for one in found.files if one.why == opening.BESIDE]
    assert [(one.name, one.media_type) for one in beside] == [("bieu.pdf", ""), ("b.docx", "")]
    assert [one.name for one in paper.in_order(found)] == ["a.pdf", "../../x.pdf"]


LAUGHS = '<!DOCTYPE a [<!ENTITY x "lol"><!ENTITY y "&x;&x;&x;">]><edXML:edXML xmlns'
HOSTILE = {
    "entities": WHOLE.replace("<edXML:edXML xmlns", LAUGHS), "cut": WHOLE[:-900], "two roots": WHOLE + WHOLE[40:],
    "wrong encoding": WHOLE.replace("Cao", "C\xe3o").encode("latin-1", "replace"),
    "wrong base64": message([("a.pdf", "JVBERi0*x===")]), "base64 after its end": message([("a.pdf", "JVBE=Ri0")]),
    "base64 cut": message([("a.pdf", "JVBER")]), "too deep": WHOLE.replace("<Content/>", "<a>" * 99 + "</a>" * 99),
    "too many": message([("a.pdf", b"x")] * 5000),
    "too long": WHOLE.replace("<Content/>", f"<Content>{'x' * 30000}</Content>"),
    "a bomb inside": message([("a.zip", zipped(("x.pdf", b"\0" * (30 << 20))))]),
    "a bomb around": zipped(("x.xml", WHOLE.replace("<Content/>", " " * (30 << 20)))),
    "two in a ZIP": zipped(("a.xml", WHOLE), ("b.xml", WHOLE)), "a ZIP cut": zipped(("a.xml", WHOLE))[:-40],
}  # fmt: skip


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_what_is_made_to_hurt_is_refused_with_a_sentence(tmp_path, content):
    with pytest.raises(BadMessage) as caught:
        opened(tmp_path, content)
    assert "Chưa nhận gì" in str(caught.value)


def test_a_name_never_leaves_its_folder_and_big_base64_never_fills_memory(tmp_path):
    builder = tree._Builder(tmp_path / "files")
    (tmp_path / "files").mkdir()
    base64 = builder._base64 = tree._Base64(tmp_path / "files" / "0")
    largest = 0
    for _ in range(2000):
        builder.data("QUJD" * 1000)
        largest = max(largest, len(base64._left))
    assert base64.finish()[0] == 6_000_000 and largest < 80_000


# ------------------------------------------------------------------------------------------------ the door


def test_a_message_is_kept_whole_and_its_files_become_scans_once(office):
    taken = office.take(WHOLE)
    assert len(taken.received) == 2 and all(one.new for one in taken.received)
    assert taken.left_out == (("b.doc", kinds.OTHER),)
    with office.sessions() as session:
        kept = session.get(Message, taken.message)
        assert office.blobs.path(kept.sha256).read_bytes() == WHOLE.encode()
        assert kept.key == "000.00.00.H14,2026/03/30,471/UBND-VX"
        scans = [session.get(Scan, one.scan_id) for one in taken.received]
        assert [(one.filename, one.source, one.priority) for one in scans] == [
            ("a.pdf", "edxml", queue.URGENT), ("x.pdf", "edxml", queue.URGENT),
        ]  # fmt: skip
        assert set(session.scalars(sa.select(Origin.message_id))) == {kept.id}
    again = office.take(WHOLE)
    assert not any(one.new for one in again.received) and again.message == taken.message
    assert office.count(Message, Scan, Origin) == [1, 2, 2]


def test_other_files_go_through_the_ordinary_door(office):
    assert office.take(PAPER, "a.pdf").message is None
    for content in (b"<html>edXML</html>", zipped(("[Content_Types].xml", "<x/>")), b""):
        with pytest.raises(Refused) as caught:
            office.take(content)
        assert not isinstance(caught.value, BadMessage)
    assert office.count(Message, Scan) == [0, 1]


@pytest.mark.parametrize(("content", "says"), [
    (message([("a.doc", b"\xd0\xcf\x11\xe0")]), "a.doc"), (message(), "không có tệp nào"),
    (message(business="1", about="000.00.00.H14,2026/03/30,9/UBND"), "thu hồi"),
    (WHOLE.replace("<edXML:MessageHeader>", "<Status/><edXML:MessageHeader>").split("<AttachmentEncoded>")[0]
     + "</edXML:edXML>", "trạng thái"),
    (WHOLE[:-900], "cắt ngang"),
])  # fmt: skip
def test_refused_means_that_nothing_was_kept_but_an_event(office, content, says):
    with pytest.raises(BadMessage, match=says):
        office.take(content)
    assert office.count(Message, Scan) == [0, 0] and not list(office.blobs.walk())
    with office.sessions() as session:
        assert session.scalars(sa.select(Event.action)).all() == ["refused"]


def test_where_message_and_files_do_not_fit_neither_is_kept(office):
    office.settings = dataclasses.replace(office.settings, reserve_mb=1 << 40)
    with pytest.raises(DiskFull):
        office.take(WHOLE)
    assert office.count(Message, Scan) == [0, 0] and not list(office.blobs.walk())


def test_a_message_that_says_it_is_secret_is_withheld_with_its_files(office):
    facts = {"more": "<OtherInfo2><Secrecy>Mật</Secrecy></OtherInfo2>", "business": "3", "reason": "zq"}
    taken = office.take(message([("a.pdf", PAPER)], about="000.00.00.H14,2026/03/01,9/UBND-VX", **facts))
    assert taken.first.status == "quarantined"
    with office.sessions() as session:
        kept = session.get(Message, taken.message)
        assert (kept.withheld, kept.facts, kept.key) == (True, {}, "")
    assert not list(office.blobs.walk())


@pytest.mark.parametrize("received", [0, 1])
def test_killed_between_message_and_last_file_it_is_sent_again_and_nothing_is_doubled(office, tmp_path, received):
    file = tmp_path / "tin.edxml"
    file.write_text(WHOLE)
    assert is_killed(office, file, received)
    assert office.count(Message, Scan) == [1, received]
    taken = office.take(WHOLE)
    assert [one.new for one in taken.received] == [n >= received for n in range(2)]
    assert office.count(Message, Scan, Origin) == [1, 2, 2]
    with office.sessions() as session:
        actions = Counter(session.scalars(sa.select(Event.action)))
    assert (actions["message_kept"], actions["received"]) == (1, 2)


# ------------------------------------------------------------------------------------------------ what is said


def told(tmp_path_factory=None, **facts):
    known = {
        "number": "471",
        "symbol": "UBND-VX",
        "date": "2026-03-30",
        "type": "công văn",
        "subject": "V/v phòng dịch",
    }
    return Told(**(known | facts))


def said(told, read=(), weight=findings.UNVERIFIED, surely=True):
    return settle([*read, *findings.of_told(told, read, weight, surely=surely)])


def ocr(field, value, confidence=0.93):
    return Finding(field, value, confidence)


def test_paper_and_message_that_agree_make_a_value_sure_and_neither_alone_does():
    read = [ocr("number", "0471"), ocr("date", "2026-03-30")]
    both = said(told(), read).fields
    assert both["number"].sure and both["number"].value == "0471" and both["date"].sure
    assert not settle(read).fields["number"].sure
    alone = said(told(), weight=findings.VERIFIED).fields
    assert alone["number"].value == "471" and alone["full_code"].value == "471/UBND-VX"
    assert not any(one.sure for one in alone.values() if one.value)


def test_where_they_differ_both_are_shown_and_nothing_is_sure():
    one = said(told(), [ocr("number", "417", 0.97), Finding("number", "417", 0.9, witness="file_name")]).fields[
        "number"
    ]
    assert not one.sure and {one.value, *(other.value for other in one.others)} == {"417", "471"}
    assert any("Thông điệp edXML" in other.reason for other in (one, *one.others))


def test_a_broken_signature_or_an_unsure_file_makes_only_suggestions():
    for record in (said(told(), weight=0.0), said(told(), surely=False)):
        assert record.fields["number"].value is None
        assert {one.field for one in record.suggestions} >= {"number", "date", "subject"}
    assert "message_signature_broken" in said(told(), weight=0.0).flags


@pytest.mark.parametrize(("number", "symbol", "full"), [
    ("471", "UBND-VX", "471/UBND-VX"), ("182", "CV/TU", "182-CV/TU"), ("30", "2020/NĐ-CP", "30/2020/NĐ-CP"),
    ("16/CT-TTg", "", "16/CT-TTg"), ("05", "/QĐ-UBND", "05/QĐ-UBND"), ("x", "y", None),
])  # fmt: skip
def test_number_and_symbol_are_put_together_however_they_are_parted(number, symbol, full):
    code = findings.code_of(told(number=number, symbol=symbol))
    assert (code.full if code else None) == full


LETTER, DOC = "471-UBND-VX.pdf", b"\xd0\xcf\x11\xe0"


@pytest.mark.parametrize(("files", "main", "sure"), [
    ([("471-UBND-VX PL.pdf", OTHER), (LETTER, PAPER)], LETTER, True),
    ([("bieu.pdf", OTHER), ("471_UBND_VX.signed (1).pdf", PAPER)], "471_UBND_VX.signed (1).pdf", True),
    ([("cong van.pdf", PAPER), ("b.pdf", OTHER)], "cong van.pdf", True),
    ([("471-UBND-VX.docx", DOC), ("471-UBND-VX-PhuLuc01.pdf", OTHER)], "471-UBND-VX-PhuLuc01.pdf", False),
    ([("471-UBND-VXND.pdf", OTHER), ("cong van.pdf", PAPER)], "471-UBND-VXND.pdf", False),
    ([("472-UBND-VX.pdf", PAPER)], "472-UBND-VX.pdf", False),
    ([(LETTER, PAPER), ("471-UBND-VX_signed.pdf", OTHER)], LETTER, False),
    ([("Biểu kèm theo.pdf", OTHER)], "Biểu kèm theo.pdf", False),
])  # fmt: skip
def test_an_appendix_is_never_surely_taken_for_the_paper(tmp_path, files, main, sure):
    found = opened(tmp_path, message(files))
    papers = paper.in_order(found)
    assert (papers[0].name, paper.is_sure(found, papers)) == (main, sure)


def test_a_page_headed_appendix_or_an_attachment_named_by_the_message_makes_nothing_sure(office):
    taken = office.take(message([(LETTER, PAPER), ("471-UBND-VX PL.pdf", OTHER)]))
    headed = office.read(taken.received[0].scan_id, text="UBND TỈNH\nPHỤ LỤC I\nSố: 471/UBND-VX")
    appendix = office.read(taken.received[1].scan_id)
    with office.sessions() as session:
        fields = [session.get(Document, one).fields for one in (headed, appendix)]
    assert [(one["number"]["value"], one["number"]["sure"]) for one in fields] == [("471", False)] * 2


def test_what_it_answers_becomes_a_link_and_the_header_is_for_the_paper_alone(office):
    reply = "<ResponseFor><Code>12/UBND-TH</Code><PromulgationDate>2026/03/01</PromulgationDate></ResponseFor>"
    taken = office.take(message([("phu-luc.pdf", OTHER), ("471-UBND-VX.pdf", PAPER)], reply=reply))
    first, appendix = (office.read(one.scan_id) for one in taken.received)
    with office.sessions() as session:
        paper, other = (session.get(Document, one) for one in (first, appendix))
        assert paper.fields["number"]["sure"] and (paper.urgency, paper.fields["place"]["value"]) == (
            "Khẩn",
            "Cao Bằng",
        )
        assert [(one.code, one.relation) for one in paper.citations] == [("12/UBND-TH", "reply")]
        assert not other.fields["number"]["sure"] and other.fields["place"]["value"] is None
        assert not other.suggestions and not other.citations


def test_a_scan_that_was_here_before_its_message_is_understood_anew(office):
    scan_id = office.take(PAPER, "a.pdf").first.scan_id
    office.read(scan_id)
    assert office.take(WHOLE).first.scan_id == scan_id
    with office.sessions() as session:
        assert session.get(Scan, scan_id).status == "reading"
        assert "extract" in session.scalars(sa.select(Task.step).where(Task.scan_id == scan_id)).all()


# --------------------------------------------------------------------------------------------- what is asked and told


def in_book(office, **facts):
    """A paper that came by a message, was read and put into the book."""
    more = {"subject": "phòng, chống dịch", "signer_name": "Nguyễn Văn An", "signer_title": "Chủ tịch"}
    taken = office.take(message([("a.pdf", PAPER), ("b.pdf", OTHER)], **facts))
    paper, _ = office.read(taken.first.scan_id, **more), office.read(taken.received[1].scan_id, number="9")
    with office.sessions.begin() as session:
        document = session.get(Document, paper)
        register.register(session, document, "den", now().date(), actor="lan")
    return paper


def test_a_recall_is_a_notice_on_the_paper_and_changes_nothing_else(office):
    paper = in_book(office)
    recall = message(business="1", about="000.00.00.H14,2026/03/30,471/UBND-VX", reason="Gửi nhầm")
    for _ in range(2):
        taken = office.take(recall)
    with office.sessions() as session:
        document = session.get(Document, paper)
        assert (taken.first.scan_id, document.status) == (document.scan_id, "registered")
        (notice,) = notices.of(session, paper)
        assert (notice.action, notice.reason, notice.sender) == ("recall_asked", "Gửi nhầm", "UBND tỉnh Cao Bằng")
        assert not notice.trusted


def test_each_status_is_written_once_and_reads_as_the_standard_says(office, tmp_path):
    office.settings = dataclasses.replace(
        office.settings, edxml_outbox=str(tmp_path / "ra"), organ_id="000.00.00.H35", office="Văn phòng"
    )
    paper = in_book(office)
    names = statuses.tell(office.sessions, office.settings, "system")
    assert [name[-8:] for name in names] == ["01.edxml", "03.edxml"]
    for file in (tmp_path / "ra").iterdir():
        file.unlink()  # the exchange program took them
    assert statuses.tell(office.sessions, office.settings, "system") == []
    with office.sessions.begin() as session:
        session.add(Unit(id="vp", name="Văn phòng"))
        history.append(session, "lan", "routed", paper, {"unit": "vp"})
    (name,) = statuses.tell(office.sessions, office.settings, "system")
    root, _ = tree.read(tmp_path / "ra" / name, tmp_path)
    status = root.find("edXMLEnvelope", "edXMLHeader", "Status")
    assert (status.said("StatusCode"), status.said("From", "OrganId")) == ("04", "000.00.00.H35")
    assert status.said("ResponseFor", "DocumentId") == "000.00.00.H14,2026/03/30,471/UBND-VX"
    assert status.said("ResponseFor", "Code") == "471/UBND-VX"


def test_what_is_exported_comes_in_again_with_the_same_values(office, tmp_path):
    paper = in_book(office)
    archive = Archive.of(office.settings, office.sessions)
    with office.sessions() as session:
        document = session.get(Document, paper)
        before = {name: one["value"] for name, one in document.fields.items()}
        parcel = export.parcel(session, document, office.settings)
    out = io.BytesIO()
    export.write(out, parcel, office.blobs, archive.derived, Limits(), now())
    found = opened(tmp_path, out.getvalue())
    assert (tmp_path / "inside" / "0").read_bytes() == PAPER
    after = {one.field: one.value for one in findings.of_told(found.told, (), 0.9, surely=True)}
    for name in ("number", "symbol", "full_code", "date", "place", "document_type", "subject", "issuing_organ",
                 "signer_title", "signer_name", "urgency"):  # fmt: skip
        assert after.get(name) == before[name], name
    assert found.told.due == "2026-04-15" and found.told.id == parcel.told.id


def test_what_must_not_go_out_or_does_not_fit_is_said(office):
    paper = in_book(office)
    with office.sessions() as session:
        document = session.get(Document, paper)
        document.fields = document.fields | {"subject": document.fields["subject"] | {"value": "x" * 501}}
        with pytest.raises(BadValue, match="Trích yếu dài 501 ký tự, quy chuẩn cho 500"):
            export.parcel(session, document, office.settings)
        document.secrecy = "Mật"
        with pytest.raises(Conflict):
            export.parcel(session, document, office.settings)
        document.secrecy, document.status = None, "review"
        with pytest.raises(Conflict):
            export.parcel(session, document, office.settings)
        session.rollback()


def test_a_stream_of_no_message_is_unknown(tmp_path):
    (tmp_path / "x").write_bytes(b"<root/>")
    with pytest.raises(UnknownFormat):
        tree.read(tmp_path / "x", tmp_path)


@pytest.mark.parametrize("said, secret", [
    ("<DoMat>Bình thường</DoMat>", False), ("<DoMat>không mật</DoMat>", False), ("<Secrecy>-1</Secrecy>", False),
    ("<DoKhanMat>Khẩn</DoKhanMat>", False), ("<Security>Độ Tối mật</Security>", True), ("<BiMat>mat</BiMat>", True),
    ("<SecurityLevel>TUYÊ\u0323T MẬT</SecurityLevel>", True), ("<Muc_Do_Bao_Mat>Top secret</Muc_Do_Bao_Mat>", True),
])  # fmt: skip
def test_only_the_name_of_a_grade_makes_a_message_secret(tmp_path, said, secret):
    assert bool(opened(tmp_path, message([("a.pdf", PAPER)], more=said)).told.secrecy) is secret


def test_a_message_that_calls_a_paper_of_the_book_secret_wipes_nothing_and_leaves_word(office):
    paper = in_book(office)
    for _ in range(2):
        taken = office.take(message([("7.pdf", PAPER)], more="<DoMat>Mật</DoMat>"))
    with office.sessions() as session:
        document = session.get(Document, paper)
        assert (document.subject, document.secrecy, document.scan.status) == ("phòng, chống dịch", None, "review")
        events = session.scalars(sa.select(Event).where(Event.action == "said_secret")).all()
        assert [(event.subject, event.data) for event in events] == [(taken.first.scan_id, '{"source":"edxml"}')]
