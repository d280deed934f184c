"""Copies of everything the archive keeps, in a folder of another disk."""

from archive.backup.told import Last, is_overdue, last

__all__ = ["Last", "is_overdue", "last"]
