"""Beats of notes: what a listener relies on, whatever is played."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import symusic

from processors.beats import Beat, BeatNetwork, BeatTracker, FrameBuilder, LiveBeats, OfflineBeats
from processors.beats.frames import frames_of
from processors.beats.live import beats_of
from processors.midi import BadMusicError, read_midi
from processors.notes import Notes


@pytest.fixture(scope="module")
def network() -> BeatNetwork:
    return BeatNetwork()


@pytest.fixture(scope="module")
def whole(network: BeatNetwork) -> OfflineBeats:
    return OfflineBeats(network)


def waltz(bpm: float, bars: int = 40, seed: int = 0, jitter_s: float = 0.008) -> Notes:
    """Bass, chord, chord, and a tune in quarters and eighths."""
    rng = np.random.default_rng(seed)
    beat_s = 60.0 / bpm
    onset, pitch, velocity = [], [], []
    for bar in range(bars):
        root = 36 + int(rng.choice([0, 5, 7, 9])) if bar % 2 == 0 else 43
        for beat in range(3):
            at = (3 * bar + beat) * beat_s
            for p in [root] if beat == 0 else [root + 16, root + 19, root + 24]:
                onset.append(at)
                pitch.append(p)
                velocity.append(80 if beat == 0 else 55)
            onset.append(at)
            pitch.append(72 + int(rng.integers(0, 12)))
            velocity.append(85)
    times = np.array(onset) + rng.normal(0.0, jitter_s, len(onset)) + 1.0
    return Notes.of(times, np.array(pitch), velocity=np.array(velocity))


def f_measure(found_s: list[float], true_s: np.ndarray, tolerance_s: float = 0.07) -> float:
    free = sorted(found_s)
    right = 0
    for at in true_s:
        near = [f for f in free if abs(f - at) <= tolerance_s]
        if near:
            free.remove(near[0])
            right += 1
    return 2.0 * right / (len(found_s) + len(true_s))


def test_a_waltz_is_heard_in_three(network: BeatNetwork) -> None:
    beats = beats_of(waltz(100.0), network)
    true_s = 1.0 + np.arange(120) * 60.0 / 100.0
    assert f_measure([beat.time_s for beat in beats], true_s) > 0.8
    late = [beat for beat in beats if beat.time_s > 20.0]
    assert np.median([beat.tempo_bpm for beat in late]) == pytest.approx(100.0, rel=0.05)


def test_the_next_beat_is_foretold(network: BeatNetwork) -> None:
    beats = [beat for beat in beats_of(waltz(120.0), network) if beat.time_s > 10.0]
    errors = [abs(a.next_beat_s - b.time_s) for a, b in pairwise(beats)]
    assert np.median(errors) < 0.03


def test_frames_in_pieces_are_the_frames_of_the_whole() -> None:
    notes = waltz(100.0)
    times, features = frames_of(notes)
    builder = FrameBuilder()
    frames = []
    for k in range(len(notes)):
        frames += builder.add(float(notes.onset_s[k]), int(notes.pitch[k]), int(notes.velocity[k]))
        builder = FrameBuilder.from_state(builder.state_bytes())
    frames += builder.flush()
    assert np.array_equal([frame.time_s for frame in frames], times)
    assert np.array_equal(np.stack([frame.features for frame in frames]), features)


def test_a_restored_tracker_goes_on_bit_for_bit(network: BeatNetwork) -> None:
    times, features = frames_of(waltz(100.0))
    activations = network.run(features)
    whole, parts = BeatTracker(), BeatTracker()
    for time_s, activation in zip(times, activations, strict=True):
        expected = whole.add(float(time_s), activation)
        parts = BeatTracker.from_state(parts.state_bytes())
        assert parts.add(float(time_s), activation) == expected
        assert len(parts.state_bytes()) < 12_000


def test_a_batch_answers_as_one_by_one(network: BeatNetwork) -> None:
    tempi = (60.0, 90.0, 120.0, 180.0, 75.0)
    pieces = [frames_of(waltz(bpm, bars=30, seed=seed))[1][:60] for seed, bpm in enumerate(tempi)]
    state = network.initial_state(len(pieces))
    together = []
    for frame in range(60):
        activation, state = network.step(np.stack([piece[frame] for piece in pieces]), state)
        together.append(activation)
    for k, piece in enumerate(pieces):
        assert np.array_equal(network.run(piece), np.stack(together)[:, k])


@pytest.mark.parametrize("bpm", [30.0, 300.0])
def test_extreme_tempi_do_no_harm(network: BeatNetwork, bpm: float) -> None:
    _are_sound(beats_of(waltz(bpm), network))


def test_noise_is_not_trusted(network: BeatNetwork) -> None:
    rng = np.random.default_rng(1)
    noise = Notes.of(
        np.cumsum(rng.exponential(0.15, 600)), rng.integers(30, 90, 600), velocity=rng.integers(20, 100, 600)
    )
    heard = beats_of(noise, network)
    _are_sound(heard)
    steady = [beat.confidence for beat in beats_of(waltz(120.0), network)]
    assert not heard or np.mean([beat.confidence for beat in heard]) < np.mean(steady)


def test_no_beats_in_silence(network: BeatNetwork) -> None:
    live = LiveBeats(network)
    assert live.advance(10.0) == []
    for pitch in (48, 60, 64, 67):
        live.add(10.0, pitch, 80)
    assert len(live.advance(200.0)) <= 1
    notes = waltz(120.0, bars=20)
    live = LiveBeats(network)
    for k in range(len(notes)):
        live.add(float(notes.onset_s[k]), int(notes.pitch[k]), int(notes.velocity[k]))
    last_s = float(notes.onset_s[-1])
    after = live.advance(last_s + 600.0)
    assert all(beat.time_s < last_s + 3.0 for beat in after)


def test_a_whole_file_is_heard_from_its_first_beat_on(whole: OfflineBeats) -> None:
    true_s = 1.0 + np.arange(120) * 60.0 / 100.0
    notes = waltz(100.0)
    beats = whole.beats_of(notes)
    assert f_measure([beat.time_s for beat in beats], true_s) > 0.95
    assert all(beat.beats_per_bar == 3 for beat in beats)
    assert f_measure([beat.time_s for beat in beats if beat.downbeat], true_s[::3]) > 0.95
    assert all(a.next_beat_s == b.time_s for a, b in pairwise(beats))
    _are_sound(beats)
    assert whole.beats_of(notes.between(0.0, 0.5)) == []


def test_a_piece_of_several_blocks_is_smoothed_like_a_short_one(whole: OfflineBeats) -> None:
    long = whole.beats_of(waltz(100.0, bars=800))
    true_s = 1.0 + np.arange(2400) * 60.0 / 100.0
    assert f_measure([beat.time_s for beat in long], true_s) > 0.9
    _are_sound(long)


def test_drums_only_make_no_beats_and_no_harm(network: BeatNetwork, whole: OfflineBeats) -> None:
    rng = np.random.default_rng(2)
    score = symusic.Score(480)
    drums = symusic.Track("drums", 0, True)
    for at in range(0, 80 * 480, 480):
        drums.notes.append(symusic.Note(at, 120, 38, 100))
    score.tracks.append(drums)
    with pytest.raises(BadMusicError):
        read_midi(score.dumps_midi())
    # A live pad says nothing but pitches of percussion: struck at random, it has no beat.
    struck = Notes.of(np.cumsum(rng.exponential(0.25, 300)), rng.choice([36, 38, 42], 300))
    sure = np.mean([beat.confidence for beat in beats_of(waltz(120.0), network)])
    for beats in (beats_of(struck, network), whole.beats_of(struck)):
        _are_sound(beats)
        assert not beats or np.mean([beat.confidence for beat in beats]) < sure


def test_a_sudden_tempo_is_followed_and_not_trusted_at_once(network: BeatNetwork, whole: OfflineBeats) -> None:
    slow, fast = waltz(80.0, bars=30), waltz(115.0, bars=60, seed=1)
    change_s = 1.0 + 90 * 60.0 / 80.0
    onset_s = np.concatenate((slow.onset_s, fast.onset_s - 1.0 + change_s))
    both = Notes.of(
        onset_s, np.concatenate((slow.pitch, fast.pitch)), velocity=np.concatenate((slow.velocity, fast.velocity))
    )
    for beats in (beats_of(both, network), whole.beats_of(both)):
        _are_sound(beats)
        before = [beat for beat in beats if change_s - 20.0 < beat.time_s < change_s - 1.0]
        after = [beat for beat in beats if beat.time_s > change_s + 15.0]
        assert np.median([beat.tempo_bpm for beat in before]) == pytest.approx(80.0, rel=0.06)
        assert np.median([beat.tempo_bpm for beat in after]) == pytest.approx(115.0, rel=0.06)
        turned = [beat.confidence for beat in beats if change_s - 0.1 < beat.time_s < change_s + 3.0]
        assert not turned or min(turned) < np.median([beat.confidence for beat in before])


def test_a_damaged_state_is_refused() -> None:
    for kind in (FrameBuilder, BeatTracker):
        state = kind().state_bytes()
        with pytest.raises(ValueError, match="state"):
            kind.from_state(state[:-9])
        with pytest.raises(ValueError, match="state"):
            kind.from_state(b"\xff" + state[1:])


def _are_sound(beats: list[Beat]) -> None:
    times = [beat.time_s for beat in beats]
    assert times == sorted(times)
    for beat in beats:
        assert 0.0 <= beat.confidence <= 1.0
        assert 1 <= beat.position <= beat.beats_per_bar
        assert beat.downbeat == (beat.position == 1)
        assert beat.next_beat_s > beat.time_s
