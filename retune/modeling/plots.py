"""Pictures of an evaluation, the same bytes for the same scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INCHES_PER_LABEL = 0.24
SECTIONS = {"reliability": "calibration", "floors": "model"}  # of a report, where it is not called like the picture
INK, BLUE, PAPER_BLUE = "#1f2933", "#7ba7d0", "Blues"


def drawn(name: str, report: Mapping[str, Any]) -> Figure | None:
    """Draw one picture of a report (metrics.json) by its name; None where the report has nothing for it."""
    return PICTURES[name](report) if report.get(SECTIONS.get(name, name)) else None


def confusion(labels: Sequence[str], counts: Sequence[Sequence[int]]) -> Figure:
    """Draw the share of each true label (a row of `counts`) that was taken for each label; the last column is none."""
    from matplotlib.figure import Figure

    table = np.asarray(counts, dtype=np.float64).reshape(len(labels), len(labels) + 1)
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    columns = [*labels, "(none)"] if table[:, -1].any() else list(labels)
    size = 3 + INCHES_PER_LABEL * len(labels)
    figure = Figure(figsize=(size + 0.5, size), layout="constrained")
    axes = figure.add_subplot()
    picture = axes.imshow(shares[:, : len(columns)], vmin=0, vmax=1, cmap=PAPER_BLUE)
    axes.set_xticks(range(len(columns)), columns, rotation=90, fontsize=7)
    axes.set_yticks(range(len(labels)), labels, fontsize=7)
    axes.set(xlabel="prediction", ylabel="label", title="What each label was taken for")
    for row, column in zip(*np.nonzero(table), strict=True):
        shade = "white" if shares[row, column] > 0.5 else INK
        axes.text(column, row, f"{table[row, column]:.0f}", ha="center", va="center", fontsize=6, color=shade)
    figure.colorbar(picture, ax=axes, shrink=0.6, label="share of the label's rows")
    return figure


def per_class(scores: Mapping[str, Mapping[str, Any]]) -> Figure:
    """Draw F1 of each label with its 95 % interval, the weakest on top."""
    from matplotlib.figure import Figure

    ordered = sorted(scores, key=lambda label: (-scores[label]["f1"]["value"], label))
    values = [scores[label]["f1"] for label in ordered]
    reach = [
        [max(one["value"] - one["low"], 0) for one in values],
        [max(one["high"] - one["value"], 0) for one in values],
    ]
    figure = Figure(figsize=(7, 1.5 + INCHES_PER_LABEL * len(ordered)), layout="constrained")
    axes = figure.add_subplot()
    axes.barh(range(len(ordered)), [one["value"] for one in values], xerr=reach, color=BLUE, ecolor=INK, capsize=2)
    axes.set_yticks(range(len(ordered)), [f"{label} ({scores[label]['rows']})" for label in ordered], fontsize=7)
    axes.set(xlim=(0, 1), xlabel="F1 with 95 % interval (number of test rows)", title="Each label")
    return figure


def reliability(found: Mapping[str, Any]) -> Figure:
    """Draw the accuracy of the rows in each range of confidence; on the line the model is as sure as it is right."""
    from matplotlib.figure import Figure

    bins = found["bins"]
    most = max((one["rows"] for one in bins), default=1)
    figure = Figure(figsize=(4.6, 4.6), layout="constrained")
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle="dashed")
    for one in bins:
        axes.bar(
            one["low"], one["accuracy"], one["high"] - one["low"], align="edge", color=BLUE, edgecolor="white",
            alpha=0.3 + 0.7 * one["rows"] / most,
        )  # fmt: skip
        axes.text(
            (one["low"] + one["high"]) / 2, 0.02, str(one["rows"]), ha="center", fontsize=7, color=INK,
        )  # fmt: skip
    axes.plot([one["confidence"] for one in bins], [one["accuracy"] for one in bins], "o", color=INK, markersize=4)
    error = found["ece"]
    title = f"Calibration error {error['value']:.3f} [{error['low']:.3f}, {error['high']:.3f}]"
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence (number of test rows)", ylabel="accuracy", title=title)
    return figure


def learning_curve(found: Mapping[str, Any]) -> Figure:
    """Draw the accuracy of the probe with its 95 % interval against the rows that it learnt from."""
    from matplotlib.figure import Figure

    points = found["points"]
    rows, scores = [one["rows"] for one in points], [one["accuracy"] for one in points]
    figure = Figure(figsize=(5, 3.6), layout="constrained")
    axes = figure.add_subplot()
    axes.fill_between(rows, [one["low"] for one in scores], [one["high"] for one in scores], color=BLUE, alpha=0.3)
    axes.plot(rows, [one["value"] for one in scores], "o-", color=INK, markersize=4)
    axes.set(xlim=(0, None), xlabel="training rows", ylabel="accuracy of the probe", title="What more examples bring")
    return figure


def floors(report: Mapping[str, Any]) -> Figure:
    """Draw the first metric of the model and of each floor, with their 95 % intervals."""
    from matplotlib.figure import Figure

    primary = report["primary"]
    sides = {"the model": report["model"], **report["floors"]}
    shown = [(side, scores[primary]) for side, scores in sides.items() if primary in scores][::-1]
    figure = Figure(figsize=(6, 1.2 + 0.45 * len(shown)), layout="constrained")
    axes = figure.add_subplot()
    for place, (_, one) in enumerate(shown):
        axes.plot([one["low"], one["high"]], [place, place], color=BLUE, linewidth=5, solid_capstyle="butt")
        axes.plot([one["value"]], [place], "o", color=INK, markersize=5)
    axes.set_yticks(range(len(shown)), [side.replace("_", " ") for side, _ in shown])
    axes.set(ylim=(-0.6, len(shown) - 0.4), xlabel=f"{primary.replace('_', ' ')} with 95 % interval",
             title="The model beside its floors")  # fmt: skip
    return figure


def words(found: Mapping[str, Mapping[str, float]]) -> Figure:
    """Draw how long answers and references are: up to the median dark, up to the 95th percentile light."""
    from matplotlib.figure import Figure

    shown = [(side, one) for side, one in found.items() if one][::-1]
    figure = Figure(figsize=(6, 1.2 + 0.45 * len(shown)), layout="constrained")
    axes = figure.add_subplot()
    places = range(len(shown))
    axes.barh(places, [one["percentile_95"] for _, one in shown], color=BLUE, alpha=0.4, label="95 of 100 are shorter")
    axes.barh(places, [one["median"] for _, one in shown], color=BLUE, label="half are shorter")
    axes.set_yticks(places, [side for side, _ in shown])
    axes.set(xlabel="words", title="How long the answers are")
    axes.legend(fontsize=7)
    return figure


def save(figure: Figure, folder: Path, name: str) -> None:
    """Write a picture as SVG and PNG, without the time and the random ids that would make every run differ."""
    import matplotlib as mpl

    with mpl.rc_context({"svg.hashsalt": "retune", "svg.fonttype": "none"}):
        figure.savefig(folder / f"{name}.svg", metadata={"Date": None, "Creator": None})
        figure.savefig(folder / f"{name}.png", dpi=110, metadata={"Software": None})


PICTURES: dict[str, Callable[[Mapping[str, Any]], Figure]] = {
    "confusion": lambda report: confusion(**report["confusion"]),
    "floors": floors,
    "learning_curve": lambda report: learning_curve(report["learning_curve"]),
    "per_class": lambda report: per_class(report["per_class"]),
    "reliability": lambda report: reliability(report["calibration"]),
    "words": lambda report: words(report["words"]),
}
