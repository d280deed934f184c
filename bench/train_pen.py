"""Trains the network that reads digits: `python -m bench.train_pen FEEDS HELD OUT.pt --steps N`, then `--export`.

FEEDS and HELD hold what `bench.feed_pen` made; `--start archive/data/pen.onnx` goes on from the weights that ship.
PyTorch is needed here only (and `onnx` for ONNX files); the archive runs the network with ONNX Runtime.
"""

from __future__ import annotations

import argparse
import math
import pickle
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from archive.penmodel import LETTERS, STEP, as_ink

SAME = str.maketrans("|.-", "///")
SIZE = 32
SHARDS = 6
STRETCHED = (0.9, 1.75)
"""How wide a strip may be drawn out: a clerk's hand is as wide as it likes."""
MIDDLE = 1.25
Row = tuple[str, str, np.ndarray]


class Seen(nn.Sequential):
    """Convolution, batch normalisation, ReLU."""

    def __init__(self, into: int, out: int, size: int = 3, step: int | tuple[int, int] = 1) -> None:
        super().__init__(
            nn.Conv2d(into, out, size, step, size // 2, bias=False), nn.BatchNorm2d(out), nn.ReLU(inplace=True)
        )


class Beside(nn.Module):
    """What stands some columns away, added."""

    def __init__(self, wide: int, apart: int) -> None:
        super().__init__()
        self.seen = nn.Sequential(
            nn.Conv1d(wide, wide, 5, padding=2 * apart, dilation=apart, bias=False), nn.BatchNorm1d(wide), nn.ReLU()
        )
        self.forget = nn.Dropout(0.1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.forget(self.seen(x))


class Network(nn.Module):
    """(n, 3, 48, width) ink → (n, width / 4, 15) scores of the blank and the letters."""

    def __init__(self) -> None:
        super().__init__()
        self.strokes = nn.Sequential(
            Seen(3, 32, 5, 2), Seen(32, 64, step=2), Seen(64, 96), nn.MaxPool2d((2, 1)), Seen(96, 128),
            Seen(128, 128), nn.MaxPool2d((2, 1)), nn.Dropout2d(0.05),
        )  # fmt: skip
        self.column = nn.Sequential(
            nn.Conv2d(128, 176, (3, 3), padding=(0, 1), bias=False), nn.BatchNorm2d(176), nn.ReLU(inplace=True)
        )
        self.around = nn.Sequential(Beside(176, 1), Beside(176, 2), Beside(176, 4))
        self.out = nn.Conv1d(176, 1 + len(LETTERS), 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scores: torch.Tensor = self.out(self.around(self.column(self.strokes(x)).squeeze(2)))
        return scores.transpose(1, 2)


def load(path: Path) -> list[Row]:
    rows = pickle.loads(path.read_bytes())
    return [(kind, text.translate(SAME), pixels) for kind, text, pixels in rows]


def batch(rows: list[Row], stretched: float, rng: np.random.Generator | None) -> tuple[torch.Tensor, ...]:
    """Strips side by side, padded with paper; their texts and lengths. With `rng`, worn a little more."""
    inks = [as_ink(pixels) for *_, pixels in rows]
    if rng is not None:
        inks = [worn(one, rng) for one in inks]
    x = torch.zeros(len(rows), 3, inks[0].shape[1], max(one.shape[2] for one in inks))
    for n, one in enumerate(inks):
        x[n, :, :, : one.shape[2]] = torch.from_numpy(one)
    width = max(16, round(x.shape[3] * stretched))
    x = F.interpolate(x, (x.shape[2], width), mode="bilinear", align_corners=False)
    sizes = [min(-(-width // STEP), -(-round(one.shape[2] * stretched) // STEP)) for one in inks]
    texts = [[LETTERS.index(c) + 1 for c in text] for _, text, _ in rows]
    flat = torch.tensor([n for text in texts for n in text], dtype=torch.long)
    return x, flat, torch.tensor(sizes), torch.tensor([len(text) for text in texts])


def worn(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Grey now and then; paler, darker; a pixel up or down."""
    if rng.random() < 0.2:
        ink = np.repeat(ink.mean(0, keepdims=True), 3, 0)
    if rng.random() < 0.5:
        ink = ink * rng.uniform(0.6, 1.15)
    if rng.random() < 0.1:
        ink = ink[::-1]  # red pens for blue ones
    moved = int(rng.integers(-2, 3))
    return np.ascontiguousarray(np.roll(ink, moved, 1) if moved else ink)


def right(network: Network, rows: list[Row], stretched: float = 1.2) -> dict[str, float]:
    """Share of strips read wholly right by the best path, by kind."""
    network.eval()
    found: dict[str, list[bool]] = {}
    rows = sorted(rows, key=lambda row: row[2].shape[1])
    with torch.no_grad():
        for n in range(0, len(rows), SIZE):
            part = rows[n : n + SIZE]
            x, _, sizes, _ = batch(part, stretched, None)
            best = network(x.contiguous(memory_format=torch.channels_last)).argmax(2).numpy()
            for (kind, text, _), path, size in zip(part, best, sizes.tolist(), strict=True):
                path = path[:size]
                read = "".join(LETTERS[c - 1] for t, c in enumerate(path) if c and (t == 0 or c != path[t - 1]))
                found.setdefault(kind, []).append(read == text)
    network.train()
    return {kind: round(float(np.mean(hits)), 3) for kind, hits in sorted(found.items())}


def groups(folder: Path, rng: np.random.Generator):
    """Batches of strips of about one width, without end, of all shards that are there by now."""
    while True:
        paths = sorted(folder.glob("*.pkl"))
        picked = rng.choice(len(paths), min(SHARDS, len(paths)), replace=False)
        rows = [row for n in picked for row in load(paths[n])]
        rows.sort(key=lambda row: row[2].shape[1] + 20 * rng.random())
        parts = [rows[n : n + SIZE] for n in range(0, len(rows) - SIZE + 1, SIZE)]
        rng.shuffle(parts)  # type: ignore[arg-type]
        yield from parts


def train(options: argparse.Namespace) -> None:
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    network = Network().to(memory_format=torch.channels_last)
    if options.start:
        network.load_state_dict(started(options.start, options.feeds))
    held = [row for path in sorted(options.held.glob("*.pkl")) for row in load(path)]
    descent = torch.optim.AdamW(network.parameters(), options.speed, weight_decay=0.02)
    course = torch.optim.lr_scheduler.OneCycleLR(descent, options.speed, options.steps, pct_start=0.08)
    losses: list[float] = []
    for step, rows in zip(range(1, options.steps + 1), groups(options.feeds, rng), strict=False):
        x, texts, sizes, lengths = batch(rows, float(rng.uniform(*STRETCHED)), rng)
        with torch.autocast("cpu", torch.bfloat16):
            scores = network(x.contiguous(memory_format=torch.channels_last))
        logs = scores.float().log_softmax(2).transpose(0, 1)
        loss = F.ctc_loss(logs, texts, sizes, lengths, zero_infinity=True)
        descent.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        descent.step()
        course.step()
        losses.append(loss.item())
        if step % options.every == 0 or step == options.steps:
            torch.save(network.state_dict(), options.out)
            said = right(network, held)
            print(step, round(float(np.mean(losses)), 4), said, f"{time.process_time():.0f} s", flush=True)
            losses.clear()


def started(path: Path, feeds: Path) -> dict[str, torch.Tensor]:
    """The weights of a .pt, or of the .onnx that ships."""
    return shipped(path, feeds) if path.suffix == ".onnx" else torch.load(path)


def shipped(path: Path, feeds: Path) -> dict[str, torch.Tensor]:
    """The weights of what `export` wrote. There the normalisations lie within the convolutions: each gets statistics
    of one shard again, and such weights that it says the same as before."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(path).graph
    kept = {one.name: torch.from_numpy(numpy_helper.to_array(one).astype(np.float32)) for one in graph.initializer}
    kept |= {name.removesuffix("_half"): value for name, value in kept.items()}
    convolved = [(kept[node.input[1]], kept[node.input[2]]) for node in graph.node if node.op_type == "Conv"]
    network = Network().eval()
    parts = [part for part in network.modules() if isinstance(part, (nn.Conv1d, nn.Conv2d))]
    norms = [part for part in network.modules() if isinstance(part, (nn.BatchNorm1d, nn.BatchNorm2d))]
    with torch.no_grad():
        for part, (weight, bias) in zip(parts, convolved, strict=True):
            part.weight.copy_(weight)
            if part.bias is not None:
                part.bias.copy_(bias)
        for norm, (_, bias) in zip(norms, convolved, strict=False):
            norm.weight.fill_(math.sqrt(1 + norm.eps))
            norm.bias.copy_(bias)
    _normalise(network, norms, load(min(feeds.glob("*.pkl"))))
    return network.state_dict()


def _normalise(network: Network, norms: list[nn.Module], rows: list[Row]) -> None:
    """Gives normalisations that do nothing yet the mean and variance of what they see, and undoes both."""
    seen: dict[nn.Module, list[tuple[torch.Tensor, torch.Tensor]]] = {norm: [] for norm in norms}

    def note(norm: nn.Module, given: tuple[torch.Tensor]) -> None:
        flat = given[0].transpose(0, 1).flatten(1)
        seen[norm].append((flat.mean(1), flat.square().mean(1)))

    hooks = [norm.register_forward_pre_hook(note) for norm in norms]
    rows = sorted(rows, key=lambda row: row[2].shape[1])
    with torch.no_grad():
        for n in range(0, len(rows) - SIZE + 1, SIZE):
            network(batch(rows[n : n + SIZE], MIDDLE, None)[0])
        for norm, facts in seen.items():
            mean, square = (torch.stack(column).mean(0) for column in zip(*facts, strict=True))
            norm.running_mean.copy_(mean)
            norm.running_var.copy_(square - mean.square())
            norm.weight.copy_(torch.sqrt(norm.running_var + norm.eps))
            norm.bias.add_(mean)
    for hook in hooks:
        hook.remove()


def average(options: argparse.Namespace) -> None:
    """OUT's weights and those of `--average`, by its share, with the statistics of one shard: what one of
    them has unlearnt the other still knows (Wortsman et al. 2022, "Model soups")."""
    other, share = Path(options.average[0]), float(options.average[1])
    one, two = torch.load(options.out), torch.load(other)
    mixed = {name: value if name.endswith("tracked") else (1 - share) * value + share * two[name]
             for name, value in one.items()}  # fmt: skip
    network = Network()
    network.load_state_dict(mixed)
    for part in network.modules():
        if isinstance(part, (nn.BatchNorm1d, nn.BatchNorm2d)):
            part.reset_running_stats()
            part.momentum = None
        elif isinstance(part, (nn.Dropout, nn.Dropout2d)):
            part.eval()
    rows = sorted(load(min(options.feeds.glob("*.pkl"))), key=lambda row: row[2].shape[1])
    with torch.no_grad():
        for n in range(0, len(rows) - SIZE + 1, SIZE):
            network(batch(rows[n : n + SIZE], MIDDLE, None)[0])
    torch.save(network.state_dict(), options.out)
    print(right(network, [row for path in sorted(options.held.glob("*.pkl")) for row in load(path)]))


def export(weights: Path, out: Path) -> None:
    """The trained network as ONNX, its weights in half precision."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    network = Network()
    network.load_state_dict(torch.load(weights))
    network.eval()
    torch.onnx.export(
        network, (torch.zeros(1, 3, 48, 200),), str(out), input_names=["ink"], output_names=["scores"],
        dynamic_axes={"ink": {3: "width"}, "scores": {1: "columns"}}, opset_version=17, dynamo=False,
    )  # fmt: skip
    model = onnx.load(out)
    graph = model.graph
    kept = list(graph.initializer)
    del graph.initializer[:]
    casts = []
    for one in kept:
        if one.data_type == TensorProto.FLOAT and np.prod(one.dims) > 16:
            half = numpy_helper.to_array(one).astype(np.float16)
            graph.initializer.append(numpy_helper.from_array(half, f"{one.name}_half"))
            casts.append(helper.make_node("Cast", [f"{one.name}_half"], [one.name], to=TensorProto.FLOAT))
        else:
            graph.initializer.append(one)
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend([*casts, *nodes])
    onnx.save(model, out)


def main() -> None:
    """Trains, or writes what was trained for the archive."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("feeds", type=Path)
    asked.add_argument("held", type=Path)
    asked.add_argument("out", type=Path)
    asked.add_argument("--steps", type=int, default=10_000)
    asked.add_argument("--every", type=int, default=500)
    asked.add_argument("--speed", type=float, default=1.5e-3)
    asked.add_argument("--seed", type=int, default=7)
    asked.add_argument("--start", type=Path, help="weights to go on from, .pt or .onnx")
    asked.add_argument("--export", type=Path, help="write OUT's weights to this ONNX file; no training")
    asked.add_argument("--average", nargs=2, metavar=("OTHER.pt", "SHARE"), help="mix OTHER into OUT; no training")
    options = asked.parse_args()
    torch.set_num_threads(1)
    if options.export:
        export(options.out, options.export)
    elif options.average:
        average(options)
    else:
        train(options)


if __name__ == "__main__":
    main()
