"""What is so of PostgreSQL's index alone: it lies in the archive's own database, where every machine sees it."""

import dataclasses
import traceback

import pytest
import sqlalchemy as sa

from archive import database
from archive.errors import BadSettings, IndexBroken, Transient
from archive.jobs.worker import Worker
from archive.models import Outbox
from archive.search import indexing, open_search, parse, postgres_store
from archive.search.indexing import drain, rebuild
from tests.archive.search.conftest import entry

pytestmark = pytest.mark.servers
PAPERS = [entry("a", "công văn đến"), entry("b", "công văn đi")]
ONLY = pytest.mark.parametrize("kind", ["postgresql:"])


def _told(url, *statements):
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))


@pytest.mark.parametrize("url", ["postgresql:", "postgresql:postgresql+psycopg://elsewhere/kho"])
def test_it_is_refused_beside_sqlite_and_in_another_database(tmp_path, url):
    with pytest.raises(BadSettings, match="VANTHU_DATABASE"):
        open_search(url, tmp_path, f"sqlite:///{tmp_path}/vanthu.db")
    if url != "postgresql:":
        with pytest.raises(BadSettings, match="VANTHU_DATABASE"):
            open_search(url, tmp_path, "postgresql+psycopg://here/kho")


HARMS = {
    "an entry gone": "DELETE FROM {}_entry WHERE id = 'a'",
    "no entries": "DROP TABLE {}_entry",
    "no words": "DROP TABLE {}_word",
    "no tokens": "DROP TABLE {}_block",
    "no count": "DROP TABLE {}_made",
    "no notes": "DROP TABLE vanthu_search.generation",
    "nothing": "DROP SCHEMA vanthu_search CASCADE",
}


@ONLY
@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS)
def test_a_spoiled_index_is_told_by_every_machine_until_the_rebuild(index, kind, home, tmp_path, harm):
    index.apply(PAPERS)
    name = index.status().generation
    index.close()
    _told(home, harm.replace("{}", f"vanthu_search.{name}"))
    other = open_search(kind, tmp_path / "other", home)
    with pytest.raises(IndexBroken):
        index.frequencies(["cong"])
    assert not other.healthy()
    index.rebuild(PAPERS)
    assert other.search(parse("cong van")).total == 2
    other.close()


@ONLY
def test_a_word_longer_than_the_database_takes_is_found(index, look):
    long, other = "漢" * 950, "漢" * 949 + "b"
    index.apply([entry("a", f"phòng {long} dịch"), entry("b", f"phòng {other} dịch")])
    assert look(long) == ["a"]
    assert look(f'"{other} dich"') == ["b"]
    assert set(look("漢" * 90 + "*")) == {"a", "b"}


def _told_in_turns(index):
    """Papers that come, are told again and go, a few in each commit; what must be found of them by one word."""
    there = {}
    for turn in range(30):
        names = [f"{number:02}" for number in range(turn, turn + 3)]
        entries = [entry(name, f"công văn lượt{turn} số{name}", code=f"{turn}/UBND-VX") for name in names]
        index.apply(entries, deletes=[f"{turn - 6:02}"])
        there |= dict.fromkeys(names, turn)
        there.pop(f"{turn - 6:02}", None)
    return there


@ONLY
def test_what_is_folded_into_segments_is_found_as_before(index, kind, home, tmp_path, monkeypatch):
    monkeypatch.setattr(postgres_store, "RECENT", 7)
    monkeypatch.setattr(postgres_store, "SEGMENT", 25)
    follows = open_search(kind, tmp_path / "follows", home)
    assert follows.search(parse("cong van")).total == 0
    there = _told_in_turns(index)
    late = open_search(kind, tmp_path / "late", home)
    for one in (index, follows, late):
        assert sorted(one.identifiers()) == sorted(there)
        assert {hit.id for hit in one.search(parse('"cong van"')).hits} == set(there)
        for name, turn in there.items():
            assert [hit.id for hit in one.having(f"so{name}").hits] == [name]
            assert name in {hit.id for hit in one.search(parse(f"{turn}/UBND-VX")).hits}
        counted = one.frequencies(["cong", "luot0", "luot29"])
        assert counted == {"cong": len(there), "luot0": 0, "luot29": 3}
        assert {hit.id for hit in one.search(parse("luot2*")).hits} == {
            n for n, t in there.items() if t in (2, *range(20, 30))
        }
    assert len(_asked(home, f"SELECT 1 FROM vanthu_search.{index.status().generation}_segment")) > 1
    follows.close()
    late.close()


@ONLY
def test_papers_that_were_told_again_tens_of_thousands_of_times_are_found(index, home, look):
    index.apply(PAPERS)
    made = f"vanthu_search.{index.status().generation}_made"
    for name in "cdefgh":
        _told(home, f"UPDATE {made} SET last = last + 30000")  # only numbers go up by it
        index.apply([entry(name, f"công văn lượt{name}")])
    index.apply([entry(f"x{number}", "tờ trình") for number in range(postgres_store.RECENT)])
    assert set(look('"cong van"')) == set("abcdefgh")
    assert [look(f"luot{name}") for name in "cdefgh"] == [[name] for name in "cdefgh"]


def _asked(url, statement):
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return connection.execute(sa.text(statement)).all()


