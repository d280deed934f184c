"""Short forms: begun by the migration, typed, switched off and removed by an administrator only."""

import re

from archive import abbreviations
from archive.models import Event


def known(makers):
    with makers() as session:
        return {(row.short, row.long, row.active) for row in abbreviations.listed(session)}


def test_an_office_begins_with_the_short_forms_of_the_law(makers):
    pairs = {(short, long) for short, long, active in known(makers) if active}
    assert {("UBND", "Ủy ban nhân dân"), ("CV", "Công văn"), ("TTr", "Tờ trình"), ("NĐ", "Nghị định")} <= pairs


def test_an_administrator_keeps_the_list(desk, makers):
    chief = desk("admin")
    assert "/admin/abbreviations" in chief.page("/admin")
    typed = {"short": "BTGTU", "long": " Ban  Tuyên giáo Tỉnh ủy ", "kind": "organ"}
    assert chief.send("/admin/abbreviations", typed).status_code == 303
    assert ("BTGTU", "Ban Tuyên giáo Tỉnh ủy", True) in known(makers)
    again = chief.send("/admin/abbreviations", typed | {"long": "Ban Tuyên giáo Tỉnh uỷ"})
    assert again.status_code == 422 and "đã có trong bảng" in again.text and "BTGTU" in again.text
    row = re.search(r"/admin/abbreviations/(\d+)/switch[^§]{0,400}BTGTU", chief.page("/admin/abbreviations"))[1]
    chief.send(f"/admin/abbreviations/{row}/switch")
    assert ("BTGTU", "Ban Tuyên giáo Tỉnh ủy", False) in known(makers)
    chief.send(f"/admin/abbreviations/{row}/switch", {"active": "1"})
    chief.send(f"/admin/abbreviations/{row}/remove")
    assert "BTGTU" not in {short for short, *_ in known(makers)}
    assert chief.send(f"/admin/abbreviations/{row}/remove").status_code == 404
    with makers() as session:
        told = [one.action for one in session.query(Event).filter_by(subject=f"abbreviation {row}").order_by(Event.seq)]
    assert [one.removeprefix("abbreviation_") for one in told] == ["added", "switched_off", "switched_on", "removed"]


def test_what_is_no_short_form_is_refused_with_why(desk, makers):
    chief, before = desk("admin"), known(makers)
    for wrong in (
        {"short": "U B", "long": "Ủy ban", "kind": "organ"}, {"short": "UB", "long": "Ủy", "kind": "organ"},
        {"short": "UB", "long": "Ủy ban", "kind": "x"}, {"short": "UB", "long": "Ủy ban " * 40, "kind": "organ"},
        {"short": "", "long": "", "kind": ""},
    ):  # fmt: skip
        answer = chief.send("/admin/abbreviations", wrong)
        assert answer.status_code == 422 and "Không có gì bị đổi" in answer.text
    assert known(makers) == before


def test_nobody_else_changes_it(desk, makers):
    clerk, before = desk("clerk"), known(makers)
    assert clerk.open("/admin/abbreviations").status_code == 403
    for path in ("", "/1/switch", "/1/remove"):
        assert clerk.send(f"/admin/abbreviations{path}", {"short": "AB", "long": "a b"}).status_code == 403
        assert desk("it", f"đơn vị {path[-3:]}").client.post(f"/admin/abbreviations{path}").status_code in (400, 403)
    assert known(makers) == before
