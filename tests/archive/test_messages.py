"""The bytes of messages are looked after like those of scans, and a secret file takes its message into the safe."""

import io
import json

import pytest
import sqlalchemy as sa

from archive import database, intake, origins, scrub
from archive.backup import checking, restoring
from archive.backup.target import Target
from archive.blobs import open_blobs
from archive.inspection import Place
from archive.inspection.originals import quarantine as look_at_quarantine
from archive.inspection.originals import strangers, whole
from archive.models import Event, Message, Scan
from archive.pipeline import quarantine
from archive.pipeline.line import Archive
from archive.search import open_search
from tests import engines, originals
from tests.archive import kept
from tests.archive.kept import Office

LETTER = b"From: so@tinh.vn\nSubject: vu an X\n\n"
SUBJECT = "vụ án X"


@pytest.fixture
def house(engine_settings, engine, sessions):
    class House:
        settings, archive = engine_settings, Archive.of(engine_settings, sessions)
        place = Place(
            engine_settings, sessions, database.readers(engine),
            open_blobs(engine_settings.blobs, engine_settings.data),
            open_search(engine_settings.search, engine_settings.data, engine_settings.database_url),
        )  # fmt: skip

        def write(self, content=LETTER):
            a = self.archive
            envelope = origins.Envelope("mail", "<1@tinh.vn>", "so@tinh.vn", facts={"subject": SUBJECT})
            return origins.keep(sessions, a.blobs, a.safe, io.BytesIO(content), envelope, limit=1 << 20, actor="mail")

        def receive(self, content, message, **how):
            origin = origins.Origin("vanthu@", message=message)
            file = io.BytesIO(b"%PDF-1.4\n" + content)
            return intake.receive(
                sessions, self.archive.blobs, self.settings, file, "x.pdf", actor="mail", source="mail", origin=origin,
                **how,
            ).scan_id  # fmt: skip

        def letter(self):
            with sessions() as session:
                found = session.scalars(sa.select(Message)).one()
                return (found.withheld, found.key, found.sender, found.facts)

        def lies_in(self):
            """store, safe: whether the letter's bytes are there."""
            with sessions() as session:
                sha256 = session.scalars(sa.select(Message.sha256)).one()
            return self.archive.blobs.has(sha256), self.archive.safe.has(sha256)

        def do(self, what, scan_id):
            with sessions.begin() as session:
                what(session, self.archive, scan_id, "biên bản 1", actor="sep")

        def looked(self):
            checks = (whole, strangers, look_at_quarantine)
            return [one.says for check in checks for one in check(self.place, lambda *_: None) if not one.ok]

    yield House()
    House.place.index.close()


KNOWN, NOTHING = (False, "<1@tinh.vn>", "so@tinh.vn", {"subject": SUBJECT}), (True, "", "", {})
STORE, SAFE, GONE = (True, False), (False, True), (False, False)


def test_a_letter_is_in_the_safe_as_long_as_one_of_its_papers_is(house, sessions):
    message = house.write()
    plain, first, second = (house.receive(name, message, secret=name != b"a") for name in (b"a", b"b", b"c"))
    assert (house.letter(), house.lies_in(), house.looked()) == (NOTHING, SAFE, [])
    house.do(quarantine.release, first)
    assert (house.letter(), house.lies_in()) == (NOTHING, SAFE)
    house.do(quarantine.release, second)
    assert (house.letter(), house.lies_in(), house.looked()) == (KNOWN, STORE, [])
    assert not house.archive.safe.names()
    with sessions() as session:
        assert session.get(Scan, plain).status == "received"


def test_the_same_letter_again_does_not_come_out_of_the_safe_nor_back_from_the_dead(house, sessions):
    secret = house.receive(b"b", house.write(), secret=True)
    assert house.write() == house.write()
    assert (house.letter(), house.lies_in(), house.looked()) == (NOTHING, SAFE, [])
    other = house.write(LETTER + b"another with the same paper")
    assert house.receive(b"b", other) == secret
    with sessions() as session:
        assert [one.withheld for one in session.scalars(sa.select(Message))] == [True, True]
    house.do(quarantine.destroy, secret)
    house.write()
    assert not house.archive.safe.names() and house.looked() == []
    assert list(house.archive.blobs.walk()) == []
    with sessions() as session:
        told = "".join(session.scalars(sa.select(Event.data)))
    assert SUBJECT not in told and "so@tinh.vn" not in told


def test_a_letter_that_rots_is_found_and_mended_by_the_same_letter(house, sessions):
    message = house.write()
    with sessions() as session:
        originals.damage(house.archive.blobs, session.get(Message, message).sha256, LETTER.upper())
    scrub.step(sessions, house.archive.blobs, days=30, megabytes=1e6)
    with sessions() as session:
        assert scrub.looked(session).damaged == [message]
    house.write()
    with sessions() as session:
        assert scrub.looked(session).damaged_count == 0
        told = session.scalars(sa.select(Event).where(Event.subject == message).order_by(Event.seq)).all()
    assert [event.action for event in told] == ["message_kept", "original_damaged", "original_whole"]
    assert json.loads(told[1].data)["found"] == "altered"


def test_a_letter_of_a_secret_paper_leaves_the_backups_it_was_in(house, engine, tmp_path):
    office = Office(house.settings, engine)
    scan_id = house.receive(b"b", house.write())
    office.paper(1)
    first = office.backup(tmp_path / "b").manifest
    assert (first.blobs, first.withheld) == (3, 0)
    with house.place.sessions.begin() as session:
        quarantine.impose(session, house.archive, session.get(Scan, scan_id))
    made = office.backup(tmp_path / "b")
    assert (len(made.purged), made.tainted, made.manifest.blobs, made.manifest.withheld) == (2, [first.name], 1, 2)
    place = kept.empty(house.settings, tmp_path / "new")
    restoring.restore(Target(tmp_path / "b"), first.name, place, kept.SCHEMA, actor="test")
    found = kept.opened(place)
    with found.readers() as session:
        message = session.scalars(sa.select(Message)).one()
        assert (message.withheld, message.sender, message.facts) == (True, "", {})
    found.close()
    assert SUBJECT.encode() not in engines.raw(place)
    assert checking.check(Target(tmp_path / "b")).wrong == []
