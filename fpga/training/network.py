"""The quantised beat network in QKeras: one frame and the state before it in, logits and the state after it out.

Recurrent layers of QKeras do not survive conversion bit by bit, so the cell is written out of dense layers, sums and
products, and the state is an input and an output. Bounded lines stand in for sigmoid and tanh: saturation does them for
nothing. Three cells were compared (``docs/fpga.md``):

- ``gated``: state += gate * (new - state), as in a gated recurrent unit whose gates are one;
- ``leaky``: the same with a fixed gate for each unit, a power of two;
- ``window``: no recurrence; a dense layer over the latest ``WINDOW`` frames, a causal convolution.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras
from qkeras import QActivation, QDense, quantized_bits, quantized_relu
from tf_keras import layers

from fpga.formats import LOGIT, STATE
from processors.beats.features import FEATURES

CELLS = ("gated", "leaky", "window")
WINDOW = 8
WEIGHT_BITS, WEIGHT_INTEGER = 6, 1
BIAS_BITS, BIAS_INTEGER = 8, 2
FIXED = "quantized_bits(7,1,alpha=1)"


@dataclass(frozen=True, slots=True)
class Shape:
    """What a network is made of.

    Attributes:
        cell: ``gated``, ``leaky`` or ``window``.
        inward: numbers that a frame is first reduced to.
        units: of the cell.
    """

    cell: str = "gated"
    inward: int = 24
    units: int = 24

    @property
    def state_size(self) -> int:
        """Numbers of the state."""
        return self.inward * (WINDOW - 1) if self.cell == "window" else self.units


class _Bound(layers.Layer):  # type: ignore[misc]
    """Passes values and gradients on within bounds, only values at them: saturation as training should feel it."""

    def __init__(self, least: float, most: float, **options: Any) -> None:
        super().__init__(**options)
        self._least, self._most = least, most

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return tf.clip_by_value(x, self._least, self._most)


class Layers:
    """Makes the layers of one network.

    Args:
        quantised: with quantisers; else the same network in float.
        training: with bounds on gradients too, which change no value.
    """

    def __init__(self, quantised: bool = True, training: bool = False) -> None:
        self._quantised = quantised
        self._bounded = training or not quantised

    def dense(self, units: int, name: str) -> Any:
        """A dense layer."""
        if not self._quantised:
            return layers.Dense(units, name=name)
        return QDense(
            units,
            kernel_quantizer=quantized_bits(WEIGHT_BITS, WEIGHT_INTEGER, alpha=1.0),
            bias_quantizer=quantized_bits(BIAS_BITS, BIAS_INTEGER, alpha=1.0),
            name=name,
        )

    def fixed(self, kernel: np.ndarray, name: str) -> Any:
        """A dense layer that is not learnt: multiples of 1/32, no biases."""
        options = {
            "units": kernel.shape[1],
            "use_bias": False,
            "trainable": False,
            "kernel_initializer": tf_keras.initializers.Constant(kernel),
            "name": name,
        }
        return QDense(kernel_quantizer=FIXED, **options) if self._quantised else layers.Dense(**options)

    def signed(self, x: Any, bits: int, integer: int, name: str) -> Any:
        """Round and saturate to [-2**integer, 2**integer)."""
        if self._bounded:
            x = _Bound(-(2.0**integer), 2.0**integer - 2.0 ** (integer + 1 - bits), name=f"{name}_bound")(x)
        if self._quantised:
            x = QActivation(quantized_bits(bits, integer, alpha=1.0), name=name)(x)
        return x

    def positive(self, x: Any, bits: int, integer: int, name: str) -> Any:
        """Round and saturate to [0, 2**integer)."""
        if self._bounded:
            x = _Bound(0.0, 2.0**integer - 2.0 ** (integer - bits), name=f"{name}_bound")(x)
        if self._quantised:
            x = QActivation(quantized_relu(bits, integer), name=name)(x)
        return x


def inward_part(shape: Shape, make: Layers, features: Any) -> Any:
    """What does not depend on the state."""
    most = 0 if shape.cell == "window" else 1  # a window keeps these numbers as its state
    return make.positive(make.dense(shape.inward, "inward")(features), 6, most, "inward_out")


def cell_part(shape: Shape, make: Layers, x: Any, state: Any) -> tuple[Any, Any]:
    """Logits, and the state after the frame."""
    if shape.cell == "window":
        seen = layers.Concatenate(name="seen")([x, state])
        y = make.positive(make.dense(shape.units, "window")(seen), 6, 1, "window_out")
        kept = np.eye(shape.inward + shape.state_size, shape.state_size)
        after = make.signed(make.fixed(kept, "kept")(seen), STATE.bits, STATE.integer, "state_out")
    else:
        heard = make.signed(state, 6, 0, "heard")
        both = layers.Concatenate(name="both")([x, heard])
        # with the sum's ten bits: it is bounded, not rounded
        new = make.signed(make.dense(shape.units, "new")(both), 10, 0, "new_out")
        change = layers.Subtract(name="change")([new, state])
        if shape.cell == "gated":
            gate = make.positive(make.dense(shape.units, "gate")(both), 5, 0, "gate_out")
            moved = layers.Multiply(name="moved")([gate, change])
        else:
            moved = make.fixed(np.diag(rates(shape.units)), "moved")(change)
        y = after = make.signed(layers.Add(name="sum")([state, moved]), STATE.bits, STATE.integer, "state_out")
    spoken = layers.Concatenate(name="spoken")([x, y])
    return make.signed(make.dense(2, "outward")(spoken), LOGIT.bits, LOGIT.integer, "logit"), after


def rates(units: int) -> np.ndarray:
    """The gate of each leaky unit: 1, 1/2, 1/4 ... 1/32, for as many units each; float32 [units]."""
    return (2.0 ** -(np.arange(units) * 6 // units)).astype(np.float32)


def step_network(shape: Shape, quantised: bool = True) -> Any:
    """A whole step as one model: features [FEATURES] and state to logits [2] and state, in values, not codes."""
    features = layers.Input((FEATURES,), name="features")
    state = layers.Input((shape.state_size,), name="state")
    make = Layers(quantised)
    return tf_keras.Model([features, state], list(cell_part(shape, make, inward_part(shape, make, features), state)))


def trained_network(shape: Shape, weights: dict[str, np.ndarray]) -> Any:
    """The whole step with weights of ``train``, rounded for good."""
    model = step_network(shape)
    for layer in model.layers:
        if type(layer).__name__ == "QDense" and layer.trainable:
            kernel = layer.kernel_quantizer_internal(tf.constant(weights[f"{layer.name}/kernel"]))
            bias = layer.bias_quantizer_internal(tf.constant(weights[f"{layer.name}/bias"]))
            layer.set_weights([kernel.numpy(), bias.numpy()])
    return model


def parts(shape: Shape, quantised: bool) -> tuple[Any, Any]:
    """The two models that training runs: frames to what the cell reads of them, and the cell."""
    make = Layers(quantised, training=True)
    features = layers.Input((FEATURES,), name="features")
    x = layers.Input((shape.inward,), name="x")
    state = layers.Input((shape.state_size,), name="state")
    inward = tf_keras.Model(features, inward_part(shape, make, features))
    return inward, tf_keras.Model([x, state], list(cell_part(shape, make, x, state)))
