"""The one module that runs `scanimage`, SANE's own program: its devices, what they can, a batch of pages.

Exit statuses and sentences are those of the SANE standard (1.06, 4.2.8), the same with every device.
"""

from __future__ import annotations

import os
import re
import selectors
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO

from archive.scanner import RESOLUTIONS, Device, Ended, Sent, Wanted

PROGRAM = "scanimage"
LOOK = 60.0
"""Seconds to find devices, or to ask one what it can."""
PATIENCE = 120.0
"""Seconds without a page after which a device is given up; scanners warm up for half a minute."""
CALM = 8.0
"""Seconds a device has to stop as it should, so that it is not left in the middle of a sheet."""
A4 = (210.0, 297.0)
NETWORK = ("escl:", "airscan:")
"""Devices that SANE found in the network by itself; they come through archive/scanner/escl.py, once allowed."""
_WORDS = (
    ("out of documents", "empty"), ("jammed", "jam"), ("cover is open", "cover"), ("busy", "busy"),
    ("access to resource", "refused"), ("of device", "gone"), ("no sane devices", "gone"), ("device i/o", "gone"),
    ("setting of option", "setting"), ("rounded value", ""), ("was canceled", "stopped"), ("no space left", "disk"),
)  # fmt: skip
"""What `scanimage` writes when it fails, in the order in which it is looked for."""
_STATUS = {2: "stopped", 3: "busy", 4: "setting", 6: "jam", 7: "empty", 8: "cover", 9: "gone", 11: "refused"}
_OPTION = re.compile(
    r"^ +(--?[a-z][\w-]*)(?:\[=\((?P<yes>[^)]*)\)\])? ?(?P<takes>.*?) \[(?P<now>[^\]]*)\]", re.MULTILINE
)
_SOURCES = {"flatbed": r"flat|platen|normal|fb", "feeder": r"adf|feed|automatic", "duplex": r"duplex|both|two"}
_COLOURS = {"colour": r"colou?r|rgb", "grey": r"gr[ae]y"}

Options = Mapping[str, str]
"""What a device can be told: name of the option → what it takes (`Gray|Color`, `1..1200dpi`)."""


def devices() -> list[Device]:
    """Every scanner of this machine; none where SANE is not installed. Opens each to ask what it can."""
    if shutil.which(PROGRAM) is None:
        return []
    said = _said(["-f", "%d\x1f%v %m%n"])
    pairs = [line.split("\x1f", 1) for line in said.splitlines() if "\x1f" in line]
    return [_device(name, words.replace("_", " ").strip()) for name, words in pairs if not name.startswith(NETWORK)]


def _device(name: str, words: str) -> Device:
    try:
        known = options(name)
    except Sent as error:
        return Device(f"sane:{name}", f"{words} ({name})", trouble=error.why)
    return Device(f"sane:{name}", f"{words} ({name})", *offers(known))


def offers(known: Options) -> tuple[tuple[str, ...], tuple[str, ...], tuple[int, ...]]:
    """Sources, colours and resolutions a device has, in our words."""
    sources = {ours for ours in _SOURCES if _source(known, ours) is not None}
    colours = tuple(ours for ours, like in _COLOURS.items() if _like(known.get("--mode", ""), like))
    dots = tuple(dpi for dpi in RESOLUTIONS if nearest(known.get("--resolution", ""), dpi) == dpi)
    kept = tuple(ours for ours in ("feeder", "duplex", "flatbed") if ours in sources)
    return kept or ("flatbed",), colours or ("colour",), dots or (300,)


def options(name: str) -> Options:
    """What a device can be told now; Sent when it cannot be opened."""
    return told(_said([f"--device-name={name}", "-A"]))


def told(said: str) -> Options:
    """The options in what `scanimage -A` prints, but for those that do nothing now."""
    return {
        found[1]: found["yes"] or found["takes"]
        for found in _OPTION.finditer(said) if "inactive" not in found["now"]
    }  # fmt: skip


def _said(arguments: list[str]) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - SANE's own program, no shell
            [PROGRAM, *arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=LOOK, check=False
        )
    except subprocess.TimeoutExpired:
        raise Sent("late") from None
    except OSError:
        raise Sent("gone") from None
    if done.returncode:
        raise Sent(why(done.returncode, done.stderr.decode("utf-8", "replace")))
    return done.stdout.decode("utf-8", "replace")


def why(status: int, said: str) -> str:
    """What an exit status and the sentences beside it mean, one of the words of `Ended`; done for a good end."""
    words = said.lower()
    found = next((meant for like, meant in _WORDS if meant and like in words), "")
    if status == 0:
        return "empty" if found == "empty" else "done"
    return _STATUS.get(status, "") if found in ("", "gone") and status in _STATUS else found or "trouble"


def arguments(known: Options, wanted: Wanted) -> Iterator[str]:
    """The options that say what is wanted, as far as the device has them; the source first, others depend on it."""
    source = _source(known, wanted.source)
    if source is None:
        raise Sent("setting")
    yield from source
    if mode := _like(known.get("--mode", ""), _COLOURS[wanted.colour]):
        yield f"--mode={mode}"
    if "8" in _choices(known.get("--depth", "")):
        yield "--depth=8"
    if "--resolution" in known:
        if nearest(known["--resolution"], wanted.resolution) != wanted.resolution:
            raise Sent("setting")  # the file would have pages of another size than the paper's
        yield f"--resolution={wanted.resolution}"
    for side, most in (("--page-width", A4[0]), ("--page-height", A4[1]), ("-x", A4[0]), ("-y", A4[1])):
        if found := _range(known.get(side, "")):
            yield f"{side}={min(most, found[1]):g}" if side.startswith("--") else f"{side}{min(most, found[1]):g}"


