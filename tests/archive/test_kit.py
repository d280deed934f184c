"""The kit for authors: a new plugin passes its own samples, and a backtest says what it would change."""

import datetime as dt
import json

import pytest
import sqlalchemy as sa
from PIL import Image

from archive import database, history, host, pages, records
from archive.errors import BadValue, Conflict, NotFound, PluginRefused
from archive.findings import Finding
from archive.kit import backtest, make, run_samples, warnings
from archive.kit.samples import compare
from archive.models import Confirmation, Document, Event, FindingRow, PluginState
from archive.reading import Page
from tests.archive import offices

PAPER = """ỦY BAN NHÂN DÂN
TỈNH LAI CHÂU
CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
Độc lập - Tự do - Hạnh phúc
Số: 318/UBND-VX
V/v phòng, chống dịch bệnh mùa hè
Lai Châu, ngày 14 tháng 6 năm 2021

Kính gửi: Các sở, ban, ngành.
"""
RULES = """
name = "Lai Châu"
version = "{version}"
organs = ["Ủy ban nhân dân tỉnh Lai Châu"]
[desks]
VX = "{desk}"
"""


@pytest.fixture
def office_readers(office_engine):
    return database.readers(office_engine)


@pytest.fixture
def folder(settings):
    settings.plugin_dir.mkdir()
    return settings.plugin_dir


def write(folder, version, desk, extra=""):
    (folder / "lai_chau").mkdir(exist_ok=True)
    text = RULES.format(version=version, desk=desk) + extra
    (folder / "lai_chau" / "plugin.toml").write_text(text, encoding="utf-8")


# ------------------------------------------------------------------------------------------------ new


@pytest.mark.parametrize("toml", [False, True])
def test_a_new_plugin_passes_its_own_samples(settings, toml):
    home = make(settings.plugin_dir, "lai_chau", "tỉnh Lai Châu", toml=toml)
    assert sorted(path.name for path in home.rglob("*.*")) == sorted(
        ["plugin.toml" if toml else "__init__.py", "letter.txt", "letter.json"]
    )
    (sample,) = run_samples("lai_chau", settings)
    assert [row for row in sample.rows if not row.is_right] == []
    assert {"lai_chau.desk", "routes", "province_at_issue"} <= {row.field for row in sample.rows}


def test_a_new_plugin_is_short(tmp_path):
    home = make(tmp_path, "lai_chau", "Lai Châu")
    assert len((home / "__init__.py").read_text(encoding="utf-8").splitlines()) < 50


def test_python_and_rules_say_the_same(tmp_path):
    make(tmp_path, "in_python", "Sơn La")
    make(tmp_path, "in_toml", "Sơn La", toml=True)
    provinces = {one.slug: one for one in host.load(tmp_path).provinces()}
    mine = [(one.name, one.current, one.organs, one.words) for slug, one in provinces.items() if slug.startswith("in_")]
    assert mine[0] == mine[1]


@pytest.mark.parametrize("name", ['Bộ "Mẫu" \\ {x}', "Hà Nội", "Thừa Thiên - Huế"])
def test_any_name_makes_a_plugin_that_loads(tmp_path, name):
    make(tmp_path, "first", name)
    make(tmp_path, "second", name, toml=True)
    assert [one.error for one in host.load(tmp_path).plugins if one.error] == []


@pytest.mark.parametrize(
    "slug", ["", "Lai_Chau", "lai-chau", "lai chau", "../lai", "9a", "class", "lai_châu", "a" * 41]
)
def test_a_bad_slug_makes_nothing(tmp_path, slug):
    with pytest.raises(BadValue, match="chữ thường không dấu"):
        make(tmp_path, slug, "Lai Châu")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_over(tmp_path):
    home = make(tmp_path, "lai_chau", "Lai Châu")
    (home / "__init__.py").write_text("mine")
    with pytest.raises(Conflict, match="không ghi đè"):
        make(tmp_path, "lai_chau", "Lai Châu")
    assert (home / "__init__.py").read_text() == "mine"


@pytest.mark.parametrize("name", ["", "  ", "a\0b", "x" * 81])
def test_a_name_is_needed(tmp_path, name):
    with pytest.raises(BadValue):
        make(tmp_path, "lai_chau", name)


# ------------------------------------------------------------------------------------------------ test


def test_what_differs_is_shown_beside_what_was_expected(settings):
    home = make(settings.plugin_dir, "lai_chau", "Lai Châu")
    expected = json.loads((home / "samples" / "letter.json").read_text())
    expected["fields"] |= {"date": "2021-06-15", "lai_chau.nothing": "x"}
    (home / "samples" / "letter.json").write_text(json.dumps(expected))
    (sample,) = run_samples("lai_chau", settings)
    assert not sample.is_right
    assert [(row.field, row.expected, row.found) for row in sample.rows if not row.is_right] == [
        ("date", "2021-06-15", "2021-06-14"), ("lai_chau.nothing", "x", None),
    ]  # fmt: skip


