"""Sinks: what is on the topics, kept where it can be asked for."""

from .base import Destination, DestinationUnavailableError, RefusedError, Sink

__all__ = ["Destination", "DestinationUnavailableError", "RefusedError", "Sink"]
