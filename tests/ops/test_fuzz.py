"""A shortened ``continuo fuzz``: damaged input of every kind ends nothing, takes no two seconds and no memory.

How many can be chosen: CONTINUO_TEST_FUZZ_INPUTS=5000 pytest tests/ops/test_fuzz.py -s
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ops.fuzz import KINDS, fuzz
from ops.fuzz.http import fuzz_http
from ops.fuzz.mutate import damaged
from ops.fuzz.run import Findings
from ops.fuzz.targets import Target

INPUTS = int(os.environ.get("CONTINUO_TEST_FUZZ_INPUTS", "250"))
REQUESTS = INPUTS
GROWTH = 1.1


def assert_unharmed(found: Findings) -> None:
    assert not found.count, found.details
    after_a_tenth, in_the_end = found.memory_mb
    assert 0 < in_the_end < GROWTH * after_a_tenth


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_damaged_input_does_no_harm(kind: str) -> None:
    found = fuzz(kind, INPUTS, seed=1)
    print(found)
    assert_unharmed(found)


def test_odd_requests_do_no_harm() -> None:
    found = fuzz_http(REQUESTS, seed=1)
    print(found)
    assert_unharmed(found)


def test_inputs_follow_from_their_number() -> None:
    wholes = [b"a whole input", b"another"]
    assert damaged(wholes, 1, 7) == damaged(wholes, 1, 7)
    assert len({damaged(wholes, 1, number) for number in range(50)}) > 30


def test_what_breaks_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A parser that ends its process, one that hangs and one that raises are each told with the input."""
    import ops.fuzz.run as run

    monkeypatch.setattr(run, "HANG_S", 0.3)
    told: list[str] = []
    monkeypatch.setattr(run.multiprocessing, "get_context", lambda _: run.multiprocessing)  # forked, with the patches
    monkeypatch.setitem(KINDS, "brittle", brittle)
    found = fuzz("brittle", 8, seed=0, keep=tmp_path / "found", say=told.append)
    assert (len(found.crashes), len(found.hangs), len(found.errors)) == (1, 1, 1)
    assert len(told) == 3
    assert len(list((tmp_path / "found").iterdir())) == 3


def brittle() -> Target:
    import os
    import time

    whole = b"whole"
    seen: list[bytes] = []

    def feed(data: bytes) -> bool:
        if data == whole:
            return True
        if data not in seen:
            seen.append(data)
        match seen.index(data):
            case 2:
                time.sleep(0.5)
            case 4 if data not in slept:
                slept.append(data)
                time.sleep(0.5)
            case 5:
                raise IndexError("no such byte")
            case 7:
                os._exit(3)
        return True

    slept: list[bytes] = []
    return Target([whole], feed)
