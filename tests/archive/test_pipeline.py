"""The line: real scans through real steps in a real child, kept in a real database."""

import dataclasses
import io
import json
from collections import Counter

import pytest
import sqlalchemy as sa
from PIL import Image

from archive import answer, history, intake, jobs, links, pages, records, review
from archive.blobs import open_blobs
from archive.derived import Derived
from archive.findings import Finding, Mark, Record, Settled, Stamp
from archive.jobs import queue, spent
from archive.jobs.worker import Worker
from archive.models import (
    CitationRow,
    Confirmation,
    Document,
    Event,
    FindingRow,
    MarkRow,
    Outbox,
    PageRow,
    RegisterEntry,
    Scan,
    StampRow,
    Task,
)  # fmt: skip
from archive.pipeline import STEPS, read_file, understanding
from archive.pipeline.reading import keep_mark, unread
from archive.reading import Gap, Page, Word
from archive.safe import Safe
from archive.search import open_search, parse
from archive.steps import Extraction, Marks
from archive.vietnamese import fold
from server import demo
from tests import engines, papers

ONCE = pytest.mark.parametrize("engine", [engines.DATABASE], indirect=True)
"""Reading takes seconds, and the other database has nothing to do with it."""


def head_of(paper):
    """The upper part of a paper's first page: all that most tests need, read in a third of the time."""
    page = paper.pages[0]
    return page.crop((0, 0, page.width, int(0.45 * page.height)))


def file_of(*images, kind="PNG"):
    out = io.BytesIO()
    more = {"save_all": True, "append_images": images[1:], "resolution": demo.DPI} if kind == "PDF" else {}
    images[0].save(out, kind, dpi=(demo.DPI, demo.DPI), **more)
    return out.getvalue()


@pytest.fixture
def line(engine, engine_settings, sessions):
    """A line to put scans on: `line.receive(bytes)`, `line.run()`."""

    class Line:
        settings = engine_settings
        blobs = open_blobs(engine_settings.blobs, engine_settings.data)
        derived = Derived(engine_settings.data)

        def receive(self, content, name="scan.pdf"):
            stream = io.BytesIO(content)
            return intake.receive(
                sessions, self.blobs, self.settings, stream, name, actor="huong", source="cli"
            ).scan_id

        def worker(self, settings=None, **steps):
            return Worker(settings or self.settings, engine=engine, steps=STEPS | steps)

        def run(self, settings=None, **steps):
            with self.worker(settings, **steps) as worker:
                assert worker.drain(seconds=200)

    return Line()


@pytest.fixture
def in_memory(sessions):
    """A scan with one page read, whose steps are kept by hand: no child, no pixels."""
    with sessions.begin() as session:
        scan = Scan(sha256="0" * 64, filename="a.pdf", media_type="application/pdf", size=1, received_by="huong",
                    pages=2, status="reading")  # fmt: skip
        session.add(scan)
        session.flush()
        pages.keep(session, scan.id, _page(1, "Số: 471/UBND-VX"))
        pages.keep(session, scan.id, _page(2, "Lưu: VT."))
        return scan.id


def _page(number, text):
    words = tuple(Word(word, (0.1 * n, 0.1, 0.1 * n + 0.05, 0.12), 0.9) for n, word in enumerate(text.split(), 1))
    return Page.of_words(number, words, width=100, height=140)


def counts(session, *tables):
    return [session.scalar(sa.select(sa.func.count()).select_from(table)) for table in tables]


# ------------------------------------------------------------------------------------------------ the real walk


def test_a_scan_is_read_to_the_shelf(line, sessions):
    id_ = line.receive(file_of(head_of(papers.party_paper()), kind="PDF"))
    line.run()
    with sessions() as session:
        scan = session.get(Scan, id_)
        assert (scan.status, scan.error) == ("review", None)
        assert line.blobs.verify(scan.sha256)
        assert [row.number for row in scan.page_rows] == list(range(1, scan.pages + 1))
        assert line.derived.get(id_, "1.webp")[8:12] == line.derived.get(id_, "1.thumb.webp")[8:12] == b"WEBP"
        (document,) = scan.documents
        assert document.pages == list(range(1, scan.pages + 1))
        assert document.system == "party"
        assert "dang cong san viet nam" in fold(document.text)
        actions = session.scalars(sa.select(Event.action).where(Event.subject == id_).order_by(Event.seq)).all()
        assert actions == ["received", "surveyed", "read", "cut", "extracted", "shelved"]
        json.dumps(answer.of_scan(session, scan))


