"""Export a checkpoint as ONNX, and print the checksum for its model card.

python -m processors.training.embeddings.export --checkpoint CHECKPOINT.pt --out processors/embeddings/notes.onnx
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import torch

from processors.embeddings.constants import WINDOW_NOTES

from .network import NoteNetwork


def export(checkpoint: Path, out: Path) -> str:
    """Write the model; the SHA-256 of the file."""
    import onnx

    weights = torch.load(checkpoint, weights_only=True)
    network = NoteNetwork(width=weights["table"].shape[1])
    network.load_state_dict(weights)
    network.eval()
    time, pitch = torch.zeros(2, WINDOW_NOTES), torch.zeros(2, WINDOW_NOTES, dtype=torch.int64)
    torch.onnx.export(
        network,
        (time, pitch),
        str(out),
        input_names=["time", "pitch"],
        output_names=["vector"],
        dynamic_axes={"time": {0: "windows"}, "pitch": {0: "windows"}, "vector": {0: "windows"}},
        opset_version=17,
        dynamo=False,
    )
    onnx.checker.check_model(onnx.load(str(out)))
    return hashlib.sha256(out.read_bytes()).hexdigest()


def main() -> None:
    """Export from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    digest = export(args.checkpoint, args.out)
    print(f"{args.out}: {args.out.stat().st_size} bytes, sha256 {digest}")


if __name__ == "__main__":
    main()
