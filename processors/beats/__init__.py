"""Beats, as the music is played: notes to frames to activations to beats."""

from .frames import Frame, FrameBuilder
from .live import LiveBeats
from .network import BeatNetwork, StepNetwork
from .offline import OfflineBeats
from .tracker import Beat, BeatTracker

__all__ = ["Beat", "BeatNetwork", "BeatTracker", "Frame", "FrameBuilder", "LiveBeats", "OfflineBeats", "StepNetwork"]
