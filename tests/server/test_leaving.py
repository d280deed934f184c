"""vanthu export --all, --metadata and handover: everything leaves with one command, and one that was killed goes on."""

import csv
import dataclasses
import io
import json
import os
import re
import signal
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from archive import handover, history, leaving, origins, people, register, work_files
from archive.leaving.names import safe
from archive.models import Document, Event, PageRow, Scan, User
from archive.safe import Safe
from archive.scans import Limits
from server.cli import main
from tests import engines, originals
from tests.archive import kept
from tests.archive.kept import Office

HOSTILE = '"><script>alert(1)</script>'
SECRETS = ("canary-csrf", "smtp-canary", "$argon2", "canarysecret")


@pytest.fixture
def office(settings, office_engine):
    """A book of 2026 (a voided, an awaited number), a paper without a number, a failed file, one in quarantine."""
    office = Office(settings, office_engine)
    papers = office.furnish(2)
    papers.append(office.read(office.receive(50), 50))
    failed, held = office.receive(51), office.paper(52)
    with office.sessions.begin() as session:
        second = session.get(Document, papers[1])
        second.issuing_organ = second.entries[0].issuer = second.subject = HOSTILE
        second.entries[0].code = "12/../QĐ:UBND?"
        file = work_files.open_file(session, 2026, "01.TH", "Hồ sơ " + HOSTILE, "10 năm", actor="lan")
        work_files.put(session, file, second, actor="lan")
        work_files.close(session, file, 1, 2, actor="lan")
        session.get(Scan, failed).status = "failed"
        away = session.get(Document, held)
        away.scan.status, away.subject, away.text, away.scan.filename = "quarantined", *["canarysecret"] * 3
        session.execute(sa.update(PageRow).where(PageRow.scan_id == away.scan_id).values(plain="canarysecret"))
        people.add_user(session, "huong", "clerk", None, "mat khau dai")
        office.away = away.scan.sha256
    office.letter = b"PK\x03\x04 an edXML message in a ZIP"
    origins.keep(office.sessions, office.blobs, Safe(settings.data), io.BytesIO(office.letter),
                 origins.Envelope("edxml"), limit=99, actor="an")  # fmt: skip
    kept.draw(office)
    return office


def leave(office, root, tell=lambda *_: None):
    settings = dataclasses.replace(office.settings, smtp_password="smtp-canary")
    return leaving.leave(
        settings, office.sessions, office.readers, office.blobs, Limits(), root, actor="cli", tell=tell
    )  # fmt: skip


def killed(office, root, what, count):
    """`vanthu export --all` in a process of its own, which gets kill -9 when it tells that it is there."""
    child = engines.CHILDREN.Process(target=_leave, args=(office.settings, root, what, count))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL, f"never came to {what} {count}"


def _leave(settings, root, what, count):
    own = kept.opened(settings)
    leave(own, root, lambda *told: os.kill(os.getpid(), signal.SIGKILL) if told[:2] == (what, count) else None)
    os._exit(0)


def files_of(root):
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def contents(root):
    """Everything but the mark of the run and the chain of events, which has gone on."""
    own = {".vanthu-export.json", "nhat-ky/events.jsonl", "manifest-sha256.txt"}
    return {
        name: (root / name).read_bytes()
        for name in files_of(root) - own
        if not name.endswith((".xlsx", "bag-info.txt", "tagmanifest-sha256.txt"))
    }


