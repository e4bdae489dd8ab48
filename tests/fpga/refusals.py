"""Converts networks that the tools would get wrong, with the real tools; prints why each is refused, as JSON.

A program of its own: TensorFlow and hls4ml's Keras stay out of the other tests.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from fpga.conversion.from_qkeras import UnsupportedLayerError, graph_of
from fpga.conversion.keras import keras
from fpga.conversion.to_hls import compare_layers, converted, write_hls
from fpga.formats import FEATURE, STATE
from processors.beats.features import FEATURES

keras()

from qkeras import QActivation, QDense, quantized_bits  # noqa: E402

from fpga.training.network import Shape, step_network  # noqa: E402

UNITS = 3


def reason(tried: Any) -> str:
    try:
        tried()
    except UnsupportedLayerError as error:
        return str(error)
    return "not refused"


def odd(layer: Any) -> Any:
    """A network with one layer more than the tools know."""
    layers = keras().layers
    features, state = layers.Input((FEATURES,), name="features"), layers.Input((UNITS,), name="state")
    both = layers.Concatenate(name="both")([features, state])
    weights = {"kernel_quantizer": quantized_bits(6, 1, alpha=1), "bias_quantizer": quantized_bits(8, 2, alpha=1)}
    y = layer(QDense(UNITS, name="first", **weights)(both))
    return keras().Model([features, state], [y, QActivation(quantized_bits(12, 0, alpha=1), name="after")(y)])


def main() -> None:
    """Print the reasons."""
    folder = Path(sys.argv[1])
    rng = np.random.default_rng(0)
    network = step_network(Shape("gated", UNITS, UNITS))
    for layer in network.layers:
        if layer.weights:
            layer.set_weights([np.rint(rng.normal(0, 5, part.shape)) / 16 for part in layer.get_weights()])
    values = [
        FEATURE.values(rng.integers(-128, 128, (50, FEATURES))),
        STATE.values(rng.integers(-2048, 2048, (50, UNITS))),
    ]
    left = converted(network, folder / "left", {})  # every precision left to hls4ml
    told = {
        "unknown": reason(lambda: graph_of(odd(keras().layers.ELU(name="bent")))),
        "scaled": reason(lambda: graph_of(odd(QActivation(quantized_bits(8, 0, alpha="auto"), name="stretched")))),
        "dropped": reason(lambda: compare_layers(network, left, values)),
        "good": reason(lambda: write_hls(network, graph_of(network), folder / "good", values)),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
