"""Messages said to be secret, or about secret papers, are withheld whether a file of them is taken or not."""

import dataclasses
import io

import pytest
import sqlalchemy as sa

from archive import intake, register
from archive.fetched import accounts
from archive.fetched.door import Door
from archive.models import Document, Event, Message, now
from archive.pipeline import Archive, quarantine
from archive.watched import places
from tests.archive.edxml_samples import message, pdf
from tests.archive.front_desk import is_killed
from tests.archive.test_edxml import Office
from tests.archive.test_fetched import letter, paper

SECRET = "<Secrecy>Tuyệt mật</Secrecy>"
ABOUT = {"business": "1", "about": "000.00.00.H14,2026/03/30,471/UBND-VX", "reason": "chuyên án X"}


@pytest.fixture
def office(settings, office_sessions):
    return Office(settings, office_sessions)


def in_book(office):
    paper = office.read(office.take(pdf("a"), "a.pdf").first.scan_id, subject="phòng dịch")
    with office.sessions.begin() as session:
        register.register(session, session.get(Document, paper), "den", now().date(), actor="lan")
    return paper


def is_open(office):
    """Of every message: whether anything of it can be read, in its row, in the store or in the chain."""
    with office.sessions() as session:
        assert not [one for one in session.scalars(sa.select(Event.data)) if "chuyên án" in one]
        rows = session.scalars(sa.select(Message).order_by(Message.received_at, Message.id)).all()
        return [
            (not one.withheld, bool(one.key or one.sender or one.facts), office.blobs.has(one.sha256)) for one in rows
        ]


def fetch(office, *letters, **rule):
    account = accounts.parse([{"host": "127.0.0.1", "user": "u@x.vn", "rules": [{"sender": "*@ca.vn", **rule}]}])
    settings = dataclasses.replace(office.settings, mail=account)
    with Door(settings, office.sessions, office.blobs) as fetching:
        return [fetching.take(account[0], one, places.Map({}, {})).withheld for one in letters]


OPEN, CLOSED = (True, True, True), (False, False, False)


def test_a_letter_that_a_rule_calls_secret_is_withheld_without_any_paper(office):
    letters = [letter("chuyên án X", *files, sender="a@ca.vn") for files in ((), [("m.docx", b"PK\x03\x04")])]
    assert fetch(office, *letters, letters[0], secret=True) == [True] * 3
    assert is_open(office) == [CLOSED] * 2


def test_where_secrets_are_allowed_such_a_letter_stays_open(office):
    office.settings = dataclasses.replace(office.settings, secrets="allow")
    assert fetch(office, letter("Thư", sender="a@ca.vn"), secret=True) == [False] and is_open(office) == [OPEN]


def test_a_letter_with_a_file_in_quarantine_is_withheld_though_its_rule_ignores_it(office):
    secret = paper("mật")
    intake.receive(office.sessions, office.blobs, office.settings, io.BytesIO(secret), "x.pdf", actor="a", source="web",
                   secret=True)  # fmt: skip
    letters = [letter(name, ("x.pdf", file), sender="q@ca.vn") for name, file in (("A", secret), ("B", paper("b")))]
    assert fetch(office, *letters, ignore=True) == [True, False]
    assert sorted(is_open(office)) == [CLOSED, OPEN]


def test_a_secret_message_killed_before_its_first_file_is_taken_is_withheld(office, tmp_path):
    told = message([("7.pdf", pdf("b"))], more=SECRET, subject="chuyên án X")
    (tmp_path / "tin").write_text(told)
    assert is_killed(office, tmp_path / "tin", 0)
    assert is_open(office) == [CLOSED]
    taken = office.take(told)
    with office.sessions.begin() as session:
        quarantine.release(
            session, Archive.of(office.settings, office.sessions), taken.first.scan_id, "nhầm", actor="a"
        )
    assert is_open(office) == [OPEN], "a false alarm gives back what it said"
    assert office.take(told).first.status == "received" and is_open(office) == [OPEN]


@pytest.mark.parametrize("secret", ["said", "quarantined", "graded"])
def test_a_recall_that_may_tell_of_a_secret_paper_gives_no_reason_and_is_withheld(office, secret):
    held = in_book(office)
    with office.sessions.begin() as session:
        document = session.get(Document, held)
        if secret == "quarantined":
            quarantine.impose(session, Archive.of(office.settings, office.sessions), document.scan)
        document.secrecy = "Mật" if secret == "graded" else document.secrecy
    for _ in range(2):
        office.take(message(more=SECRET if secret == "said" else "", **ABOUT))
    assert is_open(office) == [CLOSED]
    with office.sessions() as session:
        (asked,) = session.scalars(sa.select(Event).where(Event.action == "recall_asked"))
        assert (asked.subject, '"reason":""' in asked.data) == (held, True)
