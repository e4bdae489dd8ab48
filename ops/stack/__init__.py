"""The embedded stack: real Kafka, schema registry, Redis, ClickHouse and the workers, on this machine."""

from .errors import StackError
from .stack import Stack

__all__ = ["Stack", "StackError"]
