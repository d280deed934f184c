"""Letters about what is due, sent to a real mail server on a socket: once a day, tried again, never twice."""

import base64
import dataclasses
import datetime as dt
import email
import email.policy
import socketserver
import threading

import pytest

from archive import people, register, reminders, routing, work_files, workdays
from archive.errors import BadValue
from archive.models import Digest, Document, User
from tests.archive import offices

MONDAY = dt.datetime(2026, 11, 23, 1, tzinfo=dt.UTC)  # 08:00 in Vietnam
UNIT = "Phòng Văn xã"


class MailServer(socketserver.ThreadingTCPServer):
    """Speaks enough SMTP; `mood` says how it takes letters: well | busy | refuses | breaks (after the last byte)."""

    allow_reuse_address = daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Talk)
        self.letters, self.mood, self.signed_in = [], "well", []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Talk(socketserver.StreamRequestHandler):
    def handle(self):
        self.say("220 here")
        while line := self.rfile.readline():
            verb = line[:4].upper().decode()
            if verb == "EHLO":
                self.say("250-here\r\n250 AUTH PLAIN")
            elif verb == "AUTH":
                self.server.signed_in.append(base64.b64decode(line.split()[2]))
                self.say("235 come in")
            elif verb == "DATA":
                if not self.take():
                    return
            else:
                self.say("451 later" if verb == "MAIL" and self.server.mood == "busy" else "250 fine")

    def take(self):
        self.say("354 go on")
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line[1:] if line.startswith(b"..") else line)
        if self.server.mood == "refuses":
            self.say("554 no")
            return True
        self.server.letters.append(email.message_from_bytes(b"".join(lines), policy=email.policy.default))
        if self.server.mood == "breaks":
            return False
        self.say("250 taken")
        return True

    def say(self, words):
        self.wfile.write(words.encode() + b"\r\n")


@pytest.fixture
def server():
    server = MailServer()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def told(engine_settings, sessions, server):
    """Settings that name the server, and an office: Hoa heads a unit that has a late, an urgent and a secret paper."""
    with sessions.begin() as session:
        hoa = people.add_user(session, "hoa", "head", UNIT, "mat khau dai", full_name="Phạm Thị Hoa")
        reminders.set_wishes(session, hoa, "hoa@tinh.example", True, actor="hoa")
        for n, (code, due, more) in enumerate(
            [("471/UBND-VX", dt.date(2026, 11, 18), {}), ("472/UBND-VX", dt.date(2026, 11, 24), {"urgency": "Hỏa tốc"}),
             ("473/UBND-VX", dt.date(2026, 11, 24), {"secrecy": "Mật"})]
        ):  # fmt: skip
            paper = offices.document(session, full_code=code, subject="chuyện riêng", **more)
            register.register(session, paper, "den", dt.date(2026, 11, 2 + n), actor="van")
            routing.decide(session, paper, UNIT, "lead", due, actor="sep")
    return dataclasses.replace(
        engine_settings, smtp_host="127.0.0.1", smtp_port=server.server_address[1], smtp_security="none",
        smtp_user="vanthu", smtp_password="bi mat", smtp_from="vanthu@tinh.example", address="https://vanthu.example/",
    )  # fmt: skip


def states(sessions):
    with sessions() as session:
        return [(one.state, one.attempts) for one in session.query(Digest)]


def test_a_person_gets_one_letter_a_day_with_what_is_late_and_due_and_no_word_of_a_paper(told, sessions, server):
    assert reminders.run(told, sessions, MONDAY) == 1
    assert reminders.run(told, sessions, MONDAY + dt.timedelta(hours=5)) == 0
    (letter,) = server.letters
    assert (letter["To"], letter["From"]) == ("hoa@tinh.example", "vanthu@tinh.example")
    assert letter["Subject"] == "Nhắc việc văn bản đến 23/11/2026: 1 quá hạn, 2 sắp hết hạn"
    text = letter.get_content()
    assert "- Số đến 1: 471/UBND-VX, hạn 18/11/2026, quá hạn 3 ngày làm việc" in text
    assert "- [HỎA TỐC] Số đến 2: 472/UBND-VX, hạn 24/11/2026" in text
    assert "01 văn bản mật, hạn 24/11/2026" in text and "473" not in text and "chuyện riêng" not in text
    assert "https://vanthu.example/inbox" in text and "https://vanthu.example/reminders" in text
    assert server.signed_in == [b"\0vanthu\0bi mat"]
    assert reminders.run(told, sessions, MONDAY + dt.timedelta(days=1)) == 1
    assert len({one["Message-ID"] for one in server.letters}) == 2


def test_nothing_goes_out_before_the_hour_on_a_holiday_or_without_a_server(told, sessions, server):
    assert reminders.run(told, sessions, MONDAY - dt.timedelta(hours=2)) == 0  # 06:00
    assert reminders.run(told, sessions, MONDAY - dt.timedelta(days=1)) == 0  # Sunday
    with sessions.begin() as session:
        workdays.put(session, MONDAY.date(), "Nghỉ", works=False, actor="an")
    assert reminders.run(told, sessions, MONDAY) == 0
    assert reminders.run(dataclasses.replace(told, smtp_host=""), sessions, MONDAY + dt.timedelta(days=1)) == 0
    assert (server.letters, states(sessions)) == ([], [])


