"""How long da4ml's operations take in an ECP5, and where its logic is cut into pipeline stages of about one length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from da4ml.trace import to_pipeline
from da4ml.types import minimal_kif

ADDITION_NS, BIT_NS = 2.4, 0.04
"""Of a carry chain with the wires to it, and of each bit of it."""
CHOICE_NS = 1.6
"""Of a multiplexer, a mask or the OR of some bits: one lookup table, or two."""
PRODUCT_NS = 8.0
"""Of the gate's product: three additions one after the other."""
TRIES = 12
_INPUT, _CONSTANT, _PRODUCT, _NOTHING = -1, 5, 7, 3
_ADDITIONS = (0, 1, 4)


def pipelined(logic: Any, stage_ns: float) -> tuple[Any, float]:
    """Cut da4ml's logic into as few stages as ``stage_ns`` allows, each as short as that many stages can be.

    Args:
        logic: ``da4ml.types.CombLogic``.

    Returns:
        ``da4ml.types.Pipeline``; how long each of its stages takes, nanoseconds.
    """
    stages = _stages(logic, stage_ns)
    least = 0.0
    for _ in range(TRIES):
        tried = (least + stage_ns) / 2.0
        if _longest(logic) <= tried and _stages(logic, tried) == stages:
            stage_ns = tried
        else:
            least = tried
    return to_pipeline(_timed(logic, stage_ns), stage_ns, retiming=False, verbose=False), stage_ns


def _stages(logic: Any, stage_ns: float) -> int:
    ends = _ends(logic.ops, stage_ns)
    return 1 + max(_stage(ends[number], stage_ns) for number in logic.out_idxs)


def _longest(logic: Any) -> float:
    return max(_delay_ns(operation) for operation in logic.ops)


def _timed(logic: Any, stage_ns: float) -> Any:
    ends = _ends(logic.ops, stage_ns)
    return logic._replace(ops=[op._replace(latency=end) for op, end in zip(logic.ops, ends, strict=True)])


def _ends(operations: Sequence[Any], stage_ns: float) -> list[float]:
    """When each result is there, nanoseconds from the frame's arrival; none is computed across the end of a stage."""
    ends = [0.0] * len(operations)
    for number, operation in enumerate(operations):
        if operation.opcode == _INPUT or operation.opcode == _CONSTANT:
            continue
        read = _read(operation)
        begins = max(ends[k] for k in read)
        delay = _delay_ns(operation)
        next_stage = (_stage(begins, stage_ns) + 1) * stage_ns
        ends[number] = begins + delay if begins + delay <= next_stage else next_stage + delay
        for k in read:
            if operations[k].opcode == _CONSTANT:  # a constant lives where it is first read
                ends[k] = min(ends[k] or ends[number], ends[number])
    return ends


def _read(operation: Any) -> list[int]:
    read = [operation.id0, operation.id1]
    if abs(operation.opcode) == 6:
        read.append(operation.data & 0xFFFFFFFF)
    return [number for number in read if number >= 0]


def _stage(end_ns: float, stage_ns: float) -> int:
    return int(end_ns / (stage_ns + 1e-9))


def _delay_ns(operation: Any) -> float:
    kind = operation.opcode
    if kind in (_INPUT, _CONSTANT, _NOTHING):
        return 0.0
    if kind == _PRODUCT:
        return PRODUCT_NS
    if kind in _ADDITIONS or kind == -_NOTHING:
        return ADDITION_NS + BIT_NS * float(sum(minimal_kif(operation.qint)))
    return CHOICE_NS
