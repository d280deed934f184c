"""How much processor time a process has used, by the two clocks the system has for it: one measures, one counts ticks.

The kernel holds RLIMIT_CPU against the ticks of its clock that met the process, getrusage and /proc tell what was
measured. On a busy machine the two drift apart by a tenth and more, either way: a child whose limit was reckoned from
what was measured was ended after a hundred good pages as if the next had taken too long.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

_AGES = 1e6
"""Seconds that no process of ours reaches."""


def used(pid: int | str) -> float:
    """Seconds measured of a process and of all it started, ended or not; 0 where the system does not say."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        below = [file.read_text().split() for file in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return 0.0
    # utime, stime, cutime, cstime: proc(5)
    own = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return own + sum(used(child) for children in below for child in children)


def count() -> None:
    """Begin to count this process's own ticks: an interval timer that never ends reads the same clock as the limit."""
    signal.setitimer(signal.ITIMER_PROF, _AGES)


def counted() -> float:
    """Seconds of ticks since `count`."""
    return max(0.0, _AGES - signal.getitimer(signal.ITIMER_PROF)[0])
