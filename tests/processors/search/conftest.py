"""A small catalogue of made pieces whose facts are known, and the search's model."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest

from processors.identify import Catalogue, WorkEntry
from processors.notes import Notes
from processors.parts import NUMBER, Part
from processors.score_beats import ScoreBeats
from processors.search.engine import SearchEngine
from processors.search.index import SearchIndex
from processors.search.limits import SearchLimits
from processors.search.model import SearchModel

MAJOR, MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 11)
CHOIR = ("voice",) * 4
PLAYERS = (("piano",), ("guitar",), ("cello",), ("voice", "piano"), ("violin", "piano"), ("flute",), CHOIR, ("organ",))
TEMPI_BPM = (50.0, 100.0, 180.0)


def entry(number: int) -> WorkEntry:
    """A piece whose players, tempo and mode follow from its number."""
    players = PLAYERS[number % len(PLAYERS)]
    tempo_bpm = TEMPI_BPM[number % len(TEMPI_BPM)]
    scale = MINOR if number % 2 else MAJOR
    rng = np.random.default_rng(number)
    beat_s = 60.0 / tempo_bpm
    steps = np.cumsum(rng.integers(-2, 3, 96)) % 14
    tonic = 55 + number % 5
    onset = [beat_s * i for i in range(96)]
    pitch = [tonic + scale[step % 7] + 12 * (step // 7) for step in steps]
    for bar in range(0, 96, 4):  # a tonic triad a bar, so that the key is beyond doubt
        onset += [beat_s * bar] * 3
        pitch += [tonic - 12, tonic - 12 + scale[2], tonic - 5]
    beats = ScoreBeats(np.arange(97) * beat_s, np.arange(97) % 4 + 1, np.full(97, 4))
    parts = tuple(Part(NUMBER[name], 1.0 / len(players), 60.0) for name in players)
    notes = Notes.of(np.array(onset), np.array(pitch))
    return WorkEntry(
        f"w{number}", f"Study {number}", f"Composer {number % 4}", f"{number}.mid", notes, None, beats, parts
    )


@pytest.fixture(scope="session")
def model() -> SearchModel:
    return SearchModel(models())


def models() -> Path:
    """Where all tests of a machine find the text encoder's model; it is made once."""
    return Path(tempfile.gettempdir()) / "continuo-test-models"


@pytest.fixture(scope="session")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return Catalogue.build(tmp_path_factory.mktemp("catalogue"), [entry(number) for number in range(48)])


@pytest.fixture(scope="session")
def engine(catalogue: Catalogue, model: SearchModel) -> SearchEngine:
    return SearchEngine(SearchIndex.of(catalogue, model), model, SearchLimits())
