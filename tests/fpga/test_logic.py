"""The chip's logic: every number is rounded and bounded as its format says, and the cut into stages loses nothing."""

from __future__ import annotations

import numpy as np
import pytest

from fpga.conversion.logic import layers_of, trace
from fpga.conversion.timing import pipelined
from fpga.engines.shipped import shipped_graph
from fpga.formats import FEATURE, LOGIT, STATE, Format
from fpga.graph import Graph, Operation

from .golden import Golden

FORMATS = [Format(6, 1, signed=False), Format(5, 0, signed=False), Format(10, 0), STATE, LOGIT, Format(4, 6)]


@pytest.mark.parametrize("form", FORMATS, ids=str)
@pytest.mark.parametrize("weight", [-1.9375, -0.0625, 0.3125, 1.0])
def test_numbers_are_rounded_to_even_and_bounded(form: Format, weight: float) -> None:
    graph = Graph(
        (
            Operation("features", "input", (), 1, FEATURE),
            Operation("state", "input", (), 1, STATE),
            Operation("both", "join", ("features", "state"), 2),
            Operation("sum", "dense", ("both",), 1, None, ((weight,), (0.5,)), (-0.25,)),
            Operation("round", "round", ("sum",), 1, form),
        ),
        ("round", "state"),
    )
    features = np.repeat(FEATURE.values(np.arange(FEATURE.least, FEATURE.most + 1)), 64)
    state = np.random.default_rng(0).choice(STATE.values(np.arange(STATE.least, STATE.most + 1)), features.size)
    told = layers_of(graph, trace(graph, every_layer=True), np.stack([features, state], 1))
    assert np.array_equal(told["round"], form.values(form.codes(told["sum"])))


@pytest.mark.parametrize("stage_ns", [9.0, 14.0, 60.0])
def test_stages_give_what_the_whole_gives_and_keep_their_time(stage_ns: float) -> None:
    golden = Golden.read()
    logic = trace(shipped_graph())
    pipeline, each_ns = pipelined(logic, stage_ns)
    values = np.concatenate([FEATURE.values(golden.codes), STATE.values(golden.states)], 1).astype(np.float64)
    answer = values
    for stage in pipeline.solutions:
        answer = stage.predict(answer)
    assert np.array_equal(answer, logic.predict(values))
    assert each_ns <= stage_ns
