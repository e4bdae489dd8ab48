"""Onsets of a signal that comes in pieces; no window is computed twice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .constants import FRAME, FRAMES_A_STEP, SAMPLE_RATE, STEP
from .filterbank import FilterBank
from .network import OnsetNetwork
from .peaks import PeakPicker, Peaks
from .spectra import AHEAD, BEHIND, Spectra, step_spectra
from .tuning import TuningEstimate

Samples = NDArray[np.float32]


class OnsetStream:
    """Samples at ``SAMPLE_RATE`` in, onsets out.

    An onset is told ``delay_s`` after it at the latest.

    Attributes:
        tuning: the running estimate, from all samples so far.
        delay_s: how much of the signal after an onset is heard before it is told.
    """

    def __init__(self, network: OnsetNetwork, threshold: float, tuning_cents: float | None = None) -> None:
        self._network = network
        self._state = network.initial_state()
        self._picker = PeakPicker(threshold)
        self._fixed = None if tuning_cents is None else FilterBank.near(tuning_cents)
        self._buffer = np.zeros(BEHIND, np.float32)
        self._heard = 0
        self._frames_to_skip = FRAMES_A_STEP * network.delay
        self.tuning = TuningEstimate()
        self.delay_s = (AHEAD + (network.delay + 1) * STEP + FRAME / 2) / SAMPLE_RATE

    @property
    def tuning_cents(self) -> float:
        """The tuning for which the filters are made at present."""
        return (self._fixed or FilterBank.near(self.tuning.cents)).tuning_cents

    def fix_tuning(self) -> None:
        """Keep the tuning as it is estimated now."""
        self._fixed = FilterBank.near(self.tuning.cents)

    def spectra(self, samples: Samples) -> Spectra | None:
        """Take in samples; the spectra of the steps that are now complete, None when there are none."""
        self._buffer = np.concatenate((self._buffer, samples))
        self._heard += len(samples)
        steps = (len(self._buffer) - BEHIND - AHEAD) // STEP + 1
        if steps <= 0:
            return None
        found = step_spectra(self._buffer, steps)
        self._buffer = self._buffer[steps * STEP :]
        self.tuning.add(found.pitch)
        return found

    def onsets(self, spectra: Spectra) -> Peaks:
        """The onsets that are certain after these spectra."""
        bank = self._fixed or FilterBank.near(self.tuning.cents)
        activation, self._state = self._network.run(bank.features(spectra), self._state)
        skipped = min(self._frames_to_skip, len(activation))
        self._frames_to_skip -= skipped
        return self._picker.add(activation[skipped:])

    def add(self, samples: Samples) -> Peaks:
        """Take in samples, of any number; the onsets that are now certain."""
        spectra = self.spectra(samples)
        return NO_PEAKS if spectra is None else self.onsets(spectra)

    def finish(self) -> list[Peaks]:
        """The signal is over: its last onsets."""
        end = self._heard / FRAME
        # As if silence followed: up to the last frame's windows, and through the network's delay.
        rest = self.add(np.zeros(AHEAD + (self._network.delay + 1) * STEP, np.float32))
        return [peaks.before(end) for peaks in (rest, self._picker.finish())]


NO_PEAKS = Peaks(np.zeros(0), np.zeros(0, np.uint8), np.zeros(0, np.float32))