class Links(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found, self.tags = [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.found += [value for name, value in attrs if name == "href"]


def test_a_run_that_was_killed_again_and_again_goes_on_and_ends_as_if_it_had_not_been(office, tmp_path):
    leave(office, tmp_path / "whole")
    root = tmp_path / "all"
    for what, count in (("văn bản", 1), ("văn bản", 2), ("văn bản", 4), ("đọc lại", 3)):
        killed(office, root, what, count)
        assert not (root / "manifest-sha256.txt").exists()
        (root / "van-ban").mkdir(exist_ok=True)
        (root / "van-ban" / f"{count}.half").write_bytes(b"cut short")
    left = leave(office, root)
    assert (left.documents, left.files, left.copies, left.is_whole) == (4, 5, 4, True)
    assert contents(root) == contents(tmp_path / "whole")
    assert subprocess.run(["sha256sum", "-c", "--strict", "--quiet", "manifest-sha256.txt"], cwd=root).returncode == 0
    listed = {line[66:] for line in (root / "manifest-sha256.txt").read_text(encoding="utf-8").splitlines()}
    assert listed == files_of(root) - {"manifest-sha256.txt", ".vanthu-export.json"}
    (letter,) = (root / "thu").rglob("*.*")
    assert (letter.suffix, letter.read_bytes()) == (".zip", office.letter)
    nothing_secret(office, root)
    with office.readers() as session:
        assert session.scalar(sa.select(sa.func.count()).where(Event.action == "everything_exported")) == 2
        assert list(history.broken(session)) == []


def nothing_secret(office, root):
    for path in root.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            unsaid = SECRETS if path.name == "events.jsonl" else (*SECRETS, office.away)  # the chain has no gap
            assert not [one for one in unsaid if one.encode() in content], path
    users = json.loads((root / "co-quan" / "nguoi-dung.json").read_text(encoding="utf-8"))
    with office.readers() as session:
        assert {one["name"] for one in users} == set(session.scalars(sa.select(User.name)))


def test_everything_is_found_from_the_first_page_by_its_human_name_and_nothing_runs(office, tmp_path):
    leave(office, tmp_path / "all")
    root, seen, queue = tmp_path / "all", set(), ["index.html"]
    while queue:
        name = queue.pop()
        if name in seen:
            continue
        seen.add(name)
        assert (root / name).is_file(), name
        if name.endswith(".html"):
            page = Links((root / name).read_text(encoding="utf-8"))
            assert not page.tags & {"script", "img", "iframe", "form"} and all(":" not in link for link in page.found)
            queue += [os.path.normpath(Path(name).parent / unquote(link)) for link in page.found]
    papers = {name for name in files_of(root) if name.startswith("van-ban/")}
    assert papers <= seen
    assert "van-ban/2026/den/00002 - 12-..-QĐ UBND.png" in papers
    assert len([name for name in papers if "/den/" in name and name.endswith(".png")]) == 2
    assert len([name for name in papers if "/chua-vao-so/" in name and name.endswith(".png")]) == 3
    told = json.loads((root / "van-ban/2026/den/00002 - 12-..-QĐ UBND.json").read_text(encoding="utf-8"))
    assert told["original"] == "00002 - 12-..-QĐ UBND.png" and told["entries"][0]["number"] == 2


def test_the_bags_in_it_are_taken_over_by_another_archive(office, vanthu, tmp_path):
    said = vanthu("export", "--all", tmp_path / "all")
    assert "5 tệp gốc, 4 văn bản, 4 bản PDF/A" in said.stdout
    assert "nhập 5 dòng, 2 văn bản" in vanthu("import", tmp_path / "all/tui/den-2026", data=tmp_path / "new").stdout
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "x").touch()
    assert "không trống" in vanthu("export", "--all", tmp_path / "mine", status=1).stderr
    assert "kho khác" in vanthu("export", "--all", tmp_path / "all", status=1, data=tmp_path / "new").stderr
    assert "ngoài thư mục dữ liệu" in vanthu("export", "--all", office.settings.data / "x", status=1).stderr


def test_the_next_run_takes_away_what_became_secret_and_says_what_is_lost(office, vanthu, tmp_path):
    leave(office, tmp_path / "all")
    root, before = tmp_path / "all", files_of(tmp_path / "all")
    with office.sessions.begin() as session:
        second, third = register.page(session, "den", 2026).entries[1].document, session.scalars(
            sa.select(Document).where(Document.full_code == "50/UBND-VX")).one()  # fmt: skip
        second.scan.status, third_sha = "quarantined", third.scan.sha256
        history.append(session, "lan", "quarantined", second.scan_id)
        history.append(session, "lan", "corrected", third.id)
        second_sha, third_id = second.scan.sha256, third.id
    originals.damage(office.blobs, third_sha, b"x")
    for path in root.glob("van-ban/2026/chua-vao-so/*công văn 50.png"):
        path.unlink()
    said = vanthu("export", "--all", root, status=1)
    assert third_sha in said.stderr and "3 văn bản" in said.stdout
    gone = before - files_of(root)
    assert not [name for name in gone if "00002" not in name and second_sha not in name and "công văn 50" not in name
                and "tui/" not in name]  # fmt: skip
    everything = b"".join(path.read_bytes() for path in root.rglob("*.json"))
    assert second_sha.encode() not in everything and third_id.encode() in everything


# ------------------------------------------------------------------------------------------------ the other commands


@pytest.fixture
def vanthu(office, settings, monkeypatch):
    """Runs a command on the archive of `office`, or of another directory."""
    monkeypatch.setenv("VANTHU_RESERVE_MB", "1")

    def run(*words, status=0, data=settings.data):
        engines.move(monkeypatch, data)
        result = CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)
        assert result.exit_code == status, result.output
        return result

    return run


def test_official_metadata_and_a_package_come_from_the_command_line(vanthu, tmp_path):
    said = vanthu("export", "--metadata", "--year", "2026", "--format", "csv", "-")
    rows = list(csv.DictReader(io.StringIO(said.stdout)))
    assert [row["ArrivalNumber"] for row in rows] == ["2", "4", "5"] and "vanthu agencies" in said.stderr
    vanthu("export", "--metadata", "--year", "2026", "--format", "json", tmp_path / "m.json")
    assert json.loads((tmp_path / "m.json").read_text(encoding="utf-8"))["files"][0]["DocTotal"] == 1
    vanthu("export", "--metadata", "--year", "2026", "--format", "xlsx", tmp_path / "m.xlsx")
    files = vanthu("export", "--metadata", "--files", "--year", "2026", "--format", "csv", "-").stdout
    assert files.startswith("FileCode,Title,Maintenance")
    for wrong in (["--metadata", "--year", "2026"], ["--year", "2026", "--format", "csv"], [], ["--all", "--metadata"]):
        vanthu("export", *wrong, tmp_path / "x", status=2)
    assert "1 văn bản" in vanthu("handover", "01.TH", "--output", tmp_path / "sip").stdout
    assert handover.check(tmp_path / "sip") == []
    assert "không trống" in vanthu("handover", "01.TH", "--output", tmp_path / "sip", status=1).stderr
    assert "Không có hồ sơ" in vanthu("handover", "99", "--output", tmp_path / "y", status=1).stderr


def test_names_are_such_as_every_disk_takes():
    for text in ("../..", "a/b\\c", 'x<>:"|?*y', "\u202egnp.exe", "  .dots. ", "ê" * 300, "\udc80", "\x00\n"):
        name = safe(text)
        assert len(name.encode()) <= 120 and not re.search(r'[<>:"|?*/\\\x00-\x1f\u202e]', name), text
        assert name == name.strip(" .")
