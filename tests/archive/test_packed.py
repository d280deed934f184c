"""ZIPs: of pictures one scan, its pages as people count them; of papers a scan each; those made to hurt are refused."""

import dataclasses
import io
import random
import re
import stat
import struct
import unicodedata
import zipfile
from collections import Counter

import pytest
import sqlalchemy as sa
from PIL import Image, ImageDraw

from archive import arrival, kinds, scans, sidecar, zips
from archive.children import Child
from archive.derived import Derived
from archive.edxml import export
from archive.edxml import opening as edxml
from archive.errors import BadMessage, DiskFull, Refused, ScanTooLarge, TooManyPages, UnknownFormat
from archive.jobs.worker import Worker
from archive.leaving import names
from archive.models import Event, Message, Origin, Scan, now
from archive.packed import MEMBERS, ZIP, opening
from archive.pdf import Pdf
from archive.pipeline import read_file
from archive.scans import Limits
from tests.archive import offices
from tests.archive.edxml_samples import message, pdf
from tests.archive.front_desk import FrontDesk, is_killed, zipped
from tests.archive.paper import font

PAPER, OTHER = pdf("So: 471/UBND-VX"), pdf("Bieu 1")
DOC = b"\xd0\xcf\x11\xe0"


def shade(grey, kind="PNG", *more):
    """A small picture that is told by its grey; a TIFF with `more` pages."""
    images = [Image.new("L", (60, 80), one) for one in (grey, *more)]
    out = io.BytesIO()
    images[0].save(out, kind, **({"save_all": True, "append_images": images[1:]} if more else {}))
    return out.getvalue()


class Office(FrontDesk):
    NAME = "hồ sơ.zip"

    def scans(self):
        with self.sessions() as session:
            rows = session.scalars(sa.select(Scan).order_by(Scan.filename)).all()
            return [(one.filename, one.source, one.media_type, one.status) for one in rows]

    def messages(self):
        with self.sessions() as session:
            return session.scalars(sa.select(Message)).all()


@pytest.fixture
def office(settings, office_sessions):
    return Office(settings, office_sessions)


# ------------------------------------------------------------------------------------------------ pictures


def test_names_are_put_in_the_order_in_which_people_count():
    ordered = [
        "a/trang 1.png", "A/trang 2.png", "a/Trang 02b.png", "a/trang 10.png", "a/trang 10 (2).png", "ảnh 003.png",
        "Ảnh 4.png", f"ảnh {'9' * 5000}.png", "b\\x 9.png", "b/x 10.png",
    ]  # fmt: skip
    for told in (ordered, [unicodedata.normalize("NFD", name) for name in ordered]):
        assert sorted(random.Random(3).sample(told, len(told)), key=zips.natural) == told


PICTURES = [
    ("ảnh/trang 10.png", shade(100)), ("ảnh/trang 2.jpg", shade(20, "JPEG")), ("__MACOSX/ảnh/._trang 2.jpg", b"x"),
    ("ảnh/Trang 1.webp", shade(10, "WEBP")), ("ảnh/.DS_Store", b"x"), ("ảnh/trang 3.tif", shade(30, "TIFF", 31, 32)),
    ("ảnh/Thumbs.db", DOC), ("ảnh/", b""), ("../../trang 11.png", shade(110)), ("desktop.ini", b"x"),
]  # fmt: skip
SHADES = [110, 10, 20, 30, 31, 32, 100]


def test_a_zip_of_pictures_is_one_scan_with_their_pages_in_order(office, tmp_path):
    content = zipped(*PICTURES)
    taken = office.take(content)
    assert taken.message is None and office.scans() == [("hồ sơ.zip", "web", ZIP, "received")]
    path = office.blobs.path(taken.first.sha256)
    assert path.read_bytes() == content and office.count(Message, Origin) == [0, 0]
    assert scans.survey(path) == scans.Survey(ZIP, 7)
    found = [scans.page_image(path, n).convert("L").getpixel((30, 40)) for n in range(1, 8)]
    assert all(abs(grey - wanted) < 3 for grey, wanted in zip(found, SHADES, strict=True)), found
    assert not office.take(content, "khác.zip").first.new and office.count(Scan) == [1]


