"""A list of offices: each an archive of its own; two that would meet in one place are refused at the start."""

import sqlite3
import threading

import pytest
import sqlalchemy as sa

from archive import config, database, offices, people
from archive.errors import BadSettings
from archive.jobs import queue
from archive.jobs.fair import FairWorker, Turns
from archive.models import Scan, User
from migrations import upgrade
from tests import engines
from tests.archive import offices as rows

TWO = """
[[office]]
slug = "so-y-te"
office = "Sở Y tế"
organ_id = "000.00.01.H59"

[[office]]
slug = "vp"
host = "VP.tinh.vn"
province = "soc_trang"
secrets = "allow"
"""


@pytest.fixture
def listed(tmp_path):
    """`listed(text, **variables)`: the offices of a list with this text."""

    def load(text=TWO, **variables):
        file = tmp_path / "offices.toml"
        file.write_text(text, encoding="utf-8")
        said = {f"VANTHU_{name.upper()}": str(value) for name, value in variables.items()}
        data = {"VANTHU_DATA": str(tmp_path / "data")}
        return offices.load(config.load(environ=data | said | {"VANTHU_OFFICES": str(file)}))

    return load


def test_without_a_list_there_is_one_office():
    assert offices.load(config.load(environ={})) == ()


def test_each_has_its_own_places_and_what_the_common_settings_say_of_the_rest(listed, tmp_path):
    health, committee = listed(province="cao_bang", office="Chung", inbox="/srv/in", max_pages=7)
    assert (health.name, health.host, health.settings.organ_id) == ("Sở Y tế", "", "000.00.01.H59")
    assert health.settings.data == tmp_path / "data" / "offices" / "so-y-te"
    assert health.settings.database_url == f"sqlite:///{tmp_path}/data/offices/so-y-te/vanthu.db"
    assert (health.settings.province, committee.settings.province) == ("cao_bang", "soc_trang")
    assert (committee.name, committee.host, committee.settings.secrets) == ("vp", "vp.tinh.vn", "allow")
    assert {one.settings.max_pages for one in (health, committee)} == {7}
    assert {one.settings.inbox for one in (health, committee)} == {""}, "a folder is one office's alone"


def test_servers_are_shared_and_what_lies_on_them_is_not(listed):
    said = {"database": "postgresql+psycopg://u:p@db/vanthu?sslmode=require", "blobs": "s3://giay-to/goc/",
            "jobs": "celery+amqp://u:p@mq//", "address": "https://vt.tinh.vn"}  # fmt: skip
    health, committee = listed(**said)
    assert health.settings.database == "postgresql+psycopg://u:p@db/vanthu_so_y_te?sslmode=require"
    assert committee.settings.blobs == "s3://giay-to/goc/vp"
    assert health.settings.jobs.endswith("?queue=vanthu-so-y-te")
    assert [one.settings.address for one in (health, committee)] == ["https://vt.tinh.vn/so-y-te", "https://vp.tinh.vn"]


def test_a_queue_that_was_named_is_the_beginning_of_each_offices_name(listed):
    health, committee = listed(database="postgresql+psycopg://db/vanthu", jobs="celery+amqps://mq/tinh?queue=a&ssl=1")
    assert health.settings.jobs == "celery+amqps://mq/tinh?queue=a-so-y-te&ssl=1"
    assert committee.settings.jobs == "celery+amqps://mq/tinh?queue=a-vp&ssl=1"


OFFICE = '[[office]]\nslug = "{}"\n{}\n'


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (("a", 'ofice = "Sở"'), ("b", ""), "ofice không rõ"),
        (("a", "port = 9000"), ("b", ""), "port là của cả cài đặt"),
        (("a", 'max_pages = "nhiều"'), ("b", ""), "a: .*max_pages"),
        (("A b", ""), ("b", ""), "slug"),
        (("a", ""), ("a", ""), "trùng slug"),
        (("a", 'organ_id = "000.h59"'), ("b", 'organ_id = "000.H59"'), "trùng mã định danh"),
        (("a", 'host = "vt.vn"'), ("b", 'host = "VT.vn"'), "trùng host"),
        (("a", 'data = "/srv/vt"'), ("b", 'data = "/srv/x/../vt"'), "trùng cơ sở dữ liệu"),
        (("a", 'data = "/srv/vt"'), ("b", 'data = "/srv/vt/b"'), "nằm trong"),
        (("a", 'database = "postgresql+psycopg://x@db/vt"'),
         ("b", 'database = "postgresql+psycopg://y@db:5432/vt?options=-csearch_path%3Db"'), "trùng cơ sở dữ liệu"),
        (("a", 'blobs = "s3://kho/goc"'), ("b", 'blobs = "s3://kho/goc/"'), "trùng nơi lưu bản gốc"),
        (("a", 'search = "whoosh:/srv/ix"'), ("b", 'search = "sqlite:/srv/ix"'), "trùng thư mục chỉ mục"),
        (("a", 'inbox = "/srv/in"'), ("b", 'inbox = "/srv/in/"'), "trùng thư mục theo dõi"),
    ],
)  # fmt: skip
def test_what_could_not_be_kept_apart_is_refused(listed, first, second, said):
    with pytest.raises(BadSettings, match=said):
        listed(OFFICE.format(*first) + OFFICE.format(*second))


