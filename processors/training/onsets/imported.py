"""The shipped ONNX weights as a torch network again, so that training can go on from them."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from .network import Block, OnsetNetwork


def import_network(model: Path) -> OnsetNetwork:
    """An onset network that computes what ``model`` (written by ``export``) computes.

    The norms of the hidden layers were folded into the filters before them; here they only add what the filters lack,
    a bias, and must stay in evaluation mode (``freeze_norms``). The second task's layer is not in the file and is new.
    """
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(model)).graph
    values = {entry.name: torch.from_numpy(numpy_helper.to_array(entry).copy()) for entry in graph.initializer}
    filters = {
        node.name.removeprefix("/network/").removesuffix("/Conv"): (values[node.input[1]], values[node.input[2]])
        for node in graph.node
        if node.op_type == "Conv"
    }
    network = OnsetNetwork(width=filters["stem"][0].shape[0])
    with torch.no_grad():
        for name in ("weight", "bias", "running_mean", "running_var"):
            getattr(network.input_norm, name).copy_(values[f"network.input_norm.{name}"])
        _fill(network.stem, network.stem_norm, *filters["stem"])
        for number, block in enumerate(network.blocks):
            assert isinstance(block, Block)
            for part in ("time", "interval", "near"):
                _fill(getattr(block, part), getattr(block, f"{part}_norm"), *filters[f"blocks.{number}/{part}"])
        network.onset.weight.copy_(filters["onset"][0])
        assert network.onset.bias is not None
        network.onset.bias.copy_(filters["onset"][1])
    return network


def freeze_norms(network: nn.Module) -> None:
    """Put all norms in evaluation mode: they keep their statistics."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()


def _fill(layer: nn.Conv2d, norm: nn.BatchNorm2d, weight: Tensor, bias: Tensor) -> None:
    """A filter and the norm after it that adds ``bias`` and does nothing else."""
    layer.weight.copy_(weight)
    norm.running_mean = torch.zeros_like(bias)
    norm.running_var = torch.ones_like(bias) - norm.eps
    norm.bias.copy_(bias)
    nn.init.ones_(norm.weight)
