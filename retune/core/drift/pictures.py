"""Pictures of a comparison as SVG that takes its colours from the page, so that it can be read in the dark."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

WIDTH, LABEL, ROW, BAR = 860, 300, 34, 11
LETTERS = 42  # that fit beside a bar
BLUE, AMBER = "#3f7fc1", "#c98a1b"
MOST = 8.0  # multiples of the least effect; what is above ends at the edge, with its number


def before_and_now(rows: Sequence[tuple[str, float, float]]) -> str:
    """Return bars of (name, share before, share now), two for each name."""
    top = max([share for _, *both in rows for share in both] + [1e-9])
    scale = (WIDTH - LABEL - 70) / top
    lines = []
    for place, (name, before, now) in enumerate(rows):
        y = 8 + place * ROW
        lines += [_name(name, y + 16), _bar(y, before * scale, "var(--soft)", 0.45), _number(y + 9, before, scale)]
        lines += [_bar(y + BAR + 2, now * scale, BLUE, 1.0), _number(y + BAR + 11, now, scale)]
    return _picture(lines, 16 + len(rows) * ROW, "shares before and now")


def against_least(rows: Sequence[tuple[str, float, bool]]) -> str:
    """Return a dot for each (name, multiple of the least effect, whether it is drift), with a line at 1."""
    scale = (WIDTH - LABEL - 70) / MOST
    height = 30 + len(rows) * 24
    one = LABEL + scale
    lines = [
        f'<line x1="{one:.0f}" y1="6" x2="{one:.0f}" y2="{height - 22}" stroke="var(--soft)" stroke-dasharray="3 3"/>',
        f'<text x="{one:.0f}" y="{height - 6}" text-anchor="middle" class="tick">least that matters</text>',
    ]
    for place, (name, multiple, is_drift) in enumerate(rows):
        y, x = 18 + place * 24, LABEL + min(multiple, MOST) * scale
        fill = f'fill="{AMBER}"' if is_drift else 'fill="var(--paper)"'
        stroke = AMBER if is_drift else "var(--soft)"
        lines += [
            _name(name, y + 4),
            f'<line x1="{LABEL}" y1="{y}" x2="{x:.0f}" y2="{y}" stroke="{stroke}" stroke-width="2"/>',
            f'<circle cx="{x:.0f}" cy="{y}" r="5" {fill} stroke="{stroke}" stroke-width="2"/>',
            f'<text x="{x + 12:.0f}" y="{y + 4}" class="tick">{multiple:.1f}</text>',
        ]
    return _picture(lines, height, "size of each change")


def _picture(lines: Sequence[str], height: int, title: str) -> str:
    """Return the drawing around some lines."""
    style = "<style>text{font:13px system-ui,sans-serif;fill:var(--ink)}.tick{font-size:12px;fill:var(--soft)}</style>"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" role="img">'
    return f"{head}<title>{escape(title)}</title>{style}{''.join(lines)}</svg>"


def _name(name: str, y: float) -> str:
    """Return a name on the left of its bar, cut where it is too long."""
    shown = name if len(name) <= LETTERS else f"{name[: LETTERS - 1]}…"
    return f'<text x="{LABEL - 10}" y="{y:.0f}" text-anchor="end">{escape(shown)}</text>'


def _bar(y: float, length: float, colour: str, opacity: float) -> str:
    """Return a bar."""
    size = f'width="{max(length, 1):.1f}" height="{BAR}"'
    return f'<rect x="{LABEL}" y="{y:.0f}" {size} rx="2" fill="{colour}" opacity="{opacity}"/>'


def _number(y: float, share: float, scale: float) -> str:
    """Return the share behind its bar."""
    return f'<text x="{LABEL + share * scale + 8:.1f}" y="{y:.0f}" class="tick">{share:.1%}</text>'
