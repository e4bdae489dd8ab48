"""Notes as arrays: the form in which all music is analysed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Notes:
    """Notes in order of onset, then pitch. All arrays have one entry a note.

    Attributes:
        onset_s: float64, when each note starts, seconds.
        duration_s: float64, how long it is held, seconds; 0 where it is not known.
        pitch: uint8, MIDI pitch 0-127.
        velocity: uint8, MIDI velocity 1-127.
    """

    onset_s: NDArray[np.float64]
    duration_s: NDArray[np.float64]
    pitch: NDArray[np.uint8]
    velocity: NDArray[np.uint8]

    @classmethod
    def of(
        cls,
        onset_s: NDArray[np.floating],
        pitch: NDArray[np.integer],
        duration_s: NDArray[np.floating] | None = None,
        velocity: NDArray[np.integer] | None = None,
    ) -> Notes:
        """Sort loose arrays by onset and pitch into ``Notes``."""
        onset = np.asarray(onset_s, np.float64)
        order = np.lexsort((pitch, onset))
        count = len(onset)
        duration = np.zeros(count) if duration_s is None else np.asarray(duration_s, np.float64)
        loudness = np.full(count, 64) if velocity is None else np.asarray(velocity)
        return cls(
            onset[order],
            duration[order],
            np.asarray(pitch, np.uint8)[order],
            loudness.astype(np.uint8)[order],
        )

    def __len__(self) -> int:
        return len(self.onset_s)

    @property
    def end_s(self) -> float:
        """When the last note ends, seconds; 0 without notes."""
        return float((self.onset_s + self.duration_s).max()) if len(self) else 0.0

    def between(self, start_s: float, end_s: float) -> Notes:
        """The notes whose onset lies in [start_s, end_s), with ``start_s`` as the new zero."""
        a, b = np.searchsorted(self.onset_s, (start_s, end_s))
        return Notes(self.onset_s[a:b] - start_s, self.duration_s[a:b], self.pitch[a:b], self.velocity[a:b])
