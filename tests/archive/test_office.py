"""Word and Excel files: told by what is in them, made into pages by LibreOffice behind walls, read like any paper."""

import contextlib
import datetime as dt
import http.server
import io
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pypdfium2
import pytest
import sqlalchemy as sa
from PIL import Image

from archive import arrival, converted, front_door, office_copy, office_files, soffice
from archive.blobs import open_blobs
from archive.derived import Derived
from archive.errors import BadMessage, EmptyFile, NoOffice, NotConverted, TookTooLong, UnknownFormat
from archive.jobs import desk
from archive.jobs.worker import Worker
from archive.models import Event, Scan
from archive.office_files import DOC, DOCM, DOCX, ENCRYPTED, ODS, ODT, RTF, XLSX
from archive.scans import Limits
from tests import papers
from tests.archive import office_samples as samples
from tests.archive.edxml_samples import pdf
from tests.archive.front_desk import FrontDesk, zipped
from tests.faults.line import until

TODAY = dt.date.today()
BLUE = (0, 0, 255)
FIELDS = ("number", "symbol", "date", "subject", "issuing_organ", "place")


@pytest.fixture
def without(tmp_path, monkeypatch):
    """`without("soffice")`: from now on the PATH has all programs but these."""

    def take_away(*names):
        folder = tmp_path / "bin"
        folder.mkdir()
        for place in filter(os.path.isdir, os.environ["PATH"].split(os.pathsep)):
            for program in os.scandir(place):
                if program.name not in names:
                    with contextlib.suppress(FileExistsError):
                        (folder / program.name).symlink_to(program.path)
        monkeypatch.setenv("PATH", str(folder))

    return take_away


class Archive:
    def __init__(self, settings, sessions):
        self.settings, self.sessions = settings, sessions
        self.blobs, self.derived = open_blobs(settings.blobs, settings.data), Derived(settings.data)

    def take(self, content, name="cong-van.docx"):
        stream = io.BytesIO(content)
        return front_door.receive(
            self.sessions, self.blobs, self.settings, stream, name, actor="lan", source="web"
        ).first.scan_id

    def read(self):
        with Worker(self.settings) as worker:
            assert worker.drain(seconds=120)

    def scan(self, scan_id):
        with self.sessions() as session:
            return session.get(Scan, scan_id)


@pytest.fixture
def archive(settings, office_sessions):
    return Archive(settings, office_sessions)


def pages_of(pdf):
    with contextlib.closing(pypdfium2.PdfDocument(pdf)) as document:
        return [page.get_textpage().get_text_range() for page in document]


def convert(tmp_path, content, media_type, pages=50):
    file = tmp_path / "came"
    file.write_bytes(content)
    return pages_of(converted.to_pdf(file, media_type, Limits(pages=pages)))


def look(pdf):
    """(text, whether anything blue is on it) of the one page there is."""
    with contextlib.closing(pypdfium2.PdfDocument(pdf)) as document:
        [page] = document
        colours = page.render().to_pil().convert("RGB").getcolors(1 << 20)
        return page.get_textpage().get_text_range(), any(colour == BLUE for _, colour in colours)


# ------------------------------------------------------------------------------------------------ what it is


def beyond_its_end():
    """The directory begins at sector 100, and the next one of that is 100."""
    content, sector = samples.compound("WordDocument"), (100).to_bytes(4, "little")
    return content[:48] + sector + content[52 : 512 + 400] + sector + content[512 + 404 :]


