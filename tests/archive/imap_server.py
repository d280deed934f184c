"""A real IMAP server (Dovecot) of a test's own: any name may sign in with one password and has a mailbox of its own.

It listens on several addresses of the loopback, each with a certificate of another kind: see CERTIFICATES.
"""

import contextlib
import datetime as dt
import grp
import ipaddress
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from imap_tools import MailBoxUnencrypted

PASSWORD = "mat-khau"
PROGRAM = shutil.which("dovecot") or "/usr/sbin/dovecot"
_CONFIG = """
base_dir = {root}/run
state_dir = {root}/run
log_path = {root}/log
protocols = imap
listen = {addresses}
ssl = yes
ssl_cert = <{root}/127.0.0.1.pem
ssl_key = <{root}/127.0.0.1.pem
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
    port = {tls_port}
    ssl = yes
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
_LOCAL = "local {0} {{{{\n  ssl_cert = <{{root}}/{0}.pem\n  ssl_key = <{{root}}/{0}.pem\n}}}}\n"
CERTIFICATES = {"127.0.0.1": ("127.0.0.1", 1), "127.0.0.2": ("127.0.0.2", -1), "127.0.0.3": ("127.0.0.9", 1)}
"""Address → whose name its certificate bears, and whether its last day is to come: good, expired, of another."""


class Authority:
    """An office's own: it signs what its mail servers show."""

    def __init__(self):
        self.key, self.name = _new_key(), _called("Nơi cấp chứng thư thử")
        days = (dt.timedelta(-9), dt.timedelta(9))
        self.pem = _pem(self._signed(self.key, self.name, days, x509.BasicConstraints(ca=True, path_length=None)))

    def certificate(self, address, days):
        """PEM of a key and of its certificate for an address, whose last day is so many days away."""
        key, names = _new_key(), x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        last = (dt.timedelta(-9), dt.timedelta(days))
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return key.private_bytes(*form) + _pem(self._signed(key, _called(address), last, names))

    def _signed(self, key, name, days, *more):
        first, last = (dt.datetime.now(dt.UTC) + one for one in days)
        made = x509.CertificateBuilder(self.name, name, key.public_key(), x509.random_serial_number(), first, last)
        usage = dict.fromkeys(("key_cert_sign", "crl_sign"), key is self.key) | {"digital_signature": True}
        others = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only",
                  "decipher_only")  # fmt: skip
        made = made.add_extension(x509.KeyUsage(**usage, **dict.fromkeys(others, False)), critical=True)
        made = made.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        by = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        made = made.add_extension(by, critical=False)
        for one in more:
            made = made.add_extension(one, critical=isinstance(one, x509.BasicConstraints))
        return made.sign(self.key, hashes.SHA256())


def _new_key():
    return ec.generate_private_key(ec.SECP256R1())


def _called(name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


class Wire:
    """Somebody on the line to a server: notes what the client sends, and may change what the server answers."""

    def __init__(self, port, change=lambda piece: piece):
        self.sent, self._change, self._server = b"", change, port
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._door.accept()
                server = socket.create_connection(("127.0.0.1", self._server))
                for pair in ((client, server, self._note), (server, client, self._change)):
                    threading.Thread(target=self._pass_on, args=pair, daemon=True).start()

    def _note(self, piece):
        self.sent += piece
        return piece

    @staticmethod
    def _pass_on(source, target, look):
        with target:
            with contextlib.suppress(OSError):
                while piece := source.recv(1 << 16):
                    target.sendall(look(piece))
            with contextlib.suppress(OSError):
                target.shutdown(socket.SHUT_RDWR)  # the other direction waits for it

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._door.close()


class ImapServer:
    """A running server."""

    def __init__(self):
        with socket.socket() as free, socket.socket() as other:
            free.bind(("127.0.0.1", 0))
            other.bind(("127.0.0.1", 0))
            self.port, self.tls_port = free.getsockname()[1], other.getsockname()[1]
        # Not below pytest's own folder: whoever reads mail is not root, and may not pass through there.
        self.root = Path(tempfile.mkdtemp(prefix="vanthu-imap-"))
        self.root.chmod(0o755)
        who = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        for name in ("run", "mail"):
            (self.root / name).mkdir()
        if os.getuid() == 0:
            os.chown(self.root / "mail", who.pw_uid, who.pw_gid)

        self._certify()
        config, locals_of = self.root / "dovecot.conf", "".join(_LOCAL.format(one) for one in CERTIFICATES)
        config.write_text((_CONFIG + locals_of).format(
            root=self.root, port=self.port, tls_port=self.tls_port, addresses=", ".join(CERTIFICATES),
            user=who.pw_name, group=grp.getgrgid(who.pw_gid).gr_name, uid=who.pw_uid,
            gid=who.pw_gid, password=PASSWORD,
        ))  # fmt: skip
        self.process = subprocess.Popen([PROGRAM, "-F", "-c", str(config)], stderr=subprocess.DEVNULL)
        self._wait()

    def _certify(self):
        authority, self.ca_file = Authority(), self.root / "ca.pem"
        self.ca_file.write_bytes(authority.pem)
        for address, (name, days) in CERTIFICATES.items():
            (self.root / f"{address}.pem").write_bytes(authority.certificate(name, days))

    def _wait(self):
        end = time.monotonic() + 300
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

    def sign_ins(self, user):
        """How often somebody signed in, or tried to, by what the server wrote down."""
        return (self.root / "log").read_text().count(f"user=<{user}>")

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
