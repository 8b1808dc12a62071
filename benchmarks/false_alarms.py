"""How often drift is called where nothing changed, and how often where a new topic came: real questions, drawn anew."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.machine import shared_data
from benchmarks.page import table
from retune.core.drift.compare import compare
from retune.core.drift.finding import DRIFT, DriftReport
from retune.core.drift.rows import described
from retune.core.drift.sample import sample
from retune.core.params.monitor import MonitorParams
from retune.core.statistics import wilson
from retune.io.settings import read_section

PARAMS = Path(__file__).parent.parent / "params.yaml"
LEARNT, ASKED, WINDOW = 400, 200, 150  # rows of the reference that were learnt from and that were not, and new rows
TRAINING = 6000  # rows that the model behind the answers learnt from
STEADY_SEEDS, PLANTED_SEEDS = 200, 50
PLANTED = (0.05, 0.1, 0.2, 0.3)
NEW_TOPICS = 3  # of 77 intents, together the share that is planted


def measure() -> dict[str, Any]:
    """Draw reference and window from one set, unchanged and with intents planted that the reference does not have."""
    rows, params = population(), read_section(PARAMS, "models.ticket-router.monitor", MonitorParams)
    steady = [drawn(rows, seed, 0.0, params) for seed in range(STEADY_SEEDS)]
    planted = {
        f"{share:g}": summed([drawn(rows, seed, share, params) for seed in range(PLANTED_SEEDS)]) for share in PLANTED
    }
    return {
        "alpha": params.alpha,
        "permutations": params.permutations,
        "reference_rows": LEARNT + ASKED,
        "window_rows": WINDOW,
        "steady": summed(steady),
        "planted": planted,
    }


def population() -> pd.DataFrame:
    """Return all rows with vectors and a linear model's answers to those that it did not learn from."""
    from sklearn.linear_model import LogisticRegression

    from retune.modeling.embedding import embed

    with gzip.open(shared_data() / "intent" / "banking77.jsonl.gz", "rt", encoding="utf-8") as lines:
        found = pd.DataFrame([json.loads(line) for line in lines]).sample(frac=1, random_state=7, ignore_index=True)
    texts = found["text"].tolist()
    vectors = embed(texts)
    model = LogisticRegression(C=3, max_iter=60).fit(vectors[:TRAINING], found["label"][:TRAINING])
    shares = model.predict_proba(vectors)
    rows = described(texts).assign(
        document_id=[f"row {place}" for place in range(len(found))],
        side=["train" if place < TRAINING else "test" for place in range(len(found))],
        label=found["label"],
        prediction=model.classes_[shares.argmax(axis=1)],
        confidence=shares.max(axis=1),
        vector=list(vectors),
    )
    return rows.assign(correct=(rows["prediction"] == rows["label"]).astype("float64"))


def drawn(rows: pd.DataFrame, seed: int, planted: float, params: MonitorParams) -> DriftReport:
    """Return the report on a window of which a share has intents that the reference does not have."""
    rng = np.random.default_rng([seed, round(planted * 100)])
    new = set(rng.choice(sorted(set(rows["label"])), NEW_TOPICS, replace=False)) if planted else set()
    usual = rows[~rows["label"].isin(new)]
    held_out = taken(usual[usual["side"] == "test"], ASKED + WINDOW, rng)
    learnt = taken(usual[usual["side"] == "train"], LEARNT, rng)
    count = round(planted * WINDOW)
    fresh = taken(rows[rows["label"].isin(new) & (rows["side"] == "test")], count, rng)
    window = pd.concat([held_out.iloc[ASKED : ASKED + WINDOW - count], fresh], ignore_index=True)
    reference = pd.concat([learnt, held_out.iloc[:ASKED]], ignore_index=True)
    return compare(reference, sample(window.drop(columns="side"), params), params)


def taken(rows: pd.DataFrame, count: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return so many rows, or all where there are fewer, in random order."""
    return rows.iloc[rng.permutation(len(rows))[:count]]


def summed(reports: list[DriftReport]) -> dict[str, Any]:
    """Return how many reports call drift, with the 95 % interval of their share, by which aspects, and at what size."""
    hits = sum(report.verdict == DRIFT for report in reports)
    share = wilson(hits, len(reports))
    by_aspect = Counter(one.name for report in reports for one in report.aspects if one.state == DRIFT)
    smallest = [min(one.p_corrected for one in report.aspects if one.p_corrected is not None) for report in reports]
    names = sorted({one.name for report in reports for one in report.aspects if one.effect is not None})
    effects = {
        name: [
            one.effect for report in reports for one in report.aspects if one.name == name and one.effect is not None
        ]
        for name in names
    }
    return {
        "seeds": len(reports),
        "drift": hits,
        "share": share.value,
        "low": share.low,
        "high": share.high,
        "significant_at_5_percent": sum(p < 0.05 for p in smallest),
        "by_aspect": {name: by_aspect.get(name, 0) for name in names},
        "median_effect": {name: round(float(np.median(values)), 4) for name, values in effects.items()},
        "not_measured": sorted({one.name for report in reports for one in report.aspects if one.effect is None}),
    }


def tell(measured: dict[str, Any]) -> list[str]:
    """Return the result as markdown."""
    steady, planted = measured["steady"], measured["planted"]
    cases = {"nothing": steady, **{f"{float(share):.0%} of new topics": found for share, found in planted.items()}}
    rows = [
        [
            case,
            f"{found['drift']} of {found['seeds']}",
            f"{found['share']:.1%} ({found['low']:.1%} to {found['high']:.1%})",
        ]
        for case, found in cases.items()
    ]
    aspects = [[name, *(found["by_aspect"][name] for found in cases.values())] for name in steady["by_aspect"]]
    about = (
        f"Windows of {measured['window_rows']} questions of BANKING77 against a reference of "
        f"{measured['reference_rows']}, both drawn anew for each seed; the settings are the template's, which allow "
        f"false alarms in {100 * measured['alpha']:g} of 100 windows."
    )
    level = (
        f"Without the least effects, at a level of 5 %, {steady['significant_at_5_percent']} of {steady['seeds']} "
        "windows in which nothing changed would have been called drift. By aspect, windows called drift:"
    )
    return [
        about,
        "",
        *table(["what was planted", "called drift", "share (95 %)"], rows),
        "",
        level,
        "",
        *table(["aspect", *cases], aspects),
    ]  # fmt: skip
