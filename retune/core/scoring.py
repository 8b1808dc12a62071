"""Scores of any task type's answers: a metric is asked with what the task type's target makes of labels and answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from types import ModuleType
from typing import Any

import numpy as np

from retune.core import parts
from retune.core.paired import PairedValues, compare_counts, compare_values
from retune.core.resampling import Documents, Floats, resampled_sums
from retune.core.statistics import Interval, mcnemar, p_text, percentile_bounds

TARGETS = "retune.core.targets"
LOSS = "loss"  # the kind of a metric that looks at what a row costs a model, and at no answer
RANDOM_SIGNS, EXCHANGES, MCNEMAR = "sign-flip test", "randomisation test", "exact McNemar"


@dataclass(frozen=True)
class Asked:
    """Rows with their labels in the encoding of a target; several may come from one document."""

    target: str
    texts: Sequence[str]
    labels: Sequence[str]
    documents: Documents = None

    def at(self, places: Sequence[int]) -> Asked:
        """Return some of the rows."""
        documents = None if self.documents is None else [self.documents[place] for place in places]
        texts, labels = ([of[place] for place in places] for of in (self.texts, self.labels))
        return Asked(self.target, texts, labels, documents)


@dataclass(frozen=True)
class Given:
    """What a model says to rows; `losses` (nats, summed over a row's tokens) where that was measured."""

    predictions: Sequence[str]
    losses: Sequence[float] | None = None
    tokens: Sequence[int] | None = None
    counted: dict[str, tuple[Asked, Floats]] = field(default_factory=dict, repr=False, compare=False)

    def at(self, places: Sequence[int]) -> Given:
        """Return what it says to some of the rows."""
        costs = [None if of is None else [of[place] for place in places] for of in (self.losses, self.tokens)]
        return Given([self.predictions[place] for place in places], *costs)  # type: ignore[arg-type] # as they came

    def counts(self, asked: Asked, name: str) -> Floats:
        """Return what a metric counts in each row [rows, counts], counted once: chrF takes a millisecond for a row."""
        part = metric(name)
        if name not in self.counted or self.counted[name][0] is not asked:
            self.counted[name] = asked, part.counts(*_needed(asked, self, part.KIND))
        return self.counted[name][1]


def metric(name: str) -> ModuleType:
    """Return a metric; an unknown name raises UserError that lists the known ones."""
    return parts.find("retune.core.metrics", name)


def target(name: str) -> ModuleType:
    """Return a target: how labels and answers of a task type are written."""
    return parts.find(TARGETS, name)


def right(kind: str, labels: Sequence[str], predictions: Sequence[str]) -> list[bool]:
    """Tell which predictions are right without remainder; no answer is right only where that is what was asked."""
    judge = target(kind).is_right
    return [bool(judge(label, prediction)) for label, prediction in zip(labels, predictions, strict=True)]


def scores(asked: Asked, given: Given, names: Sequence[str], seed: int) -> dict[str, dict[str, float]]:
    """Return each metric with its 95 % interval and half of its width; what cannot be measured is left out."""
    found = {}
    for name in names:
        interval = score(asked, given, name, seed)
        if interval is not None:
            found[name] = shown(interval)
    return found


def score(asked: Asked, given: Given, name: str, seed: int) -> Interval | None:
    """Return one metric with its 95 % interval; None where it is not a number, or needs losses and there are none."""
    part = metric(name)
    pairs = pairs_of(asked, given, part.KIND)
    if pairs is None:
        return None
    if hasattr(part, "of_counts") and asked.labels:
        counts = given.counts(asked, name)
        value = float(part.of_counts(counts.sum(axis=0)[None])[0])
        low, high = percentile_bounds(part.of_counts(resampled_sums(counts, asked.documents, seed)))
    else:
        value = float(part.score(*pairs))
        low, high = part.bounds(*pairs, seed, asked.documents)
    return Interval(value, low, high) if math.isfinite(value + low + high) else None


def shown(interval: Interval) -> dict[str, float]:
    """Return an interval as it stands in metrics.json."""
    return asdict(interval) | {"half_width": (interval.high - interval.low) / 2}


def pairs_of(asked: Asked, given: Given, kind: str) -> tuple[Sequence[Any], Sequence[Any]] | None:
    """Return what a metric of that kind is asked with; None where it needs losses and there are none."""
    if kind == LOSS:
        return None if given.losses is None or given.tokens is None else (given.tokens, given.losses)
    found: tuple[Sequence[Any], Sequence[Any]]
    found = target(asked.target).pairs(kind, asked.texts, asked.labels, given.predictions)
    return found


def _needed(asked: Asked, given: Given, kind: str) -> tuple[Sequence[Any], Sequence[Any]]:
    """Return what a metric of that kind is asked with; raises ValueError where it needs losses and there are none."""
    pairs = pairs_of(asked, given, kind)
    if pairs is None:
        raise ValueError("what the rows cost was not measured")
    return pairs


def compare(asked: Asked, first: Given, second: Given, name: str, seed: int) -> dict[str, Any] | None:
    """Compare two models on the same rows by a metric: exact McNemar where it says right or wrong of each row.

    `b` rows the first has better, `c` the second; a gain is the second's over the first, positive if it is better. None
    where the metric cannot tell.
    """
    part = metric(name)
    sides = [pairs_of(asked, given, part.KIND) for given in (first, second)]
    if None in sides:
        return None
    one, two = ((pair[0], pair[1]) for pair in sides if pair is not None)
    if not hasattr(part, "values"):
        counts = first.counts(asked, name), second.counts(asked, name)
        return _as_shown(compare_counts(*counts, _directed(part), seed, asked.documents), EXCHANGES)
    before, after = part.values(*one), part.values(*two)
    if {*before, *after} <= {0.0, 1.0}:
        b, c = (sum(more > less for more, less in zip(*of, strict=True)) for of in ((before, after), (after, before)))
        return asdict(mcnemar(b, c, len(before)))
    less, more = ([_sign(part) * float(value) for value in values] for values in (before, after))
    return _as_shown(compare_values(less, more, seed, asked.documents), RANDOM_SIGNS)


def by_row(asked: Asked, given: Given, name: str) -> list[float]:
    """Return the score of each row alone, the higher the better; NaN where the metric cannot tell."""
    part = metric(name)
    pairs = pairs_of(asked, given, part.KIND)
    if pairs is None:
        return [math.nan] * len(asked.labels)
    if hasattr(part, "values"):
        return [sign(name) * float(value) for value in part.values(*pairs)]
    found: list[float] = _directed(part)(given.counts(asked, name)).tolist()
    return found


def sign(name: str) -> int:
    """Return 1 for a metric of which more is better, -1 for one of which less is."""
    return _sign(metric(name))


def is_share(name: str) -> bool:
    """Tell whether a metric runs from 0 to 1, so that its differences can be told in points."""
    part = metric(name)
    return {part.BEST, part.WORST} == {0.0, 1.0}


def difference(name: str, gain: float) -> str:
    """Return a gain as a person reads it: in points of a share, else as it is."""
    return f"{100 * gain:+.1f} points" if is_share(name) else f"{gain:+.3g}"


def between(name: str, low: float, high: float) -> str:
    """Return the bounds of a gain in the unit of `difference`."""
    return f"[{100 * low:+.1f}, {100 * high:+.1f}]" if is_share(name) else f"[{low:+.3g}, {high:+.3g}]"


def tested(paired: Mapping[str, Any]) -> str:
    """Return the test of a comparison and its p, as a person reads it."""
    return f"{paired.get('test', MCNEMAR)} {p_text(paired['p'])}"


def _sign(part: ModuleType) -> int:
    """Return the direction of a metric."""
    return 1 if part.BEST > part.WORST else -1


def _directed(part: ModuleType) -> Callable[[Floats], Floats]:
    """Return the score of summed counts [draws, counts], the higher the better."""
    return lambda sums: _sign(part) * np.asarray(part.of_counts(sums))


def _as_shown(found: PairedValues, test: str) -> dict[str, Any]:
    """Return a comparison under the names that McNemar's has, with the test that it rests on."""
    values = asdict(found)
    return {"rows": values.pop("rows"), "b": values.pop("lost"), "c": values.pop("won"), **values, "test": test}
