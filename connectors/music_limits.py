"""The settings' limits in the form in which the readers of music take them."""

from __future__ import annotations

from connectors.settings import LimitSettings
from processors.audio import AudioLimits
from processors.identify_music import MusicLimits
from processors.midi import MidiLimits


def midi_limits(limits: LimitSettings) -> MidiLimits:
    """What a MIDI file may hold."""
    return MidiLimits(limits.midi_max_bytes, limits.midi_max_notes)


def music_limits(limits: LimitSettings) -> MusicLimits:
    """What a file of either kind may cost."""
    return MusicLimits(
        midi_limits(limits), AudioLimits(limits.audio_max_bytes, limits.clip_max_s), limits.transcribed_max_s
    )
