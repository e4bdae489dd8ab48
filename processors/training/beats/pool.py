"""The works that beats are learnt from, and how often each is played."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .refit import refit
from .works import BeatWork, corpus_works, pop909_works

POP_SHARE = 0.2
HOLD_OUT = 20
"""One work in so many of the corpus is for choosing, never for training."""


def load_works(data: Path, folder: Path, without: Sequence[str]) -> list[BeatWork]:
    """All works but those ``without``, with their grids put right.

    They are kept in ``folder`` under a name for the data and for what is left out. Delete them when this code changes.
    """
    gone = set(without)
    named = "\n".join([str(data.resolve()), *sorted(gone)])
    kept = folder / f"works-{hashlib.sha256(named.encode()).hexdigest()[:8]}.pickle"
    if kept.exists():
        read: list[BeatWork] = pickle.loads(kept.read_bytes())
        return read
    works, moved = refit([work for work in corpus_works(data) if work.name not in gone])
    print(f"{len(works)} scores, {moved} grids moved", flush=True)
    works += list(pop909_works(data, held_out=False))
    folder.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(pickle.dumps(works))
    return works


def split(works: Sequence[BeatWork]) -> tuple[list[BeatWork], list[BeatWork]]:
    """Works to train on, and works to choose by."""
    held_out = [work for k, work in enumerate(works) if k % HOLD_OUT == 0]
    return [work for k, work in enumerate(works) if k % HOLD_OUT], held_out


def shares(works: Sequence[BeatWork]) -> NDArray[np.float64]:
    """How often each work is played: long ones more often, pop songs ``POP_SHARE`` of the time."""
    share = np.sqrt([float(len(work.notes)) for work in works])
    share *= [1.5 if work.name.startswith(("corpus/mutopia", "corpus/polish")) else 1.0 for work in works]
    pop = np.array([work.played for work in works])
    if pop.any() and not pop.all():
        # A visit to a song is as long as to a score, so that shares of visits are shares of frames.
        share[pop] *= POP_SHARE / (1.0 - POP_SHARE) * share[~pop].sum() / share[pop].sum()
    return share
