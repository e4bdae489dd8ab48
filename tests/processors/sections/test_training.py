"""Training that is stopped goes on where it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from processors.sections.features import TIMBRE
from processors.sections.memory import LIVE
from processors.sections.whole import WHOLE
from processors.training.sections.examples import Example
from processors.training.sections.networks import WholeNetwork
from processors.training.sections.train import train

WIDTH = 8


def _examples() -> list[Example]:
    rng = np.random.default_rng(3)
    return [
        Example(
            heard=rng.normal(size=(steps, TIMBRE)).astype(np.float32),
            whole=rng.normal(size=(steps, WHOLE - TIMBRE)).astype(np.float32),
            around=rng.random((steps, steps)).astype(np.float16),
            live=np.zeros((steps, LIVE), np.float32),
            label=rng.integers(0, 6, steps),
            boundary=(np.arange(steps) % 8 == 0).astype(np.float32),
        )
        for steps in range(30, 44)
    ]


def _trained(folder: Path, stop_after: int | None) -> dict[str, torch.Tensor]:
    torch.manual_seed(1)
    passes = 0

    def stop(_: dict[str, float]) -> None:
        nonlocal passes
        passes += 1
        if passes == stop_after:
            raise KeyboardInterrupt

    network = train(WholeNetwork(WIDTH), _examples(), 2, 1, folder / "kept.pt", stop)
    return network.state_dict()


def test_training_that_was_stopped_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    for name in ("through", "stopped"):
        (tmp_path / name).mkdir()
    through = _trained(tmp_path / "through", None)
    with pytest.raises(KeyboardInterrupt):
        _trained(tmp_path / "stopped", 1)
    again = _trained(tmp_path / "stopped", None)
    assert all(torch.equal(through[name], again[name]) for name in through)
