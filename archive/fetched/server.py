"""The one module that talks to mail servers (IMAP4rev1, RFC 3501; MOVE, RFC 6851)."""

from __future__ import annotations

import contextlib
import imaplib
import re
import ssl
from collections.abc import Iterator
from typing import Any

from imap_tools import BaseMailBox, ImapToolsError, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.utils import encode_folder

from archive.errors import BadSettings, Transient
from archive.fetched.accounts import Account

SECONDS = 60.0
"""Without an answer after which the server counts as away."""
DONE, REFUSED = "VanThuDone", "VanThuRefused"
"""Keywords of letters that could not be moved."""
_WAITING = f"UNDELETED UNKEYWORD {DONE} UNKEYWORD {REFUSED}"


_UNTRUSTED = (
    "không do nơi được tin cậy cấp. Nếu cơ quan có nơi cấp chứng thư riêng, hãy đặt ca_file của hộp thư là tệp PEM "
    "của nơi ấy; nếu không, có thể ai đó đang giả máy chủ"
)
_CERTIFICATES = {
    9: "chưa đến ngày có hiệu lực. Hãy xem ngày giờ của máy này, hoặc báo người quản trị máy chủ thư",
    10: "đã hết hạn. Hãy báo người quản trị máy chủ thư thay chứng thư",
    62: "của máy khác. Hãy ghi host đúng như tên trong chứng thư; nếu đã đúng, có thể ai đó đang giả máy chủ",
    64: "của máy khác. Hãy ghi host đúng như tên trong chứng thư; nếu đã đúng, có thể ai đó đang giả máy chủ",
}
"""OpenSSL's X509_V_ERR_… → what is wrong with the certificate, and what to do."""


class MailAway(Transient):
    """The mail server does not answer, or not as it should; letters stay where they are."""


class Distrusted(MailAway):
    """Nobody knows whether it is the office's mail server, or the line is open: nobody signed in there."""


@contextlib.contextmanager
def opened(account: Account) -> Iterator[Mailbox]:
    """The folder of an account, signed in. MailAway whatever the server does; BadSettings without a password."""
    secret = account.secret()
    with _told(account):
        box = _connect(account)
    try:
        with _told(account):
            box.login(account.user, secret, initial_folder=account.folder)
        yield Mailbox(account, box)
    finally:
        with contextlib.suppress(OSError, imaplib.IMAP4.error, ImapToolsError):
            box.logout()


def _connect(account: Account) -> BaseMailBox:
    """A server that is who it says it is, on a line of which nobody reads; by `none` any. Distrusted."""
    if account.security == "none":
        return MailBoxUnencrypted(account.host, account.at_port, timeout=SECONDS)
    kind, context = MailBox if account.security == "tls" else _StartTls, _context(account)
    try:
        return kind(account.host, account.at_port, timeout=SECONDS, ssl_context=context)
    except ssl.SSLCertVerificationError as error:
        why = _CERTIFICATES.get(error.verify_code, _UNTRUSTED)
        raise _distrusted(account, f"chứng thư của máy chủ {account.host} {why}") from error
    except (ssl.SSLError, imaplib.IMAP4.error, ImapToolsError) as error:
        if not isinstance(error, ssl.SSLError) and "TLS" not in str(error):
            raise  # it is busy, or on its way down
        why = "không nhận kết nối mã hoá (TLS). Hãy xem lại security và port của hộp thư"
        raise _distrusted(account, f"máy chủ {account.host} {why}") from error


class _StartTls(MailBoxStartTls):
    """The library's own leaves the line open where the server refuses."""

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        client = imaplib.IMAP4(self._host, self._port, self._timeout)
        try:
            client.starttls(self._ssl_context)
        except (OSError, imaplib.IMAP4.error):
            with contextlib.suppress(OSError):  # it is closed already where the certificate was refused
                client.shutdown()
            raise
        return client


def _context(account: Account) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=account.ca_file or None)
    except (OSError, ValueError) as error:  # no file, or no PEM
        raise BadSettings(f"Không đọc được tệp chứng thư ca_file của hộp thư {account.label}.") from error


def _distrusted(account: Account, why: str) -> Distrusted:
    return Distrusted(f"Hộp thư {account.label}: {why}. Chưa gửi tên và mật khẩu nào đi; thư vẫn nằm ở máy chủ.")


@contextlib.contextmanager
def _told(account: Account) -> Iterator[None]:
    try:
        yield
    except (OSError, imaplib.IMAP4.error, ImapToolsError) as error:
        raise MailAway(f"Hộp thư {account.label} không dùng được ({type(error).__name__}).") from error


class Mailbox:
    """An open folder of letters."""

    def __init__(self, account: Account, box: BaseMailBox) -> None:
        self._account, self._box = account, box
        self._moves: bool | None = None

    def waiting(self) -> list[str]:
        """UIDs of the letters nobody has dealt with, oldest first."""
        with _told(self._account):
            return sorted(self._box.uids(_WAITING, charset=None), key=int)

    def size(self, uid: str) -> int | None:
        """Bytes of a letter; None: it is gone."""
        found = re.search(rb"RFC822\.SIZE (\d+)", b" ".join(self._fetch(uid, "RFC822.SIZE")))
        return int(found[1]) if found else None

    def content(self, uid: str) -> bytes | None:
        """A whole letter, not marked as read; None: it is gone."""
        pieces = self._fetch(uid, "BODY.PEEK[]")
        return pieces[1] if len(pieces) > 1 else None

    def _fetch(self, uid: str, what: str) -> list[bytes]:
        with _told(self._account):
            status, answer = self._box.client.uid("FETCH", uid, f"(UID {what})")
        if status != "OK":  # moved by another process between two words
            return []
        ours = [one for one in answer if one and _is_of(one, uid)]
        return [*ours[0]] if ours and isinstance(ours[0], tuple) else [one for one in ours if isinstance(one, bytes)]

    def put_aside(self, uid: str, *, refused: bool) -> None:
        """Mark a letter as read and move it, for everything of it is committed; where it cannot move, mark it."""
        folder = self._account.refused_folder if refused else self._account.done_folder
        with _told(self._account):
            self._store(uid, r"(\Seen)")
            if not folder or not self._can_move():
                self._store(uid, f"(\\Flagged {REFUSED})" if refused else f"({DONE})")
                return
            self._make(folder)
            answer = self._box.client.uid("MOVE", uid, encode_folder(folder).decode())
            if answer[0] != "OK" and self.size(uid) is not None:
                raise imaplib.IMAP4.error(answer[0])

    def _can_move(self) -> bool:
        """Asked of the server now: before the sign-in it tells less, and that is what the library remembers."""
        if self._moves is None:
            _status, said = self._box.client.capability()
            self._moves = b"MOVE" in said[0].upper().split()
        return self._moves

    def _store(self, uid: str, flags: str) -> None:
        answer = self._box.client.uid("STORE", uid, "+FLAGS.SILENT", flags)
        if answer[0] != "OK" and self.size(uid) is not None:
            raise imaplib.IMAP4.error(answer[0])

    def _make(self, folder: str) -> None:
        if not self._box.folder.exists(folder):
            with contextlib.suppress(ImapToolsError):  # another process made it at the same moment
                self._box.folder.create(folder)


def _is_of(answer: Any, uid: str) -> bool:
    """Whether a piece of an answer is about this letter: servers tell news of others in between."""
    head = answer[0] if isinstance(answer, tuple) else answer
    return re.search(rb"UID %d\b" % int(uid), head) is not None
