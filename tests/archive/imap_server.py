"""A real IMAP server (Dovecot) of a test's own: any name may sign in with one password and has a mailbox of its own."""

import contextlib
import grp
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from imap_tools import MailBoxUnencrypted

PASSWORD = "mat-khau"
PROGRAM = shutil.which("dovecot") or "/usr/sbin/dovecot"
_CONFIG = """
base_dir = {root}/run
state_dir = {root}/run
log_path = {root}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{root}/mail/%u
default_login_user = {user}
default_internal_user = {user}
default_internal_group = {group}
first_valid_uid = 1
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={root}/mail/%u
}}
"""


class ImapServer:
    """A running server."""

    def __init__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        # Not below pytest's own folder: whoever reads mail is not root, and may not pass through there.
        self.root = Path(tempfile.mkdtemp(prefix="vanthu-imap-"))
        self.root.chmod(0o755)
        who = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        for name in ("run", "mail"):
            (self.root / name).mkdir()
        if os.getuid() == 0:
            os.chown(self.root / "mail", who.pw_uid, who.pw_gid)

        config = self.root / "dovecot.conf"
        config.write_text(_CONFIG.format(
            root=self.root, port=self.port, user=who.pw_name, group=grp.getgrgid(who.pw_gid).gr_name, uid=who.pw_uid,
            gid=who.pw_gid, password=PASSWORD,
        ))  # fmt: skip
        self.process = subprocess.Popen([PROGRAM, "-F", "-c", str(config)], stderr=subprocess.DEVNULL)
        self._wait()

    def _wait(self):
        end = time.monotonic() + 30
        while time.monotonic() < end:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.1)
        raise AssertionError((self.root / "log").read_text())

    def account(self, user):
        return {"host": "127.0.0.1", "port": self.port, "security": "none", "user": user,
                "password": PASSWORD}  # fmt: skip

    @contextlib.contextmanager
    def box(self, user):
        with MailBoxUnencrypted("127.0.0.1", self.port).login(user, PASSWORD) as box:
            yield box

    def put(self, user, *letters):
        with self.box(user) as box:
            for letter in letters:
                box.append(letter)

    def subjects(self, user, folder):
        """Of the letters in a folder; None: there is no such folder."""
        with self.box(user) as box:
            if not box.folder.exists(folder):
                return None
            box.folder.set(folder)
            return sorted(letter.subject for letter in box.fetch(mark_seen=False, headers_only=True))

    def close(self):
        self.process.terminate()
        self.process.wait(20)
        shutil.rmtree(self.root, ignore_errors=True)


@pytest.fixture(scope="module")
def imap():
    if not Path(PROGRAM).exists():
        if os.environ.get("VANTHU_TEST_SERVERS") == "1":
            pytest.fail("VANTHU_TEST_SERVERS=1, but there is no Dovecot")
        pytest.skip("there is no Dovecot")
    server = ImapServer()
    yield server
    server.close()
