"""The command line as CONTRACT says it: what is printed where, and with which status."""

import csv
import datetime as dt
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pyotp
import pytest
from PIL import Image

import migrations
from archive import database, people, second_factor
from archive.blobs import open_blobs
from archive.config import Settings
from archive.keyring import Keyring
from archive.models import Document, Event, PluginState, Scan, Token, User, now
from archive.office_files import DOCX
from archive.recogniser import open_recogniser
from archive.vietnamese import fold
from server.cli import COMMANDS
from server.demo import SAMPLES, pdf
from tests import engines, originals
from tests.archive import office_samples
from tests.papers import state_paper

ROOT = Path(__file__).parents[2]


@pytest.fixture
def picture(tmp_path):
    """An empty page: read in no time."""
    file = tmp_path / "trắng.png"
    Image.new("L", (850, 1100), 255).save(file, dpi=(100, 100))
    return file


def lines(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def add_lan(vanthu, role="admin"):
    vanthu("user", "add", "lan", "--role", role, "--unit", "Văn phòng", "--password", "mật khẩu dài")


def test_a_user_is_added_and_may_sign_in(vanthu, office_sessions):
    add_lan(vanthu, "clerk")
    with office_sessions.begin() as session:
        user = people.sign_in(session, "lan", "mật khẩu dài")
        assert (user.role, user.unit_id) == ("clerk", "van_phong")
    again = vanthu("user", "add", "lan", "--role", "clerk", "--password", "mật khẩu dài", status=1)
    assert "Đã có người dùng" in again.stderr and again.stdout == ""


def test_a_password_left_out_is_asked_for(vanthu, office_sessions):
    vanthu("user", "add", "mai", "--role", "staff", input="mật khẩu dài\nmật khẩu dài\n")
    with office_sessions.begin() as session:
        assert people.sign_in(session, "mai", "mật khẩu dài")


def test_a_key_is_printed_alone(vanthu, office_sessions):
    add_lan(vanthu)
    result = vanthu("token", "new", "máy quét", "--scopes", "read,write")
    with office_sessions() as session:
        user, scopes = people.token_user(session, result.stdout.strip())
        assert (user.name, scopes) == ("lan", {"read", "write"})
        assert session.query(Token.name).scalar() == "máy quét"
    assert result.stdout.count("\n") == 1


def test_a_key_without_anybody_to_act_for_is_refused(vanthu):
    assert "vanthu user add" in vanthu("token", "new", "ci", status=1).stderr


def test_ingest_keeps_what_it_can_and_says_why_not_of_the_rest(vanthu, picture, tmp_path):
    (tmp_path / "note.docx").write_bytes(b"PK\3\4 no scan")
    result = vanthu("ingest", "--json", picture, tmp_path / "note.docx", tmp_path / "missing.pdf", tmp_path, status=1)
    assert [one["scan"]["filename"] for one in lines(result)] == ["trắng.png"]
    assert '"trắng.png"' in result.stdout
    assert [line.partition(": ")[0] for line in result.stderr.splitlines()] == [
        str(tmp_path / "note.docx"), str(tmp_path / "missing.pdf"), str(tmp_path),
    ]  # fmt: skip
    again = vanthu("ingest", "--json", picture)
    assert lines(again)[0]["scan"]["id"] == lines(result)[0]["scan"]["id"]


def test_ingest_waits_until_read_where_no_worker_runs(vanthu, picture, office_sessions):
    scan = lines(vanthu("ingest", "--wait", "--json", picture))[0]
    assert scan["scan"]["status"] in ("review", "done")
    assert len(scan["documents"]) == 1
    with office_sessions() as session:
        assert session.get(Scan, scan["scan"]["id"]).source == "cli"
    shown = json.loads(vanthu("search", "--json", "khong co tu nay").stdout)
    assert {"total", "took_ms", "cursor", "facets", "hits"} <= set(shown)
    assert "[ổn] tệp gốc: 1 tệp" in vanthu("check", "--deep").stdout


def test_a_scanned_paper_is_found_by_its_words_without_marks(vanthu, tmp_path):
    sample = min(SAMPLES, key=lambda one: len(one.papers))
    file = tmp_path / "mẫu.pdf"
    file.write_bytes(pdf(sample))
    kept = lines(vanthu("ingest", "--wait", "--json", file))[0]
    assert kept["scan"]["status"] in ("review", "done")
    words = fold(" ".join(sample.papers[0].subject.split()[:3]))
    assert json.loads(vanthu("search", "--json", words).stdout)["total"] == 1


def test_a_word_file_is_read_as_a_paper_that_was_never_printed(vanthu, libreoffice, tmp_path):
    paper = state_paper()
    file = tmp_path / "công văn.docx"
    file.write_bytes(office_samples.paper(paper.text))
    archived = lines(vanthu("ingest", "--wait", "--json", file))[0]
    read = lines(vanthu("read", "--json", file))[0]
    assert {one["scan"]["media_type"] for one in (archived, read)} == {DOCX}
    for found in (archived, read):
        fields = found["documents"][0]["fields"]
        wanted = {name: paper.document["fields"][name] for name in ("full_code", "date", "subject")}
        assert {name: fields[name]["value"] for name in wanted} == wanted
    assert "LibreOffice" in vanthu("check").stdout


def test_read_archives_nothing_and_reads_recognised_text(vanthu, tmp_path, office_sessions):
    file = tmp_path / "giấy.txt"
    file.write_text("ỦY BAN NHÂN DÂN\nTỈNH SÓC TRĂNG\nSố: 471/UBND-VX\nSóc Trăng, ngày 30 tháng 3 năm 2020\n", "utf-8")
    said = lines(vanthu("read", "--json", file))[0]
    assert said["documents"][0]["fields"]["full_code"]["value"] == "471/UBND-VX"
    assert "Ủy ban" in vanthu("read", file).stdout or "ủy ban" in vanthu("read", file).stdout.lower()
    with office_sessions() as session:
        assert session.query(Scan).count() == 0
    assert vanthu("read", "--json", tmp_path / "missing.pdf", file, status=1).stdout.count("\n") == 1


def test_the_book_is_exported_in_three_forms(vanthu, tmp_path, office_sessions):
    from tests.archive.test_register import book

    with office_sessions.begin() as session:
        book(session)
    export = ("register", "export", "--book", "den", "--year", "2026", "--format")
    rows = list(csv.reader(io.StringIO(vanthu(*export, "csv").stdout)))
    assert len(rows) == 3 and rows[0][1] == "Số đến"
    vanthu(*export, "xlsx", "--output", tmp_path / "sổ.xlsx")
    assert (tmp_path / "sổ.xlsx").read_bytes().startswith(b"PK")
    assert "<table>" in vanthu(*export, "html").stdout
    vanthu(*export, "xlsx", status=2)
    vanthu("register", "export", "--book", "khong", "--year", "2026", "--format", "csv", status=1)


def test_a_plugin_is_switched_off_and_on_with_a_trace(vanthu, office_sessions):
    names = [one["slug"] for one in lines(vanthu("plugins", "list", "--json"))]
    assert "national" in names
    vanthu("plugins", "disable", names[-1])
    off = {one["slug"]: one["enabled"] for one in lines(vanthu("plugins", "list", "--json"))}
    assert not off[names[-1]] and off["national"]
    vanthu("plugins", "enable", names[-1])
    with office_sessions() as session:
        assert session.get(PluginState, names[-1]).enabled
        actions = [event.action for event in session.query(Event).order_by(Event.seq)]
        assert actions == ["plugin_disabled", "plugin_enabled"]
    vanthu("plugins", "disable", "khong_co", status=1)


def test_a_broken_drop_in_plugin_is_named_and_nothing_else_suffers(vanthu, settings):
    settings.plugin_dir.mkdir()
    (settings.plugin_dir / "hong.py").write_text("raise RuntimeError('x')")
    vanthu("plugins", "enable", "hong")
    result = vanthu("plugins", "list", "--json", status=1)
    assert {one["slug"]: bool(one["error"]) for one in lines(result)}["hong"]
    assert "hong" in result.stderr


def test_search_looks_with_the_eyes_of_a_user(vanthu, office_sessions):
    from tests.archive import offices

    with office_sessions.begin() as session:
        offices.document(session, text="phòng chống dịch", status="review")
        session.add(User(name="tam", role="staff", password_hash="-"))
    vanthu("reindex")
    assert json.loads(vanthu("search", "--json", "phong chong").stdout)["total"] == 1
    assert json.loads(vanthu("search", "--json", "--user", "tam", "phong chong").stdout)["total"] == 0
    vanthu("search", "--user", "khong_co", "x", status=1)


@pytest.mark.embedded("Whoosh is what is advised against beyond a size")
def test_an_archive_moves_to_another_engine_and_check_says_when(vanthu, settings, office_sessions, monkeypatch):
    from archive.search import open_search
    from tests.archive import offices

    with office_sessions.begin() as session:
        for n in range(2):
            offices.document(session, text="phòng chống dịch", status="review", full_code=f"{n}/BC")
    vanthu("reindex")
    serving = open_search("whoosh:", settings.data)
    assert serving.status().engine == "whoosh"
    monkeypatch.setattr("server.commands.checking.COMFORTABLE", 1)
    assert "vanthu reindex --engine sqlite:" in vanthu("check").output
    assert "VANTHU_SEARCH=sqlite:" in vanthu("reindex", "--engine", "sqlite:").stdout
    assert serving.status().engine == "sqlite"
    assert json.loads(vanthu("search", "--json", "phong chong").stdout)["total"] == 2
    assert "cấu hình ghi whoosh:" in vanthu("check").output
    serving.close()


def test_reread_queues_scans_again(vanthu, office_sessions):
    from tests.archive import offices

    with office_sessions.begin() as session:
        paper = offices.document(session)
    assert "1 tệp" in vanthu("reread", paper.id).stdout
    assert "0 tệp" in vanthu("reread", paper.scan_id, "--plugin", "national").stdout
    vanthu("reread", "khong_co", status=1)
    vanthu("reread", "--below", "1.0", status=2)
    with office_sessions() as session:
        assert session.get(Scan, paper.scan_id).status == "reading"


def test_check_masks_secrets_and_fails_when_something_is_wrong(vanthu, settings, office_sessions, picture, monkeypatch):
    scan = lines(vanthu("ingest", "--json", picture))[0]["scan"]
    assert json.loads(vanthu("check", "--json").stdout)["ok"]
    originals.damage(open_blobs(settings.blobs, settings.data), scan["sha256"], b"x")
    assert scan["id"] in vanthu("check", "--deep", status=1).stderr
    monkeypatch.setenv("VANTHU_DATABASE", "postgresql+psycopg://ai:bimat@127.0.0.1:1/x")
    shown = vanthu("check", status=1)
    assert "bimat" not in shown.output and "***" in shown.output


def test_check_says_that_secrets_are_not_looked_for_without_the_model(vanthu, settings, monkeypatch):
    def row(**how):
        checks = json.loads(vanthu("check", "--json", **how).stdout)["checks"]
        return next(one for one in checks if one["name"] == "nhận dạng chữ viết")

    assert row()["ok"]
    monkeypatch.setattr("archive.recogniser.MODEL", Path("models") / "moved_away.onnx")
    open_recogniser.cache_clear()
    try:
        found = row(status=1)
        assert not found["ok"] and "KHÔNG được tìm" in found["detail"] and "cài lại" in found["todo"]
        monkeypatch.setenv("VANTHU_SECRETS", "allow")
        assert row()["ok"]
    finally:
        open_recogniser.cache_clear()


def test_check_finds_a_missing_number_and_a_missing_document_in_the_index(vanthu, office_sessions):
    from tests.archive.test_register import book

    with office_sessions.begin() as session:
        book(session)
    vanthu("reindex")
    before = vanthu("check", "--deep", status=1)  # the rows of this test have no originals
    assert "sổ den năm 2026: không thiếu số nào" in before.stdout
    assert "[ổn] chỉ mục" in before.stdout
    with office_sessions.begin() as session:
        session.connection().exec_driver_sql("DELETE FROM register_entry WHERE number = 1")
        scan = session.query(Scan).first()
        scan.status = "review"
        session.add(Document(scan_id=scan.id, ordinal=9))
    said = vanthu("check", "--deep", status=1).stderr
    assert "thiếu số 1" in said and "vanthu reindex" in said


def test_wrong_settings_are_wrong_usage(vanthu, tmp_path):
    file = tmp_path / "settings.toml"
    file.write_text("nonsense = 1\n")
    assert "nonsense" in vanthu("--config", file, "check", status=2).stderr
    vanthu("khong-co-lenh-nay", status=2)


def test_a_database_that_is_away_is_said_without_a_traceback(vanthu, monkeypatch):
    monkeypatch.setenv("VANTHU_DATABASE", "postgresql+psycopg://ai@127.0.0.1:1/x")
    assert "không trả lời" in vanthu("search", "x", status=1).stderr


def test_upgrade_says_where_the_database_stands(vanthu):
    assert "ở bản" in vanthu("upgrade").stdout


def at_revision(data, revision):
    """Settings of a new archive that an earlier version of the product made."""
    data.mkdir()
    settings = Settings(data=data, **engines.at(data))
    engine = database.open_engine(settings.database_url)
    migrations.upgrade(engine, revision)
    return settings, engine


def test_a_database_of_an_earlier_version_is_never_used_as_it_is_and_copied_before_it_is_changed(vanthu, tmp_path):
    settings, engine = at_revision(tmp_path / "old", "0019")
    assert "vanthu upgrade" in vanthu("search", "x", status=2, data=settings.data).stderr
    assert "0019 → " in vanthu("upgrade", data=settings.data).stdout
    (copied,) = settings.data.glob("before-upgrade/0019-*.db")
    kept = database.open_engine(f"sqlite:///{copied}")
    assert [migrations.current(one) for one in (engine, kept)] == [migrations.head(), "0019"]
    kept.dispose()
    vanthu("search", "x", data=settings.data)


def test_a_database_of_a_later_version_is_left_as_it_is(vanthu, tmp_path):
    settings, engine = at_revision(tmp_path / "new", "head")
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    for command in (["search", "x"], ["upgrade"]):
        said = vanthu(*command, status=2, data=settings.data).stderr
        assert "mới hơn" in said and "vanthu upgrade" not in said
    assert migrations.current(engine) == "9999"
    assert not (settings.data / "before-upgrade").exists()


def test_every_command_says_what_it_is_and_is_documented(vanthu):
    documented = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    for name in COMMANDS:
        assert vanthu(name, "--help").stdout
        assert f"vanthu {name}" in documented, name


# Real processes from here on.


def environment(settings, **more):
    return {**os.environ, "VANTHU_DATA": str(settings.data), "VANTHU_WORKERS": "1", **more}


def test_as_a_process_json_is_all_there_is_on_standard_output(settings, office_engine, picture):
    command = [sys.executable, "-m", "server.cli", "ingest", "--json", str(picture), "missing.pdf"]
    done = subprocess.run(command, cwd=ROOT, env=environment(settings), capture_output=True, timeout=300)
    assert done.returncode == 1
    assert json.loads(done.stdout)["scan"]["filename"] == "trắng.png"
    assert done.stderr.decode().startswith("missing.pdf: ")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answer(url, seconds=300):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=30) as response:
                return response.status
        except OSError:
            time.sleep(0.2)
    return None


