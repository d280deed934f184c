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
from archive.models import Event, Message, Origin, Scan, Unit
from tests.archive.imap_server import imap  # noqa: F401

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


@pytest.fixture
def office(settings, sqlite_sessions, imap, request):  # noqa: F811
    """A mailbox of this test's own, and an archive that looks into it."""

    class Office:
        user, sessions, server = f"u{abs(hash(request.node.name))}", sqlite_sessions, imap
        blobs = open_blobs(settings.blobs, settings.data)

        def settings_with(self, rules=(), **changed):
            account = imap.account(self.user) | {"rules": list(rules)}
            return dataclasses.replace(settings, mail=accounts.parse([account]), **changed)

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
    assert (events["message_refused"], events["refused"]) == (2, 1)


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
    """Two at one mailbox; each is killed as soon as it has committed something, before or while it moves letters."""
    chance = random.Random(4)
    contents = [paper(f"{n} ") + chance.randbytes(50_000) for n in range(12)]
    office.put(*(letter(f"Thư {n:02}", (f"{n}.pdf", content)) for n, content in enumerate(contents)))
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
        wanted, end = min(12, len(office.rows(Scan)) + 2), time.monotonic() + 60
        while len(office.rows(Scan)) < wanted and time.monotonic() < end and running[0].poll() is None:
            time.sleep(0.005)
        for one in running if kill < 1 else []:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(one.pid, signal.SIGKILL)
        assert [one.wait(90) for one in running].count(1) == 0
    assert office.turn().trouble == ""
    expected = Counter(hashlib.sha256(content).hexdigest() for content in contents)
    assert Counter(scan.sha256 for scan in office.rows(Scan)) == expected
    assert len(office.rows(Message)) == 12 and len(office.rows(Origin)) == 12
    assert office.where() == [[], [f"Thư {n:02}" for n in range(12)], None]


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
                  [{"host": "h", "user": "u", "security": "ssl"}], {"host": "h"}):  # fmt: skip
        with pytest.raises(BadSettings):
            accounts.parse(wrong)
