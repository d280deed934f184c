"""A new generation while the old one serves: in parts, broken off and gone on with, by another engine, after damage."""

import dataclasses
import os
import signal
import time

import pytest
import sqlalchemy as sa

from archive import database
from archive.jobs.worker import Worker
from archive.models import Document, Outbox
from archive.search import building, indexing, open_search, parse
from archive.search.find import find
from archive.search.indexing import drain, rebuild
from tests.archive.search.conftest import generations
from tests.engines import APART


@pytest.fixture
def filled(archive, monkeypatch):
    """Forty papers, and an index that is built in four parts."""
    monkeypatch.setattr(indexing, "LARGE", 1)
    monkeypatch.setattr(building, "PARTS", 4)
    monkeypatch.setattr(building, "LEAST", 1)
    for n in range(40):
        archive.keep(f"chung riêng{n}")
    archive.index.rebuild([])
    with archive.sessions.begin() as session:
        session.execute(sa.delete(Outbox))
    return archive


def _total(archive, typed="chung"):
    return archive.index.search(parse(typed)).total


def test_the_parts_are_the_whole(filled):
    assert rebuild(filled.sessions, filled.index) == 40
    assert (_total(filled), _total(filled, "rieng7")) == (40, 1)
    assert not list(filled.index.root.rglob("part-*"))
    filled.keep("chung mới")
    assert drain(filled.sessions, filled.index) == 1
    assert _total(filled) == 41


def test_a_build_that_was_broken_off_goes_on_where_it_stopped(filled, monkeypatch):
    class Off(Exception): ...

    done = []

    def broken_off(url, kind, place, after, until):
        if len(done) == 2:
            raise Off
        done.append(place)
        return building.fill_part(url, kind, place, after, until)

    monkeypatch.setattr(building, "_filled", lambda sessions, kind, folder, bounds: [
        broken_off(sessions.kw["bind"].url.render_as_string(hide_password=False), kind,
                   str(building._part(folder, n).absolute()), bounds[n], bounds[n + 1])
        for n in range(len(bounds) - 1)
    ])  # fmt: skip
    with pytest.raises(Off):
        rebuild(filled.sessions, filled.index)
    assert _total(filled) == 0
    first = sorted(filled.index.root.rglob("part-*"))
    with filled.sessions.begin() as session:
        session.scalars(sa.select(Document).order_by(Document.id)).first().text = "đổi rồi"
    ids = [part.stat().st_ino for part in first]
    done.clear()
    done += ["a"]
    monkeypatch.setattr(building, "fill_part", building.fill_part)
    with pytest.raises(Off):
        rebuild(filled.sessions, filled.index)
    assert ids == [part.stat().st_ino for part in first]
    monkeypatch.undo()
    monkeypatch.setattr(indexing, "LARGE", 1)
    assert rebuild(filled.sessions, filled.index) == 40


def test_what_changed_while_it_was_built_is_told_again(filled, monkeypatch):
    fill = building._filled

    def slowly(*args):
        counts = fill(*args)
        paper = filled.keep("chung thêm")
        assert drain(filled.sessions, filled.index) == 1
        assert _total(filled) == 1 and paper
        return counts

    monkeypatch.setattr(building, "_filled", slowly)
    rebuild(filled.sessions, filled.index)
    assert _total(filled) == 40
    assert drain(filled.sessions, filled.index) == 1
    assert _total(filled) == 41


def _build_for_ever(url, kind, data):
    sessions, index = database.sessions(database.open_engine(url)), open_search(kind, data, url)
    (data / "begun").touch()
    while True:
        index.rebuild(indexing.entries_between(sessions))


def test_a_killed_builder_leaves_the_old_generation_serving(archive, kind, tmp_path):
    for n in range(20):
        archive.keep(f"chung riêng{n}")
    archive.catch_up()
    url = archive.sessions.kw["bind"].url.render_as_string(hide_password=False)
    for delay in (0.05, 0.2):
        builder = APART.Process(target=_build_for_ever, args=(url, kind, tmp_path))
        builder.start()
        while not (tmp_path / "begun").exists():
            time.sleep(0.01)
        time.sleep(delay)
        os.kill(builder.pid, signal.SIGKILL)
        builder.join()
        (tmp_path / "begun").unlink()
        assert _total(archive) == 20
    rebuild(archive.sessions, archive.index)
    assert len(generations(archive.index)) == 1


@pytest.mark.parametrize(("kind", "file"), [("whoosh:", "*.seg"), ("sqlite:", "index.db")])
def test_a_spoiled_index_is_passed_over_at_once_and_built_again_by_the_worker(settings, archive, kind, file, tmp_path):
    archive.keep("phòng chống dịch")
    archive.catch_up()
    archive.index.close()
    os.truncate(next((tmp_path / "index").rglob(file)), 100)
    with archive.sessions() as session:
        results = find(session, archive.index, parse("phong chong dich"), sa.true())
        assert (results.total, results.without_index) == (1, True)
    assert archive.index.is_lost()
    own = dataclasses.replace(settings, search=f"{kind}{tmp_path / 'index'}")
    worker = Worker(own, engine=archive.sessions.kw["bind"])
    assert worker._fill_index(rests=True) is True
    assert not archive.index.is_lost()
    with archive.sessions() as session:
        assert not find(session, archive.index, parse("phong chong dich"), sa.true()).without_index
    worker._index.close()


def test_an_archive_without_an_index_has_lost_none(tmp_path, kind, home):
    engine = open_search(kind, tmp_path, home)
    assert not engine.is_lost()
    engine.close()
