"""Frames of a real performance, and what QKeras made of them when the network was converted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from fpga.engines.engine import Codes, Logits, States
from fpga.engines.shipped import FOLDER


@dataclass(frozen=True, slots=True, eq=False)
class Golden:
    """Arrays over frames: features, the state before, logits and the state after, all in codes."""

    codes: Codes
    states: States
    logits: Logits
    after: States

    @classmethod
    def read(cls) -> Self:
        with np.load(FOLDER / "golden.npz") as held:
            return cls(held["codes"], held["states"], held["logits"], held["after"])
