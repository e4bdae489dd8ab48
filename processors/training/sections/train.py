"""Train the two section networks on POP909, export them, and count the priors of the decoder.

python -m processors.training.sections.train DATA/pop909 --out processors/sections --cache .cache/sections
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import pickle
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from processors.sections.features import BAND_LOUDNESS, HEIGHTS, MEAN_LOUDNESS, SOUNDING
from processors.training.averaging import blend

from .examples import UNKNOWN, Example, example_of, without_touch
from .export import LIVE_DELAY, export_live, export_whole
from .networks import LiveNetwork, WholeNetwork
from .pop909 import HELD_OUT_DIGIT, song_numbers
from .priors import write_priors

BATCH = 12
BUCKET = 20
"""So many batches are drawn together and sorted by length, so that little is padded."""
RATE = 3e-3
WARM_UP = 30
AVERAGE = 0.99
"""Weights are averaged over about 1 / (1 - AVERAGE) updates."""
BESIDE = 0.3
"""What the steps beside a boundary count as: annotations and pulses are off by one at times."""
RARE = 3.0
"""How much more a step with a boundary weighs."""
BOUNDARY_SHARE = 2.0
HEIGHT_SPREAD = 2.0
"""Semitones by which a song's register is moved, one standard deviation."""
GAINS = (0.8, 1.2)
WITHOUT_TOUCH = 0.3
"""So many of the songs are heard as from a keyboard without velocities."""

Net = TypeVar("Net", WholeNetwork, LiveNetwork)
Tell = Callable[[dict[str, float]], None]


def load(folder: Path, cache: Path) -> dict[str, Example]:
    """Examples of all songs that are not held out, by number; computed once and kept in ``cache``."""
    cache.mkdir(parents=True, exist_ok=True)
    kept = cache / "examples.pickle"
    if not kept.exists():
        songs = [number for number in song_numbers(folder) if not number.endswith(HELD_OUT_DIGIT)]
        made = {number: example_of(folder, number) for number in songs}
        kept.write_bytes(pickle.dumps({number: one for number, one in made.items() if one is not None}))
    found: dict[str, Example] = pickle.loads(kept.read_bytes())
    return found