def test_the_pages_of_all_pictures_together_are_counted_and_a_broken_one_takes_no_other_with_it(tmp_path):
    many, half = tmp_path / "many.zip", tmp_path / "half.zip"
    many.write_bytes(zipped(*((f"{n}.tif", shade(n, "TIFF", n, n)) for n in range(4))))
    with pytest.raises(TooManyPages):
        scans.survey(many, Limits(pages=11))
    assert scans.survey(many, Limits(pages=12)).pages == 12
    half.write_bytes(zipped(("1.tif", shade(9, "TIFF", 9)[:150]), ("2.png", shade(20))))
    assert scans.survey(half).pages == 2
    assert scans.page_image(half, 2).getpixel((30, 40)) == 20
    with pytest.raises(scans.Unreadable, match="trang 1"):
        scans.page_image(half, 1)


def line_of(text):
    page = Image.new("L", (1100, 260), 255)
    ImageDraw.Draw(page).text((60, 100), text, fill=0, font=font(40))
    out = io.BytesIO()
    page.save(out, "PNG", dpi=(200, 200))
    return out.getvalue()


WORDS = ["Chủ tịch Ủy ban nhân dân tỉnh kết luận", "các đơn vị báo cáo trước ngày họp", "nơi nhận lưu văn thư"]


def test_a_zip_of_pictures_walks_the_line_and_does_what_a_scan_does(settings, office_engine, office_sessions, tmp_path):
    office = Office(settings, office_sessions)
    content = zipped(*((f"trang {n}.png", line_of(WORDS[k])) for n, k in ((10, 2), (1, 0), (2, 1))))
    scan_id = office.take(content).first.scan_id
    with Worker(settings, engine=office_engine) as worker:
        assert worker.drain(seconds=200)
    with office.sessions.begin() as session:
        scan = session.get(Scan, scan_id)
        assert (scan.status, scan.pages, scan.media_type) == ("review", 3, ZIP)
        assert [row.plain.strip() for row in scan.page_rows] == WORDS
        document = scan.documents[0]
        document.status = "registered"
        said = {"issuing_organ": "Ủy ban nhân dân tỉnh", "date": "2026-03-20", "subject": "phòng dịch"}
        document.fields = {name: offices.field(value) for name, value in said.items()}
        told = sidecar.dumped(sidecar.of_document(session, document, "../originals/a", words=True))
        assert sidecar.parse(told, "a.json").scan.media_type == ZIP
        assert names.ending(scan) == "zip"
        parcel = export.parcel(session, document, settings)
    out, derived = io.BytesIO(), Derived(settings.data)
    export.write(out, parcel, office.blobs, derived, Limits(), now())
    (tmp_path / "inside").mkdir()
    (tmp_path / "tin").write_bytes(out.getvalue())
    (file,) = edxml.open_message(str(tmp_path / "tin"), str(tmp_path / "inside"), 20 << 20, "").files
    sent = Pdf(tmp_path / "inside" / str(file.number))
    assert len(sent) == len(document.pages), "offices expect a file they can open"
    sent.close()


def test_a_zip_is_read_without_an_archive_when_it_is_a_scan(settings, tmp_path):
    (tmp_path / "a.zip").write_bytes(zipped(("2.png", shade(255)), ("1.png", line_of(WORDS[0]))))
    (document,) = read_file(tmp_path / "a.zip", settings)["documents"]
    assert document["pages"][0] == 1
    (tmp_path / "b.zip").write_bytes(zipped(("1.png", shade(255)), ("a.pdf", PAPER)))
    with pytest.raises(UnknownFormat, match="ZIP"):
        read_file(tmp_path / "b.zip", settings)


# ------------------------------------------------------------------------------------------------ papers

