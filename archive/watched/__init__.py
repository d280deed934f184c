"""The watched folder: files that scanners and people put there come in, and the folder tells what became of them.

    INBOX/…                       files that wait; sub-folders say what is in them (places.py)
    INBOX/done/2026-11-22/…       archived: moved only after the commit, with a list of the day
    INBOX/refused/…               not archived, each with its reason beside it as a text
    …/.vanthu/HOST-PID-ROOM/      in work: claimed by a rename, so that nobody else has it and nothing is overwritten

A process that dies leaves its claims; the next one takes them up, and bytes that were committed are known again.
"""

from __future__ import annotations

from archive.watched.door import ACTOR, SOURCE, Door, Looked

__all__ = ["ACTOR", "SOURCE", "Door", "Looked"]
