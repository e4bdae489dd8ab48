"""The bulk worker: files of bulk jobs to results, each content decoded and computed once."""

from .agent import BulkHandler, make_bulk_app

__all__ = ["BulkHandler", "make_bulk_app"]
