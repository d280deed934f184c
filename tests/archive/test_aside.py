"""What does not go into the book leaves the queue with a reason, keeps everything, and comes back when it should."""

import pytest
import sqlalchemy as sa

from archive import aside, register
from archive.errors import BadValue, Conflict, Stale
from archive.models import Document, Event, Outbox, now
from server.pages import sheet
from tests.server.desk import shelve


def test_a_second_copy_is_set_aside_with_its_reason_and_brought_back(office_sessions):
    paper = shelve(office_sessions)
    with office_sessions.begin() as session:
        document = aside.set_aside(session, session.get(Document, paper), " trùng  với 471 ", actor="van")
        assert (document.status, document.version) == ("void", 2)
        aside.set_aside(session, document, "lần nữa", actor="van")  # nothing happens
    with office_sessions.begin() as session:
        told = session.scalars(sa.select(Event).order_by(Event.seq.desc())).first()
        assert (told.action, told.actor) == ("set_aside", "van") and "trùng với 471" in told.data
        assert session.query(Outbox).count() == 1
        assert aside.bring_back(session, session.get(Document, paper), actor="mai").status == "review"
        assert aside.bring_back(session, session.get(Document, paper), actor="mai").version == 3


@pytest.mark.parametrize(
    ("reason", "version", "fault"), [(" ", 1, BadValue), ("x" * 501, 1, BadValue), ("cũ", 9, Stale)]
)
def test_without_a_reason_or_after_a_change_nothing_happens(office_sessions, reason, version, fault):
    paper = shelve(office_sessions)
    with office_sessions() as session:
        with pytest.raises(fault):
            aside.set_aside(session, session.get(Document, paper), reason, actor="van", if_version=version)
        assert session.get(Document, paper).status == "review"


def test_what_has_a_number_is_voided_first(office_sessions):
    paper = shelve(office_sessions)
    with office_sessions.begin() as session:
        document = session.get(Document, paper)
        entry = register.register(session, document, "den", sheet.today(), actor="van")
        with pytest.raises(Conflict):
            aside.set_aside(session, document, "nhầm", actor="van")
        register.void(session, entry, "quét nhầm", "van", now())
        assert aside.set_aside(session, document, "nhầm", actor="van").status == "void"
