"""Offices at work: a database that is another's opens to nobody, a part that ended is not begun again."""

import threading

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from werkzeug.test import Client

from archive import config, database, offices, people, whose
from archive.models import Event
from migrations import upgrade
from server import offices as house
from server.cli import main
from server.commands import Desk, each, running
from tests import engines

TWO = '[[office]]\nslug = "a"\n[[office]]\nslug = "b"\n'


class Town:
    """Two offices; the tables of a are made, and an administrator with a key."""

    def __init__(self, folder):
        (folder / "offices.toml").write_text(TWO, encoding="utf-8")
        self.variables = engines.variables(folder / "data")
        self.variables |= {"VANTHU_OFFICES": str(folder / "offices.toml"), "VANTHU_RESERVE_MB": "1"}
        self.common = config.load(environ=self.variables)
        self.offices = offices.load(self.common)
        self.front = house.Front(self.offices, self.common)
        for one in self.offices:
            engines.found(one.settings)
        engine = self.engine(0)
        upgrade(engine)
        with database.sessions(engine).begin() as session:
            admin = people.add_user(session, "an", "admin", None, "mat-khau-dai-123")
            self.key = people.new_token(session, admin, "thử", people.SCOPES)
        engine.dispose()

    def engine(self, which):
        return database.open_engine(self.offices[which].settings.database_url, durable=False)

    def status(self, slug):
        return Client(self.front).get(f"/{slug}/api/v1/register", headers={"Authorization": f"Bearer {self.key}"})

    def copy(self):
        """What is a's lies in b's place, too, as after a restore into the wrong one."""
        first, second = (one.settings for one in self.offices)
        engines.found(second, like=first)

    def vanthu(self, *words):
        return CliRunner().invoke(main, list(words), env=self.variables, catch_exceptions=False)


@pytest.fixture
def town(tmp_path, monkeypatch):
    found = Town(tmp_path)
    for name, value in found.variables.items():
        monkeypatch.setenv(name, value)
    return found


def test_a_key_of_one_office_opens_nothing_through_a_database_that_is_its_own(town):
    assert town.status("a").status_code == 200
    town.copy()
    refused = town.status("b")
    assert refused.status_code == 500
    assert "của cơ quan a" in refused.json["detail"]
    ready = Client(town.front).get("/readyz").json["offices"]
    assert ready["a"] == []
    assert "của cơ quan a" in ready["b"][0]


def test_a_command_and_the_service_refuse_it_until_it_is_adopted(town):
    assert town.vanthu("--office", "a", "upgrade").exit_code == 0
    town.copy()
    for words in (["--office", "b", "upgrade"], ["--office", "b", "search", "x"], ["up", "--port", "1"]):
        refused = town.vanthu(*words)
        assert refused.exit_code == 2, words
        assert "--office b upgrade --adopt" in refused.output
    assert town.vanthu("--office", "b", "upgrade", "--adopt").exit_code == 0
    assert town.vanthu("--office", "b", "search", "x").exit_code == 0
    assert town.status("b").status_code == 200


def test_an_archive_that_stood_alone_is_taken_into_the_list_and_out_of_it(town):
    settings = town.offices[0].settings
    alone = {f"VANTHU_{name.upper()}": str(getattr(settings, name)) for name in ("data", "database", "blobs", "jobs")}
    alone["VANTHU_OFFICES"] = ""
    run = CliRunner()
    assert run.invoke(main, ["search", "x"], env=town.variables | alone).exit_code == 0
    assert names(town) == []
    assert town.vanthu("--office", "a", "search", "x").exit_code == 0
    assert names(town) == ['{"before":null,"slug":"a"}']
    assert run.invoke(main, ["search", "x"], env=town.variables | alone).exit_code == 0
    assert run.invoke(main, ["upgrade", "--adopt"], env=town.variables | alone).exit_code == 2
    assert len(names(town)) == 1


def names(town):
    engine = town.engine(0)
    with database.readers(engine)() as session:
        found = session.scalars(sa.select(Event.data).where(Event.action == whose.ACTION)).all()
    engine.dispose()
    return found


class Hurried(threading.Event):
    """Waits for nothing, remembers how long it should have, and is set after so many waits."""

    def __init__(self, count):
        super().__init__()
        self.waited, self._count = [], count

    def wait(self, timeout=None):
        self.waited.append(timeout)
        if len(self.waited) >= self._count:
            self.set()
        return self.is_set()


@pytest.mark.embedded("where machines share an archive this part goes on")
def test_a_part_that_ended_is_not_begun_again(town):
    """As that of SQLite, where there is nobody to follow."""
    begun, stop = [], threading.Event()
    threads = threading.active_count()

    def part(desk, stop):
        begun.append(desk.office.slug)
        running._follow(desk, stop)

    assert town.vanthu("--all-offices", "upgrade").exit_code == 0
    for one in town.offices:
        each.keep_at(Desk().of(one), part, stop)
    assert begun == ["a", "b"]
    assert not stop.is_set()
    assert threading.active_count() == threads


def test_a_part_that_broke_is_begun_again_after_a_growing_pause(town):
    begun, stop = [], Hurried(5)

    def part(desk, stop):
        begun.append(desk.office.slug)
        raise OSError

    each.keep_at(Desk().of(town.offices[0]), part, stop)
    assert begun == ["a"] * 5
    assert stop.waited == [10, 20, 40, 60, 60]


def test_of_a_hung_office_so_many_wait_and_the_next_is_told_at_once(town, monkeypatch):
    monkeypatch.setattr(house, "PATIENCE", 60.0)
    room, free, hung = house._Room(town.offices[0], town.offices), threading.Event(), threading.Semaphore(0)

    def hang(environ, start_response):
        hung.release()
        free.wait(60)
        start_response("200 OK", [])
        return [b""]

    room._app, told = hang, []
    threads = [threading.Thread(target=lambda: told.append(Client(room).get("/").status_code))
               for _ in range(house.MOST + house.LINE + 1)]  # fmt: skip
    for one in threads:
        one.start()
    for _ in range(house.MOST):
        assert hung.acquire(timeout=60)
    while not told and any(one.is_alive() for one in threads):
        free.wait(0.01)
    assert told == [503], "while the others are still in the room or in the line"
    free.set()
    for one in threads:
        one.join(60)
    assert sorted(told) == [200] * (house.MOST + house.LINE) + [503]
