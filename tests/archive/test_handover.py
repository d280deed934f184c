"""A closed work file as a package an archive takes: whole, checked strictly, the same again, nothing secret in it."""

import datetime as dt
import hashlib
import io
import json
import re
import shutil
import zipfile
from xml.etree import ElementTree as ET

import pytest
import sqlalchemy as sa

from archive import bagit, handover, history, work_files
from archive.derived import Derived
from archive.errors import Conflict, NotFound
from archive.handover import runs
from archive.handover.elements import METS, PREMIS
from archive.models import Document, Event, Handover, Scan, WorkFile
from archive.scans import Limits
from tests.archive import kept
from tests.archive.kept import Office

AT = dt.datetime(2026, 7, 1, 1, 30, tzinfo=dt.UTC)


def silent(*_):
    pass


@pytest.fixture
def office(settings, office_engine):
    """A closed file: 1 as it came, 2 of a bundle whose other paper lies elsewhere, 3 secret, 4 in quarantine, 5."""
    object.__setattr__(settings, "office", "Văn phòng Tỉnh ủy <&>")
    office = Office(settings, office_engine)
    papers = [office.paper(n) for n in range(1, 6)]
    with office.sessions.begin() as session:
        file = work_files.open_file(session, 2026, "01.TH/Đ", "Hồ sơ & dịch <b>", "Vĩnh viễn", actor="lan")
        found = [session.get(Document, one) for one in papers]
        for one in found:
            work_files.put(session, file, one, actor="lan")
        work_files.close(session, file, 5, 5, actor="lan", on=dt.date(2026, 6, 30))
        session.add(Document(scan_id=found[1].scan_id, ordinal=2, pages=[1], status="registered"))
        found[2].secrecy, found[2].subject = "Mật", "canarysecret"
        found[3].scan.status, found[3].subject = "quarantined", "canaryheld"
        found[2].date, found[3].date = "1999-01-02", "2026-06-29"
        found[4].subject = "điều \x01 khiển ]]> & <x>"
        office.file_id, office.papers = file.id, papers
    return office


def packed(office, root, at=AT):
    with office.readers() as session:
        package = handover.plan(session, office.settings, session.get(WorkFile, office.file_id), at)
    derived = Derived(office.settings.data)
    unmade = handover.prepare(office.readers, office.blobs, derived, Limits(), package, silent)
    handover.write(bagit.Writer(root), package, office.blobs, derived, unmade, tell=silent)
    return package


def files_of(root):
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def test_the_package_is_laid_out_as_the_circular_wants_and_found_well(office, tmp_path):
    package = packed(office, tmp_path / "bag")
    assert handover.check(tmp_path / "bag") == []
    data = tmp_path / "bag" / "data"
    assert files_of(data) == {
        "METS.xml", "metadata/descriptive/EAD.xml", "metadata/descriptive/ND30-PLVI.json",
        "metadata/preservation/PREMIS.xml", "documentation/muc-luc-van-ban.pdf", "documentation/muc-luc-ho-so.pdf",
        "schemas/README.txt", "representations/original/data/01.TH-D-0001.png",
        "representations/original/data/01.TH-D-0005.png",
        *(f"representations/rep1/data/01.TH-D-000{n}.pdf" for n in (1, 2, 5)),
    }  # fmt: skip
    assert (package.name, package.left_out) == ("2026-01.TH-D", (3, 4))
    assert package.span == ("2026-03-20", "2026-03-20")
    assert re.fullmatch(r"urn:van-phong-tinh-uy:uuid:[0-9a-f-]{36}", package.identity)
    with office.readers() as session:
        first = session.get(Document, office.papers[0])
        original = (data / "representations/original/data/01.TH-D-0001.png").read_bytes()
        assert hashlib.sha256(original).hexdigest() == first.scan.sha256
    assert b"pdfaid:part>2<" in (data / "representations/rep1/data/01.TH-D-0001.pdf").read_bytes()
    mets = ET.parse(data / "METS.xml").getroot()
    assert mets.find(f"{{{METS}}}metsHdr").get("CREATEDATE") == "2026-07-01T08:30:00+07:00"
    premis = ET.parse(data / "metadata/preservation/PREMIS.xml").getroot()
    kinds = [one.text for one in premis.iter(f"{{{PREMIS}}}eventType")]
    assert kinds.count("creation") == 3 and kinds.count("ingestion") == 2 and kinds.count("registration") == 3
    told = json.loads((data / "metadata/descriptive/ND30-PLVI.json").read_text(encoding="utf-8"))
    assert [one["DocOrdinal"] for one in told["documents"]] == [1, 2, 5] and told["files"][0]["DocTotal"] == 5
    nothing_withheld(office, tmp_path / "bag")


