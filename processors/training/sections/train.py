"""Train the section network on POP909, export it, and count the priors of the decoder.

python -m processors.training.sections.train DATA/pop909 --out processors/sections --cache .cache/sections
"""

from __future__ import annotations

import argparse
import copy
import json
import pickle
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from .examples import UNKNOWN, Example, example_of, without_touch
from .export import LIVE_DELAY, export_live
from .networks import LiveNetwork
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
WITHOUT_TOUCH = 0.3
"""So many of the songs are heard as from a keyboard without velocities."""


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


def train(network: LiveNetwork, examples: Sequence[Example], epochs: int, seed: int) -> LiveNetwork:
    """The averaged network after so many passes; the rate falls as a cosine."""
    rng = np.random.default_rng(seed)
    average = copy.deepcopy(network)
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=1e-2)
    updates, done = epochs * -(-len(examples) // BATCH), 0
    for epoch in range(epochs):
        network.train()
        losses = []
        for chosen in _batches(examples, rng):
            for group in optimiser.param_groups:
                group["lr"] = RATE * min(1.0, done / WARM_UP) * (0.5 + 0.5 * np.cos(np.pi * done / updates)) + 1e-5
            loss = loss_of(network, [_touched(examples[i], rng) for i in chosen])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            done += 1
            losses.append(float(loss.detach()))
            _blend(average, network, min(AVERAGE, 1.0 - 1.0 / (1.0 + done / 5)))
        print(json.dumps({"epoch": epoch, "loss": round(float(np.mean(losses)), 4)}), flush=True)
    return average.eval()


def loss_of(network: LiveNetwork, batch: Sequence[Example]) -> Tensor:
    """Cross entropies of boundaries and labels."""
    label = _padded([e.label for e in batch], UNKNOWN)
    boundary = _padded([e.boundary for e in batch], 0.0)
    real = _padded([np.ones(len(e.label), np.float32) for e in batch], 0.0)
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
    return without_touch(example) if rng.random() < WITHOUT_TOUCH else example


def _padded(rows: Sequence[np.ndarray], value: float) -> Tensor:
    tensors = [torch.from_numpy(row) for row in rows]
    return nn.utils.rnn.pad_sequence(tensors, batch_first=True, padding_value=value)


def _blend(average: nn.Module, network: nn.Module, keep: float) -> None:
    with torch.no_grad():
        for kept, new in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
            if kept.dtype.is_floating_point:
                kept.lerp_(new, 1.0 - keep)
            else:
                kept.copy_(new)


def main() -> None:
    """Train and export from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pop909", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path(".cache/sections"))
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--tuning", action="store_true", help="leave songs out whose number ends in 5, to choose by")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(1)
    found = load(args.pop909, args.cache)
    examples = [example for number, example in found.items() if not (args.tuning and number.endswith("5"))]
    write_priors(examples, args.out / "priors.json")
    torch.manual_seed(args.seed)
    network = train(LiveNetwork(), examples, args.epochs, args.seed)
    torch.save(network.state_dict(), args.cache / "live.pt")
    export_live(network, args.out / "live.onnx")


if __name__ == "__main__":
    main()