def test_up_migrates_prints_the_set_up_link_serves_and_ends_when_told(settings):
    port = free_port()
    command = [sys.executable, "-m", "server.cli", "up", "--port", str(port)]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(settings), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as up:
        try:
            said = [up.stdout.readline().decode() for _ in range(2)]
            assert f"http://127.0.0.1:{port}/setup/" in said[1]
            assert answer(f"http://127.0.0.1:{port}/healthz") == 200
            assert answer(said[1].split()[-1]) == 200
            up.send_signal(signal.SIGTERM)
            assert up.wait(timeout=300) == 0
        finally:
            up.kill()
    engine = database.open_engine(settings.database_url)
    with database.sessions(engine)() as session:
        assert not people.has_administrator(session)
    engine.dispose()


def test_a_file_that_cannot_be_opened_is_not_said_to_be_kept(vanthu, tmp_path):
    told = vanthu("read", tmp_path / "missing.pdf", tmp_path, status=1).stderr
    assert "không có tệp này" in told and "là thư mục" in told and "lưu an toàn" not in told


@pytest.mark.embedded("the database is a file")
def test_what_the_archive_keeps_is_not_for_other_accounts(tmp_path):
    data = tmp_path / "kho"
    subprocess.run([sys.executable, "-m", "server.cli", "--data", data, "token", "new", "x"], capture_output=True)
    assert data.stat().st_mode & 0o007 == 0
    assert (data / "vanthu.db").stat().st_mode & 0o007 == 0


