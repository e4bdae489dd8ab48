"""The bulk worker: files of bulk jobs to results, each content decoded and computed once."""

from .agent import BulkHandler

__all__ = ["BulkHandler"]
