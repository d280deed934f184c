"""The face of the archive for plugin authors: everything a plugin may import. Light: no database, no web."""

from archive.findings import Citation, Finding, Mark, Mention, Record, Route, Settled, Stamp
from archive.hookspecs import hookimpl
from archive.provinces import Province
from archive.reading import Box, Gap, Line, Page, Span, Text, Word

__all__ = [
    "Box", "Citation", "Finding", "Gap", "Line", "Mark", "Mention", "Page", "Province", "Record", "Route", "Settled",
    "Span", "Stamp", "Text", "Word", "hookimpl",
]  # fmt: skip
