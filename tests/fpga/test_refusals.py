"""Networks that hls4ml would convert otherwise than QKeras computes them are refused by the layer's name."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def test_a_layer_that_the_tools_drop_or_round_otherwise_is_named(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "tests.fpga.refusals", str(tmp_path)]
    done = subprocess.run(program, capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert "'bent'" in told["unknown"]
    assert "'stretched'" in told["scaled"]
    assert "'new_out'" in told["dropped"]
    assert "dropped" in told["dropped"]
    assert told["good"] == "not refused"
