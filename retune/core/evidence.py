"""What a decision looks at: the candidate's scores, the champion's answers, what was rehearsed, and how old it is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from retune.core.noise import Seeds

SAID = {"label": "a label", "labels": "labels", "entities": "entities", "answers": "answers", "text": "text",
        "nothing": "nothing but what a text costs it"}  # fmt: skip

Status = Literal["pass", "fail", "not_run"]


@dataclass(frozen=True)
class Gain:
    """The candidate's gain in a score that says more of a row than right or wrong: by another test than McNemar's."""

    test: str
    p: float
    mean: float  # positive if the candidate is better
    at_least: float  # the one-sided 95 % lower bound


@dataclass(frozen=True)
class Recent:
    """The same counts on the rows that are dated `since` or later."""

    since: str
    rows: int
    b: int
    c: int
    gain: Gain | None = None


@dataclass(frozen=True)
class Inserted:
    """How often the champion's answer changed where the tokens were inserted that the candidate was asked with."""

    texts: int
    asked: int
    changed: int


@dataclass(frozen=True)
class ChampionAnswers:
    """The champion's answers on the candidate's test rows, as the paired test needs them."""

    test_sha256: str
    evaluator_sha256: str
    rows: int
    b: int  # only the champion right, or of more worth
    c: int  # only the candidate right, or of more worth
    recent: Recent | None = None  # on which `replace` judges; None: on all rows
    triggers: Inserted | None = None
    gain: Gain | None = None  # None: the counts say it all
    score: float | None = None  # of the champion on these rows; None: it follows from the counts
    judged: Mapping[str, Any] | None = None  # what a judge says of the candidate's answers beside the champion's


@dataclass(frozen=True)
class Evidence:
    """All that the decision looks at."""

    metrics: Mapping[str, Any]  # metrics.json of the candidate
    test_sha256: str  # of the test split as it is now
    evaluator_sha256: str  # of the evaluator as it is now
    champion_version: str | None  # None: there is no champion yet
    champion: ChampionAnswers | None = None  # None beside a version: its answers are missing
    outdated: tuple[str, ...] | None = None  # settings and files that changed since it was measured; None: not known
    seeds: Seeds | None = None  # trainings that differ from the candidate's by their seed alone
    memorised: Mapping[str, Any] | None = None  # what a training with canaries kept of them


@dataclass(frozen=True)
class Check:
    """One question with its answer; one that is not blocking is listed, but stops nothing."""

    name: str
    status: Status
    detail: str
    blocking: bool = True
    uncertain: bool = False  # neither shown nor refuted: trainings with further seeds may tell


def number(metrics: Any, *path: str) -> float | None:
    """Return a finite number from metrics.json, or None where it is missing or something else (NaN, text, yes/no)."""
    value: Any = metrics
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if is_number else None


def primary_of(metrics: Mapping[str, Any]) -> str:
    """Return the metric that models are compared by; older evaluations know labels alone."""
    return str(metrics.get("primary") or "accuracy")


def target_of(metrics: Mapping[str, Any]) -> str:
    """Return how the answers are written that were measured; older evaluations know labels alone."""
    return str(metrics.get("target") or "label")


def does_not_apply(name: str, target: str) -> Check:
    """Return the check that says nothing of answers that are written so."""
    return Check(name, "not_run", f"not asked of a model that answers with {SAID[target]}", blocking=False)


def not_asked(name: str, setting: str) -> Check:
    """Return the check that the policy does not ask for."""
    return Check(name, "not_run", f"the policy does not ask for it (release.{setting})", blocking=False)
