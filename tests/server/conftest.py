"""A running application over a fresh archive, and people at their desks in front of it."""

import pytest
from click.testing import CliRunner
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from werkzeug.routing import Rule

from archive import database, people
from server import create_app
from server.cli import main
from tests import engines
from tests.server.desk import Desk
from tests.server.offices import Office
from tests.server.witness import Witness


@pytest.fixture(scope="session", autouse=True)
def _compiled_templates(tmp_path_factory):
    """Each template is compiled once for all applications of a run: hundreds are made, a tenth of a second each."""
    cache = FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flask, "jinja_options", {"bytecode_cache": cache})
        yield


@pytest.fixture(scope="session", autouse=True)
def _compiled_addresses():
    """So is each route's address: to take it apart and to build it is nine tenths of making an application."""
    compile_rule, known = Rule.compile, {}
    made = ("_parts", "_trace", "_converters", "arguments")

    def once(rule):
        said = frozenset((rule.defaults or {}).items()), frozenset(rule.map.converters.items())
        key = rule.rule, rule.subdomain, rule.host, rule.merge_slashes, rule.map.host_matching, *said
        if key not in known:
            compile_rule(rule)
            builders = rule._build.__func__, rule._build_unknown.__func__
            known[key] = {name: getattr(rule, name) for name in made}, builders
            return
        same, builders = known[key]
        vars(rule).update(same)
        rule._build, rule._build_unknown = (build.__get__(rule) for build in builders)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "compile", once)
        yield


@pytest.fixture(scope="session", autouse=True)
def sane_without_hardware(tmp_path_factory):
    """Nobody's real scanner is looked for: SANE knows its test device alone."""
    folder = tmp_path_factory.mktemp("sane")
    (folder / "dll.conf").write_text("test\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SANE_CONFIG_DIR", str(folder))
        yield


@pytest.fixture
def app(settings, office_engine):
    """The web of `settings`; its writers do not wait for the disk."""
    app = create_app(settings)
    here = app.extensions["vanthu"]
    here.__dict__["engine"] = office_engine
    app.config["TESTING"] = False
    witness = app.extensions["witness"] = Witness(office_engine)
    yield app
    assert witness.silent == [], "changed without an event"


@pytest.fixture
def makers(office_engine):
    """Sessions that may write, for what a test prepares."""
    return database.sessions(office_engine)


@pytest.fixture
def desk(app, makers):
    """`desk("clerk")` is a person of this role who has signed in; `desk(None)` nobody."""

    def sit_down(role="clerk", unit=None):
        desk = Desk(app)
        if role is None:
            return desk
        with makers.begin() as session:
            people.add_user(session, f"{role}-{unit or 'x'}".replace(" ", "-"), role, unit, desk.PASSWORD)
        desk.sign_in(f"{role}-{unit or 'x'}".replace(" ", "-"))
        return desk

    return sit_down


@pytest.fixture
def vanthu(settings, office_engine, monkeypatch):
    """Runs a command on the migrated archive of `settings`, or on the one in `data`."""
    monkeypatch.setenv("VANTHU_RESERVE_MB", "1")
    monkeypatch.setenv("VANTHU_WORKERS", "1")

    def run(*words, status=0, data=settings.data, **more):
        engines.move(monkeypatch, data)
        result = CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False, **more)
        assert result.exit_code == status, result.output
        return result

    return run


@pytest.fixture
def office(settings, office_engine):
    """An office to talk to over HTTP."""
    office = Office(settings)
    yield office
    office.close()