def test_a_sample_that_cannot_be_compared_says_why(settings):
    samples = make(settings.plugin_dir, "lai_chau", "Lai Châu", toml=True) / "samples"
    (samples / "letter.json").write_text('{"field": {}}')
    (samples / "alone.txt").write_text("x")
    (samples / "no_paper.json").write_text("{}")
    (samples / "broken.json").write_text("{")
    errors = {sample.name: sample.error for sample in run_samples("lai_chau", settings)}
    assert "khóa không rõ: field" in errors["letter.txt"]
    assert "thiếu alone.json" in errors["alone.txt"]
    assert "đúng một tệp" in errors["no_paper.json"]
    assert "không phải JSON" in errors["broken.json"]


def test_a_sample_may_be_a_scan(settings):
    samples = make(settings.plugin_dir, "lai_chau", "Lai Châu", toml=True) / "samples"
    Image.new("L", (850, 1100), 255).save(samples / "blank.png", dpi=(100, 100))
    (samples / "blank.json").write_text('{"fields": {"number": null}, "addressees": []}')
    (blank, _) = run_samples("lai_chau", settings)
    assert (blank.name, blank.is_right, len(blank.rows)) == ("blank.png", True, 2)


def test_a_plugin_without_samples_or_refused_is_told_of(settings, folder):
    write(folder, "1.0", "Phòng Văn xã")
    with pytest.raises(NotFound, match="chưa có mẫu"):
        list(run_samples("lai_chau", settings))
    with pytest.raises(NotFound, match="Không có plugin"):
        list(run_samples("nobody", settings))
    write(folder, "1.0", "Phòng Văn xã", "place = []")
    with pytest.raises(PluginRefused, match="dòng 7"):
        list(run_samples("lai_chau", settings))


def document(**more):
    return {"fields": {}, "stamp": None, "addressees": [], "recipients": [], "archive_copy": [], "system": "state",
            "kind": "document", "flags": [], "citations": [], "routes": []} | more  # fmt: skip


def test_everything_a_sample_may_say_is_compared():
    field = {"value": None, "partial": "2021-06", "sure": False}
    cited = {"type": "Chỉ thị", "code": "16/CT-TTg", "date": None, "issuer": None, "relation": "basis", "page": 1}
    found = document(
        fields={"date": field}, stamp={"fields": {"number": {"value": "12"}}}, citations=[cited], addressees=["A"]
    )
    expected = {
        "fields": {"date": None}, "partial": {"date": "2021-06"}, "unsure": ["date"], "stamp": {"number": "12"},
        "citations": [{"code": "16/CT-TTg", "type": "Chỉ thị", "relation": "basis"}], "addressees": ["A"],
        "recipients": [], "system": "state", "routes": [],
    }  # fmt: skip
    assert [row for row in compare(expected, [found]) if not row.is_right] == []
    wrong = {
        "partial": {"date": "2021-07"},
        "stamp": {"number": "13"},
        "citations": [],
        "routes": ["A"],
        "flags": ["a"],
    }
    assert not any(row.is_right for row in compare(wrong, [found]))
    assert [row.field for row in compare({"documents": [expected, expected]}, [found]) if not row.is_right] == [
        "documents"
    ]


# ------------------------------------------------------------------------------------------------ backtest


@pytest.fixture
def archived(office_sessions, folder):
    """Keeps a document with its page, what the plugin once said, and what a person confirmed."""

    def archived(said=None, **confirmed):
        with office_sessions.begin() as session:
            scan = offices.scan(session)
            pages.keep(session, scan.id, Page.of_text(1, PAPER))
            document = offices.document(session, scan, text=PAPER)
            if said:
                found = Finding("lai_chau.desk", said, 0.95, source="lai_chau 1.0")
                records.keep_findings(session, document, [found], dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
            for name, value in confirmed.items():
                name = name.replace("desk", "lai_chau.desk")
                session.add(Confirmation(document_id=document.id, field=name, value=value, machine=None, by="lan"))
            return document.id

    return archived


def run(sessions, settings, **more):
    with sessions() as session:
        return backtest(session, settings, "lai_chau", **more)


def test_a_backtest_says_what_becomes_right_and_wrong(archived, folder, settings, office_readers, office_sessions):
    better = archived("Phòng Cũ", desk="Phòng Mới")
    worse = archived("Phòng Cũ", desk="Phòng Cũ", number="318")
    neither = archived("Phòng Cũ", desk="Phòng Khác")
    unknown = archived("Phòng Cũ", number="318")
    archived("Phòng Cũ")
    write(folder, "1.1", "Phòng Mới")
    report = run(office_readers, settings)
    assert (report.plugin, report.against, report.documents) == ("lai_chau 1.1", ("lai_chau 1.0",), 4)
    assert {one.document: one.becomes for one in report.changes} == {
        better: "right", worse: "wrong", neither: "other", unknown: "unchecked",
    }  # fmt: skip
    one = next(one for one in report.changes if one.document == worse)
    assert (one.field, one.before, one.after, one.confirmed) == ("lai_chau.desk", "Phòng Cũ", "Phòng Mới", "Phòng Cũ")
    assert one.href == f"/documents/{worse}"
    count = report.by_field()["lai_chau.desk"]
    assert (count["changed"], count["right"], count["wrong"], count["sure_wrong"]) == (4, 1, 1, 0)
    with office_sessions() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(FindingRow)) == 5


