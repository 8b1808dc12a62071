"""What a model that continues another kept of it: both on the test rows that the other was judged by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from retune.core import scoring
from retune.core.scoring import Asked, Given


def retention(
    parent: str, asked: Asked, before: Given, now: Given, gone: int, *, primary: str, seed: int
) -> dict[str, Any]:
    """Return the score of parent (`before`) and child (`now`) on the parent's test rows that are still there, paired.

    `gone` of the parent's test rows are not in the corpus any more; `line` says the rest to a person. Where a score was
    not measured, the parent and the number of rows are all there is.
    """
    rows, known = len(asked.labels), {"parent": parent, "rows": len(asked.labels), "gone": gone, "primary": primary}
    if not rows:  # not every metric can be asked of nothing
        return {**known, "line": f"Retention: none of the test rows of {parent} is left."}
    paired = scoring.compare(asked, before, now, primary, seed)
    theirs, ours = (scoring.score(asked, given, primary, seed) for given in (before, now))
    if paired is None or theirs is None or ours is None:
        return {**known, "line": f"Retention: {primary} was not measured on the {rows} test rows of {parent}."}
    figures = (
        f"{primary.replace('_', ' ')} {ours.value:.3f} against {theirs.value:.3f} of {parent} on {rows} of its test "
        f"rows: {scoring.difference(primary, paired['gain'])}, {paired['c']} rows won, {paired['b']} lost, "
        f"{scoring.tested(paired)}"
    )
    scores = {f"parent_{primary}": asdict(theirs), primary: asdict(ours)}
    return {**known, **scores, **paired, "line": f"Retention: {figures}."}


def scores_kept(retention: Mapping[str, Any]) -> dict[str, float]:
    """Return what a model kept as metrics of its run; nothing for the empty mapping of one that continues none."""
    if not retention:
        return {}
    primary = retention.get("primary", "accuracy")
    sides = {f"retention/{name}": retention.get(name) for name in (primary, f"parent_{primary}")}
    return {"retention/rows": retention["rows"], **{name: score["value"] for name, score in sides.items() if score}}
