"""The page on which a clerk says, after a restore, which number was last on paper."""

import datetime as dt

import pytest

from archive import register, register_restored
from archive.errors import NumbersUnknown
from archive.models import Restore, now
from tests.archive import offices


def bring_back(makers):
    with makers.begin() as session:
        register.register(session, offices.document(session), "den", dt.date(2026, 3, 25), actor="lan")
        session.add(Restore(snapshot="x", made_at=now() - dt.timedelta(days=1), by="cli"))


def test_a_book_asks_until_it_was_told(desk, makers):
    clerk = desk("clerk")
    assert b"/register/restored" not in clerk.open("/register").data
    bring_back(makers)
    assert b"/register/restored" in clerk.open("/register").data
    assert b"/register/restored" not in desk("leader").open("/register").data
    form = {"book": "den", "year": "2026"}
    for typed, status in (("", 422), ("0", 422), ("99999", 422), ("abc", 422)):
        refused = clerk.send("/register/restored", form | {"last": typed})
        assert refused.status_code == status and "Không có số nào bị đổi" in refused.text
    assert clerk.send("/register/restored", form | {"last": "4"}).status_code == 303
    assert clerk.send("/register/restored", form | {"last": "4"}).status_code == 409
    with makers.begin() as session:
        paper = offices.document(session)
        assert register.register(session, paper, "den", dt.date(2026, 3, 25), actor="lan").number == 5
        assert [one.year for one in register_restored.asked(session)] in ([], [now().year])


def test_a_form_that_wants_a_number_is_told_where_to_say_it(desk, makers):
    bring_back(makers)
    with makers() as session, pytest.raises(NumbersUnknown, match="Số cuối trên giấy"):
        register.register(session, offices.document(session), "den", dt.date(2026, 3, 25), actor="lan")
