"""Train the instrument network for a given time on one CPU thread, with checkpoints.

python -m processors.training.instruments.train --pool DIR --valid DIR --out DIR --minutes 20
"""

from __future__ import annotations

import argparse
import copy
import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from processors.training.averaging import blend

from .average_precision import mean_average_precision
from .mixing import Batch, Mixer, Pool
from .network import InstrumentNetwork

STEPS_SHARE = 0.5
"""Weight of the loss of single steps beside that of windows."""
AVERAGE = 0.995
REUSED, KEPT = 4, 200
"""Mixing costs more than a step of training: each batch is used so often, among so many that are kept."""
FITTED = 20
"""Batches from which the features' mean and spread are taken."""
CROP_FRAMES = 64
"""Half a window: attention over steps takes any number of them, and twice as many examples are seen in the time."""
REPORT_S = 60.0
"""Of processor time, from one validation to the next."""
VALID_BATCHES, VALID_SIZE = 6, 64


def loss_of(network: InstrumentNetwork, batch: Batch) -> Tensor:
    """Cross entropy of windows, and a share of that of steps."""
    window, steps = network(torch.from_numpy(batch.levels))
    entropy = nn.functional.binary_cross_entropy_with_logits
    main = entropy(window, torch.from_numpy(batch.heard))
    return main + STEPS_SHARE * entropy(steps, torch.from_numpy(batch.heard_steps))


@torch.no_grad()
def validate(network: InstrumentNetwork, batches: list[Batch]) -> float:
    """Mean average precision over labels, of spoiled mixes of stems of held-out works."""
    network.eval()
    scores: list[NDArray[np.float32]] = [network(torch.from_numpy(batch.levels))[0].numpy() for batch in batches]
    return mean_average_precision(np.concatenate(scores), np.concatenate([batch.heard for batch in batches]))


def train(
    pool: Path, valid: Path, out: Path, minutes: float, size: int, rate: float, seed: int, start: Path | None
) -> None:
    """Train until the processor's time is over; the rate rises over the first 3 % of it and then falls as a cosine."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    network = InstrumentNetwork()
    if start is not None:
        network.load_state_dict(torch.load(start, weights_only=True))
    rng = np.random.default_rng(seed)
    shards = _shards(pool)
    batches = reused(Mixer(Pool.read(pool), rng, CROP_FRAMES).batches(size), rng)
    if start is None:
        network.cepstra.fit(torch.from_numpy(np.concatenate([next(batches).levels for _ in range(FITTED)])))
    average = copy.deepcopy(network)
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=1e-2)
    held_out_batches = Mixer(Pool.read(valid), np.random.default_rng(0)).batches(VALID_SIZE)
    held_out = [next(held_out_batches) for _ in range(VALID_BATCHES)]
    out.mkdir(parents=True, exist_ok=True)
    begun, losses, steps, reported = time.process_time(), [], 0, 0.0
    # the processor's time: on a busy machine the clock would end the training early
    while (done := (time.process_time() - begun) / (60.0 * minutes)) < 1.0:
        for group in optimiser.param_groups:
            group["lr"] = rate * min(done / 0.03 + 0.02, 0.5 + 0.5 * float(np.cos(np.pi * done)) + 0.002)
        network.train()
        loss = loss_of(network, next(batches))
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimiser.step()
        steps += 1
        losses.append(float(loss.detach()))
        blend(average, network, min(AVERAGE, 1.0 - 1.0 / (1 + steps / 10)))
        if time.process_time() - begun - reported > REPORT_S:
            reported = time.process_time() - begun
            _report(average, held_out, out, done, steps, losses)
            losses = []
            if _shards(pool) != shards:  # stems may still be made while training goes on
                shards = _shards(pool)
                batches = reused(Mixer(Pool.read(pool), rng, CROP_FRAMES).batches(size), rng)
    _report(average, held_out, out, 1.0, steps, losses)


def reused(batches: Iterator[Batch], rng: np.random.Generator) -> Iterator[Batch]:
    """Each batch ``REUSED`` times on average, in random order."""
    kept: list[Batch] = []
    while True:
        kept = [*kept[-KEPT + 1 :], next(batches)]
        yield kept[-1]
        for _ in range(REUSED - 1):
            yield kept[int(rng.integers(len(kept)))]


def _shards(pool: Path) -> list[Path]:
    return sorted(pool.glob("*.npz"))


def _report(
    average: InstrumentNetwork, held_out: list[Batch], out: Path, done: float, steps: int, losses: list[float]
) -> None:
    torch.save(average.state_dict(), out / "checkpoint.pt")
    line = {
        "done": round(done, 3),
        "steps": steps,
        "loss": round(float(np.mean(losses or [0.0])), 5),
        "valid_map": round(validate(average, held_out), 4),
    }
    with (out / "log.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")
    print(json.dumps(line), flush=True)


def main() -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pool", type=Path, required=True)
    parser.add_argument("--valid", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=20.0, help="of processor time")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=Path, help="a checkpoint to go on from")
    args = parser.parse_args()
    train(args.pool, args.valid, args.out, args.minutes, args.batch, args.rate, args.seed, args.start)


if __name__ == "__main__":
    main()