LINK = zipfile.ZipInfo("a.pdf")
LINK.external_attr = (stat.S_IFLNK | 0o777) << 16
MIXED = [
    ("hồ sơ/công văn.pdf", PAPER), ("..\\..\\biểu 2.pdf", OTHER), ("/etc/ảnh.png", shade(9)), ("bản sao.pdf", PAPER),
    ("trong.zip", zipped(("x.pdf", OTHER))), ("ghi chú.txt", b"xin ch\xc3\xa0o"), ("rỗng.pdf", b""),
    (LINK, b"%PDF-1.4 /etc/passwd"), ("__MACOSX/._công văn.pdf", PAPER),
]  # fmt: skip


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_papers_of_a_zip_are_a_scan_each_and_the_zip_is_kept(office, packing):
    content = zipped(*MIXED, packing=packing)
    taken = office.take(content, urgent=True)
    assert [name for name, *_ in office.scans()] == ["biểu 2.pdf", "bản sao.pdf", "ảnh.png"]
    assert {(source, status) for _, source, _, status in office.scans()} == {("zip", "received")}
    assert dict(taken.left_out) == {"trong.zip": opening.NESTED, "ghi chú.txt": kinds.OTHER, "a.pdf": opening.LINK,
                                    "rỗng.pdf": kinds.EMPTY}  # fmt: skip
    (kept,) = office.messages()
    assert (kept.id, kept.kind, taken.kind, kept.facts["subject"]) == (taken.message, "zip", "zip", "hồ sơ.zip")
    assert office.blobs.path(kept.sha256).read_bytes() == content
    with office.sessions() as session:
        assert set(session.scalars(sa.select(Origin.message_id))) == {kept.id}
        assert set(session.scalars(sa.select(Scan.priority))) == {10}
    again = office.take(content)
    assert not any(one.new for one in again.received) and again.message == taken.message
    assert office.count(Message, Scan, Origin) == [1, 3, 3]


def test_a_message_in_a_zip_is_a_message_and_an_office_document_is_no_zip(office):
    office.take(zipped(("a.xml", message([("a.pdf", PAPER)])), ("b.pdf", OTHER)))
    assert [one.kind for one in office.messages()] == ["edxml"] and office.count(Scan) == [1]
    with pytest.raises(Refused) as caught:
        office.take(zipped(("[Content_Types].xml", "<x/>"), ("media/i.png", shade(1))))
    assert not isinstance(caught.value, BadMessage) and office.count(Message, Scan) == [1, 1]


@pytest.mark.parametrize(("written", "name"), [
    ("Công văn.txt".encode(), "Công văn.txt"), ("Biê\u0309u.txt".encode("cp1258"), "Biểu.txt"),
    ("Bücher.txt".encode("cp437"), "B\ufffdcher.txt"), (b"../\xfe\x00\xd2.txt", "\u20ab"), (b"a/..", "không tên"),
])  # fmt: skip
def test_names_in_old_letters_do_no_harm(office, written, name):
    plain = "x" * len(written)
    content = zipped((plain, b"x"), ("a.pdf", PAPER)).replace(plain.encode(), written)
    assert [left for left, _ in office.take(content).left_out] == [name]


def test_a_message_among_more_files_than_go_with_one_is_named_as_what_it_is(office):
    others = ((f"{n}.txt", b"x") for n in range(zips.MEMBERS))
    taken = office.take(zipped(("tin.edxml", message([("a.pdf", OTHER)])), ("b.pdf", PAPER), *others))
    assert (taken.kind, len(taken.received)) == ("zip", 1) and ("tin.edxml", opening.MESSAGE) in taken.left_out


# ------------------------------------------------------------------------------------------------ secrecy


def test_what_is_said_to_be_secret_goes_into_quarantine_with_its_zip(office):
    taken = office.take(zipped(("a.pdf", PAPER), ("b.pdf", OTHER)), secret=True)
    assert [one.status for one in taken.received] == ["quarantined"] * 2
    (kept,) = office.messages()
    assert (kept.withheld, kept.facts, kept.key) == (True, {}, "") and not list(office.blobs.walk())
    assert office.take(zipped(("1.png", shade(1))), secret=True).first.status == "quarantined"
    assert not list(office.blobs.walk())


