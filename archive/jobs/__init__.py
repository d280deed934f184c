"""The queue of steps that scans walk: the task table of our own database (`database:`)."""

from __future__ import annotations

from archive.errors import BadSettings
from archive.jobs.desk import Progress, progress, restart, retry, urgent
from archive.jobs.queue import Claim, add, beat, claim, expire, fail, finish, release

__all__ = [
    "Claim", "Progress", "add", "beat", "claim", "expire", "fail", "finish", "open_jobs", "progress", "release",
    "restart", "retry", "urgent",
]  # fmt: skip


def open_jobs(url: str) -> None:
    """Check the setting `jobs`; a broker would only carry hints that there is work, the table stays the truth."""
    if url != "database:":
        raise BadSettings(f"Hàng đợi không rõ: {url}. Phiên bản này chỉ dùng database:.")
