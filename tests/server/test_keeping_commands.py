"""vanthu backup, restore, export, import, upgrade and `register last`: what is said, and with which status."""

import dataclasses

import pytest
import sqlalchemy as sa

import migrations
from archive import backup, database
from archive.backup.target import Target
from archive.blobs import open_blobs
from archive.models import Document, Event, Restore, Scan
from archive.pipeline import quarantine
from archive.pipeline.line import Archive
from tests import originals
from tests.archive import kept
from tests.archive.kept import Office


@pytest.fixture(autouse=True)
def furnished(settings, office_engine):
    Office(settings, office_engine).furnish(1)


def test_what_was_backed_up_comes_back_and_is_found_well(vanthu, tmp_path, office_sessions):
    said = vanthu("backup", tmp_path / "b")
    assert "2 tệp, 2 văn bản" in said.stdout and "chép mới 2 bản gốc" in said.stdout and "bản gốc: 2/2" in said.stderr
    with office_sessions() as session:
        assert backup.last(session).target == str(tmp_path / "b")
    again = vanthu("restore", tmp_path / "b", data=tmp_path / "new")
    assert "[ổn] chuỗi nhật ký" in again.stdout and "Đã lập lại chỉ mục: 2 văn bản" in again.stdout
    assert "phòng chống dịch 1" in vanthu("search", "phong chong", data=tmp_path / "new").stdout
    assert "không trống" in vanthu("restore", tmp_path / "b", data=tmp_path / "new", status=1).stderr
    refused = vanthu("restore", tmp_path / "b", "--snapshot", "../x", data=tmp_path / "newer", status=1)
    assert "không hợp lệ" in refused.stderr
    said = vanthu("register", "last", "--year", "2026", "8", data=tmp_path / "new").stdout
    assert "số tiếp theo là 9; 5 số chờ" in said
    assert "không phải ghi" in vanthu("register", "last", "--year", "2026", "9", data=tmp_path / "new", status=1).stderr


@pytest.mark.servers
@pytest.mark.embedded("from SQLite to PostgreSQL and back")
def test_an_index_in_the_database_stays_out_of_backups_and_is_made_anew(vanthu, tmp_path, empty_postgres, monkeypatch):
    vanthu("backup", tmp_path / "b")
    monkeypatch.setenv("VANTHU_DATABASE", empty_postgres)
    monkeypatch.setenv("VANTHU_SEARCH", "postgresql:")
    assert "Đã lập lại chỉ mục: 2 văn bản" in vanthu("restore", tmp_path / "b", data=tmp_path / "new").stdout
    assert "postgresql, 2 văn bản" in vanthu("check", data=tmp_path / "new").stdout
    assert "phòng chống dịch 1" in vanthu("search", "phong chong", data=tmp_path / "another machine").stdout
    vanthu("check", "--deep", data=tmp_path / "new")
    vanthu("backup", tmp_path / "c", data=tmp_path / "new")
    monkeypatch.setenv("VANTHU_DATABASE", "")
    assert "VANTHU_DATABASE" in vanthu("search", "phong", data=tmp_path / "new", status=2).stderr
    monkeypatch.setenv("VANTHU_SEARCH", "")
    vanthu("restore", tmp_path / "c", data=tmp_path / "back")
    assert "phòng chống dịch 1" in vanthu("search", "phong chong", data=tmp_path / "back").stdout


def test_a_restored_archive_is_well_though_what_is_secret_stayed_behind(vanthu, settings, office_sessions, tmp_path):
    archive = Archive.of(settings, office_sessions)
    with office_sessions.begin() as session:
        quarantine.impose(session, archive, session.query(Scan).first())
    vanthu("backup", tmp_path / "b")
    assert len(list(Target(tmp_path / "b").walk())) == 1
    said = vanthu("restore", tmp_path / "b", data=tmp_path / "new").stdout
    assert "[ổn] cách ly: 1 tệp" in said and not (tmp_path / "new" / "quarantine").exists()


