"""/admin/holidays: the table deadlines are counted by, as an administrator changes it."""

import datetime as dt

from archive import workdays


def test_a_day_is_added_and_taken_back(desk, makers):
    an = desk("admin")
    assert "Tết Nguyên đán" in an.page("/admin/holidays?year=2027") and "Thứ bảy" in an.page(
        "/admin/holidays?year=2027"
    )
    answer = an.send("/admin/holidays", {"day": "24/11/2027", "name": "Ngày Văn hóa Việt Nam"})
    assert answer.headers["Location"] == "/admin/holidays?year=2027"
    assert "Ngày Văn hóa Việt Nam" in an.page("/admin/holidays?year=2027")
    with makers() as session:
        assert not workdays.calendar(session).works(dt.date(2027, 11, 24))
    assert an.send("/admin/holidays/2027-11-24/remove").status_code == 303
    assert an.send("/admin/holidays/2027-11-24/remove").status_code == 404
    assert an.send("/admin/holidays/hom-nay/remove").status_code == 404


def test_a_wrong_day_is_refused_and_stands_in_the_form(desk):
    an = desk("admin")
    answer = an.send("/admin/holidays", {"day": "mai", "name": "Nghỉ"})
    assert answer.status_code == 422 and 'value="mai"' in answer.text
    answer = an.send("/admin/holidays", {"day": "24/11/2027", "name": "Làm bù", "works": "1"})
    assert answer.status_code == 422 and "thứ bảy hoặc chủ nhật" in answer.text
    assert an.send("/admin/holidays", {"day": "", "name": "Nghỉ"}).status_code == 422


def test_a_year_nobody_has_spoken_of_is_told(desk, makers):
    assert "Chưa có ngày nào" in desk("admin").page("/admin/holidays?year=2050")


def test_only_who_runs_the_machine_changes_the_table(desk):
    for role in ("clerk", "leader", "head"):
        assert desk(role).send("/admin/holidays", {"day": "24/11/2027", "name": "x"}).status_code == 403
