"""Replays a plugin over documents that people have confirmed: what would change, and for better or worse.

The pages were read long ago and are not read again. Every other plugin answers as it does now; beside it stand, once
what this plugin said when the paper was read last (nothing, if it is new), once what it says now.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import pages, records
from archive.children import Child
from archive.config import Settings
from archive.findings import LISTS, Citation, Finding, Record, Settled, Stamp, Value, agree, settle
from archive.kit.samples import checked
from archive.models import Confirmation, Document, FindingRow
from archive.pipeline.line import plugins as plugins_in_force
from archive.steps import Extraction, Plugins

SECONDS = 180.0
"""For one document, as the line gives its own step."""
_NOTHING = Settled()
_WORST_FIRST = ("wrong", "other", "right", "unchecked")
_ids = (
    sa.select(Confirmation.document_id).where(~Confirmation.field.startswith(records.ON_STAMP))
    .group_by(Confirmation.document_id).order_by(sa.func.max(Confirmation.at).desc(), Confirmation.document_id)
)  # fmt: skip
_findings = sa.select(FindingRow).where(FindingRow.document_id == sa.bindparam("d")).order_by(FindingRow.id)


@dataclass(frozen=True, slots=True)
class Change:
    """A value of one document that would be another."""

    document: str
    scan: str
    field: str
    before: Value
    after: Value
    confirmed: Value
    """What a person said; None as well when nobody said anything of this field (`becomes` is then "unchecked")."""
    becomes: str
    """right | wrong | other (wrong before and after) | unchecked"""
    is_sure: bool
    """Whether the new value would be shown as sure; with `wrong` the worst there is."""

    @property
    def href(self) -> str:
        """The document's page."""
        return f"/documents/{self.document}"


@dataclass(frozen=True)
class Report:
    """What a backtest found."""

    plugin: str
    """`lai_chau 1.1`"""
    against: tuple[str, ...]
    """Versions that spoke before; empty: none, the plugin is new to these papers."""
    documents: int
    changes: tuple[Change, ...] = ()
    """The worst first."""
    failures: tuple[tuple[str, str], ...] = ()
    """(document, cause) where the plugin was passed over."""

    def by_field(self) -> dict[str, Counter[str]]:
        """Field → how many values change, become right, wrong, other, and wrong while sure."""
        counts: dict[str, Counter[str]] = {}
        for change in sorted(self.changes, key=lambda one: one.field):
            count = counts.setdefault(change.field, Counter())
            count.update(["changed", change.becomes])
            count["sure_wrong"] += change.is_sure and change.becomes in ("wrong", "other")
        return counts


def backtest(
    session: Session, settings: Settings, slug: str, *, plugins_dir: Path | None = None, limit: int | None = None
) -> Report:
    """Replay `slug` over the documents confirmed last, all or `limit` of them; only reads."""
    asked = plugins_in_force(session, settings)
    disabled = tuple(one for one in asked.disabled if one != slug)
    changes: list[Change] = []
    failures: list[tuple[str, str]] = []
    before: set[str] = set()
    ids = session.scalars(_ids.limit(limit)).all()
    with Child(name="backtest") as child:
        plugin = checked(child, slug, plugins_dir or settings.plugin_dir)
        # Those of another folder are all there to be tried; of ours, this one beside those that are switched on.
        allowed = None if plugins_dir else (*(asked.allowed or ()), (slug, plugin.digest))
        folder = str(plugins_dir or settings.plugin_dir)
        asked = dataclasses.replace(asked, folder=folder, disabled=disabled, allowed=allowed)
        for id_ in ids:
            replay = _replay(session, child, session.get_one(Document, id_), asked, slug)
            changes += replay.changes()
            failures += [(id_, cause) for cause in replay.failures]
            before |= {one.source for one in replay.old}
            session.expunge_all()
    changes.sort(key=lambda one: (_WORST_FIRST.index(one.becomes), not one.is_sure, one.field))
    return Report(plugin.source, tuple(sorted(before)), len(ids), tuple(changes), tuple(failures))


@dataclass(frozen=True)
class _Replay:
    """One document with the old and with the new words of the plugin."""

    document: Document
    stamp: Stamp | None
    confirmed: Mapping[str, Value]
    others: Sequence[Finding | Citation]
    old: Sequence[Finding]
    new: Sequence[Finding | Citation]
    failures: Sequence[str]

    def changes(self) -> Iterator[Change]:
        before, after = self._said(self.old), self._said(self.new)
        for name in dict.fromkeys((*before, *after)):
            old, new = before.get(name, _NOTHING), after.get(name, _NOTHING)
            if becomes := self._becomes(name, old, new):
                yield Change(
                    self.document.id, self.document.scan_id, name, old.value, new.value, self.confirmed.get(name),
                    becomes, new.sure,
                )  # fmt: skip

    def _becomes(self, name: str, old: Settled, new: Settled) -> str:
        """Empty when nothing changes that anybody would see."""
        changes = not agree(name, old.value, new.value)
        if name not in self.confirmed:
            return "unchecked" if changes else ""
        was, is_ = (agree(name, one.value, self.confirmed[name]) for one in (old, new))
        if changes:
            return "right" if is_ else "wrong" if was else "other"
        return "wrong" if new.sure and not old.sure and not is_ else ""

    def _said(self, mine: Sequence[Finding | Citation]) -> dict[str, Settled]:
        # What people said is left out: it is what both are measured by.
        record: Record = settle([*self.others, *mine], {}, self.stamp)
        lists = {name: Settled(getattr(record, name)) for name in LISTS}
        return {**record.fields, **lists}


def _replay(session: Session, child: Child, document: Document, asked: Plugins, slug: str) -> _Replay:
    read = pages.of_scan(session, document.scan_id, document.pages)
    stamp = records.stamp_of(document.stamp) if document.stamp else None
    args = (tuple(read), stamp, asked)
    found: Extraction = child.run("archive.steps:extract", *args, wall=SECONDS, cpu=SECONDS)
    everything: list[Finding | Citation] = [*found.findings, *found.citations]
    rows = records.latest(session.scalars(_findings, {"d": document.id}).all())
    return _Replay(
        document, stamp, records.confirmed(session, document.id),
        [one for one in everything if not _is_of(slug, one.source)],
        [records.finding_of(row) for row in rows if _is_of(slug, row.source)],
        [one for one in everything if _is_of(slug, one.source)],
        [failure.partition(" ")[2] for failure in found.failures if failure.split(" ")[0] == slug],
    )  # fmt: skip


def _is_of(slug: str, source: str) -> bool:
    return source.split(" ")[0] == slug
