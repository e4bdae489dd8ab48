"""Counts the bits in which engines differ from QKeras, over performances, the state carried over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass

import numpy as np

from fpga.conversion.convert import codes_of
from fpga.conversion.keras import keras
from fpga.conversion.to_qkeras import qkeras_model
from fpga.engines.engine import Codes, Engine, Logits, States
from fpga.formats import FEATURE, LOGIT, STATE
from fpga.graph import Graph

from .music import side_by_side

LANES = 64


@dataclass(slots=True)
class Verification:
    """What was found.

    Attributes:
        frames: how many each engine ran.
        differing_bits: of logits and states together, over all engines.
        by_engine: the same, for each.
    """

    network: str
    frames: int
    differing_bits: int
    by_engine: dict[str, int]

    def as_dict(self) -> dict[str, object]:
        """For ``--json``."""
        return asdict(self)


def verify(
    graph: Graph, engines: dict[str, Engine], music: Iterator[Codes], frames: int, told: Callable[[int], None]
) -> Verification:
    """Run QKeras and the engines over the same performances; each carries its own state.

    Args:
        frames: at least so many.
        told: hears how many frames are done.

    Raises:
        ValueError: there is not enough music.
        EngineError: an engine does not answer.
    """
    codes, begins = side_by_side(music, LANES, frames)
    reference = _Reference(graph)
    with ExitStack() as stack:
        for engine in engines.values():
            stack.enter_context(closing(engine))
        true = np.zeros((LANES, graph.state_size), np.int16)
        states = {name: true.copy() for name in engines}
        wrong = dict.fromkeys(engines, 0)
        for step, frame in enumerate(codes):
            true[begins[step]] = 0
            logits, true = reference.step(frame, true)
            for name, engine in engines.items():
                states[name][begins[step]] = 0
                found, states[name] = engine.step(frame, states[name])
                wrong[name] += _differing_bits(found, logits) + _differing_bits(states[name], true)
            told((step + 1) * LANES)
    return Verification(graph.version, codes.shape[0] * LANES, sum(wrong.values()), wrong)


class _Reference:
    """The network in QKeras."""

    def __init__(self, graph: Graph) -> None:
        keras()
        import tensorflow

        self._model = tensorflow.function(qkeras_model(graph))

    def step(self, codes: Codes, states: States) -> tuple[Logits, States]:
        logits, after = self._model([FEATURE.values(codes), STATE.values(states)])
        return codes_of(logits.numpy(), LOGIT.step), codes_of(after.numpy(), STATE.step)


def _differing_bits(found: np.ndarray, true: np.ndarray) -> int:
    return int(np.bitwise_count(np.bitwise_xor(found.astype(np.int16), true.astype(np.int16)).view(np.uint16)).sum())