KINDS = {
    "docx": (samples.docx("a"), DOCX), "docm": (samples.docx("a", is_macro=True), DOCM), "odt": (samples.odt(""), ODT),
    "xlsx": (samples.xlsx([["a"]]), XLSX), "rtf": (b"{\\rtf1 a}", RTF),
    "doc": (samples.compound("1Table", "WordDocument"), DOC),
    "a directory of several sectors": (samples.compound(*map(str, range(9)), "WordDocument"), DOC),
    "behind a password": (samples.compound("EncryptionInfo", "EncryptedPackage"), ENCRYPTED),
    "old Excel, whose formulas nobody can hold still": (samples.compound("Workbook"), None),
    "a message of Outlook": (samples.compound("__nameid_version1.0"), None),
    "another zip": (samples.zipped({"word/document.xml": "x"}), None),
    "a presentation": (samples.zipped({"[Content_Types].xml": "presentationml.presentation.main+xml"}), None),
    "half a docx": (samples.docx("a")[:700], None), "half a doc": (samples.compound("WordDocument")[:600], None),
    "a doc whose directory leads in a circle": (
        samples.compound("WordDocument").replace(b"\xfd\xff\xff\xff\xfe\xff\xff\xff", b"\xfd\xff\xff\xff\1\0\0\0"), DOC
    ),
    "a doc whose directory lies beyond its end, and leads there again": (beyond_its_end(), None),
    "nothing but a head": (office_files.OLE, None), "nothing": (b"", None),
}  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
def test_what_a_file_is_stands_in_it(name):
    content, kind = KINDS[name]
    assert office_files.kind_of(io.BytesIO(content)) == kind


def test_without_libreoffice_the_door_says_so_and_keeps_nothing(archive, without):
    without(*soffice.PROGRAMS)
    with pytest.raises(NoOffice, match=r"chưa cài LibreOffice.*vẫn ở bên gửi.*xuất ra PDF"):
        archive.take(samples.docx("Số: 12/UBND-VX"))
    with archive.sessions() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Scan)) == 0
        assert '"no_office"' in session.scalar(sa.select(Event.data).where(Event.action == "refused"))


def test_without_libreoffice_a_word_file_stays_in_its_zip_and_is_named(archive, without):
    without(*soffice.PROGRAMS)
    door = FrontDesk(archive.settings, archive.sessions)
    taken = door.take(zipped(("a.docx", samples.docx("Số: 12/UBND-VX")), ("b.pdf", pdf("Bieu 1"))))
    assert (len(taken.received), taken.left_out) == (1, (("a.docx", arrival.NO_OFFICE),))


def test_what_is_no_office_file_is_refused_as_ever(archive):
    for content, error in ((b"", EmptyFile), (samples.docx("a")[:700], BadMessage), (b"{\\rt", UnknownFormat),
                           (samples.compound("Workbook"), UnknownFormat)):  # fmt: skip
        with pytest.raises(error):
            archive.take(content)
    with archive.sessions() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Scan)) == 0


# ------------------------------------------------------------------------------------------------ what stands still


def copied(tmp_path, content, media_type):
    file, copy = tmp_path / "came", tmp_path / "copy"
    file.write_bytes(content)
    copy.unlink(missing_ok=True)
    office_copy.make(str(file), copy, media_type)
    return copy.read_bytes()


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b'\xd0\xcf text \x13 DATE \\@ "dd/MM/yyyy" \x14', DOC),
        ("chữ \x13DATE \x14".encode("utf-16-le"), DOC),
        (
            samples.docx("<w:p/>", more={"word/header1.xml": '<!DOCTYPE x [<!ENTITY a "aaaa">]><w:hdr>&a;</w:hdr>'}),
            DOCX,
        ),
        (samples.docx("a", more={"word/media/a.bin": bytes(1 << 20)}), DOCX),
        (samples.docx("một đoạn " * 999)[:-40], DOCX),
    ],
    ids=["a date in a .doc", "in two bytes a letter", "entities", "a bomb", "cut off"],
)
def test_what_cannot_be_held_still_is_not_converted(tmp_path, monkeypatch, content, media_type):
    monkeypatch.setattr(office_copy, "MOST", 1 << 20)
    with pytest.raises(NotConverted, match=r"Tệp gốc vẫn được lưu.*xuất ra PDF rồi gửi lại"):
        copied(tmp_path, content, media_type)


