"""The web is killed -9 while an app sends: what was not answered is sent again, and is one paper."""

import asyncio
import contextlib
import subprocess
import sys

import pytest
import sqlalchemy as sa
from easypaperless import PaperlessClient, TaskStatus, TransportError

from archive import people
from archive.models import ClientUpload, Event, Scan, Task
from tests.faults.line import picture
from tests.server.desk import Desk


@contextlib.contextmanager
def web(data, moment=""):
    """The address of a web in a process of its own."""
    command = [sys.executable, "-m", "tests.server.paperless.serving", str(data), moment]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.kill()


async def sent(address, key, content):
    async with PaperlessClient(address, key) as client:
        return await client.tasks.get(await client.documents.upload(content, filename="a.png"))


def test_killed_between_bytes_and_answer_and_sent_again_there_is_one_paper(settings, makers):
    with makers.begin() as session:
        user = people.add_user(session, "van", "clerk", None, Desk.PASSWORD)
        key = people.new_token(session, user, "phone", ["read", "write"])
    content = picture(7)
    for moment in ("row", "answer"):
        with web(settings.data, moment) as address, pytest.raises(TransportError):
            asyncio.run(sent(address, key, content))
        with makers() as session:  # nobody was told so, but it is there
            assert session.scalars(sa.select(Scan.source)).all() == ["app"]
            assert len(session.scalars(sa.select(ClientUpload)).all()) == (moment == "answer")
    with web(settings.data) as address:
        task = asyncio.run(sent(address, key, content))
    # The archive cannot know that nobody heard of the task that it had written down.
    assert (task.status, "duplicate" in task.result) == (TaskStatus.FAILURE, True)
    with makers() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Scan)) == 1
        assert session.scalar(sa.select(sa.func.count()).select_from(Task)) == 1
        assert session.scalar(sa.select(sa.func.count()).where(Event.action == "received")) == 1
