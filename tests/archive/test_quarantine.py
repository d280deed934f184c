"""Secret papers: nothing is read or kept of them, who may takes them away, and nobody waits for ever."""

import dataclasses
import datetime as dt
import io
import json
import stat
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from PIL import ImageDraw
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen import canvas

from archive import intake, register, register_days, review
from archive.errors import BadValue, Conflict, NotFound
from archive.jobs.worker import Worker
from archive.models import ClosedDay, Document, Event, FindingRow, Outbox, PageRow, Scan, StampRow, Words
from archive.pipeline import STEPS, quarantine
from archive.pipeline.line import Archive
from tests.archive import offices
from tests.archive.paper import font, letter


def test_a_clerk_and_a_worker_at_the_same_scan_take_turns(sessions, engine_settings):
    with sessions.begin() as session:
        paper = offices.document(session, document_type="Công văn")
        id_, scan_id = paper.id, paper.scan_id
    clerk_holds, worker_holds = threading.Event(), threading.Event()

    def clerk():
        with sessions.begin() as session:
            document = session.get(Document, id_)
            quarantine.take_turn(session, document)
            register.take_turn(session, document, "den", 2026)
            clerk_holds.set()
            worker_holds.wait(0.5)  # were the document locked first, the worker would hold the scan by now
            review.correct(
                session, document, {"secrecy": "Mật"}, actor="lan", at=dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
            )
            return quarantine.impose_if_secret(session, Archive.of(engine_settings, sessions), document)

    def worker():
        clerk_holds.wait(300)
        with sessions.begin() as session:
            scan = session.get(Scan, scan_id, with_for_update=True, populate_existing=True)
            worker_holds.set()
            session.scalars(sa.select(Document).where(Document.scan_id == scan_id).with_for_update()).all()
            return scan.status

    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(clerk), pool.submit(worker)]
        assert [one.result(timeout=300) for one in both] == [True, "quarantined"]


def test_what_is_taken_out_of_a_closed_day_is_said_and_no_forgery(office_sessions, engine_settings):
    day = dt.date(2026, 3, 25)
    with office_sessions.begin() as session:
        paper = offices.document(session, document_type="Công văn", subject="điều mật")
        register.register(session, paper, "den", day, actor="lan")
        register_days.close(session, "den", day, "lan")
        review.correct(session, paper, {"secrecy": "Mật"}, actor="lan")
        assert quarantine.impose_if_secret(session, Archive.of(engine_settings, office_sessions), paper)
        assert paper.entries[0].type_and_subject == "Công văn"
        assert register_days.altered(session, "den") == []
        told = session.scalars(sa.select(Event).where(Event.action == "quarantined")).one()
        row = session.get(ClosedDay, ("den", day))
        assert json.loads(told.data) == {"closed_days": {"den/2026-03-25": row.digest}}
        paper.entries[0].issuer = "người khác"
        session.flush()
        assert register_days.altered(session, "den") == [row]


# ------------------------------------------------------------------------------------------------ a marked file


def mark_on(page, word="TỐI MẬT", ink="red"):
    """The page with a boxed mark below its number; 200 dpi."""
    pen, left, top = ImageDraw.Draw(page), 240, 330
    pen.rectangle((left, top, left + 236, top + 63), outline=ink, width=5)
    pen.text((left + 118, top + 31), word, fill=ink, font=font(42), anchor="mm")
    return page


def file_of(*pages, kind="PDF"):
    out = io.BytesIO()
    more = {"save_all": True, "append_images": pages[1:]} if kind == "PDF" else {"dpi": (200, 200)}
    pages[0].save(out, kind, resolution=200, **more)
    return out.getvalue()


@pytest.fixture
def house(office_engine, office_sessions, settings):
    """An archive with a door and a worker."""

    class House:
        sessions, archive = office_sessions, Archive.of(settings, office_sessions)

        def receive(self, content, name="vụ án X.pdf", **how):
            stream = io.BytesIO(content)
            return intake.receive(
                self.sessions, self.archive.blobs, settings, stream, name, actor="lan", source="web", **how
            )

        def run(self, **steps):
            with Worker(settings, engine=office_engine, steps=STEPS | steps) as worker:
                assert worker.drain(seconds=200)

        def nothing_is_left_of(self, got):
            """No words, pictures, index, name or bytes but in the safe."""
            with self.sessions() as session:
                scan = session.get(Scan, got.scan_id)
                assert (scan.status, scan.filename, scan.documents) == ("quarantined", quarantine.HIDDEN, [])
                rows = (PageRow, StampRow, FindingRow, Document, Words, Outbox)
                assert [session.scalar(sa.select(sa.func.count()).select_from(row)) for row in rows] == [0] * 6
                told = "".join(session.scalars(sa.select(Event.data)))
            assert "vụ án" not in told
            assert not self.archive.blobs.has(got.sha256) and self.archive.safe.has(got.sha256)
            assert stat.S_IMODE(self.archive.safe.root.stat().st_mode) == 0o700
            shown = list((settings.data / "derived").rglob("*.webp"))
            assert shown == []

    return House()


