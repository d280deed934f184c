"""A look at everything: each fault is found, named, and told what to do about; an archive that is whole is green."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from archive import database, history, intake, register, register_days
from archive.blobs import open_blobs
from archive.derived import Derived
from archive.errors import BadValue
from archive.history_export import head, lines, strangers, verify
from archive.inspection import Place, deep, runs
from archive.inspection.balance import books
from archive.inspection.originals import looked_at
from archive.models import Document, Event, Inspection, Outbox, Scan, Task, now
from archive.search import open_search
from archive.search.indexing import keep_up
from archive.workdays import HANOI
from tests import engines, originals
from tests.archive import offices

DOCS = Path(__file__).parents[2] / "docs" / "events.md"
TODAY = now().astimezone(HANOI).date()


@pytest.fixture(params=["whoosh:", "sqlite:", pytest.param("postgresql:", marks=pytest.mark.servers)])
def search(request):
    return request.param


@pytest.fixture
def place(settings, engine, sessions, search):
    index = open_search(search, settings.data, database.address(engine))
    yield Place(settings, sessions, database.readers(engine), open_blobs(settings.blobs, settings.data), index)
    index.close()


@pytest.fixture
def paper(place):
    """A scan that is read, with its document registered and in the index."""
    file = io.BytesIO(b"%PDF-1.4\n a paper")
    got = intake.receive(place.sessions, place.blobs, place.settings, file, "a.pdf", actor="huong", source="web")
    with place.sessions.begin() as session:
        scan = session.get(Scan, got.scan_id)
        scan.status = "review"
        session.execute(sa.update(Task).values(state="done"))
        document = Document(scan_id=scan.id, pages=[1], text="phòng chống dịch", full_code="471/UBND-VX")
        session.add(document)
        session.flush()
        register.register(session, document, "den", TODAY, actor="huong")
        session.add(Outbox(document_id=document.id))
    keep_up(place.sessions, place.index)
    return got.scan_id


def wrong(place):
    """name → what is said, of all that is not well."""
    found = {}
    for one in deep(place):
        if not one.ok:
            assert one.todo or one.name == "sổ cân đối", one
            found[one.name] = f"{found.get(one.name, '')} {one.says}".strip()
    return found


def test_an_archive_that_is_whole_is_green(place, paper):
    assert wrong(place) == {}


def test_an_empty_archive_is_green_too(place):
    assert wrong(place) == {}


def test_documents_the_index_lacks_has_too_many_or_does_not_know_anew_are_named(place, paper):
    from archive.search import IndexEntry

    with place.sessions.begin() as session:
        lacking = offices.document(session, scan := offices.scan(session, status="review"))
        waiting = offices.document(session, offices.scan(session, status="review"))
        unfinished = offices.document(session, offices.scan(session, status="reading"))
        session.add(Outbox(document_id=waiting.id))
        changed = session.query(Document).filter_by(scan_id=paper).one()
        changed.subject = "đã sửa ngoài chương trình"
    place.index.apply([IndexEntry("f" * 32, body="không có trong kho")])
    said = wrong(place)["chỉ mục"]
    assert f"thiếu 1 văn bản: {lacking.id}" in said and f"thừa 1 văn bản: {'f' * 32}" in said
    assert f"1 văn bản đã đổi mà chỉ mục chưa biết: {changed.id}" in said
    assert waiting.id not in said and unfinished.id not in said and scan


@pytest.mark.embedded("nobody makes an object in a bucket older than it is")
@pytest.mark.parametrize("search", ["sqlite:"], indirect=True)
def test_bytes_nobody_knows_are_told_and_are_no_error(place, paper):
    stranger = place.blobs.put(io.BytesIO(b"left by a crash"))
    os.utime(place.blobs.path(stranger.sha256), (0, 0))
    (said,) = [one for one in deep(place) if one.name == "tệp không ai nhận"]
    assert said.ok and "1 tệp cũ hơn một ngày" in said.says and stranger.sha256[:12] in said.says


@pytest.mark.parametrize("search", [engines.ONE_SEARCH], indirect=True)
class TestOnce:
    """What does not depend on the engine of the index."""

    def test_an_altered_original_is_said_and_kept_as_the_scrub_keeps_it(self, place, paper, search):
        with place.sessions() as session:
            sha256 = session.get(Scan, paper).sha256
        originals.damage(place.blobs, sha256, b"%PDF-1.4\n a papeR")
        assert "1 tệp hỏng" in wrong(place)["tệp gốc"]
        assert paper in looked_at(place).says and not looked_at(place).ok
        originals.lose(place.blobs, sha256)
        assert "1 tệp mất" in wrong(place)["tệp gốc"] or "ổ đĩa" in wrong(place)["tệp gốc"]

    def test_a_changed_event_breaks_the_chain_there(self, place, paper, search):
        with place.sessions.begin() as session:
            asleep(session, "UPDATE event SET actor = 'ai đó' WHERE seq = 1")
        assert "đứt ở dòng 1" in wrong(place)["chuỗi nhật ký"]

    def test_events_cut_off_at_the_end_are_missed_by_the_closed_day(self, place, paper, search):
        with place.sessions.begin() as session:
            day = register_days.close(session, "den", TODAY, "huong")
            last = session.scalar(sa.select(Event.seq).where(Event.hash == day.event))
            asleep(session, f"DELETE FROM event WHERE seq >= {last}")
            before = session.scalars(sa.select(Event).order_by(Event.seq.desc()).limit(1)).one()
            asleep(session, f"UPDATE event_head SET seq = {before.seq}, hash = '{before.hash}'")
        with place.readers() as session:
            assert list(history.broken(session)) == []
        assert (
            "mã khóa không còn trong nhật ký" in {one.name: one.says for one in books(place, print)}["ngày khóa sổ den"]
        )

    def test_quarantined_bytes_lie_in_their_own_place_alone(self, place, paper, search):
        with place.sessions.begin() as session:
            scan = session.get(Scan, paper)
            scan.status, scan.error = "quarantined", "Có dấu mật."
            sha256 = scan.sha256
        folder = place.settings.data / "quarantine"
        folder.mkdir()
        folder.chmod(0o755)  # whatever the umask of whoever runs this
        Derived(place.settings.data).put(paper, "1.webp", b"x")
        said = wrong(place)["cách ly"]
        assert "còn hình trang" in said and "còn nằm trong kho thường" in said and "0755" in said
        Derived(place.settings.data).forget(paper)
        folder.chmod(0o700)
        place.blobs.take(sha256, folder / sha256)
        assert "cách ly" not in wrong(place)
        (folder / sha256).chmod(0o600)
        (folder / sha256).write_bytes(b"?")
        assert "hỏng" in wrong(place)["cách ly"]
        (folder / sha256).unlink()
        assert "bị mất" in wrong(place)["cách ly"]
        with place.sessions.begin() as session:
            session.get(Scan, paper).status = "destroyed"
        assert "cách ly" not in wrong(place)

    def test_pictures_of_scans_that_are_no_more_are_told(self, place, paper, search):
        Derived(place.settings.data).put("a" * 32, "1.webp", b"x")
        assert "a" * 32 in wrong(place)["hình trang"]

    def test_a_look_that_is_stopped_is_begun_anew(self, place, paper, search):
        with place.sessions.begin() as session:
            number = runs.ask(session, "chi").id
            assert runs.ask(session, "mai").id == number
        assert runs.take(place.sessions) == number and runs.take(place.sessions) is None
        runs.run(place, number, stop=lambda: True)
        assert runs.take(place.sessions) == number
        assert runs.run(place, number)
        with place.sessions() as session:
            assert runs.last(session).ok and runs.underway(session) is None

    def test_one_whose_process_died_is_taken_over(self, place, search):
        with place.sessions.begin() as session:
            number = runs.ask(session, "chi").id
        assert runs.take(place.sessions) == number
        assert runs.take(place.sessions, now() + runs.SILENT * 2) == number

    def test_only_the_last_looks_are_kept(self, place, search):
        for _ in range(runs.KEPT + 3):
            runs.keep(place.sessions, "cli", [], now())
        with place.sessions() as session:
            assert session.scalar(sa.select(sa.func.count()).select_from(Inspection)) == runs.KEPT


def asleep(session, statement):
    """What somebody with the file or the database's owner can do: the locks sleep while it happens."""
    if session.get_bind().dialect.name == "sqlite":
        triggers = session.execute(sa.text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
        for name, _ in triggers:
            session.execute(sa.text(f"DROP TRIGGER {name}"))
        session.execute(sa.text(statement))
        for _, made in triggers:
            session.execute(sa.text(made))
        return
    session.execute(sa.text("SET LOCAL session_replication_role = replica"))
    session.execute(sa.text(statement))
    session.execute(sa.text("SET LOCAL session_replication_role = origin"))
    session.expire_all()


@pytest.mark.parametrize("search", [engines.ONE_SEARCH], indirect=True)
def test_a_row_without_its_parent_is_found(place, paper, search, engine):
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.connection.cursor().execute("PRAGMA foreign_keys = OFF")
        else:
            connection.exec_driver_sql("SET session_replication_role = replica")
        with connection.begin_nested() if connection.in_transaction() else connection.begin():
            connection.exec_driver_sql(
                "INSERT INTO outbox (document_id, queued_at) SELECT id, created_at FROM document"
            )  # not to be missed in the index
            connection.exec_driver_sql("UPDATE citation SET document_id = document_id")
            connection.exec_driver_sql(
                "INSERT INTO citation (document_id, mentions, source) VALUES ('nobody', '[]', '')"
            )
        connection.commit()
        if engine.dialect.name == "sqlite":
            connection.connection.cursor().execute("PRAGMA foreign_keys = ON")
        else:
            connection.exec_driver_sql("SET session_replication_role = origin")
            connection.commit()
    assert "citation" in wrong(place)["bảng dữ liệu"]


@pytest.mark.embedded("SQLite's word takes the lock of the events off")
def test_a_lock_of_the_events_that_was_taken_off_is_missed(office_engine, office_sessions, settings):
    index = open_search(engines.ONE_SEARCH, settings.data, settings.database_url)
    blobs = open_blobs(settings.blobs, settings.data)
    place = Place(settings, office_sessions, database.readers(office_engine), blobs, index)
    with office_sessions.begin() as session:
        session.execute(sa.text("DROP TRIGGER event_no_delete"))
    assert "event_no_delete" in wrong(place)["nhật ký chỉ ghi thêm"]
    index.close()


@pytest.mark.servers
def test_on_postgresql_a_role_of_its_own_cannot_touch_the_events(empty_postgres):
    """What docs/events.md tells the database's administrator, tried: the program's role is stopped by the database."""
    import migrations

    owner = database.open_engine(empty_postgres)
    migrations.upgrade(owner)
    role = f"app_{os.getpid()}"
    grants = DOCS.read_text(encoding="utf-8").split("```sql")[1].split("```")[0].replace("vanthu_app", role)
    with owner.begin() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {role}")
        for statement in filter(None, map(str.strip, grants.split(";"))):
            connection.exec_driver_sql(statement)
    try:
        with owner.begin() as connection:
            connection.exec_driver_sql(f"SET LOCAL ROLE {role}")
            with database.sessions(connection.engine)(bind=connection) as session:
                history.append(session, "huong", "received", "x")
                session.flush()
                session.expunge_all()
        for forbidden in (
            "UPDATE event SET actor = 'x'", "DELETE FROM event", "TRUNCATE event", "DROP TABLE event",
            "ALTER TABLE event DISABLE TRIGGER event_append_only", "DROP TRIGGER event_append_only ON event",
            "SET session_replication_role = replica",
        ):  # fmt: skip
            with pytest.raises(sa.exc.ProgrammingError, match=r"permission denied|must be owner"), owner.begin() as bad:
                bad.exec_driver_sql(f"SET LOCAL ROLE {role}")
                bad.exec_driver_sql(forbidden)
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), owner.begin() as connection:
            connection.exec_driver_sql("TRUNCATE event")  # even the owner, while the trigger stands
    finally:
        with owner.begin() as connection:
            connection.exec_driver_sql(f"DROP OWNED BY {role}")
            connection.exec_driver_sql(f"DROP ROLE {role}")
        owner.dispose()


