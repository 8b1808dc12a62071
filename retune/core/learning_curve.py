"""What more examples would bring: the probe on growing shares of the training rows, judged on the same test rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from retune.core import parts
from retune.core.resampling import Documents
from retune.core.statistics import compare, p_text


@dataclass(frozen=True)
class Point:
    """What the probe that learnt from a share of the training rows, so many, answers to the test rows."""

    share: float
    rows: int
    predictions: Sequence[str]


def report(
    points: Sequence[Point], labels: Sequence[str], documents: Documents, *, alpha: float, seed: int
) -> dict[str, Any]:
    """Return the accuracy at each share with its 95 % interval, and what it says of more examples."""
    ordered = sorted(points, key=lambda point: point.share)
    accuracy = parts.find("retune.core.metrics", "accuracy")
    shown = []
    for point in ordered:
        low, high = accuracy.bounds(labels, point.predictions, seed, documents)
        score = {"value": accuracy.score(labels, point.predictions), "low": low, "high": high}
        shown.append({"share": point.share, "rows": point.rows, "accuracy": score})
    return {"by": "probe", "points": shown, "line": line(ordered, labels, alpha)}


def line(points: Sequence[Point], labels: Sequence[str], alpha: float) -> str:
    """Say what more examples would bring, from the last two points in the order of their shares."""
    if len(points) < 2:
        return "What more examples would bring was not measured: the probe was fitted on all rows alone."
    less, more = points[-2:]
    paired = compare(labels, less.predictions, more.predictions)
    before, now = (_errors(point, labels) for point in (less, more))
    figures = (
        f"from {less.rows} to {more.rows} training rows the probe went from {1 - before:.3f} to {1 - now:.3f} on "
        f"{paired.rows} test rows: {100 * paired.gain:+.1f} points [{100 * paired.gain_low:+.1f}, "
        f"{100 * paired.gain_high:+.1f}], exact McNemar {p_text(paired.p)}"
    )
    if paired.gain <= 0 or paired.p >= alpha:
        return f"More examples of the same kind are not shown to help: {figures}."
    next_rows, next_accuracy = round(more.rows**2 / less.rows), 1 - now**2 / before
    onwards = f"If errors go on falling so, {next_rows} rows would make it about {next_accuracy:.3f}."
    return f"More examples would help: {figures}. {onwards}"


def _errors(point: Point, labels: Sequence[str]) -> float:
    """Return the share of test rows that the point has wrong."""
    wrong = sum(label != answer for label, answer in zip(labels, point.predictions, strict=True))
    return wrong / max(len(labels), 1)
