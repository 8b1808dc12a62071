"""How well a model answers each kind of row: by department, source, language, length, label, age and any metadata."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import pandas as pd

from retune.core import scoring
from retune.core.params.evaluate import SliceParams
from retune.core.scoring import Asked, Given

CREATED = "created"  # the day of the document, from which the age follows
NONE, FEW = "(none)", "(few rows)"
OWN = ("label", "length", "age")


def columns(rows: pd.DataFrame, slices: Sequence[str], params: SliceParams, *, by_label: bool = True) -> pd.DataFrame:
    """Return the slice of each row [text, label] by column; `slices` are the JSON objects that lineage keeps of them.

    A metadata column that bears the name of one of ours stands under `metadata.<name>`. Rows are sorted `by_label`
    where they have one label.
    """
    given = pd.DataFrame([json.loads(one) for one in slices], index=rows.index, dtype="str")
    own = pd.DataFrame(
        {
            "label": rows["label"],
            "length": within(rows["text"].str.len(), params.length_characters, "characters"),
            "age": ages(given.get(CREATED, pd.Series("", index=rows.index)), params.age_days),
        }
    )
    own = own if by_label else own.drop(columns="label")
    named = given.drop(columns=CREATED, errors="ignore").rename(columns={name: f"metadata.{name}" for name in OWN})
    return pd.concat([own, named], axis=1).fillna("").replace("", NONE)


def within(values: pd.Series, bounds: Sequence[int], unit: str) -> pd.Series:
    """Return in which range each whole number lies, as a person reads it; a missing one is in none."""
    names = [f"up to {bounds[0]} {unit}"]
    names += [f"{low + 1} to {high} {unit}" for low, high in pairwise(bounds)]
    names.append(f"over {bounds[-1]} {unit}")
    edges = [float("-inf"), *bounds, float("inf")]
    return pd.cut(values, edges, labels=names).astype("object").fillna(NONE)


def ages(created: pd.Series, bounds: Sequence[int]) -> pd.Series:
    """Return how old each row is in days, beside the newest of them: no clock is asked."""
    days = pd.to_datetime(created.fillna("").astype("string").str[:10], format="%Y-%m-%d", errors="coerce")
    return within((days.max() - days).dt.days, bounds, "days")


def report(
    found: pd.DataFrame, asked: Asked, given: Given, primary: str, minimum_rows: int, seed: int
) -> dict[str, Any]:
    """Return rows and score of each value of each column; values with too few rows are counted together.

    A document of several rows counts as one in the interval.
    """
    rows = found.reset_index(drop=True)

    def scored(places: Sequence[int]) -> dict[str, Any]:
        at = scoring.score(asked.at(places), given.at(places), primary, seed)
        score = {} if at is None else {primary: {"value": at.value, "low": at.low, "high": at.high}}
        return {"rows": len(places), **score}

    return {str(name): _column(rows[name], minimum_rows, scored) for name in sorted(rows.columns)}


def _column(values: pd.Series, minimum_rows: int, scored: Callable[[Sequence[int]], dict[str, Any]]) -> dict[str, Any]:
    """Return what is scored of the rows of each value."""
    joined = values.where(values.map(values.value_counts()) >= minimum_rows, FEW)
    return {str(value): scored(part.index.tolist()) for value, part in joined.groupby(joined)}
