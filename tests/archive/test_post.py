"""The inner post: a paper goes to another office of the installation once, with its trail, and word comes back."""

import contextlib
import dataclasses
import datetime as dt
import io
import os
import shutil
import signal
import sqlite3

import pytest
import sqlalchemy as sa
import sqlalchemy.orm
from PIL import Image

from archive import aside, database, offices, register, review
from archive.blobs import open_blobs
from archive.config import Settings
from archive.errors import BadSettings, Conflict, NotFound
from archive.models import Delivery, Document, Event, Message, Origin, Scan, Sending, now
from archive.pipeline import Archive, quarantine
from archive.post import due, sending
from archive.post.carrying import SECRET_NOW, Carrier
from archive.safe import Safe
from archive.workdays import today
from tests import engines
from tests.archive import offices as rows

SAID = {"issuing_organ": "Sở Nội vụ tỉnh Sóc Trăng", "date": "2026-03-02", "number": "17", "symbol": "SNV-TC",
        "full_code": "17/SNV-TC", "document_type": "Công văn", "subject": "kế hoạch biên chế"}  # fmt: skip


class House:
    """One office, as its own people see it."""

    def __init__(self, folder, slug, name, template):
        here = engines.at(folder / slug, tables=True)
        settings = Settings(data=folder / slug, office=name, organ_id=f"000.00.{slug}.H59", reserve_mb=1, **here)
        self.office = offices.Office(slug, "", settings)
        self.engine = engines.migrated(settings, template)
        self.sessions = database.sessions(self.engine)
        self.blobs = open_blobs(settings.blobs, settings.data)

    def paper(self, colour=(250, 240, 230), **columns):
        """A paper in the book; its id."""
        picture = io.BytesIO()
        Image.new("RGB", (90, 120), colour).save(picture, "PNG")
        picture.seek(0)
        blob = self.blobs.put(picture)
        with self.sessions.begin() as session:
            scan = rows.scan(session, status="review", read_at=now())
            scan.sha256, scan.size, scan.filename, scan.media_type = blob.sha256, blob.size, "cv.png", "image/png"
            document = rows.document(session, scan, **columns)
            document.fields = {name: rows.field(value, sure=True) for name, value in SAID.items()}
            document.full_code = SAID["full_code"]
            register.register(session, document, "den", today(now()), actor="lan")
            return document.id

    def send(self, document_id, to):
        with self.sessions.begin() as session:
            document = session.get_one(Document, document_id)
            return sending.send(session, document, to.office, self.office.settings, actor="lan").id

    def one(self, kind):
        """The only row of its kind."""
        with self.sessions() as session:
            return session.scalars(sa.select(kind)).one()

    def count(self, kind, *where):
        with self.sessions() as session:
            return session.scalar(sa.select(sa.func.count()).select_from(kind).where(*where))

    def hurry(self):
        """Nobody waits for the lease of who died, or for the next look."""
        with self.sessions.begin() as session:
            session.execute(sa.update(Sending).values(next_at=now()))

    def close(self):
        self.engine.dispose()


NAMES = (("01", "Sở Nội vụ"), ("02", "Văn phòng UBND"))


@contextlib.contextmanager
def houses(folder, template):
    """Both offices, closed at the end."""
    found = [House(folder, *one, template) for one in NAMES]
    yield found
    for one in found:
        one.close()


@pytest.fixture
def town(tmp_path, _template):
    with houses(tmp_path, _template) as found:
        yield found


@pytest.fixture
def carrier(town):
    carrier = Carrier(town[0].office, [one.office for one in town])
    yield carrier
    carrier.close()


def test_a_paper_comes_with_its_bytes_its_header_and_its_trail(town, carrier):
    here, there = town
    sent = here.send(here.paper(), there)
    assert carrier.turn()
    scan, delivery, message = there.one(Scan), there.one(Delivery), there.one(Message)
    assert scan.sha256 == here.one(Scan).sha256
    assert there.blobs.has(scan.sha256)
    assert (delivery.id, delivery.scan_id, delivery.from_name) == (sent, scan.id, "Sở Nội vụ")
    year = today(now()).year
    assert (delivery.number, delivery.sent_by, delivery.sent_at) == (f"1/{year}", "lan", here.one(Sending).sent_at)
    told = message.facts["told"]
    assert {name: told[name] for name in ("number", "symbol", "date", "subject")}.items() <= SAID.items()
    assert told["receivers"] == [{"id": "000.00.02.H59", "name": "Văn phòng UBND"}]
    assert there.one(Origin).label == "Sở Nội vụ"
    assert there.count(Event, Event.action == "came_from_office", Event.subject == scan.id) == 1
    assert (here.one(Sending).state, here.one(Sending).code) == ("delivered", "01")
    assert not carrier.turn(), "nothing is due"


