"""The mail: letters of a real server are kept whole, their papers come in once, and they are moved after the commit."""

import contextlib
import dataclasses
import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from email.message import EmailMessage

import pytest
import sqlalchemy as sa

from archive.blobs import open_blobs
from archive.config import load
from archive.errors import BadSettings
from archive.fetched import accounts, opening
from archive.fetched.door import Door
from archive.models import Document, Event, Message, Origin, Scan, Unit
from archive.office_files import DOCX, XLSX
from tests.archive import office_samples as samples
from tests.archive.edxml_samples import message
from tests.archive.front_desk import zipped
from tests.archive.imap_server import PASSWORD, Wire, imap  # noqa: F401

pytestmark = pytest.mark.servers
DONE, REFUSED = "Da nhan", "Khong nhan"


def paper(text, more=0):
    return b"%PDF-1.4\n" + text.encode() + b"x" * more + b"\n%%EOF"


def letter(subject, *files, sender="Sở Y tế <vanthu@soyte.tinh.gov.vn>", html=""):
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, "vanthu@tinh.gov.vn", subject
    made["Message-ID"] = f"<{hashlib.sha256(subject.encode()).hexdigest()[:12]}@soyte>"
    made.set_content("Kính gửi")
    if html:
        made.add_alternative(html, subtype="html")
    for name, content in files:
        kind = "image/jpeg" if name.endswith("jpg") else "application/octet-stream"
        main, _slash, sub = kind.partition("/")
        cid = f"<{name}>" if f"cid:{name}" in html else None
        made.add_attachment(content, maintype=main, subtype=sub, filename=name, cid=cid)
    return made.as_bytes()


def within(inner):
    """A letter that carries another."""
    made = EmailMessage()
    made["From"], made["Subject"] = "a@b.vn", "Chuyển tiếp"
    made.set_content("Kính chuyển")
    made.add_attachment(inner)
    return made.as_bytes()


def hostile():
    """Parts within parts, deeper than any letter."""
    head = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(2000))
    return b"Subject: Bom\nMIME-Version: 1.0\n" + head.encode() + b"\nhello"


def batched(ones):
    return zip(ones[::2], ones[1::2], strict=True)


PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 30_000


@pytest.fixture
def office(settings, office_sessions, imap, request):  # noqa: F811
    """A mailbox of this test's own, and an archive that looks into it."""

    class Office:
        user, sessions, server = f"u{abs(hash(request.node.name))}", office_sessions, imap
        blobs = open_blobs(settings.blobs, settings.data)

        def settings_with(self, rules=(), **changed):
            account = imap.account(self.user) | {"rules": list(rules)}
            return dataclasses.replace(settings, mail=accounts.parse([account]), **changed)

        def turn_at(self, **told):
            """One turn at the mailbox as these settings tell it, by default over TLS and with the test's authority."""
            told = {"security": "tls", "port": imap.tls_port, "ca_file": str(imap.ca_file)} | told
            mail = accounts.parse([imap.account(self.user) | told])
            with Door(dataclasses.replace(settings, mail=mail), self.sessions, self.blobs) as door:
                return door.turn()

        def turn(self, rules=(), **changed):
            with Door(self.settings_with(rules, **changed), self.sessions, self.blobs) as door:
                return door.turn()

        def put(self, *letters):
            imap.put(self.user, *letters)

        def where(self):
            return [imap.subjects(self.user, folder) for folder in ("INBOX", DONE, REFUSED)]

        def rows(self, kind):
            with self.sessions() as session:
                return list(session.scalars(sa.select(kind)))

    return Office()


