"""What a run will take, from what runs took before: seconds per stage, and how far such estimates were off."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

Seconds = Mapping[str, float]  # by stage

MEASURED, SCALED, FORETOLD, UNKNOWN = "measured", "scaled", "foretold", "unknown"


@dataclass(frozen=True)
class Expected:
    """What one stage is expected to take, and on what ground; None where it never ran here."""

    stage: str
    seconds: float | None
    ground: str


@dataclass(frozen=True)
class Needed:
    """What a training needs: seconds, bytes at most at once, floating-point operations, and what those follow from."""

    seconds: float
    memory_bytes: float
    operations: float
    parameters: int
    trainable: int
    tokens: int  # that are learnt from, over all epochs
    steps: int


@dataclass(frozen=True)
class Estimate:
    """The stages that would run, their sum, and the median error of such sums in the past (0.2: a fifth off).

    `needed` has, for a training that never ran here, what was foretold of it.
    """

    stages: list[Expected]
    seconds: float
    unknown: list[str]
    past_error: float | None
    past_runs: int
    needed: Mapping[str, Needed] = field(default_factory=dict)


def bytes_needed(parameters: int, trainable: int, kept: float, size: int) -> float:
    """Return weights, gradients, Adam's two moments, and what the way forward keeps; a weight has `size` bytes."""
    return float(parameters * size + 3 * trainable * size + kept)


def floating_point_operations(parameters: int, trainable: int, tokens: int) -> float:
    """Return 2 for each weight and token forward, 2 back through it, and 2 more where it learns (Kaplan et al.,
    arXiv 2001.08361): 6 N where all learn, 4 N and little more where a correction beside frozen weights does.
    """
    return 4.0 * parameters * tokens + 2.0 * trainable * tokens


def to_run(changed: Iterable[str], dependencies: Mapping[str, set[str]], order: Sequence[str]) -> list[str]:
    """Return the changed stages with all that depend on them, in order; `dependencies` names the stages before each."""
    reached = set(changed)
    for stage in order:  # a stage stands behind those that it depends on
        if dependencies.get(stage, set()) & reached:
            reached.add(stage)
    return [stage for stage in order if stage in reached]


def estimate(
    stages: Sequence[str], past: Sequence[Seconds], work: Mapping[str, tuple[float, float]],
    needed: Mapping[str, Needed] | None = None,
) -> Estimate:  # fmt: skip
    """Return what `stages` will take by the newest run of each in `past` (newest first).

    `work` has, for a stage whose amount of work is known, that of its last run and of the next one (rows times epochs).
    """
    foretold = needed or {}
    expected = [
        Expected(stage, foretold[stage].seconds, FORETOLD)
        if stage in foretold
        else _expected(stage, past, work.get(stage))
        for stage in stages
    ]
    errors = past_errors(past)
    return Estimate(
        stages=expected,
        seconds=sum(one.seconds or 0.0 for one in expected),
        unknown=[one.stage for one in expected if one.seconds is None],
        past_error=statistics.median(errors) if errors else None,
        past_runs=len(errors),
        needed=foretold,
    )


def past_errors(past: Sequence[Seconds]) -> list[float]:
    """Return how far each run was off what the runs before it would have let expect: |estimated - measured| / measured.

    Only stages that had run before count; a run without any says nothing.
    """
    errors = []
    for place, run in enumerate(past):
        before = past[place + 1 :]
        known = {stage: seconds for stage in run if (seconds := _newest(stage, before)) is not None}
        measured = sum(run[stage] for stage in known)
        if measured > 0:
            errors.append(abs(sum(known.values()) - measured) / measured)
    return errors


def _expected(stage: str, past: Sequence[Seconds], work: tuple[float, float] | None) -> Expected:
    """Return what one stage will take."""
    seconds = _newest(stage, past)
    if seconds is None:
        return Expected(stage, None, UNKNOWN)
    if work is None or work[0] <= 0 or work[0] == work[1]:
        return Expected(stage, seconds, MEASURED)
    return Expected(stage, seconds * work[1] / work[0], SCALED)


def _newest(stage: str, past: Sequence[Seconds]) -> float | None:
    """Return the seconds of a stage in the newest run that has it."""
    return next((run[stage] for run in past if stage in run), None)