def nothing_withheld(office, root):
    everything = b"".join(path.read_bytes() for path in root.rglob("*") if path.is_file())
    with office.readers() as session:
        for one in office.papers[2:4]:
            document = session.get(Document, one)
            assert document.scan.sha256.encode() not in everything and one.encode() not in everything
    assert b"canary" not in everything and b"1999-01-02" not in everything and b"2026-06-29" not in everything


def test_the_same_file_packed_again_is_the_same_but_for_the_date(office, tmp_path):
    packed(office, tmp_path / "one")
    shutil.rmtree(office.settings.data / "derived")
    kept.draw(office)
    packed(office, tmp_path / "two")
    packed(office, tmp_path / "later", AT + dt.timedelta(days=1))
    contents = [{name: (tmp_path / bag / name).read_bytes() for name in files_of(tmp_path / bag)}
                for bag in ("one", "two", "later")]  # fmt: skip
    assert contents[0] == contents[1]
    changed = {name.removeprefix("data/") for name in contents[0] if contents[0][name] != contents[2][name]}
    assert changed == {
        "METS.xml", "metadata/descriptive/EAD.xml", "metadata/preservation/PREMIS.xml", "bag-info.txt",
        "manifest-sha256.txt", "tagmanifest-sha256.txt", "documentation/muc-luc-ho-so.pdf",
        "documentation/muc-luc-van-ban.pdf",
    }  # fmt: skip


def rebag(root, name, change):
    """Change one payload file and make the manifests true again: BagIt alone would not see it."""
    content = change((root / "data" / name).read_text(encoding="utf-8")).encode()
    (root / "data" / name).write_bytes(content)
    for path in ("manifest-sha256.txt", "tagmanifest-sha256.txt", "bag-info.txt", "bagit.txt"):
        (root / path).unlink()
    shutil.move(root, root.with_name("old"))
    bag = bagit.Writer(root)
    for path in sorted((root.with_name("old") / "data").rglob("*")):
        if path.is_file():
            bag.add(path.relative_to(root.with_name("old") / "data").as_posix(), path.read_bytes())
    bag.finish({}, AT)


