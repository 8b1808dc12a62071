"""Two versions side by side: on the rows that both answered, in their settings and in their data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from retune.core import scoring
from retune.core.errors import UserError
from retune.core.evaluation import given
from retune.core.evidence import primary_of, target_of
from retune.core.scoring import Asked, Given
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
    primary: str  # the metric of the paired comparison
    paired: Values
    won: Sequence[str]  # examples that only the second has right, or better
    lost: Sequence[str]
    settings: dict[str, list[Any]]
    data: dict[str, list[Any]]

    def as_dict(self) -> dict[str, Any]:
        """Return the comparison as plain values for a JSON file."""
        return asdict(self)


def against(version: str, answers: pd.DataFrame, before: pd.DataFrame, metrics: Values, seed: int) -> Against | None:
    """Return an earlier version on the test rows of `answers` [PREDICTIONS]; None where it did not answer all of them.

    `before` has its answers [example_id, prediction], `metrics` is metrics.json of the later one.
    """
    rows = answers[["example_id"]].merge(before[["example_id"]], on="example_id")
    if len(rows) != len(answers) or rows.empty:
        return None
    asked, old, new = _beside_each_other(rows, before, answers, target_of(metrics))
    paired = scoring.compare(asked, old, new, primary_of(metrics), seed)
    return Against(version, scored(asked, old, list(metrics.get("model") or {}), seed), paired or {})


def _beside_each_other(
    rows: pd.DataFrame, first: pd.DataFrame, second: pd.DataFrame, target: str
) -> tuple[Asked, Given, Given]:
    """Return rows [example_id] with what two versions say to them; the labels are the second's."""
    sides = [rows[["example_id"]].merge(answers, on="example_id") for answers in (first, second)]
    labels = sides[1]["label"].tolist()
    return Asked(target, [""] * len(labels), labels), given(sides[0]), given(sides[1])


def scored(asked: Asked, answers: Given, metrics: Sequence[str], seed: int) -> dict[str, Any]:
    """Return each metric of some answers with its 95 % interval; one that is no longer known is left out."""
    found = {}
    for name in metrics:
        try:
            at = scoring.score(asked, answers, name, seed)
        except UserError:
            continue  # of an older version
        if at is not None:
            found[name] = asdict(at)
    return found


def comparison(
    first: VersionFacts, second: VersionFacts, answers: tuple[pd.DataFrame, pd.DataFrame], seed: int
) -> Comparison:
    """Compare two versions by their answers [PREDICTIONS] on the test rows that both have, with one label."""
    columns, target, primary = ["example_id", "label"], target_of(second.metrics), primary_of(second.metrics)
    rows = answers[0][columns].merge(answers[1][columns], on=columns)
    asked, one, two = _beside_each_other(rows, *answers, target)
    metrics = [name for name in second.metrics.get("model") or {} if name in (first.metrics.get("model") or {})]
    both = [scored(asked, said, metrics, seed) for said in (one, two)] if asked.labels else [{}, {}]
    worth = [scoring.by_row(asked, said, primary) for said in (one, two)]
    ids = rows["example_id"].tolist()
    return Comparison(
        model=second.model,
        versions=(first.version, second.version),
        own_scores=_beside(first.metrics.get("model") or {}, second.metrics.get("model") or {}),
        common_rows=len(rows),
        not_common=len(answers[0]) + len(answers[1]) - 2 * len(rows),
        scores=_beside(*both),
        primary=primary,
        paired=scoring.compare(asked, one, two, primary, seed) or {},
        won=sorted(name for name, old, new in zip(ids, *worth, strict=True) if new > old)[:SHOWN],
        lost=sorted(name for name, old, new in zip(ids, *worth, strict=True) if new < old)[:SHOWN],
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
