"""A file in another one: in a message, in a ZIP. Children that open those tell of it, so nothing is imported here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class File:
    """`number` names its bytes in the folder of what was opened, `why` says why it was left there.

    Of those left in a ZIP only ZIPs have a SHA-256: one that is in quarantine by itself takes this one there.
    """

    number: int
    name: str
    size: int
    sha256: str = ""
    media_type: str = ""
    """Of one that is taken; the door says."""
    description: str = ""
    why: str = ""