def test_every_file_ends_read_or_refused_with_a_reason(line, sessions):
    broken = line.receive(b"%PDF-1.4\nthis is no page\n%%EOF")
    whole = line.receive(file_of(Image.new("L", (300, 400), 255)), "empty.png")
    line.run()
    with sessions() as session:
        scan = session.get(Scan, broken)
        assert scan.status == "failed"
        assert "an toàn" in scan.error
        assert line.blobs.verify(scan.sha256)
        assert session.get(Scan, whole).status == "review"


@pytest.mark.embedded("an index in files is what cannot be written here")
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_an_index_that_cannot_be_written_stops_no_scan(line, sessions):
    index = line.settings.data / "index"
    index.write_bytes(b"not a folder")
    id_ = line.receive(file_of(Image.new("L", (300, 400), 255)), "empty.png")
    line.run()
    with sessions() as session:
        assert session.get(Scan, id_).status == "review"
        assert counts(session, Outbox) == [1]
    index.unlink()
    line.run()
    with sessions() as session:
        assert counts(session, Outbox) == [0]


@ONCE
def test_a_correction_reaches_the_index_without_a_new_scan(line, sessions):
    id_ = line.receive(file_of(Image.new("L", (300, 400), 255)), "empty.png")
    line.run()
    with sessions.begin() as session:
        (document,) = session.get(Scan, id_).documents
        document.subject = "đăng ký bổ sung nội dung trình kỳ họp"
        session.add(Outbox(document_id=document.id))
    line.run()
    engine = open_search(line.settings.search, line.settings.data, line.settings.database_url)
    assert [hit.id for hit in engine.search(parse("dang ky bo sung"), 5).hits] == [document.id]
    engine.close()


@ONCE
def test_walking_the_line_again_changes_nothing_but_the_log(line, sessions):
    id_ = line.receive(file_of(head_of(papers.state_paper())), "a.png")
    line.run()
    tables = (Document, PageRow, StampRow, FindingRow, CitationRow)
    with sessions() as session:
        before, first = counts(session, *tables), answer.of_scan(session, session.get(Scan, id_))
    with sessions.begin() as session:
        jobs.restart(session, id_, "survey", "it")
    line.run()
    with sessions() as session:
        again = answer.of_scan(session, session.get(Scan, id_))
        assert counts(session, *tables) == before
    del first["scan"]["read_at"], again["scan"]["read_at"]
    assert again == first


@ONCE
def test_one_unreadable_page_does_not_lose_the_others(line, sessions):
    id_ = line.receive(file_of(head_of(papers.state_paper()), head_of(papers.party_paper()), kind="PDF"))
    second = dataclasses.replace(STEPS["read"], prepare=_fail_on(2, STEPS["read"]))
    line.run(read=second)
    with sessions() as session:
        scan = session.get(Scan, id_)
        assert scan.status == "review"
        assert "trang 2" in scan.error
        assert [bool(row.plain) for row in scan.page_rows] == [True, False]
        flagged = [document for document in scan.documents if "unreadable_page" in document.flags]
        assert [2 in document.pages for document in flagged] == [True]
    with sessions.begin() as session:
        assert jobs.retry(session, id_, "huong") == 1
    line.run()
    with sessions() as session:
        scan = session.get(Scan, id_)
        assert (scan.status, scan.error) == ("review", None)
        assert all(row.plain for row in scan.page_rows)


def _fail_on(number, step):
    def prepare(session, archive, claim):
        ((path, part, *rest),) = step.prepare(session, archive, claim)
        return [(path, 999 if part == number else part, *rest)]

    return prepare


