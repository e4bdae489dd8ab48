"""Latency and memory of the search index, with made vectors."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from processors.embeddings.index import VectorIndex
from processors.search.constants import BITS, DIMENSION

from .quantiles import quantiles

QUERIES = 1_000
TOP = 10
CLUSTERS = 4_000
"""Made vectors lie in clusters, as works do; evenly spread ones would have no near neighbours."""
SPREAD = 0.6
MODEL = "made"
CHECKED = 100
"""Queries whose answers are held against those of all vectors one by one."""


def made_vectors(count: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Unit vectors in clusters: float32 [count, DIMENSION]."""
    centres = np.random.default_rng(1).standard_normal((CLUSTERS, DIMENSION), np.float32)
    vectors = centres[rng.integers(CLUSTERS, size=count)]
    for start in range(0, count, 100_000):
        part = vectors[start : start + 100_000]
        part += SPREAD * rng.standard_normal(part.shape, np.float32)
        part /= np.linalg.norm(part, axis=1, keepdims=True)
    return vectors


def bench_search_index(count: int) -> dict[str, Any]:
    """Build an index of ``count`` vectors, then search it in a fresh process on one thread."""
    with tempfile.TemporaryDirectory(prefix="continuo-bench-") as folder:
        started = time.perf_counter()
        vectors = made_vectors(count, np.random.default_rng(0))
        VectorIndex.build(folder, vectors, np.arange(count), MODEL, bits=BITS)
        built_s = time.perf_counter() - started
        queries = made_vectors(QUERIES, np.random.default_rng(2))[:CHECKED]
        np.save(Path(folder) / "right.npy", _nearest(vectors, queries))
        del vectors
        command = [sys.executable, "-m", "ops.bench.search_index", folder]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    measured: dict[str, Any] = json.loads(said)
    return {"vectors": count, "dimension": DIMENSION, "build_s": round(built_s, 1), **measured}


def search_all(folder: Path) -> dict[str, Any]:
    """Open the index in ``folder`` and search it: latency, memory, and how many of the nearest ten are found."""
    import faiss

    faiss.omp_set_num_threads(1)
    index = VectorIndex.open(folder, MODEL)
    queries = made_vectors(QUERIES, np.random.default_rng(2))
    found, times_s = [], []
    for number in range(len(queries)):
        started = time.perf_counter()
        found.append(index.search(queries[number : number + 1], TOP)[1][0])
        times_s.append(time.perf_counter() - started)
    right = np.load(folder / "right.npy")
    recall = np.mean([len(np.intersect1d(a, b)) / TOP for a, b in zip(found[:CHECKED], right, strict=True)])
    return {
        "latency": quantiles([time_s * 1000.0 for time_s in times_s]),
        "recall_at_10": round(float(recall), 4),
        "index_bytes": index.manifest.size,
        "memory_bytes": psutil.Process().memory_info().rss,
    }


def _nearest(vectors: NDArray[np.float32], queries: NDArray[np.float32]) -> NDArray[np.int64]:
    best = np.zeros((len(queries), 0), np.int64)
    scores = np.zeros((len(queries), 0), np.float32)
    for start in range(0, len(vectors), 100_000):
        part = queries @ vectors[start : start + 100_000].T
        numbers = np.broadcast_to(np.arange(start, start + part.shape[1]), part.shape)
        scores = np.concatenate((scores, part), axis=1)
        best = np.concatenate((best, numbers), axis=1)
        kept = np.argpartition(-scores, TOP, axis=1)[:, :TOP]
        scores, best = np.take_along_axis(scores, kept, 1), np.take_along_axis(best, kept, 1)
    return best


if __name__ == "__main__":
    print(json.dumps(search_all(Path(sys.argv[1]))))
