"""The commands for authors of plugins: what they print for programs, and how they say no."""

import json

import pytest

from archive import pages
from archive.consent import Sources
from archive.jobs import Worker
from archive.models import Confirmation, Document, Event, FindingRow, PluginState, Task
from archive.reading import Page
from tests.archive import offices

SPY = """
from pathlib import Path
from archive import hookimpl
VERSION = "1.0"
Path({seen!r}).touch()
@hookimpl
def extract(text, stamp):
    return []
"""
"""A plugin that leaves a trace when it is loaded."""


@pytest.fixture
def lai_chau(vanthu, settings):
    vanthu("plugins", "new", "lai_chau", "Lai Châu", "--toml")
    return settings.plugin_dir / "lai_chau"


def test_a_new_plugin_is_off_until_somebody_switches_it_on(vanthu, lai_chau, office_sessions):
    with office_sessions() as session:
        assert session.get(PluginState, "lai_chau").enabled is False
        assert [event.action for event in session.query(Event)] == ["plugin_disabled"]
    vanthu("plugins", "enable", "lai_chau")
    with office_sessions() as session:
        state = session.get(PluginState, "lai_chau")
        assert (state.enabled, state.version) == (True, "1.0")
        event = session.query(Event).order_by(Event.seq.desc()).first()
        assert (event.action, event.subject) == ("plugin_enabled", "lai_chau")
        assert json.loads(event.data) == {"version": "1.0", "digest": Sources(lai_chau / "plugin.toml").digest}


def test_what_nobody_switched_on_is_not_run_and_is_told_of(vanthu, settings):
    seen = settings.data / "seen"
    settings.plugin_dir.mkdir()
    code = settings.plugin_dir / "spy.py"
    code.write_text(SPY.format(seen=str(seen)))
    listed = vanthu("plugins", "list", "--json")
    assert told(listed, "spy") == ("new", False, "") and "vanthu plugins enable spy" in listed.stderr
    assert "[ổn] plugin spy: chưa bật" in vanthu("check").output
    assert not seen.exists()
    vanthu("plugins", "enable", "spy")
    assert told(vanthu("plugins", "list", "--json"), "spy") == ("on", True, "1.0")
    assert "[ổn] plugin spy: 1.0" in vanthu("check").output
    seen.unlink()
    code.write_text(code.read_text().replace("1.0", "1.1"))
    listed = vanthu("plugins", "list", "--json", status=1)
    assert told(listed, "spy") == ("changed", False, "") and "xem lại rồi bật lại" in listed.stderr
    assert "[LỖI] plugin spy: mã đã đổi từ khi bật" in vanthu("check", status=1).output
    vanthu("plugins", "disable", "spy")
    assert "spy" not in vanthu("plugins", "list").stderr
    assert not seen.exists()


def told(listed, slug):
    (one,) = (one for one in map(json.loads, listed.stdout.splitlines()) if one["slug"] == slug)
    return one["state"], one["enabled"], one["version"]


@pytest.mark.parametrize(
    ("slug", "status", "why"),
    [("Lai-Chau", 2, "chữ thường không dấu"), ("lai_chau", 1, "không ghi đè"), ("cao_bang", 1, "gói đã cài")],
)
def test_what_cannot_be_made_is_refused(vanthu, lai_chau, settings, slug, status, why):
    before = sorted(path.name for path in settings.plugin_dir.iterdir())
    result = vanthu("plugins", "new", slug, "Lai Châu", status=status)
    assert why in result.stderr
    assert sorted(path.name for path in settings.plugin_dir.iterdir()) == before


def test_samples_are_told_to_programs(vanthu, lai_chau):
    told = json.loads(vanthu("plugins", "test", "lai_chau", "--json").stdout)
    assert (told["sample"], told["right"], told["error"]) == ("letter.txt", True, None)
    assert {"field": "date", "expected": "2021-06-14", "found": "2021-06-14", "right": True} in told["rows"]
    (lai_chau / "samples" / "letter.json").write_text('{"fields": {"date": null}}')
    told = json.loads(vanthu("plugins", "test", "lai_chau", "--json", status=1).stdout)
    assert told["rows"] == [{"field": "date", "expected": None, "found": "2021-06-14", "right": False}]