@ONCE
def test_a_page_that_takes_too_long_is_given_up(line, sessions):
    hasty = dataclasses.replace(STEPS["read"], seconds=lambda settings: 0.01)
    id_ = line.receive(file_of(head_of(papers.state_paper())), "a.png")
    line.run(read=hasty)
    with sessions() as session:
        scan = session.get(Scan, id_)
        assert scan.status == "review"
        assert scan.page_rows[0].advice == ["unreadable"]
        assert scan.page_rows[0].reason == "unreadable: TookTooLong"


@ONCE
def test_a_file_whose_pages_bring_the_reader_down_holds_nobody_up(line, sessions, monkeypatch):
    monkeypatch.setattr(queue, "back_off", lambda *_: 0.0)
    blank = Image.new("L", (100, 140), 255)
    id_ = line.receive(file_of(*[blank] * 4, kind="PDF"))
    line.run(read=dataclasses.replace(STEPS["read"], work="tests.faults.deeds:die_of"))
    with sessions() as session:
        scan = session.get(Scan, id_)
        reasons = [row.reason.removeprefix("unreadable: ") for row in scan.page_rows]
        assert (scan.status, reasons) == ("review", ["Crashed", "Crashed", "Spared", "Spared"])
    with sessions.begin() as session:
        assert jobs.retry(session, id_, "huong") == 4
    line.run()
    with sessions() as session:
        assert [row.source for row in session.get(Scan, id_).page_rows] == ["blank"] * 4


@ONCE
def test_a_file_each_page_of_which_is_slow_ends_and_can_be_tried_again(line, sessions, monkeypatch):
    monkeypatch.setattr(spent, "MEAN", 0.0)
    id_ = line.receive(file_of(*[Image.new("L", (100, 140), 255)] * 8, kind="PDF"))
    slow = dataclasses.replace(
        STEPS["read"], work="tests.faults.deeds:read_slowly", seconds=lambda _: 60.0, share=1 / 20
    )
    with line.worker(read=slow) as worker:
        worker.drain(seconds=200)
        with sessions() as session:
            scan = session.get(Scan, id_)
            ends = [row.reason.removeprefix("unreadable: ") for row in scan.page_rows]
            assert scan.status == "review"
            assert ends[0] == ends[1] == "no text layer; no ink on the page"
            assert Counter(ends)["TooMuchWork"] == 2
            assert ends[-1] == "Spared"
        with sessions.begin() as session:
            assert jobs.retry(session, id_, "huong") == len([end for end in ends if end in ("TooMuchWork", "Spared")])
        worker.drain(seconds=200)
    with sessions() as session:
        again = [row.source for row in session.get(Scan, id_).page_rows]
        assert again.count("blank") > ends.count(ends[0])


@ONCE
def test_the_steps_of_a_page_share_a_limit(line, sessions, monkeypatch):
    monkeypatch.setattr(spent, "FIRST", 0.0)
    id_ = line.receive(file_of(Image.new("L", (100, 140), 255)), "a.png")
    line.run(look=dataclasses.replace(STEPS["look"], opens=False))
    with sessions() as session:
        scan = session.get(Scan, id_)
        assert (scan.status, [row.reason for row in scan.page_rows]) == ("review", ["unreadable: TooMuchWork"])


@ONCE
def test_a_file_at_which_the_look_falls_over_is_not_read_but_looked_at_when_tried_again(line, sessions, monkeypatch):
    monkeypatch.setattr(queue, "back_off", lambda *_: 0.0)
    id_ = line.receive(file_of(Image.new("L", (100, 140), 255)), "a.png")
    line.run(look=dataclasses.replace(STEPS["look"], work="tests.faults.deeds:die_of"))
    with sessions() as session:
        scan = session.get(Scan, id_)
        assert (scan.status, scan.page_rows, scan.documents) == ("failed", [], [])
        assert "đầu trang 1 " in scan.error and "Thử lại" in scan.error
    with sessions.begin() as session:
        assert jobs.retry(session, id_, "huong") == 1
    line.run()
    with sessions() as session:
        assert session.get(Scan, id_).page_rows[0].source == "blank"