def test_papers_of_a_letter_come_in_with_what_the_rules_say(office):
    with office.sessions.begin() as session:
        session.add(Unit(id="phong_dich", name="Phòng dịch"))
    first = letter(
        "Công văn hỏa tốc", ("Công văn số 12.pdf", paper("12")), ("Phụ lục.pdf", paper("phụ lục")),
        ("logo.jpg", b"\xff\xd8\xff" + b"x" * 30_000), html='<p><img src="cid:logo.jpg"></p>',
    )  # fmt: skip
    office.put(first, letter("Thư không có tệp"), letter("Quảng cáo", ("q.pdf", paper("q")), sender="spam@ads.vn"))
    rules = [{"sender": "spam@*", "ignore": True}, {"sender": "*@soyte.tinh.gov.vn", "subject": "HỎA TỐC",
             "unit": "Phòng dịch", "book": "den", "urgent": True}]  # fmt: skip
    turn = office.turn(rules)
    assert (turn.taken, turn.refused, turn.waiting, turn.trouble) == (3, 0, 0, "")
    assert office.where() == [[], ["Công văn hỏa tốc", "Quảng cáo", "Thư không có tệp"], None]
    assert sorted((scan.filename, scan.source, scan.priority) for scan in office.rows(Scan)) == [
        ("Công văn số 12.pdf", "mail", 10), ("Phụ lục.pdf", "mail", 10),
    ]  # fmt: skip
    kept = {message.facts["subject"]: message for message in office.rows(Message)}
    message = kept["Công văn hỏa tốc"]
    assert message.sender == "Sở Y tế <vanthu@soyte.tinh.gov.vn>" and message.account == f"{office.user}@127.0.0.1"
    assert [(part["name"], part["why"]) for part in message.facts["parts"]] == [
        ("Công văn số 12.pdf", ""), ("Phụ lục.pdf", ""), ("logo.jpg", "picture"),
    ]  # fmt: skip
    assert kept["Quảng cáo"].facts["parts"][0]["why"] == "ignored" and kept["Thư không có tệp"].facts["parts"] == []
    assert {(row.unit_id, row.book, row.message_id) for row in office.rows(Origin)} == {
        ("phong_dich", "den", message.id)
    }  # fmt: skip
    assert hashlib.sha256(office.blobs.path(message.sha256).read_bytes()).hexdigest() == message.sha256


def test_a_letter_made_to_hurt_holds_up_no_other(office):
    office.put(hostile(), letter("Lớn", ("l.pdf", paper("l", more=2 << 20))), letter("Word", ("a.docx", b"PK\x03\x04")),
               within(EmailMessage()), letter("Tốt", ("t.pdf", paper("t"))))  # fmt: skip
    inner = EmailMessage()
    inner["Subject"] = "Bên trong"
    inner.add_attachment(paper("trong"), maintype="application", subtype="pdf", filename="trong.pdf")
    office.put(within(inner))
    turn = office.turn(max_upload_mb=1)
    assert (turn.taken, turn.refused) == (3, 3)
    assert office.where() == [[], ["Chuyển tiếp", "Chuyển tiếp", "Tốt"], ["Bom", "Lớn", "Word"]]
    assert sorted(scan.filename for scan in office.rows(Scan)) == ["t.pdf", "trong.pdf"]
    assert len(office.rows(Message)) == 5, "what is too large is not kept"
    events = Counter(event.action for event in office.rows(Event))
    assert (events["message_refused"], events["refused"]) == (2, 2), "one too large, one no ZIP at all"


def test_word_and_excel_files_of_a_letter_come_in(libreoffice, office):
    typed = samples.docx("Số: 12/UBND-VX")
    sheet, packed = samples.xlsx([["a"]]), zipped(("a.docx", typed))
    office.put(letter("Word", ("cv.docx", typed), ("bieu.xlsx", sheet), ("t.zip", packed)))
    assert office.turn().refused == 0 and office.where()[2] is None
    assert sorted((one.filename, one.media_type) for one in office.rows(Scan)) == [
        ("bieu.xlsx", XLSX), ("cv.docx", DOCX),
    ]  # fmt: skip


