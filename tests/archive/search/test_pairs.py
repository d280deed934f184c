"""Bits say which words stand side by side; never no when they do, seldom yes when they do not."""

import itertools
import subprocess
import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from archive.search import pairs

WORDS = st.lists(st.text("abcdeghiklmnopqrstuvxy0123456789", min_size=1, max_size=6), max_size=40)


def _table(*texts):
    return np.frombuffer(b"".join(map(pairs.bits, texts)), np.uint8).reshape(-1, pairs.BYTES)


@given(WORDS)
def test_what_stands_side_by_side_is_always_seen(words):
    table, rows = _table(words), np.array([0], np.int32)
    assert all(pairs.has(table, rows, a, b)[0] for a, b in itertools.pairwise(words))
    assert all(pairs.has(table, rows, a, b, 1)[0] for a, b in zip(words, words[2:], strict=False))


def test_other_pairs_are_seldom_seen():
    words = [f"w{n}" for n in range(900)]
    table, rows = _table(words), np.array([0], np.int32)
    wrong = sum(pairs.has(table, rows, f"w{n}", f"w{n + 7}")[0] for n in range(890))
    assert wrong < 0.2 * 890
    assert 0.08 < pairs.fullness(table)[0] < 0.13


def test_the_bits_are_the_same_in_every_process():
    asked = "from archive.search import pairs; print(pairs.bits(['phong', 'chong', 'dich']).hex())"
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout
    assert said.strip() == pairs.bits(["phong", "chong", "dich"]).hex()


def test_order_and_distance_matter():
    table, rows = _table(["phong", "chong", "dich"]), np.array([0], np.int32)
    assert not pairs.has(table, rows, "chong", "phong")[0]
    assert not pairs.has(table, rows, "phong", "dich")[0]
    assert pairs.has(table, rows, "phong", "dich", 1)[0]
