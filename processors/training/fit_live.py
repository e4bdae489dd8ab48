"""Fit what live identification believes, on simulated players of a catalogue's works.

    python -m processors.training.fit_live CATALOGUE --out processors/identify/live.json

The catalogue should hold freely licensed works only. Every player is heard twice: with the work in the catalogue, and
with it and its twins taken out. Weights come from one half of the works; the threshold and the printed figures from
the other.
"""

from __future__ import annotations

import argparse
import json
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from processors.identify import Catalogue, Identifier
from processors.identify.belief import belief_features
from processors.identify.finding import Finder
from processors.identify.live import MIN_NOTES, SEARCHED_NOTES

from .fit_identify import calibration_error
from .logistic import fit_logistic
from .players import LivePlayer, simulated_players
from .twins import twins_of

WRONG_PLAYERS = 0.005
WRONG_UNKNOWNS = 0.1
"""Shares of the players who may be given a wrong answer at any time: whose work is in the catalogue, and whose is not.
Among the latter are quotations and arrangements, which are not wrong."""
CHECKPOINTS = (8, 12, 16, 20, 30, 40)


@dataclass(frozen=True, slots=True)
class Session:
    """One player's notes after each other.

    Attributes:
        half: 0 to fit, 1 to check.
        present: whether the work was in the catalogue.
        notes: int [answers], how many notes were heard.
        features: float64 [answers, features].
        right: bool [answers], whether the best hypothesis was right.
    """

    half: int
    present: bool
    notes: NDArray[np.int64]
    features: NDArray[np.float64]
    right: NDArray[np.bool_]


def main() -> None:
    """Fit, print figures of the other half, write the coefficients."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("catalogue", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--players", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    catalogue = Catalogue.open(arguments.catalogue)
    rng = np.random.default_rng(arguments.seed)
    players = list(simulated_players(catalogue, arguments.players, SEARCHED_NOTES + 4, rng))
    sessions = hear_all(catalogue, players)
    first = [session for session in sessions if session.half == 0]
    second = [session for session in sessions if session.half == 1]
    weights = fit_logistic(np.vstack([s.features for s in first]), np.concatenate([s.right for s in first]))
    threshold = choose_threshold(second, weights)
    coefficients = {
        "made_by": "python -m processors.training.fit_live",
        "players": arguments.players,
        "seed": arguments.seed,
        "works": len(catalogue),
        "weights": [float(weight) for weight in weights],
        "threshold": threshold,
        "checked": report(second, weights, threshold),
    }
    print(json.dumps(coefficients, indent=2))
    arguments.out.write_text(json.dumps(coefficients, indent=2) + "\n")


def hear_all(catalogue: Catalogue, players: list[LivePlayer]) -> list[Session]:
    """What every player's notes say, with the work in the catalogue and without."""
    twins = twins_of(catalogue, {player.path for player in players})
    ids = {info.path: info.work_id for info in catalogue.works()}
    whole = Identifier(catalogue)
    sessions = []
    for player in players:
        same = twins[player.path]
        without = Identifier(catalogue.without([ids[path] for path in same]))
        sessions += [_hear(whole, player, same, True), _hear(without, player, same, False)]
    return [session for session in sessions if len(session.notes)]


def _hear(identifier: Identifier, player: LivePlayer, same: set[str], present: bool) -> Session:
    finder = Finder(identifier)
    notes, features, right = [], [], []
    for onset_s, pitch in zip(player.notes.onset_s[:SEARCHED_NOTES], player.notes.pitch, strict=False):
        finder.hear((1000.0 * float(onset_s), int(pitch)))
        ranked = finder.ranked()
        if not ranked or finder.notes < MIN_NOTES:
            continue
        notes.append(finder.notes)
        features.append(belief_features(ranked, finder.notes))
        right.append(ranked[0].segment.info(ranked[0].work).path in same)
    half = zlib.crc32(player.path.encode()) % 2
    return Session(half, present, np.array(notes), np.array(features), np.array(right, bool))


def choose_threshold(sessions: list[Session], weights: NDArray[np.float64]) -> float:
    """The lowest threshold by which few enough players are ever given a wrong answer before the right one."""
    present = [_boldest_mistake(session, weights) for session in sessions if session.present]
    absent = [_boldest_mistake(session, weights) for session in sessions if not session.present]
    return float(max(np.quantile(present, 1.0 - WRONG_PLAYERS), np.quantile(absent, 1.0 - WRONG_UNKNOWNS)))


def _boldest_mistake(session: Session, weights: NDArray[np.float64]) -> float:
    """The highest probability that a wrong hypothesis had, before the right one had more."""
    probability = probabilities(session.features, weights)
    best_right = np.maximum.accumulate(np.where(session.right, probability, 0.0))
    return float(np.max(np.where(session.right | (best_right > probability), 0.0, probability)))


def probabilities(features: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """What the model says to many answers."""
    return 1.0 / (1.0 + np.exp(-np.clip(features @ weights, -40.0, 40.0)))


def report(sessions: list[Session], weights: NDArray[np.float64], threshold: float) -> dict[str, float]:
    """How soon players are answered rightly, how many wrongly, and whether probabilities are honest."""
    present = [session for session in sessions if session.present]
    figures = {}
    for count in CHECKPOINTS:
        at = [np.flatnonzero(session.notes == count) for session in present]
        here = [(session, int(i[0])) for session, i in zip(present, at, strict=True) if len(i)]
        sure = [probabilities(session.features[i], weights) >= threshold and session.right[i] for session, i in here]
        figures[f"best_after_{count}"] = round(float(np.mean([session.right[i] for session, i in here])), 4)
        figures[f"right_after_{count}"] = round(float(np.mean(sure)), 4)
    for name, some in (("known", present), ("unknown", [session for session in sessions if not session.present])):
        wrong = [_boldest_mistake(session, weights) >= threshold for session in some]
        figures[f"{name}_players_answered_wrongly"] = round(float(np.mean(wrong)), 4)
    probability = np.concatenate([probabilities(session.features, weights) for session in sessions])
    truth = np.concatenate([session.right for session in sessions])
    figures["calibration_error"] = round(calibration_error(probability, truth), 4)
    return figures


if __name__ == "__main__":
    main()