def train(network: Net, examples: Sequence[Example], epochs: int, seed: int, kept: Path, tell: Tell) -> Net:
    """The averaged network after so many passes; the rate falls as a cosine.

    Args:
        kept: where all is written after every pass; training that was stopped goes on from there.
        tell: called after every pass.
    """
    average = copy.deepcopy(network)
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=1e-2)
    each = -(-len(examples) // BATCH)
    updates, first = epochs * each, 0
    parts: dict[str, nn.Module | torch.optim.Optimizer] = {
        "network": network,
        "average": average,
        "optimiser": optimiser,
    }
    if kept.exists():
        state = torch.load(kept)
        first = state.pop("passes")
        torch.set_rng_state(state.pop("chance"))
        for name, part in parts.items():
            part.load_state_dict(state[name])
    for epoch in range(first, epochs):
        rng, done = np.random.default_rng((seed, epoch)), epoch * each
        network.train()
        losses = []
        for chosen in _batches(examples, rng):
            rate = RATE * min(1.0, done / WARM_UP) * (0.5 + 0.5 * math.cos(math.pi * done / updates)) + 1e-5
            for group in optimiser.param_groups:
                group["lr"] = rate
            loss = loss_of(network, [_touched(examples[i], rng) for i in chosen])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            done += 1
            losses.append(float(loss.detach()))
            blend(average, network, min(AVERAGE, 1.0 - 1.0 / (1.0 + done / 5)))
        state = {name: part.state_dict() for name, part in parts.items()}
        torch.save(state | {"passes": epoch + 1, "chance": torch.get_rng_state()}, kept.with_suffix(".part"))
        kept.with_suffix(".part").replace(kept)
        tell({"pass": epoch, "loss": round(float(np.mean(losses)), 4)})
    return average.eval()


def loss_of(network: WholeNetwork | LiveNetwork, batch: Sequence[Example]) -> Tensor:
    """Cross entropies of boundaries and labels."""
    label = _padded([e.label for e in batch], UNKNOWN)
    boundary = _padded([e.boundary for e in batch], 0.0)
    real = _padded([np.ones(len(e.label), np.float32) for e in batch], 0.0)
    if isinstance(network, WholeNetwork):
        features = _padded([np.concatenate([e.heard, e.whole], 1) for e in batch], 0.0)
        logits = network(features, _square([e.around for e in batch]))
    else:
        features = _padded([e.live for e in batch], 0.0)
        logits, _ = network(features, torch.zeros(1, len(batch), network.width))
        boundary = nn.functional.pad(boundary, (LIVE_DELAY, 0))[:, : boundary.shape[1]]
    target = boundary.clone()
    target[:, 1:] = torch.maximum(target[:, 1:], BESIDE * boundary[:, :-1])
    target[:, :-1] = torch.maximum(target[:, :-1], BESIDE * boundary[:, 1:])
    entropy = nn.functional.binary_cross_entropy_with_logits
    at_boundaries = entropy(logits[..., 0], target, weight=real * (1.0 + RARE * boundary), reduction="sum") / real.sum()
    of_labels = nn.functional.cross_entropy(logits[..., 1:].transpose(1, 2), label, ignore_index=UNKNOWN)
    return BOUNDARY_SHARE * at_boundaries + of_labels


def _batches(examples: Sequence[Example], rng: np.random.Generator) -> Iterator[list[int]]:
    order = rng.permutation(len(examples))
    batches: list[list[int]] = []
    for first in range(0, len(order), BATCH * BUCKET):
        near = sorted(order[first : first + BATCH * BUCKET].tolist(), key=lambda i: len(examples[i].label))
        batches += [near[i : i + BATCH] for i in range(0, len(near), BATCH)]
    return (batches[i] for i in rng.permutation(len(batches)))


def _touched(example: Example, rng: np.random.Generator) -> Example:
    """The song as another player may give it: louder or softer, a little higher or lower, or without velocities."""
    example = without_touch(example) if rng.random() < WITHOUT_TOUCH else example
    heard = example.heard.copy()
    heard[:, HEIGHTS] += heard[:, SOUNDING, None] * np.float32(rng.normal(0.0, HEIGHT_SPREAD) / 12)
    gain = np.float32(rng.uniform(*GAINS))
    heard[:, MEAN_LOUDNESS] *= gain
    heard[:, BAND_LOUDNESS] *= gain
    return replace(example, heard=heard)


def _padded(rows: Sequence[np.ndarray], value: float) -> Tensor:
    tensors = [torch.from_numpy(row) for row in rows]
    return nn.utils.rnn.pad_sequence(tensors, batch_first=True, padding_value=value)


def _square(rows: Sequence[np.ndarray]) -> Tensor:
    longest = max(len(row) for row in rows)
    out = torch.zeros(len(rows), longest, longest)
    for i, row in enumerate(rows):
        out[i, : len(row), : len(row)] = torch.from_numpy(row.astype(np.float32))
    return out


def _print(row: dict[str, float]) -> None:
    print(json.dumps(row), flush=True)


def main() -> None:
    """Train and export from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pop909", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path(".cache/sections"))
    parser.add_argument("--epochs", type=int, default=12, help="passes through all songs")
    parser.add_argument("--which", choices=["whole", "live", "both"], default="both")
    parser.add_argument("--tuning", action="store_true", help="leave songs out whose number ends in 5, to choose by")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(1)
    found = load(args.pop909, args.cache)
    examples = [example for number, example in found.items() if not (args.tuning and number.endswith("5"))]
    write_priors(examples, args.out / "priors.json")
    if args.which in ("whole", "both"):
        export_whole(_made(WholeNetwork, examples, args), args.out / "whole.onnx")
    if args.which in ("live", "both"):
        export_live(_made(LiveNetwork, examples, args), args.out / "live.onnx")


def _made(kind: type[Net], examples: Sequence[Example], args: argparse.Namespace) -> Net:
    torch.manual_seed(args.seed)
    name = f"{kind.__name__}-{args.seed}{'-tuning' if args.tuning else ''}.pt"
    return train(kind(), examples, args.epochs, args.seed, args.cache / name, _print)


if __name__ == "__main__":
    main()
