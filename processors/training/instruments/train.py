"""Train the instrument network for a given time on one CPU thread, with checkpoints.

python -m processors.training.instruments.train --pool PLAYED RECORDED --valid DIR --out DIR --minutes 30

With ``--without`` sources are kept from training, whole SoundFonts and whole libraries of recorded notes, and validated
with: the way to compare networks, as what is to be told was recorded elsewhere.
"""

from __future__ import annotations

import argparse
import copy
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from processors.training.averaging import blend

from .average_precision import mean_average_precision
from .mixing import ALONE, Batch, Mixer, Pool
from .network import InstrumentNetwork

STEPS_SHARE = 0.5
"""Weight of the loss of single steps beside that of windows."""
AVERAGE = 0.995
REUSED, KEPT = 2, 100
"""Mixing takes a quarter of the time of training: each batch is used so often, among so many that are kept."""
CROP_FRAMES = 64
"""Half a window: attention over steps takes any number of them, and twice as many examples are seen in the time."""
REPORT_S = 60.0
"""Of processor time, from one validation to the next."""
VALID_BATCHES, VALID_SIZE = 6, 64


def loss_of(network: InstrumentNetwork, batch: Batch) -> Tensor:
    """Cross entropy of windows, and a share of that of steps; computed in 16 bits."""
    with torch.autocast("cpu", torch.bfloat16):
        window, steps = network(torch.from_numpy(batch.levels))
    entropy = nn.functional.binary_cross_entropy_with_logits
    main = entropy(window.float(), torch.from_numpy(batch.heard))
    return main + STEPS_SHARE * entropy(steps.float(), torch.from_numpy(batch.heard_steps))


@dataclass(frozen=True, slots=True)
class Validation:
    """Examples to validate with: mixes, and single instruments."""

    mixes: list[Batch]
    alone: list[Batch]

    @classmethod
    def of(cls, pool: Pool) -> Validation:
        """Examples of a pool that nothing is trained on."""
        mixes = Mixer(pool, np.random.default_rng(0)).batches(VALID_SIZE)
        singles = Mixer(pool, np.random.default_rng(0), together=ALONE).batches(VALID_SIZE)
        return cls([next(mixes) for _ in range(VALID_BATCHES)], [next(singles) for _ in range(VALID_BATCHES)])

    @torch.no_grad()
    def measure(self, network: InstrumentNetwork) -> dict[str, float]:
        """Mean average precision of mixes; share of single instruments told first, and in the first three."""
        network.eval()
        score, heard = _told(network, self.mixes)
        alone, truth = _told(network, self.alone)
        alone, truth = alone[truth.any(axis=1)], truth[truth.any(axis=1)]
        order = np.argsort(-alone, axis=1)
        right = np.take_along_axis(truth, order, axis=1) > 0.0
        return {
            "valid_map": round(mean_average_precision(score, heard), 4),
            "first": round(float(right[:, 0].mean()), 4),
            "three": round(float(right[:, :3].any(axis=1).mean()), 4),
        }


def _told(network: InstrumentNetwork, batches: list[Batch]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    told = [network(torch.from_numpy(batch.levels))[0].numpy() for batch in batches]
    return np.concatenate(told), np.concatenate([batch.heard for batch in batches])


def train(
    pool: Pool, valid: Pool, out: Path, minutes: float, size: int, rate: float, seed: int, start: Path | None
) -> None:
    """Train until the processor's time is over; the rate rises over the first 3 % of it and then falls as a cosine."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    network = InstrumentNetwork().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if start is not None:
        network.load_state_dict(torch.load(start, weights_only=True))
    rng = np.random.default_rng(seed)
    batches = reused(Mixer(pool, rng, CROP_FRAMES).batches(size), rng)
    average = copy.deepcopy(network)
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=2e-2)
    validation = Validation.of(valid)
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
            _report(average, validation, out, done, steps, losses)
            losses = []
    _report(average, validation, out, 1.0, steps, losses)


def reused(batches: Iterator[Batch], rng: np.random.Generator) -> Iterator[Batch]:
    """Each batch ``REUSED`` times on average, in random order."""
    kept: list[Batch] = []
    while True:
        kept = [*kept[-KEPT + 1 :], next(batches)]
        yield kept[-1]
        for _ in range(REUSED - 1):
            yield kept[int(rng.integers(len(kept)))]


def _report(
    average: InstrumentNetwork, validation: Validation, out: Path, done: float, steps: int, losses: list[float]
) -> None:
    torch.save(average.state_dict(), out / "checkpoint.pt")
    line = {"done": round(done, 3), "steps": steps, "loss": round(float(np.mean(losses or [0.0])), 5)}
    line |= validation.measure(average)
    with (out / "log.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")
    print(json.dumps(line), flush=True)


def main() -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pool", type=Path, nargs="+", required=True)
    parser.add_argument("--valid", type=Path, nargs="+", help="pools that nothing is trained on")
    parser.add_argument("--without", nargs="+", help="or sources of the pool; beginnings of their names")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=30.0, help="of processor time")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=Path, help="a checkpoint to go on from")
    args = parser.parse_args()
    if bool(args.valid) == bool(args.without):
        parser.error("Give --valid or --without.")
    pool = Pool.read(args.pool)
    if args.without:
        valid, pool = pool.of_sources(args.without, True), pool.of_sources(args.without, False)
    else:
        valid = Pool.read(args.valid)
    train(pool, valid, args.out, args.minutes, args.batch, args.rate, args.seed, args.start)


if __name__ == "__main__":
    main()
