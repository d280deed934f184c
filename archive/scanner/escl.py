"""Network scanners by eSCL (AirScan, the protocol of Mopria): a small client on the standard library.

Whatever answers is a stranger: sizes and times have limits, no redirect is followed, a job is asked for at the same
host only, XML is read without entities. Certificates are not checked, scanners sign their own: only addresses that were
given or allowed are ever asked (archive/scanner/allowed.py).
"""

from __future__ import annotations

import http.client
import re
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from archive.scanner import COLOURS, RESOLUTIONS, Device, Ended, Sent, Wanted

ANSWER = 20.0
"""Seconds of silence after which a scanner is given up."""
PAGE = 120.0
"""Seconds one page may take, from the question to its last byte."""
ABLE = 10.0
"""Seconds in which a scanner must have said what it can."""
XML = 1 << 20
JPEG = 64 << 20
"""Bytes of one answer and of one page at most."""
_SCAN = "http://schemas.hp.com/imaging/escl/2011/05/03"
_PWG = "http://www.pwg.org/schemas/2010/12/sm"
_CAPS = {"flatbed": "PlatenInputCaps", "feeder": "AdfSimplexInputCaps", "duplex": "AdfDuplexInputCaps"}
_MODES = {"colour": "RGB24", "grey": "Grayscale8"}
_A4 = (2480, 3508)
"""In three hundredths of an inch."""
_ADF = (("jam", "jam"), ("mispick", "jam"), ("multipick", "jam"), ("hatch", "cover"), ("empty", "empty"))
"""States of a feeder (ScannerAdfJam, ScannerAdfHatchOpen …) as they are looked for."""
_FAULTS = ("jam", "cover", "trouble", "gone")
_NETWORK = (OSError, http.client.HTTPException, ValueError)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    location: str
    body: bytes


def device(url: str) -> Device:
    """What the scanner at an address can do; one that does not answer is told of with its trouble."""
    try:
        return _device(url, _tree(_ask(url, "GET", "/ScannerCapabilities", seconds=ABLE)))
    except Sent as error:
        return untold(url, error.why)
    except (ValueError, RecursionError):
        return untold(url, "strange")


def untold(url: str, why: str) -> Device:
    """A scanner that has not said what it can."""
    return Device(f"escl:{url}", url, trouble=why)


def _device(url: str, tree: Any) -> Device:
    name = _text(tree, "MakeAndModel")[:80] or url
    sources = tuple(ours for ours in ("feeder", "duplex", "flatbed") if _first(tree, _CAPS[ours]) is not None)
    modes = {one.text for one in _all(tree, "ColorMode")}
    colours = tuple(ours for ours in COLOURS if _MODES[ours] in modes)
    dots = tuple(dpi for dpi in RESOLUTIONS if dpi in _dots(tree))
    host = urlsplit(url).hostname or url
    return Device(f"escl:{url}", f"{name} ({host})", sources, colours or COLOURS, dots or (300,))


def _dots(tree: Any) -> set[int]:
    known = {_number(one.text) for one in _all(tree, "XResolution")}
    for span in _all(tree, "XResolutionRange"):
        low, high = (_number(_text(span, end)) for end in ("Min", "Max"))
        if low and high:
            known |= {dpi for dpi in RESOLUTIONS if low <= dpi <= high}
    return known


def _number(text: str | None) -> int:
    """0 for what is none, or none that a scanner has."""
    return int(text) if text and re.fullmatch(r"[0-9]{1,6}", text.strip()) else 0


def scan(
    url: str, wanted: Wanted, folder: Path, most: int, stopped: Callable[[], bool], keep: Callable[[Path], None]
) -> Ended:
    """Scan until the feeder is empty; each page is a JPEG file that `keep` is given at once."""
    pages, ended = 0, "done"
    job = ""
    try:
        ready = _state(url, wanted.source)
        if ready != "done":
            return Ended(ready)
        job = _begin(url, wanted)
        for page in _pages(url, job, folder, stopped):
            keep(page)
            pages += 1
            if wanted.source == "flatbed" or pages >= most:
                ended = "done" if wanted.source == "flatbed" else "full"
                break
        else:
            state = _state(url, wanted.source)
            ended = state if state in _FAULTS else "done"  # it may say for a moment that it is busy
    except Sent as error:
        ended = error.why
    finally:
        _close(url, job)
    if ended == "empty" and pages:
        ended = "done"
    return Ended("empty" if ended == "done" and not pages else ended, pages)


def _state(url: str, source: str) -> str:
    """Whether it can scan: done, or why not in the words of `Ended`."""
    tree = _tree(_ask(url, "GET", "/ScannerStatus"))
    feeder = _text(tree, "AdfState").lower() if source != "flatbed" else ""
    if found := next((meant for like, meant in _ADF if like in feeder), ""):
        return found
    return {"processing": "busy", "stopped": "trouble", "down": "gone"}.get(_text(tree, "State").lower(), "done")


def _begin(url: str, wanted: Wanted) -> str:
    """Start a job; the path where its pages are asked for."""
    answer = _ask(url, "POST", "/ScanJobs", _settings(wanted).encode())
    if answer.status == 201:
        path = urlsplit(answer.location).path
        if not path.startswith("/") or len(path) > 500 or not path.isascii() or not path.isprintable() or " " in path:
            raise Sent("strange")
        return path.rstrip("/")
    if answer.status in (409, 503):
        state = _state(url, wanted.source)
        raise Sent("busy" if state == "done" else state)
    raise Sent("setting" if 400 <= answer.status < 500 else "trouble")


