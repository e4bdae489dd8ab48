"""Many records of one topic at once: checked, looked into and turned into JSON without an object for each."""

from .container import container
from .records import BatchReader, Records

__all__ = ["BatchReader", "Records", "container"]
