"""What plays a score's parts: from the names of its tracks, in the languages that scores are written in, and from
their General MIDI programs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

INSTRUMENTS = (
    "piano",
    "harpsichord",
    "organ",
    "accordion",
    "mallet_percussion",
    "guitar",
    "lute",
    "mandolin",
    "banjo",
    "harp",
    "violin",
    "viola",
    "cello",
    "bass",
    "strings",
    "voice",
    "flute",
    "recorder",
    "oboe",
    "clarinet",
    "bassoon",
    "saxophone",
    "horn",
    "trumpet",
    "trombone",
    "tuba",
    "timpani",
    "drums",
    "bagpipe",
    "synthesizer",
    "ukulele",
)
"""Numbers of these names are kept in catalogues: new ones are added at the end."""
NUMBER = {name: number for number, name in enumerate(INSTRUMENTS)}
MAX_PARTS = 255
NUMBERED = "Part "
"""How tracks are named that were converted from scores without names."""

_NAMES = (
    # the first that fits counts: longer words before those that they contain
    ("mandolin", r"mand(o|\b)"),
    ("ukulele", r"ukulele"),
    ("saxophone", r"sax"),
    ("trumpet", r"trump|trompet|\btromb[ae]\b|cornet|\bclarin[oi]?\b|\btpt|\btraba"),
    ("clarinet", r"clarin|klarin|\bclar?\b|\bcl\b"),
    ("horn", r"\bhorn|\bcor\b|\bcorn[oiu]\b|waldhorn|\brog\b|\bhrn"),
    ("trombone", r"trombon|posaun|puzon|\btrabon"),
    ("tuba", r"\btuba|euphon|ophicle"),
    ("timpani", r"timp|pauke|kotl"),
    ("bassoon", r"\bfag|basson|bassoon|\bbn\b"),
    ("oboe", r"oboe|oboi|hautb|\bob\b|english horn|cor anglais|oboj"),
    ("recorder", r"recorder|blockfl|flauto dolce|flute a bec"),
    ("flute", r"flut|flaut|flot|travers|piccolo|\bfl\b|\bflet"),
    ("harpsichord", r"harpsi|cembal|clavecin|clavicem|virginal|klawesyn"),
    ("organ", r"\borg|orgel|pedal(e|s)?\b"),
    ("accordion", r"accord|akordeon|harmonica|concertina|harmonium"),
    ("piano", r"pian|klav(?!es)|fortep|\bpf\b|pno|forte-?p|clavier|rechte|linke|\b(rh|lh)\b"),
    ("harp", r"\bhar(p|fe|fa)\b|arpa\b"),
    ("lute", r"\blute|laute|liuto|theorb|tiorb|vihuela"),
    ("guitar", r"guitar|gitar|chitar|\bgtr"),
    ("banjo", r"banjo"),
    ("cello", r"\bcell|violonc|wiolonc|\bvcl?\b|\bvlc|gamba"),
    ("bass", r"contrab|kontrab|double ?b|violone|\bd\.? ?b\.?\b|\bcb\b|continuo|\bb\.? ?c\.?\b|fundament"),
    ("viola", r"\bviol[ae]\b|alto viola|bratsch|altowk|\bvla\b|\baltviol"),
    ("violin", r"violin|viulin|\bviol\b|geige|skrzyp|\bvln?\b|\bvl\b|\bvn\b|fiddle"),
    ("strings", r"string|streich|smyczk"),
    ("mallet_percussion", r"xylo|glock|vibra|marimba|celest|carillon|bells"),
    ("drums", r"drum|percuss|tambur|cymbal|schlag"),
    ("bagpipe", r"bagpipe|dudy|musette"),
    (
        "voice",
        r"voice|vocal|voix|voce\b|sing|ge?sang|spiew|chant|cant[uv]|canto|sopr|\balto?\b|alt(vs|us|ist)\b|contralto|"
        r"teno(r|re)?|bass?(vs|us|y)\b|bass?[oi]?\b|\bbasse|bariton|mezzo|discant|dessus|dysk|chor|choir|coro\b|"
        r"superius|q[uv]int[uv]?|sext[uv]s|taille|haute-?contre|glos|stimm|women|\bmen\b",
    ),
)  # fmt: skip
_WORDS = [(NUMBER[name], re.compile(pattern)) for name, pattern in _NAMES]
_HEIGHT = re.compile(r"^(canto|soprano|alto|teno(r|re)|bass?[oi]?|basse)\b")
"""A part's height is no voice where its program is one of keys, plucked or bowed strings."""
_STAVES = re.compile(r"^(staff pf|piano)?(upper|lower|up|down|right|left|treble|mg|md)")
"""Names of a piano's staves, unless the program says otherwise."""
_VOICE_STAND_INS = frozenset((*range(52, 56), *range(64, 80)))
"""Programs that notation programs give to a voice that has no name."""
_KEYBOARD_TRACKS = 3
"""Up to so many tracks without names on program 0 are a piano's; more may be anything."""
_RANGES = (
    (4, "piano"), (6, "piano"), (8, "harpsichord"), (16, "mallet_percussion"), (21, "organ"), (24, "accordion"),
    (32, "guitar"), (40, "bass"), (41, "violin"), (42, "viola"), (43, "cello"), (44, "bass"), (46, "strings"),
    (47, "harp"), (48, "timpani"), (52, "strings"), (55, "voice"), (56, "synthesizer"), (57, "trumpet"),
    (58, "trombone"), (59, "tuba"), (60, "trumpet"), (61, "horn"), (64, "trumpet"), (68, "saxophone"), (70, "oboe"),
    (71, "bassoon"), (72, "clarinet"), (74, "flute"), (75, "recorder"), (80, "flute"), (104, "synthesizer"),
    (105, "guitar"), (106, "banjo"), (109, "guitar"), (110, "bagpipe"), (111, "violin"), (112, "oboe"),
    (120, "drums"), (128, "synthesizer"),
)  # fmt: skip
"""The first program that is no longer of each instrument."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a score.

    Attributes:
        instrument: number in ``INSTRUMENTS``.
        share: of the score's notes, 0 to 1.
        pitch: its mean MIDI pitch.
    """

    instrument: int
    share: float
    pitch: float

    @property
    def name(self) -> str:
        """The instrument's name."""
        return INSTRUMENTS[self.instrument]