WRONG = {
    "a digest in METS": ("METS.xml", lambda text: re.sub('CHECKSUM="[0-9a-f]{4}', 'CHECKSUM="ffff', text, count=1)),
    "a way up": ("METS.xml", lambda text: text.replace("representations/rep1/data", "../rep1/data", 1)),
    "a foreign address": ("METS.xml", lambda text: text.replace("schemas/README.txt", "http://x/y", 1)),
    "an unlisted file": ("METS.xml", lambda text: re.sub("<mets:fileGrp USE=.Schemas.*?</mets:fileGrp>", "", text,
                                                         flags=re.DOTALL)),
    "no METS": ("METS.xml", lambda text: text.replace("http://www.loc.gov/METS/", "http://www.loc.gov/METS2/")),
    "an entity": ("METS.xml", lambda text: text.replace("<mets:mets ", '<!DOCTYPE a [<!ENTITY b "c">]><mets:mets ')),
    "half of it": ("metadata/descriptive/EAD.xml", lambda text: text[: len(text) // 2]),
    "EAD of another": ("metadata/descriptive/EAD.xml", lambda text: text.replace("-0005.pdf", "-0006.pdf")),
    "an object unknown": ("metadata/preservation/PREMIS.xml", lambda text: text.replace("-0005.png", "-0009.png")),
    "no metadata": ("metadata/descriptive/ND30-PLVI.json", lambda text: "[]"),
}  # fmt: skip


def test_the_check_sees_what_is_not_as_it_should_be(office, tmp_path):
    kept.draw(office)
    packed(office, tmp_path / "good")
    for what, (name, change) in WRONG.items():
        root = tmp_path / "bad" / "bag"
        shutil.rmtree(tmp_path / "bad", ignore_errors=True)
        shutil.copytree(tmp_path / "good", root)
        rebag(root, name, change)
        bagit.verify(root)
        assert handover.check(root) != [], what
    (tmp_path / "good" / "data" / "METS.xml").unlink()
    assert "METS.xml" in handover.check(tmp_path / "good")[0]


def prepared(office):
    kept.draw(office)
    with office.sessions.begin() as session:
        runs.ask(session, office.settings, session.get(WorkFile, office.file_id), "lan", AT)
    taken = runs.take(office.sessions)
    assert taken == office.file_id and runs.take(office.sessions) is None
    return runs.run(office.settings, office.sessions, office.blobs, Limits(), taken)


def bound(office):
    out = io.BytesIO()
    name = runs.bound(office.settings, office.sessions, office.blobs, office.file_id, "mai", out)
    return name, zipfile.ZipFile(out)


def test_a_package_is_prepared_by_whoever_has_time_and_who_takes_it_is_written_down(office, tmp_path):
    with pytest.raises(Conflict, match="chưa chuẩn bị"):
        bound(office)
    assert prepared(office)
    name, made = bound(office)
    made.extractall(tmp_path)
    assert handover.check(tmp_path / name) == []
    with office.readers() as session:
        row, event = session.get(Handover, office.file_id), session.scalars(
            sa.select(Event).where(Event.action == "package_taken")).one()  # fmt: skip
        assert (row.total, row.unmade, row.error) == (3, [], "") and event.actor == "mai"
        facts = json.loads(event.data)
        assert facts["documents"] == 3 and facts["left_out"] == 2
        assert facts["mets"] in (tmp_path / name / "manifest-sha256.txt").read_text()
        assert list(history.broken(session)) == []


def test_what_became_secret_since_is_not_in_the_package_and_what_changed_is_asked_for_anew(office):
    assert prepared(office)
    with office.sessions.begin() as session:
        session.get(Document, office.papers[4]).secrecy = "Mật"
    names = bound(office)[1].namelist()
    assert not [name for name in names if "0005" in name]
    with office.sessions.begin() as session:
        session.get(Document, office.papers[0]).version += 1
    with pytest.raises(Conflict, match="chuẩn bị lại"):
        bound(office)
    with office.sessions.begin() as session:
        session.execute(sa.update(Scan).values(status="quarantined"))
    with pytest.raises(Conflict, match="không có văn bản nào"):
        bound(office)


def test_a_dead_process_is_followed_and_one_that_stops_gives_it_back(office):
    with office.sessions.begin() as session:
        runs.ask(session, office.settings, session.get(WorkFile, office.file_id), "lan")
    assert runs.take(office.sessions)
    assert not runs.run(office.settings, office.sessions, office.blobs, Limits(), office.file_id, lambda: True)
    assert runs.take(office.sessions) == office.file_id  # given back
    later = dt.datetime.now(dt.UTC) + runs.SILENT + dt.timedelta(minutes=1)
    assert runs.take(office.sessions) is None and runs.take(office.sessions, later) == office.file_id


def test_an_original_that_cannot_be_drawn_goes_alone_and_an_open_file_not_at_all(office, tmp_path):
    with office.sessions.begin() as session:
        scan = session.get(Document, office.papers[0]).scan
        content = b"%PDF-1.4 broken"
        sha256 = office.blobs.put(io.BytesIO(content)).sha256
        scan.sha256, scan.size, scan.media_type = sha256, len(content), "application/pdf"
    packed(office, tmp_path / "bag")
    assert handover.check(tmp_path / "bag") == []
    files = files_of(tmp_path / "bag" / "data" / "representations")
    assert "rep1/data/01.TH-D-0001.pdf" not in files and "original/data/01.TH-D-0001.pdf" in files
    hrefs = re.findall('href="([^"]+0001[^"]+)"', (tmp_path / "bag/data/metadata/descriptive/EAD.xml").read_text())
    assert hrefs == ["representations/original/data/01.TH-D-0001.pdf"]
    with office.sessions.begin() as session:
        file = session.get(WorkFile, office.file_id)
        work_files.reopen(session, file, "thiếu", actor="lan")
        with pytest.raises(Conflict, match="chưa kết thúc"):
            handover.plan(session, office.settings, file, AT)
        work_files.open_file(session, 2025, "01.TH/Đ", "Cũ", "5 năm", actor="lan")
        with pytest.raises(Conflict, match="2025, 2026"):
            handover.named(session, "01.TH/Đ", None)
        with pytest.raises(NotFound):
            handover.named(session, "99", None)
        assert handover.named(session, "01.TH/Đ", 2026) is file