def never(*_anything):
    raise AssertionError("a page of a secret file was read")


READ_NEVER = dataclasses.replace(STEPS["read"], prepare=never, work=None)


@pytest.mark.parametrize("ink", ["red", "black"])
def test_a_marked_file_is_stopped_before_any_page_of_it_is_read(house, ink):
    got = house.receive(file_of(mark_on(letter(), ink=ink)))
    house.run(read=READ_NEVER)
    house.nothing_is_left_of(got)
    with house.sessions() as session:
        assert quarantine.grade_of(session, session.get(Scan, got.scan_id)) == "Tối mật"
        actions = session.scalars(sa.select(Event.action).where(Event.subject == got.scan_id).order_by(Event.seq)).all()
    assert actions == ["received", "surveyed", "quarantined"]


def test_a_mark_on_a_later_page_of_a_bundle_stops_the_first_page_too(house):
    got = house.receive(file_of(letter(), letter(), mark_on(letter(), "MẬT")))
    house.run(read=READ_NEVER)
    house.nothing_is_left_of(got)


def test_a_born_digital_file_is_drawn_and_looked_at_too(house, tmp_path):
    path = tmp_path / "mat.pdf"
    pdfmetrics.registerFont(TTFont("Tinos", "/usr/share/fonts/truetype/croscore/Tinos-Bold.ttf"))
    made = canvas.Canvas(str(path), pagesize=(595, 842))
    made.setFont("Tinos", 13)
    made.drawString(90, 780, "ỦY BAN NHÂN DÂN TỈNH")
    made.drawString(90, 750, "Số: 12/BC-UBND")
    made.drawString(100, 715, "TUYỆT MẬT")
    for line in range(20):
        made.drawString(80, 620 - 20 * line, "Thực hiện ý kiến chỉ đạo của Thường trực Tỉnh ủy về công tác")
    made.save()
    got = house.receive(path.read_bytes())
    house.run(read=READ_NEVER)
    house.nothing_is_left_of(got)


def test_a_page_on_its_side_is_stopped_when_it_stands_upright(house):
    got = house.receive(file_of(mark_on(letter()).rotate(90, expand=True)))
    house.run()
    house.nothing_is_left_of(got)


def test_a_file_of_which_one_page_could_not_be_looked_at_waits_whole_until_a_person_has_looked(house, settings):
    got = house.receive(file_of(letter(), letter()))
    house.run(look=dataclasses.replace(STEPS["look"], work="tests.faults.deeds:fails_on_the_second"), read=READ_NEVER)
    with house.sessions() as session:
        scan = session.get(Scan, got.scan_id)
        assert (scan.status, scan.page_rows, scan.documents) == ("failed", [], [])
        assert "đầu trang 2 " in scan.error and "hãy báo người phụ trách bảo mật" in scan.error
        assert session.scalars(quarantine.unlooked()).all() == [got.scan_id]
    assert list((settings.data / "derived").rglob("*.webp")) == []
    with house.sessions.begin() as session, pytest.raises(BadValue):
        quarantine.release(session, house.archive, got.scan_id, " ", actor="sep")
    with house.sessions.begin() as session, pytest.raises(NotFound):
        quarantine.destroy(session, house.archive, got.scan_id, "không được", actor="sep")
    with house.sessions.begin() as session:
        quarantine.release(session, house.archive, got.scan_id, "đã xem bản giấy", actor="sep")
    house.run(look=dataclasses.replace(STEPS["look"], work="tests.faults.deeds:fails_on_the_second"))
    with house.sessions() as session:
        assert session.get(Scan, got.scan_id).status == "review"
        assert session.scalars(quarantine.unlooked()).all() == []


def test_what_its_sender_calls_secret_is_never_looked_at(house):
    got = house.receive(file_of(letter()), secret=True)
    assert (got.status, got.new) == ("quarantined", True)
    house.run(survey=READ_NEVER, look=READ_NEVER, read=READ_NEVER)
    house.nothing_is_left_of(got)


def test_a_file_known_from_before_is_taken_out_when_its_sender_calls_it_secret(house):
    content = file_of(letter())
    house.receive(content)
    got = house.receive(content, secret=True)
    assert (got.status, got.new) == ("quarantined", False)
    house.nothing_is_left_of(got)


