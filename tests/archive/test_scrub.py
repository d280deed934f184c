"""Originals that are looked at again: every damaged one is found and no other, and the same paper mends it."""

import datetime as dt
import io
import json
import os

import pytest
import sqlalchemy as sa

from archive import intake, scrub
from archive.blobs import open_blobs
from archive.errors import Transient
from archive.models import Event, Scan, now
from tests import originals


@pytest.fixture
def blobs(settings):
    return open_blobs(settings.blobs, settings.data)


@pytest.fixture
def receive(sessions, blobs, settings):
    def receive(text="a paper", **given):
        facts = {"actor": "huong", "source": "web"} | given
        file = io.BytesIO(b"%PDF-1.4\n" + text.encode())
        return intake.receive(sessions, blobs, settings, file, "cv.pdf", **facts).scan_id

    return receive


def scan_of(sessions, scan_id):
    with sessions() as session:
        return session.get(Scan, scan_id)


def said(sessions, action):
    with sessions() as session:
        events = session.scalars(sa.select(Event).where(Event.action == action).order_by(Event.seq))
        return [(event.subject, json.loads(event.data)) for event in events]


def spoil(blobs, sha256, bit=0):
    """Turns one bit around, behind everybody's back."""
    with blobs.open(sha256) as stream:
        content = bytearray(stream.read())
    content[bit // 8 % len(content)] ^= 1 << bit % 8
    originals.damage(blobs, sha256, bytes(content))


def every(sessions, blobs, count):
    for _ in range(count):
        scrub.step(sessions, blobs, days=30, megabytes=1e6, wait=lambda _seconds: None)


def test_of_240_files_the_200_with_a_flipped_bit_are_found_and_no_other(office_sessions, blobs, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _file: None)  # 1,200 waits for the disk would prove nothing here
    kept = [blobs.put(io.BytesIO(f"giấy {number} ".encode() * 20)) for number in range(240)]
    with office_sessions.begin() as session:
        scans = [
            Scan(sha256=blob.sha256, size=blob.size, filename="a.pdf", media_type="application/pdf", received_by="a")
            for blob in kept
        ]
        session.add_all(scans)
    ids = [scan.id for scan in scans]
    for number, blob in enumerate(kept[:200]):
        spoil(blobs, blob.sha256, bit=number * 37)
    every(office_sessions, blobs, 240)
    with office_sessions() as session:
        damaged = set(session.scalars(sa.select(Scan.id).where(Scan.damaged_at.is_not(None))))
        assert session.scalar(sa.select(sa.func.count()).where(Scan.verified_at.is_(None))) == 0
        assert scrub.looked(session).damaged_count == 200
    assert damaged == set(ids[:200])
    assert {subject for subject, _ in said(office_sessions, "original_damaged")} == damaged


def test_a_lost_file_is_an_event_said_once(receive, sessions, blobs):
    receive("another")
    scan_id = receive()
    originals.lose(blobs, scan_of(sessions, scan_id).sha256)
    every(sessions, blobs, 4)
    ((subject, facts),) = said(sessions, "original_damaged")
    assert subject == scan_id and facts["found"] == "missing" and facts["last_whole"] is None
    with sessions() as session:
        assert scrub.looked(session).damaged == [scan_id]


def test_the_same_paper_again_mends_it(receive, sessions, blobs):
    scan_id = receive()
    spoil(blobs, scan_of(sessions, scan_id).sha256)
    every(sessions, blobs, 1)
    assert scan_of(sessions, scan_id).damaged_at
    assert receive() == scan_id
    assert scan_of(sessions, scan_id).damaged_at is None
    assert blobs.verify(scan_of(sessions, scan_id).sha256)
    assert [subject for subject, _ in said(sessions, "original_whole")] == [scan_id]


def test_bytes_brought_back_from_a_backup_are_seen_to_be_whole(receive, sessions, blobs):
    scan_id = receive()
    sha256 = scan_of(sessions, scan_id).sha256
    copy = blobs.path(sha256).read_bytes()
    spoil(blobs, sha256)
    every(sessions, blobs, 1)
    originals.damage(blobs, sha256, copy)
    every(sessions, blobs, 1)
    assert scan_of(sessions, scan_id).damaged_at is None
    assert [subject for subject, _ in said(sessions, "original_whole")] == [scan_id]


def test_those_never_looked_at_come_first_then_the_oldest(receive, sessions):
    old, older, never = receive("1"), receive("2"), receive("3")
    with sessions.begin() as session:
        session.get(Scan, old).verified_at = now() - dt.timedelta(days=2)
        session.get(Scan, older).verified_at = now() - dt.timedelta(days=3)
    order = []
    for _ in range(3):
        with sessions.begin() as session:
            order.append(scrub.next_one(session).id)
            session.get(Scan, order[-1]).verified_at = now()
    assert order == [never, older, old]


def test_the_pace_makes_each_original_come_once_in_its_days(receive, sessions):
    for number in range(4):
        receive(str(number))
    with sessions.begin() as session:
        session.execute(sa.update(Scan).values(verified_at=now()))
        assert scrub.spacing(session, 30) == pytest.approx(30 * 0.8 * 86400 / 4)
        assert scrub.spacing(session, 30, now() + dt.timedelta(days=31)) == 0.0


def test_no_faster_than_its_pace():
    waited = []
    pace = scrub.Pace(1.0, waited.append)
    for _ in range(3):
        pace(1 << 20)
    assert waited == [pytest.approx(1, abs=0.5), pytest.approx(2, abs=0.5), pytest.approx(3, abs=0.5)]


def test_a_disk_that_is_not_mounted_is_no_lost_paper(receive, sessions, blobs):
    scan_id = receive()
    originals.lose_all(blobs, [scan_of(sessions, scan_id).sha256])
    with pytest.raises(Transient, match="ổ đĩa"):
        every(sessions, blobs, 1)
    assert scan_of(sessions, scan_id).damaged_at is None and said(sessions, "original_damaged") == []


def test_a_scan_that_went_meanwhile_is_not_accused(receive, sessions):
    scan_id = receive()
    gone = scrub.Original("0" * 32, "0" * 64, 1)
    destroyed = scrub.Original(scan_id, scan_of(sessions, scan_id).sha256, 1)
    with sessions.begin() as session:
        session.get(Scan, scan_id).status = "destroyed"
    assert scrub.note(sessions, gone, "missing") and scrub.note(sessions, destroyed, "missing")
    assert said(sessions, "original_damaged") == []


def test_an_empty_archive_has_nothing_to_look_at(sessions, blobs):
    assert scrub.step(sessions, blobs, days=30) is None
