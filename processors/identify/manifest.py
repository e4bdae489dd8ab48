"""The catalogue's manifest: the one small file whose replacement makes a change visible."""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from .files import CatalogueError, write_durably

NAME = "manifest.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class SegmentEntry:
    """A segment that belongs to the catalogue.

    Attributes:
        file: its name in the catalogue's folder.
        size: its bytes.
        works: the works in it, removed ones included.
        notes: the notes in it.
        removed: numbers of the works that no longer count.
    """

    file: str
    size: int
    works: int
    notes: int
    removed: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Manifest:
    """The segments in force, and how far the sources of updates were applied.

    Attributes:
        generation: grows by one with every change.
        segments: oldest first.
        positions: for example Kafka offsets, "catalogue/0" to the next offset to read.
    """

    generation: int = 0
    segments: tuple[SegmentEntry, ...] = ()
    positions: dict[str, int] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """Names this state of the catalogue: its generation and a checksum of what it holds."""
        held = json.dumps([asdict(segment) for segment in self.segments])
        return f"{self.generation}-{zlib.crc32(held.encode()):08x}"

    def next(self, segments: list[SegmentEntry], positions: dict[str, int]) -> Manifest:
        """The manifest after a change."""
        return replace(self, generation=self.generation + 1, segments=tuple(segments), positions=positions)

    def write(self, folder: Path) -> None:
        """Switch the catalogue to this manifest: all of it, or on a crash none of it."""
        body = json.dumps({"format": FORMAT, **asdict(self)}, separators=(",", ":"))
        write_durably(folder / NAME, [json.dumps({"crc32": zlib.crc32(body.encode()), "catalogue": body}).encode()])

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """The manifest in force.

        Raises:
            CatalogueError: there is none, or it is damaged.
        """
        path = folder / NAME
        try:
            outer = json.loads(path.read_bytes())
            body = outer["catalogue"]
            if zlib.crc32(body.encode()) != outer["crc32"]:
                raise ValueError("its checksum differs")
            values = json.loads(body)
        except FileNotFoundError:
            raise CatalogueError(
                f"There is no catalogue at {folder}; make one with `continuo catalogue build`."
            ) from None
        except OSError as error:
            raise CatalogueError(f"The catalogue at {folder} cannot be read: {error.strerror}.") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CatalogueError(f"The catalogue's {path} is damaged ({error}); build it again.") from error
        if values.pop("format") != FORMAT:
            raise CatalogueError(f"The catalogue at {folder} was made by another version of Continuo; build it again.")
        segments = tuple(SegmentEntry(**segment) for segment in values.pop("segments"))
        return cls(segments=segments, **values)
