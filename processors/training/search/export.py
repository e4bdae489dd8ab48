"""Export a checkpoint of the search's networks as ONNX, and print their checksums for the model card.

python -m processors.training.search.export --checkpoint .cache/search/run1/checkpoint.pt --out processors/search
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import torch
from torch import nn

from processors.search.text import WIDTH

from .network import NameNet, QueryNet


def export(checkpoint: Path, out: Path) -> dict[str, str]:
    """Write ``query.onnx`` and ``name.onnx`` into ``out``; the SHA-256 of each."""
    import onnx

    weights = torch.load(checkpoint, weights_only=True)["nets"]
    nets: dict[str, tuple[nn.Module, str, int]] = {
        "query": (QueryNet(), "text", 2 * WIDTH),
        "name": (NameNet(), "mean", WIDTH),
    }
    digests = {}
    for name, (net, input_name, width) in nets.items():
        prefix = f"{name}."
        net.load_state_dict(
            {key.removeprefix(prefix): value for key, value in weights.items() if key.startswith(prefix)}
        )
        net.eval()
        file = out / f"{name}.onnx"
        torch.onnx.export(
            net,
            (torch.zeros(2, width),),
            str(file),
            input_names=[input_name],
            output_names=["vectors"],
            dynamic_axes={input_name: {0: "rows"}, "vectors": {0: "rows"}},
            opset_version=17,
            dynamo=False,
        )
        onnx.checker.check_model(onnx.load(str(file)))
        digests[name] = hashlib.sha256(file.read_bytes()).hexdigest()
    return digests


def main() -> None:
    """Export from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    for name, digest in export(args.checkpoint, args.out).items():
        print(f"{name}.onnx: {(args.out / f'{name}.onnx').stat().st_size} bytes, sha256 {digest}")


if __name__ == "__main__":
    main()
