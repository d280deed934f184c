"""The one module that talks to a mail server (SMTP)."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage

from archive.config import Settings
from archive.errors import ArchiveError

SECONDS = 20.0


class NotTaken(ArchiveError):
    """The server has not taken the letter; it may be sent again."""


class Unsure(ArchiveError):
    """The line broke while the server took the letter: it may have gone, and is never sent again."""


def send(settings: Settings, letter: EmailMessage) -> None:
    """Hand one letter to the server of the settings. NotTaken, Unsure: their text holds no address, no word of it."""
    try:
        server = _connect(settings)
    except (OSError, smtplib.SMTPException) as error:
        raise NotTaken(_cause(error)) from error
    try:
        _hand_over(server, str(letter["From"]), str(letter["To"]), letter)
    finally:
        server.close()


def _connect(settings: Settings) -> smtplib.SMTP:
    """A session that may send: over TLS and signed in, as the settings say."""
    where, context = (settings.smtp_host, settings.smtp_port), ssl.create_default_context()
    if settings.smtp_security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(*where, timeout=SECONDS, context=context)
    else:
        server = smtplib.SMTP(*where, timeout=SECONDS)
    if settings.smtp_security == "starttls":
        server.starttls(context=context)
    if settings.smtp_user:
        server.login(settings.smtp_user, settings.smtp_password)
    return server


def _hand_over(server: smtplib.SMTP, sender: str, to: str, letter: EmailMessage) -> None:
    try:
        server.ehlo_or_helo_if_needed()
        for code, _said in (server.mail(sender), server.rcpt(to)):
            if not 200 <= code < 300:
                raise NotTaken(f"SMTP {code}")
    except (OSError, smtplib.SMTPException) as error:
        raise NotTaken(_cause(error)) from error
    try:  # from here on the server may have the letter though it did not say so
        code, _said = server.data(letter.as_bytes(policy=letter.policy.clone(linesep="\r\n")))
    except smtplib.SMTPDataError as error:
        raise NotTaken(_cause(error)) from error
    except (OSError, smtplib.SMTPException) as error:
        raise Unsure(_cause(error)) from error
    if code != 250:
        raise NotTaken(f"SMTP {code}")


def _cause(error: Exception) -> str:
    code = getattr(error, "smtp_code", None)
    return f"SMTP {code}" if code else type(error).__name__