@pytest.mark.parametrize("command", ["test", "backtest"])
def test_a_plugin_that_is_not_there_or_broken_is_a_sentence(vanthu, lai_chau, command):
    assert "Không có plugin" in vanthu("plugins", command, "nobody", status=1).stderr
    (lai_chau / "plugin.toml").write_text("name = 1\n")
    assert "plugin.toml, dòng 1: " in vanthu("plugins", command, "lai_chau", status=1).stderr


def test_a_backtest_is_told_to_programs_and_writes_nothing(vanthu, lai_chau, office_sessions):
    with office_sessions.begin() as session:
        document = offices.document(session)
        letter = (lai_chau / "samples" / "letter.txt").read_text(encoding="utf-8")
        pages.keep(session, document.scan_id, Page.of_text(1, letter))
        session.add(Confirmation(document_id=document.id, field="lai_chau.desk", value="Phòng Văn xã", by="lan"))
    told = json.loads(vanthu("plugins", "backtest", "lai_chau", "--json").stdout)
    assert told["fields"] == {
        "lai_chau.desk": {"changed": 1, "right": 1, "wrong": 0, "other": 0, "unchecked": 0, "sure_wrong": 0}
    }
    (change,) = told["changes"]
    assert (change["document"], change["href"]) == (document.id, f"/documents/{document.id}")
    assert (change["before"], change["after"], change["confirmed"]) == (None, "Phòng Văn xã", "Phòng Văn xã")
    with office_sessions() as session:
        assert session.query(FindingRow).count() == 0
        assert [event.action for event in session.query(Event)] == ["plugin_disabled"]


def test_rereading_asks_only_papers_an_older_version_spoke_of(
    vanthu, lai_chau, settings, office_engine, office_sessions
):
    vanthu("plugins", "enable", "lai_chau")
    with office_sessions.begin() as session:
        older, newer, other = (offices.document(session) for _ in range(3))
        letter = (lai_chau / "samples" / "letter.txt").read_text(encoding="utf-8")
        for paper, source in ((older, "lai_chau 1.2"), (newer, "lai_chau 1.10"), (other, "son_la 1.0")):
            pages.keep(session, paper.scan_id, Page.of_text(1, letter))
            paper.scan.status = "review"
            session.add(FindingRow(document_id=paper.id, field="lai_chau.desk", value="Phòng cũ", confidence=0.9,
                                   witness="ocr", source=source))  # fmt: skip
    rules = lai_chau / "plugin.toml"
    rules.write_text(rules.read_text(encoding="utf-8").replace('version = "1.0"', 'version = "1.10"'), encoding="utf-8")
    vanthu("plugins", "enable", "lai_chau")
    assert "1 tệp" in vanthu("reread", "--plugin", "lai_chau", "--below", "1.10").stdout
    with Worker(settings, engine=office_engine) as worker:
        assert worker.drain(seconds=120)
    with office_sessions() as session:
        steps = {(task.scan_id, task.step) for task in session.query(Task)}
        assert {scan for scan, _ in steps} == {older.scan_id}
        assert not {step for _, step in steps} & {"survey", "read", "mark"}
        said = session.query(FindingRow).filter_by(document_id=older.id, field="lai_chau.desk").order_by(FindingRow.id)
        assert [(row.source, row.value) for row in said] == [
            ("lai_chau 1.2", "Phòng cũ"), ("lai_chau 1.10", "Phòng Văn xã"),
        ]  # fmt: skip
        assert session.get(Document, older.id).fields["lai_chau.desk"]["value"] == "Phòng Văn xã"


def test_plugins_are_asked_in_the_order_that_was_given(vanthu, lai_chau, office_sessions):
    vanthu("plugins", "order", "son_la", "lai_chau")
    listed = [json.loads(line)["slug"] for line in vanthu("plugins", "list", "--json").stdout.splitlines()]
    assert listed[:4] == ["national", "son_la", "lai_chau", "cao_bang"]
    assert "nobody" in vanthu("plugins", "order", "nobody", status=1).stderr