# ------------------------------------------------------------------------------------------------ exported events


@pytest.fixture
def exported(sessions, tmp_path):
    """A file of five events, and the session's maker."""
    with sessions.begin() as session:
        for number in range(5):
            history.append(session, "huong", "received", f"scan {number}", {"tên": "giấy “mời”", "n": number})
    file = tmp_path / "events.jsonl"
    with sessions() as session:
        file.write_text("".join(f"{line}\n" for line in lines(session)), "utf-8")
    return file


def told(file):
    with file.open(encoding="utf-8") as text:
        return verify(text)


def test_an_export_is_whole_and_ends_at_the_head(exported, sessions):
    found = told(exported)
    with sessions() as session:
        assert (found.count, found.broken, found.last) == (5, [], head(session))
        assert strangers(session, exported.read_text("utf-8").splitlines()) == []
        assert list(lines(session, TODAY, TODAY)) == exported.read_text("utf-8").splitlines()
        assert list(lines(session, None, TODAY.replace(year=2000))) == []


def test_a_line_changed_left_out_or_of_another_archive_is_found(exported, sessions):
    whole = exported.read_text("utf-8").splitlines(keepends=True)
    assert verify([*whole[:2], whole[2].replace("giấy", "thư"), *whole[3:]]).broken == [3]
    assert verify([*whole[:2], *whole[3:]]).broken == [3]
    with sessions() as session:
        other = json.loads(whole[4]) | {"hash": "0" * 64}
        assert strangers(session, [*whole[:4], json.dumps(other)]) == [5]
    assert verify([]).last is None
    with pytest.raises(BadValue, match="Dòng 2"):
        verify([whole[0], "{}"])


def test_a_stranger_verifies_it_with_what_the_docs_say(exported, tmp_path):
    """The program in docs/events.md, run as it stands there."""
    program = DOCS.read_text(encoding="utf-8").split("```python")[1].split("```")[0]
    assert program.count("\n") <= 22
    run = [sys.executable, "-I", "-c", program, str(exported)]
    done = subprocess.run(run, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith("whole; the last is number 5")
    exported.write_text(exported.read_text("utf-8").replace('"actor": "huong"', '"actor": "ai"', 1), "utf-8")
    done = subprocess.run(run, capture_output=True, text=True)
    assert done.returncode == 1 and "line 1 was changed" in done.stderr
