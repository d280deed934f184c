"""All checks, in the order in which people want to hear of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from archive.inspection import balance, originals, projections, tables
from archive.inspection.checks import Check, Place, Tell

Checker = Callable[[Place, Tell], Iterator[Check]]
EVERY: tuple[Checker, ...] = (
    balance.ledger, originals.whole, originals.strangers, originals.quarantine, tables.chain, tables.protection,
    tables.integrity, balance.books, projections.index, projections.pictures,
)  # fmt: skip


def deep(place: Place, tell: Tell = lambda _name, _done, _total: None) -> Iterator[Check]:
    """Every check there is; may take as long as reading every original from the disk does."""
    for check in EVERY:
        yield from check(place, tell)
