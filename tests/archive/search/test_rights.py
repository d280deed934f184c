"""What one person may see, right after it changed: counted, sorted, filtered, suggested and shown as it is now."""

from types import SimpleNamespace

import numpy as np
import pytest
import sqlalchemy as sa

from archive import access, database
from archive.models import Document, RouteRow, Scan, Unit, User
from archive.search import facts, parse
from archive.search.find import alike, find, matching

STAFF = User(name="lan", role="staff", unit_id="vx", active=True)


@pytest.fixture(params=[0, 500], ids=["whole", "few"])
def few(request, monkeypatch):
    """Few documents are asked for by themselves, or the arrays of the whole archive are read again."""
    monkeypatch.setattr(facts, "FEW", request.param)


@pytest.fixture
def seek(archive):
    def look(typed, sees=None, **options):
        allowed = access.visible(STAFF) if sees is None else sees
        with database.readers(archive.sessions.kw["bind"])() as session:
            return find(session, archive.index, parse(typed), allowed, **options)

    return look


@pytest.fixture
def elsewhere(archive):
    """Sessions of another process: it shares nothing with this one but the database."""
    engine = database.open_engine(archive.sessions.kw["bind"].url.render_as_string(hide_password=False), durable=False)
    yield database.sessions(engine)
    engine.dispose()


@pytest.fixture
def secret(archive):
    """A secret paper that the unit vx has, beside an open one; their ids."""
    with archive.sessions.begin() as session:
        session.add_all([Unit(id="vx", name="Phòng Văn xã"), Unit(id="th", name="Phòng Tổng hợp")])
    common = {"status": "routed", "document_type": "Công văn", "date": "2020-03-30"}
    open_one = archive.keep("phòng dịch cúm gà", issuing_organ="UBND tỉnh Sóc Trăng", **common)
    kept = archive.keep("phòng dịch tả lợn", issuing_organ="Tỉnh ủy Cao Bằng", secrecy="Mật", **common)
    with archive.sessions.begin() as session:
        session.add(RouteRow(document_id=kept, unit_id="vx", unit="Phòng Văn xã", state="decided"))
    archive.catch_up()
    return kept, open_one


def told(results):
    return results.total, {hit.id for hit in results.hits}, dict(results.facets["issuer"])


BOTH = {"UBND tỉnh Sóc Trăng": 1, "Tỉnh ủy Cao Bằng": 1}
ONE = {"UBND tỉnh Sóc Trăng": 1}


QUESTIONS = ("dich", "", "dich nam:2020", '"phong dich"', "-khongco")


def test_what_was_taken_from_a_unit_is_gone_with_the_next_search(archive, seek, secret, elsewhere, few):
    kept, open_one = secret
    for typed in QUESTIONS:
        assert told(seek(typed, sort="date")) == told(seek(typed)) == (2, {kept, open_one}, BOTH)
    with elsewhere.begin() as session:
        session.execute(sa.update(RouteRow).values(state="recalled"))
    for typed in QUESTIONS:
        assert told(seek(typed, sort="date")) == told(seek(typed)) == (1, {open_one}, ONE)
    with elsewhere.begin() as session:
        session.execute(sa.update(RouteRow).values(state="decided"))
    assert told(seek("dich")) == (2, {kept, open_one}, BOTH)


def test_what_becomes_secret_is_set_aside_or_ends_is_gone_at_once(archive, seek, secret, elsewhere, few):
    kept, open_one = secret
    assert told(seek("dich")) == (2, {kept, open_one}, BOTH)
    for change in ({"secrecy": "Mật"}, {"secrecy": None, "status": "void"}):
        with elsewhere.begin() as session:
            session.execute(sa.update(Document).where(Document.id == open_one).values(**change))
        assert told(seek("dich")) == (1, {kept}, {"Tỉnh ủy Cao Bằng": 1})
    with elsewhere.begin() as session:
        session.execute(sa.delete(Document).where(Document.id == kept))
    assert told(seek("dich")) == (0, set(), {})


