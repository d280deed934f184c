"""What is kept of all papers is told by the database itself what was changed; then it is what reading all would say."""

import datetime as dt
import random
import time

import numpy as np
import pytest
import sqlalchemy as sa

from archive import access, database
from archive.models import Change, Document, RegisterEntry, RouteRow, Scan, Unit, User
from archive.search import changes, facts, open_search, view
from archive.search.conditions import of_units
from archive.search.indexing import keep_up
from archive.search.view import View

UNITS = ("vx", "th", "nv")
SEES = [access.visible(User(name="lan", role="staff", unit_id=unit, active=True)) for unit in UNITS]
CONDITIONS = [*SEES, of_units(["vx"]), of_units(["Phòng th"]), Document.date.startswith("2020")]
NAMES = ("type", "issuer", "year", "unit", "status", "province", "date", "came", "arrival")
ORDERS = ("date", "arrival")
ON_SERVER = pytest.mark.parametrize("engine", [pytest.param("postgresql", marks=pytest.mark.servers)], indirect=True)


@pytest.fixture
def elsewhere(engine):
    """Sessions of another process."""
    other = database.open_engine(database.address(engine), durable=False)
    yield database.sessions(other)
    other.dispose()


@pytest.fixture
def papers(sessions):
    """Ids of a few, and three units."""
    with sessions.begin() as session:
        session.add_all(Unit(id=unit, name=f"Phòng {unit}") for unit in UNITS)
        session.flush()
        return [paper(session, number) for number in range(9)]


def paper(session, number, **columns):
    scan = Scan(sha256=f"{number:064}", filename="1.pdf", media_type="application/pdf", size=1, received_by="an")
    scan.documents = [Document(**{"status": "registered", "document_type": "Công văn", **columns})]
    session.add(scan)
    session.flush()
    return scan.documents[0].id


@pytest.fixture
def look(sessions, monkeypatch):
    """The kept facts as they are now, told and never read again after the first time."""
    readers = database.readers(sessions.kw["bind"])

    def kept(sees=CONDITIONS):
        with readers() as session:
            return seen(session, sees)

    kept()
    monkeypatch.setattr(view._Kept, "_read", lambda *_: pytest.fail("everything was read again"))
    return kept


def seen(session, sees=CONDITIONS):
    view = View(session, sa.true())
    now = view.whole()
    return now, [view.mask(now, condition) for condition in sees]


def told(now, masks):
    """What is known of each paper that is there, and in which orders they are."""
    there = np.flatnonzero(now.alive)
    rows = {
        now.ids[place]: ([now.column(name).at([place])[0] for name in NAMES], [bool(mask[place]) for mask in masks])
        for place in there
    }
    orders = [[now.ids[place] for place in there[np.argsort(now.ranks(name)[there])]] for name in ORDERS]
    return rows, orders


def read(sessions):
    """The same, read anew."""
    with database.readers(sessions.kw["bind"])() as session:
        now = facts.Facts(session)
        return told(now, [now.mask(session, condition) for condition in CONDITIONS])


