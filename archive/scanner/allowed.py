"""Which addresses in the network the server may talk to as scanners: those of the settings, and those allowed since.

Whoever may choose the address a server talks to can send it anywhere: only an administrator can, and each is an event.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import history
from archive.config import Settings
from archive.errors import BadValue, Conflict, NotFound
from archive.models import NetworkScanner

_BAD = "Địa chỉ máy quét phải có dạng http://192.168.1.20/eSCL hoặc https://…; chưa cho phép gì. Hãy gõ lại."
_TWICE = "Địa chỉ này đã được cho phép từ trước; không có gì thay đổi."
_NONE = "Không có máy quét này trong danh sách. Không có gì thay đổi."


def of_settings(settings: Settings) -> list[str]:
    """The addresses of VANTHU_SCANNERS."""
    return [checked(one) for one in re.split(r"[\s,;]+", settings.scanners) if one]


def listed(session: Session) -> Sequence[NetworkScanner]:
    """Those an administrator allowed in the web."""
    return session.scalars(sa.select(NetworkScanner).order_by(NetworkScanner.name, NetworkScanner.url)).all()


def urls(session: Session, settings: Settings) -> list[str]:
    """All that may be asked."""
    return list(dict.fromkeys([*of_settings(settings), *(one.url for one in listed(session))]))


def checked(url: str) -> str:
    """An address as it is kept; BadValue for what is none."""
    url = url.strip().rstrip("/")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadValue(_BAD) from None
    plain = re.fullmatch(r"[\w.~%/-]*", parts.path, re.ASCII)
    plain = plain and re.fullmatch(r"[\w.:-]+", parts.hostname or "", re.ASCII)
    if parts.scheme not in ("http", "https") or not plain or parts.username is not None or port == 0 or len(url) > 200:
        raise BadValue(_BAD)
    if parts.query or parts.fragment or ".." in parts.path:
        raise BadValue(_BAD)
    return url if parts.path else f"{url}/eSCL"


def allow(session: Session, url: str, name: str, *, actor: str) -> None:
    """The server may talk to this scanner from now on."""
    url = checked(url)
    if session.scalar(sa.select(NetworkScanner.id).where(NetworkScanner.url == url)):
        raise Conflict(_TWICE)
    name = " ".join(name.split())[:80] or (urlsplit(url).hostname or url)[:80]
    row = NetworkScanner(url=url, name=name, allowed_by=actor)
    session.add(row)
    session.flush()
    history.append(session, actor, "scanner_allowed", f"scanner {row.id}", {"url": url, "name": name})


def forbid(session: Session, number: int, *, actor: str) -> None:
    """It may not any more."""
    row = session.get(NetworkScanner, number)
    if row is None:
        raise NotFound(_NONE)
    history.append(session, actor, "scanner_forbidden", f"scanner {row.id}", {"url": row.url, "name": row.name})
    session.delete(row)
