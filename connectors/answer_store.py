"""Answers to bulk tasks by what they depend on: the file's content, the analysis, and the model that made it.

They lie in the blob store, which is durable, has no size that more files could burst, and is shared by the workers of
all machines. An answer that cannot be read, as a power cut may leave it, counts as missing and is made again.
"""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
import structlog

from connectors.blob_store import BlobStore
from schemas.bulk import BulkAnswer
from schemas.events import Failure

FOLDER = "answers"

log = structlog.get_logger(__name__)


class AnswerStore:
    """Keeps answers. All methods may be called from any thread, and raise ``BlobUnavailableError``: try again later."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs

    def get(self, sha256: str, want: str, made_by: str) -> BulkAnswer | None:
        """What ``made_by`` has answered for the file with this content; None if it was never asked."""
        key = _key(sha256, want, made_by)
        data = self._blobs.read(key)
        if data is None:
            return None
        try:
            row: dict[str, Any] = orjson.loads(data)
            if (row["sha256"], row["want"], row["made_by"]) != (sha256, want, made_by):
                raise ValueError("it is the answer to something else")
            error = Failure(**row["error"]) if row["error"] else None
            return BulkAnswer(
                want=want,
                made_by=made_by,
                stored=True,
                answer=row["answer"],
                error=error,
                music_s=row["music_s"],
            )
        except (ValueError, KeyError, TypeError) as error:
            log.warning("a stored answer cannot be read and is made again", key=key, reason=str(error))
            return None

    def put(self, sha256: str, answer: BulkAnswer) -> None:
        """Keep an answer; it is there for everybody when this returns."""
        row = {
            "sha256": sha256,
            "want": answer.want,
            "made_by": answer.made_by,
            "answer": answer.answer,
            "error": answer.error,
            "music_s": answer.music_s,
        }
        self._blobs.write(_key(sha256, answer.want, answer.made_by), orjson.dumps(row))


def _key(sha256: str, want: str, made_by: str) -> str:
    # two levels, as for blobs; all answers to a file lie together
    version = hashlib.sha256(made_by.encode()).hexdigest()[:16]
    return f"{FOLDER}/{sha256[:2]}/{sha256}/{want}-{version}.json"
