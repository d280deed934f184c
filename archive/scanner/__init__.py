"""The door of the scanner: devices of this machine (SANE) and of the network (eSCL), batches of pages, files of them.

Pages lie in DATA/scanning/BATCH until a person hands the batch in; each is durable before it is shown. What talks to a
scanner or decodes its bytes runs in a killable child.
"""

from __future__ import annotations

from dataclasses import dataclass

SOURCES = ("feeder", "duplex", "flatbed")
COLOURS = ("colour", "grey")
RESOLUTIONS = (150, 200, 300, 400, 600)
"""Dots an inch that are offered, as far as a device has them."""


@dataclass(frozen=True, slots=True)
class Device:
    """One scanner and what it can do."""

    id: str
    """`sane:NAME` or `escl:URL`."""
    name: str
    sources: tuple[str, ...] = ()
    """Of SOURCES."""
    colours: tuple[str, ...] = COLOURS
    resolutions: tuple[int, ...] = RESOLUTIONS
    trouble: str = ""
    """Why it cannot scan now, one of the words of `Ended`; "" when it can."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How pages are to be scanned."""

    device: str
    """`Device.id`"""
    source: str = "feeder"
    resolution: int = 300
    colour: str = "colour"

    @property
    def sides(self) -> int:
        """Pages that one sheet gives."""
        return 2 if self.source == "duplex" else 1


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run of the scanner ended, and after how many pages of it."""

    why: str
    """done · stopped (by the clerk) · full (as many pages as a file may have) · empty (no sheet in the feeder) · jam ·
    cover (open) · busy · gone (no such device, or it does not answer) · refused (no right to use it) · setting (it does
    not take what was asked for) · late (no page in time) · strange (it sent no picture) · trouble (it says no more) ·
    disk (no room) · crashed (our own program)"""
    pages: int = 0


class Sent(Exception):
    """A scanner said no: `why` as in `Ended`."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why