def test_papers_in_a_message_or_a_zip_show_the_letter_too(office):
    papers = zipped(("1.pdf", paper("1")), ("2.pdf", paper("2")))
    sent = [("hồ sơ.zip", papers), ("tin.edxml", message([("a.pdf", paper("a"))]).encode())]
    lacking = zipped(("3.pdf", paper("3")), ("ghi chú.txt", b"x"))
    office.put(
        letter("Gói", *sent, ("ảnh.zip", zipped(("1.png", PNG)))),
        letter("Thiếu", ("b.zip", lacking), ("c.zip", b"PK\x03\x04")),
    )
    with office.sessions.begin() as session:
        session.add(Unit(id="phong_dich", name="Phòng dịch"))
    for _ in range(2):
        turn = office.turn([{"unit": "Phòng dịch", "urgent": True}])
        assert turn.trouble == ""
    assert office.where() == [[], ["Gói"], ["Thiếu"]]
    kept = {one.facts.get("subject", one.kind): one for one in office.rows(Message)}
    scans = {scan.id: scan for scan in office.rows(Scan)}
    assert {(one.filename, one.source, one.priority) for one in scans.values()} == {
        ("1.pdf", "zip", 10), ("2.pdf", "zip", 10), ("3.pdf", "zip", 10), ("a.pdf", "edxml", 10),
        ("ảnh.zip", "mail", 10),
    }  # fmt: skip
    came = {(scans[one.scan_id].filename, one.source, one.filename, one.unit_id) for one in office.rows(Origin)}
    assert came == {
        ("1.pdf", "zip", "1.pdf", "phong_dich"), ("1.pdf", "mail", "hồ sơ.zip", "phong_dich"),
        ("2.pdf", "zip", "2.pdf", "phong_dich"), ("2.pdf", "mail", "hồ sơ.zip", "phong_dich"),
        ("3.pdf", "zip", "3.pdf", "phong_dich"), ("3.pdf", "mail", "b.zip", "phong_dich"),
        ("a.pdf", "edxml", "a.pdf", "phong_dich"), ("a.pdf", "mail", "tin.edxml", "phong_dich"),
        ("ảnh.zip", "mail", "ảnh.zip", "phong_dich"),
    }  # fmt: skip
    letters = {one.message_id for one in office.rows(Origin) if one.source == "mail"}
    assert letters == {kept["Gói"].id, kept["Thiếu"].id}
    assert [bool(part.get("message")) for part in kept["Gói"].facts["parts"]] == [True, True, False]
    told = kept["Thiếu"].facts["refused"]
    assert told[0].startswith("ghi chú.txt: ") and "bị hỏng" in told[1] and len(told) == 2


def test_what_is_secret_in_a_message_in_a_letter_takes_the_letter_along(office):
    said = message([("a.pdf", paper("a")), ("b.pdf", paper("b"))], more="<Secrecy>Mật</Secrecy>")
    office.put(letter("vụ án X", ("tin.edxml", said.encode()), ("c.pdf", paper("c"))))
    turn = office.turn()
    assert turn.refused == 1 and office.where() == [[], None, ["vụ án X"]]
    assert {(one.withheld, one.sender, bool(one.facts)) for one in office.rows(Message)} == {(True, "", False)}
    assert len(office.rows(Message)) == 2
    assert {one.filename: one.status for one in office.rows(Scan)}["c.pdf"] == "received"
    assert Counter(one.status for one in office.rows(Scan)) == {"quarantined": 2, "received": 1}
    office.put(letter("giấy mời", ("hồ sơ.zip", zipped(("d.pdf", paper("d")), ("c.pdf", paper("c")))), sender="x@y.vn"))
    office.turn([{"sender": "x@y.vn", "secret": True}])
    assert all(one.withheld for one in office.rows(Message)) and len(office.rows(Message)) == 4
    assert Counter(one.status for one in office.rows(Scan)) == {"quarantined": 4}


def test_a_message_that_asks_about_a_secret_paper_takes_the_letter_along(office):
    first = message([("a.pdf", paper("a"))], more="<Secrecy>Mật</Secrecy>")
    office.put(letter("Một", ("tin.edxml", first.encode())))
    office.turn()
    with office.sessions.begin() as session:
        scan = session.scalars(sa.select(Scan)).one()
        session.add(Document(scan_id=scan.id, pages=[1], full_code="471/UBND-VX", date="2026-03-30"))
    asked = message(number="9", business="1", about="000.00.00.H14,2026/03/30,471/UBND-VX", reason="lộ vụ án X")
    office.put(letter("Thu hồi", ("tin.edxml", asked.encode())))
    office.turn()
    assert office.where() == [[], None, ["Một", "Thu hồi"]]
    assert [(one.withheld, one.facts) for one in office.rows(Message)] == [(True, {})] * 4
    with office.sessions() as session:
        assert "vụ án" not in "".join(session.scalars(sa.select(Event.data)))


