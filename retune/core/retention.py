"""What a model that continues another kept of it: both on the test rows that the other was judged by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from retune.core.statistics import compare, p_text, wilson


def retention(
    parent: str, labels: Sequence[str], before: Sequence[str], now: Sequence[str], gone: int
) -> dict[str, Any]:
    """Return accuracy of parent (`before`) and child (`now`) on the parent's test rows that are still there, paired.

    `gone` of the parent's test rows are not in the corpus any more; `line` says the rest to a person.
    """
    paired = compare(labels, before, now)
    rows = paired.rows
    right = sum(answer == label for answer, label in zip(before, labels, strict=True))
    theirs, ours = wilson(right, rows), wilson(right + paired.c - paired.b, rows)
    figures = (
        f"accuracy {ours.value:.3f} against {theirs.value:.3f} of {parent} on {rows} of its test rows: "
        f"{100 * paired.gain:+.1f} points, {paired.c} rows won, {paired.b} lost, exact McNemar {p_text(paired.p)}"
    )
    line = f"Retention: {figures}." if rows else f"Retention: none of the test rows of {parent} is left."
    return {
        "parent": parent,
        "rows": rows,
        "gone": gone,
        "parent_accuracy": asdict(theirs),
        "accuracy": asdict(ours),
        "b": paired.b,
        "c": paired.c,
        "p": paired.p,
        "line": line,
    }


def scores_kept(retention: Mapping[str, Any]) -> dict[str, float]:
    """Return what a model kept as metrics of its run; nothing for the empty mapping of one that continues none."""
    if not retention:
        return {}
    sides = {"retention/accuracy": retention["accuracy"], "retention/parent_accuracy": retention["parent_accuracy"]}
    return {"retention/rows": retention["rows"], **{name: score["value"] for name, score in sides.items()}}