def test_a_doc_that_only_speaks_of_a_date_is_left_as_it_is(tmp_path):
    content = b'\xd0\xcf DATE and TIME \x13 PAGE \x14 \x13 HYPERLINK "a" \x14'
    assert copied(tmp_path, content, DOC) == content


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_field_stands_still_wherever_and_however_it_is_written(tmp_path, encoding):
    said = (
        '<?xml version="1.0"?><x:hdr><x:fldSimple x:instr=" TIME "/><x:fldSimple x:instr="PAGE"/>'
        '<x:fldChar x:fldCharType="begin"/><x:instrText>D</x:instrText><x:instrText>ATE</x:instrText></x:hdr>'
    )
    content = copied(tmp_path, samples.docx("a", more={"odd/part.xml": said.encode(encoding)}), DOCX)
    with samples.zipfile.ZipFile(io.BytesIO(content)) as archive:
        part = archive.read("odd/part.xml").decode()
    assert [one for one in ("TIME", "PAGE", ">D<", ">ATE<") if one in part] == ["PAGE"]


def test_a_formula_without_a_saved_value_stays_unless_it_moves(tmp_path):
    sheet = (
        '<x:c><x:f>1+1</x:f><x:v>2</x:v></x:c><c><f t="shared" si="0"/><v>3</v></c><c><f>A1</f><v/></c>'
        "<c><f>YEAR(TODAY())</f></c><c><f>2+2</f></c>"
    )
    content = copied(tmp_path, samples.zipped({"xl/worksheets/a.xml": f"<a>{sheet}</a>"}), XLSX)
    with samples.zipfile.ZipFile(io.BytesIO(content)) as archive:
        part = archive.read("xl/worksheets/a.xml").decode()
    assert part == "<a><x:c><x:v>2</x:v></x:c><c><v>3</v></c><c><f>A1</f><v/></c><c></c><c><f>2+2</f></c></a>"


@pytest.mark.parametrize(
    "instruction", [rb'{ DATE \\@ "x"}', rb"{\b  }{DA}{TE}", rb"\'44ATE", rb"{ IF {\field{\*\fldinst DATE}} }"]
)
def test_a_field_in_rtf_stands_still_however_it_is_cut(tmp_path, instruction):
    rtf = rb"{\rtf1 {\field{\*\fldinst %s}{\fldrslt 01/02/2020}} DATE {\field{\*\fldinst {PA}{GE}}{\fldrslt 1}}}"
    assert copied(tmp_path, rtf % instruction, RTF) == rtf % b"VANTHU "


def test_the_head_of_a_sheet_says_neither_day_nor_file(tmp_path):
    head = "<oddHeader>&amp;L&amp;P Q&amp;&amp;D &amp;D&#38;t&amp;F&amp;Z</oddHeader><c>R&amp;D</c>"
    file = io.BytesIO(copied(tmp_path, samples.zipped({"xl/worksheets/a.xml": f"<a>{head}</a>"}), XLSX))
    with samples.zipfile.ZipFile(file) as archive:
        said = archive.read("xl/worksheets/a.xml").decode()
    assert said == "<a><oddHeader>&amp;L&amp;P Q&amp;&amp;D </oddHeader><c>R&amp;D</c></a>"
    styles = "<a><text:date text:date-value='2026-11-22'>00/00/0000</text:date><text:time x=''>07:30</text:time></a>"
    file = io.BytesIO(copied(tmp_path, samples.zipped({"styles.xml": styles}), ODS))
    with samples.zipfile.ZipFile(file) as archive:
        assert archive.read("styles.xml").decode() == "<a>07:30</a>"


def test_a_date_of_opendocument_stands_still(tmp_path):
    file = io.BytesIO(copied(tmp_path, samples.odt('<text:date text:fixed="false">1</text:date>'), ODT))
    with samples.zipfile.ZipFile(file) as archive:
        assert b'<text:date text:fixed="true">1</text:date>' in archive.read("content.xml")


# ------------------------------------------------------------------------------------------------ made into pages


