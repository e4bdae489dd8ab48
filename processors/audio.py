"""Sound files to samples, with limits and errors that say what is wrong."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import soundfile
from numpy.typing import NDArray

from . import ogg_pages
from .midi import BadMusicError, require_inside

BLOCK_SAMPLES = 1 << 16
COMMON_RATE_HZ = 48_000


@dataclass(frozen=True, slots=True)
class AudioLimits:
    """What a sound file may hold at the most."""

    max_bytes: int = 64 << 20
    max_s: float = 3_600.0

    def max_samples(self, rate_hz: int) -> int:
        """How many samples of one channel may come: a file may claim any rate, and a second of it then any size."""
        return int(self.max_s * min(rate_hz, COMMON_RATE_HZ))


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """One channel of sound.

    Attributes:
        samples: float32, one a sample, full scale is ±1; finite.
        rate_hz: samples a second.
    """

    samples: NDArray[np.float32]
    rate_hz: int

    @property
    def end_s(self) -> float:
        """Its length, seconds."""
        return len(self.samples) / self.rate_hz

    def cut(self, start_s: float, length_s: float | None) -> Sound:
        """The part of a sound that a clip asks for; raises as ``require_inside``."""
        require_inside(start_s, length_s, self.end_s)
        first = round(start_s * self.rate_hz)
        end = None if length_s is None else first + max(1, round(length_s * self.rate_hz))
        return Sound(self.samples[first:end], self.rate_hz)


def decode_audio(
    data: bytes, limits: AudioLimits = AudioLimits(), is_late: Callable[[], bool] = lambda: False
) -> Sound:
    """Decode a sound file (WAV, FLAC, OGG, MP3, ...) and mix its channels to one.

    Args:
        is_late: asked after each block; once it says yes the file is given up.

    Raises:
        BadMusicError: no sound file, of zero length, with samples that are no numbers, over a limit, or late.
    """
    if len(data) > limits.max_bytes:
        raise BadMusicError("too_large", f"The sound file has {len(data)} bytes; the limit is {limits.max_bytes}.")
    if data.startswith(ogg_pages.MAGIC) and ogg_pages.is_damaged(data):
        raise BadMusicError(
            "bad_audio", "The bytes cannot be decoded as sound: the Ogg file's first pages are damaged."
        )
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            rate_hz = int(file.samplerate)
            samples = _mixed(file, limits.max_samples(rate_hz), is_late)
    except soundfile.SoundFileError as error:
        # the error's own text holds an address in memory, which differs from one time to the next
        reason = getattr(error, "error_string", "the library refuses them.")
        raise BadMusicError("bad_audio", f"The bytes cannot be decoded as sound: {reason}") from error
    if not len(samples):
        raise BadMusicError("bad_audio", "The sound has zero length.")
    bad = len(samples) - np.count_nonzero(np.isfinite(samples))
    if bad:
        raise BadMusicError(
            "bad_audio", f"{bad} of the sound's {len(samples)} samples are no finite numbers (NaN or infinite)."
        )
    return Sound(samples, rate_hz)


def _mixed(file: soundfile.SoundFile, max_samples: int, is_late: Callable[[], bool]) -> NDArray[np.float32]:
    blocks: list[NDArray[np.float32]] = []
    count = 0
    at_once = max(1, BLOCK_SAMPLES // file.channels)
    # block by block: a header may promise any length, and many channels need many times the space of one; not by
    # file.blocks(), which gives what lay in memory where a truncated file ends before its header says
    while len(block := file.read(at_once, dtype="float32", always_2d=True)):
        blocks.append(block.mean(axis=1, dtype=np.float32))
        count += len(block)
        if count > max_samples:
            raise BadMusicError("too_long", f"The sound lasts longer than {max_samples / file.samplerate:g} s.")
        if is_late():
            raise BadMusicError("too_slow", "Decoding the sound takes too long; it was given up.")
    return np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
