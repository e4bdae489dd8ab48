"""Search by text, by music and by both: a catalogue's works, texts and music in one space."""

from processors.search_request import BadSearchError, Filters, SearchLimits, SearchRequest

from .engine import Found, SearchEngine
from .hearing import Heard, Hearing, identifier_of
from .index import SearchIndex
from .model import SearchModel
from .text import TextEncoderError

__all__ = [
    "BadSearchError",
    "Filters",
    "Found",
    "Heard",
    "Hearing",
    "SearchEngine",
    "SearchIndex",
    "SearchLimits",
    "SearchModel",
    "SearchRequest",
    "TextEncoderError",
    "identifier_of",
]
