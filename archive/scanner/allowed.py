"""Which addresses in the network the server may talk to as scanners: those of the settings, and those allowed since.

Whoever may choose the address a server talks to can send it anywhere: only who may change settings can (the roles
admin and it, `archive/access.py`), and each is an event. Addresses of one cable alone (link-local) are refused: at some
of them a machine in a data centre is told its own keys.
"""

from __future__ import annotations

import ipaddress
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
    """Those that were allowed in the web."""
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
    plain = re.fullmatch(r"[\w.~%/-]*", parts.path, re.ASCII) and _is_host(parts.hostname or "")
    if parts.scheme not in ("http", "https") or not plain or parts.username is not None or port == 0 or len(url) > 200:
        raise BadValue(_BAD)
    if parts.query or parts.fragment or ".." in parts.path:
        raise BadValue(_BAD)
    return url if parts.path else f"{url}/eSCL"


def _is_host(host: str) -> bool:
    """A name or a plain address; a name that ends in a number is another spelling of an address (0x7f000001, 127.1)."""
    last = host.removesuffix(".").rpartition(".")[2]
    if ":" not in host and not re.fullmatch(r"[0-9]+|0x[0-9a-f]*", last):
        return re.fullmatch(r"[\w.-]+", host, re.ASCII) is not None
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    inner = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return "%" not in host and not (inner or address).is_link_local


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
