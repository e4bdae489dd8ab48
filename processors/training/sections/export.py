"""Trained networks as ONNX files, with what the trackers must know in their metadata."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch

from processors.sections.memory import LIVE
from processors.sections.whole import WHOLE

from .networks import LiveNetwork, WholeNetwork

OPSET = 17
LIVE_DELAY = 4
"""The live network is taught a boundary so many steps after it."""
THRESHOLD = 0.4
MARGIN = 0.3


def export_whole(network: WholeNetwork, out: Path) -> None:
    """Write the network that reads whole pieces."""
    torch.onnx.export(
        network,
        (torch.zeros(1, 40, WHOLE), torch.zeros(1, 40, 40)),
        str(out),
        input_names=["features", "around"],
        output_names=["logits"],
        dynamic_axes={"features": {1: "steps"}, "around": {1: "steps", 2: "steps"}, "logits": {1: "steps"}},
        opset_version=OPSET,
        dynamo=False,
    )
    _finish(out, {})


def export_live(network: LiveNetwork, out: Path, threshold: float = THRESHOLD, margin: float = MARGIN) -> None:
    """Write the network that listens step by step."""
    torch.onnx.export(
        network,
        (torch.zeros(1, 1, LIVE), torch.zeros(1, 1, network.width)),
        str(out),
        input_names=["features", "state"],
        output_names=["logits", "state_after"],
        opset_version=OPSET,
        dynamo=False,
    )
    facts = {"delay_steps": str(LIVE_DELAY), "threshold": f"{threshold:g}", "margin": f"{margin:g}"}
    _finish(out, facts)


def _finish(out: Path, facts: dict[str, str]) -> None:
    import onnx

    version = f"sections-{out.stem}-{hashlib.sha256(out.read_bytes()).hexdigest()[:8]}"
    model = onnx.load(str(out))
    onnx.helper.set_model_props(model, facts | {"version": version})
    onnx.checker.check_model(model)
    onnx.save(model, str(out))
    print(f"{out}: {out.stat().st_size} bytes, {version}")