def test_a_backup_says_what_is_wrong_with_it(vanthu, settings, tmp_path):
    vanthu("backup", tmp_path / "b")
    assert "đều đúng" in vanthu("backup", tmp_path / "b", "--check").stdout
    target = Target(tmp_path / "b")
    blob = next(target.walk())
    blob.unlink()
    assert target.names()[0] in vanthu("backup", tmp_path / "b", "--check", status=1).stderr
    originals.damage(open_blobs(settings.blobs, settings.data), blob.name, b"x")
    assert blob.name in vanthu("backup", tmp_path / "b", status=1).stderr
    first, second = target.names()
    assert "1 bản cũ" not in vanthu("backup", tmp_path / "b", "--drop", first).stdout and target.names() == [second]
    assert "Đã bỏ 1 bản cũ" in vanthu("backup", tmp_path / "b", "--keep", "1", status=1).stdout


@pytest.mark.embedded("originals in a bucket need the same keys")
def test_a_bucket_without_keys_is_refused(vanthu):
    assert "AWS_ACCESS_KEY_ID" in vanthu("backup", "s3://kho/x", status=1).stderr


def test_a_place_that_cannot_be_is_refused(vanthu, tmp_path, settings):
    assert "không có bản sao lưu" in vanthu("restore", tmp_path, data=tmp_path / "new", status=1).stderr
    assert "ngoài thư mục dữ liệu" in vanthu("backup", settings.data / "b", status=1).stderr


def test_nothing_begins_where_a_restore_broke_off(vanthu, tmp_path):
    vanthu("backup", tmp_path / "b")
    (tmp_path / "new").mkdir()
    said = {"source": str(tmp_path / "b"), "snapshot": Target(tmp_path / "b").names()[0]}
    (tmp_path / "new" / "restoring.json").write_text(str(said).replace("'", '"'))
    for command in (("search", "x"), ("upgrade",)):
        assert "vanthu restore" in vanthu(*command, data=tmp_path / "new", status=2).stderr
    assert not (tmp_path / "new" / "vanthu.db").exists()
    vanthu("restore", tmp_path / "b", data=tmp_path / "new")


def test_a_book_goes_from_one_archive_to_another(vanthu, tmp_path):
    assert "3 dòng, 1 văn bản" in vanthu("export", "--year", "2026", tmp_path / "bag").stdout
    assert "không trống" in vanthu("export", "--year", "2026", tmp_path / "bag", status=1).stderr
    assert "nhập 3 dòng, 1 văn bản" in vanthu("import", tmp_path / "bag", data=tmp_path / "new").stdout
    assert "1 văn bản" in vanthu("search", "phong chong", data=tmp_path / "new").stdout
    (tmp_path / "bag" / "data" / "thêm").touch()
    assert "không được phép" in vanthu("import", tmp_path / "bag", data=tmp_path / "new", status=1).stderr


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def older(request, settings, tmp_path):
    """Settings of a database of an older version."""
    url = request.getfixturevalue("empty_postgres") if request.param == "postgresql" else ""
    place = dataclasses.replace(settings, data=tmp_path / "old", database=url)
    engine = database.open_engine(place.database_url)
    migrations.upgrade(engine, "0008")
    engine.dispose()
    return place


def test_a_database_is_copied_before_it_is_changed_and_can_go_back(vanthu, older, monkeypatch, tmp_path):
    monkeypatch.setenv("VANTHU_DATABASE", older.database)
    said = vanthu("upgrade", data=older.data).stdout
    copy = next((older.data / "before-upgrade").glob("0008-*.db"))
    assert str(copy) in said and "Đã nâng cấp: 0008" in said
    assert "không trống" in vanthu("restore", copy, data=older.data, status=1).stderr
    monkeypatch.setenv("VANTHU_DATABASE", "")
    vanthu("restore", copy, data=tmp_path / "back")
    back = database.open_engine(kept.empty(older, tmp_path / "back").database_url)
    with database.readers(back)() as session:
        assert session.query(Restore).one().snapshot == copy.name
        assert session.scalar(sa.select(Event.action)) == "restored"
        assert session.query(Scan).count() == session.query(Document).count() == 0
    back.dispose()
