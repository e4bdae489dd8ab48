"""Learned embeddings: windows of notes as unit vectors, near each other where the music is the same."""

from .embedder import NoteEmbedder
from .index import VectorIndex, VectorIndexError
from .windows import Windows
from .works import EmbeddedCatalogue

__all__ = ["EmbeddedCatalogue", "NoteEmbedder", "VectorIndex", "VectorIndexError", "Windows"]