@pytest.fixture
def outside():
    """A web server that counts who asks: (address, requests)."""
    asked = []

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        do_OPTIONS = do_HEAD = do_PROPFIND = do_GET

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def test_pages_say_what_the_author_saw_and_ask_nobody_outside(libreoffice, tmp_path, outside, without):
    address, asked = outside
    Image.new("RGB", (60, 60), BLUE).save(tmp_path / "of another.png")
    here = samples.linked_picture((tmp_path / "of another.png").as_uri(), "rId8")
    picture, link = (one + other for one, other in zip(samples.linked_picture(f"{address}/a.png"), here, strict=True))
    body = picture + samples.field([" DATE ", '\\@ "dd/MM/yyyy"'], "01/02/2020") + samples.struck("12/UBND", "13/UBND")
    body += samples.field([" DA", "TE "], "03/02/2020") + samples.field([" PAGE "], "77") + samples.paragraph("hết")
    content = samples.docx(body, links=link)
    (tmp_path / "bare.docx").write_bytes(content)
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    bare = [
        soffice.program(),
        "--headless",
        profile,
        "--convert-to",
        "pdf",
        "--outdir",
        tmp_path,
        tmp_path / "bare.docx",
    ]
    subprocess.run(bare, check=True, capture_output=True, timeout=300)
    page, shows_blue = look(tmp_path / "bare.pdf")
    assert asked and shows_blue and str(TODAY.year) in page and "13/UBND" in page, "LibreOffice by itself does all that"
    asked.clear()
    without("bwrap")  # the profile alone keeps it in
    (tmp_path / "came").write_bytes(content)
    page, shows_blue = look(converted.to_pdf(tmp_path / "came", DOCX, Limits()))
    assert asked == [] and not shows_blue
    assert page.split() == ["01/02/2020", "12/UBND", "03/02/2020", "1", "hết"]


def test_a_macro_writes_nothing(libreoffice, tmp_path, without):
    without("bwrap")
    mark = tmp_path / "written"
    assert convert(tmp_path, samples.with_macro(mark), ODT) == ["Có macro"]
    assert not mark.exists()


def test_a_sheet_shows_saved_values_days_as_we_write_them_and_no_more_pages_than_asked(libreoffice, tmp_path):
    rows = [[dt.date(2026, 2, 3)], ["=TODAY()"], ["rồi"], ["=1+1"], *[[f"dòng {n}"] for n in range(200)]]
    content = samples.with_saved_values(samples.xlsx(rows, head="Ngày &D"), ["36526", "5"])
    first, second = convert(tmp_path, content, XLSX, pages=1)
    assert first.split()[:7] == ["Ngày", "03/02/2026", "36526", "rồi", "5", "dòng", "0"] and "dòng 60" in second


def test_what_was_struck_out_in_older_forms_is_not_printed(libreoffice, tmp_path):
    field = rb"{\field{\*\fldinst DATE}{\fldrslt 01/02/2020}}"
    rtf = rb"{\rtf1{\*\revtbl {Unknown;}{a;}}{\deleted\revauthdel1 12/UBND}{\revised\revauth1 13/UBND} %s}" % field
    assert convert(tmp_path, rtf, RTF) == ["13/UBND 01/02/2020"]
    (tmp_path / "a.rtf").write_bytes(rtf.replace(field, b"x"))
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    older = [soffice.program(), "--headless", profile, "--convert-to", "doc", "--outdir", tmp_path, tmp_path / "a.rtf"]
    subprocess.run(older, check=True, capture_output=True, timeout=300)
    assert convert(tmp_path, (tmp_path / "a.doc").read_bytes(), DOC) == ["13/UBND x"]


def test_behind_walls_libreoffice_sees_its_paper_and_programs_only(libreoffice, tmp_path):
    words = soffice._walls(soffice.program(), tmp_path)
    if not words:
        pytest.skip("bubblewrap is not there or may not")
    look = "ls -A / /home /root /srv 2>/dev/null; ls /etc; cat /etc/passwd; getent hosts localhost; ls /sys/class/net"
    seen = subprocess.run([*words, "sh", "-c", look], capture_output=True, text=True, check=False).stdout
    assert "usr" in seen and "passwd" not in seen and "root:" not in seen and "eth0" not in seen


# ------------------------------------------------------------------------------------------------ the line


