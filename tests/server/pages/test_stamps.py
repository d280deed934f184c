"""A stamp nobody foresaw: taught once on one paper, read on the next."""

import io

import numpy as np
import pytest
from flask import g
from PIL import Image

from archive import intake
from archive.drawings import Drawing, Layout, Lesson, check
from archive.errors import BadValue
from archive.findings import Stamp
from archive.jobs import Worker
from archive.models import Document, Event, Scan, StampLayout, User
from archive.pipeline.line import Archive
from archive.recogniser import open_recogniser
from server.demo import ink
from server.demo.paper import Arrival
from server.pages.stamps import boxes_typed, keep
from tests.archive import paper
from tests.server.desk import shelve

DPI, WIDE, TALL = 150, 56, 30
AT = (60, 110)
"""mm: the middle of the stamp."""
WORDS = "Hôm Thứ tự PHIẾU TIẾP NHẬN Giao"
PLACES = {"frame": (0, 0, 56, 30), "date": (13, 2.5, 54, 9.5), "number": (17, 10.5, 54, 17.5)}
"""mm from the upper left corner of the frame."""


def paper_with(number, day, angle=0.0):
    """The head of a letter with an odd stamp under it: other words, another order, as PNG."""
    rng = np.random.default_rng(int(number))
    image = paper.letter(DPI)
    page = np.asarray(image.crop((0, 0, image.width, round(0.75 * image.height)))).copy()
    rubber = ink.Rubber(WIDE, TALL, DPI)
    rubber.frame()
    starts = rubber.row("Thứ tự: ", 3, 16, 52), rubber.row("Hôm: ", 3, 8, 52), rubber.row("Giao: ", 3, 28, 52)
    rubber.text("PHIẾU TIẾP NHẬN", WIDE / 2, 21, 10)
    centre = tuple(mm * DPI / 25.4 for mm in AT)
    ink.press(page, ink.worn(rubber.ink(), rng), centre, ink.COLOURS["red"], angle)
    written = ink._written(Arrival("", number, day, "", AT, forward_to="P.TH"), rubber, starts, rng)
    ink.press(page, written, centre, ink.COLOURS["pen"], angle)
    out = io.BytesIO()
    Image.fromarray(page).save(out, "PNG", dpi=(DPI, DPI))
    return out.getvalue(), page.shape


@pytest.fixture
def read(settings, makers, office_engine):
    """Sends a paper through the line; the id of its document."""
    archive = Archive.of(settings, makers)
    with Worker(settings, engine=office_engine) as worker:

        def walk(content, name):
            stream = io.BytesIO(content)
            scan = intake.receive(makers, archive.blobs, settings, stream, name, actor="van", source="cli").scan_id
            assert worker.drain(seconds=200)
            with makers() as session:
                return session.query(Document).filter(Document.scan_id == scan).one().id

        yield walk


def drawn(shape, **changes):
    """The form as the drawing fills it in."""
    tall, wide = (pixels * 25.4 / DPI for pixels in shape[:2])
    left, top = AT[0] - WIDE / 2, AT[1] - TALL / 2
    form = {"name": "UBND huyện Mẫu", "words": WORDS, "action": "teach"} | changes
    for name, box in PLACES.items():
        edges = ((left + box[0]) / wide, (top + box[1]) / tall, (left + box[2]) / wide, (top + box[3]) / tall)
        form |= {f"{name}.{side}": f"{100 * edge:.2f}" for side, edge in enumerate(edges)}
    return form


def read_on(makers, document_id):
    with makers() as session:
        row = session.get(Document, document_id).stamp
        best = {}
        for one in row.findings if row else ():
            best.setdefault(one["field"], one["value"])
        return best