def test_a_false_alarm_is_read_like_any_file_and_not_stopped_again(house):
    content = file_of(mark_on(letter()))
    got = house.receive(content)
    house.run()
    with house.sessions.begin() as session, pytest.raises(BadValue):
        quarantine.release(session, house.archive, got.scan_id, " ", actor="sep")
    with house.sessions.begin() as session:
        quarantine.release(session, house.archive, got.scan_id, "máy nhầm", actor="sep")
    assert house.archive.blobs.verify(got.sha256) and not house.archive.safe.has(got.sha256)
    house.run()
    with house.sessions() as session:
        scan = session.get(Scan, got.scan_id)
        assert (scan.status, scan.filename, len(scan.documents)) == ("review", "vụ án X.pdf", 1)


def test_what_is_destroyed_leaves_a_tombstone_and_does_not_come_back(house):
    content = file_of(letter())
    got = house.receive(content, secret=True)
    with house.sessions.begin() as session:
        quarantine.destroy(session, house.archive, got.scan_id, "BB 01/2026", actor="sep")
    assert not house.archive.safe.has(got.sha256)
    with house.sessions() as session:
        stone = session.scalars(sa.select(Event).where(Event.action == "destroyed")).one()
        assert (stone.actor, stone.subject) == ("sep", got.scan_id)
        assert json.loads(stone.data) == {
            "sha256": got.sha256, "size": len(content), "grade": "Mật", "reason": "BB 01/2026",
        }  # fmt: skip
    again = house.receive(content)
    assert (again.status, again.new) == ("destroyed", False)
    assert not house.archive.blobs.has(got.sha256) and not house.archive.safe.has(got.sha256)
    for do in (quarantine.destroy, quarantine.release):
        with house.sessions.begin() as session, pytest.raises(NotFound):
            do(session, house.archive, got.scan_id, "x", actor="sep")


def test_a_quarantine_that_was_never_committed_gives_the_bytes_back(house):
    got = house.receive(file_of(letter()))
    house.archive.safe.take(house.archive.blobs, got.sha256, "vụ án X.pdf")
    house.run()
    with house.sessions() as session:
        assert session.get(Scan, got.scan_id).status == "review"
    assert house.archive.blobs.verify(got.sha256)


def test_what_is_quarantined_and_sent_again_does_not_lie_in_the_store(house):
    content = file_of(letter())
    house.receive(content, secret=True)
    got = house.receive(content)
    assert (got.status, got.new) == ("quarantined", False)
    house.nothing_is_left_of(got)
    assert house.archive.safe.filename(got.sha256) == "vụ án X.pdf"


def test_letting_secrets_be_read_is_written_down_once_and_so_is_its_end(house, settings):
    may = dataclasses.replace(house.archive, settings=dataclasses.replace(settings, secrets="allow"))
    for archive in (house.archive, may, may, house.archive, house.archive):
        with house.sessions.begin() as session:
            quarantine.note_setting(session, archive)
    with house.sessions() as session:
        told = session.scalars(sa.select(Event.action).where(Event.subject == "settings").order_by(Event.seq)).all()
    assert told == [quarantine.ALLOWED, quarantine.FORBIDDEN]


def test_a_worker_that_may_read_secrets_says_so_and_reads_them(house, settings, office_engine):
    got = house.receive(file_of(mark_on(letter())))
    with Worker(dataclasses.replace(settings, secrets="allow"), engine=office_engine) as worker:
        worker.drain(seconds=200)
    with house.sessions() as session:
        assert session.get(Scan, got.scan_id).status == "review"


def test_a_file_whose_line_stands_in_the_book_is_not_released_but_may_be_destroyed(house):
    got = house.receive(file_of(letter()))
    with house.sessions.begin() as session:
        scan = session.get(Scan, got.scan_id)
        paper = offices.document(session, scan, document_type="Công văn")
        register.register(session, paper, "den", dt.date(2026, 3, 25), actor="lan")
        review.correct(session, paper, {"secrecy": "Tuyệt mật"}, actor="lan")
        assert quarantine.impose_if_secret(session, house.archive, paper)
        assert not quarantine.impose_if_secret(session, house.archive, paper)
    with house.sessions.begin() as session, pytest.raises(Conflict):
        quarantine.release(session, house.archive, got.scan_id, "nhầm", actor="sep")
    with house.sessions.begin() as session:
        quarantine.destroy(session, house.archive, got.scan_id, "BB 2", actor="sep")
        assert not quarantine.impose_if_secret(session, house.archive, session.get(Document, paper.id))
        stone = session.scalars(sa.select(Event).where(Event.action == "destroyed")).one()
        assert json.loads(stone.data)["grade"] == "Tuyệt mật"


def test_bytes_that_were_lost_are_not_released(house):
    got = house.receive(file_of(letter()), secret=True)
    (house.archive.safe.root / got.sha256).unlink()
    with house.sessions() as session, pytest.raises(NotFound):
        quarantine.release(session, house.archive, got.scan_id, "nhầm", actor="sep")
