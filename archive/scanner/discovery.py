"""Network scanners that make themselves known by mDNS (`_uscan._tcp`, `_uscans._tcp`); needs the extra `discovery`.

What is found is only shown: a stranger in the network may announce anything, so nothing is asked before
its address was allowed. Called in a child: it parses what anybody sends.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

SECURE, PLAIN = "_uscans._tcp.local.", "_uscan._tcp.local."
SECONDS = 3.0
MOST = 50


@dataclass(frozen=True, slots=True)
class Found:
    """One announcement."""

    name: str
    url: str


def is_installed() -> bool:
    """Whether the extra is there."""
    return importlib.util.find_spec("zeroconf") is not None


def found(seconds: float = SECONDS, interfaces: Sequence[str] | None = None) -> tuple[Found, ...]:
    """Who answers within `seconds`, by address; `interfaces`: own addresses, all when None. ImportError without it."""
    import zeroconf

    names: set[tuple[str, str]] = set()

    def hear(**told: Any) -> None:
        if len(names) < MOST:
            names.add((told["service_type"], told["name"]))

    known: dict[str, Found] = {}
    with zeroconf.Zeroconf(interfaces=list(interfaces) if interfaces else zeroconf.InterfaceChoice.All) as network:
        browser = zeroconf.ServiceBrowser(network, [SECURE, PLAIN], handlers=[hear])
        time.sleep(seconds)
        for kind, name in sorted(names):
            info = network.get_service_info(kind, name, timeout=1000)
            if one := _found(kind, info):
                known.setdefault(one.url, one)
        browser.cancel()
    return tuple(known.values())


def _found(kind: str, info: Any) -> Found | None:
    addresses = info.parsed_addresses() if info else []
    if not addresses or not info.port:
        return None
    told = {key: value or b"" for key, value in info.properties.items()}
    path = told.get(b"rs", b"eSCL").decode("utf-8", "replace").strip("/")
    name = told.get(b"ty", b"").decode("utf-8", "replace") or info.name.removesuffix("." + kind)
    address = next((one for one in addresses if ":" not in one), f"[{addresses[0]}]")
    scheme = "https" if kind == SECURE else "http"
    return Found(name[:80], f"{scheme}://{address}:{info.port}/{path}")
