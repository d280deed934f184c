"""vanthu check --deep, scrub and events: what they print, and with which status."""

import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from archive import intake
from archive.blobs import open_blobs
from archive.inspection import runs
from archive.models import Event, Scan, Task
from archive.scanner import Wanted, facts
from archive.scanner.batch import Batch
from archive.scanner.folders import Batches
from tests import originals


@pytest.fixture
def scan(settings, office_sessions):
    """A scan that failed with a reason: settled, without a paper."""
    blobs, file = open_blobs(settings.blobs, settings.data), io.BytesIO(b"%PDF-1.4\n a paper")
    got = intake.receive(office_sessions, blobs, settings, file, "a.pdf", actor="huong", source="cli")
    with office_sessions.begin() as session:
        session.get(Scan, got.scan_id).status, session.get(Scan, got.scan_id).error = "failed", "Tệp có mật khẩu."
        session.execute(sa.update(Task).values(state="dead"))
    return got


def test_a_look_at_everything_is_printed_and_kept_for_the_page(vanthu, scan, office_sessions):
    said = json.loads(vanthu("check", "--deep", "--json").stdout)
    checks = {one["name"]: one for one in said["checks"]}
    assert said["ok"] and checks["sổ cân đối"]["detail"].startswith("nhận 1 = đọc 0 + đang đọc 0 + từ chối có lý do 1")
    assert {"name", "ok", "detail", "todo"} == set(checks["tệp gốc"])
    assert checks["sao lưu"]["detail"] == "chưa từng sao lưu"
    with office_sessions() as session:
        assert runs.last(session).ok and runs.last(session).asked_by == "cli"


def test_a_lost_scan_is_named_and_mended(vanthu, scan, office_sessions):
    with office_sessions.begin() as session:
        session.execute(sa.delete(Task))
    assert scan.scan_id in vanthu("check", "--deep", status=1).stderr
    assert "1 tệp được đọc lại" in vanthu("check", "--deep", "--mend").stdout
    with office_sessions() as session:
        assert session.scalar(sa.select(Task.step)) == "survey"
    vanthu("check", "--mend", status=2)


def test_a_scrub_of_everything_names_what_is_damaged(vanthu, scan, settings):
    assert "1 tệp, 0 tệp hỏng" in vanthu("scrub", "--once").stdout
    originals.damage(open_blobs(settings.blobs, settings.data), scan.sha256, b"?")
    assert scan.scan_id in vanthu("scrub", "--once", status=1).stderr
    assert scan.scan_id in vanthu("check", status=1).stderr


def test_what_lies_at_a_scanner_for_a_week_is_swept_though_nobody_scans(settings, office_sessions, monkeypatch):
    batches = Batches(settings.data)
    batch = batches.begin(Batch("", "who has left", "", Wanted("sane:x", "feeder", 200, "grey")))
    folder, week_ago = batches.folder(batch.id), time.time() - 8 * 86400
    facts.note(folder, facts.Facts(1, 1, 200))
    for path in folder.iterdir():
        os.utime(path, (week_ago, week_ago))
    monkeypatch.setenv("VANTHU_DATA", str(settings.data))
    with subprocess.Popen([sys.executable, "-m", "server.cli", "scrub"], cwd=Path(__file__).parents[2]) as keeper:
        end = time.monotonic() + 300
        while folder.exists() and time.monotonic() < end:
            time.sleep(0.1)
        keeper.terminate()
    assert not folder.exists()
    with office_sessions() as session:
        assert session.scalar(sa.select(Event.subject).where(Event.action == "batch_swept")) == f"batch {batch.id}"


def test_events_go_out_and_are_verified(vanthu, scan, tmp_path, office_sessions):
    file = tmp_path / "events.jsonl"
    vanthu("events", "export", "--output", file)
    assert file.read_text("utf-8") == vanthu("events", "export").stdout
    with office_sessions() as session:
        count = session.scalar(sa.select(sa.func.count()).select_from(Event))
    assert vanthu("events", "head").stdout.startswith(f"dòng {count},")
    assert f"{count} dòng" in vanthu("events", "verify", "--here", file).stdout
    assert vanthu("events", "export", "--from", "2000-01-01", "--to", "01/02/2000").stdout == ""
    file.write_text(file.read_text("utf-8").replace('"huong"', '"ai"', 1), "utf-8")
    assert "dòng 1 của tệp" in vanthu("events", "verify", file, status=1).stderr
    vanthu("events", "export", "--output", tmp_path, status=1)
