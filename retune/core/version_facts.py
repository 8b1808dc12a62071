"""What the page of a version and its model card are written from: plain values, none of them a text of a document."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from retune.core.evidence import primary_of, target_of
from retune.core.statistics import Interval

Values = Mapping[str, Any]
PASSED, NOT_RUN = "pass", "not_run"


@dataclass(frozen=True)
class Against:
    """An earlier version on the same test rows: its scores, and the paired comparison with this one."""

    version: str
    scores: Values  # metric -> {value, low, high}
    paired: Values  # the fields of retune.core.statistics.Paired


@dataclass(frozen=True)
class Decided:
    """One decision on the model, as its run in MLflow has it."""

    outcome: str
    before: str
    after: str
    who: str
    why: str
    when: str
    url: str
    is_forced: bool = False  # by a person, against the checks
    details: Values = field(default_factory=dict)  # checks, reasons, rule, notes; empty where only the record is read


@dataclass(frozen=True)
class VersionFacts:
    """One version; what an older one did not record is empty, and the page says so."""

    model: str
    version: str  # empty: not registered yet
    as_of: str  # when this was read
    made: str = ""
    fingerprint: str = ""
    aliases: Sequence[str] = ()
    champion: str = ""  # the version that is champion now
    tags: Mapping[str, str] = field(default_factory=dict)
    metrics: Values = field(default_factory=dict)
    facts: Values = field(default_factory=dict)
    timings: Values = field(default_factory=dict)
    settings: Values = field(default_factory=dict)  # the model's section of params.yaml
    counts: Sequence[Values] = ()  # what each step took in, let out and rejected
    gates: Mapping[str, Sequence[Values]] = field(default_factory=dict)  # subject -> checks
    datasets: Sequence[Values] = ()  # name, md5, rows
    history: Sequence[Values] = ()  # lines of the training's journal
    errors: Sequence[Values] = ()  # example_id, label, prediction, confidence
    against: Against | None = None  # the champion that the decision was made against
    decisions: Sequence[Decided] = ()  # on or away from this version, the newest first
    footprint: Values = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)

    @property
    def base(self) -> Values:
        """Return the base that the model was tuned from."""
        base: Values = self.facts.get("base") or {}
        return base

    @property
    def decision(self) -> Decided | None:
        """Return the newest decision that says whether this version becomes the champion."""
        return next((one for one in self.decisions if one.after == self.version), None)

    @property
    def first_scores(self) -> list[str]:
        """Return the metrics that the policy asks for, at most three; without a policy the first two that there are."""
        measured = list(self.metrics.get("model") or {})
        asked = (self.settings.get("release") or {}).get("thresholds") or {}
        return [name for name in asked if name in measured][:3] or measured[:2]

    @property
    def primary(self) -> str:
        """Return the metric by which models of its task type are compared."""
        return primary_of(self.metrics)

    @property
    def target(self) -> str:
        """Return how its answers are written."""
        return target_of(self.metrics)

    @property
    def alpha(self) -> float:
        """Return the significance level that the policy sets."""
        return float((self.settings.get("release") or {}).get("alpha", 0.05))

    @property
    def checks(self) -> Sequence[Values]:
        """Return every check of the newest decision that weighed evidence."""
        weighed = (one.details.get("checks") for one in self.decisions if one.after == self.version)
        return next((checks for checks in weighed if checks), ())


def interval(values: Any, *path: str) -> Interval | None:
    """Return a score with its bounds from nested values; None where it was not measured. Lacking bounds are the score.

    So a score whose interval nobody computed is drawn as a dot alone.
    """
    for key in path:
        values = values.get(key) if isinstance(values, Mapping) else None
    if not isinstance(values, Mapping) or not is_number(values.get("value")):
        return None
    value = float(values["value"])
    low, high = (float(values[end]) if is_number(values.get(end)) else value for end in ("low", "high"))
    return Interval(value, low, high)


def is_number(value: Any) -> TypeGuard[float]:
    """Tell whether a value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def counted(counts: Sequence[Values], step: str) -> Values:
    """Return what one step counted, nothing where that was not recorded."""
    return next((one for one in counts if one.get("step") == step), {})
