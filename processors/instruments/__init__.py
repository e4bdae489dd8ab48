"""Audio to the instruments that are heard."""

from .clip import PreparedClip, prepare
from .detector import Instrument, InstrumentDetector, Instruments
from .labels import LABELS, label_of

__all__ = ["LABELS", "Instrument", "InstrumentDetector", "Instruments", "PreparedClip", "label_of", "prepare"]