@ONCE
def test_pages_that_bring_the_marking_down_stay_as_read_and_can_be_tried_again(line, sessions, monkeypatch):
    monkeypatch.setattr(queue, "back_off", lambda *_: 0.0)
    id_ = line.receive(file_of(*[Image.new("L", (100, 140), 255)] * 3, kind="PDF"))
    line.run(mark=dataclasses.replace(STEPS["mark"], work="tests.faults.deeds:die_of"))
    with sessions() as session:
        scan = session.get(Scan, id_)
        assert [row.source for row in scan.page_rows] == ["blank"] * 3
        assert unmarked(session) == ["Crashed", "Crashed", "Spared"]
    with sessions.begin() as session:
        jobs.restart(session, id_, "mark", "huong")
    line.run()
    with sessions() as session:
        assert unmarked(session) == []


def unmarked(session):
    return session.scalars(sa.select(MarkRow.text).where(MarkRow.kind == "unmarked").order_by(MarkRow.page)).all()


# ------------------------------------------------------------------------------------------------ what people said


class _Line:
    """What `keep_*` need of an archive, without a child."""

    def __init__(self, settings):
        self.settings, self.derived, self.safe = settings, Derived(settings.data), Safe(settings.data)
        self.blobs = open_blobs(settings.blobs, settings.data)
        self.keeps_secrets = settings.secrets == "allow"


def _kept(sessions, settings, scan_id, keep, answers, part=0):
    claim = jobs.Claim(1, scan_id, "", part, 1, "w")
    with sessions.begin() as session:
        following = list(keep(session, _Line(settings), session.get(Scan, scan_id), claim, answers))
    return [step for step, _ in following]


def _marked(sessions, settings, scan_id, *found):
    return [_kept(sessions, settings, scan_id, keep_mark, [marks], marks.page) for marks in found]


def _cut(sessions, settings, scan_id, *numbers):
    from archive.bundles import Part

    with sessions() as session:
        read = {page.number: page for page in pages.of_scan(session, scan_id)}
    parts = tuple(Part(tuple(read[n] for n in group), ("vì",)) for group in numbers)
    return _kept(sessions, settings, scan_id, understanding.keep_cut, [parts])


def _extract(sessions, settings, scan_id, *findings, citations=()):
    return _kept(sessions, settings, scan_id, understanding.keep_extract, [Extraction(findings, citations)])


NUMBER = Finding("number", "417", 0.9, page=1, box=(0.1, 0.1, 0.2, 0.2), source="national 1.0")


def test_what_a_person_confirmed_outlives_every_new_reading(sessions, settings, in_memory):
    _cut(sessions, settings, in_memory, (1, 2))
    _extract(sessions, settings, in_memory, NUMBER)
    with sessions.begin() as session:
        document = session.scalars(sa.select(Document)).one()
        session.add(Confirmation(document_id=document.id, field="number", value="471", machine="417", by="huong"))
        records.resettle(session, document)
    _extract(sessions, settings, in_memory, dataclasses.replace(NUMBER, value="477", source="national 2.0"))
    with sessions() as session:
        document = session.scalars(sa.select(Document)).one()
        assert document.number == "471"
        assert document.fields["number"]["source"] == "person"
        said = session.execute(sa.select(FindingRow.value, FindingRow.source).order_by(FindingRow.id)).all()
        assert said == [("417", "national 1.0"), ("477", "national 2.0")]


def test_a_new_reading_counts_and_the_old_stands_beside_it(sessions, settings, in_memory):
    _cut(sessions, settings, in_memory, (1, 2))
    _extract(sessions, settings, in_memory, NUMBER)
    _extract(sessions, settings, in_memory, NUMBER)
    with sessions() as session:
        assert counts(session, FindingRow) == [1]
        version = session.scalars(sa.select(Document.version)).one()
    _extract(sessions, settings, in_memory, dataclasses.replace(NUMBER, value="471"))
    with sessions() as session:
        document = session.scalars(sa.select(Document)).one()
        assert (document.number, document.version) == ("471", version + 1)
        assert document.fields["number"]["others"] == []
        assert counts(session, FindingRow) == [2]