def test_nothing_but_what_was_sent_is_there(town, carrier):
    here, there = town
    other = here.paper(colour=(1, 2, 3))
    here.send(here.paper(), there)
    while carrier.turn():
        pass
    with here.sessions() as session:
        unsent = session.get_one(Document, other).scan.sha256
    assert there.count(Scan) == 1
    assert not there.blobs.has(unsent)


def entered(house):
    """The other office reads it and puts it into its book, as number 1."""
    with house.sessions.begin() as session:
        scan = session.scalars(sa.select(Scan)).one()
        scan.status, scan.read_at = "review", now()
        document = rows.document(session, scan)
        register.register(session, document, "den", today(now()), actor="mai")


def test_the_sender_hears_how_far_it_is(town, carrier):
    here, there = town
    here.send(here.paper(), there)
    carrier.turn()
    entered(there)
    here.hurry()
    assert carrier.turn()
    row = here.one(Sending)
    assert (row.code, row.number, row.reason) == ("03", f"1/{today(now()).year}", "")
    assert here.count(Event, Event.action == "sending_told") == 2


def test_who_sets_it_aside_says_why_to_the_sender(town, carrier):
    here, there = town
    here.send(here.paper(), there)
    carrier.turn()
    with there.sessions.begin() as session:
        scan = session.scalars(sa.select(Scan)).one()
        scan.status = "review"
        aside.set_aside(session, rows.document(session, scan), "không thuộc thẩm quyền", actor="mai")
    here.hurry()
    carrier.turn()
    assert (here.one(Sending).code, here.one(Sending).reason) == ("02", "không thuộc thẩm quyền")


def test_a_paper_goes_to_an_office_once(town, carrier):
    here, there = town
    paper = here.paper()
    here.send(paper, there)
    with pytest.raises(Conflict, match="đã được gửi"):
        here.send(paper, there)
    with pytest.raises(NotFound):
        sending.to_whom([one.office for one in town], here.office, here.office.slug)


def test_a_secret_paper_never_goes(town, carrier):
    here, there = town
    with pytest.raises(Conflict, match="độ mật"):
        here.send(here.paper(secrecy="Mật"), there)
    assert here.count(Sending) == 0


def test_what_turns_out_to_be_secret_on_its_way_stays(town, carrier):
    here, there = town
    paper = here.paper()
    here.send(paper, there)
    with here.sessions.begin() as session:
        session.get_one(Document, paper).secrecy = "Mật"
    carrier.turn()
    assert (here.one(Sending).state, there.count(Scan), there.count(Message)) == ("refused", 0, 0)
    assert "độ mật" in here.one(Sending).reason


def test_what_their_door_refuses_is_told_and_may_be_sent_again(town):
    here, there = town
    small = dataclasses.replace(there.office, settings=dataclasses.replace(there.office.settings, max_upload_mb=0))
    paper = here.paper()
    here.send(paper, there)
    carrier = Carrier(here.office, [here.office, small])
    carrier.turn()
    carrier.close()
    assert here.one(Sending).state == "refused"
    assert here.one(Sending).reason
    assert there.count(Scan) == 0
    assert here.send(paper, there)


def test_an_office_that_is_away_gets_it_later(town, tmp_path):
    here, there = town
    here.send(here.paper(), there)
    (tmp_path / "away").mkdir()
    away = dataclasses.replace(there.office.settings, database=f"sqlite:///{tmp_path / 'away'}")
    lame = Carrier(here.office, [here.office, dataclasses.replace(there.office, settings=away)])
    assert lame.turn()
    lame.close()
    assert here.one(Sending).state == "waiting"
    assert here.one(Sending).next_at > now()
    here.hurry()
    carrier = Carrier(here.office, [one.office for one in town])
    carrier.turn()
    carrier.close()
    assert (here.one(Sending).state, there.count(Scan)) == ("delivered", 1)


