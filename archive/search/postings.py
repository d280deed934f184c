"""Lists of documents with weights, and what is made of several."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from archive.search.entry import Ids, Weights


@dataclass(frozen=True, slots=True)
class Postings:
    """Documents (ascending) that have a token, and how often or how well."""

    ids: Ids
    weights: Weights

    @classmethod
    def none(cls) -> Postings:
        return cls(np.empty(0, np.int32), np.empty(0, np.float32))


def union(many: Sequence[Postings]) -> Postings:
    """Documents in any of `many`, with the best weight."""
    full = [postings for postings in many if len(postings.ids)]
    if len(full) < 2:
        return full[0] if full else Postings.none()
    ids = np.concatenate([postings.ids for postings in full])
    weights = np.concatenate([postings.weights for postings in full])
    order = np.lexsort((-weights, ids))
    ids, weights = ids[order], weights[order]
    first = np.r_[True, ids[1:] != ids[:-1]]
    return Postings(ids[first], weights[first])


def intersection(many: Sequence[Postings]) -> Postings:
    """Documents in all of `many`, weights added."""
    ids: Ids = functools.reduce(lambda a, b: np.intersect1d(a, b, assume_unique=True), (p.ids for p in many))
    weights = np.zeros(len(ids), np.float32)
    for postings in many:
        weights += postings.weights[np.searchsorted(postings.ids, ids)]
    return Postings(ids, weights)
