"""How each instrument is played: programs of General MIDI and its Roland GS banks, ranges, playing techniques."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Program:
    """One patch of a SoundFont, and the MIDI pitches that its instrument plays."""

    number: int
    lowest: int
    highest: int
    bank: int = 0


@dataclass(frozen=True, slots=True)
class Playing:
    """How an instrument is played.

    Attributes:
        programs: the patches that sound like it.
        alone: it plays one note at a time.
        sustained: a note sounds as long as it is blown, bowed or sung, and may swell.
    """

    programs: tuple[Program, ...]
    alone: bool
    sustained: bool


PLAYING: dict[str, Playing] = {
    "accordion": Playing((Program(21, 48, 89), Program(23, 48, 84)), False, True),
    "banjo": Playing((Program(105, 48, 86),), False, False),
    "bass": Playing(
        (
            Program(32, 26, 60),
            Program(33, 26, 62),
            Program(34, 26, 62),
            Program(35, 26, 62),
            Program(36, 26, 60),
            Program(37, 26, 60),
            Program(43, 26, 67),
            Program(43, 26, 67),
        ),
        True,
        False,
    ),
    "cello": Playing((Program(42, 36, 79),), True, True),
    "clarinet": Playing((Program(71, 37, 94),), True, True),
    "flute": Playing((Program(73, 58, 100), Program(73, 58, 100), Program(72, 72, 105)), True, True),
    "guitar": Playing(
        (
            Program(24, 40, 84),
            Program(25, 40, 84),
            Program(26, 40, 84),
            Program(27, 40, 84),
            Program(28, 40, 80),
            Program(29, 40, 84),
            Program(30, 40, 84),
        ),
        False,
        False,
    ),
    "mallet_percussion": Playing(
        (
            Program(8, 60, 104),
            Program(9, 72, 105),
            Program(11, 53, 89),
            Program(12, 45, 92),
            Program(13, 65, 105),
            Program(14, 55, 80),
        ),
        False,
        False,
    ),
    "mandolin": Playing((Program(25, 55, 92, bank=16),), False, False),
    "organ": Playing((Program(16, 36, 96), Program(17, 36, 96), Program(18, 36, 96), Program(19, 36, 96)), False, True),
    "piano": Playing(
        (Program(0, 24, 104), Program(0, 24, 104), Program(1, 24, 104), Program(3, 30, 100)), False, False
    ),
    "saxophone": Playing(
        (Program(64, 56, 90), Program(65, 49, 84), Program(66, 44, 78), Program(67, 36, 70)), True, True
    ),
    "synthesizer": Playing(
        (
            Program(50, 36, 96),
            Program(62, 36, 90),
            Program(63, 36, 90),
            Program(80, 36, 96),
            Program(81, 36, 96),
            Program(84, 36, 90),
            Program(87, 28, 80),
            Program(88, 36, 90),
            Program(89, 36, 90),
            Program(90, 36, 90),
            Program(94, 36, 90),
            Program(95, 36, 90),
        ),
        False,
        True,
    ),
    "trombone": Playing((Program(57, 34, 76),), True, True),
    "trumpet": Playing((Program(56, 52, 88), Program(56, 52, 88), Program(59, 54, 86)), True, True),
    "ukulele": Playing((Program(24, 57, 86, bank=8),), False, False),
    "violin": Playing((Program(40, 55, 103),), True, True),
    "voice": Playing((Program(52, 43, 84), Program(53, 43, 84)), True, True),
    "oboe": Playing((Program(68, 58, 93), Program(68, 58, 93), Program(69, 50, 84)), True, True),
    "bassoon": Playing((Program(70, 24, 76),), True, True),
    "horn": Playing((Program(60, 34, 79),), True, True),
    "viola": Playing((Program(41, 48, 91),), True, True),
    "tuba": Playing((Program(58, 24, 65),), True, True),
    "harp": Playing((Program(46, 26, 101),), False, False),
    "harpsichord": Playing((Program(6, 31, 89),), False, False),
    "timpani": Playing((Program(47, 36, 60),), True, False),
}
"""Of each label but drums and cymbals, which have keys instead."""

KITS = (0, 8, 16, 24, 25, 32, 40)
"""Drum sets of bank 128."""
DRUM_KEYS = (35, 36, 37, 38, 40, 41, 43, 45, 47, 48, 50, 60, 61, 62, 63, 64, 65, 66)
CYMBAL_KEYS = (42, 44, 46, 49, 51, 52, 53, 55, 57, 59)
OTHER_KEYS = (39, 54, 56, 67, 69, 70, 75, 76, 80, 81)
"""Keys of a drum set that are no label, such as claps and triangles; played so that they are told as nothing."""