def test_a_scan_somebody_worked_on_stays_cut_as_it_is(sessions, settings, in_memory):
    _cut(sessions, settings, in_memory, (1,), (2,))
    with sessions.begin() as session:
        first = session.scalars(sa.select(Document).order_by(Document.ordinal)).first()
        session.add(Confirmation(document_id=first.id, field="number", value="471", machine=None, by="huong"))
    _cut(sessions, settings, in_memory, (1, 2))
    with sessions() as session:
        documents = session.scalars(sa.select(Document).order_by(Document.ordinal)).all()
        assert [document.pages for document in documents] == [[1], [2]]


def test_a_scan_cut_by_hand_before_cuts_were_kept_stays_cut(sessions, settings, in_memory):
    _cut(sessions, settings, in_memory, (1,), (2,))
    with sessions.begin() as session:
        first = session.scalars(sa.select(Document).order_by(Document.ordinal)).first()
        history.append(session, "huong", "split", first.id)
    _cut(sessions, settings, in_memory, (1, 2))
    with sessions() as session:
        documents = session.scalars(sa.select(Document).order_by(Document.ordinal)).all()
        assert [document.pages for document in documents] == [[1], [2]]


def test_cutting_again_keeps_the_documents_that_are_the_same(sessions, settings, in_memory):
    assert _cut(sessions, settings, in_memory, (1,), (2,)) == ["extract"]
    with sessions() as session:
        first, second = session.scalars(sa.select(Document).order_by(Document.ordinal)).all()
    _cut(sessions, settings, in_memory, (1, 2))
    with sessions() as session:
        (left,) = session.scalars(sa.select(Document)).all()
        assert (left.id, left.pages) == (first.id, [1, 2])
        assert left.text == "Số: 471/UBND-VX\fLưu: VT."
        assert session.scalars(sa.select(Outbox.document_id)).all() == [second.id]


def test_marks_are_kept_once_and_gaps_on_their_page(sessions, settings, in_memory):
    gap = Gap("number", (0.1, 0.1, 0.2, 0.2), (("471", 0.8),))
    stamp = Stamp(2, (0.1, 0.1, 0.4, 0.3), (Finding("number", "1161", 0.9, page=2),), 1.5, 0.9)
    found = [Marks(1, None, (Mark("round_seal", 1, (0.5, 0.5, 0.7, 0.7), 0.9),), (gap,)), Marks(2, stamp)]
    for _ in range(2):
        assert _marked(sessions, settings, in_memory, *found) == [["cut"], ["cut"]]
    _cut(sessions, settings, in_memory, (1,), (2,))
    with sessions() as session:
        assert counts(session, MarkRow, StampRow) == [1, 1]
        assert pages.of_scan(session, in_memory)[0].gaps == (gap,)
        owner = session.get(Document, session.scalars(sa.select(StampRow.document_id)).one())
        assert owner.pages == [2]
        assert records.stamp(session, owner.id) == stamp


def test_an_urgent_paper_hurries_what_is_left_of_its_scan(sessions, settings, in_memory):
    _cut(sessions, settings, in_memory, (1, 2))
    with sessions.begin() as session:
        jobs.add(session, session.get(Scan, in_memory), "route")
    _extract(sessions, settings, in_memory, Finding("urgency", "Hỏa tốc", 0.95))
    with sessions() as session:
        assert session.get(Scan, in_memory).priority == 10
        assert session.scalars(sa.select(Task.priority)).all() == [10]


# ------------------------------------------------------------------------------------------------ secrets


SECRET = Finding("secrecy", "Mật", 0.95, page=1, source="national 1.0")


def _nothing_is_left(sessions, settings, scan_id):
    with sessions() as session:
        scan = session.get(Scan, scan_id)
        assert scan.status == "quarantined"
        assert "mật" in scan.error
        assert counts(session, PageRow, Document, FindingRow, StampRow, CitationRow) == [0] * 5
        assert "quarantined" in session.scalars(sa.select(Event.action)).all()
        assert not {"UBND", "471"} & set(" ".join(session.scalars(sa.select(Event.data))).split())
    assert Derived(settings.data).get(scan_id, "1.webp") is None


