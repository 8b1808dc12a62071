"""The model card: what a model is, what it learnt from, how well it answers and where it does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def card(
    name: str,
    *,
    fingerprint: str,
    base: Mapping[str, Any],
    facts: Mapping[str, Any],
    metrics: Mapping[str, Any],
    data: Mapping[str, Any],
    gates: Sequence[Mapping[str, Any]],
) -> str:
    """Return the card as Markdown; a value that was not measured is said to be unknown, never left out."""
    sections = [
        f"# {name}",
        f"Fingerprint `{fingerprint}`.",
        "## What it is\n\n" + table(["", ""], _what(base, facts)),
        "## What it learnt from\n\n" + table(["", ""], [[key, _shown(value)] for key, value in data.items()]),
        "## What the gates said\n\n" + table(["gate", "verdict", "value", "limit"], _gates(gates)),
        "## How well it answers\n\n" + table(["", "score", "95 % interval"], _scores(metrics)) + _tuning(metrics),
        "## Limits\n\n" + _limits(metrics),
    ]
    return "\n\n".join(sections) + "\n"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; bars in cells are escaped."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def _what(base: Mapping[str, Any], facts: Mapping[str, Any]) -> list[list[str]]:
    """Return the rows on base and training."""
    rows = [
        ["base", _shown(base.get("id"))],
        ["revision", _shown(base.get("revision"))],
        ["sha256 of the base's weights", _shown(base.get("weights_sha256"))],
        ["licence of the base", _shown(base.get("licence"))],
    ]
    plain = {key: value for key, value in facts.items() if isinstance(value, str | int | float)}
    return rows + [[key.replace("_", " "), _shown(value)] for key, value in sorted(plain.items())]


def _gates(gates: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Return one row per check of the gates."""
    return [[_shown(check.get(key)) for key in ("gate", "status", "value", "limit")] for check in gates]


def _scores(metrics: Mapping[str, Any]) -> list[list[str]]:
    """Return one row per score of the model and of each floor on the same rows."""
    sides = {"": metrics.get("model", {}), **{f"{floor}: ": one for floor, one in metrics.get("floors", {}).items()}}
    rows = []
    for side, scores in sides.items():
        for metric, score in scores.items():
            interval = f"{_shown(score.get('low'))} to {_shown(score.get('high'))}"
            rows.append([f"{side}{metric}", _shown(score.get("value")), interval])
    return rows


def _tuning(metrics: Mapping[str, Any]) -> str:
    """Return the line on what tuning gained."""
    return f"\n\n{metrics['tuning']}" if metrics.get("tuning") else ""


def _limits(metrics: Mapping[str, Any]) -> str:
    """Return what the scores do not show."""
    unseen = ", ".join(metrics.get("unseen_labels") or []) or "none"
    return "\n".join(
        [
            f"- Measured on {_shown(metrics.get('test_rows'))} held-out rows of the same source, and on nothing else.",
            f"- Smallest gain that these rows can show: {_shown(metrics.get('smallest_gain'))}.",
            f"- Labels of the test rows that training never saw: {unseen}.",
            "- A text of another language, queue or form than the documents above is answered all the same.",
        ]
    )


def _shown(value: Any) -> str:
    """Return a value as a reader sees it."""
    if value is None or value == "":
        return "unknown"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