class Office:
    """Does what comes into its head."""

    def __init__(self, seed, papers):
        self.dice, self.papers, self.made = random.Random(seed), list(papers), 100

    def does_something(self, session):
        todo = (self.corrects, self.corrects, self.makes, self.removes, self.routes, self.takes_back, self.registers,
                self.voids)  # fmt: skip
        self.dice.choice(todo)(session)

    def any(self):
        return self.dice.choice(self.papers)

    def corrects(self, session):
        some = {
            "date": [None, "", "2019-01-02", "2020-03-30", "2021"], "unit_id": [None, *UNITS],
            "status": ["review", "routed", "void"], "secrecy": [None, "Mật"], "province_current": [None, "Cao Bằng"],
            "issuing_organ": [None, "Sở Y tế", "UBND"], "document_type": [None, "Công văn", "Quyết định"],
        }  # fmt: skip
        name = self.dice.choice(sorted(some))
        change = {name: self.dice.choice(some[name])}
        session.execute(sa.update(Document).where(Document.id == self.any()).values(change))

    def makes(self, session):
        self.made += 1
        self.papers.append(paper(session, self.made, date=self.dice.choice([None, "2020-03-30"])))

    def removes(self, session):
        gone = self.papers.pop(self.dice.randrange(len(self.papers))) if len(self.papers) > 5 else None
        scan = sa.select(Document.scan_id).where(Document.id == gone).scalar_subquery()
        session.execute(sa.delete(RegisterEntry).where(RegisterEntry.document_id == gone))
        session.execute(sa.delete(Scan).where(Scan.id == scan))  # the paper goes with it, by its key

    def routes(self, session):
        unit, state = self.dice.choice(UNITS), self.dice.choice(["decided", "suggested"])
        where = {"document_id": self.any(), "unit_id": unit}
        if not session.scalar(sa.select(RouteRow.id).filter_by(**where)):
            session.add(RouteRow(unit=unit, state=state, **where))

    def takes_back(self, session):
        change = self.dice.choice([{"state": "recalled"}, {"state": "decided"}])
        session.execute(sa.update(RouteRow).where(RouteRow.document_id == self.any()).values(change))

    def registers(self, session):
        if session.scalar(sa.select(RegisterEntry.number).where(RegisterEntry.document_id == (held := self.any()))):
            return
        self.made += 1
        day = dt.date(2020, 4, self.dice.randrange(1, 29))
        session.add(RegisterEntry(book_id="den", year=2020, number=self.made, document_id=held, arrived_on=day))

    def voids(self, session):
        session.execute(
            sa.update(RegisterEntry).where(RegisterEntry.document_id == self.any()).values(document_id=None)
        )


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_the_kept_facts_are_what_reading_all_would_say(sessions, elsewhere, papers, look, seed):
    office = Office(seed, papers)
    for turn in range(40):
        before = list(office.papers)
        with elsewhere() as session:
            for _ in range(office.dice.randrange(1, 4)):
                office.does_something(session)
            if turn % 7 == 6:
                session.rollback()
                office.papers = before
            else:
                session.commit()
        if turn % 3:  # else what the units see is not asked for a while
            assert told(*look()) == read(sessions)
        else:
            look(CONDITIONS[:1])


def test_who_commits_late_is_not_missed(sessions, elsewhere, papers, look):
    """In PostgreSQL the line of who wrote first may be there last: a number of it would long have been passed."""
    early, late = papers[:2]
    with elsewhere() as slow:
        slow.execute(sa.update(Document).where(Document.id == late).values(secrecy="Mật"))
        if slow.get_bind().dialect.name == "postgresql":
            with sessions.begin() as session:
                session.execute(sa.update(Document).where(Document.id == early).values(secrecy="Mật"))
        before = look()
        assert before[1][0][before[0].place[late]]
        slow.commit()
    now, masks = look()
    assert not masks[0][now.place[late]]
    assert told(now, masks) == read(sessions)
    with sessions() as session:
        lines = session.scalars(sa.select(Change.document_id).order_by(Change.id.desc()).limit(2)).all()
        assert lines == [early, late] or late == lines[0]


@ON_SERVER  # SQLite has one writer at a time
def test_of_many_who_write_at_once_nobody_is_missed(sessions, elsewhere, papers, look):
    """Transactions begun and ended in any order, and a look at each moment between."""
    dice = random.Random(5)
    open_ones = {}
    for turn in range(60):
        name = dice.choice(papers)
        if name in open_ones:
            session = open_ones.pop(name)
            session.rollback() if turn % 5 == 0 else session.commit()
            session.close()
            assert told(*look()) == read(sessions)
        elif len(open_ones) < 4:
            session = open_ones[name] = elsewhere()
            session.execute(sa.update(Document).where(Document.id == name).values(date=f"2020-01-{turn % 28 + 1:02}"))
            look()
    for session in open_ones.values():
        session.commit()
        session.close()
    assert told(*look()) == read(sessions)


@ON_SERVER  # on SQLite what is committed is asked, whoever asks
def test_what_is_not_committed_is_not_kept_for_others(sessions, papers, look):
    before = told(*look())
    with sessions() as session:
        new = paper(session, 50)
        session.execute(sa.update(Document).where(Document.id == papers[0]).values(secrecy="Mật"))
        now, masks = seen(session)
        assert now.alive[now.place[new]] and not masks[0][now.place[papers[0]]]
        assert told(*look()) == before
        session.rollback()
    with sessions.begin() as session:
        paper(session, 51)
    assert told(*look()) == read(sessions)


@pytest.fixture
def readings(monkeypatch):
    """How often everything was read."""
    count, plain = [], view._Kept._read
    monkeypatch.setattr(view._Kept, "_read", lambda *given: count.append(1) or plain(*given))
    return count


@pytest.fixture
def glance(sessions):
    def kept():
        with database.readers(sessions.kw["bind"])() as session:
            return told(*seen(session))

    return kept