def test_a_secret_paper_is_quarantined_when_its_mark_is_seen(sessions, settings, in_memory):
    Derived(settings.data).put(in_memory, "1.webp", b"picture")
    found = Marks(1, None, (Mark("secrecy", 1, (0.1, 0.1, 0.2, 0.2), 0.8, "MẬT"),))
    assert _marked(sessions, settings, in_memory, found) == [[]]
    _nothing_is_left(sessions, settings, in_memory)


def test_a_secret_paper_is_quarantined_when_its_mark_is_read(sessions, settings, in_memory):
    _cut(sessions, settings, in_memory, (1, 2))
    assert _extract(sessions, settings, in_memory, NUMBER, SECRET) == []
    _nothing_is_left(sessions, settings, in_memory)
    with sessions() as session:
        assert counts(session, Outbox) == [1]


def test_a_paper_in_the_book_that_is_found_secret_later_is_graded(sessions, settings, in_memory):
    _cut(sessions, settings, in_memory, (1, 2))
    with sessions.begin() as session:
        document = session.scalars(sa.select(Document)).one()
        document.status, document.subject = "registered", "chuyện kín"
        session.add(RegisterEntry(book_id="den", year=2026, number=1, document_id=document.id, status="registered"))
    top = dataclasses.replace(SECRET, value="Tối mật")
    assert _extract(sessions, settings, in_memory, NUMBER, top) == []
    with sessions() as session:
        document = session.scalars(sa.select(Document)).one()
        assert (document.secrecy, document.subject, document.fields) == ("Tối mật", None, {})


def test_on_an_independent_network_secret_papers_may_be_read(sessions, settings, in_memory):
    allowed = dataclasses.replace(settings, secrets="allow")
    _cut(sessions, allowed, in_memory, (1, 2))
    assert _extract(sessions, allowed, in_memory, SECRET) == ["route"]
    with sessions() as session:
        assert session.scalars(sa.select(Document.secrecy)).all() == ["Mật"]


# ------------------------------------------------------------------------------------------------ citations


@pytest.fixture
def paper(sessions):
    """Adds a document to a scan of its own."""
    count = iter(range(1, 100))

    def paper(code, date, *cited):
        with sessions.begin() as session:
            scan = Scan(sha256=f"{next(count):064x}", filename="a", media_type="a", size=1, received_by="a")
            session.add(scan)
            session.flush()
            document = Document(scan_id=scan.id, full_code=code, date=date)
            document.citations = [CitationRow(code=cited_code, date=cited_date) for cited_code, cited_date in cited]
            session.add(document)
            links.resolve(session, document)
            return document.id

    return paper


def targets(sessions):
    with sessions() as session:
        return session.scalars(sa.select(CitationRow.target_id).order_by(CitationRow.id)).all()


def test_a_citation_finds_its_paper_whichever_came_first(sessions, paper):
    old = paper("16/CT-TTg", "2020-03-31")
    paper("471/UBND-VX", "2020-04-02", ("16/CT-TTg", "2020-03-31"), ("172-TB/TW", "2020-03-21"))
    late = paper("172-TB/TW", "2020-03-21")
    assert targets(sessions) == [old, late]


def test_a_citation_that_may_be_two_papers_is_left_to_a_person(sessions, paper):
    paper("01/QĐ-UBND", "2020-01-02")
    paper("01/QĐ-UBND", "2020-01-02")
    paper("9/BC", "2020-02-02", ("01/QĐ-UBND", "2020-01-02"), ("16/CT-TTg", None), (None, "2020-01-02"))
    paper("16/CT-TTg", "2020-03-31")
    assert targets(sessions) == [None, None, None]


def test_two_late_arrivals_of_one_code_are_left_to_a_person(sessions, paper):
    paper("9/BC", "2020-02-02", ("01/QĐ-UBND", "2020-01-02"))
    first = paper("01/QĐ-UBND", "2020-01-02")
    paper("01/QĐ-UBND", "2020-01-02")
    assert targets(sessions) == [first]


