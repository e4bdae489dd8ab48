"""Audio to note onsets."""

from .transcriber import Transcriber, Transcription, TranscriptionStream

__all__ = ["Transcriber", "Transcription", "TranscriptionStream"]