@ONLY
def test_what_the_index_was_told_and_what_the_outbox_forgets_are_one_commit(archive):
    archive.keep("trước")
    archive.catch_up()
    archive.keep("phòng chống dịch")
    url = archive.index._shared.engine.url.render_as_string(hide_password=False)
    _told(
        url, "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql"
        " AS $$BEGIN RAISE EXCEPTION USING errcode = 'disk_full'; END$$",
        "CREATE TRIGGER refuse BEFORE DELETE ON outbox EXECUTE FUNCTION refuse()",
    )  # fmt: skip
    try:
        with pytest.raises(Transient):
            drain(archive.sessions, archive.index)
        assert archive.index.search(parse("phong chong dich")).total == 0
    finally:
        _told(url, "DROP FUNCTION refuse CASCADE")
    assert drain(archive.sessions, archive.index) == 1
    assert archive.index.search(parse("phong chong dich")).total == 1
    with archive.sessions() as session:
        assert session.scalars(sa.select(Outbox)).all() == []


@ONLY
def test_what_lies_on_a_machine_from_before_is_not_believed_again(archive, tmp_path):
    """It heard nothing since the index lies in the database."""
    url = database.address(archive.sessions.kw["bind"])
    archive.keep("chung cũ")
    before = open_search("whoosh:", tmp_path, url)
    rebuild(archive.sessions, before)
    assert archive.index.is_lost()
    assert archive.catch_up() > 0
    archive.keep("chung mới")
    archive.catch_up()
    assert before.search(parse("chung")).total == 2
    assert before.status().engine == "postgresql"
    _told(url, "DROP SCHEMA vanthu_search CASCADE")
    assert not before.healthy()
    before.close()


@ONLY
def test_what_another_machine_tells_while_the_index_moves_back_to_a_folder_is_told_again(archive, tmp_path):
    archive.keep("chung cũ")
    archive.catch_up()
    folder = open_search("sqlite:", tmp_path / "here", database.address(archive.sessions.kw["bind"]))

    def slowly():
        yield from indexing.entries_between(archive.sessions)
        late.append(archive.keep("chung mới"))
        archive.catch_up()

    def retell(names):
        told.extend(names)

    late, told = [], []
    folder.rebuild(slowly(), retell)
    assert told == late
    assert folder.status().engine == "sqlite"
    folder.close()


@ONLY
def test_a_worker_builds_what_was_spoiled_without_a_paper_having_to_come(settings, archive):
    url = database.address(archive.sessions.kw["bind"])
    archive.keep("phòng chống dịch")
    archive.catch_up()
    _told(url, f"DROP TABLE vanthu_search.{archive.index.status().generation}_made")
    assert archive.index.is_lost()
    own = dataclasses.replace(settings, search="postgresql:", database=url)
    worker = Worker(own, engine=archive.sessions.kw["bind"])
    assert worker._fill_index(rests=True) is True
    worker._index.close()
    assert archive.index.search(parse("phong chong dich")).total == 1


@ONLY
def test_a_server_that_only_reads_for_a_while_spoils_nothing(index, kind, home, tmp_path):
    index.apply(PAPERS)
    name = home.rpartition("/")[2]
    _told(home, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    other = open_search(kind, tmp_path / "other", home)
    with pytest.raises(Transient):
        other.apply([entry("c", "công văn hỏa tốc")])
    other.close()
    _told(home, "SET transaction_read_only = off", f"ALTER DATABASE {name} RESET default_transaction_read_only")
    assert index.healthy() and index.search(parse("cong van")).total == 2


@ONLY
def test_who_reads_what_is_just_replaced_condemns_nothing(index, kind, home, tmp_path):
    index.apply(PAPERS)
    old = index.status().generation
    other = open_search(kind, tmp_path / "other", home)
    with pytest.raises(Transient), other._reading() as store:
        index.rebuild(PAPERS)
        store.frequencies(["cong"])
    assert index.status().generation != old and index.healthy()
    assert other.search(parse("cong van")).total == 2
    other.close()


@ONLY
def test_what_was_written_does_not_stand_in_an_error(index, home):
    _told(home, f"ALTER TABLE vanthu_search.{index.status().generation}_entry ADD CHECK (id <> 'phòng kín')")
    with pytest.raises((IndexBroken, Transient)) as refused:
        index.apply([entry("phòng kín", "công văn")])
    told = "".join(traceback.format_exception(refused.value))
    assert "CheckViolation" in told and "(1, ph" not in told


@ONLY
@pytest.mark.parametrize("asked", ["SELECT array_agg", "_gone WHERE", "_recent WHERE"])
def test_who_lost_the_server_while_it_read_what_is_new_reads_it_again(index, kind, home, tmp_path, asked):
    follows = open_search(kind, tmp_path / "follows", home)
    index.apply(PAPERS)
    assert follows.search(parse("cong van")).total == 2
    index.apply([entry("c", "công văn mật")], deletes=["a"])
    engine = follows._shared.engine

    @sa.event.listens_for(engine, "before_cursor_execute")
    def _cut_at(connection, _cursor, statement, *_):
        if asked in statement:
            sa.event.remove(engine, "before_cursor_execute", _cut_at)
            pid = connection.connection.driver_connection.info.backend_pid
            _told(home, f"SELECT pg_terminate_backend({pid})")

    with pytest.raises(Transient):
        follows.search(parse("cong van"))
    assert {hit.id for hit in follows.search(parse("cong van")).hits} == {"b", "c"}
    follows.close()
