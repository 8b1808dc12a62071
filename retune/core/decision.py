"""Whether a candidate becomes the champion: every check is listed, and what could not be checked has not passed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from retune.core import contest, safeguards, scoring
from retune.core.evidence import (
    ChampionAnswers,
    Check,
    Evidence,
    Recent,
    number,
    primary_of,
    target_of,
)
from retune.core.params.release import ReleaseParams
from retune.core.rule import Rule
from retune.core.statistics import (
    best_margin,
    likely_discordance,
    p_text,
    paired_power,
    smallest_gain,
)

MALFORMED = (LookupError, TypeError, ValueError, ArithmeticError, AttributeError)


@dataclass(frozen=True)
class Decision:
    """The verdict, every check behind it, why not, and what this test split could have shown."""

    promote: bool
    checks: list[Check]
    reasons: list[str]
    rule: Rule
    notes: list[str] = field(default_factory=list)
    uncertain: bool = False  # nothing speaks against it but a gain that seeds alone explain: more of them may tell

    def as_dict(self) -> dict[str, Any]:
        """Return the decision as plain values for a JSON file."""
        return asdict(self)


def decide(evidence: Evidence, policy: ReleaseParams, rule: Rule) -> Decision:
    """Promote only when every blocking check has passed; evidence that is missing, broken or not a number has not.

    `rule` says which of the two comparisons with the champion is asked; thresholds and floors hold under either.
    """
    questions: list[tuple[str, Callable[[], Check]]] = [
        ("evidence_current", lambda: evidence_current(evidence)),
        ("evidence_complete", lambda: evidence_complete(evidence, policy)),
        ("same_test_rows", lambda: contest.same_test_rows(evidence)),
        ("same_evaluator", lambda: contest.same_evaluator(evidence)),
        *((f"threshold_{name}", _threshold(evidence, name, least)) for name, least in policy.thresholds.items()),
        *((f"floor_{name}", _floor(evidence, name)) for name in policy.floors),
        ("champion_better", lambda: contest.champion_better(evidence, policy, rule)),
        ("champion_not_worse", lambda: contest.champion_not_worse(evidence, policy, rule)),
        ("noise", lambda: contest.noise(evidence, policy, rule)),
        ("judge", lambda: contest.judge(evidence, policy)),
        *safeguards.questions(evidence, policy),
    ]
    checks = [_asked(name, question) for name, question in questions]
    broken = [check for check in checks if check.blocking and check.status != "pass"]
    reasons = [f"{check.name}: {check.detail}" for check in broken]
    uncertain = [check.uncertain for check in broken] == [True]
    return Decision(not reasons, checks, reasons, rule, _noted(evidence, policy, rule), uncertain)


def _asked(name: str, question: Callable[[], Check]) -> Check:
    """Ask one question; evidence that it cannot read is an answer too: not run."""
    try:
        return question()
    except MALFORMED as error:
        return Check(name, "not_run", f"the evidence cannot be read ({type(error).__name__}: {error})")


def _noted(evidence: Evidence, policy: ReleaseParams, rule: Rule) -> list[str]:
    """Return the notes; they decide nothing, so evidence that cannot be read leaves one that says so."""
    try:
        return notes(evidence, policy, rule)
    except MALFORMED as error:
        return [f"What these test rows could show is unknown ({type(error).__name__}: {error})."]


def evidence_current(evidence: Evidence) -> Check:
    """Check that the scores are of the settings and the data as they are now."""
    if evidence.outdated is None:
        return Check("evidence_current", "not_run", "what the scores were measured from is not known")
    if evidence.outdated:
        changed = ", ".join(evidence.outdated)
        return Check("evidence_current", "fail", f"measured before these changed: {changed}; run the stages again")
    return Check("evidence_current", "pass", "the settings and the data are those that were measured")


def evidence_complete(evidence: Evidence, policy: ReleaseParams) -> Check:
    """Check that every number the policy asks for is there."""
    held_by = floor_metric(evidence)
    paths = [("test_rows",), ("model", held_by, "value"), ("model", primary_of(evidence.metrics), "value")]
    paths += [("model", name, "value") for name in policy.thresholds]
    paths += [("floors", name, held_by, "value") for name in policy.floors]
    missing = sorted({".".join(path) for path in paths if number(evidence.metrics, *path) is None})
    if evidence.champion_version is not None and evidence.champion is None:
        missing.append(f"the answers of champion version {evidence.champion_version}")
    if missing:
        return Check("evidence_complete", "fail", f"missing or not a number: {', '.join(missing)}")
    return Check("evidence_complete", "pass", "every score that the policy asks for was measured")


def _threshold(evidence: Evidence, metric: str, least: float) -> Callable[[], Check]:
    """Return the question whether one metric reaches its limit: its least value, or its most where less is better."""

    def question() -> Check:
        name, value = f"threshold_{metric}", number(evidence.metrics, "model", metric, "value")
        asked = "at least" if scoring.sign(metric) > 0 else "at most"
        if value is None:
            return Check(name, "not_run", f"{metric} was not measured; it must be {least:.3f} or better")
        passed = scoring.sign(metric) * (value - least) >= 0
        return Check(name, "pass" if passed else "fail", f"{metric} {value:.3f}, {asked} {least:.3f} asked")

    return question


def floor_metric(evidence: Evidence) -> str:
    """Return the metric by which floors are held: macro-F1 of labels, which no frequent label carries, else PRIMARY."""
    return "macro_f1" if target_of(evidence.metrics) == "label" else primary_of(evidence.metrics)


def _floor(evidence: Evidence, floor: str) -> Callable[[], Check]:
    """Return the question whether the candidate is better than a simple model on the same rows."""

    def question() -> Check:
        name, metric = f"floor_{floor}", floor_metric(evidence)
        model = number(evidence.metrics, "model", metric, "value")
        simple = number(evidence.metrics, "floors", floor, metric, "value")
        if model is None or simple is None:
            return Check(name, "not_run", f"{metric} of the model or of {floor} was not measured")
        p = number(evidence.metrics, "against", floor, "p")
        tested = "" if p is None else f" (paired test on {primary_of(evidence.metrics)}: {p_text(p)})"
        better = scoring.sign(metric) * (model - simple) > 0
        return Check(name, "pass" if better else "fail", f"{metric} {model:.3f}, {floor} {simple:.3f}{tested}")

    return question


def notes(evidence: Evidence, policy: ReleaseParams, rule: Rule) -> list[str]:
    """Say what this test split can show; empty where the evidence does not tell its size."""
    rows = number(evidence.metrics, "test_rows")
    if rows is None or rows < 1:
        return []
    against = evidence.champion
    if against is not None and against.gain is not None:
        return []
    if against is not None and rule.policy == "replace":
        return [_margin_note(against.recent or against, policy.replace.margin)]
    if against is None and _is_graded(evidence.metrics):
        return _graded_note(evidence.metrics)
    measured = (against.b + against.c) / rows if against else _discordance(evidence.metrics, rows)
    gain = policy.gain_of_interest
    power = paired_power(int(rows), gain, likely_discordance(gain, measured), policy.alpha)
    least = smallest_gain(int(rows), measured, policy.alpha)
    shown = f"{100 * least:.1f} points" if least is not None else "none up to 50 points"
    return [
        f"A true gain of {100 * gain:g} points would show on these {int(rows)} test rows with a chance of {power:.2f}.",
        f"The smallest gain that they show four times in five: {shown}.",
    ]


def _is_graded(metrics: Mapping[str, Any]) -> bool:
    """Tell whether rows are worth more than right or wrong: then comparisons name another test than McNemar's."""
    return any("test" in paired for paired in (metrics.get("against") or {}).values())


def _graded_note(metrics: Mapping[str, Any]) -> list[str]:
    """Say what gain these rows show, by how far the one over the first floor is known."""
    least = number(metrics, "smallest_gain")
    if least is None:
        return []
    shown = scoring.difference(primary_of(metrics), least).lstrip("+")
    return [f"The smallest gain that these rows show four times in five: about {shown}."]


def _margin_note(judged: ChampionAnswers | Recent, margin: float) -> str:
    """Say how small a loss the rows could rule out at best, and whether that is the margin that is asked."""
    best = best_margin(judged.rows)
    enough = "" if best < margin else f": too few for the margin of {100 * margin:g} points, whatever the model"
    return f"These {judged.rows} rows can rule out a loss of {100 * best:.1f} points or more, at best{enough}."


def _discordance(metrics: Mapping[str, Any], rows: float) -> float:
    """Return the share of rows that exactly one of model and first floor has right, 0 where it was not measured."""
    floor = next(iter(metrics.get("against") or {}), "")
    b, c = number(metrics, "against", floor, "b"), number(metrics, "against", floor, "c")
    return min(max(b + c, 0) / rows, 1.0) if b is not None and c is not None else 0.0
