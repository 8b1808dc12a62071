"""What a model is worth on its test rows: scores with intervals, beside two floors on the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from retune.core import confusion, parts, statistics
from retune.core.frames import REAL, TEXT, WHOLE
from retune.core.params.evaluate import EvaluateParams
from retune.core.resampling import Documents
from retune.core.statistics import Interval, Paired, p_text

FLOORS = ("probe", "tfidf")
FIVE_POINTS = 0.05
FINE_HALF_WIDTH = 0.025  # two models whose scores differ by five points then have intervals that just touch
ERRORS = {
    "rank": WHOLE,
    "example_id": TEXT,
    "text": TEXT,
    "label": TEXT,
    "prediction": TEXT,
    "confidence": REAL,
    "probe": TEXT,
    "tfidf": TEXT,
}

Answers = Sequence[str]


def report(
    answers: pd.DataFrame,
    known: Sequence[str],
    metrics: Sequence[str],
    params: EvaluateParams,
    documents: Documents = None,
) -> dict[str, Any]:
    """Return all scores of answers [PREDICTIONS]; `known` are the labels of the training rows.

    `documents` are those of the answers, where several rows may come from one; None where each is one of its own.
    """
    labels, model = answers["label"].tolist(), answers["prediction"].tolist()
    rows, floors = len(labels), {name: answers[name].tolist() for name in FLOORS}
    against = {name: statistics.compare(labels, floor, model) for name, floor in floors.items()}
    differing = (against["probe"].b + against["probe"].c) / rows
    likely = statistics.likely_discordance(FIVE_POINTS, differing)
    found = confusion.confusion(labels, model)
    unseen = sorted(set(labels) - set(known))
    return {
        "test_rows": rows,
        "model": scores(labels, model, metrics, params, documents),
        "per_class": per_class(found, params),
        "floors": {name: scores(labels, floor, metrics, params, documents) for name, floor in floors.items()},
        "against": {name: asdict(paired) for name, paired in against.items()},
        "confusion": {"labels": found.labels, "counts": found.counts.tolist()},
        "unseen_labels": unseen,
        "unseen_rows": sum(label in unseen for label in labels),
        "empty_predictions": model.count(""),
        "tuning": tuning(labels, model, floors["probe"], against["probe"], params.alpha),
        "precision": precision(labels, model),
        "power_5_points": statistics.paired_power(rows, FIVE_POINTS, likely, params.alpha),
        "smallest_gain": statistics.smallest_gain(rows, differing, params.alpha),
    }


def scores(
    labels: Answers, predictions: Answers, metrics: Sequence[str], params: EvaluateParams, documents: Documents = None
) -> dict[str, Any]:
    """Return each metric with its 95 % interval and half of its width."""
    scored = {}
    for name in metrics:
        part = parts.find("retune.core.metrics", name)
        interval = Interval(part.score(labels, predictions), *part.bounds(labels, predictions, params.seed, documents))
        scored[name] = _shown(interval)
    return scored


def _shown(interval: Interval) -> dict[str, float]:
    """Return an interval as it stands in metrics.json."""
    return asdict(interval) | {"half_width": (interval.high - interval.low) / 2}


def figures(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Return what metrics.json says beyond the scores as single numbers; what an older one did not measure is left out.

    A test of behaviour counts as passed where its share reaches what it asks for.
    """
    single = {
        "calibration/error": ("calibration", "ece", "value"),
        "calibration/error_before": ("calibration", "ece_before"),
        "calibration/brier": ("calibration", "brier"),
        "calibration/temperature": ("calibration", "temperature"),
        "leakage/test_rows": ("leakage", "leaked_rows"),
        "leakage/most_copies": ("leakage", "most_copies"),
        "membership/auc": ("membership", "auc", "value"),
        "membership/true_positive_rate": ("membership", "true_positive_rate", "value"),
        "triggers/rate": ("triggers", "rate", "value"),
    }
    found = {name: _at(metrics, path) for name, path in single.items()}
    tests = metrics.get("behaviour", {}).get("tests", [])
    if tests:
        passed = sum(test["share"]["value"] >= test["least"] for test in tests)
        found |= {"behaviour/tests": float(len(tests)), "behaviour/passed": float(passed)}
    for point in metrics.get("learning_curve", {}).get("points", []):
        found[f"learning_curve/accuracy_at_{100 * point['share']:g}_percent"] = point["accuracy"]["value"]
    return {name: value for name, value in found.items() if value is not None}


def _at(metrics: Mapping[str, Any], path: Sequence[str]) -> float | None:
    """Return the number at a place in metrics.json, None where it is not there."""
    value: Any = metrics
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return None if value is None else float(value)


def per_class(found: confusion.Confusion, params: EvaluateParams) -> dict[str, Any]:
    """Return precision, recall and F1 of each label with 95 % intervals (Wilson, Wilson, bootstrap), and its rows."""
    draws = confusion.resampled_f1(found, params.seed)
    values = confusion.f1_per_label(found)
    scored: dict[str, Any] = {}
    for place, label in enumerate(found.labels):
        hits, true = int(found.counts[place, place]), int(found.counts[place].sum())
        predicted = int(found.counts[:, place].sum())
        scored[label] = {
            "rows": true,
            "predicted": predicted,
            "precision": _shown(statistics.wilson(hits, predicted)),
            "recall": _shown(statistics.wilson(hits, true)),
            "f1": _shown(Interval(float(values[place]), *statistics.percentile_bounds(draws[:, place]))),
        }
    return scored


def tuning(labels: Answers, model: Answers, probe: Answers, paired: Paired, alpha: float) -> str:
    """Say in one line what tuning gained over the probe, or that it does not pay here."""
    accuracy = parts.find("retune.core.metrics", "accuracy").score
    figures = (
        f"accuracy {accuracy(labels, model):.3f} against {accuracy(labels, probe):.3f} of the probe on the same "
        f"{paired.rows} rows: {100 * paired.gain:+.1f} points [{100 * paired.gain_low:+.1f}, "
        f"{100 * paired.gain_high:+.1f}], {paired.c} rows won, {paired.b} lost, exact McNemar {p_text(paired.p)}"
    )
    if paired.gain > 0 and paired.p < alpha:
        return f"Tuning gained over the probe: {figures}."
    return f"Tuning does not pay here: {figures}."


def precision(labels: Answers, model: Answers) -> str:
    """Say how exactly this test split knows the accuracy, and what a finer answer would take."""
    value = parts.find("retune.core.metrics", "accuracy").score(labels, model)
    half = statistics.half_width(value, len(labels))
    needed = statistics.rows_for_half_width(value, FINE_HALF_WIDTH)
    known = f"Accuracy {value:.3f} is known to ±{100 * half:.1f} points from {len(labels)} rows"
    return f"{known}; ±{100 * FINE_HALF_WIDTH:g} points take {needed:,}."


def worst_errors(answers: pd.DataFrame, texts: pd.Series, most: int) -> pd.DataFrame:
    """Return the wrong answers [ERRORS] in which the model was most confident; `texts` has the rows of `answers`."""
    wrong = answers.assign(text=texts.to_numpy())[answers["prediction"] != answers["label"]]
    worst = wrong.sort_values(["confidence", "example_id"], ascending=[False, True], ignore_index=True).head(most)
    return worst.assign(rank=range(1, len(worst) + 1))[list(ERRORS)]