def _source(known: Options, wanted: str) -> list[str] | None:
    """How a device is told where to take paper from; None when it cannot. Duplex is a source, a mode or a switch."""
    choices = known.get("--source", "")
    if wanted == "duplex":
        if found := _like(choices, _SOURCES["duplex"]):
            return [f"--source={found}"]
        feeder = _source(known, "feeder")
        if feeder is None:
            return None
        if found := _like(known.get("--adf-mode", ""), _SOURCES["duplex"]):
            return [*feeder, f"--adf-mode={found}"]
        return [*feeder, "--duplex=yes"] if "yes" in known.get("--duplex", "") else None
    if not choices:
        return [] if wanted == "flatbed" else None
    found = _like("|".join(one for one in _choices(choices) if not re.search("(?i)duplex|both|back", one)),
                  _SOURCES[wanted])  # fmt: skip
    return [f"--source={found}"] if found else None


def _choices(takes: str) -> list[str]:
    return [one.strip() for one in re.sub(r"(?:dpi|mm|%)$", "", takes).split("|")] if "|" in takes else [takes]


def _like(takes: str, pattern: str) -> str | None:
    """The first choice of an option that is like `pattern`."""
    return next((one for one in _choices(takes) if one and re.search(f"(?i){pattern}", one)), None)


def _range(takes: str) -> tuple[float, float] | None:
    found = re.match(r"(-?[\d.]+)\.\.(-?[\d.]+)", takes)
    return (float(found[1]), float(found[2])) if found else None


def nearest(takes: str, dpi: int) -> int:
    """The resolution a device has that is nearest to `dpi`; `dpi` where it says nothing."""
    if span := _range(takes):
        return round(min(max(dpi, span[0]), span[1]))
    known = [int(one) for one in _choices(takes) if one.isdecimal()]
    return min(known, key=lambda one: (abs(one - dpi), -one)) if known else dpi


def scan(
    name: str, wanted: Wanted, folder: Path, most: int, extra: list[str], stopped: Callable[[], bool],
    keep: Callable[[Path], None],
) -> Ended:  # fmt: skip
    """Scan until the feeder is empty (the flatbed: one page); each page is a PNM file that `keep` is given at once."""
    count = 1 if wanted.source == "flatbed" else most
    told = [f"--device-name={name}", *arguments(options(name), wanted), *extra]
    with subprocess.Popen(  # noqa: S603 - SANE's own program, no shell
        [PROGRAM, *told, "--format=pnm", f"--batch={folder / '%d.pnm'}", "--batch-print", f"--batch-count={count}"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as program:  # fmt: skip
        return _follow(program, folder, count, stopped, keep)


def _follow(
    program: subprocess.Popen[bytes], folder: Path, count: int, stopped: Callable[[], bool],
    keep: Callable[[Path], None],
) -> Ended:  # fmt: skip
    """Hand on each page as it comes, and say how it ended."""
    pages, said, ended = 0, "", ""
    try:
        for source, line in _lines(program, stopped):
            if source == "stderr":
                said = (said + line)[-4000:]
            elif (page := folder / Path(line.strip()).name).is_file():
                keep(page)
                pages += 1
    except Sent as error:
        ended = error.why
    finally:
        status = _end(program)
    ended = ended or why(status, said)
    if ended == "empty" and pages:
        ended = "done"
    return Ended("full" if ended == "done" and pages == count > 1 else ended, pages)


def _lines(program: subprocess.Popen[bytes], stopped: Callable[[], bool]) -> Iterator[tuple[str, str]]:
    """What the program writes, line by line; Sent when a person stops it or nothing comes for too long."""
    rest: dict[str, bytes] = {"stdout": b"", "stderr": b""}
    last = time.monotonic()
    with selectors.DefaultSelector() as ready:
        for name in rest:
            stream: IO[bytes] = getattr(program, name)
            os.set_blocking(stream.fileno(), False)
            ready.register(stream, selectors.EVENT_READ, name)
        while ready.get_map():
            if stopped():
                raise Sent("stopped")
            if time.monotonic() - last > PATIENCE:
                raise Sent("late")
            for key, _ in ready.select(0.3):
                piece = os.read(key.fd, 65536)
                if not piece:
                    ready.unregister(key.fileobj)
                *lines, rest[key.data] = (rest[key.data] + piece).split(b"\n")
                last = time.monotonic()
                yield from ((key.data, line.decode("utf-8", "replace") + "\n") for line in lines)


def _end(program: subprocess.Popen[bytes]) -> int:
    """Let the program end, ask it to, or kill it; its exit status."""
    if program.poll() is None:
        try:
            program.wait(0.5)
        except subprocess.TimeoutExpired:
            program.terminate()
    try:
        return program.wait(CALM)
    except subprocess.TimeoutExpired:
        program.kill()
        return program.wait()