def test_a_zip_with_a_file_that_is_known_to_be_secret_is_withheld_and_says_nothing(office):
    office.take(PAPER, "a.pdf", secret=True)
    taken = office.take(zipped(("b.pdf", OTHER), ("vụ án X.pdf", PAPER)), "vụ án X.zip")
    assert [one.status for one in taken.received] == ["received", "quarantined"]
    (kept,) = office.messages()
    assert kept.withheld and not kept.facts and not office.blobs.has(kept.sha256)
    with office.sessions() as session:
        assert "vụ án" not in "".join(session.scalars(sa.select(Event.data)))
        assert "vụ án X.pdf" not in session.scalars(sa.select(Origin.filename)).all()


@pytest.mark.parametrize("inner", [[("a.pdf", PAPER), ("b.pdf", OTHER)], [("1.png", shade(1))]])
def test_a_zip_that_is_known_to_be_secret_takes_a_zip_around_it_with_it(office, inner):
    content = zipped(*inner)
    office.take(content, secret=True)
    before = {one.id for one in office.messages()}
    office.take(zipped(("c.png", shade(3)), ("ghi chú.txt", b"x"), ("trong.zip", content)))
    (kept,) = (one for one in office.messages() if one.id not in before)
    assert kept.withheld and not kept.facts and not office.blobs.has(kept.sha256)


def test_a_picture_that_is_known_to_be_secret_takes_a_zip_of_pictures_with_it(office):
    office.take(shade(7), "a.png", secret=True)
    content = zipped(("1.png", shade(8)), ("2.png", shade(7)))
    assert office.take(content).first.status == "quarantined" and not list(office.blobs.walk())
    assert office.take(zipped(("1.png", shade(8)))).first.status == "received"


# ------------------------------------------------------------------------------------------------ made to hurt


def many(count):
    """A ZIP of so many empty files, made by hand."""
    begin = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 0, 0, 33, 0, 0, 0, 1, 0) + b"a"
    entry = struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 0, 0, 33, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    entries = b"".join(entry[:42] + struct.pack("<I", n * len(begin)) + entry[46:] for n in range(count))
    short = min(count, 0xFFFF)
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, short, short, len(entries), count * len(begin), 0)
    return begin * count + entries + end


def entries_of(content):
    """Where the list of a ZIP says something of each file."""
    return [found.start() for found in re.finditer(b"PK\x01\x02", content)]


def patched(content, at, value):
    return content[:at] + value + content[at + len(value) :]


def locked(content):
    """As a program that asks for a password marks it: in the list and before the file."""
    for at in (6, entries_of(content)[0] + 8):
        content = patched(content, at, b"\x01\x00")
    return content


def overlapping():
    """Two of three files are the same bytes."""
    content = zipped(("a.pdf", PAPER), ("b.pdf", OTHER), ("c.pdf", PAPER))
    first, second, _ = entries_of(content)
    return patched(content, second + 42, content[first + 42 : first + 46])


def broken():
    content = zipped(("a.pdf", PAPER), packing=zipfile.ZIP_STORED)
    at = content.index(b"%PDF") + 200
    return patched(content, at, bytes([content[at] ^ 1]))


def broken_picture():
    content = zipped(("a.png", shade(1)), ("b.png", shade(2)), packing=zipfile.ZIP_STORED)
    at = content.rindex(b"\x89PNG") + 40
    return patched(content, at, bytes([content[at] ^ 1]))


