"""The ledger as its page shows it: green, or what to do; only ids and counts; the long look is done elsewhere."""

import datetime as dt
import html
import io

import pytest
import sqlalchemy as sa

from archive import history, intake, scrub
from archive.inspection import Place, runs
from archive.models import Event, Inspection, Scan, Task, now
from archive.search.indexing import keep_up


@pytest.fixture
def here(app):
    return app.extensions["vanthu"]


@pytest.fixture
def receive(here, makers):
    def receive(text="a paper"):
        file = io.BytesIO(b"%PDF-1.4\n" + text.encode())
        return intake.receive(makers, here.blobs, here.settings, file, "bí mật.pdf", actor="van", source="web").scan_id

    return receive


@pytest.fixture
def place(here, makers):
    return Place(here.settings, makers, here.readers, here.blobs, here.search)


def shown(desk):
    return html.unescape(desk.page("/ledger"))


def test_an_archive_where_all_is_well_is_green(desk, receive, place, makers):
    receive()
    scrub.step(makers, place.blobs, days=30)
    with makers.begin() as session:
        history.append(session, "an", "backed_up", "backup", {
            "target": "/x", "snapshot": "1", "documents": 0, "scans": 1, "damaged": 0, "head": "0" * 64,
        })  # fmt: skip
        session.execute(sa.update(Task).values(state="done"))
        session.execute(sa.update(Scan).values(status="failed", error="Tệp có mật khẩu."))
        session.execute(sa.update(Task).values(state="dead"))
    keep_up(makers, place.index)
    admin = desk("admin")
    assert "chưa kiểm tra lần nào" in shown(admin)
    admin.send("/ledger/inspect")
    assert runs.run(place, runs.take(makers))
    text = shown(admin)
    assert "Mọi tệp đã nhận đều có chỗ đứng" in text and "mọi thứ đúng" in text
    assert "Tệp có mật khẩu." in text and "bí mật.pdf" not in text


def test_a_lost_scan_and_a_damaged_one_are_named_with_what_to_do(desk, receive, makers, place):
    lost, damaged = receive("1"), receive("2")
    with makers.begin() as session:
        session.execute(sa.delete(Task).where(Task.scan_id == lost))
        session.get(Scan, damaged).damaged_at = now()
    text = shown(desk("it"))
    assert lost in text and "vanthu check --deep --mend" in text
    assert damaged in text and "Đưa lại đúng tệp ấy" in text
    assert "chưa từng sao lưu" in text and "Mọi tệp đã nhận" not in text


def test_the_auditor_may_look_but_not_ask(desk, makers):
    auditor = desk("auditor")
    assert "Sổ cân đối" in shown(auditor) and 'action="/ledger/inspect"' not in shown(auditor)
    assert auditor.send("/ledger/inspect").status_code == 403
    assert desk("clerk").open("/ledger").status_code == 403


def test_a_look_at_everything_is_asked_once_and_shows_how_far_it_is(desk, makers, place):
    it = desk("it")
    assert it.send("/ledger/inspect").headers["Location"] == "/ledger#inspection"
    it.send("/ledger/inspect")
    assert "Đang chờ" in it.page("/ledger/progress")
    number = runs.take(makers)
    assert runs.take(makers) is None
    with makers.begin() as session:
        session.execute(sa.update(Inspection).values(stage="tệp gốc", done=3, total=7))
    assert "tệp gốc" in it.page("/ledger/progress") and "3/7" in it.page("/ledger/progress")
    runs.run(place, number)
    assert it.open("/ledger/progress").headers["HX-Refresh"] == "true"
    with makers() as session:
        actions = session.scalars(sa.select(Event.action).where(Event.subject == runs.SUBJECT)).all()
    assert actions == ["inspection_asked", "inspected"]


def test_nobody_at_work_is_said(desk, receive, makers):
    receive()
    it = desk("it")
    assert "0 đang làm, 1 việc chờ" in shown(it) and "Không bộ xử lý nào chạy" not in shown(it)
    with makers.begin() as session:
        session.execute(sa.update(Task).values(queued=(now() - dt.timedelta(hours=1)).timestamp()))
    assert "Không bộ xử lý nào chạy" in shown(it)


def test_the_reserve_and_refusals_at_the_door_are_shown(desk, here, makers):
    import dataclasses

    object.__setattr__(here, "settings", dataclasses.replace(here.settings, reserve_mb=1 << 40))
    clerk = desk("clerk")
    assert clerk.upload(b"%PDF-1.4 x").status_code == 507
    text = shown(desk("it"))
    assert "Kho ngừng nhận tệp" in text and "kho hết chỗ" in text


def test_without_a_scrub_that_is_said(desk, here):
    import dataclasses

    object.__setattr__(here, "settings", dataclasses.replace(here.settings, scrub_days=0))
    assert "không rà lại bản gốc" in shown(desk("it"))
