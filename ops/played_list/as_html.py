"""The list as one HTML file: a picture of the time, and the table; no script, nothing from elsewhere."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from html import escape
from importlib import resources
from string import Template

from processors.played import Played

WIDTH, HEIGHT, BAR_Y, BAR_HEIGHT = 1000, 90, 14, 40
TICKS_MAX = 12
TICKS_S = (10, 30, 60, 300, 600, 1_800, 3_600, 7_200, 21_600, 86_400, 604_800, 2_592_000)
LIGHTNESS = (38, 46, 54)
UNKNOWN, FAILED = "url(#unknown)", "url(#failed)"


def to_html(source: str, since: datetime, until: datetime, entries: Sequence[Played]) -> str:
    """The page.

    Args:
        source: whose list it is.
        since, until: the period that was asked for.
        entries: what was played.
    """
    since, until = since.astimezone(), until.astimezone()
    matched = [entry for entry in entries if entry.status == "matched"]
    heard_s = sum(entry.length_s for entry in entries)
    known_s = sum(entry.length_s for entry in matched)
    page = Template(resources.files(__package__).joinpath("page.html").read_text("utf-8"))
    return page.substitute(
        source=escape(source),
        since=escape(since.strftime("%d %b %Y %H:%M:%S %Z")),
        until=escape(until.strftime("%d %b %Y %H:%M:%S %Z")),
        entries=len(entries),
        works=len({entry.work_id for entry in matched}),
        heard=_length(heard_s),
        share=f"{known_s / heard_s:.0%}" if heard_s else "none",
        picture=_picture(entries) if entries else "<p>Nothing was heard in this time.</p>",
        rows="\n".join(_row(number, entry) for number, entry in enumerate(entries, start=1)),
    )


def _row(number: int, entry: Played) -> str:
    begin = datetime.fromtimestamp(entry.begin_s).astimezone()
    end = datetime.fromtimestamp(entry.end_s).astimezone()
    place = f"{_clock(entry.ref_start_s)}–{_clock(entry.ref_end_s)}" if entry.status == "matched" else ""
    sure = f"{entry.confidence:.0%}" if entry.status == "matched" else ""
    cells = (
        f'<td class="number">{number}</td>',
        f'<td><time datetime="{begin.isoformat()}">{begin:%d %b %H:%M:%S}</time></td>',
        f'<td><time datetime="{end.isoformat()}">{end:%H:%M:%S}</time></td>',
        f'<td class="number">{_length(entry.length_s)}</td>',
        f'<th scope="row">{_swatch(entry)}{escape(_name(entry))}</th>',
        f"<td>{place}</td>",
        f'<td class="number">{sure}</td>',
        f'<td class="number">{entry.answers}</td>',
    )
    return f'<tr class="{entry.status}">{"".join(cells)}</tr>'


def _picture(entries: Sequence[Played]) -> str:
    first_s = min(entry.begin_s for entry in entries)
    span_s = max(max(entry.end_s for entry in entries) - first_s, 1.0)

    def x(at_s: float) -> float:
        return (at_s - first_s) / span_s * WIDTH

    bars = [
        f'<rect x="{x(entry.begin_s):.2f}" y="{BAR_Y}" width="{max(x(entry.end_s) - x(entry.begin_s), 1.0):.2f}" '
        f'height="{BAR_HEIGHT}" fill="{_colour(entry)}"><title>{escape(_sentence(entry))}</title></rect>'
        for entry in entries
    ]
    count = f"{len(entries)} {'entry' if len(entries) == 1 else 'entries'}"
    said = f"{count} over {_length(span_s)}; the table below has them all."
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(said)}" xmlns="http://www.w3.org/2000/svg">'
        '<defs><pattern id="unknown" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect width="6" height="6" fill="#d7d7d7"/><rect width="2" height="6" fill="#8a8a8a"/></pattern>'
        '<pattern id="failed" width="6" height="6" patternUnits="userSpaceOnUse">'
        '<rect width="6" height="6" fill="#f3d4d0"/><circle cx="3" cy="3" r="1.4" fill="#a32a1c"/></pattern></defs>'
        f"{''.join(bars)}{_ticks(first_s, span_s)}</svg>"
    )


def _ticks(first_s: float, span_s: float) -> str:
    step_s = next((step for step in TICKS_S if span_s / step <= TICKS_MAX), TICKS_S[-1])
    begin = datetime.fromtimestamp(first_s).astimezone()
    midnight = begin.replace(hour=0, minute=0, second=0, microsecond=0)
    steps = int((begin - midnight).total_seconds() // step_s) + 1
    style = "%d %b" if step_s >= 86_400 else "%H:%M:%S" if step_s < 60 else "%H:%M"
    marks = []
    while (at := midnight + timedelta(seconds=steps * step_s)).timestamp() <= first_s + span_s:
        x = (at.timestamp() - first_s) / span_s * WIDTH
        bottom = BAR_Y + BAR_HEIGHT
        anchor = "start" if x < 30 else "end" if x > WIDTH - 30 else "middle"
        marks.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{bottom}" y2="{bottom + 6}" stroke="currentColor"/>'
            f'<text x="{x:.1f}" y="{bottom + 22}" text-anchor="{anchor}">{at.strftime(style)}</text>'
        )
        steps += 1
    return "".join(marks)


def _colour(entry: Played) -> str:
    if entry.status != "matched":
        return UNKNOWN if entry.status == "unknown" else FAILED
    number = zlib.crc32(entry.work_id.encode())  # the same work has the same colour in every list
    return f"hsl({number % 360} 65% {LIGHTNESS[number // 360 % len(LIGHTNESS)]}%)"


def _swatch(entry: Played) -> str:
    return (
        '<svg class="swatch" viewBox="0 0 12 12" aria-hidden="true">'
        f'<rect width="12" height="12" fill="{_colour(entry)}"/></svg>'
    )


def _name(entry: Played) -> str:
    if entry.status == "matched":
        return f"{entry.composer}: {entry.title}" if entry.composer else entry.title or entry.work_id
    return "Not recognised" if entry.status == "unknown" else f"Could not be read ({entry.error})"


def _sentence(entry: Played) -> str:
    begin = datetime.fromtimestamp(entry.begin_s).astimezone()
    return f"{begin:%H:%M:%S}, {_length(entry.length_s)}: {_name(entry)}"


def _clock(seconds: float) -> str:
    return f"{int(seconds // 60)}:{int(seconds % 60):02d}"


def _length(seconds: float) -> str:
    hours, rest = divmod(round(seconds), 3_600)
    return f"{hours} h {rest // 60:02d} min" if hours else f"{rest // 60}:{rest % 60:02d} min"
