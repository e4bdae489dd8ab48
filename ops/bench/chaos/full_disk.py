"""A local disk that can be full, for whoever writes blobs in this process."""

from __future__ import annotations

import errno
import threading
from typing import Any

from fsspec import register_implementation
from fsspec.implementations.local import LocalFileSystem

PROTOCOL = "fulldisk"
full = threading.Event()
"""While it is set, nothing can be written."""


class FullDisk(LocalFileSystem):  # type: ignore[misc]
    """Files as ever, but for writes while the disk is ``full``."""

    protocol = PROTOCOL

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **options: Any) -> None:
        """Write a file.

        Raises:
            OSError: the disk is full.
        """
        if full.is_set():
            # what a real disk does: a part is there, the rest is not
            super().pipe_file(path, value[: len(value) // 2], mode=mode, **options)
            raise OSError(errno.ENOSPC, "No space left on device", path)
        super().pipe_file(path, value, mode=mode, **options)


register_implementation(PROTOCOL, FullDisk, clobber=True)
