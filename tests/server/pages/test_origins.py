"""A paper says where it came from; the letter is for those who may see all that is in it, and is only ever saved."""

import io

from archive import origins, register_books
from archive.models import Document, Message, Unit
from archive.safe import Safe
from tests.server.desk import shelve

SUBJECT = "Công văn <script>alert(1)</script>"


def letter(app, makers, *papers):
    """A letter that brought these papers; its id."""
    here = app.extensions["vanthu"]
    content = io.BytesIO(b"Subject: x\n\nKinh gui")
    envelope = origins.Envelope(
        "mail", "<1>", "So Y te <a@b.vn>", "vanthu@tinh.vn", {"subject": SUBJECT, "date": "hôm qua"}
    )
    message = origins.keep(
        here.sessions, here.blobs, Safe(here.settings.data), content, envelope, limit=99, actor="fetch"
    )
    with makers.begin() as session:
        for paper in papers:
            scan, origin = session.get(Document, paper).scan, origins.Origin("vanthu@tinh.vn", message=message)
            origins.note(session, scan, "mail", "a.pdf", origin, scan.received_at)
    return message


def test_a_paper_tells_of_its_folder_and_its_letter(app, desk, makers):
    van, paper = desk(), shelve(makers)
    letter(app, makers, paper)
    with makers.begin() as session:
        scan = session.get(Document, paper).scan
        origins.note(session, scan, "folder", "a.pdf", origins.Origin("Máy quét tầng 2"), scan.received_at)
        url = f"/scans/{scan.id}/messages/1"
    text = van.page(f"/documents/{paper}")
    for words in ("Thư điện tử: vanthu@tinh.vn", "So Y te &lt;a@b.vn&gt;", "Thư ghi ngày: hôm qua", f'href="{url}"',
                  "Công văn &lt;script&gt;", "Thư mục theo dõi: Máy quét tầng 2"):  # fmt: skip
        assert words in text
    answer = van.open(url)
    assert answer.data == b"Subject: x\n\nKinh gui" and answer.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    for other in ("0", "2", "99999999999"):
        assert van.open(url[:-1] + other).status_code == 404


def test_a_letter_with_a_paper_one_may_not_see_or_a_secret_one_is_not_there(app, desk, makers):
    open_one, hidden = shelve(makers, status="registered"), shelve(makers, number="472")
    message, staff = letter(app, makers, open_one, hidden), desk("staff")
    with makers() as session:
        url = f"/scans/{session.get(Document, open_one).scan_id}/messages/1"
    assert staff.open(url).status_code == 404 and url not in staff.page(f"/documents/{open_one}")
    text = staff.page(f"/documents/{open_one}")
    assert "Thư điện tử" in text and "script&gt;" not in text
    clerk = desk()
    assert clerk.open(url).status_code == 200
    with makers.begin() as session:
        session.get(Document, hidden).scan.status = "quarantined"
    assert clerk.open(url).status_code == 404
    with makers.begin() as session:
        session.get(Document, hidden).scan.status = "review"
        session.get(Message, message).withheld = True
    assert clerk.open(url).status_code == 404


def test_the_quarantine_says_where_else_a_secret_paper_lies_and_nothing_of_its_letter(app, desk, makers):
    paper = shelve(makers)
    letter(app, makers, paper)
    with makers.begin() as session:
        scan = session.get(Document, paper).scan
        origins.note(session, scan, "folder", "a.pdf", origins.Origin("Tầng <2>"), scan.received_at)
        scan.status = "quarantined"
    text = desk("admin").page("/admin/quarantine")
    assert "Đến từ: Thư mục theo dõi: Tầng &lt;2&gt;, " in text and "Thư điện tử: vanthu@tinh.vn, " in text
    assert "script&gt;" not in text and "So Y te" not in text and "a.pdf" not in text


def test_the_place_of_a_paper_suggests_a_unit_and_a_book(makers):
    paper = shelve(makers)
    with makers.begin() as session:
        scan = session.get(Document, paper).scan
        session.add(Unit(id="phong_tai_chinh", name="Phòng Tài chính"))
        register_books.add(session, "Mẫu", actor="admin")
        assert register_books.book_for(session, session.get(Document, paper)).id == "den"
        place = origins.Origin("Phòng Tài chính", "phong_tai_chinh", "mau")
        origins.note(session, scan, "folder", "a.pdf", place, scan.received_at)
        session.flush()
        (route,) = origins.routes(session, scan.id)
        assert (route.unit, route.role, route.reason) == (
            "Phòng Tài chính", "lead", "Tệp lấy từ thư mục Phòng Tài chính"
        )  # fmt: skip
        assert register_books.book_for(session, session.get(Document, paper)).id == "mau"