def test_up_on_a_taken_port_leaves_the_link_of_who_has_it(vanthu, office_sessions):
    with office_sessions.begin() as session:
        link = people.setup_link(session)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert "cổng" in vanthu("up", "--port", str(taken.getsockname()[1]), status=2).stderr
    with office_sessions() as session:
        assert people.link_is_good(session, link)


def test_a_key_is_revoked_for_good(vanthu, office_sessions):
    vanthu("user", "add", "lan", "--role", "clerk", "--password", "mat khau dai")
    plain = vanthu("token", "new", "lan").stdout.strip()
    [listed] = lines(vanthu("token", "list", "--json"))
    assert plain.startswith(listed["begins"]) and plain not in str(listed) and listed["user"] == "lan"
    vanthu("token", "revoke", listed["id"])
    assert lines(vanthu("token", "list", "--json"))[0]["revoked"] is True
    with office_sessions() as session:
        assert people.token_user(session, plain) is None
    vanthu("token", "revoke", "no-such-key", status=1)


def test_a_key_ends_by_itself(vanthu, office_sessions):
    add_lan(vanthu)
    plain = vanthu("token", "new", "lan", "--days", "30").stdout.strip()
    with office_sessions() as session:
        assert people.token_user(session, plain, now() + dt.timedelta(days=29))
        assert people.token_user(session, plain, now() + dt.timedelta(days=31)) is None
    vanthu("token", "new", "lan", "--days", "0", status=2)