@pytest.mark.parametrize("text", ["", "[[ofice]]\nslug='a'", "office = 3", "[[office]\n"])
def test_a_list_that_is_none_is_refused(listed, text):
    with pytest.raises(BadSettings, match="cơ quan"):
        listed(text)


def test_an_office_nobody_listed_is_told_with_those_there_are(listed):
    with pytest.raises(BadSettings, match="so-y-te, vp"):
        offices.named(listed(), "khac")


class Waiting(FairWorker):
    """Says which office computes, and waits for the test while it does."""

    def __init__(self, name, settings, turns, told):
        super().__init__(settings, turns)
        self._told, self._called = told, name
        self.may = threading.Event()

    def _do(self, claim, began):
        self._told.append(self._called)
        self.may.wait(30)
        return super()._do(claim, began)


@pytest.fixture
def archives(listed, tmp_path):
    found = listed(reserve_mb=1, **engines.at(tmp_path / "data"))
    for one in found:
        engines.found(one.settings)
        engine = database.open_engine(one.settings.database_url, durable=False)
        upgrade(engine)
        engine.dispose()
    return found


def queued(office, count):
    """So many scans of which nothing is kept: their first task fails, and that is all this test needs."""
    engine = database.open_engine(office.settings.database_url, durable=False)
    with database.sessions(engine).begin() as session:
        for _ in range(count):
            queue.add(session, rows.scan(session), "survey")
    return engine


def test_one_paper_of_an_office_waits_for_one_paper_of_another_not_for_all(archives):
    opened = [queued(archives[0], 3), queued(archives[1], 1)]
    turns, told, stop = Turns(), [], threading.Event()
    workers = [Waiting(str(n), one.settings, turns, told) for n, one in enumerate(archives)]
    threads = [threading.Thread(target=one.run_once) for one in workers]
    threads[0].start()
    while not told:
        stop.wait(0.01)
    threads[1].start()
    while turns._given < 2:
        stop.wait(0.01)
    again = threading.Thread(target=workers[0].run_once)
    for one in workers:
        one.may.set()
    threads[0].join(30)
    again.start()
    for thread in (threads[1], again):
        thread.join(30)
    assert told == ["0", "1", "0"]
    for one, engine in zip(workers, opened, strict=True):
        one.close()
        engine.dispose()


@pytest.mark.embedded("only SQLite is locked as a whole")
def test_a_database_that_is_locked_is_waited_for_without_a_turn(archives, monkeypatch):
    monkeypatch.setattr(database, "PATIENCE", 0.3)
    engine, turns = queued(archives[0], 1), Turns()
    other = sqlite3.connect(archives[0].settings.data / "vanthu.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with FairWorker(archives[0].settings, turns) as worker, pytest.raises(sa.exc.OperationalError):
        worker.run_once()
    other.close()
    assert turns._given == 0
    engine.dispose()


def test_an_office_with_nothing_to_do_takes_no_turn(archives):
    turns = Turns()
    with FairWorker(archives[0].settings, turns) as worker, turns.of(worker):
        assert not worker.run_once(), "it would wait for itself"


def test_people_of_one_office_are_nobody_in_another(archives):
    first, second = (database.open_engine(one.settings.database_url) for one in archives)
    with database.sessions(first).begin() as session:
        user = people.add_user(session, "van", "admin", None, "mat khau dai")
        key, cookie = people.new_token(session, user, "máy quét", people.SCOPES), people.new_session(session, user)[0]
    with database.readers(second)() as session:
        assert people.token_user(session, key) is None
        assert people.login_of(session, cookie) is None
        assert session.scalar(sa.select(sa.func.count()).select_from(User)) == 0
        assert session.scalar(sa.select(sa.func.count()).select_from(Scan)) == 0
    first.dispose()
    second.dispose()
