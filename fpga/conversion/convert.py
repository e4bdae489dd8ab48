"""Makes all that is shipped of a network from its trained weights, and refuses what any tool computes otherwise."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fpga.engines.engine import Codes, States
from fpga.formats import FEATURE, LOGIT, STATE
from fpga.graph import Graph

from .from_qkeras import graph_of
from .keras import keras
from .logic import layers_of, trace
from .to_hls import DifferingLayerError, write_hls
from .to_onnx import write_onnx

GOLDEN_FRAMES = 256


def convert(model: Any, frames: Codes, out: Path, told: Callable[[str], None]) -> Graph:
    """Write ``network.json``, ``network.onnx``, the hls4ml project and golden frames into ``out``.

    Args:
        model: a quantised QKeras network, see ``training.network.step_network``.
        frames: int8 [frames, FEATURES], of real music, one source's one after the other.
        told: hears of the progress.

    Returns:
        The network's graph.

    Raises:
        UnsupportedLayerError: a layer has no exact counterpart, or a tool computes it otherwise; named.
    """
    graph = graph_of(model)
    told(f"{graph.version}: {len(graph.operations)} layers")
    logits, states, after = run_qkeras(model, frames, graph.state_size)
    values = [FEATURE.values(frames), STATE.values(states)]
    _compare_logic(model, graph, values)
    told("da4ml: all layers agree")
    out.mkdir(parents=True, exist_ok=True)
    draft = out / "hls.draft"
    compared = write_hls(model, graph, draft, values)
    told(f"hls4ml: all layers agree in {sum(compared.values())} numbers")
    shutil.rmtree(out / "hls", ignore_errors=True)
    draft.rename(out / "hls")
    write_onnx(graph, out / "network.onnx")
    (out / "network.json").write_text(graph.to_json(), encoding="utf-8")
    with (out / "golden.npz").open("wb") as file:
        np.savez_compressed(file, codes=frames, states=states, logits=logits, after=after)
    return graph


def run_qkeras(model: Any, frames: Codes, state_size: int) -> tuple[NDArray[np.int16], States, States]:
    """One source's frames through QKeras: logits, and the states before and after each, all in codes."""
    state = np.zeros((1, state_size), np.float32)
    logits, before, after = [], [], []
    for code in frames:
        before.append(state[0])
        logit, state = (part.numpy() for part in model([FEATURE.values(code[None]), state]))
        logits.append(logit[0])
        after.append(state[0])
    return (
        codes_of(np.array(logits), LOGIT.step),
        codes_of(np.array(before), STATE.step),
        codes_of(np.array(after), STATE.step),
    )


def codes_of(values: NDArray[np.float32], step: float) -> NDArray[np.int16]:
    """Codes of values that are multiples of the step."""
    return np.rint(values / step).astype(np.int16)


def _compare_logic(model: Any, graph: Graph, values: list[NDArray[np.float32]]) -> None:
    found = layers_of(graph, trace(graph, every_layer=True), np.concatenate(values, 1))
    layers = [layer for layer in model.layers if type(layer).__name__ != "InputLayer"]
    expected = keras().Model(model.inputs, [layer.output for layer in layers])(values)
    for layer, true in zip(layers, expected, strict=True):
        wrong = int(np.count_nonzero(found[layer.name] != true.numpy()))
        if wrong:
            raise DifferingLayerError(
                f"da4ml computes layer {layer.name!r} ({type(layer).__name__}) otherwise than QKeras: {wrong} of "
                f"{true.numpy().size} numbers differ."
            )