SMALL = zipped(("a.pdf", PAPER))
HOSTILE = {
    "a bomb": (lambda: zipped(("a.pdf", b"%PDF-" + bytes(80 << 20))), "nở ra quá lớn"),
    "a bomb of a picture": (lambda: zipped(("a.png", shade(1) + bytes(80 << 20))), "nở ra quá lớn"),
    "together too large": (
        lambda: zipped(*((f"{n}.pdf", b"%PDF-" + bytes([n]) * (9 << 20)) for n in range(3))), "nở ra",
    ),
    "100,000 files": (lambda: many(100_000), "quá nhiều tệp"), "too many files": (many(MEMBERS + 1), "quá nhiều tệp"),
    "ZIPs in it alone": (zipped(("a.zip", SMALL), ("b.zip", SMALL)), "a.zip: tệp ZIP trong tệp ZIP"),
    "locked": (locked(SMALL), "mật khẩu"), "a locked picture": (locked(zipped(("a.png", shade(1)))), "mật khẩu"),
    "the list cut": (SMALL[:-30], "bị hỏng"), "cut": (SMALL[: len(SMALL) // 2], "bị hỏng"),
    "overlapping": (overlapping(), "nở ra quá lớn"), "a wrong checksum": (broken(), "bị hỏng"),
    "a wrong checksum of a picture": (broken_picture(), "bị hỏng"),
    "packed in an unknown way": (patched(patched(SMALL, 8, b"c\0"), entries_of(SMALL)[0] + 10, b"c\0"), "bị hỏng"),
    "a lie about its size": (patched(SMALL, entries_of(SMALL)[0] + 24, b"\x05\0\0\0"), "bị hỏng"),
    "a link alone": (zipped((LINK, b"/etc/passwd")), "liên kết"), "nothing": (zipped(), "không có tệp nào"),
    "a folder alone": (zipped(("a/", b""), ("a/.DS_Store", b"x")), "không có tệp nào"),
}  # fmt: skip
"""What it is called → the bytes, or what makes those that take long, and what is said of them."""


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_made_to_hurt_is_refused_with_a_sentence(office, name):
    content, says = HOSTILE[name]
    office.settings = dataclasses.replace(office.settings, max_upload_mb=10 if "together" in name else 200)
    with pytest.raises(BadMessage, match=says) as caught:
        office.take(content() if callable(content) else content)
    assert "Chưa nhận gì" in str(caught.value)
    assert office.count(Message, Scan) == [0, 0] and not list(office.blobs.walk())
    with office.sessions() as session:
        assert session.scalars(sa.select(Event.action)).all() == ["refused"]


def test_large_tables_of_a_long_zip_are_read(office):
    """ZIP64: more files than the old list can count is more than we take, but its form may be used for few."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive, archive.open("1.png", "w", force_zip64=True) as member:
        member.write(shade(7))
    assert scans.survey(office.blobs.path(office.take(out.getvalue()).first.sha256)).pages == 1


def test_where_zip_and_papers_do_not_fit_neither_is_kept(office):
    office.settings = dataclasses.replace(office.settings, reserve_mb=1 << 40)
    with pytest.raises(DiskFull):
        office.take(zipped(("a.pdf", PAPER)))
    assert office.count(Message, Scan) == [0, 0] and not list(office.blobs.walk())


def test_a_file_that_takes_its_child_down_is_refused_with_a_sentence():
    with Child(name="message") as child, pytest.raises(BadMessage, match="giới hạn thời gian"):
        arrival.ask(child, "os:abort")


def test_a_zip_beyond_the_limit_is_refused_before_it_is_opened(office):
    office.settings = dataclasses.replace(office.settings, max_upload_mb=1)
    with pytest.raises(ScanTooLarge, match="1 MB"):
        office.take(zipped(("a.pdf", PAPER + bytes(1 << 20)), packing=zipfile.ZIP_STORED))
    assert office.count(Message, Scan) == [0, 0] and not list(office.blobs.walk())


@pytest.mark.parametrize("received", [0, 2])
def test_killed_between_zip_and_last_paper_it_is_sent_again_and_nothing_is_doubled(office, tmp_path, received):
    content = zipped(("1.pdf", PAPER), ("2.pdf", OTHER), ("3.png", shade(3)))
    (tmp_path / "a.zip").write_bytes(content)
    assert is_killed(office, tmp_path / "a.zip", received)
    assert office.count(Message, Scan) == [1, received]
    taken = office.take(content)
    assert [one.new for one in taken.received] == [n >= received for n in range(3)]
    assert office.count(Message, Scan, Origin) == [1, 3, 3]
    with office.sessions() as session:
        actions = Counter(session.scalars(sa.select(Event.action)))
    assert (actions["message_kept"], actions["received"]) == (1, 3)
