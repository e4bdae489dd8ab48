"""MusicXML, plain or compressed, to a score.

Follows the MusicXML 4.0 specification (W3C Music Notation Community Group) as far as it decides which notes
sound when: divisions, voices (backup and forward), chords, ties, transposing parts, tempo and meter. Grace and
cue notes, ornaments and repeats are left out.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from math import inf
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from ..midi import BadMusicError
from .score import Score, WrittenNote

STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
OVERHANG = 1.05
CONTAINER = "META-INF/container.xml"
CONTAINER_MAX_BYTES = 1 << 16
QUARTERS = {"whole": 4.0, "half": 2.0, "quarter": 1.0, "eighth": 0.5, "16th": 0.25, "32nd": 0.125}


def read_musicxml(data: bytes) -> Score:
    """Read a ``.musicxml`` or ``.xml`` file.

    Raises:
        BadMusicError: the bytes are not XML or not MusicXML, or a number in them makes no sense.
    """
    try:
        root = ElementTree.fromstring(data)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise BadMusicError("not_a_score", f"The file is not well-formed XML: {error}.") from error
    if root.tag not in ("score-partwise", "score-timewise"):
        raise BadMusicError("not_a_score", f"The XML is not MusicXML: its root is <{root.tag}>.")
    try:
        return _score(root)
    except (ValueError, ZeroDivisionError, KeyError) as error:
        raise BadMusicError("not_a_score", f"The MusicXML has a value that cannot be read: {error}.") from error


def read_mxl(data: bytes, max_bytes: int) -> Score:
    """Read a compressed ``.mxl`` file that unpacks to at most ``max_bytes``.

    Raises:
        BadMusicError: a damaged archive, one without a score, one that unpacks to too much, or as `read_musicxml`.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            packed = archive.getinfo(_root_file(archive))
            if packed.file_size > max_bytes:
                raise BadMusicError(
                    "too_large", f"The MusicXML unpacks to {packed.file_size} bytes; the limit is {max_bytes}."
                )
            text = archive.read(packed)
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError, RuntimeError, ElementTree.ParseError) as error:
        raise BadMusicError("not_a_score", f"The .mxl archive is damaged: {error}.") from error
    return read_musicxml(text)


def _root_file(archive: zipfile.ZipFile) -> str:
    names = archive.namelist()
    if CONTAINER in names:
        if archive.getinfo(CONTAINER).file_size > CONTAINER_MAX_BYTES:
            raise BadMusicError("too_large", f"The .mxl archive's {CONTAINER} is over {CONTAINER_MAX_BYTES} bytes.")
        for file in ElementTree.fromstring(archive.read(CONTAINER)).iter():
            if file.tag.endswith("rootfile") and "full-path" in file.attrib:
                return file.attrib["full-path"]
    for name in names:
        if name.endswith((".xml", ".musicxml")) and not name.startswith(("META-INF", "__MACOSX")):
            return name
    raise BadMusicError("not_a_score", "The .mxl archive holds no MusicXML file.")


@dataclass(slots=True)
class _Measure:
    """What one part plays in one measure, times in quarters from the measure's start."""

    length: float = 0.0
    notes: list[WrittenNote] = field(default_factory=list)
    tempos: list[tuple[float, float]] = field(default_factory=list)
    meters: list[tuple[float, int, int]] = field(default_factory=list)


def _score(root: Element) -> Score:
    parts = [list(_measures(elements)) for elements in _measure_elements(root)]
    # a measure lasts as long as its longest part, so that an incomplete one does not shift its part against the rest
    count = max((len(part) for part in parts), default=0)
    lengths = [max(part[i].length for part in parts if i < len(part)) for i in range(count)]
    starts = [0.0, *accumulate(lengths)]
    score = Score(title=_title(root), composer=_composer(root))
    tempos: dict[float, float] = {}
    meters: dict[float, tuple[int, int]] = {}
    for part in parts:
        notes: list[WrittenNote] = []
        for start, measure in zip(starts, part, strict=False):
            notes += [note._replace(onset=start + note.onset) for note in measure.notes]
            for time, tempo in measure.tempos:
                tempos.setdefault(start + time, tempo)
            for time, beats, unit in measure.meters:
                meters.setdefault(start + time, (beats, unit))
        score.parts.append(notes)
    score.tempos = sorted(tempos.items())
    score.meters = [(time, *meter) for time, meter in sorted(meters.items())]
    return score