def test_a_new_plugin_is_held_against_its_absence(archived, folder, settings, office_readers):
    archived(desk="Phòng Mới")
    write(folder, "1.1", "Phòng Mới")
    report = run(office_readers, settings)
    assert report.against == ()
    assert [(one.field, one.before, one.becomes) for one in report.changes] == [("lai_chau.desk", None, "right")]


def test_a_plugin_that_says_the_same_changes_nothing(archived, folder, settings, office_readers):
    archived("Phòng Cũ", number="318", date="2021-06-14")
    write(folder, "1.1", "PHÒNG CŨ")
    assert run(office_readers, settings).changes == ()


def test_a_backtest_runs_before_the_plugin_is_switched_on(archived, folder, settings, office_readers, office_sessions):
    archived(desk="Phòng Mới")
    write(folder, "1.1", "Phòng Mới")
    with office_sessions.begin() as session:
        session.add(PluginState(slug="lai_chau", enabled=False))
    assert len(run(office_readers, settings).changes) == 1


def test_a_version_can_wait_in_another_folder(archived, folder, settings, office_readers, tmp_path):
    archived("Phòng Cũ", desk="Phòng Mới")
    archived("Phòng Cũ", desk="Phòng Mới")
    write(folder, "1.0", "Phòng Cũ")
    (tmp_path / "next").mkdir()
    write(tmp_path / "next", "2.0", "Phòng Mới")
    report = run(office_readers, settings, plugins_dir=tmp_path / "next", limit=1)
    assert (report.plugin, report.documents, len(report.changes)) == ("lai_chau 2.0", 1, 1)


def test_a_wrong_value_shown_as_sure_is_counted_apart(archived, folder, settings, office_readers):
    id_ = archived(desk="Phòng Mới")
    (folder / "lai_chau.py").write_text(
        "from archive import Finding, hookimpl\n@hookimpl\ndef extract(text, stamp):\n"
        "    return [Finding('lai_chau.desk', 'Phòng Sai', 0.99)]\n",
        encoding="utf-8",
    )
    report = run(office_readers, settings)
    assert [(one.document, one.becomes, one.is_sure) for one in report.changes] == [(id_, "other", True)]
    assert report.by_field()["lai_chau.desk"]["sure_wrong"] == 1


def test_a_plugin_that_fails_in_a_backtest_is_told_of(archived, folder, settings, office_readers):
    id_ = archived(desk="Phòng Mới")
    (folder / "lai_chau.py").write_text(
        "from archive import hookimpl\n@hookimpl\ndef extract(text, stamp):\n    raise ValueError(text.plain)\n"
    )
    report = run(office_readers, settings)
    assert [document for document, _ in report.failures] == [id_]
    assert "ValueError at lai_chau.py:4" in report.failures[0][1]
    assert "LAI CHÂU" not in report.failures[0][1]


# ------------------------------------------------------------------------------------------------ warnings


def test_plugins_that_were_passed_over_are_counted(office_sessions):
    at = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
    with office_sessions.begin() as session:
        history.append(session, "line", "extracted", "a", {"documents": 1, "passed_over": {"bad": "extract: one"}})
        history.append(session, "line", "extracted", "b", {"documents": 1})
        history.append(session, "line", "extracted", "c", {"documents": 1, "passed_over": {"bad": "route: two"}}, at)
    with office_sessions() as session:
        (warned,) = warnings(session).values()
        assert (warned.slug, warned.scans, warned.cause, warned.at[:10]) == ("bad", 2, "route: two", "2026-01-02")
        assert session.scalar(sa.select(sa.func.count()).select_from(Event)) == 3
        assert session.scalars(sa.select(Document)).all() == []