@dataclass(frozen=True, slots=True)
class Track:
    """A track of a MIDI file, as far as it tells what plays it."""

    name: str
    program: int
    drums: bool
    notes: int
    pitch: float


def encode_parts(parts: Sequence[Part]) -> bytes:
    """Parts in three bytes each: instrument, share in 255ths, pitch."""
    rows = [(part.instrument, round(part.share * 255), round(part.pitch)) for part in parts]
    return np.array(rows, np.uint8).tobytes()


def decode_parts(content: bytes) -> tuple[Part, ...]:
    """The parts that ``encode_parts`` wrote; an instrument of a later version is left out."""
    rows = np.frombuffer(content, np.uint8).reshape(-1, 3).tolist()
    return tuple(Part(number, share / 255, float(pitch)) for number, share, pitch in rows if number < len(INSTRUMENTS))


def parts_of(tracks: Sequence[Track], sung: bool = False) -> tuple[Part, ...]:
    """The parts of a score; none where nothing tells what plays it.

    Args:
        tracks: of a MIDI file.
        sung: whether the file holds the words of a song.
    """
    told = [track for track in tracks if track.notes]
    total = sum(track.notes for track in told)
    nameless = all(_named(t.name) is None and not _STAVES.search(_plain(t.name)) for t in told)
    if nameless and not any(track.program or track.drums for track in told):
        numbered = any(track.name.startswith(NUMBERED) for track in told)
        if numbered or len(told) > _KEYBOARD_TRACKS:
            return ()
    parts = [Part(_instrument(track, sung), track.notes / total, track.pitch) for track in told]
    return tuple(parts[:MAX_PARTS])


def program_instrument(program: int) -> int:
    """The instrument of a General MIDI program, 0-127."""
    return NUMBER[next(name for end, name in _RANGES if program < end)]


def _instrument(track: Track, sung: bool) -> int:
    if track.drums:
        return NUMBER["drums"]
    named = _named(track.name)
    if named is None:
        if sung and track.program in _VOICE_STAND_INS:
            return NUMBER["voice"]
        return program_instrument(track.program)
    if named == NUMBER["voice"] and track.program and _HEIGHT.search(_plain(track.name)):
        return (
            named
            if track.program in _VOICE_STAND_INS or 16 <= track.program < 24
            else program_instrument(track.program)
        )
    return named


@lru_cache(4096)
def _named(name: str) -> int | None:
    plain = _plain(name)
    return next((number for number, pattern in _WORDS if pattern.search(plain)), None)


def _plain(name: str) -> str:
    folded = unicodedata.normalize("NFKD", name.lower().replace("ſ", "s").replace("ł", "l"))
    return re.sub(r"[^a-z0-9 -]", " ", folded.encode("ascii", "ignore").decode()).strip(" ")
