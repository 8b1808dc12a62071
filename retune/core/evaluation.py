"""What a model is worth on its test rows: scores with intervals, beside the floors of its task type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from retune.core import classes, confusion, scoring, statistics
from retune.core.frames import PREDICTIONS, REAL, TEXT, WHOLE
from retune.core.metrics._words import words
from retune.core.params.evaluate import EvaluateParams
from retune.core.resampling import Documents
from retune.core.scoring import Asked, Given
from retune.core.statistics import Interval

LOSS, TOKENS = "loss", "tokens"  # columns: what the label of a row cost in nats, over so many tokens
FIVE_POINTS = 0.05
FINE_HALF_WIDTH = 0.025  # two models whose scores differ by five points then have intervals that just touch
POWER_80 = 0.8416212335729143  # the 80th percentile of the standard normal


@dataclass(frozen=True)
class TaskType:
    """What a task type says of its scores; `floors` are its simple models, each with what a person calls it."""

    target: str
    metrics: Sequence[str]
    primary: str
    floors: Mapping[str, str]


def columns(kind: TaskType, answers: pd.DataFrame) -> dict[str, str]:
    """Return the columns of a table of answers: the model's, each floor's, and costs where they were measured."""
    found = dict(PREDICTIONS)
    for side in ("", *kind.floors):
        named = {side: TEXT} if side else {}
        loss, tokens = cost_columns(side)
        found |= named | {name: of for name, of in ((loss, REAL), (tokens, WHOLE)) if name in answers.columns}
    return found


def cost_columns(side: str) -> tuple[str, str]:
    """Return the columns of losses and tokens of a floor, or of the model, whose name is empty."""
    return (f"{side}_{LOSS}", f"{side}_{TOKENS}") if side else (LOSS, TOKENS)


def given(answers: pd.DataFrame, side: str = "") -> Given:
    """Return what the model says in a table of answers, or what a floor says."""
    loss, tokens = cost_columns(side)
    predictions = answers[side or "prediction"].tolist()
    if loss not in answers.columns:
        return Given(predictions)
    return Given(predictions, answers[loss].tolist(), answers[tokens].tolist())


def report(
    answers: pd.DataFrame,
    texts: Sequence[str],
    kind: TaskType,
    params: EvaluateParams,
    documents: Documents = None,
    *,
    known: Sequence[str],
) -> dict[str, Any]:
    """Return all scores of answers [`columns`] to texts; `known` are the labels of the training rows.

    `documents` are those of the answers, where several rows may come from one; None where each is one of its own.
    """
    asked = Asked(kind.target, texts, answers["label"].tolist(), documents)
    model, floors = given(answers), {name: given(answers, name) for name in kind.floors}
    compared = {name: scoring.compare(asked, floor, model, kind.primary, params.seed) for name, floor in floors.items()}
    against = {name: paired for name, paired in compared.items() if paired is not None}
    scored = scoring.scores(asked, model, kind.metrics, params.seed)
    beside = {name: scoring.scores(asked, floor, kind.metrics, params.seed) for name, floor in floors.items()}
    found = {
        "test_rows": len(answers),
        "target": kind.target,
        "primary": kind.primary,
        "model": scored,
        "floors": beside,
        "against": against,
        **_of_target(asked, model, known, params),
        "empty_predictions": list(model.predictions).count("") if kind.target != "nothing" else 0,
        "tuning": tuning(kind, scored, beside, against, params.alpha),
        "precision": precision(kind.primary, scored, len(answers), is_counted=_is_counted(against)),
    }
    return found | planned(against, len(answers), params.alpha)


def _of_target(asked: Asked, model: Given, known: Sequence[str], params: EvaluateParams) -> dict[str, Any]:
    """Return what can be said of a target beyond the scores: of each class, or of the length of texts."""
    if asked.target == "labels":
        return {"per_class": classes.of_labels(asked, model, params.seed)}
    if asked.target == "entities":
        return {"per_class": classes.of_entities(asked, model, params.seed)}
    if asked.target == "text":
        return {"words": {"answers": lengths(model.predictions), "references": lengths(asked.labels)}}
    if asked.target != "label":
        return {}
    found = confusion.confusion(asked.labels, model.predictions)
    unseen = sorted(set(asked.labels) - set(known))
    return {
        "per_class": per_class(found, params),
        "confusion": {"labels": found.labels, "counts": found.counts.tolist()},
        "unseen_labels": unseen,
        "unseen_rows": sum(label in unseen for label in asked.labels),
    }


def lengths(texts: Sequence[str]) -> dict[str, float]:
    """Return median, 95th percentile and most of the words of texts; nothing of no texts."""
    if not texts:
        return {}
    counts = np.array([len(words(text)) for text in texts])
    low, high = np.percentile(counts, [50, 95])
    return {"median": float(low), "percentile_95": float(high), "most": int(counts.max())}


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
            "precision": scoring.shown(statistics.wilson(hits, predicted)),
            "recall": scoring.shown(statistics.wilson(hits, true)),
            "f1": scoring.shown(Interval(float(values[place]), *statistics.percentile_bounds(draws[:, place]))),
        }
    return scored


def tuning(
    kind: TaskType,
    model: Mapping[str, Any],
    floors: Mapping[str, Mapping[str, Any]],
    against: Mapping[str, Mapping[str, Any]],
    alpha: float,
) -> str:
    """Say in one line what tuning gained over the best floor, or that it does not pay here; empty: not measured."""
    primary = kind.primary
    measured = [name for name in against if primary in floors[name]]
    if not measured or primary not in model:
        return ""
    best = max(measured, key=lambda name: scoring.sign(primary) * floors[name][primary]["value"])
    paired, name = against[best], kind.floors[best]
    gain = f"{scoring.difference(primary, paired['gain'])} "
    figures = (
        f"{primary.replace('_', ' ')} {model[primary]['value']:.3f} against {floors[best][primary]['value']:.3f} of "
        f"{name} on the same {paired['rows']} rows: {gain}"
        f"{scoring.between(primary, paired['gain_low'], paired['gain_high'])}, {paired['c']} rows won, "
        f"{paired['b']} lost, {scoring.tested(paired)}"
    )
    if paired["gain"] > 0 and paired["p"] < alpha:
        return f"Tuning gained over {name}: {figures}."
    return f"Tuning does not pay here: {figures}."


def precision(primary: str, model: Mapping[str, Any], rows: int, *, is_counted: bool) -> str:
    """Say how exactly this test split knows the score, and what a finer answer would take; empty: not measured.

    `is_counted` tells that the score is a share of the rows; the interval of any other score shrinks with their root.
    """
    if primary not in model:
        return ""
    value, half, name = model[primary]["value"], model[primary]["half_width"], primary.replace("_", " ")
    if is_counted:
        half, needed = statistics.half_width(value, rows), statistics.rows_for_half_width(value, FINE_HALF_WIDTH)
    else:
        needed = round(rows * (half / FINE_HALF_WIDTH) ** 2)
    if not scoring.is_share(primary):
        return f"{name[:1].upper()}{name[1:]} {value:.3f} is known to ±{half:.2g} from {rows} rows."
    known = f"{name[:1].upper()}{name[1:]} {value:.3f} is known to ±{100 * half:.1f} points from {rows} rows"
    return f"{known}; ±{100 * FINE_HALF_WIDTH:g} points take {needed:,}."


def _is_counted(against: Mapping[str, Mapping[str, Any]]) -> bool:
    """Tell whether rows are right or wrong: then they are compared by McNemar's test, which alone has no name."""
    return all("test" not in paired for paired in against.values())


