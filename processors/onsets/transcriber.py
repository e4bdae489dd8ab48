"""Audio to notes: a clip at once, or a stream as it is played."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from processors.midi import BadMusicError
from processors.notes import Notes

from .constants import SAMPLE_RATE
from .network import MODEL, OnsetNetwork
from .peaks import Peaks
from .stream import OnsetStream

LOWEST_RATE, HIGHEST_RATE = 4_000, 384_000
BLOCK_S = 30.0
"""A long clip is analysed in blocks of this length; its tuning is that of the first."""
RESAMPLING = "MQ"
"""soxr's medium quality: its errors lie far below the filters' own."""


@dataclass(frozen=True, slots=True, eq=False)
class Transcription:
    """What was heard.

    Attributes:
        notes: onsets and pitches; durations are 0 and velocities 64, for neither is estimated.
        activation: float32, how sure each note is, from the threshold to 1.
        tuning_cents: how far above A4 = 440 Hz the instrument is tuned, in [-50, 50].
        duration_s: length of the audio.
    """

    notes: Notes
    activation: NDArray[np.float32]
    tuning_cents: float
    duration_s: float


class Transcriber:
    """Finds note onsets in audio; safe to use from many threads."""

    def __init__(self, model: Path = MODEL, threads: int = 1, threshold: float | None = None) -> None:
        self._network = OnsetNetwork(model, threads)
        self.threshold = self._network.threshold if threshold is None else threshold

    def warm_up(self) -> None:
        """Run everything once, so that no first clip pays for it."""
        self.transcribe(np.zeros(SAMPLE_RATE, np.float32), SAMPLE_RATE)

    def transcribe(
        self, samples: NDArray[np.floating], sample_rate: int, tuning_cents: float | None = None
    ) -> Transcription:
        """Transcribe a clip.

        Args:
            samples: mono, in [-1, 1] or so; the level does not matter.
            sample_rate: Hz.
            tuning_cents: the tuning, where it is known; otherwise it is estimated first.

        Raises:
            BadMusicError: the samples are not mono, not finite, or of an impossible rate.
        """
        checked = _checked(samples, sample_rate)
        heard = np.asarray(soxr.resample(checked, sample_rate, SAMPLE_RATE, RESAMPLING), np.float32)
        block = int(BLOCK_S * SAMPLE_RATE)
        stream = OnsetStream(self._network, self.threshold, tuning_cents)
        spectra = stream.spectra(heard[:block])
        if tuning_cents is None:
            stream.fix_tuning()
        found = [] if spectra is None else [stream.onsets(spectra)]
        found += [stream.add(heard[start : start + block]) for start in range(block, len(heard), block)]
        notes, activation = _notes([*found, *stream.finish()])
        return Transcription(notes, activation, stream.tuning_cents, len(checked) / sample_rate)

    def stream(self, sample_rate: int, tuning_cents: float | None = None) -> TranscriptionStream:
        """A transcription of audio that is still being played.

        Args:
            sample_rate: Hz.
            tuning_cents: the tuning, where it is known; otherwise the estimate so far is used, which settles
                within some seconds.

        Raises:
            BadMusicError: an impossible rate.
        """
        _checked(np.zeros(0, np.float32), sample_rate)
        return TranscriptionStream(OnsetStream(self._network, self.threshold, tuning_cents), sample_rate)


class TranscriptionStream:
    """Audio in pieces to notes; for one source, and one thread at a time.

    Given the same tuning, the notes of all pieces are those that ``Transcriber.transcribe`` finds in the whole.
    """

    def __init__(self, onsets: OnsetStream, sample_rate: int) -> None:
        self._onsets = onsets
        self._sample_rate = sample_rate
        self._resampler = soxr.ResampleStream(sample_rate, SAMPLE_RATE, 1, "float32", RESAMPLING)

    @property
    def delay_s(self) -> float:
        """A note is told when so much audio after its onset has come in, and what the resampler keeps back."""
        return self._onsets.delay_s

    @property
    def tuning_cents(self) -> float:
        """The tuning of the filters at present."""
        return self._onsets.tuning_cents

    def add(self, samples: NDArray[np.floating]) -> Notes:
        """Take in mono samples, of any number; the notes that are now certain, on the stream's clock.

        Raises:
            BadMusicError: the samples are not mono or not finite.
        """
        checked = _checked(samples, self._sample_rate)
        return _notes([self._onsets.add(np.asarray(self._resampler.resample_chunk(checked), np.float32))])[0]

    def finish(self) -> Notes:
        """The audio is over: its last notes."""
        rest = self._resampler.resample_chunk(np.zeros(0, np.float32), last=True)
        found = self._onsets.add(np.asarray(rest, np.float32))
        return _notes([found, *self._onsets.finish()])[0]


def _checked(samples: NDArray[np.floating], sample_rate: int) -> NDArray[np.float32]:
    if not LOWEST_RATE <= sample_rate <= HIGHEST_RATE:
        raise BadMusicError(
            "bad_audio", f"Audio of {sample_rate} Hz cannot be analysed; send {LOWEST_RATE}-{HIGHEST_RATE} Hz."
        )
    if samples.ndim != 1:
        raise BadMusicError("bad_audio", f"Samples must be mono, of one dimension; these have {samples.ndim}.")
    mono = np.asarray(samples, np.float32)
    if not np.isfinite(mono).all():
        raise BadMusicError("bad_audio", "The samples hold values that are not finite numbers.")
    return mono


def _notes(parts: Sequence[Peaks]) -> tuple[Notes, NDArray[np.float32]]:
    onset_s = np.concatenate([part.onset_s for part in parts])
    pitch = np.concatenate([part.pitch for part in parts])
    activation = np.concatenate([part.activation for part in parts])
    return Notes.of(onset_s, pitch), activation[np.lexsort((pitch, onset_s))]
