"""Small music files to import, and what comes of it."""

from __future__ import annotations

import io

import mido

from connectors.importers import ImportedWork, Importer, ImportFailure

KERN = "!!!COM: A. Composer\n!!!OTL: In Kern\n**kern\n4c\n4d\n4e\n*-\n"
MUSICXML = (
    "<score-partwise><movement-title>In XML</movement-title><part><measure><note><pitch><step>C</step>"
    "<octave>4</octave></pitch><duration>1</duration></note></measure></part></score-partwise>"
)
ABC = "X:1\nT:One\nL:1/4\nK:C\nCDE|]\n\nX:2\nT:Two\nL:1/4\nK:C\nEDC|]\n"


def midi(*pitches: int, name: str = "", format: int = 1) -> bytes:
    """A MIDI file with the pitches one after the other, named in a first track without notes if it has several."""
    file = mido.MidiFile(type=format)
    head = mido.MidiTrack([mido.MetaMessage("track_name", name=name)] if name else [])
    track = mido.MidiTrack([mido.MetaMessage("track_name", name="Piano")]) if format == 1 else head
    for pitch in pitches:
        track.append(mido.Message("note_on", note=pitch, velocity=64))
        track.append(mido.Message("note_off", note=pitch, time=480))
    file.tracks.extend([head, track] if format == 1 else [track])
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


def split(importer: Importer) -> tuple[list[ImportedWork], list[ImportFailure]]:
    """What an importer gives, works and failures apart."""
    everything = list(importer)
    return (
        [work for work in everything if isinstance(work, ImportedWork)],
        [failure for failure in everything if isinstance(failure, ImportFailure)],
    )
