"""Writes the network's logic as Verilog: pipeline stages by da4ml, and around them ports with plain codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from da4ml.codegen.rtl.verilog.comb import comb_logic_gen, table_mem_gen
from da4ml.types import minimal_kif

from fpga.formats import Format
from fpga.graph import Graph, Operation

from .timing import pipelined

CORE = "beat_core"
STEP = "beat_step"


@dataclass(frozen=True, slots=True)
class Verilog:
    """The sources of a network.

    Attributes:
        files: text by file name.
        stages: pipeline stages: clock cycles from codes at the ports to the answer at the ports.
        adders: additions and subtractions, and ...
        cost: ... da4ml's estimate of their size, in LUTs.
        estimated_ns: how long all stages take by ``timing``.
    """

    files: dict[str, str]
    stages: int
    adders: int
    cost: float
    estimated_ns: float


def write_verilog(graph: Graph, logic: Any, stage_ns: float) -> Verilog:
    """The sources of ``beat_step``: a step of the network in a pipeline that takes a new frame every cycle.

    Args:
        logic: of ``logic.trace``.
        stage_ns: how long a stage may take by ``timing``.
    """
    pipeline, stage_ns = pipelined(logic, stage_ns)
    if any(table_mem_gen(stage) for stage in pipeline.solutions):
        raise ValueError("The logic needs tables in memory, which this design has no place for.")
    stages = len(pipeline.solutions)
    parts = {f"{CORE}_stage{number}": stage for number, stage in enumerate(pipeline.solutions)}
    files = {f"{name}.v": comb_logic_gen(stage, name) for name, stage in parts.items()}
    files[f"{CORE}.v"] = _core(pipeline)
    files[f"{STEP}.v"] = _step(graph, pipeline)
    adders = sum(operation.opcode in (0, 1) for operation in logic.ops)
    return Verilog(files, stages, adders, float(logic.cost), stages * stage_ns)


def _core(pipeline: Any) -> str:
    """The stages, with registers behind each; those before the first are the reader's."""
    widths = [sum(sum(minimal_kif(q)) for q in stage.inp_qint) for stage in pipeline.solutions]
    widths.append(sum(sum(minimal_kif(q)) for q in pipeline.out_qint))
    last = len(widths) - 1
    lines, moves = [], []
    for number in range(last):
        read = "model_inp" if number == 0 else f"held{number}"
        after = "model_out" if number == last - 1 else f"held{number + 1}"
        lines.append(f"wire [{widths[number + 1] - 1}:0] made{number};")
        if number < last - 1:
            lines.append(f"reg [{widths[number + 1] - 1}:0] {after};")
        lines.append(f"{CORE}_stage{number} stage{number} (.model_inp({read}), .model_out(made{number}));")
        moves.append(f"{after} <= made{number};")
    body, steps = "\n    ".join(lines), "\n        ".join(moves)
    return f"""// {last} stages, a new frame at every clock.
module {CORE} (
    input clk,
    input [{widths[0] - 1}:0] model_inp,
    output reg [{widths[last] - 1}:0] model_out
);
    {body}

    always @(posedge clk) begin
        {steps}
    end
endmodule
"""


def _step(graph: Graph, pipeline: Any) -> str:
    features, state = graph["features"], graph["state"]
    logit, after = (graph[name] for name in graph.outputs)
    inputs, outputs = list(map(minimal_kif, pipeline.inp_qint)), list(map(minimal_kif, pipeline.out_qint))
    packed, lines, at = [], [], 0
    for operation, port in ((features, "features"), (state, "state")):
        for number in range(operation.size):
            part = inputs[at]
            at += 1
            if sum(part):
                packed.append(_slice(port, number, _format(operation), part))
    at, low = 0, 0
    for operation, port in ((logit, "logit"), (after, "state_after")):
        for number in range(operation.size):
            part = outputs[at]
            lines.append(_spread(port, number, _format(operation), part, low))
            at, low = at + 1, low + sum(part)
    body = "\n".join(f"    {line}" for line in lines)
    return f"""// One step of the network {graph.version}: codes in, codes out {len(pipeline.solutions)} cycles later.
module {STEP} (
    input clk,
    input [{_width(features) - 1}:0] features,
    input [{_width(state) - 1}:0] state,
    output [{_width(logit) - 1}:0] logit,
    output [{_width(after) - 1}:0] state_after
);
    wire [{sum(map(sum, inputs)) - 1}:0] packed_in = {{
        {(", ").join(reversed(packed))}
    }};
    wire [{sum(map(sum, outputs)) - 1}:0] packed_out;
    {CORE} core (.clk(clk), .model_inp(packed_in), .model_out(packed_out));
{body}
endmodule
"""


def _format(operation: Operation) -> Format:
    assert operation.format is not None
    return operation.format


def _width(operation: Operation) -> int:
    return operation.size * _format(operation).bits


def _slice(port: str, number: int, form: Format, part: tuple[Any, int, int]) -> str:
    """The bits of one input that the core reads."""
    low = form.bits * number + (form.bits - form.integer - form.signed) - part[2]
    return f"{port}[{low + sum(part) - 1}:{low}]"


def _spread(port: str, number: int, form: Format, part: tuple[Any, int, int], low: int) -> str:
    """One output, widened to its format: noughts below, copies of the sign above."""
    signed, integer, fraction = bool(part[0]), part[1], part[2]
    target = f"assign {port}[{form.bits * (number + 1) - 1}:{form.bits * number}]"
    if not signed + integer + fraction:
        return f"{target} = {form.bits}'d0;"
    top = low + signed + integer + fraction - 1
    below = form.bits - form.integer - form.signed - fraction
    above = form.bits - below - (signed + integer + fraction)
    parts = [f"packed_out[{top}:{low}]"]
    if below:
        parts.append(f"{below}'d0")
    if above:
        parts.insert(0, f"{{{above}{{packed_out[{top}]}}}}" if signed else f"{above}'d0")
    return f"{target} = {{{', '.join(parts)}}};"