def carried_until(town, number):
    """A process of its own carries and kills itself before the commit of this number; whether it came so far."""
    child = engines.CHILDREN.Process(target=_carry, args=([one.office for one in town], number))
    child.start()
    child.join()
    return child.exitcode == -signal.SIGKILL


def _carry(offices, left):
    def count(_session):
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    sa.event.listen(sa.orm.Session, "before_commit", count)
    carrier = Carrier(offices[0], offices)
    carrier.turn()
    os._exit(0)


def test_who_is_killed_at_any_commit_loses_and_doubles_nothing(tmp_path, _template):
    number, died = 0, True
    while died:
        number += 1
        town = [House(tmp_path / str(number), *one, _template) for one in NAMES]
        here, there = town
        here.send(here.paper(), there)
        for one in town:
            one.close()  # no connection is taken into another process
        died = carried_until(town, number)
        here.hurry()
        carrier = Carrier(here.office, [one.office for one in town])
        carrier.turn()
        carrier.close()
        assert (here.one(Sending).state, here.one(Sending).code) == ("delivered", "01"), number
        assert there.one(Delivery).scan_id == there.one(Scan).id, number
        assert there.count(Message) == there.count(Origin) == 1, number
        for action in ("came_from_office", "received", "message_kept"):
            assert there.count(Event, Event.action == action) == 1, (number, action)
        for one in town:
            one.close()
    assert number > 5


def test_what_becomes_secret_between_two_attempts_is_whole_and_withheld_there_or_never_came(tmp_path, _template):
    number, died, outcomes = 0, True, set()
    while died:
        number += 1
        town = [House(tmp_path / str(number), *one, _template) for one in NAMES]
        here, there = town
        paper = here.paper()
        here.send(paper, there)
        for one in town:
            one.close()
        died = carried_until(town, number)
        began, kept, taken = there.count(Delivery), there.count(Message), there.count(Scan)
        with here.sessions.begin() as session:
            session.get_one(Document, paper).secrecy = "Mật"
        here.hurry()
        carrier = Carrier(here.office, [one.office for one in town])
        carrier.turn()
        carrier.close()
        row = here.one(Sending)
        outcomes.add((began, kept, taken, row.state))
        if not kept:
            assert (row.state, there.count(Scan), there.count(Message)) == ("refused", 0, 0), number
        else:
            scan = there.one(Scan)
            assert (row.state, row.reason) == ("delivered", SECRET_NOW), number
            assert there.one(Delivery).scan_id == scan.id, number
            assert there.count(Event, Event.action == "came_from_office", Event.subject == scan.id) == 1, number
            if not taken:
                assert (scan.status, there.one(Message).withheld) == ("quarantined", True), number
                for sha256 in (scan.sha256, there.one(Message).sha256):
                    assert not there.blobs.has(sha256), number
                    assert Safe(there.office.settings.data).has(sha256), number
        for one in town:
            one.close()
    assert {(0, 0, 0, "refused"), (1, 0, 0, "refused"), (1, 1, 0, "delivered"), (1, 1, 1, "delivered")} <= outcomes


def test_what_becomes_secret_after_it_came_is_told_to_the_sender(town, carrier):
    here, there = town
    paper = here.paper()
    here.send(paper, there)
    carrier.turn()
    assert not carrier.turn()
    with here.sessions.begin() as session:
        review.correct(session, session.get_one(Document, paper), {"secrecy": "Mật"}, actor="lan", blindly=True)
    assert carrier.turn(), "at once, not at the next look"
    assert (here.one(Sending).state, here.one(Sending).reason) == ("delivered", SECRET_NOW)
    assert here.count(Event, Event.action == "sending_told", Event.data.contains("secret_now")) == 1


def test_what_becomes_secret_while_the_other_office_is_asked_is_told_at_once(town, carrier):
    here, there = town
    paper = here.paper()
    here.send(paper, there)
    carrier.turn()
    here.hurry()
    given_back = []

    def mark(*_):
        """After no mark was seen, before that is noted: third after the look for what is due, and its claim."""
        given_back.append(1)
        if len(given_back) == 3:
            with here.sessions.begin() as session:
                document = session.get_one(Document, paper)
                review.correct(session, document, {"secrecy": "Mật"}, actor="lan", blindly=True)

    sa.event.listen(carrier._here.engine, "checkin", mark)
    assert carrier.turn() and here.one(Sending).reason == ""
    assert carrier.turn(), "at once, not at the next look"
    assert here.one(Sending).reason == SECRET_NOW