def planned(against: Mapping[str, Mapping[str, Any]], rows: int, alpha: float) -> dict[str, Any]:
    """Return what gain so many rows could show, by how often the model and the first floor differ."""
    first = next(iter(against.values()), None)
    if first is None:
        return {}
    if "test" in first:  # by how far the gain over the floor is known: the difference of two models is as wide
        half = (first["gain_high"] - first["gain_low"]) / 2
        return {"smallest_gain": half * (1 + POWER_80 / statistics.Z_95)}
    differing = (first["b"] + first["c"]) / rows
    likely = statistics.likely_discordance(FIVE_POINTS, differing)
    return {
        "power_5_points": statistics.paired_power(rows, FIVE_POINTS, likely, alpha),
        "smallest_gain": statistics.smallest_gain(rows, differing, alpha),
    }


def worst_errors(answers: pd.DataFrame, rows: pd.DataFrame, kind: TaskType, most: int) -> pd.DataFrame:
    """Return the wrong answers [`error_columns`]; `rows` [text, context] are those of `answers`.

    Of labels those of which the model was most confident, else those that are worth least.
    """
    shown = answers.assign(text=rows["text"].to_numpy(), context=rows["context"].to_numpy())
    asked = Asked(kind.target, shown["text"].tolist(), shown["label"].tolist())
    wrong = ~np.array(scoring.right(kind.target, asked.labels, shown["prediction"].tolist()), dtype=bool)
    order, rising = "confidence", False
    if kind.target != "label":
        shown, order, rising = shown.assign(value=scoring.by_row(asked, given(answers), kind.primary)), "value", True
    worst = shown[wrong].sort_values([order, "example_id"], ascending=[rising, True], ignore_index=True).head(most)
    return worst.assign(rank=range(1, len(worst) + 1))[list(error_columns(kind))]


def error_columns(kind: TaskType) -> dict[str, str]:
    """Return the columns of the worst errors, which hold texts; a label is told by its confidence."""
    first, last = {"rank": WHOLE, "example_id": TEXT, "text": TEXT}, dict.fromkeys(kind.floors, TEXT)
    if kind.target == "label":
        return first | {"label": TEXT, "prediction": TEXT, "confidence": REAL} | last
    return first | {"context": TEXT, "label": TEXT, "prediction": TEXT, "value": REAL} | last
