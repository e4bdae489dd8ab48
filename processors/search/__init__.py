"""Search by text, by music and by both: a catalogue's works, texts and music in one space.

Import what you need from its modules: some load models and large libraries, others are data.
"""
