"""Work files for programs and on the command line."""

from click.testing import CliRunner

from archive import work_files
from server.cli import main
from tests.archive import offices as rows


def test_a_paper_is_put_into_a_file_once_and_a_closed_one_takes_none(office):
    with office.sessions.begin() as session:
        file = work_files.open_file(session, 2026, "01.TH", "Hồ sơ dịch", "10 năm", actor="lan")
        one, secret, raw = (
            rows.document(session, status=status, secrecy=mark)
            for status, mark in (("registered", None), ("registered", "Mật"), ("review", None))
        )
    url = f"/api/v1/files/{file.id}"
    for paper in (one, secret, one):
        assert office.ask("POST", f"{url}/documents", json={"document_id": paper.id}).status_code == 200
    assert office.ask("POST", f"{url}/documents", json={"document_id": raw.id}).status_code == 409
    assert office.ask("POST", f"{url}/documents", json={"document_id": "0" * 32}).status_code == 404
    assert office.ask("POST", f"{url}/documents", json={}).status_code == 422
    assert office.ask("POST", f"{url}/documents", "auditor", json={"document_id": one.id}).status_code == 403
    assert office.ask("GET", url).json["document_ids"] == [one.id, secret.id]
    seen = office.ask("GET", url, "staff").json
    assert (seen["document_ids"], seen["file"]["documents"]) == ([one.id], 1)
    told = office.ask("GET", "/api/v1/files?year=2026").json["files"][0]
    assert (told["code"], told["keep_years"], told["documents"], told["closed_on"]) == ("01.TH", 10, 2, None)
    with office.sessions.begin() as session:
        work_files.close(session, file, 2, 3, actor="lan")
    assert office.ask("POST", f"{url}/documents", json={"document_id": raw.id}).status_code == 409
    assert office.ask("GET", url).json["file"]["pages"] == 3
    assert office.ask("GET", "/api/v1/files/khong").status_code == 404


def test_the_command_line_takes_and_gives_the_same_list(settings, office_engine, tmp_path):
    table = tmp_path / "danh-muc.txt"
    table.write_text("TỔNG HỢP\n01.TH\tHồ sơ dịch\t10 năm\tLê Thị Mẫu\tgấp\n", encoding="utf-8")

    def run(*arguments):
        return CliRunner().invoke(main, ["--data", str(settings.data), "files", *arguments])

    assert "Đã thêm 1 hồ sơ; 0" in run("import", "--year", "2026", str(table)).output
    assert "Đã thêm 0 hồ sơ; 1" in run("import", "--year", "2026", str(table)).output
    assert run("list", "--year", "2026").output == table.read_text(encoding="utf-8")
    assert '"keep": "10 năm"' in run("list", "--year", "2026", "--json").output
    table.write_bytes(b"\xff\xfe")
    assert run("import", "--year", "2026", str(table)).exit_code == 1
    assert run("import", "--year", "2026", str(tmp_path / "khong")).exit_code == 1
