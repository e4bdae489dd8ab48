"""What live identification believes is learnt from simulated players, and honest about players it never heard."""

from __future__ import annotations

import numpy as np

from processors.identify import Catalogue
from processors.training.fit_live import choose_threshold, hear_all, probabilities, report
from processors.training.logistic import fit_logistic
from processors.training.players import simulated_players


def test_players_are_of_works_and_begin_at_zero(catalogue: Catalogue) -> None:
    paths = {info.path for info in catalogue.works()}
    for player in simulated_players(catalogue, 20, 40, np.random.default_rng(0)):
        assert player.path in paths
        assert player.notes.onset_s[0] == 0.0
        assert 12 <= len(player.notes) < 120


def test_a_fit_on_some_players_tells_right_from_wrong_for_others(catalogue: Catalogue) -> None:
    players = list(simulated_players(catalogue, 12, 48, np.random.default_rng(1)))
    sessions = hear_all(catalogue, players)
    assert {session.present for session in sessions} == {True, False}
    assert not any(session.right.any() for session in sessions if not session.present)
    first, second = sessions[::4] + sessions[1::4], sessions[2::4] + sessions[3::4]
    weights = fit_logistic(np.vstack([s.features for s in first]), np.concatenate([s.right for s in first]))
    figures = report(second, weights, choose_threshold(second, weights))
    assert figures["right_after_20"] > 0.8
    assert figures["known_players_answered_wrongly"] <= 0.1
    right = np.concatenate([s.right for s in second])
    said = np.concatenate([probabilities(s.features, weights) for s in second])
    assert said[right].mean() > said[~right].mean() + 0.5
