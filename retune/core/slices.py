"""How well a model answers each kind of row: by department, source, language, length, label, age and any metadata."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pandas as pd

from retune.core.params.evaluate import SliceParams
from retune.core.resampling import Documents, share_bounds

CREATED = "created"  # the day of the document, from which the age follows
NONE, FEW = "(none)", "(few rows)"
OWN = ("label", "length", "age")


def columns(rows: pd.DataFrame, slices: Sequence[str], params: SliceParams) -> pd.DataFrame:
    """Return the slice of each row [text, label] by column; `slices` are the JSON objects that lineage keeps of them.

    A metadata column that bears the name of one of ours stands under `metadata.<name>`.
    """
    given = pd.DataFrame([json.loads(one) for one in slices], index=rows.index, dtype="str")
    own = pd.DataFrame(
        {
            "label": rows["label"],
            "length": within(rows["text"].str.len(), params.length_characters, "characters"),
            "age": ages(given.get(CREATED, pd.Series("", index=rows.index)), params.age_days),
        }
    )
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
    found: pd.DataFrame, right: Sequence[bool], documents: Documents, minimum_rows: int, seed: int
) -> dict[str, Any]:
    """Return rows and accuracy of each value of each column; values with too few rows are counted together."""
    rows = pd.DataFrame({"right": list(right), "document": documents or range(len(right))}, index=found.index)
    return {str(name): _column(found[name], rows, minimum_rows, seed) for name in sorted(found.columns)}


def _column(values: pd.Series, rows: pd.DataFrame, minimum_rows: int, seed: int) -> dict[str, Any]:
    """Return rows and accuracy of each value; a document of several rows counts as one in the interval."""
    joined = values.where(values.map(values.value_counts()) >= minimum_rows, FEW)
    return {str(value): _scored(part, seed) for value, part in rows.groupby(joined)}


def _scored(rows: pd.DataFrame, seed: int) -> dict[str, Any]:
    """Return the number of rows and their accuracy with its 95 % interval."""
    low, high = share_bounds(rows["right"].tolist(), rows["document"].tolist(), seed)
    return {"rows": len(rows), "accuracy": {"value": float(rows["right"].mean()), "low": low, "high": high}}