def test_a_typed_paper_is_read_and_its_pages_are_made_again_when_thrown_away(libreoffice, archive, tmp_path):
    paper = papers.state_paper()
    content = samples.paper(paper.text)
    id_ = archive.take(content)
    archive.read()
    scan = archive.scan(id_)
    assert (scan.status, scan.pages, scan.media_type) == ("review", 1, DOCX)
    assert archive.blobs.path(scan.sha256).read_bytes() == content
    with archive.sessions() as session:
        [document] = session.get(Scan, id_).documents
        read = {name: document.fields[name]["value"] for name in FIELDS}
    assert read == {name: paper.document["fields"][name] for name in FIELDS}
    pdf = archive.derived.path(id_, converted.NAME)
    archive.derived.drop(id_)
    with archive.sessions.begin() as session:
        desk.restart(session, id_, "mark", "lan")
    archive.read()
    assert archive.scan(id_).status == "review" and pdf.is_file()


def test_a_typed_paper_with_a_mark_of_secrecy_leaves_no_pages(libreoffice, archive):
    content = samples.docx(samples.marked("TỐI MẬT") + samples.paragraph("Số: 12/UBND-NC"))
    id_ = archive.take(content)
    archive.read()
    scan = archive.scan(id_)
    assert scan.status == "quarantined" and archive.derived.names(id_) == []
    assert not archive.blobs.has(scan.sha256)


def test_a_file_that_cannot_be_converted_waits_with_its_reason(libreoffice, archive):
    broken = samples.docx("<w:p><w:r></w:p>")
    locked = samples.compound("EncryptionInfo", "EncryptedPackage")
    ids = [archive.take(broken, "hong.docx"), archive.take(locked, "khoa.docx")]
    archive.read()
    for id_, reason in zip(ids, ("không chuyển được", "có mật khẩu"), strict=True):
        scan = archive.scan(id_)
        assert scan.status == "failed" and reason in scan.error and "Tệp gốc vẫn được lưu" in scan.error
        assert archive.blobs.has(scan.sha256)


def test_one_that_hangs_is_ended_with_all_it_started(tmp_path, monkeypatch, settings):
    program, naps = tmp_path / "office" / "program" / "soffice", f"60.{os.getpid()}"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\nsleep {naps}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(converted, "SECONDS", 8.0)  # time to begin, on a busy machine
    blobs, seen = open_blobs(settings.blobs, settings.data), []
    original = converted.Original("a" * 12, blobs.put(io.BytesIO(samples.docx("a"))).sha256, DOCX)
    with pytest.raises(TookTooLong, match=r"quá nhiều thời gian.*xuất ra PDF"):
        converted.make(
            blobs, Derived(settings.data), original, Limits(), beat=lambda: seen.append(_running("sleep", naps))
        )
    assert any(seen), "it did hang"
    until(lambda: not _running("sleep", naps))


def test_a_worker_killed_while_it_converts_is_followed_by_one_that_does(libreoffice, archive):
    id_ = archive.take(samples.docx("Số: 12/UBND-VX\nVề việc giữ cho trọn"))
    begun = [sys.executable, "-c", WORK, str(archive.settings.data), archive.settings.database_url]
    with subprocess.Popen(begun, start_new_session=True) as worker:
        until(lambda: _running("--convert-to", "--headless"), seconds=60)
        os.kill(worker.pid, signal.SIGKILL)
    until(lambda: not _running("--convert-to", "--headless"), seconds=20)
    assert archive.scan(id_).status in ("received", "reading")
    archive.read()
    with archive.sessions() as session:
        [scan] = session.scalars(sa.select(Scan))
        assert (scan.status, scan.error, len(scan.documents)) == ("review", None, 1)


WORK = """
import sys
from pathlib import Path
from archive import config
from archive.jobs.worker import Worker
Worker(config.load(data=Path(sys.argv[1]), database=sys.argv[2], reserve_mb=1, lease_seconds=2.0)).run()
"""


def _running(*words):
    """Processes whose command line has these words."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            said = (place / "cmdline").read_bytes().split(b"\0")
            if {word.encode() for word in words} <= set(said):
                found.append(int(place.name))
    return found
