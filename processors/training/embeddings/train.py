"""Train the embedding network for a given time on one CPU thread, with checkpoints.

python -m processors.training.embeddings.train --pool pool.npz --out .cache/embeddings/run --minutes 30

Contrastive: in a batch each performance must find its window of the work among those of all others, and the other way
round (van den Oord et al., "Representation learning with contrastive predictive coding", 2018). For audio fingerprints
the same was done by Chang et al., "Neural audio fingerprint for high-specific audio retrieval", ICASSP 2021.
"""

from __future__ import annotations

import argparse
import copy
import json
import time
from pathlib import Path

import faiss
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from processors.embeddings.windows import Windows
from processors.training.averaging import blend

from .examples import PLACES, Batch, Sampler, make_batch, middle_windows
from .network import NoteNetwork
from .pool import Pool

TEMPERATURE = 0.06
AVERAGE = 0.998
"""Weights are averaged over about so many steps: 1 / (1 - AVERAGE)."""
REPORT_S = 120.0
VALID_PAIRS = 2048
REGROUP_AT = (0.1, 0.4, 0.7)
"""When so much of the training is done, passages that look alike to the network are gathered anew."""
SAME_COSINE = 0.95
"""From then on windows so similar count as the same music (other editions, repeats), not as negatives."""
EMBED_AT_ONCE = 1024


def embed(network: NoteNetwork, windows: Windows) -> Tensor:
    """Vectors of windows."""
    vectors: Tensor = network(torch.from_numpy(windows.time), torch.from_numpy(windows.pitch))
    return vectors


def loss_of(network: NoteNetwork, batch: Batch, same_cosine: float) -> Tensor:
    """Cross entropy of finding the pair, both ways; windows of a higher cosine are no negatives."""
    played, written = embed(network, batch.played), embed(network, batch.written)
    odds = played @ written.T / TEMPERATURE
    same = torch.from_numpy(batch.same) | ((written @ written.T).detach() > same_cosine)
    odds = odds.masked_fill(same & ~torch.eye(len(same), dtype=torch.bool), -1e4)
    truth = torch.arange(len(odds))
    entropy = nn.functional.cross_entropy
    return (entropy(odds, truth) + entropy(odds.T, truth)) / 2


@torch.no_grad()
def validate(network: NoteNetwork, batch: Batch) -> float:
    """How many performances find their own window first, among those of works never trained on."""
    odds = embed(network, batch.played) @ embed(network, batch.written).T
    odds = odds.masked_fill(torch.from_numpy(batch.same & ~np.eye(len(batch.same), dtype=bool)), -1e4)
    return float((odds.argmax(1) == torch.arange(len(odds))).float().mean())


def train(
    pool: Pool, out: Path, minutes: float, width: int, pairs: int, rate: float, seed: int, start: Path | None
) -> None:
    """Train until so much processor time is used; the rate rises over the first 2 % of it, then falls as a cosine."""
    torch.set_num_threads(1)
    faiss.omp_set_num_threads(1)
    torch.manual_seed(seed)
    network = NoteNetwork(width)
    if start is not None:
        network.load_state_dict(torch.load(start, weights_only=True))
    average = copy.deepcopy(network)
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=1e-3)
    rng = np.random.default_rng(seed)
    sampler = Sampler(pool, rng)
    fixed = np.random.default_rng(0)
    held_out = make_batch(pool, Sampler(pool, fixed, held_out=True).draw(VALID_PAIRS // PLACES), fixed)
    regroup_at = list(REGROUP_AT)
    out.mkdir(parents=True, exist_ok=True)
    begun, reported, steps, losses = time.process_time(), 0.0, 0, [0.0]
    while (done := (time.process_time() - begun) / (60.0 * minutes)) < 1.0:
        for group in optimiser.param_groups:
            group["lr"] = rate * min(done / 0.02 + 0.02, 0.5 + 0.5 * float(np.cos(np.pi * done)) + 0.002)
        if regroup_at and done >= regroup_at[0]:
            regroup_at.pop(0)
            sampler.regroup(_vectors(average, middle_windows(pool, sampler.passages)))
        same_cosine = SAME_COSINE if done >= REGROUP_AT[0] else 2.0
        loss = loss_of(network, make_batch(pool, sampler.draw(pairs // PLACES), rng), same_cosine)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        steps += 1
        losses.append(float(loss.detach()))
        blend(average, network, min(AVERAGE, 1.0 - 1.0 / (1 + steps / 10)))
        if time.process_time() - reported > REPORT_S:
            reported = time.process_time()
            _report(average, held_out, out, done, steps, losses)
            losses = []
    _report(average, held_out, out, 1.0, steps, losses or [0.0])


@torch.no_grad()
def _vectors(network: NoteNetwork, windows: Windows) -> NDArray[np.float32]:
    starts = range(0, len(windows), EMBED_AT_ONCE)
    parts = [embed(network, windows.take(np.arange(s, min(s + EMBED_AT_ONCE, len(windows))))) for s in starts]
    return np.asarray(torch.cat(parts).numpy(), np.float32)


def _report(average: NoteNetwork, held_out: Batch, out: Path, done: float, steps: int, losses: list[float]) -> None:
    torch.save(average.state_dict(), out / "checkpoint.pt")
    line = {
        "done": round(done, 3),
        "steps": steps,
        "loss": round(float(np.mean(losses)), 4),
        "valid_top1": round(validate(average, held_out), 4),
    }
    with (out / "log.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")
    print(json.dumps(line), flush=True)


def main() -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pool", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--width", type=int, default=96)
    parser.add_argument("--pairs", type=int, default=384)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=Path, help="a checkpoint to go on from")
    args = parser.parse_args()
    train(Pool.load(args.pool), args.out, args.minutes, args.width, args.pairs, args.rate, args.seed, args.start)


if __name__ == "__main__":
    main()