def test_a_person_who_left_gets_in_no_more(vanthu, office_sessions):
    add_lan(vanthu)
    vanthu("user", "add", "mai", "--role", "clerk", "--password", "mat khau dai")
    plain = vanthu("token", "new", "mai").stdout.strip()
    with office_sessions.begin() as session:
        cookie, _csrf = people.new_session(session, people.sign_in(session, "mai", "mat khau dai"))
    vanthu("user", "disable", "mai")
    vanthu("user", "disable", "mai")
    with office_sessions.begin() as session:
        assert people.session_user(session, cookie) is None and people.token_user(session, plain) is None
        assert people.sign_in(session, "mai", "mat khau dai") is None
        assert session.query(Token).one().revoked_at
    assert "cuối cùng" in vanthu("user", "disable", "lan", status=1).stderr
    vanthu("user", "disable", "nobody", status=1)


def test_who_is_kept_out_is_let_in_from_the_command_line(vanthu, office_sessions, settings, monkeypatch):
    add_lan(vanthu)
    with office_sessions.begin() as session:
        user = session.query(User).one()
        user.failures, user.locked_until = 9, now() + dt.timedelta(minutes=15)
        secret = second_factor.begin(session, Keyring(settings.key_path), user)
        second_factor.confirm(session, Keyring(settings.key_path), user, pyotp.TOTP(secret).now())
        assert people.check_password(session, "lan", "mật khẩu dài") is None
    assert "thử lại được ngay" in vanthu("user", "unlock", "lan").stdout
    with office_sessions.begin() as session:
        assert people.check_password(session, "lan", "mật khẩu dài")
        assert people.sign_in(session, "lan", "mật khẩu dài") is None, "a code is wanted"
    vanthu("user", "second-factor", "lan", status=2)
    vanthu("user", "second-factor", "lan", "--off")
    with office_sessions.begin() as session:
        assert people.sign_in(session, "lan", "mật khẩu dài")
    assert "Chưa cấu hình" in vanthu("user", "identity", "lan", "--sub", "u-1", status=1).stderr
    monkeypatch.setenv("VANTHU_OIDC_ISSUER", "https://sso.tinh.vn")
    monkeypatch.setenv("VANTHU_OIDC_CLIENT_ID", "vanthu")
    vanthu("user", "identity", "lan", "--email", "lan@tinh.vn")
    vanthu("user", "identity", "lan")
    vanthu("user", "unlock", "nobody", status=1)
    with office_sessions() as session:
        told = [event.action for event in session.query(Event).order_by(Event.seq)]
    assert [one for one in told if one.split("_")[0] in ("account", "identity") or one == "second_factor_off"] == [
        "account_unlocked", "second_factor_off", "identity_named", "identity_forgotten",
    ]  # fmt: skip