def test_who_turned_it_down_has_nothing_due_or_is_locked_gets_none(told, sessions, server):
    with sessions.begin() as session:
        reminders.set_wishes(session, session.query(User).one(), "hoa@tinh.example", False, actor="hoa")
        nam = people.add_user(session, "nam", "staff", "Phòng Khác", "mat khau dai")
        reminders.set_wishes(session, nam, "nam@tinh.example", True, actor="nam")
    assert reminders.run(told, sessions, MONDAY) == 0
    assert server.letters == [] and states(sessions) == [("quiet", 1)]


def test_a_letter_the_server_did_not_take_is_tried_again_and_goes_once(told, sessions, server):
    server.mood = "busy"
    assert reminders.run(told, sessions, MONDAY) == 0 and states(sessions) == [("waiting", 1)]
    server.mood = "well"
    assert reminders.run(told, sessions, MONDAY + dt.timedelta(minutes=4)) == 0  # its pause is not over
    assert reminders.run(told, sessions, MONDAY + dt.timedelta(minutes=6)) == 1
    assert len(server.letters) == 1 and states(sessions) == [("sent", 2)]


def test_after_some_attempts_the_letter_of_the_day_is_given_up(told, sessions, server):
    server.mood = "refuses"
    at = MONDAY
    for _ in range(8):
        reminders.run(told, sessions, at)
        at += dt.timedelta(minutes=100)
    assert states(sessions) == [("failed", 5)] and server.letters == []


def test_a_letter_of_which_nobody_knows_whether_it_went_is_never_sent_again(told, sessions, server):
    server.mood = "breaks"
    assert reminders.run(told, sessions, MONDAY) == 0
    server.mood = "well"
    assert reminders.run(told, sessions, MONDAY + dt.timedelta(hours=3)) == 0
    assert len(server.letters) == 1 and states(sessions) == [("unsure", 1)]


def test_a_process_that_died_while_sending_leaves_the_letter_unsent_for_good(told, sessions, server):
    reminders.run(dataclasses.replace(told, remind_at="07:00", smtp_port=1), sessions, MONDAY)  # nobody listens there
    with sessions.begin() as session:
        session.query(Digest).one().state = "sending"
    reminders.run(told, sessions, MONDAY + dt.timedelta(minutes=5))
    assert states(sessions)[0][0] == "sending"  # it may be at it still
    reminders.run(told, sessions, MONDAY + dt.timedelta(minutes=30))
    assert server.letters == [] and states(sessions)[0][0] == "unsure"


def test_many_processes_at_once_send_each_letter_once(told, sessions, server):
    with sessions.begin() as session:
        for n in range(6):
            user = people.add_user(session, f"nguoi{n}", "head", UNIT, "mat khau dai")
            reminders.set_wishes(session, user, f"nguoi{n}@tinh.example", True, actor="an")
    gate, sent = threading.Barrier(4), []

    def work():
        gate.wait()
        sent.append(reminders.run(told, sessions, MONDAY))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(sent) == 7 and len({one["To"] for one in server.letters}) == len(server.letters) == 7


def test_staff_are_told_of_their_own_papers_and_the_leader_of_what_waits(told, sessions, server):
    with sessions.begin() as session:
        nam = people.add_user(session, "nam", "staff", UNIT, "mat khau dai")
        mai = people.add_user(session, "mai", "staff", UNIT, "mat khau dai")
        sep = people.add_user(session, "sep", "leader", None, "mat khau dai")
        for route in (one for paper in session.query(Document) for one in paper.routes):
            routing.give_to(session, route, nam.id, "hoa", MONDAY)
        paper = offices.document(session, full_code="474/UBND-VX")
        register.register(session, paper, "den", dt.date(2026, 11, 6), actor="van")
        day = MONDAY.date()
        assert len(reminders.due_of(session, nam, day).late) == 1 and not reminders.due_of(session, mai, day).anything
        assert reminders.due_of(session, sep, day).waiting == 1


@pytest.mark.parametrize("address", ["hoa", "hoa@tinh", "a b@c.d", "a@b.c\nBcc: x@y.z", "ạ@tinh.vn", "a@b.c,d@e.f"])
def test_what_is_no_address_is_refused(office_sessions, address):
    with office_sessions.begin() as session, pytest.raises(BadValue):
        reminders.set_wishes(session, offices.user(session), address, True, actor="hoa")


def test_files_for_the_archive_are_told_more_than_thirty_days_before_once_a_week(sessions, settings):
    with sessions.begin() as session:
        clerk = offices.user(session, "clerk", email="van@x.vn")
        paper = offices.document(session, status="registered")
        for code, day in (("01.TH", dt.date(2026, 1, 5)), ("02.TH", dt.date(2026, 3, 5)), ("03.TH", None)):
            file = work_files.open_file(session, 2025, code, f"Hồ sơ kín {code}", "10 năm", actor="van")
            work_files.put(session, file, paper, actor="van")
            if day:
                work_files.close(session, file, 1, 1, actor="van", on=day)
        monday = dt.date(2026, 11, 23)  # 43 days before the first file's last day
        due = reminders.due_of(session, clerk, monday)
        assert [one.code for one in due.files] == ["01.TH"]
        assert not reminders.due_of(session, clerk, monday + dt.timedelta(days=1)).anything
        workdays.put(session, monday, "nghỉ bù", works=False, actor="van")
        assert reminders.due_of(session, clerk, monday + dt.timedelta(days=1)).files
        said = reminders.letter(dataclasses.replace(settings, smtp_from="a@x.vn"), clerk, due, monday)
        assert "1 hồ sơ đến hạn nộp lưu" in said["Subject"]
        text = said.get_content()
        assert "01.TH (danh mục năm 2025): hạn nộp lưu 05/01/2027" in text and "Hồ sơ kín" not in text