def _settings(wanted: Wanted) -> str:
    duplex = f"<scan:Duplex>{str(wanted.source == 'duplex').lower()}</scan:Duplex>"
    source = "Platen" if wanted.source == "flatbed" else "Feeder"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><scan:ScanSettings xmlns:scan="{_SCAN}" xmlns:pwg="{_PWG}">'
        "<pwg:Version>2.0</pwg:Version><scan:Intent>Document</scan:Intent>"
        "<pwg:ScanRegions><pwg:ScanRegion>"
        "<pwg:ContentRegionUnits>escl:ThreeHundredthsOfInches</pwg:ContentRegionUnits>"
        f"<pwg:XOffset>0</pwg:XOffset><pwg:YOffset>0</pwg:YOffset><pwg:Width>{_A4[0]}</pwg:Width>"
        f"<pwg:Height>{_A4[1]}</pwg:Height></pwg:ScanRegion></pwg:ScanRegions>"
        f"<pwg:InputSource>{source}</pwg:InputSource><pwg:DocumentFormat>image/jpeg</pwg:DocumentFormat>"
        f"<scan:DocumentFormatExt>image/jpeg</scan:DocumentFormatExt><scan:ColorMode>{_MODES[wanted.colour]}"
        f"</scan:ColorMode><scan:XResolution>{wanted.resolution}</scan:XResolution>"
        f"<scan:YResolution>{wanted.resolution}</scan:YResolution>{duplex if source == 'Feeder' else ''}"
        "</scan:ScanSettings>"
    )


def _pages(url: str, job: str, folder: Path, stopped: Callable[[], bool]) -> Iterator[Path]:
    """Page after page until the scanner says that there are no more (404)."""
    number, since = 1, time.monotonic()
    while True:
        if stopped():
            raise Sent("stopped")
        answer = _ask(url, "GET", f"{job}/NextDocument", most=JPEG, at_root=True)
        if answer.status == 200:
            if not answer.body.startswith(b"\xff\xd8\xff"):
                raise Sent("strange")
            page = folder / f"{number}.jpg"
            page.write_bytes(answer.body)
            yield page
            number, since = number + 1, time.monotonic()
        elif answer.status == 503 and time.monotonic() - since < PAGE:
            time.sleep(0.5)
        elif answer.status in (404, 410):
            return
        else:
            raise Sent("late" if answer.status == 503 else _trouble(url))


def _trouble(url: str) -> str:
    """Why a job broke off."""
    state = _state(url, "feeder")
    return "trouble" if state in ("done", "empty") else state


def _close(url: str, job: str) -> None:
    """Tell the scanner that nobody asks for more of this job; where it has ended it says 404."""
    if job:
        try:
            _ask(url, "DELETE", job, at_root=True)
        except Sent:
            return


def _ask(
    url: str, method: str, path: str, body: bytes | None = None, most: int = XML, *, at_root: bool = False,
    seconds: float = PAGE,
) -> _Answer:  # fmt: skip
    """One question; Sent("gone") for whatever goes wrong on the way."""
    parts = urlsplit(url)
    where = path if at_root else parts.path.rstrip("/") + path
    headers = {"Content-Type": "text/xml"} if body else {}
    connection = _connection(parts.scheme, parts.hostname or "", parts.port, min(ANSWER, seconds))
    deadline = time.monotonic() + seconds
    try:
        connection.request(method, where, body, headers)
        answer = connection.getresponse()
        return _Answer(answer.status, answer.getheader("Location", ""), _body(answer, most, deadline))
    except _NETWORK:
        raise Sent("gone") from None
    finally:
        connection.close()


def _connection(scheme: str, host: str, port: int | None, silence: float) -> http.client.HTTPConnection:
    if scheme != "https":
        return http.client.HTTPConnection(host, port, timeout=silence)
    unchecked = ssl.create_default_context()
    unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
    return http.client.HTTPSConnection(host, port, timeout=silence, context=unchecked)


def _body(answer: http.client.HTTPResponse, most: int, deadline: float) -> bytes:
    """The whole body; Sent when it is too large or dribbles."""
    pieces, size = [], 0
    while piece := answer.read1(1 << 16):
        pieces.append(piece)
        size += len(piece)
        if size > most:
            raise Sent("strange")
        if time.monotonic() > deadline:
            raise Sent("late")
    if answer.length:  # it broke off before the length it had announced
        raise Sent("gone")
    return b"".join(pieces)


def _tree(answer: _Answer) -> Any:
    if answer.status != 200:
        raise Sent("busy" if answer.status == 503 else "trouble")
    try:
        return ElementTree.fromstring(answer.body, forbid_dtd=True)
    except (ElementTree.ParseError, DefusedXmlException, ValueError):
        raise Sent("strange") from None


def _all(tree: Any, name: str) -> list[Any]:
    """Elements by their local names: makers disagree about namespaces."""
    return [one for one in tree.iter() if isinstance(one.tag, str) and one.tag.rpartition("}")[2] == name]


def _first(tree: Any, name: str) -> Any:
    return next(iter(_all(tree, name)), None)


def _text(tree: Any, name: str) -> str:
    found = _first(tree, name)
    return (found.text or "").strip() if found is not None else ""
