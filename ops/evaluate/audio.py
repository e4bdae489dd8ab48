"""``continuo evaluate audio``: notes heard, works found and time taken, on audio."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from processors.identify import Catalogue, Identifier
from processors.identify_audio import identify_transcription
from processors.onsets import Transcriber
from processors.onsets.constants import SAMPLE_RATE
from processors.training.onsets.score import Score, score_onsets
from processors.training.twins import twins_of

from .measures import quantiles_ms, share
from .rendering import AudioClip, record

AS_IT_IS = "as it is"
"""The condition of recordings: nothing is done to them."""


@dataclass(slots=True)
class Heard:
    """Answers to the clips of one group, length and condition."""

    score: Score = field(default_factory=Score)
    top1: list[bool] = field(default_factory=list)
    matched: list[bool] = field(default_factory=list)
    transcribe_ms: list[float] = field(default_factory=list)
    answer_ms: list[float] = field(default_factory=list)
    answer_cpu_ms: list[float] = field(default_factory=list)


def evaluate_audio(
    catalogue: Catalogue,
    transcriber: Transcriber,
    clips: Sequence[AudioClip],
    conditions: Sequence[str],
    seed: int,
    progress: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Transcribe and identify every clip under every condition of recording.

    Returns:
        for each condition and each group and length: precision, recall and F of onsets within 50 ms, top-1, the
        share called matched, and the time for transcription and for the whole answer, by the clock and
        of the processor (one thread; unlike the clock it does not count other processes).
    """
    identifier = Identifier(catalogue)
    identifier.warm_up()
    transcriber.warm_up()
    twins = twins_of(catalogue, {clip.path for clip in clips})
    table: dict[str, Any] = {}
    for condition in conditions:
        rng = np.random.default_rng(seed)
        groups: dict[str, Heard] = {}
        for number, clip in enumerate(clips):
            samples = clip.samples if condition == AS_IT_IS else record(clip.samples, condition, number, rng)
            heard = groups.setdefault(f"{clip.group} {clip.length_s:g} s", Heard())
            started, started_cpu = time.perf_counter(), time.thread_time()
            transcription = transcriber.transcribe(samples, SAMPLE_RATE)
            transcribed = time.perf_counter()
            answer = identify_transcription(identifier, transcription)
            ended, ended_cpu = time.perf_counter(), time.thread_time()
            heard.transcribe_ms.append((transcribed - started) * 1000.0)
            heard.answer_ms.append((ended - started) * 1000.0)
            heard.answer_cpu_ms.append((ended_cpu - started_cpu) * 1000.0)
            notes = transcription.notes
            heard.score += score_onsets(notes.onset_s, notes.pitch, clip.notes.onset_s, clip.notes.pitch)
            heard.top1.append(bool(answer.candidates) and answer.candidates[0].path in twins[clip.path])
            heard.matched.append(answer.status == "matched")
            progress()
        table[condition] = {name: _row(groups[name]) for name in sorted(groups)}
    return table


def _row(heard: Heard) -> dict[str, Any]:
    return {
        "notes": heard.score.as_dict(),
        "top1": share(heard.top1),
        "matched": share(heard.matched),
        "transcribe_ms": quantiles_ms(heard.transcribe_ms),
        "answer_ms": quantiles_ms(heard.answer_ms),
        "answer_cpu_ms": quantiles_ms(heard.answer_cpu_ms),
    }