def corrected(sessions, name, **change):
    with sessions.begin() as session:
        session.execute(sa.update(Document).where(Document.id == name).values(**change))


def forgotten(sessions, forget):
    """Waits until old lines are gone: while somebody on the whole server writes who began before them they stay."""
    until = time.monotonic() + 300
    while time.monotonic() < until:
        forget()
        with sessions() as session:
            if session.scalar(sa.select(sa.func.count()).select_from(Change)) <= 5:
                return
        time.sleep(0.05)
    pytest.fail("old lines are kept")


def test_a_unit_that_has_another_name_is_read_by_all(sessions, elsewhere, papers, glance, readings):
    glance()
    with elsewhere.begin() as session:
        session.get(Unit, "vx").name = "Phòng khác"
    assert glance() == read(sessions)
    assert len(readings) == 2


def test_who_knows_less_than_what_is_kept_reads_everything(sessions, elsewhere, papers, glance, readings, monkeypatch):
    monkeypatch.setattr(changes, "KEPT", 2)
    glance()
    for name in papers[:5]:
        corrected(elsewhere, name, secrecy="Mật")

    def forget():
        with elsewhere.begin() as session:
            changes.forget(session)

    forgotten(sessions, forget)
    assert glance() == read(sessions)
    assert len(readings) == 2
    corrected(elsewhere, papers[6], secrecy="Mật")
    assert glance() == read(sessions)
    assert len(readings) == 2


def eldest(session):
    """Waits until nobody on the whole server writes who began before this session did."""
    asked = sa.text("SELECT pg_snapshot_xmin(pg_current_snapshot()) = pg_current_xact_id()")
    until = time.monotonic() + 300
    while not session.scalar(asked):
        assert time.monotonic() < until, "somebody writes for five minutes"
        time.sleep(0.05)


@ON_SERVER  # SQLite has one writer at a time
def test_what_somebody_may_yet_add_to_is_not_forgotten(sessions, elsewhere, papers, glance, readings, monkeypatch):
    """Who writes for long: their line comes before those that are kept, and who has seen the others needs it."""
    monkeypatch.setattr(changes, "KEPT", 1)
    with elsewhere() as slow:
        slow.execute(sa.update(Document).where(Document.id == papers[0]).values(secrecy="Mật"))
        eldest(slow)
        glance()
        for name in papers[1:5]:
            corrected(sessions, name, secrecy="Mật")
        with sessions.begin() as session:
            changes.forget(session)
        assert glance() == read(sessions)
        slow.commit()
    assert glance() == read(sessions)
    assert len(readings) == 1


def test_without_a_trigger_everything_is_read_after_each_commit(sessions, own_triggers, papers, glance, readings):
    own_triggers()
    glance()
    corrected(sessions, papers[0], secrecy="Mật")
    assert glance() == read(sessions)
    assert len(readings) == 2


@pytest.fixture
def own_triggers(sessions):
    """Takes one trigger away, and gives it back."""
    bind = sessions.kw["bind"]
    if bind.dialect.name == "sqlite":
        off, on = ["DROP TRIGGER change_document_update"], []
    else:
        table = "ALTER TABLE document {} TRIGGER change_document_update"
        off, on = [table.format("DISABLE")], [table.format("ENABLE ALWAYS")]

    def say(statements):
        with bind.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    yield lambda: say(off)
    say(on)


@ON_SERVER  # SQLite's lines have no transaction
def test_lines_of_another_server_are_forgotten(sessions, elsewhere, papers, glance):
    with sessions.begin() as session:
        session.add(Change(moment=2**60, document_id=papers[0]))
    glance()
    corrected(elsewhere, papers[1], secrecy="Mật")
    assert glance() == read(sessions)
    with sessions.begin() as session:
        changes.forget(session)
        assert session.scalar(sa.select(sa.func.max(Change.moment))) < 2**60


def test_keeping_the_index_up_forgets_old_lines(sessions, papers, tmp_path, monkeypatch):
    monkeypatch.setattr(changes, "KEPT", 3)
    index = open_search("whoosh:", tmp_path, "")
    keep_up(sessions, index)  # all at once: they go together, too
    for name in papers:
        corrected(sessions, name, secrecy="Mật")
    forgotten(sessions, lambda: keep_up(sessions, index))
    index.close()


def test_the_triggers_are_there(engine):
    """A migration that makes a table of SQLite anew takes its triggers with it."""
    with engine.connect() as connection:
        assert changes.watched(connection)
