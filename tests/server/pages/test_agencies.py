"""Codes of agencies: typed, pasted, ended and shown beside the papers of their days."""

import re

import pytest

from archive import agencies
from archive.models import AgencyCode, Event
from tests.server.desk import FIELDS, shelve

ORGAN = FIELDS["issuing_organ"]
OTHER = "Sở Mẫu tỉnh Sóc Trăng"


def table(makers):
    with makers() as session:
        return [(row.code, row.name, row.valid_from, row.valid_until) for row in agencies.listed(session)]


def test_an_administrator_keeps_the_codes(desk, makers):
    chief = desk("admin")
    assert "/admin/agencies" in chief.page("/admin") and "Chưa có mã nào" in chief.page("/admin/agencies")
    typed = {"code": "000.00.00.h51", "name": ORGAN, "from": "01/01/2017"}
    assert chief.send("/admin/agencies", typed).status_code == 303
    again = chief.send("/admin/agencies", typed | {"name": "<b>Sở Mẫu"})
    assert again.status_code == 422 and "đã có mã 000.00.00.H51" in again.text and "&lt;b&gt;Sở Mẫu" in again.text
    page = chief.page("/admin/agencies?q=soc trang")
    id_ = re.search(r"/admin/agencies/(\w+)/end", page)[1]
    assert chief.send(f"/admin/agencies/{id_}/end", {"until": "1/1/2016"}).status_code == 422
    assert chief.send(f"/admin/agencies/{id_}/end", {"until": "21/07/2020"}).status_code == 303
    assert table(makers) == [("000.00.00.H51", ORGAN, "2017-01-01", "2020-07-21")]
    assert chief.send(f"/admin/agencies/{id_}/remove").status_code == 303
    assert chief.send(f"/admin/agencies/{id_}/remove").status_code == 404
    with makers() as session:
        told = [(one.actor, one.action) for one in session.query(Event).filter_by(subject=id_).order_by(Event.seq)]
    assert told == [("admin-x", f"agency_code_{what}") for what in ("added", "ended", "removed")]


def test_a_pasted_table_names_its_wrong_lines(desk, makers):
    chief = desk("admin")
    wrong = chief.send("/admin/agencies/table", {"table": f"H51\t{ORGAN}\nH52"})
    assert wrong.status_code == 422 and "Dòng 2: " in wrong.text and f"H51\t{ORGAN}" in wrong.text
    assert table(makers) == []
    right = chief.send("/admin/agencies/table", {"table": f"H51\t{ORGAN}\r\nH51.03\t{OTHER}\t22/07/2020\r\n"})
    assert right.status_code == 200 and "Đã thêm 2 dòng" in right.text
    again = chief.send("/admin/agencies/table", {"table": f"H51\t{ORGAN}\nH51.03\t{OTHER}\t2020-07-22"})
    assert "Đã thêm 0 dòng; 2 dòng đã có" in again.text


def test_only_administrators_and_only_with_a_token(desk, makers):
    clerk, chief = desk("clerk"), desk("admin")
    typed = {"code": "H51", "name": ORGAN}
    assert clerk.open("/admin/agencies").status_code == 403
    for path in ("", "/table", "/x/end", "/x/remove"):
        assert clerk.send(f"/admin/agencies{path}", typed).status_code == 403
        assert chief.client.post(f"/admin/agencies{path}", data=typed).status_code in (400, 403)
    assert table(makers) == []


@pytest.mark.parametrize(
    ("line", "more", "shown", "sure"),
    [
        (("H51", ORGAN, "2017-01-01"), {}, "H51", True),
        (("H51", ORGAN, ""), {}, "H51", False),
        (("H51", "Uỷ ban nhân dân Tỉnh Sóc Trăng", "2017-01-01"), {}, "H51", True),
        (("H51", "Ủy ban nhân dân tỉnh Sóc Tráng", "2017-01-01"), {}, "H51 (Ủy ban nhân dân tỉnh Sóc Tráng)", False),
        (("H51", ORGAN, "2017-01-01"), {"parent_organ": {"value": "Một tỉnh", "sure": True}}, "H51", False),
        (("H51", ORGAN, "2017-01-01"), {"date": {"value": "2020-03-30", "sure": False}}, "H51", False),
        (("H51", ORGAN, "2020-03-31"), {}, None, False),
    ],
)
def test_a_paper_shows_the_code_of_its_organ_on_its_day(desk, makers, line, more, shown, sure):
    with makers.begin() as session:
        session.add(AgencyCode(code="H99", name=OTHER, folded="so mau tinh soc trang"))
        agencies.add(session, *line, actor="an")
    page = desk("clerk").page(f"/documents/{shelve(makers, fields=more)}")
    found = re.search(r"<dt>Mã định danh</dt><dd>(.*?)</dd>", page, re.DOTALL)
    assert (found and found[1].split(" <span")[0]) == shown
    if found:
        assert ("chưa chắc" not in found[1]) == sure
