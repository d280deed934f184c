"""vanthu remind, and who starts it."""

import os

import pytest
from click.testing import CliRunner

from archive.config import Settings, load
from archive.errors import BadSettings
from server.cli import main
from server.supervisor import _parts


def test_without_a_mail_server_nothing_is_sent(tmp_path):
    done = CliRunner().invoke(main, ["--data", str(tmp_path), "remind", "--once"])
    assert (done.exit_code, done.output) == (0, "0\n")


@pytest.mark.parametrize(("host", "started"), [("", False), ("mail.tinh.example", True)])
def test_the_supervisor_starts_it_where_a_mail_server_is_set(tmp_path, host, started):
    reading, writing = os.pipe()
    try:
        parts = _parts(Settings(data=tmp_path, workers=1, smtp_host=host), reading)
        assert ("remind" in [part.command for part in parts]) is started
    finally:
        os.close(reading)
        os.close(writing)


@pytest.mark.parametrize("wrong", [{"VANTHU_SMTP_SECURITY": "ssl"}, {"VANTHU_REMIND_AT": "25:00"}])
def test_a_setting_that_cannot_be_is_refused_by_name(wrong):
    with pytest.raises(BadSettings, match=next(iter(wrong)).removeprefix("VANTHU_").lower()):
        load(environ=wrong)


def test_the_password_is_never_shown():
    assert Settings(smtp_password="bi mat").masked()["smtp_password"] == "***"
