"""Train the beat network on simulated performances.

    python -m processors.training.beats.train --data DATA --out FOLDER

needs torch (``pip install continuo[train]``). The state is carried through whole pieces; gradients flow over
``--frames``.
"""

from __future__ import annotations

import argparse
import copy
import json
import time
from pathlib import Path

import torch
from torch import Tensor, nn

from processors.training.averaging import blend

from .lanes import Examples, Lanes
from .network import BeatNet
from .pool import load_works, shares, split

WARM_UP = 200
AVERAGE = 0.999
"""Of the exponential moving average of the weights, which is what is kept."""


def losses(network: BeatNet, batch: Examples, state: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The loss, its beat and downbeat parts, and the state after the batch.

    A piece that begins within a batch follows the one before as it would on a stage: the state is not cleared.
    """
    state = state * torch.from_numpy(~batch.first[0])[None, :, None]
    logits, hidden, state = network(torch.from_numpy(batch.features), state)
    target, weight = torch.from_numpy(batch.target), torch.from_numpy(batch.weight)
    each = nn.functional.binary_cross_entropy_with_logits(logits, target, weight, reduction="none").mean((0, 1))
    length = nn.functional.cross_entropy(
        network.period(hidden).flatten(0, 1), torch.from_numpy(batch.period).flatten(), ignore_index=-1
    )
    bar = nn.functional.cross_entropy(
        network.bar(hidden).flatten(0, 1), torch.from_numpy(batch.bar).flatten(), ignore_index=0
    )
    return each[0] + 1.5 * each[1] + 0.1 * length + 0.1 * bar, each.detach(), state.detach()


def main() -> None:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--kept", type=Path, default=Path(".cache/beats"), help="folder that works are kept in")
    parser.add_argument("--without", type=Path, help="a JSON list of works that are not trained on")
    parser.add_argument("--hidden", type=int, default=96)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--lanes", type=int, default=64)
    parser.add_argument("--frames", type=int, default=160)
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--minutes", type=float, default=1e9, help="of processor time; the rate falls to zero by then")
    parser.add_argument("--start", type=Path, help="weights to start from")
    parser.add_argument("--backwards", action="store_true", help="a network that begins at the end")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    without = json.loads(options.without.read_text()) if options.without else []
    works = load_works(options.data, options.kept, without)
    kept, held = split(works)
    lanes = Lanes(kept, shares(kept), options.lanes, options.seed, options.backwards)
    check = Lanes(held, shares(held), 32, 1, options.backwards).batch(600)
    network = BeatNet(options.hidden, options.layers)
    if options.start:
        network.load_state_dict(torch.load(options.start))
    train(network, lanes, check, options)


def train(network: BeatNet, lanes: Lanes, check: Examples, options: argparse.Namespace) -> None:
    """Adam, with the rate falling to zero over the steps or the minutes, whichever is sooner."""
    options.out.mkdir(parents=True, exist_ok=True)
    average = copy.deepcopy(network).eval()
    optimiser = torch.optim.AdamW(network.parameters(), options.rate, weight_decay=1e-3)
    state = network.initial_state(options.lanes)
    begun = time.process_time()
    for step in range(options.steps):
        done = max(step / options.steps, (time.process_time() - begun) / 60.0 / options.minutes)
        if done >= 1.0:
            break
        for group in optimiser.param_groups:
            group["lr"] = options.rate * min(1.0, (step + 1) / WARM_UP) * (1.0 - done)
        loss, each, state = losses(network, lanes.batch(options.frames), state)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        blend(average, network, min(AVERAGE, (step + 1) / (step + 10)))
        if step % 100 == 99:
            with torch.no_grad():
                _, held, _ = losses(average, check, average.initial_state(check.features.shape[1]))
            minutes = (time.process_time() - begun) / 60.0
            print(
                f"{step + 1} {minutes:.1f} min: beat {each[0]:.4f} downbeat {each[1]:.4f}; "
                f"held out: beat {held[0]:.4f} downbeat {held[1]:.4f}",
                flush=True,
            )
            torch.save(average.state_dict(), options.out / "beats.pt")
    torch.save(average.state_dict(), options.out / "beats.pt")


if __name__ == "__main__":
    main()
