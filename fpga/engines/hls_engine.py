"""The network in hls4ml's C++, compiled for this machine: the same arithmetic that synthesis would read."""

from __future__ import annotations

import shutil
from pathlib import Path

from fpga.graph import Graph
from schemas.rhythm import Engine as EngineName

from .build import built, native, package_folder, run
from .engine import Codes, EngineError, Logits, States
from .library import call, load
from .shipped import HLS

COMPILER = "Install a C++ compiler: Debian's package `g++`."
FLAGS = ("-std=c++17", "-O2", "-fPIC", "-shared", "-w", "-fno-gnu-unique")


class HlsEngine:
    """See ``Engine``.

    Args:
        graph: the network.
        project: the folder of its hls4ml project.

    Raises:
        EngineError: there is no compiler, or the project is another network's.
    """

    name: EngineName = "hls4ml"

    def __init__(self, graph: Graph, project: Path = HLS) -> None:
        self._library = load(built("hls4ml", _sources(graph, project), _compile, "core.so"), opened=False)
        self.version = graph.version
        self.state_size = graph.state_size

    def step(self, codes: Codes, states: States) -> tuple[Logits, States]:
        """One frame of each source; see ``Engine``."""
        return call(self._library.beat_step, (), codes, states)

    def close(self) -> None:
        """Nothing is held."""


def _sources(graph: Graph, project: Path) -> dict[str, str]:
    sources = {
        str(path.relative_to(project)): path.read_text(encoding="utf-8")
        for path in sorted(project.rglob("*"))
        if path.suffix in (".cpp", ".h", ".txt") and path.is_file()
    }
    if sources.get("network.txt", "").strip() != graph.digest:
        raise EngineError(
            f"The hls4ml project in {project} belongs to another network than {graph.version}: convert that network "
            "with `continuo fpga convert`."
        )
    return sources | {"hls.cpp": native("hls.cpp")}


def _compile(folder: Path) -> None:
    templates = package_folder("hls4ml") / "templates" / "vivado"
    includes = [f"-I{folder}", f"-I{folder / 'firmware'}", f"-I{templates / 'ap_types'}", f"-I{templates}"]
    shutil.copytree(templates / "nnet_utils", folder / "firmware" / "nnet_utils")
    weights = f'-DWEIGHTS_DIR="{folder.with_suffix("") / "firmware" / "weights"}"'
    sources = ["hls.cpp", *(str(path.relative_to(folder)) for path in sorted(folder.glob("firmware/*.cpp")))]
    run(["g++", *FLAGS, *includes, weights, *sources, "-o", "core.so"], folder, COMPILER)
