"""The bytes of an event: inline, or behind a claim check."""

from __future__ import annotations

from connectors.blob_store import BlobDamagedError, BlobMissingError, BlobStore, BlobTooLargeError
from schemas.bulk import BulkTask
from schemas.events import Clip, Work
from schemas.search import SearchQuery
from schemas.sound import Spectra

REASONS = {BlobMissingError: "blob_missing", BlobDamagedError: "blob_damaged", BlobTooLargeError: "too_large"}


class PayloadError(ValueError):
    """The event's bytes cannot be had, now or later.

    Attributes:
        type: a short reason for programs: ``no_data``, ``blob_missing``, ``blob_damaged``, ``too_large``.
    """

    def __init__(self, type: str, message: str) -> None:
        super().__init__(message)
        self.type = type


def payload(event: Clip | Work | BulkTask | Spectra | SearchQuery, blobs: BlobStore) -> bytes:
    """The bytes that ``event`` carries or claims.

    Raises:
        PayloadError: there are none, or the blob is gone, damaged or over the limit.
        BlobUnavailableError: the blob store cannot be read now.
    """
    if event.blob is not None:
        try:
            return blobs.get(event.blob)
        except tuple(REASONS) as error:
            raise PayloadError(REASONS[type(error)], str(error)) from error
    if event.data is None:
        raise PayloadError("no_data", "The event has neither bytes nor a claim check for them.")
    return event.data
