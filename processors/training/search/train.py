"""Train the search's networks on queries made from a catalogue's works.

python -m processors.training.search.train --catalogue CATALOGUE --out .cache/search/run1 --minutes 4

What is computed of works and queries is kept beside ``--out``, so that a second run begins at once.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from processors.search.text import TextEncoder

from .network import NameNet, QueryNet
from .prepared import BATCH, Check, Prepared, prepare

WORKS = 1_200
"""Works among which a batch of queries finds its answers."""
LEARNING_RATE = 2e-3
START_TEMPERATURE = 14.0
REPORT_S = 20.0


def main() -> None:
    arguments = _arguments()
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(1)
    name = f"prepared-{arguments.queries}-{arguments.seed}{'-all' if arguments.all_wordings else ''}.npz"
    arguments.out.mkdir(parents=True, exist_ok=True)
    kept = arguments.out.parent / name
    if not kept.is_file():
        encoder = TextEncoder(arguments.out.parent)
        prepare(arguments.catalogue, encoder, arguments.queries, arguments.seed, arguments.all_wordings).save(kept)
    data = Prepared.load(kept)
    print(f"{len(data.music)} works, {data.held_out.sum()} held out, {len(data.texts)} queries", flush=True)
    nets, report = train(data, arguments.minutes, arguments.seed)
    torch.save({"nets": nets.state_dict(), "report": report}, arguments.out / "checkpoint.pt")
    (arguments.out / "report.json").write_text(json.dumps(report))


def train(data: Prepared, minutes: float, seed: int) -> tuple[nn.ModuleDict, dict[str, float]]:
    """Networks ``query`` and ``name``, and their nDCG@10 on held-out works."""
    rng = np.random.default_rng(seed)
    learnt = np.flatnonzero(~data.held_out)
    music, names, texts = (torch.from_numpy(array) for array in (data.music, data.names, data.texts))
    nets = nn.ModuleDict({"query": QueryNet(), "name": NameNet()})
    temperature = nn.Parameter(torch.tensor(START_TEMPERATURE).log())
    optimiser = torch.optim.AdamW([*nets.parameters(), temperature], lr=LEARNING_RATE, weight_decay=0.02)
    began = reported = time.monotonic()
    losses: list[float] = []
    done = 0.0
    while done < 1.0:
        done = (time.monotonic() - began) / (minutes * 60)
        for group in optimiser.param_groups:
            group["lr"] = LEARNING_RATE * min(1.0, (len(losses) + 1) / 50) * max(1.0 - done, 0.0) ** 0.7
        rows = rng.choice(len(texts), BATCH, replace=False)
        seen = rng.choice(len(learnt), min(len(learnt), WORKS), replace=False)
        nets.train()
        works = torch.cat((music[learnt[seen]], nets["name"](names[learnt[seen]])), 1)
        logits = temperature.exp() * (nets["query"](texts[rows]) @ works.T)
        target = torch.from_numpy(data.truth[np.ix_(rows, seen)].astype(np.float32))
        target = target / target.sum(1, keepdim=True).clamp(min=1e-6)
        loss = -(target * logits.log_softmax(1)).sum(1).mean()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(nets.parameters(), 1.0)
        optimiser.step()
        losses.append(loss.item())
        if time.monotonic() - reported > REPORT_S or done >= 1.0:
            reported = time.monotonic()
            report = _report(nets, data)
            print(len(losses), f"loss {np.mean(losses[-200:]):.3f}", report, flush=True)
    return nets, report


@torch.no_grad()
def _report(nets: nn.ModuleDict, data: Prepared) -> dict[str, float]:
    nets.eval()
    rows = np.flatnonzero(data.held_out)
    names = nets["name"](torch.from_numpy(data.names[rows]))
    works = torch.cat((torch.from_numpy(data.music[rows]), names), 1)
    return {
        check.name: _mean_ndcg(nets["query"](torch.from_numpy(check.texts)) @ works.T, check) for check in data.checks
    }


def _mean_ndcg(scores: torch.Tensor, check: Check) -> float:
    order = scores.numpy().argsort(axis=1)[:, ::-1]
    return round(float(np.mean([_ndcg(truth[ranked]) for truth, ranked in zip(check.truth, order, strict=True)])), 4)


def _ndcg(gains: NDArray[np.float32], top: int = 10) -> float:
    discount = 1.0 / np.log2(np.arange(2, top + 2))
    best = np.sort(gains)[::-1][:top]
    return float((gains[:top] * discount).sum() / max(float((best * discount).sum()), 1e-9))


def _arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--catalogue", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=4.0)
    parser.add_argument("--queries", type=int, default=16_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--all-wordings", action="store_true", help="Learn all wordings: for the shipped model.")
    return parser.parse_args(given)


if __name__ == "__main__":
    main()