def test_codes_of_agencies_come_from_a_file_and_go_back_into_one(vanthu, tmp_path):
    file = tmp_path / "mã.tsv"
    file.write_text("H51\tUBND tỉnh Mẫu\t22/07/2020\n\nG22\tVăn phòng Mẫu\n", encoding="utf-8")
    assert "Đã thêm 2 dòng" in vanthu("agencies", "import", file).stdout
    listed = vanthu("agencies", "list").stdout
    assert listed == "H51\tUBND tỉnh Mẫu\t2020-07-22\t\nG22\tVăn phòng Mẫu\t\t\n"
    file.write_text(listed + "H52\n", encoding="utf-8")
    assert "Dòng 3: " in vanthu("agencies", "import", file, status=1).stderr
    file.write_text(listed, encoding="utf-8")
    assert "2 dòng đã có" in vanthu("agencies", "import", file).stdout
    assert lines(vanthu("agencies", "list", "--json"))[1]["code"] == "G22"
    assert "Không đọc được" in vanthu("agencies", "import", tmp_path / "no", status=1).stderr
    file.write_bytes("Ủy".encode("utf-16"))
    assert "UTF-8" in vanthu("agencies", "import", file, status=1).stderr


def test_metrics_are_told_without_a_web(vanthu):
    whole, machine = vanthu("metrics").output, vanthu("metrics", "--machine").output
    assert "vanthu_database_up 1\n" in whole and whole.endswith(machine) and "vanthu_build_info{" in machine
    assert "vanthu_database_up" not in machine
