"""Calibrate a checkpoint or the mean of several, export it as ONNX, and print the checksum for its model card.

python -m processors.training.instruments.export --checkpoint CHECKPOINT.pt --valid DIR --out instruments.onnx
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from torch import Tensor, nn

from processors.instruments.constants import BANDS, WINDOW_FRAMES
from processors.instruments.labels import LABELS
from processors.training.averaging import blend

from .mixing import Mixer, Pool
from .network import InstrumentNetwork

BATCHES, SIZE = 20, 64
LARGE = 1000
"""Weights of so many numbers are kept in 16 bits."""
NEAR_ONE, NEAR_ZERO = 0.05, 0.02
"""How strongly scale and shift of a label are held near 1 and 0, where it is seldom heard."""


class Calibrated(nn.Module):
    """The network with a scale and a shift of each label's logit (Platt), the same for windows and steps."""

    def __init__(self, network: InstrumentNetwork, scale: NDArray[np.float64], shift: NDArray[np.float64]) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("scale", torch.tensor(scale, dtype=torch.float32))
        self.register_buffer("shift", torch.tensor(shift, dtype=torch.float32))

    def forward(self, levels: Tensor) -> tuple[Tensor, Tensor]:
        """As ``InstrumentNetwork.forward``."""
        window, steps = self.network(levels)
        return window * self.scale + self.shift, steps * self.scale + self.shift


def fit(logit: NDArray[np.float64], truth: NDArray[np.float64]) -> tuple[float, float]:
    """Scale and shift of one label's logits, of least cross entropy on the truth."""

    def entropy(parameters: NDArray[np.float64]) -> float:
        scale, shift = parameters
        moved = scale * logit + shift
        held = NEAR_ONE * (scale - 1.0) ** 2 + NEAR_ZERO * shift**2
        return float(np.mean(np.logaddexp(0.0, moved) - truth * moved) + held / 10.0)

    found = minimize(entropy, np.array([1.0, 0.0]), method="Nelder-Mead").x
    return float(max(found[0], 0.2)), float(found[1])


@torch.no_grad()
def calibrate(network: InstrumentNetwork, valid: Sequence[Path]) -> Calibrated:
    """Fit each label on spoiled mixes of held-out stems."""
    batches = Mixer(Pool.read(valid), np.random.default_rng(1)).batches(SIZE)
    examples = [next(batches) for _ in range(BATCHES)]
    logit = np.concatenate([network(torch.from_numpy(batch.levels))[0].numpy() for batch in examples]).astype(float)
    truth = np.concatenate([batch.heard for batch in examples]).astype(float)
    fitted = [fit(logit[:, k], truth[:, k]) for k in range(len(LABELS))]
    return Calibrated(network, np.array([scale for scale, _ in fitted]), np.array([shift for _, shift in fitted]))


def mean_network(checkpoints: Sequence[Path]) -> InstrumentNetwork:
    """The network with the mean of the weights of runs that began alike (Wortsman et al., "Model soups", ICML 2022)."""
    mean, *others = (_read(checkpoint) for checkpoint in checkpoints)
    for number, network in enumerate(others, start=1):
        blend(mean, network, number / (number + 1))
    return mean


def _read(checkpoint: Path) -> InstrumentNetwork:
    network = InstrumentNetwork()
    network.load_state_dict(torch.load(checkpoint, weights_only=True))
    return network.eval()


def export(checkpoints: Sequence[Path], valid: Sequence[Path], out: Path) -> str:
    """Write the calibrated model; the SHA-256 of the file."""
    import onnx

    network = mean_network(checkpoints)
    calibrated = calibrate(network, valid).eval()
    torch.onnx.export(
        calibrated,
        (torch.zeros(2, WINDOW_FRAMES, BANDS, dtype=torch.uint8),),
        str(out),
        input_names=["levels"],
        output_names=["window", "steps"],
        dynamic_axes={name: {0: "windows"} for name in ("levels", "window", "steps")},
        opset_version=17,
        dynamo=False,
    )
    model = onnx.load(str(out))
    _halve(model)
    onnx.checker.check_model(model)
    onnx.save(model, str(out))
    return hashlib.sha256(out.read_bytes()).hexdigest()


def _halve(model: Any) -> None:
    """Keep the large weights in 16 bits; they are widened when the model is loaded."""
    import onnx
    from onnx import numpy_helper

    for number, weight in enumerate(model.graph.initializer):
        if weight.data_type == onnx.TensorProto.FLOAT and np.prod(weight.dims) >= LARGE:
            name = weight.name
            halved = numpy_helper.to_array(weight).astype(np.float16)
            model.graph.initializer[number].CopyFrom(numpy_helper.from_array(halved, f"{name}.half"))
            widen = onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT)
            model.graph.node.insert(0, widen)


def main() -> None:
    """Export from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, nargs="+", required=True, help="the mean of several is taken")
    parser.add_argument("--valid", type=Path, nargs="+", required=True, help="pools that nothing was trained on")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    digest = export(args.checkpoint, args.valid, args.out)
    print(f"{args.out}: {args.out.stat().st_size} bytes, sha256 {digest}")


if __name__ == "__main__":
    main()