@pytest.mark.skipif(open_recogniser() is None, reason="the recogniser is not installed")
def test_a_stamp_is_drawn_once_and_read_on_the_next_paper(desk, makers, read):
    content, shape = paper_with("1161", "12/3/26")
    first = read(content, "mot.png")
    assert read_on(makers, first).get("number") != "1161"  # nobody knows this stamp yet
    chief = desk("admin")
    assert f"/admin/stamps/{first}/1" in chief.page("/admin/stamps")
    assert 'name="number.0"' in chief.page(f"/admin/stamps/{first}/1")
    looked = chief.send(f"/admin/stamps/{first}/1", drawn(shape, action="look"))
    assert looked.status_code == 200 and 'data-name="number" class="citec" x="0.0"' not in looked.text
    wrong = chief.send(f"/admin/stamps/{first}/1", drawn(shape, words="CÔNG TY TRÁCH NHIỆM"))
    assert wrong.status_code == 422 and "không thấy trên dấu các chữ in" in wrong.text
    taught = chief.send(f"/admin/stamps/{first}/1", drawn(shape))
    assert taught.status_code == 201 and "1161" in taught.text and "12/03/2026" in taught.text
    found = read_on(makers, read(paper_with("1162", "13/3/26", 2.5)[0], "hai.png"))
    assert (found["organ"], found["number"], found["date"]) == ("UBND huyện Mẫu", "1162", "2026-03-13")
    with makers() as session:
        layout = session.query(StampLayout).one()
        assert session.query(Event).filter_by(action="stamp_taught", subject=layout.id).one().actor == "admin-x"
    assert chief.send(f"/admin/stamps/{layout.id}/forget").status_code == 303
    assert "Chưa dạy mẫu nào" in chief.page("/admin/stamps")


def test_only_who_may_read_the_paper_and_run_the_machine_teaches(desk, makers):
    id_ = shelve(makers)
    assert desk("clerk").open(f"/admin/stamps/{id_}/1").status_code == 403
    technician = desk("it")
    assert technician.open("/admin/stamps").status_code == 200
    assert technician.open(f"/admin/stamps/{id_}/1").status_code == 404
    assert desk("admin").open(f"/admin/stamps/{id_}/7").status_code == 404
    assert desk("admin", "2").send("/admin/stamps/khong/forget").status_code == 404


@pytest.mark.parametrize(("change", "why"), [
    ({"frame.0": ""}, "chưa đủ bốn cạnh"), ({"frame.0": "101"}, "nằm ngoài trang"), ({"frame.0": "nan"}, "ngoài trang"),
    ({"words": "ab"}, "chữ in trên mặt dấu"), ({"name": " "}, "tên cơ quan"), ({"number.0": "99"}, "nằm ngoài trang"),
])  # fmt: skip
def test_a_drawing_that_cannot_be_meant_is_refused_in_words(app, change, why):
    form = drawn((900, 1240)) | change
    with app.test_request_context(), pytest.raises(BadValue, match=why):
        boxes = boxes_typed(form)
        check(Drawing(form["name"], form["words"], boxes.pop("frame"), boxes))


def test_the_scan_may_go_and_the_lesson_stays(makers):
    with makers.begin() as session:
        scan = Scan(sha256="a" * 64, filename="a.pdf", media_type="application/pdf", size=1, received_by="van")
        session.add(scan)
        session.flush()
        session.add(StampLayout(name="x", width=50, height=30, scan_id=scan.id))
    with makers.begin() as session:
        session.delete(session.query(Scan).one())
    with makers() as session:
        assert session.query(StampLayout).one().scan_id is None


def test_a_stamp_drawn_again_on_its_page_is_the_same_one(app, makers):
    with makers.begin() as session:
        scan = Scan(sha256="a" * 64, filename="a.pdf", media_type="application/pdf", size=1, received_by="van")
        session.add(scan)
        session.flush()
        scan_id = scan.id
    for width, page in ((50, 1), (52, 1), (52, 2)):
        layout = Layout("UBND huyện Mẫu", WORDS, width, 30, {"number": (0.3, 0.3, 0.9, 0.6)})
        with app.test_request_context():
            g.user = User(name="admin-x")
            keep(Lesson(layout, Stamp(page, None)), scan_id, page)
    with makers() as session:
        assert sorted((row.page, row.width) for row in session.query(StampLayout)) == [(1, 52), (2, 52)]
        assert session.query(Event).filter_by(action="stamp_taught").count() == 3
