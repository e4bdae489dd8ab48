"""Many records of one topic at once: checked, looked into and turned into JSON without an object for each."""

from .container import container
from .records import BulkReader, Records

__all__ = ["BulkReader", "Records", "container"]
