"""Pictures of an evaluation, the same bytes for the same scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INCHES_PER_LABEL = 0.24
INK, BLUE, PAPER_BLUE = "#1f2933", "#7ba7d0", "Blues"


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


def save(figure: Figure, folder: Path, name: str) -> None:
    """Write a picture as SVG and PNG, without the time and the random ids that would make every run differ."""
    import matplotlib as mpl

    with mpl.rc_context({"svg.hashsalt": "retune", "svg.fonttype": "none"}):
        figure.savefig(folder / f"{name}.svg", metadata={"Date": None, "Creator": None})
        figure.savefig(folder / f"{name}.png", dpi=110, metadata={"Software": None})
