"""Searches between the forms in which they travel: events, and what the engine takes."""

from __future__ import annotations

from connectors.settings import SearchSettings
from processors.search.limits import Filters, SearchLimits, SearchRequest
from schemas.search import SearchQuery


def search_limits(settings: SearchSettings) -> SearchLimits:
    """What one search may cost."""
    return SearchLimits(settings.query_max_characters, settings.top_k_max)


def request_of(query: SearchQuery) -> SearchRequest:
    """What an event asks for."""
    filters = Filters(query.composer, query.instruments, query.tempo_min, query.tempo_max)
    return SearchRequest(query.mode, query.query, query.work_id, query.alpha, query.top_k, filters)
