"""Train the onset network for a given time on one CPU thread, with checkpoints.

python -m processors.training.onsets.train --pool DIR --valid DIR --out DIR --minutes 60
"""

from __future__ import annotations

import argparse
import copy
import json
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from processors.training.averaging import blend

from .examples import Example, endless_examples, make_example
from .imported import freeze_norms, import_network
from .network import OnsetNetwork
from .pool import read_shard
from .score import Score, score_activations

SOUNDING_SHARE = 0.2
AVERAGE = 0.998
"""Weights are averaged over about so many steps: 1 / (1 - AVERAGE)."""
THRESHOLDS = (0.3, 0.4, 0.5, 0.6)


def loss_of(network: OnsetNetwork, batch: list[Example], sounding_share: float = SOUNDING_SHARE) -> Tensor:
    """Cross entropy of onsets, and a share of that of sounding notes."""
    features = torch.from_numpy(np.stack([example.features for example in batch]))
    ahead = network.delay
    features = nn.functional.pad(features, (0, 0, 0, 0, 0, ahead))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        onset, sounding, _ = network(features, network.initial_states(len(batch)))
    onset_target = torch.from_numpy(np.stack([example.onset for example in batch]))
    sounding_target = torch.from_numpy(np.stack([example.sounding for example in batch]))
    entropy = nn.functional.binary_cross_entropy_with_logits
    main = entropy(onset[:, 2 * ahead :].float(), onset_target)
    return main + sounding_share * entropy(sounding[:, ahead:].float(), sounding_target)


@torch.no_grad()
def validate(network: OnsetNetwork, examples: list[Example]) -> dict[str, Score]:
    """Precision, recall and F of the onsets, for some thresholds."""
    network.eval()
    totals = {f"{threshold:g}": Score() for threshold in THRESHOLDS}
    for example in examples:
        features = nn.functional.pad(torch.from_numpy(example.features)[None], (0, 0, 0, 0, 0, network.delay))
        onset, _, _ = network(features, network.initial_states(1))
        activation = torch.sigmoid(onset[0, 2 * network.delay :]).numpy()
        for threshold in THRESHOLDS:
            totals[f"{threshold:g}"] += score_activations(activation, example.onset, threshold)
    return totals


def train(
    pool: Path,
    valid: Path,
    out: Path,
    minutes: float,
    width: int,
    batch: int,
    rate: float,
    seed: int,
    start: Path | None,
) -> None:
    """Train until the time is over; the rate rises over the first 2 % of it and then falls as a cosine."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    # Norms of shipped weights are folded: their statistics are gone and cannot be learnt again, nor the second task.
    folded = start is not None and start.suffix == ".onnx"
    network = import_network(start) if folded and start else OnsetNetwork(width)
    if start is not None and not folded:
        network.load_state_dict(torch.load(start, weights_only=True))
    average = copy.deepcopy(network)
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=1e-3)
    examples = endless_examples(pool, np.random.default_rng(seed))
    fixed = np.random.default_rng(0)
    held_out = [make_example(passage, fixed) for path in sorted(valid.glob("*.npz")) for passage in read_shard(path)]
    out.mkdir(parents=True, exist_ok=True)
    begun, losses, steps, reported = time.monotonic(), [], 0, 0.0
    while (done := (time.monotonic() - begun) / (60.0 * minutes)) < 1.0:
        for group in optimiser.param_groups:
            group["lr"] = rate * min(done / 0.02 + 0.02, 0.5 + 0.5 * float(np.cos(np.pi * done)) + 0.002)
        network.train()
        if folded:
            freeze_norms(network)
        loss = loss_of(network, [next(examples) for _ in range(batch)], 0.0 if folded else SOUNDING_SHARE)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        steps += 1
        losses.append(float(loss.detach()))
        blend(average, network, min(AVERAGE, 1.0 - 1.0 / (1 + steps / 10)))
        if time.monotonic() - reported > 240.0:
            reported = time.monotonic()
            _report(average, held_out, out, done, steps, losses)
            losses = []
    _report(average, held_out, out, 1.0, steps, losses)


def _report(
    average: OnsetNetwork, held_out: list[Example], out: Path, done: float, steps: int, losses: list[float]
) -> None:
    torch.save(average.state_dict(), out / "checkpoint.pt")
    scores = {name: score.as_dict() for name, score in validate(average, held_out).items()}
    line = {"done": round(done, 3), "steps": steps, "loss": round(float(np.mean(losses or [0.0])), 5), "valid": scores}
    with (out / "log.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")
    print(json.dumps(line), flush=True)


def main() -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pool", type=Path, required=True)
    parser.add_argument("--valid", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--width", type=int, default=48)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=Path, help="a checkpoint, or a shipped ONNX, to go on from")
    args = parser.parse_args()
    train(args.pool, args.valid, args.out, args.minutes, args.width, args.batch, args.rate, args.seed, args.start)


if __name__ == "__main__":
    main()