def test_what_is_corrected_is_counted_and_sorted_as_it_is_now(archive, seek, secret, elsewhere, few):
    kept, open_one = secret
    everyone = sa.true()
    assert [hit.id for hit in seek("dich", everyone, sort="date").hits] == [kept, open_one]
    with elsewhere.begin() as session:
        session.get(Document, open_one).date = "2021-01-01"
        session.get(Document, kept).issuing_organ = "Sở Y tế"
    results = seek("dich", everyone, sort="date")
    assert [hit.id for hit in results.hits] == [open_one, kept]
    assert dict(results.facets["year"]) == {"2020": 1, "2021": 1}
    assert dict(results.facets["issuer"]) == {"Sở Y tế": 1, "UBND tỉnh Sóc Trăng": 1}


def test_what_is_not_committed_is_nobody_elses(archive, seek, secret, few):
    _, open_one = secret
    with archive.sessions() as session:
        session.execute(sa.update(RouteRow).values(state="recalled"))
        matching(session, archive.index, parse("dich"), access.visible(STAFF))
        assert seek("dich").total == 2
        session.commit()
    assert told(seek("dich")) == (1, {open_one}, ONE)


def test_each_unit_has_its_own_eyes(archive, seek, secret, few):
    other = access.visible(User(name="minh", role="staff", unit_id="th", active=True))
    for _ in range(2):
        assert (seek("dich").total, seek("dich", other).total, seek("dich", access.visible(None)).total) == (2, 1, 0)


def test_hidden_papers_do_not_tell_how_a_word_is_spelled(archive, seek):
    seen = archive.keep("phòng chống dịch bệnh", status="registered")
    archive.keep("bệnh dại", status="registered")
    for n in range(4):
        archive.keep(f"mật djch bemh {n}", status="registered", secrecy="Mật")
    archive.catch_up()
    results = seek("djch")
    assert ([hit.id for hit in results.hits], results.suggestion) == ([seen], "dịch")
    assert seek("bemh").suggestion == "bệnh"
    assert seek("mat").total == 0


def test_what_hidden_papers_are_called_decides_no_filter(archive, seek):
    archive.keep("dịch", issuing_organ="UBND tỉnh Sóc Trăng", status="registered")
    archive.keep("dịch", issuing_organ="soc trang", status="registered", secrecy="Mật")
    archive.catch_up()
    assert seek("dich", limit=5).total == 1
    with archive.sessions() as session:
        asked = parse("dich", issuer="soc trang")
        assert len(matching(session, archive.index, asked, access.visible(STAFF))) == 1


def test_hidden_papers_do_not_change_what_is_alike(archive):
    own, close = (archive.keep(f"dịch tả lợn châu Phi tại trang trại {n}", status="registered") for n in range(2))
    archive.catch_up()

    def scores():
        with archive.sessions() as session:
            found = alike(session, archive.index, own, access.visible(STAFF))
            return [hit.id for hit in found]

    assert scores() == [close]
    for n in range(9):
        archive.keep(f"mật: dịch tả lợn châu Phi {n}", status="registered", secrecy="Mật")
    archive.catch_up()
    assert scores() == [close]


def test_another_generation_asked_meanwhile_lends_no_places(office_sessions):
    """Two threads may ask the same facts with two generations of the index at the same moment."""
    with office_sessions.begin() as session:
        for name in ("a", "b"):
            scan = Scan(sha256=name * 64, filename="1.pdf", media_type="application/pdf", size=1, received_by="an")
            scan.documents = [Document(id=name)]
            session.add(scan)
        session.flush()
        here = facts.Facts(session)
    assert here.ids == ["a", "b"]
    numbers = np.array([0, 1], np.int32)
    other = SimpleNamespace(names=["b", "a"], numbers=numbers)

    class Found:
        numbers = other.numbers
        kept = ["a", "b"]

        @property
        def names(self):  # another thread comes in here
            assert here.places(other).tolist() == [1, 0]
            return self.kept

    here.places(SimpleNamespace(names=Found.kept, numbers=numbers))
    assert here.places(Found()).tolist() == [0, 1]
