"""Every letter and message can be found again with what came of it, by those who may see all of it; always as text."""

import datetime as dt
import io
import itertools

import pytest
import sqlalchemy as sa

from archive import history, ledger, message_list, messages, origins
from archive.edxml.told import Organ, Told, to_json
from archive.message_list import Asked
from archive.models import Document, Message, Scan, User, now
from archive.safe import Safe
from server.pages.ledger import REASONS
from tests.server.desk import shelve

HOSTILE = "Công văn <script>alert(1)</script>"


@pytest.fixture
def came(app, makers):
    """Keep a message and note the papers that came of it; its id."""
    here = app.extensions["vanthu"]

    def keep(*papers, key="<1@a.vn>", content=None, kind="mail", facts=None, secret=False, minutes=0):
        body = content or b"Subject: x\n\n" + str((kind, facts)).encode()
        said = origins.Envelope(kind, key, "Sở Y tế <a@b.vn>", "vanthu@tinh.vn", facts or {})
        message = origins.keep(
            here.sessions, here.blobs, Safe(here.settings.data), io.BytesIO(body), said, limit=9999, actor="fetch",
            secret=secret, at=now() - dt.timedelta(minutes=minutes),
        )  # fmt: skip
        with makers.begin() as session:
            for paper in papers:
                scan, origin = session.get(Document, paper).scan, origins.Origin("vanthu@tinh.vn", message=message)
                origins.note(session, scan, kind, "a.pdf", origin, scan.received_at)
        return message

    return keep


def letter(subject, *parts, refused=()):
    return {"subject": subject, "date": "hôm qua", "refused": list(refused),
            "parts": [{"name": name, "size": 9, "why": why, **more} for name, why, more in parts]}  # fmt: skip


def rows(text):
    """The cells of the list's lines, without marks."""
    body = text[text.index("<tbody>") : text.index("</tbody>")]
    return [" ".join(part.split()) for part in body.split("<tr>")[1:]]


def test_the_list_tells_what_came_of_each_and_what_was_left_and_why(desk, makers, came):
    paper = shelve(makers)
    came(paper, facts=letter(HOSTILE, ("cv.pdf", "", {}), ("logo.png", "picture", {})), minutes=2)
    came(facts=letter("Thư Word", ("a.docx", "unknown", {}), refused=["unknown"]), minutes=1)
    came(kind="edxml", facts={"told": to_json(Told(subject="Về dịch", number="9")), "files": []})
    van = desk()
    first, second, third = rows(van.page("/messages"))
    assert "Thông điệp edXML" in first and "Về dịch" in first and "không có tệp nào" in first
    assert "có phần không nhận" in second and "1: không phải PDF hay ảnh" in second and "hôm qua" in second
    assert "<script>" not in third and "alert(1)&lt;/script&gt;" in third
    assert "1: hình trong thân thư" in third and '<td class="num">1</td>' in third and "đã nhận" in third
    for query, found in {"kind=edxml": ["Về dịch"], "refused=1": ["Thư Word"], "q=VE+DICH": ["Về dịch"],
                         "q=logo.PNG+so+y": ["Công văn"], "q=khong+co": [], "kind=mail&q=docx": ["Thư Word"],
                         "q=%25": []}.items():  # fmt: skip
        text = van.page(f"/messages?{query}")
        assert [any(one in row for one in found) for row in rows(text)] if found else "<tbody>" not in text


