"""One run of a scanner, from the first page to the last: what the child of a batch does.

Pages are decoded in a child of the child: a page that brings the decoder down is a page that must be scanned again,
and the others go on. A page counts once its facts are written (archive/scanner/leaves.py).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from archive.children import Child
from archive.errors import ArchiveError, DiskFull
from archive.scanner import Ended, Sent, Wanted, escl, facts, sane

WALL, CPU = 60.0, 30.0
"""Seconds for one page."""
STOP = "stop"
"""A file of this name in the batch's folder asks a run to end."""


def feed(folder: str, wanted: Wanted, begin: tuple[int, int], limits: tuple[int, int, int], extra: Sequence[str],
         environment: dict[str, str]) -> Ended:  # fmt: skip
    """Scan into `folder`. `begin`: number of the first page and sheet; `limits`: pages, pixels, bytes left free."""
    os.environ.update(environment)
    place = Path(folder)
    raw = place / "raw"
    shutil.rmtree(raw, ignore_errors=True)
    raw.mkdir()
    kind, _, name = wanted.device.partition(":")
    with Child(name="page") as child:
        keeper = _Keeper(child, place, wanted, begin, limits)

        def stopped() -> bool:
            return (place / STOP).exists()

        try:
            if kind == "sane":
                return sane.scan(name, wanted, raw, limits[0], list(extra), stopped, keeper.keep)
            return escl.scan(name, wanted, raw, limits[0], stopped, keeper.keep)
        except Sent as error:
            return Ended(error.why)
        except OSError:
            return Ended("disk")
        finally:
            shutil.rmtree(raw, ignore_errors=True)


class _Keeper:
    """Makes pages of what the scanner writes, one after another."""

    def __init__(
        self, child: Child, folder: Path, wanted: Wanted, begin: tuple[int, int], limits: tuple[int, int, int]
    ) -> None:
        self._child, self._folder, self._wanted = child, folder, wanted
        self._number, self._sheet = begin
        _, self._pixels, self._reserve = limits
        self._done = 0

    def keep(self, raw: Path) -> None:
        """Keep one page; Sent("disk") when there is no room for it."""
        if shutil.disk_usage(self._folder).free < self._reserve:
            raise Sent("disk")
        sheet = self._sheet + self._done // self._wanted.sides
        place = self._number + self._done, sheet, self._wanted.resolution
        try:
            self._child.run(
                "archive.scanner.leaves:keep", str(raw), str(self._folder), place, self._pixels, wall=WALL, cpu=CPU
            )
        except DiskFull:
            raise Sent("disk") from None
        except ArchiveError:
            facts.note(self._folder, facts.Facts(*place, is_broken=True))
        self._done += 1
        raw.unlink(missing_ok=True)
