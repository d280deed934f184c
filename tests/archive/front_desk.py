"""The door for files that hold others, as tests of messages and ZIPs use it; and a process that dies in it."""

import io
import signal
import subprocess
import sys
import warnings
import zipfile

import sqlalchemy as sa

from archive import front_door
from archive.blobs import open_blobs


def zipped(*files, packing=zipfile.ZIP_DEFLATED):
    """(name or ZipInfo, content) as a ZIP."""
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", packing) as archive:
        warnings.simplefilter("ignore")  # two of one name
        for name, content in files:
            archive.writestr(name, content)
    return out.getvalue()


class FrontDesk:
    """Takes files as a door does."""

    NAME = "x"

    def __init__(self, settings, sessions):
        self.settings, self.sessions, self.blobs = settings, sessions, open_blobs(settings.blobs, settings.data)

    def take(self, content, name=None, **more):
        content = content.encode() if isinstance(content, str) else content
        return front_door.receive(self.sessions, self.blobs, self.settings, io.BytesIO(content), name or self.NAME,
                                  actor="lan", source="web", **more)  # fmt: skip

    def count(self, *tables):
        with self.sessions() as session:
            return [session.scalar(sa.select(sa.func.count()).select_from(table)) for table in tables]


_KILLED = """
import os, signal, sys
from archive import config, database, front_door, intake
from archive.blobs import open_blobs
from pathlib import Path
settings = config.load(data=Path(sys.argv[1]), reserve_mb=1)
real, left = intake.receive, int(sys.argv[3])
def receive(*args, **more):
    global left
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    return real(*args, **more)
intake.receive = receive
sessions = database.sessions(database.open_engine(settings.database_url))
front_door.receive(sessions, open_blobs(settings.blobs, settings.data), settings, open(sys.argv[2], "rb"), "x",
                   actor="lan", source="web")
"""


def is_killed(desk, file, received):
    """Whether a process that takes the file at this desk was killed after so many of the papers in it."""
    command = [sys.executable, "-c", _KILLED, str(desk.settings.data), str(file), str(received)]
    return subprocess.run(command, timeout=300, check=False).returncode == -signal.SIGKILL
