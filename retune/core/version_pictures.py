"""Pictures of a version's evidence: words are HTML, readable on a phone too, and colours follow the page."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from retune.core import parts, scoring
from retune.core.report import Html, element, join, safe
from retune.core.statistics import Interval

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 460, 240, 50, 26, 16, 44
NICE = (1.0, 2.0, 2.5, 5.0, 10.0)
SHADES = ("var(--mark)", "#c98a1b", "var(--soft)")
PADDING = 4.0  # percent of the track, so that no dot lies on its edge
MOST_LABELS = 14  # that a picture of the mixed-up labels holds; above, the pairs are listed


@dataclass(frozen=True)
class Whisker:
    """One row of a picture of intervals: a dot between its bounds, and the number in words."""

    name: str
    at: Interval
    shown: str
    tone: str = "soft"  # mark | soft | good | odd | bad
    note: str = ""  # under the name
    range: str = ""  # under the number


@dataclass(frozen=True)
class Line:
    """One curve; `bounds` has the interval of each of its points, where there is one."""

    name: str
    points: Sequence[tuple[float, float]]
    bounds: Sequence[tuple[float, float]] = ()


@dataclass(frozen=True)
class Axis:
    """A range with round ticks."""

    low: float
    high: float
    ticks: Sequence[float]

    def share(self, value: float) -> float:
        """Return where a value lies between the ends, from 0 to 1."""
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)


def axis(low: float, high: float, most: int) -> Axis:
    """Return an axis around a range with at most about `most` round ticks."""
    spread = max(high - low, 1e-9)
    unit = 10.0 ** math.floor(math.log10(spread / most))
    step = next(unit * nice for nice in NICE if unit * nice * most >= spread)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = [round(step * place, 10) for place in range(first, max(last, first + 1) + 1)]
    return Axis(ticks[0], ticks[-1], ticks)


def percents(value: float) -> str:
    """Return a share as a percentage with as few digits as say it; for the numbers of an axis and for limits."""
    return f"{100 * value:.4g}%"


def points(value: float) -> str:
    """Return a difference of shares in points with its sign, with as few digits as say it."""
    return f"{100 * value:+.3g}" if value else "0"


def score(value: float) -> str:
    """Return a measured share as a percentage."""
    return f"{100 * value:.1f}%"


def gain(value: float) -> str:
    """Return a measured difference of shares in points, with its sign."""
    return f"{100 * value:+.1f}"


def worth(metric: str, value: float) -> str:
    """Return a score as a percentage where it is a share, else as it is; a metric of an older version is a share."""
    return score(value) if is_share(metric) else plain(value)


def gained(metric: str, value: float) -> str:
    """Return a gain in a metric: in points of a share, else as it is."""
    return f"{gain(value)} points" if is_share(metric) else f"{value:+.3g}"


def is_share(metric: str) -> bool:
    """Tell whether a metric runs from 0 to 1, as every one of an older version does."""
    return metric not in parts.names("retune.core.metrics") or scoring.is_share(metric)


def plain(value: float) -> str:
    """Return a number as it is."""
    return f"{value:,.4g}"


def whiskers(
    rows: Sequence[Whisker],
    *,
    mark: float | None = None,
    shown: Callable[[float], str] = percents,
    scale: Axis | None = None,
    foot: bool = True,
    wordy: bool = False,
) -> Html:
    """Return rows of intervals over one axis, with a dashed line at `mark`; `wordy` ones have long names.

    Without `foot` the numbers of the axis are left out.
    """
    ends = [end for row in rows for end in (row.at.low, row.at.high)] + ([] if mark is None else [mark])
    scale = scale or axis(min(ends), max(ends), 4)
    ticks = "".join(f'<span style="left:{_left(scale, tick)}">{safe(shown(tick))}</span>' for tick in scale.ticks)
    last = Html(f'<div class="whisker" aria-hidden="true"><span></span><div class="ticks">{ticks}</div><em></em></div>')
    content = join([*(_whisker(row, scale, mark) for row in rows), last if foot else ""])
    return element("div", content, "wordy") if wordy else content


def _left(scale: Axis, value: float) -> str:
    """Return where a value lies on a track."""
    return f"{PADDING + (100 - 2 * PADDING) * scale.share(value):.2f}%"


def _whisker(row: Whisker, scale: Axis, mark: float | None) -> Html:
    """Return one row: its name, its interval, its number."""
    line = "" if mark is None else f'<u style="left:{_left(scale, mark)}"></u>'
    width = (100 - 2 * PADDING) * (scale.share(row.at.high) - scale.share(row.at.low))
    bar = f'<i style="left:{_left(scale, row.at.low)};width:{width:.2f}%"></i>'
    dot = f'<b style="left:{_left(scale, row.at.value)}"></b>'
    name, number = (join([text, element("small", small) if small else ""]) for text, small in
                    [(row.name, row.note), (row.shown, row.range)])  # fmt: skip
    return Html(
        f'<div class="whisker"><span>{name}</span><div class="track {row.tone}">{line}{bar}{dot}</div>'
        f"<em>{number}</em></div>"
    )


def curves(
    drawn: Sequence[Line], *, across: str, shown: Callable[[float], str] = plain, from_zero: bool = False
) -> Html:
    """Return curves over one pair of axes with a legend; `across` names what runs to the right."""
    values = [
        y for line in drawn for y in [*(y for _, y in line.points), *(end for pair in line.bounds for end in pair)]
    ]
    places = [x for line in drawn for x, _ in line.points]
    up = axis(0.0 if from_zero else min(values), max(values), 4)
    right = axis(min(places), max(places), 5)
    names = [_key(line.name, SHADES[place % len(SHADES)]) for place, line in enumerate(drawn)]
    body = [_frame(up, right, across, shown)]
    body += [_curve(line, up, right, SHADES[place % len(SHADES)]) for place, line in enumerate(drawn)]
    legend = element("p", join(names), "legend") if len(drawn) > 1 else ""
    return join([_chart(body, across), legend])


def reliability(bins: Sequence[tuple[float, float, int]]) -> Html:
    """Return how often answers were right (upwards) at each confidence (rightwards), for (confidence, share, rows).

    On the dashed line a model is right as often as it says; a dot's size is its number of rows.
    """
    unit = Axis(0.0, 1.0, [0.0, 0.25, 0.5, 0.75, 1.0])
    most = max((rows for *_, rows in bins), default=1)
    start, end = (f"{_x(unit, at):.1f},{_y(unit, at):.1f}" for at in (0.0, 1.0))
    dash = f'<path d="M{start} L{end}" stroke="var(--soft)" stroke-dasharray="5 4" fill="none"/>'
    dots = [
        f'<circle cx="{_x(unit, confidence):.1f}" cy="{_y(unit, share):.1f}" r="{4 + 9 * math.sqrt(rows / most):.1f}" '
        f'fill="var(--mark)" fill-opacity=".55" stroke="var(--mark)"><title>{rows} answers</title></circle>'
        for confidence, share, rows in bins
    ]
    return _chart([_frame(unit, unit, "confidence that the model gives", percents), dash, *dots], "reliability")


def _chart(body: Sequence[str], title: str) -> Html:
    """Return a drawing of the common size."""
    head = f'<svg class="chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
    return Html(f"{head}<title>{escape(title)}</title>{''.join(body)}</svg>")


def _x(scale: Axis, value: float) -> float:
    """Return the distance from the left edge."""
    return LEFT + (WIDTH - LEFT - RIGHT) * scale.share(value)


def _y(scale: Axis, value: float) -> float:
    """Return the distance from the upper edge."""
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * scale.share(value)


def _frame(up: Axis, right: Axis, across: str, shown: Callable[[float], str]) -> str:
    """Return the grid with its numbers, and what runs to the right."""
    foot = HEIGHT - BOTTOM
    rows = [
        f'<path d="M{LEFT},{_y(up, tick):.1f} H{WIDTH - RIGHT}" stroke="var(--grid)"/>'
        f'<text x="{LEFT - 7}" y="{_y(up, tick) + 4:.1f}" text-anchor="end">{escape(shown(tick))}</text>'
        for tick in up.ticks
    ]
    show = shown if right.high <= 1.0 else plain
    columns = [
        f'<text x="{_x(right, tick):.1f}" y="{foot + 18}" text-anchor="middle">{escape(show(tick))}</text>'
        for tick in right.ticks
    ]
    middle = (LEFT + WIDTH - RIGHT) / 2
    name = f'<text x="{middle:.0f}" y="{HEIGHT - 6}" text-anchor="middle">{escape(across)}</text>'
    return "".join([*rows, *columns, name])


def _curve(line: Line, up: Axis, right: Axis, shade: str) -> str:
    """Return one curve with the intervals of its points; few points are dots too."""
    at = [(_x(right, x), _y(up, y)) for x, y in line.points]
    path = " L".join(f"{x:.1f},{y:.1f}" for x, y in at)
    spans = [
        f'<path d="M{x:.1f},{_y(up, low):.1f} V{_y(up, high):.1f}" stroke="{shade}" stroke-width="4" opacity=".35"/>'
        for (x, _), (low, high) in zip(at, line.bounds, strict=False)
    ]
    dots = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{shade}"/>' for x, y in at] if len(at) <= 12 else []
    return f'<path d="M{path}" fill="none" stroke="{shade}" stroke-width="2"/>{"".join([*spans, *dots])}'


def _key(name: str, shade: str) -> Html:
    """Return one entry of a legend."""
    return Html(f'<b style="background:{shade}"></b>{safe(name)}')


def heat(labels: Sequence[str], counts: Sequence[Sequence[int]]) -> Html:
    """Return what was asked (rows) against what was answered (columns), right ones blue, mixed-up ones red."""
    others = any(sum(row[len(labels) :]) for row in counts)  # answers that are no label of the test rows
    wide = len(labels) + others
    names = [*labels, *["other"] * others]
    tall = 12 + 7 * max(len(name) for name in names)
    head = "".join(f'<th scope="col" style="height:{tall}px"><span>{safe(name)}</span></th>' for name in names)
    body = "".join(_heat_row(label, place, counts[place][:wide]) for place, label in enumerate(labels))
    return Html(f'<table class="heat"><thead><tr><th class="row"></th>{head}</tr></thead><tbody>{body}</tbody></table>')


def _heat_row(label: str, place: int, row: Sequence[int]) -> str:
    """Return one true label with the shares of what it was answered with."""
    total = max(sum(row), 1)
    cells = []
    for column, count in enumerate(row):
        shade = "var(--mark)" if column == place else "var(--bad)"
        share = round(12 + 48 * count / total)
        look = f' style="background:color-mix(in srgb,{shade} {share}%,transparent)"' if count else ' class="dim"'
        cells.append(f"<td{look}>{count or '·'}</td>")
    return f'<tr><th class="row" scope="row">{safe(label)}</th>{"".join(cells)}</tr>'


def flow(rows: Sequence[tuple[str, str, str]]) -> Html:
    """Return the way of the data: (number, what, what fell) from the top down."""
    items = [f"<li><b>{safe(number)}</b><span>{safe(what)}{_fell(fell)}</span></li>" for number, what, fell in rows]
    return Html(f'<ol class="flow">{"".join(items)}</ol>')


def _fell(text: str) -> Html:
    """Return what did not go on, in small letters."""
    return element("small", text) if text else Html("")


def card(title: str, answer: str, *content: object) -> Html:
    """Return one picture under its question and the answer in a sentence."""
    return join([element("h3", title), element("p", answer, "soft") if answer else "", *content])


def tile(number: str, words: str) -> Html:
    """Return one figure with what it is."""
    return element("div", join([element("b", number), element("span", words)]), "tile")


def tiles(made: Sequence[Html]) -> Html:
    """Return figures side by side."""
    return element("div", join(made), "tiles")


def grid(cards: Sequence[tuple[Html, float]]) -> Html:
    """Return cards, each with its height about, in two columns; where there is room for one only, in their order."""
    columns: list[list[Html]] = [[], []]
    tall = [0.0, 0.0]
    for place, (card, height) in enumerate(cards):
        side = tall.index(min(tall))
        tall[side] += height
        columns[side].append(Html(f'<div class="card" style="order:{place}">{card}</div>'))
    return element("div", join([element("div", join(column), "column") for column in columns]), "grid")
