"""No secret and no text of a paper in any log, whether things go well or fail: marked words are sent everywhere."""

import logging
import os
import re
import subprocess
import sys
import traceback

import pyotp
import pytest
import sqlalchemy as sa

from archive import people, second_factor
from archive.models import Outbox, User, now
from tests import engines
from tests.server import hostile, shelf
from tests.server.desk import Desk

WORD = "matmabimat"
PASSWORD = f"{WORD} mat khau"


@pytest.fixture
def heard(caplog):
    """Every record of every logger, down to DEBUG of ours."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger("vanthu").setLevel(logging.DEBUG)
    return caplog


def told(heard):
    """What was logged, with tracebacks as a handler would write them."""
    lines = [logging.Formatter("%(name)s %(message)s").format(record) for record in heard.records]
    return "\n".join(line for line in lines if not line.startswith(("hypothesis", "asyncio")))


def test_signing_in_and_failing_to_logs_no_secret(app, makers, heard):
    with makers.begin() as session:
        user = people.add_user(session, "van", "admin", None, PASSWORD, full_name=f"Vân {WORD}")
        link = "khong-dung"
        key = people.new_token(session, user, "máy", ["read"])
        keyring = app.extensions["vanthu"].keyring
        secret = second_factor.begin(session, keyring, user)
        codes = second_factor.confirm(session, keyring, user, pyotp.TOTP(secret).at(now()))
    van = Desk(app)
    for password in (f"{WORD} sai", PASSWORD):
        van.sign_in("van", password)
    for code in ("000000", f"{WORD}", codes[0]):
        van.client.post("/login/code", data={"code": code})
    cookie = van.client.get_cookie("vanthu").value
    van.open("/register", headers={"Authorization": f"Bearer {key}"})
    van.open("/register", headers={"Authorization": f"Bearer {key}x"})
    van.open(f"/setup/{link}{WORD}")
    app.view_functions["register.look"] = lambda: 1 / 0
    assert van.open(f"/register?q={WORD}").status_code == 500
    text = told(heard)
    assert "unforeseen" in text
    for hidden in (WORD, cookie, key, secret, *codes):
        assert hidden not in text


def test_papers_that_are_read_searched_and_broken_log_no_word(app, makers, desk, heard, office_engine):
    van = desk("admin")
    things = hostile.fill(app, makers, [f"{WORD} x00x", f"=2 {WORD} x01x"])
    asked = [f"/search?q={WORD}", f"/search?q={WORD}&type={WORD}", f"/documents/{things['whole']}", f"/{WORD}"]
    asked += [f"/api/v1/search?q={WORD}(", f"/admin/users/{WORD}", f"/register?year={WORD}", "/register/2026.pdf"]
    for path in asked:
        van.open(path)
    van.upload(f"{WORD} khong phai PDF".encode(), f"{WORD}.pdf")
    van.send("/admin/users", {"name": WORD, "role": WORD, "password": PASSWORD})
    with makers.begin() as session:
        session.add(Outbox(document_id=things["whole"]))
    shelf.index(app, makers)
    with engines.gone(office_engine):
        assert van.open(f"/search?q={WORD}").status_code == 503
        assert van.open("/register?year=2026").status_code == 503
    app.extensions["vanthu"].search.close()
    assert WORD not in told(heard)


def test_an_error_of_the_database_hides_what_was_written(sessions, heard):
    with pytest.raises(sa.exc.IntegrityError) as failed, sessions.begin() as session:
        session.add(User(name=WORD, full_name=WORD, role="clerk", password_hash=WORD))
        session.add(User(name=WORD, full_name=WORD, role="clerk", password_hash=WORD))
    assert WORD not in "".join(traceback.format_exception(failed.value)) and WORD not in told(heard)
    assert "name" in str(failed.value.orig)


def test_a_command_that_fails_prints_no_secret(tmp_path):
    given = {"VANTHU_DATA": str(tmp_path), "VANTHU_SMTP_PASSWORD": WORD, "VANTHU_OIDC_CLIENT_SECRET": WORD,
             "VANTHU_DATABASE": f"postgresql+psycopg://van:{WORD}@127.0.0.1:1/khong"}  # fmt: skip
    for command in (["check"], ["user", "list"]):
        done = subprocess.run(
            [sys.executable, "-m", "server.cli", *command], env={**os.environ, **given}, capture_output=True, text=True
        )
        assert done.returncode != 0
        assert not re.search(WORD, done.stdout + done.stderr)