def test_pages_go_on_where_the_one_before_ended(app, came, makers, desk):
    van_at = desk("clerk")
    ids = [came(facts=letter(f"Thư {n}"), minutes=n // 2) for n in range(7)]
    with makers() as session:
        van, seen, after = session.query(User).one(), [], ""
        while True:
            page = message_list.page(session, van, Asked(after=after), limit=3)
            seen.append([one.id for one in page.messages])
            if not (after := page.cursor):
                break
    assert [len(one) for one in seen] == [3, 3, 1] and sorted(itertools.chain(*seen)) == sorted(ids)
    assert "Trang đầu" in van_at.page(f"/messages?after={ids[0]}")
    assert van_at.open("/messages?after=x").status_code == 404


def test_a_message_shows_its_facts_its_papers_and_what_its_sender_was_told(desk, makers, came):
    paper, waiting = shelve(makers, number="472"), shelve(makers, number="473")
    with makers.begin() as session:
        sha256 = session.get(Document, paper).scan.sha256
    told = Told(id="000.01,2026/03/02,472/CV", sender=Organ("000.01", "Sở Y tế"), subject=HOSTILE, number="472",
                symbol="CV", date="2026-03-02", priority=3, receivers=(Organ("000.02", "UBND tỉnh"),))  # fmt: skip
    files = [{"name": "cv.pdf", "size": 5, "sha256": sha256, "why": "", "description": "Bản chính"},
             {"name": "x.exe", "size": 7, "sha256": "b" * 64, "why": "kho chỉ nhận PDF"}]  # fmt: skip
    seals = [{"verdict": "trusted", "signer": "Nguyễn Văn A", "organs": []}]
    facts = {"told": to_json(told), "files": files, "signatures": seals}
    message = came(paper, waiting, key=told.id, kind="edxml", facts=facts)
    with makers.begin() as session:
        history.append(session, "edxml", "status_told", paper, {"code": "01", "message": message})
        history.append(session, "edxml", "status_told", paper, {"code": "03", "message": "another"})
    van = desk()
    text = van.page(f"/messages/{message}")
    for words in ("000.01,2026/03/02,472/CV", "UBND tỉnh", "02/03/2026", "Hỏa tốc", "472/CV", "alert(1)&lt;/script&gt;",
                  f'href="/documents/{paper}"', f'href="/documents/{waiting}"', "x.exe", "kho chỉ nhận PDF",
                  "Bản chính", "Nguyễn Văn A", "người ký có trong danh sách tin cậy", "01 · Đã đến"):  # fmt: skip
        assert words in text, words
    assert "<script>alert" not in text and "Đã tiếp nhận" not in text
    assert f'href="/messages/{message}"' in van.page(f"/documents/{paper}")


def test_a_refused_letter_says_why_and_can_be_saved(desk, came):
    message = came(facts=letter("Bom", refused=["Thư có quá nhiều phần lồng nhau nên không mở được."]))
    van = desk()
    assert "quá nhiều phần lồng nhau" in van.page("/messages?refused=1")
    assert "quá nhiều phần lồng nhau" in van.page(f"/messages/{message}")
    answer = van.open(f"/messages/{message}/original")
    assert answer.data.startswith(b"Subject: x") and answer.mimetype == "message/rfc822"
    assert answer.headers["Content-Disposition"].startswith("attachment") and ".eml" in answer.headers[
        "Content-Disposition"
    ]  # fmt: skip
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_a_letter_leads_to_the_message_in_it(desk, makers, came):
    paper = shelve(makers)
    inner = came(paper, kind="edxml", facts={"told": to_json(Told(subject="Về dịch")), "files": []})
    outer = came(paper, facts=letter("Chuyển tiếp", ("tin.edxml", "", {"message": inner})))
    van = desk()
    text = van.page(f"/messages/{outer}")
    assert f'href="/messages/{inner}"' in text and f'href="/documents/{paper}"' in text
    with makers.begin() as session:
        session.get(Message, inner).withheld = True
    assert inner not in van.page(f"/messages/{outer}")


def test_a_message_that_came_as_a_zip_is_saved_as_one(desk, came):
    message = came(kind="edxml", content=b"PK\x03\x04 and so on")
    answer = desk().open(f"/messages/{message}/original")
    assert answer.mimetype == "application/zip" and ".zip" in answer.headers["Content-Disposition"]


def test_what_was_refused_whole_stands_below_for_those_who_see_every_paper(desk, makers):
    with makers.begin() as session:
        ledger.note_refusal(session, "fetch", "mail", "too_large", 123456789, now())
        ledger.note_refusal(session, "web", "web", "bad_message", 5, now())
        ledger.note_refusal(session, "web", "web", "empty", 0, now())
    text = desk().page("/messages?refused=1")
    assert "123.456.789" in text and "quá lớn" in text and REASONS["bad_message"] in text and "tệp rỗng" not in text
    assert "123.456.789" not in desk("staff").page("/messages?refused=1")


def test_a_message_is_for_those_who_see_every_paper_of_it(desk, makers, came):
    known, hidden = shelve(makers, status="registered"), shelve(makers, number="472")
    seen, both = came(known, facts=letter("Thấy được")), came(known, hidden, facts=letter("Hai văn bản"))
    bare = came(facts=letter("Không tệp"))
    staff, van = desk("staff"), desk()
    text = staff.page("/messages")
    assert "Thấy được" in text and "Hai văn bản" not in text and "Không tệp" not in text
    assert "Hai văn bản" not in staff.page("/messages?q=hai") and "Hai văn bản" in van.page("/messages?q=hai")
    for path in ("", "/original"):
        answers = [staff.open(f"/messages/{one}{path}").status_code for one in (seen, both, bare)]
        assert answers == [200, 404, 404]
        assert {van.open(f"/messages/{one}{path}").status_code for one in (seen, both, bare)} == {200}


def test_of_a_withheld_message_only_the_one_role_learns_that_it_came(desk, makers, came):
    paper = shelve(makers)
    alone, message = came(facts=letter("vụ án X"), secret=True), came(paper, facts=letter("vụ án Y"))
    with makers.begin() as session:
        session.get(Scan, session.get(Document, paper).scan_id).status = "quarantined"
    van, admin = desk(), desk("admin")
    for query in ("", "?q=an", "?kind=mail", "?refused=1"):
        assert "vụ án" not in van.page(f"/messages{query}") + admin.page(f"/messages{query}")
    assert "đang cách ly" in admin.page("/messages") and "Sở Y tế" not in admin.page("/messages")
    assert "đang cách ly" not in van.page("/messages")
    for one, path, who in itertools.product((alone, message), ("", "/original"), (van, admin)):
        assert who.open(f"/messages/{one}{path}").status_code == 404


def test_the_one_role_releases_or_destroys_a_message_no_file_holds(app, desk, makers, came):
    here, told = app.extensions["vanthu"], letter("vụ án X")
    safe = Safe(here.settings.data)
    message = came(content=b"one", facts=told, secret=True)
    admin, van, url = desk("admin"), desk(), f"/admin/quarantine/messages/{message}"
    assert message in admin.page("/admin/quarantine") and "vụ án" not in admin.page("/admin/quarantine")
    assert van.send(f"{url}/release", {"reason": "x"}).status_code == 403
    assert admin.send(f"{url}/release", {"reason": " "}).status_code == 422
    assert admin.send(f"{url}/shred", {"reason": "x"}).status_code == 404
    assert admin.send(f"{url}/release", {"reason": "nhầm"}).status_code == 303
    assert "vụ án X" in van.page(f"/messages/{message}") and not safe.names()
    assert came(content=b"one", facts=told, secret=True) == message, "the same letter again"
    assert van.open(f"/messages/{message}/original").data == b"one"

    other = came(content=b"two", facts=told, secret=True)
    url = f"/admin/quarantine/messages/{other}"
    assert admin.send(f"{url}/destroy", {"reason": "biên bản 2"}).status_code == 303
    assert came(content=b"two", facts=told, secret=True) == other
    assert not safe.names() and list(here.blobs.walk()) and "đã tiêu hủy" in admin.page("/admin/quarantine")
    assert admin.send(f"{url}/release", {"reason": "x"}).status_code == 404
    with makers() as session:
        assert session.get(Message, other).sha256 not in set(here.blobs.walk())


def test_a_release_whose_commit_never_came_is_made_again(app, desk, makers, came):
    here, message = app.extensions["vanthu"], came(facts=letter("vụ án X"), secret=True)
    safe = Safe(here.settings.data)
    with makers() as session:  # ends without a commit, as when the process is killed
        messages.release_alone(session, here.blobs, safe, message, "nhầm", actor="sep")
        session.flush()
    assert safe.names() and "đang cách ly" in desk("admin").page("/messages")
    with makers.begin() as session:
        messages.release_alone(session, here.blobs, safe, message, "nhầm", actor="sep")
    assert not safe.names() and "vụ án X" in desk().page(f"/messages/{message}")


def test_a_message_whose_file_is_in_quarantine_goes_only_with_it(desk, makers, came):
    paper = shelve(makers)
    message = came(paper, facts=letter("vụ án X"))
    with makers.begin() as session:
        session.get(Message, message).withheld = True
        session.get(Document, paper).scan.status = "quarantined"
    admin = desk("admin")
    assert message not in admin.page("/admin/quarantine")
    assert admin.send(f"/admin/quarantine/messages/{message}/release", {"reason": "x"}).status_code == 404
    assert "đang cách ly" in admin.page("/messages")
    with makers.begin() as session:
        session.get(Document, paper).scan.status = "destroyed"
    assert "đã tiêu hủy" in admin.page("/messages") and "đang cách ly" not in admin.page("/messages")


def test_made_up_addresses_are_not_found_and_break_nothing(desk):
    van, admin = desk(), desk("admin")
    for made_up in ("x", "0" * 32, "%00", "a" * 4000):
        assert van.open(f"/messages/{made_up}").status_code == 404
        assert van.open(f"/messages/{made_up}/original").status_code == 404
        assert van.open(f"/messages?after={made_up}").status_code in (404, 422)
        assert admin.send(f"/admin/quarantine/messages/{made_up}/release", {"reason": "x"}).status_code == 404
    assert van.open("/messages?q=%01%ff%E2%80%AE&kind=x&refused=x").status_code == 200


@pytest.mark.embedded("it reads SQLite's plan")
def test_the_list_is_read_along_an_index(makers, desk):
    desk("clerk")
    with makers() as session:
        van = session.query(User).one()
        for asked, index in ((Asked(), "ix_message_latest"), (Asked(kind="zip"), "ix_message_kind"),
                             (Asked(refused=True), "ix_message_refused")):  # fmt: skip
            wanted = message_list.narrowed(session, van, asked).limit(51)
            sql = str(wanted.compile(session.get_bind(), compile_kwargs={"literal_binds": True}))
            plan = " / ".join(row.detail for row in session.execute(sa.text(f"EXPLAIN QUERY PLAN {sql}")))
            assert index in plan and "TEMP B-TREE" not in plan, plan
