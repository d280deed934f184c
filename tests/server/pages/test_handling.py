"""/handling: the book of handling on screen and as files; the slip of a paper."""

from archive import routing
from archive.models import Document
from archive.routing import Part
from tests.server.desk import shelve
from tests.server.pages.test_routing import arrange


def test_the_book_is_looked_at_narrowed_and_taken_along(desk, makers):
    (paper,) = arrange(makers)
    van = desk()
    assert "Không có văn bản nào" in van.page("/handling")
    with makers.begin() as session:
        routing.distribute(session, session.get(Document, paper), [Part("Phòng Văn xã")], actor="sep")
    text = van.page("/handling")
    assert "471/UBND-VX" in text and "Đã chuyển, chưa nhận" in text and "Phòng Văn xã, chủ trì" in text
    assert "471/UBND-VX" not in van.page("/handling?show=late")
    assert "471/UBND-VX" in van.page("/handling?unit=phong_van_xa&show=open&year=x")
    assert "471/UBND-VX" not in van.page("/handling?unit=phong_noi_chinh")
    pdf, excel = van.open("/handling.pdf?show=open"), van.open("/handling.xlsx")
    assert pdf.data.startswith(b"%PDF") and excel.data.startswith(b"PK")
    assert pdf.headers["Cache-Control"] == "private, no-store"


def test_a_slip_is_for_papers_in_the_book_and_for_those_who_may_read_them(desk, makers):
    (paper,) = arrange(makers)
    waiting = shelve(makers, number="9")
    head = desk("head", "Phòng Văn xã")
    answer = head.open(f"/documents/{paper}/slip.pdf")
    assert answer.data.startswith(b"%PDF") and "phieu-giai-quyet-1" in answer.headers["Content-Disposition"]
    assert desk().open(f"/documents/{waiting}/slip.pdf").status_code == 404
    with makers.begin() as session:
        session.get(Document, paper).secrecy = "Mật"
    assert head.open(f"/documents/{paper}/slip.pdf").status_code == 404


def test_a_book_nobody_keeps_is_not_found(desk):
    assert desk().open("/handling?book=khac").status_code == 404
