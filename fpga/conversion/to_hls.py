"""Writes the network as C++ for synthesis, by hls4ml, and holds every layer against QKeras bit by bit.

hls4ml silently drops a rounding behind a layer whose own precision is left to it, and computes recurrent layers
otherwise than QKeras; so every precision is given, and nothing is believed that was not compared.
"""

from __future__ import annotations

import contextlib
import io
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fpga.formats import Format
from fpga.graph import Graph

from .from_qkeras import UnsupportedLayerError
from .keras import hls4ml, keras

PROJECT = "beat_core"
WIDE = "fixed<32,12>"
"""What sums are kept in: no bit of them is lost."""
PART = "xcku115-flvb2104-2-i"
"""Named in the project only; the design itself is built for an ECP5."""


class DifferingLayerError(UnsupportedLayerError):
    """A tool computes a layer otherwise than QKeras, or has dropped it; the message names the layer."""


def write_hls(model: Any, graph: Graph, folder: Path, values: list[NDArray[np.float32]]) -> dict[str, int]:
    """Write the project, compile it and compare each layer.

    Args:
        model: the QKeras network of the graph.
        folder: of the project; what lies there is replaced.
        values: real features and states, float32 [frames, ...] each.

    Returns:
        How many numbers of each layer were compared.

    Raises:
        DifferingLayerError: a layer is missing or differs in any bit.
    """
    project = converted(model, folder, _precisions(graph))
    numbers = compare_layers(model, project, values)
    _keep(graph, folder)
    return numbers


def converted(model: Any, folder: Path, precisions: dict[str, str]) -> Any:
    """hls4ml's model, compiled so that every layer can be seen.

    Args:
        precisions: of the results of layers, by name; others are left to hls4ml.
    """
    tool = hls4ml()
    shutil.rmtree(folder, ignore_errors=True)
    with contextlib.redirect_stdout(io.StringIO()):
        known = tool.utils.config_from_keras_model(model, granularity="name", default_precision=WIDE, backend="Vivado")
        for name, settings in known["LayerName"].items():
            settings["Trace"] = True
            if name in precisions:
                settings["Precision"]["result"] = precisions[name]
        project = tool.converters.convert_from_keras_model(
            model,
            hls_config=known,
            output_dir=str(folder),
            project_name=PROJECT,
            backend="Vivado",
            io_type="io_parallel",
            part=PART,
        )
        project.write()
        script = folder / "build_lib.sh"
        script.write_text(script.read_text().replace("-O3", "-O1"))  # three times as quick to compile
        project._compile()
    return project


def compare_layers(model: Any, project: Any, values: list[NDArray[np.float32]]) -> dict[str, int]:
    """How many numbers of each layer agree: all.

    Raises:
        DifferingLayerError: a layer is missing in hls4ml's model, or differs.
    """
    with contextlib.redirect_stdout(io.StringIO()):
        _, seen = project.trace([np.ascontiguousarray(part) for part in values])
    layers = [layer for layer in model.layers if type(layer).__name__ != "InputLayer"]
    expected = keras().Model(model.inputs, [layer.output for layer in layers])(values)
    compared: dict[str, int] = {}
    for layer, true in zip(layers, expected, strict=True):
        if layer.name not in seen:
            raise DifferingLayerError(
                f"hls4ml has dropped layer {layer.name!r} ({type(layer).__name__}): its result is not computed."
            )
        found = np.asarray(seen[layer.name]).reshape(true.shape)
        wrong = int(np.count_nonzero(found != true.numpy()))
        if wrong:
            raise DifferingLayerError(
                f"hls4ml computes layer {layer.name!r} ({type(layer).__name__}) otherwise than QKeras: {wrong} of "
                f"{found.size} numbers differ."
            )
        compared[layer.name] = found.size
    return compared


def _precisions(graph: Graph) -> dict[str, str]:
    told: dict[str, str] = {}
    for operation in graph.operations:
        if operation.kind == "input" and operation.format is not None:
            told[operation.name] = _type(operation.format)
        elif operation.kind == "dense":
            # hls4ml puts a layer of its own behind each dense one, and would let the next rounding vanish in it
            told[operation.name] = told[f"{operation.name}_linear"] = WIDE
        elif operation.kind != "round":
            told[operation.name] = WIDE
    return told


def _type(form: Format) -> str:
    return f"{'' if form.signed else 'u'}fixed<{form.bits},{form.integer + form.signed}>"


def _keep(graph: Graph, folder: Path) -> None:
    """Leave what the engine needs: hls4ml's templates come with hls4ml, and traces are not called for."""
    for name in ("ap_types", "nnet_utils"):
        shutil.rmtree(folder / "firmware" / name)
    for path in list(folder.rglob("*")):
        inside = path.relative_to(folder).parts[0] == "firmware"
        if path.is_file() and not (inside and path.suffix in (".cpp", ".h", ".txt")):
            path.unlink()
    (folder / "tb_data").rmdir()
    (folder / "network.txt").write_text(graph.digest + "\n")
    _alias(graph, folder / "firmware" / f"{PROJECT}.h")


def _alias(graph: Graph, header: Path) -> None:
    """Names for the types and sizes of the ports, which hls4ml numbers."""
    ports = [line.strip().rstrip(",") for line in header.read_text().splitlines() if "[" in line]
    types = [word.split()[0] for line in ports for word in line.split(",") if word.strip()]
    named = dict(zip(("FEATURE_TYPE", "STATE_TYPE", "LOGIT_TYPE", "AFTER_TYPE"), types, strict=True))
    named |= {"FEATURE_SIZE": str(graph["features"].size), "STATE_SIZE": str(graph.state_size)}
    (header.parent / "ports.h").write_text("\n".join(f"#define {name} {value}" for name, value in named.items()) + "\n")