def test_what_comes_into_quarantine_after_it_came_is_told_to_the_sender(town, carrier):
    here, there = town
    here.send(here.paper(), there)
    carrier.turn()
    with here.sessions.begin() as session:
        quarantine.impose(
            session, Archive.of(here.office.settings, here.sessions), session.scalars(sa.select(Scan)).one()
        )
    assert carrier.turn()
    assert here.one(Sending).reason == SECRET_NOW


@pytest.mark.parametrize(("code", "age", "wait"), [("05", 1, 2.4), ("05", 30, 6), ("06", 1, 2.4), ("06", 30, 72)])
def test_what_is_finished_there_is_looked_at_ever_more_rarely_but_it_is(code, age, wait):
    moment = now()
    row = Sending(state="delivered", code=code, told_at=moment - dt.timedelta(days=age))
    assert due.after(row, moment) - moment == dt.timedelta(hours=wait)
    row.state = "refused"
    assert due.after(row, moment) == due.NEVER


def test_an_office_restored_to_before_it_was_finished_there_gets_it_once_more(town, carrier):
    here, there = town
    sent = here.send(here.paper(), there)
    carrier.turn()
    with here.sessions.begin() as session:
        row = session.get_one(Sending, sent)
        row.code, row.next_at = "06", due.after(row, now())
    with there.sessions.begin() as session:
        session.execute(sa.delete(Delivery))
    here.hurry()
    carrier.turn()
    assert here.one(Sending).state == "waiting"
    here.hurry()
    carrier.turn()
    assert (here.one(Sending).state, there.one(Delivery).id) == ("delivered", sent)


def copied(source, target):
    """A database as a backup has it."""
    with sqlite3.connect(source) as old, sqlite3.connect(target) as new:
        old.backup(new)
    old.close()
    new.close()


@pytest.mark.embedded("the copy of the database is a file")
def test_an_office_restored_to_before_it_came_gets_it_once_more(town, tmp_path):
    here, there = town
    sent = here.send(here.paper(), there)
    database_file = there.office.settings.data / "vanthu.db"
    copied(database_file, tmp_path / "backup.db")
    for turns in (1, 2):
        carrier = Carrier(here.office, [one.office for one in town])
        for _ in range(turns):
            here.hurry()
            carrier.turn()
        carrier.close()
        if turns == 1:
            there.close()
            for file in database_file.parent.glob("vanthu.db*"):
                file.unlink()
            shutil.copyfile(tmp_path / "backup.db", database_file)
            assert there.count(Scan) == 0
    assert (here.one(Sending).state, here.one(Sending).code) == ("delivered", "01")
    assert (there.one(Delivery).id, there.one(Delivery).scan_id) == (sent, there.one(Scan).id)
    assert here.count(Event, Event.action == "sending_told", Event.data.contains("waiting")) == 1


def test_nothing_is_told_of_a_paper_they_had_by_another_door(town, carrier):
    here, there = town
    there.paper()
    with there.sessions.begin() as session:
        session.scalars(sa.select(Document)).one().ordinal = 1
    here.send(here.paper(), there)
    carrier.turn()
    here.hurry()
    carrier.turn()
    assert (there.count(Scan), there.one(Delivery).scan_id) == (1, there.one(Scan).id)
    row = here.one(Sending)
    assert (row.state, row.code, row.number, row.reason) == ("delivered", "01", "", "")


def test_what_is_wrong_with_their_settings_is_waited_out_and_not_told(town):
    here, there = town
    here.send(here.paper(), there)
    wrong = dataclasses.replace(there.office.settings, jobs="nothing://their-secret")
    carrier = Carrier(here.office, [here.office, dataclasses.replace(there.office, settings=wrong)])
    with pytest.raises(BadSettings):
        _ = carrier._there[there.office.slug][1].sessions
    carrier.turn()
    carrier.close()
    assert (here.one(Sending).state, here.one(Sending).reason) == ("waiting", "")
