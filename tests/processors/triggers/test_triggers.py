"""Triggers by the rules of the rhythm service, each once, in time, whatever is repeated, late or forgotten."""

from __future__ import annotations

from pathlib import Path

import pytest

from processors.triggers import Rules, RulesError, Shot, SourceTriggers
from schemas.events import Origin
from schemas.rhythm import Beat, Section, SectionLabel

PERIOD_S = 0.5


def beat(number: int, session: str = "song", period_s: float = PERIOD_S, confidence: float = 0.9) -> Beat:
    return Beat(
        source_id="piano",
        origin=Origin("activations", 0, number),
        session_id=session,
        source_zero_us=0,
        number=number,
        time_s=number * period_s,
        position=(number - 1) % 4 + 1,
        downbeat=number % 4 == 1,
        beats_per_bar=4,
        tempo_bpm=60.0 / period_s,
        confidence=confidence,
        next_beat_s=(number + 1) * period_s,
        basis="network",
        made_by="test",
    )


def section(label: SectionLabel, start_s: float, session: str = "song") -> Section:
    return Section(
        source_id="piano",
        origin=Origin("notes", 0, 0),
        session_id=session,
        label=label,
        start_s=start_s,
        confidence=1.0,
        basis="heard",
        made_by="test",
    )


def play(triggers: SourceTriggers, first: int, last: int) -> list[Shot]:
    """Hear beats that come in time, firing whatever falls due between them."""
    shots = []
    for number in range(first, last + 1):
        shots += triggers.hear(beat(number))
        if triggers.due_s is not None and number < last:
            shots += [shot for shot in [triggers.fire()] if shot]
    return shots


def test_every_sixteenth_beat_fires_when_it_is_due() -> None:
    shots = play(SourceTriggers(Rules.load()), 1, 64)
    assert [(shot.beat, shot.basis, shot.time_s) for shot in shots] == [
        (16, "predicted", 8.0),
        (32, "predicted", 16.0),
        (48, "predicted", 24.0),
        (64, "predicted", 32.0),
    ]
    assert [shot.key for shot in shots][:2] == ["piano/song/16", "piano/song/32"]


def test_a_section_decides_the_kind_of_error() -> None:
    triggers = SourceTriggers(Rules.load())
    labels: list[SectionLabel] = ["intro", "verse", "chorus", "bridge", "outro"]
    for number, label in enumerate(labels):
        triggers.hear_section(section(label, (16 * number + 9) * PERIOD_S))
    kinds = [shot.error_type for shot in play(triggers, 1, 80)]
    assert kinds == ["minimal", "basic", "business", "chaotic", "philosophical"]


def test_a_section_that_begins_on_the_beat_counts() -> None:
    triggers = SourceTriggers(Rules.load())
    triggers.hear_section(section("verse", 0.0))
    triggers.hear_section(section("chorus", 8.04))
    assert [shot.section for shot in play(triggers, 1, 16)] == ["chorus"]


def test_a_beat_that_was_not_predicted_fires_when_it_is_heard() -> None:
    triggers = SourceTriggers(Rules.load())
    for number in range(1, 15):
        assert triggers.hear(beat(number)) == []
    (shot,) = triggers.hear(beat(16))
    assert (shot.beat, shot.basis) == (16, "heard")
    assert triggers.hear(beat(16)) == []


def test_beats_that_were_skipped_are_made_up_for() -> None:
    triggers = SourceTriggers(Rules.load())
    triggers.hear(beat(10))
    assert [(shot.beat, shot.time_s) for shot in triggers.hear(beat(35))] == [(16, 8.0), (32, 16.0)]


def test_nothing_fires_twice_after_a_restart() -> None:
    before = play(SourceTriggers(Rules.load()), 1, 40)
    again = SourceTriggers(Rules.load())
    for shot in before:
        again.recall("song", shot.beat, shot.time_s)
    assert [shot.beat for shot in play(again, 1, 64)] == [48, 64]


def test_a_trigger_that_fell_due_while_no_worker_ran_fires_at_once() -> None:
    triggers = SourceTriggers(Rules.load())
    triggers.recall("song", 16, 8.0)
    assert [(shot.beat, shot.basis) for shot in triggers.hear(beat(33))] == [(32, "heard")]


def test_silence_fires_nothing() -> None:
    triggers = SourceTriggers(Rules.load())
    assert triggers.due_s is None
    assert triggers.fire() is None
    triggers.hear(beat(16))
    assert triggers.due_s is None


def test_a_new_session_counts_anew() -> None:
    triggers = SourceTriggers(Rules.load())
    assert len(play(triggers, 1, 16)) == 1
    triggers.hear(beat(1, "another"))
    assert [shot.key for shot in triggers.hear(beat(16, "another"))] == ["piano/another/16"]


def test_a_source_fires_only_so_often(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(
        "rules: [{trigger: beat, every_beats: 1, error_types: {other: basic}}]\nlimits: {max_per_minute: 10}\n"
    )
    shots = play(SourceTriggers(Rules.load(file)), 1, 240)
    assert [shot.beat for shot in shots] == [*range(1, 11), *range(121, 131)]


def test_beats_that_are_not_sure_fire_nothing(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(
        "rules: [{trigger: beat, every_beats: 1, error_types: {other: basic}}]\nlimits: {min_confidence: 0.5}\n"
    )
    triggers = SourceTriggers(Rules.load(file))
    assert triggers.hear(beat(1, confidence=0.4)) == []
    assert triggers.due_s is None
    assert len(triggers.hear(beat(2, confidence=0.6))) == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("rules: [", "no YAML"),
        ("- a\n- b\n", "holds no rules"),
        ("rules: []", "rules: Tuple should have at least 1 item"),
        ("rules: [{trigger: a, every_beats: 0, error_types: {}}]", "greater than or equal to 1"),
        ("rules: [{trigger: a, every_beats: 4, error_types: {refrain: b}}]", "'intro', 'verse', 'chorus'"),
        ("rule: []", "rules: Field required"),
    ],
)
def test_rules_that_cannot_be_used_say_why(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(text)
    with pytest.raises(RulesError, match=reason):
        Rules.load(file)
