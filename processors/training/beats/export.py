"""Export a checkpoint as ONNX: one step of the network for a batch of sources.

python -m processors.training.beats.export CHECKPOINT.pt --out processors/beats/beats.onnx
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import torch
from torch import Tensor, nn

from processors.beats.features import FEATURES

from .network import BeatNet


class _Step(nn.Module):
    """What inference needs: a frame a source, the layers' states side by side, and no second task."""

    def __init__(self, network: BeatNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, features: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        net = self.network
        x = torch.relu(net.inward(features))
        y, after = x, []
        for layer, before in enumerate(state.split(net.hidden, 1)):
            y = _gru_cell(net.recurrent, layer, y, before)
            after.append(y)
        return torch.sigmoid(net.outward(torch.cat((x, y), -1))), torch.cat(after, -1)


def _gru_cell(gru: nn.GRU, layer: int, x: Tensor, h: Tensor) -> Tensor:
    inward = nn.functional.linear(x, getattr(gru, f"weight_ih_l{layer}"), getattr(gru, f"bias_ih_l{layer}"))
    around = nn.functional.linear(h, getattr(gru, f"weight_hh_l{layer}"), getattr(gru, f"bias_hh_l{layer}"))
    reset_in, update_in, new_in = inward.chunk(3, -1)
    reset_h, update_h, new_h = around.chunk(3, -1)
    update = torch.sigmoid(update_in + update_h)
    new = torch.tanh(new_in + torch.sigmoid(reset_in + reset_h) * new_h)
    return new + update * (h - new)


def load(checkpoint: Path) -> BeatNet:
    """The network of a checkpoint, whatever its size."""
    weights = torch.load(checkpoint, weights_only=True)
    layers = sum(name.startswith("recurrent.weight_hh") for name in weights)
    network = BeatNet(weights["inward.weight"].shape[0], layers)
    network.load_state_dict(weights)
    return network.eval()


def export(checkpoint: Path, out: Path) -> str:
    """Write the model; the SHA-256 of the file."""
    import onnx

    network = load(checkpoint)
    size = network.hidden * network.layers
    torch.onnx.export(
        _Step(network),
        (torch.zeros(2, FEATURES), torch.zeros(2, size)),
        str(out),
        input_names=["features", "state"],
        output_names=["activation", "state_after"],
        dynamic_axes={name: {0: "sources"} for name in ("features", "state", "activation", "state_after")},
        opset_version=17,
        dynamo=False,
    )
    onnx.checker.check_model(onnx.load(str(out)))
    return hashlib.sha256(out.read_bytes()).hexdigest()


def main() -> None:
    """Export from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    digest = export(options.checkpoint, options.out)
    print(f"{options.out}: {options.out.stat().st_size} bytes, sha256 {digest}")


if __name__ == "__main__":
    main()
