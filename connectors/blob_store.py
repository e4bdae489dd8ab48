"""Where bytes lie that are too large for a Kafka record: a folder, or S3 by URL.

Blobs are content-addressed: the key follows from the SHA-256 of the bytes, so writing twice changes
nothing and a damaged blob is noticed when it is read.
"""

from __future__ import annotations

import hashlib
import re
import uuid

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from connectors.settings import Settings
from schemas.events import BlobRef

SHA256 = re.compile(r"[0-9a-f]{64}")
FOLDER = re.compile(r"([a-z0-9-]{1,64}/){0,2}")


class BlobError(RuntimeError):
    """The blob store did not do what was asked; the message says why."""


class BlobMissingError(BlobError):
    """There is no such blob."""


class BlobDamagedError(BlobError):
    """The blob is not what its claim check says."""


class BlobTooLargeError(BlobError):
    """The blob is over the limit of the settings."""


class BlobUnavailableError(BlobError):
    """The store cannot be reached now; the same call may succeed later."""


class BlobStore:
    """Puts and gets blobs. All methods may be called from any thread.

    Raises:
        BlobUnavailableError: the store's URL cannot be opened with what is installed.
    """

    def __init__(self, settings: Settings) -> None:
        self._url = settings.blob_url
        self._max_bytes = settings.blobs.max_bytes
        try:
            self._fs, self._root = url_to_fs(self._url)
        except (ImportError, ValueError) as error:
            raise BlobUnavailableError(
                f"The blob store {self._url} cannot be opened: {error}. For s3:// install continuo[s3]; "
                "otherwise check the setting blobs.url."
            ) from error

    def put(self, data: bytes, folder: str = "") -> BlobRef:
        """Store ``data`` and give its claim check.

        Args:
            folder: a place in the store of its own, with a slash at its end: removed there, the bytes stay elsewhere.

        Raises:
            BlobTooLargeError: ``data`` is over ``blobs.max_bytes``.
            BlobUnavailableError: the store cannot be written now.
        """
        self._check_size(len(data))
        digest = hashlib.sha256(data).hexdigest()
        ref = claim_check(digest, len(data), folder)
        self.write(ref.key, data)
        return ref

    def get(self, ref: BlobRef) -> bytes:
        """The bytes that ``ref`` is the claim check of, checked by size and SHA-256.

        Raises:
            BlobMissingError: the store has no such blob.
            BlobDamagedError: the claim check is malformed, or the bytes differ from it.
            BlobTooLargeError: the claim check is over ``blobs.max_bytes``; nothing is read.
            BlobUnavailableError: the store cannot be read now.
        """
        if not SHA256.fullmatch(ref.sha256) or not _is_key(ref.key, ref.sha256):
            raise BlobDamagedError(f"The claim check is malformed: {ref.key!r} is no key of this blob store.")
        self._check_size(ref.size)
        try:
            data: bytes = self._fs.cat_file(f"{self._root}/{ref.key}", start=0, end=ref.size + 1)
        except FileNotFoundError as error:
            raise BlobMissingError(f"The blob {ref.key} is not in the blob store {self._url}.") from error
        except Exception as error:
            raise self._unavailable("read", error) from error
        if len(data) != ref.size:
            found = "more" if len(data) > ref.size else f"only {len(data)}"
            raise BlobDamagedError(f"The blob {ref.key} should have {ref.size} bytes, but has {found}.")
        if hashlib.sha256(data).hexdigest() != ref.sha256:
            raise BlobDamagedError(f"The bytes of the blob {ref.key} differ from the SHA-256 of its claim check.")
        return data

    def remove(self, ref: BlobRef) -> None:
        """Remove a blob, if it is there.

        Raises:
            BlobUnavailableError: the store cannot be written now.
        """
        try:
            self._fs.rm_file(f"{self._root}/{ref.key}")
        except FileNotFoundError:
            pass
        except Exception as error:
            raise self._unavailable("written", error) from error

    def write(self, key: str, data: bytes) -> None:
        """Store ``data`` under a name of its own; what had that name is replaced in one step.

        Raises:
            BlobUnavailableError: the store cannot be written now.
        """
        try:
            self._write(f"{self._root}/{key}", data)
        except Exception as error:  # every kind of store has its own errors
            raise self._unavailable("written", error) from error

    def read(self, key: str) -> bytes | None:
        """What ``write`` stored under this name; None if there is nothing.

        Raises:
            BlobUnavailableError: the store cannot be read now.
        """
        try:
            data: bytes = self._fs.cat_file(f"{self._root}/{key}")
        except FileNotFoundError:
            return None
        except Exception as error:
            raise self._unavailable("read", error) from error
        return data

    def _write(self, path: str, data: bytes) -> None:
        if not isinstance(self._fs, LocalFileSystem):
            self._fs.pipe_file(path, data)  # object stores show an object only when it is whole
            return
        self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
        part = f"{path}.{uuid.uuid4().hex}.part"
        try:
            self._fs.pipe_file(part, data)
            self._fs.mv(part, path)
        except BaseException:
            if self._fs.exists(part):
                self._fs.rm_file(part)
            raise

    def _check_size(self, size: int) -> None:
        if size > self._max_bytes:
            raise BlobTooLargeError(
                f"The blob has {size} bytes; the limit is {self._max_bytes} (the setting blobs.max_bytes)."
            )

    def _unavailable(self, done: str, error: Exception) -> BlobUnavailableError:
        return BlobUnavailableError(
            f"The blob store {self._url} cannot be {done} now ({type(error).__name__}: {error}). "
            "Check that it can be reached, and the setting blobs.url."
        )


def claim_check(digest: str, size: int, folder: str = "") -> BlobRef:
    """The claim check that ``BlobStore.put`` gives for bytes with this SHA-256, in hexadecimal."""
    return BlobRef(folder + _key_of(digest), digest, size)


def _key_of(digest: str) -> str:
    # two levels, so that no folder grows without bound
    return f"{digest[:2]}/{digest}"


def _is_key(key: str, digest: str) -> bool:
    folder = key.removesuffix(_key_of(digest))
    return folder != key and FOLDER.fullmatch(folder) is not None
