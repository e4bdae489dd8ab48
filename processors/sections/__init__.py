"""Sections of music: intro, verse, chorus, bridge, outro, other; of a whole piece, and while it is played."""

from .analysis import sections_of
from .labels import LABELS, Label, Section
from .shelf import SectionShelf
from .tracker import LiveSection, SectionTracker, StateError
from .works import Place, WorkSections, sections_of_work

__all__ = [
    "LABELS",
    "Label",
    "LiveSection",
    "Place",
    "Section",
    "SectionShelf",
    "SectionTracker",
    "StateError",
    "WorkSections",
    "sections_of",
    "sections_of_work",
]
