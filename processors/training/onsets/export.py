"""Export a checkpoint as ONNX, and print the checksum for its model card.

python -m processors.training.onsets.export --checkpoint CHECKPOINT.pt --threshold 0.3 --out onsets.onnx
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from processors.onsets.constants import BINS

from .network import OnsetNetwork


class _Exported(nn.Module):
    """What inference needs: activations and states, no second task."""

    def __init__(self, network: OnsetNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, features: Tensor, *states: Tensor) -> Sequence[Tensor]:
        onset, _, after = self.network(features, states)
        return torch.sigmoid(onset), *after


def export(checkpoint: Path, threshold: float, out: Path) -> str:
    """Write the model with its delay and threshold as metadata; the SHA-256 of the file."""
    import onnx

    weights = torch.load(checkpoint, weights_only=True)
    network = OnsetNetwork(width=weights["stem.weight"].shape[0])
    network.load_state_dict(weights)
    network.eval()
    states = network.initial_states(1)
    names = [f"state{i}" for i in range(len(states))]
    torch.onnx.export(
        _Exported(network),
        (torch.zeros(1, 8, 4, BINS), *states),
        str(out),
        input_names=["features", *names],
        output_names=["activation", *(f"{name}_after" for name in names)],
        dynamic_axes={"features": {1: "steps"}, "activation": {1: "frames"}},
        opset_version=17,
        dynamo=False,
    )
    model = onnx.load(str(out))
    onnx.helper.set_model_props(model, {"delay_steps": str(network.delay), "threshold": f"{threshold:g}"})
    onnx.checker.check_model(model)
    onnx.save(model, str(out))
    return hashlib.sha256(out.read_bytes()).hexdigest()


def main() -> None:
    """Export from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--threshold", type=float, default=0.5)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    digest = export(args.checkpoint, args.threshold, args.out)
    print(f"{args.out}: {args.out.stat().st_size} bytes, sha256 {digest}")


if __name__ == "__main__":
    main()
