"""Trains the networks of ``processors.sections`` on POP909's annotated phrases."""