def _measure_elements(root: Element) -> list[list[Element]]:
    """For each part, its measures' contents in order."""
    if root.tag == "score-partwise":
        return [part.findall("measure") for part in root.findall("part")]
    by_part: dict[str, list[Element]] = {}
    for measure in root.findall("measure"):
        for part in measure.findall("part"):
            by_part.setdefault(part.get("id", ""), []).append(part)
    return list(by_part.values())


def _measures(elements: list[Element]) -> Iterator[_Measure]:
    divisions, transposition, bar = 1.0, 0, inf
    for element in elements:
        measure = _Measure()
        now = last_onset = extent = 0.0
        for item in element:
            if item.tag == "note":
                if item.find("grace") is not None:
                    continue
                duration = float(item.findtext("duration", "0")) / divisions
                if item.find("chord") is None:
                    last_onset = now
                    now += duration
                pitch = item.find("pitch")
                if pitch is not None and item.find("cue") is None:
                    tied = any(tie.get("type") == "start" for tie in item.findall("tie"))
                    measure.notes.append(WrittenNote(last_onset, duration, _midi_pitch(pitch) + transposition, tied))
            elif item.tag == "backup":
                now = max(0.0, now - float(item.findtext("duration", "0")) / divisions)
            elif item.tag == "forward":
                now += float(item.findtext("duration", "0")) / divisions
            elif item.tag == "attributes":
                divisions = float(item.findtext("divisions") or divisions)
                transposition = _transposition(item, transposition)
                meter = _meter(item)
                if meter:
                    measure.meters.append((now, *meter))
                    bar = 4.0 * meter[0] / meter[1]
            elif item.tag in ("direction", "sound"):
                tempo = _tempo(item)
                if tempo:
                    measure.tempos.append((now, tempo))
            extent = max(extent, now)
        measure.length = _length(measure.notes, extent, bar)
        yield measure


def _length(notes: list[WrittenNote], extent: float, bar: float) -> float:
    """How long a measure of one part lasts that is written ``extent`` long where the meter says ``bar``."""
    sounding = max((note.onset + note.duration for note in notes), default=0.0)
    # grace notes that some programs give a length may stick out a little
    if bar < sounding <= bar * OVERHANG:
        return bar
    # rests do not stretch a measure: some files have a bar's rest once for each of two voices, one after the other
    return max(min(extent, bar), sounding)


def _midi_pitch(pitch: Element) -> int:
    alter = float(pitch.findtext("alter") or 0)
    return 12 * (int(pitch.findtext("octave", "4")) + 1) + STEPS[pitch.findtext("step", "C").strip()] + round(alter)


def _transposition(attributes: Element, before: int) -> int:
    transpose = attributes.find("transpose")
    if transpose is None:
        return before
    semitones = float(transpose.findtext("chromatic") or 0)
    return round(semitones) + 12 * int(transpose.findtext("octave-change") or 0)


def _meter(attributes: Element) -> tuple[int, int] | None:
    time = attributes.find("time")
    if time is None or time.find("senza-misura") is not None:
        return None
    # 3+2/8 is written as beats "3+2"; 2/4 + 3/8 as two pairs, of which the first stands for both
    beats, unit = time.findtext("beats"), time.findtext("beat-type")
    return (sum(int(part) for part in beats.split("+")), int(unit)) if beats and unit else None


def _tempo(item: Element) -> float | None:
    sound = item if item.tag == "sound" else item.find("sound")
    if sound is not None and sound.get("tempo"):
        return float(sound.attrib["tempo"]) or None
    metronome = item.find("direction-type/metronome")
    if metronome is None:
        return None
    unit, per_minute = metronome.findtext("beat-unit"), metronome.findtext("per-minute", "")
    if unit not in QUARTERS or not per_minute.replace(".", "", 1).isdigit():
        return None  # "c. 80", or one note value equals another
    dots = len(metronome.findall("beat-unit-dot"))
    return float(per_minute) * QUARTERS[unit] * (2 - 0.5**dots) or None


def _title(root: Element) -> str:
    titles = [" ".join((root.findtext(tag) or "").split()) for tag in ("work/work-title", "movement-title")]
    return ": ".join(dict.fromkeys(title for title in titles if title))


def _composer(root: Element) -> str:
    for creator in root.findall("identification/creator"):
        if creator.get("type") == "composer" and creator.text:
            return " ".join(creator.text.split())
    return ""
