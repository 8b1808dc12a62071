"""Two versions side by side: on the rows that both answered, in their settings and in their data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from retune.core import parts
from retune.core.errors import UserError
from retune.core.statistics import compare
from retune.core.version_facts import Against, Values, VersionFacts

SHOWN = 20  # examples that only one of the two has right


@dataclass(frozen=True)
class Comparison:
    """What differs between two versions; `first` and `second` are the scores of each on its own test rows."""

    model: str
    versions: tuple[str, str]
    own_scores: dict[str, list[Any]]  # metric -> score of each, on its own test rows
    common_rows: int
    not_common: int  # test rows of the two that only one answered, or that have another label now
    scores: dict[str, list[Any]]  # metric -> score of each, on the common rows
    paired: Values
    won: Sequence[str]  # examples that only the second has right
    lost: Sequence[str]
    settings: dict[str, list[Any]]
    data: dict[str, list[Any]]

    def as_dict(self) -> dict[str, Any]:
        """Return the comparison as plain values for a JSON file."""
        return asdict(self)


def against(
    version: str, answers: pd.DataFrame, before: pd.DataFrame, metrics: Sequence[str], seed: int
) -> Against | None:
    """Return an earlier version on the test rows of `answers` [PREDICTIONS]; None where it did not answer all of them.

    `before` has its answers [example_id, prediction].
    """
    rows = answers[["example_id", "label", "prediction"]].merge(
        before[["example_id", "prediction"]], on="example_id", suffixes=("", "_before")
    )
    if len(rows) != len(answers) or rows.empty:
        return None
    labels, old = rows["label"].tolist(), rows["prediction_before"].tolist()
    paired = asdict(compare(labels, old, rows["prediction"].tolist()))
    return Against(version, scored(labels, old, metrics, seed), paired)


def scored(labels: Sequence[str], answers: Sequence[str], metrics: Sequence[str], seed: int) -> dict[str, Any]:
    """Return each metric of some answers with its 95 % interval; one that is no longer known is left out."""
    found = {}
    for name in metrics:
        try:
            metric = parts.find("retune.core.metrics", name)
        except UserError:
            continue  # of an older version
        low, high = metric.bounds(labels, answers, seed)
        found[name] = {"value": metric.score(labels, answers), "low": low, "high": high}
    return found


def comparison(
    first: VersionFacts, second: VersionFacts, answers: tuple[pd.DataFrame, pd.DataFrame], seed: int
) -> Comparison:
    """Compare two versions by their answers [PREDICTIONS] on the test rows that both have, with one label."""
    columns = ["example_id", "label", "prediction"]
    rows = answers[0][columns].merge(answers[1][columns], on=["example_id", "label"], suffixes=("_first", "_second"))
    labels, one, two = (rows[name].tolist() for name in ("label", "prediction_first", "prediction_second"))
    metrics = [name for name in second.metrics.get("model") or {} if name in (first.metrics.get("model") or {})]
    both = [scored(labels, given, metrics, seed) for given in (one, two)] if labels else [{}, {}]
    right = rows["label"] == rows["prediction_first"], rows["label"] == rows["prediction_second"]
    ids = rows["example_id"]
    return Comparison(
        model=second.model,
        versions=(first.version, second.version),
        own_scores=_beside(first.metrics.get("model") or {}, second.metrics.get("model") or {}),
        common_rows=len(rows),
        not_common=len(answers[0]) + len(answers[1]) - 2 * len(rows),
        scores=_beside(*both),
        paired=asdict(compare(labels, one, two)),
        won=sorted(ids[~right[0] & right[1]])[:SHOWN],
        lost=sorted(ids[right[0] & ~right[1]])[:SHOWN],
        settings=changed(flattened(first.settings), flattened(second.settings)),
        data=changed(_data(first), _data(second)),
    )


def _beside(first: Values, second: Values) -> dict[str, list[Any]]:
    """Return the values of both under each name, None where one has none."""
    return {name: [first.get(name), second.get(name)] for name in {**first, **second}}


def changed(first: Values, second: Values) -> dict[str, list[Any]]:
    """Return what is not the same in both."""
    return {name: pair for name, pair in sorted(_beside(first, second).items()) if pair[0] != pair[1]}


def flattened(values: Values, prefix: str = "") -> dict[str, Any]:
    """Return nested values as one level, `a: {b: 1}` as `a.b: 1`."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat.update(flattened(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value})
    return flat


def _data(facts: VersionFacts) -> dict[str, Any]:
    """Return the hashes and rows of what a version was made from, and its base."""
    base = {"base": facts.base.get("id"), "sha256 of the base": facts.base.get("weights_sha256")}
    hashes = {f"{one['name']}, MD5": one.get("md5") for one in facts.datasets}
    return {**base, **hashes, **{f"{one['name']}, rows": one.get("rows") for one in facts.datasets if one.get("rows")}}
