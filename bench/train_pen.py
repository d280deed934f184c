"""Trains the head that reads digits from the recogniser's own features: `python -m bench.train_pen FEEDS OUT.npz`.

FEEDS holds what `bench.feed_pen` made: strips with the features of the frozen PP-OCRv6 backbone (384 channels, 3 rows,
one column every 4 pixels of a strip 48 high). PyTorch is needed here only; the archive runs the head with NumPy.
"""

from __future__ import annotations

import argparse
import pickle
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

LETTERS = "0123456789/hSC"
SAME = str.maketrans("|.-", "///")
WIDE = 96


class Head(nn.Module):
    """Columns of 1152 features → log probabilities of blank and letters."""

    def __init__(self) -> None:
        super().__init__()
        self.narrow = nn.Linear(1152, WIDE)
        self.beside = nn.Conv1d(WIDE, WIDE, 5, padding=2)
        self.again = nn.Conv1d(WIDE, WIDE, 5, padding=2)
        self.out = nn.Linear(WIDE, 1 + len(LETTERS))
        self.forget = nn.Dropout(0.15)

    def forward(self, columns: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.narrow(columns)).transpose(1, 2)
        x = self.forget(x)
        x = x + torch.relu(self.beside(x))
        x = x + torch.relu(self.again(self.forget(x)))
        return self.out(self.forget(x.transpose(1, 2))).log_softmax(2)


def feeds(folder: Path) -> list[tuple[str, str, np.ndarray]]:
    rows = []
    for path in sorted(folder.glob("*.pkl")):
        rows += [(kind, text.translate(SAME), columns) for kind, text, _, columns in pickle.loads(path.read_bytes())]
    return rows


def batch(rows: list[tuple[str, str, np.ndarray]]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    longest = max(len(columns) for *_, columns in rows)
    x = torch.zeros(len(rows), longest, 1152)
    for n, (*_, columns) in enumerate(rows):
        x[n, : len(columns)] = torch.from_numpy(columns.astype(np.float32))
    texts = [[LETTERS.index(c) + 1 for c in text] for _, text, _ in rows]
    flat = torch.tensor([n for text in texts for n in text], dtype=torch.long)
    return x, flat, torch.tensor([len(c) for *_, c in rows]), torch.tensor([len(t) for t in texts])


def right(head: Head, rows: list[tuple[str, str, np.ndarray]]) -> dict[str, float]:
    """Share of strips read wholly right by the best path, by kind."""
    head.eval()
    found: dict[str, list[bool]] = {}
    with torch.no_grad():
        for n in range(0, len(rows), 50):
            part = rows[n : n + 50]
            x, _, sizes, _ = batch(part)
            best = head(x).argmax(2).numpy()
            for (kind, text, _), path, size in zip(part, best, sizes.tolist(), strict=True):
                path = path[:size]
                read = "".join(LETTERS[c - 1] for t, c in enumerate(path) if c and (t == 0 or c != path[t - 1]))
                found.setdefault(kind, []).append(read == text)
    head.train()
    return {kind: round(float(np.mean(hits)), 3) for kind, hits in sorted(found.items())}


def train(
    rows: list[tuple[str, str, np.ndarray]], held: list[tuple[str, str, np.ndarray]], rounds: int, start: Path | None
) -> Head:
    torch.manual_seed(7)
    rng = np.random.default_rng(7)
    head = Head()
    mean = np.mean([columns.astype(np.float32).mean(0) for *_, columns in rows[:500]], 0)
    spread = np.mean([columns.astype(np.float32).std(0) for *_, columns in rows[:500]], 0) + 0.05
    with torch.no_grad():  # features begin whitened
        head.narrow.weight /= torch.from_numpy(spread)
        head.narrow.bias -= head.narrow.weight @ torch.from_numpy(mean)
    if start:
        stored = np.load(start)
        head.load_state_dict({name: torch.from_numpy(stored[name].astype(np.float32)) for name in stored.files})
    size, speed = 32, 1e-3 if start else 2e-3
    steps = rounds * (len(rows) // size)
    descent = torch.optim.AdamW(head.parameters(), speed, weight_decay=0.02)
    course = torch.optim.lr_scheduler.OneCycleLR(descent, speed, steps, pct_start=0.15)
    for n in range(rounds):
        order = sorted(rng.permutation(len(rows)).tolist(), key=lambda i: len(rows[i][2]) + 25 * rng.random())
        groups = [order[i : i + size] for i in range(0, len(order) - size + 1, size)]
        rng.shuffle(groups)
        losses = []
        for group in groups:
            x, texts, sizes, lengths = batch([rows[i] for i in group])
            x = x * (torch.rand(len(group), 1, 1152) > 0.1)
            loss = nn.functional.ctc_loss(head(x).transpose(0, 1), texts, sizes, lengths, zero_infinity=True)
            descent.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(head.parameters(), 2.0)
            descent.step()
            course.step()
            losses.append(loss.item())
        print(n, round(float(np.mean(losses)), 4), right(head, held), f"{time.process_time():.0f} s", flush=True)
    return head


def main() -> None:
    """Trains and writes the weights."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("feeds", type=Path)
    asked.add_argument("held", type=Path)
    asked.add_argument("out", type=Path)
    asked.add_argument("--rounds", type=int, default=12)
    asked.add_argument("--start", type=Path, help="weights to go on from, at half the speed")
    options = asked.parse_args()
    torch.set_num_threads(1)
    rows, held = feeds(options.feeds), feeds(options.held)
    print(len(rows), "strips", len(held), "held back")
    head = train(rows, held, options.rounds, options.start)
    weights = {name: value.detach().numpy().astype(np.float16) for name, value in head.state_dict().items()}
    np.savez_compressed(options.out, **weights)


if __name__ == "__main__":
    main()