def test_the_same_letter_again_is_the_same_letter(office):
    one = letter("Một", ("m.pdf", paper("m")))
    for _ in range(2):
        office.put(one)
        assert office.turn().taken == 1
    office.put(letter("Khác, cùng tệp", ("m2.pdf", paper("m"))))
    office.turn()
    assert (len(office.rows(Scan)), len(office.rows(Message)), len(office.rows(Origin))) == (1, 2, 2)


def test_for_our_own_trouble_letters_stay_where_they_are(office):
    office.put(letter("Một", ("m.pdf", paper("m"))))
    turn = office.turn(reserve_mb=1 << 30)
    assert turn.waiting == 1 and turn.trouble
    wrong = dataclasses.replace(office.settings_with().mail[0], password="sai")
    with Door(dataclasses.replace(office.settings_with(), mail=(wrong, *office.settings_with().mail)),
              office.sessions, office.blobs) as door:  # fmt: skip
        turn = door.turn()
    assert turn.taken == 1 and "không dùng được" in turn.trouble and "sai" not in turn.trouble
    assert office.where() == [[], ["Một"], None]


def test_fetchers_that_are_killed_lose_and_double_nothing(office, tmp_path):
    """Two at one mailbox; each is killed as soon as it has committed something, before or while it moves letters.

    Every third letter brings its papers in a ZIP.
    """
    chance = random.Random(4)
    contents = [paper(f"{n} ") + chance.randbytes(50_000) for n in range(16)]
    alone, zips = contents[:8], [zipped(("1.pdf", one), ("2.pdf", two)) for one, two in batched(contents[8:])]
    files = [("a.zip", zips[n // 3]) if n % 3 == 0 else (f"{n}.pdf", alone[n - n // 3 - 1]) for n in range(12)]
    office.put(*(letter(f"Thư {n:02}", file) for n, file in enumerate(files)))
    settings = office.settings_with()
    environment = os.environ | {
        "VANTHU_DATA": str(settings.data), "VANTHU_MAIL": accounts.dumped(settings.mail), "VANTHU_RESERVE_MB": "1",
    }  # fmt: skip
    start = lambda: subprocess.Popen(  # noqa: E731
        [sys.executable, "-m", "server.cli", "fetch", "--once"], env=environment, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    for kill in range(2):
        running = [start(), start()]
        wanted, end = min(16, len(office.rows(Scan)) + 2), time.monotonic() + 300
        while len(office.rows(Scan)) < wanted and time.monotonic() < end and running[0].poll() is None:
            time.sleep(0.005)
        for one in running if kill < 1 else []:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(one.pid, signal.SIGKILL)
        assert [one.wait(300) for one in running].count(1) == 0
    assert office.turn().trouble == ""
    expected = Counter(hashlib.sha256(content).hexdigest() for content in contents)
    assert Counter(scan.sha256 for scan in office.rows(Scan)) == expected
    assert Counter(one.kind for one in office.rows(Message)) == {"mail": 12, "zip": 4}
    assert Counter(one.source for one in office.rows(Origin)) == {"mail": 16, "zip": 8}
    assert office.where() == [[], [f"Thư {n:02}" for n in range(12)], None]


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_letters_come_over_tls_and_nothing_is_said_in_the_clear(office, security):
    office.put(letter("Một", ("m.pdf", paper("m"))))
    port = office.server.tls_port if security == "tls" else office.server.port
    with Wire(port) as wire:
        turn = office.turn_at(security=security, port=wire.port)
    assert (turn.taken, turn.trouble) == (1, "") and office.where() == [[], ["Một"], None]
    assert len(wire.sent) > 300 and (wire.sent[0] == 0x16 if security == "tls" else b" STARTTLS\r\n" in wire.sent)
    assert PASSWORD.encode() not in wire.sent and office.user.encode() not in wire.sent and b"LOGIN" not in wire.sent


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize(
    ("host", "ca_file", "why"),
    [("127.0.0.1", "", "không do nơi được tin cậy cấp"), ("127.0.0.2", None, "đã hết hạn"),
     ("127.0.0.3", None, "của máy khác")],
)  # fmt: skip
def test_nobody_signs_in_where_the_certificate_is_wrong(office, security, host, ca_file, why):
    office.put(letter("Một", ("m.pdf", paper("m"))))
    more = {} if ca_file is None else {"ca_file": ca_file}
    port = office.server.tls_port if security == "tls" else office.server.port
    before = office.server.sign_ins(office.user)
    turn = office.turn_at(security=security, host=host, port=port, **more)
    assert turn.taken == 0 and f"chứng thư của máy chủ {host} {why}" in turn.trouble
    assert "Chưa gửi tên và mật khẩu nào đi" in turn.trouble and PASSWORD not in turn.trouble
    assert office.server.sign_ins(office.user) == before and office.where() == [["Một"], None, None]


def test_a_line_that_is_not_encrypted_is_refused_before_anything_is_said(office):
    def without(piece):
        return piece.replace(b"STARTTLS", b"XTARTTLS")

    for security, change in (("starttls", without), ("tls", lambda piece: piece)):
        with Wire(office.server.port, change) as wire:
            turn = office.turn_at(security=security, port=wire.port)
        assert "không nhận kết nối mã hoá (TLS)" in turn.trouble
        assert office.user.encode() not in wire.sent and PASSWORD.encode() not in wire.sent


def test_an_authority_that_cannot_be_read_is_said(office, tmp_path):
    (tmp_path / "x.pem").write_text("no certificate")
    for name in ("x.pem", "khong-co.pem"):
        turn = office.turn_at(ca_file=str(tmp_path / name))
        assert "ca_file" in turn.trouble and turn.taken == 0


def test_headers_as_mail_programs_write_them():
    parts = (
        b'; name="=?utf-8?B?Q8O0bmcgdsSDbi5wZGY=?="\r\n\r\n%PDF-1.4',
        b'\r\nContent-Disposition: attachment; filename="T\xe1\xbb\x9d.pdf"\r\n\r\n%PDF-1.5',
        b"\r\nContent-Disposition: attachment; filename*0*=utf-8''Ph%E1%BB%A5; filename*1*=%20l.pdf\r\n\r\n%PDF-1.6",
    )
    raw = (
        b"From: =?utf-8?B?U+G7nyBZIHThur8=?= <A@b.vn>\r\nSubject: C\xc3\xb4ng v\xc4\x83n\x00 =?no-such?Q?=E1?=\r\n"
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n"
        + b"\r\n--x\r\n".join(b"Content-Type: application/pdf" + part for part in parts) + b"\r\n--x--"
    )  # fmt: skip
    found = opening.open_letter(raw)
    assert (found.name, found.sender, found.subject) == ("Sở Y tế", "a@b.vn", "Công văn �")
    assert [part.name for part in found.papers] == ["Công văn.pdf", "Tờ.pdf", "Phụ l.pdf"]


def test_accounts_are_told_by_file_or_variables_and_never_with_their_password(tmp_path):
    file = tmp_path / "vanthu.toml"
    file.write_text(
        '[[mail]]\nhost = "imap.tinh.vn"\nuser = "vanthu@tinh.vn"\npassword = "bí-mật"\n'
        '[[mail.rules]]\nsender = "*@soyte.vn"\nunit = "phong_dich"\n', "utf-8"
    )  # fmt: skip
    (one,) = load(file, {}).mail
    assert (one.at_port, one.rule("X@SoYTe.vn", "").unit, one.rule("x@y.vn", "").unit) == (993, "phong_dich", "")
    (other,) = load(None, {"VANTHU_MAIL_HOST": "h", "VANTHU_MAIL_USER": "u", "VANTHU_MAIL_PASSWORD": "bí-mật"}).mail
    assert other.secret() == "bí-mật"
    for settings in (load(file, {}), load(None, {"VANTHU_MAIL": accounts.dumped((one,))})):
        assert settings.mail == (one,) and "bí-mật" not in str(settings.masked()) + repr(settings)
    for wrong in ([{"host": "h"}], [{"host": "h", "user": "u", "pass": "x"}], [{"host": "h", "user": "u", "port": "1"}],
                  [{"host": "h", "user": "u", "security": "ssl"}], {"host": "h"},
                  [{"host": "h", "user": "u", "security": "none", "ca_file": "ca.pem"}],
                  [{"host": "h", "user": "u", "security": "starttls", "port": 993}]):  # fmt: skip
        with pytest.raises(BadSettings):
            accounts.parse(wrong)
