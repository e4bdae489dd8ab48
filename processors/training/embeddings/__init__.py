"""Training of the note embeddings."""