def test_a_suggested_number_that_a_clerk_confirms_links_both_citing_papers(sessions, paper):
    paper("471/UBND-VX", "2020-03-30", ("172-TB/TW", "2020-03-21"))
    paper("1378-CT/TU", "2020-03-24", ("172-TB/TW", "2020-03-21"))
    unnumbered = paper(None, None)
    with sessions.begin() as session:
        assert [(one.code, one.times) for one in links.missing(session, sa.true())] == [("172-TB/TW", 2)]
        document = session.get_one(Document, unnumbered)
        review.correct(session, document, {"full_code": "172-TB/TW", "date": "2020-03-21"}, actor="lan")
        assert links.missing(session, sa.true()) == []
    assert targets(sessions) == [unnumbered, unnumbered]


def test_a_corrected_number_takes_its_links_back(sessions, paper):
    misread = paper("172-TB/TW", "2020-03-21")
    paper("471/UBND-VX", "2020-03-30", ("172-TB/TW", "2020-03-21"))
    with sessions.begin() as session:
        review.correct(session, session.get_one(Document, misread), {"full_code": "173-TB/TW"}, actor="lan")
    assert targets(sessions) == [None]


# ------------------------------------------------------------------------------------------------ rows and pages


def test_a_page_comes_back_as_it_was_kept(sessions, in_memory):
    page = dataclasses.replace(
        Page.of_words(3, [Word("Số:", (0.1, 0.2, 0.3, 0.4), 0.5, 1, 0), Word("471", (0.3, 0.2, 0.4, 0.4), 1.0, 2, 1)]),
        advice=("rotated",), rotation=90, dpi=300.0, width=10, height=20, reason="an image",
    )  # fmt: skip
    with sessions.begin() as session:
        for _ in range(2):
            pages.keep(session, in_memory, page)
        assert pages.of_scan(session, in_memory, [3]) == (page,)


def test_recognised_text_keeps_its_offsets(sessions, in_memory):
    page = Page.of_text(3, "Số:  471\n\n  /UBND")
    with sessions.begin() as session:
        pages.keep(session, in_memory, page)
        assert pages.of_scan(session, in_memory, [3]) == (page,)


def test_an_unread_page_says_so():
    from archive.errors import TookTooLong
    from archive.jobs import Claim

    reading = unread(Claim(1, "a", "read", 7, 1, "w"), (), TookTooLong(""))
    assert (reading.page.number, reading.page.advice, reading.view) == (7, ("unreadable",), b"")


def test_doubts_are_what_a_clerk_should_look_at():
    fields = {
        "number": Settled(),
        "signer_name": Settled(),
        "place": Settled("Sơn La", 0.6),
        "date": Settled(sure=True),
    }
    document = Document(fields={}, lists={}, flags=[], suggestions=[], version=1)
    records.keep(document, Record(fields=fields))
    assert document.doubts == 2


# ------------------------------------------------------------------------------------------------ in memory


def test_a_recognised_text_is_read_without_an_archive(settings, tmp_path):
    file = tmp_path / "bundle.txt"
    file.write_text(papers.state_paper().text + "\f" + papers.party_paper().text, encoding="utf-8")
    read = read_file(file, settings)
    assert read["scan"]["media_type"] == "text/plain"
    assert read["scan"]["pages"] == papers.state_paper().text.count("\f") + papers.party_paper().text.count("\f") + 2
    assert read["documents"]
    assert list(settings.data.iterdir()) == []


PLUGIN = """
from archive import Finding, hookimpl

@hookimpl
def extract(text, stamp):
    return [Finding("tried.length", str(len(text.plain)), 0.9)]
"""


def test_a_plugin_to_try_is_found_from_wherever_one_stands(settings, tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "tried.py").write_text(PLUGIN)
    (tmp_path / "a.txt").write_text("Số: 471/UBND-VX")
    monkeypatch.chdir(tmp_path)
    (document,) = read_file("a.txt", settings, plugins_dir="mine")["documents"]
    assert document["fields"]["tried.length"]["value"] == "15"


def test_a_scan_is_read_without_an_archive(settings, tmp_path):
    read = read_file(papers.stamped_paper().save(tmp_path), settings)
    assert read["scan"]["status"] == "review"
    assert read["documents"][0]["pages"][0] == 1
    assert read["documents"][0]["stamp"]["page"] == 1
    assert list(settings.data.iterdir()) == []
