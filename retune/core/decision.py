"""Whether a candidate becomes the champion: every check is listed, and what could not be checked has not passed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from retune.core import safeguards
from retune.core.evidence import ChampionAnswers, Check, Evidence, Recent, not_asked, number
from retune.core.noise import spread
from retune.core.params.release import ReleaseParams
from retune.core.rule import Rule
from retune.core.statistics import (
    best_margin,
    gain_at_least,
    likely_discordance,
    mcnemar_exact,
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
        ("same_test_rows", lambda: same_test_rows(evidence)),
        ("same_evaluator", lambda: same_evaluator(evidence)),
        *((f"threshold_{name}", _threshold(evidence, name, least)) for name, least in policy.thresholds.items()),
        *((f"floor_{name}", _floor(evidence, name)) for name in policy.floors),
        ("champion_better", lambda: champion_better(evidence, policy, rule)),
        ("champion_not_worse", lambda: champion_not_worse(evidence, policy, rule)),
        ("noise", lambda: noise(evidence, policy, rule)),
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
    paths = [("test_rows",), ("model", "macro_f1", "value")]
    paths += [("model", name, "value") for name in policy.thresholds]
    paths += [("floors", name, "macro_f1", "value") for name in policy.floors]
    missing = sorted({".".join(path) for path in paths if number(evidence.metrics, *path) is None})
    if evidence.champion_version is not None and evidence.champion is None:
        missing.append(f"the answers of champion version {evidence.champion_version}")
    if missing:
        return Check("evidence_complete", "fail", f"missing or not a number: {', '.join(missing)}")
    return Check("evidence_complete", "pass", "every score that the policy asks for was measured")


def same_test_rows(evidence: Evidence) -> Check:
    """Check that candidate and champion answered the test split as it is now."""
    rows, champion = number(evidence.metrics, "test_rows"), evidence.champion
    if champion is not None and champion.rows != rows:
        return Check("same_test_rows", "fail", f"the candidate answered {rows} rows, the champion {champion.rows}")
    return _same("same_test_rows", "test_sha256", "the same test rows", evidence)


def same_evaluator(evidence: Evidence) -> Check:
    """Check that the evaluator that is installed now measured both."""
    return _same("same_evaluator", "evaluator_sha256", "by the same evaluator", evidence)


def _same(name: str, key: str, what: str, evidence: Evidence) -> Check:
    """Compare one hash of the candidate's and the champion's evidence with the one of today."""
    now = getattr(evidence, key)
    seen = {"candidate": evidence.metrics.get(key)}
    if evidence.champion is not None:
        seen["champion"] = getattr(evidence.champion, key)
    other = [f"{who} has {str(value)[:12] or 'none'}" for who, value in seen.items() if not value or value != now]
    if other:
        return Check(name, "fail", f"not {what}: now {now[:12]}, {', '.join(other)}; evaluate again")
    return Check(name, "pass", f"{' and '.join(seen)}: {what} ({now[:12]})")


def _threshold(evidence: Evidence, metric: str, least: float) -> Callable[[], Check]:
    """Return the question whether one metric reaches its least value."""

    def question() -> Check:
        name, value = f"threshold_{metric}", number(evidence.metrics, "model", metric, "value")
        if value is None:
            return Check(name, "not_run", f"{metric} was not measured; it must be {least:.3f} or better")
        return Check(name, "pass" if value >= least else "fail", f"{metric} {value:.3f}, at least {least:.3f} asked")

    return question


def _floor(evidence: Evidence, floor: str) -> Callable[[], Check]:
    """Return the question whether the candidate's macro-F1 exceeds that of a simple model on the same rows."""

    def question() -> Check:
        name = f"floor_{floor}"
        model = number(evidence.metrics, "model", "macro_f1", "value")
        simple = number(evidence.metrics, "floors", floor, "macro_f1", "value")
        if model is None or simple is None:
            return Check(name, "not_run", f"macro_f1 of the model or of {floor} was not measured")
        p = number(evidence.metrics, "against", floor, "p")
        tested = "" if p is None else f" (paired test on accuracy: {p_text(p)})"
        return Check(name, "pass" if model > simple else "fail", f"macro_f1 {model:.3f}, {floor} {simple:.3f}{tested}")

    return question


def champion_better(evidence: Evidence, policy: ReleaseParams, rule: Rule) -> Check:
    """Check that the paired test on the same rows says the candidate is better than the champion."""
    name = "champion_better"
    champion = _comparable(name, evidence, asked=rule.policy == "improve")
    if isinstance(champion, Check):
        return champion
    p = mcnemar_exact(champion.b, champion.c)
    more = champion.c > champion.b
    # A loss that the test shows has a small p too: what is asked is said so that it is not read as passed.
    asked = f"asked below {policy.alpha:g}" if more else "more won than lost are asked"
    return Check(
        name,
        "pass" if more and p < policy.alpha else "fail",
        f"against version {evidence.champion_version} on {champion.rows} rows: {champion.c} won, {champion.b} lost, "
        f"exact McNemar {p_text(p)}, {asked}",
    )


def champion_not_worse(evidence: Evidence, policy: ReleaseParams, rule: Rule) -> Check:
    """Check that the candidate loses less than the margin: the lower bound of its paired gain, on the recent rows."""
    name = "champion_not_worse"
    champion = _comparable(name, evidence, asked=rule.policy == "replace")
    if isinstance(champion, Check):
        return champion
    judged, least = champion.recent or champion, -policy.replace.margin
    bound = gain_at_least(judged.b, judged.c, judged.rows)
    rows = f"{judged.rows} rows" + (f" since {champion.recent.since}" if champion.recent else "")
    return Check(
        name,
        "pass" if bound > least else "fail",
        f"against version {evidence.champion_version} on {rows}: {judged.c} won, {judged.b} lost, the gain is at least "
        f"{100 * bound:+.1f} points (one-sided 95 %), asked above {100 * least:+.1f}",
    )


def noise(evidence: Evidence, policy: ReleaseParams, rule: Rule) -> Check:
    """Check that the gain over the champion is more than trainings differ by that differ by their seed alone.

    Where the policy is to replace, it is the loss that must be less than the margin, whatever the seed.
    """
    if not policy.noise:
        return not_asked("noise", "noise")
    champion, seeds = _comparable("noise", evidence, asked=True), evidence.seeds
    if isinstance(champion, Check):
        return champion
    own = number(evidence.metrics, "model", "accuracy", "value")
    if own is None or seeds is None or seeds.test_sha256 != evidence.test_sha256:
        return Check("noise", "not_run", "no trainings with other seeds answered these rows (rehearse.seeds)")
    found = spread([own, *seeds.accuracies], own - (champion.c - champion.b) / champion.rows, champion.rows)
    least = -policy.replace.margin if rule.policy == "replace" else 0.0
    verdict = found.against(least)
    said = f"{found.trainings} seeds gain {100 * found.gain:+.1f} points in the mean, asked above {100 * least:+.1f}; "
    said += f"by its seed alone a training moves up to {100 * found.floor:.1f}"
    if verdict == "uncertain":
        still = "still uncertain with further seeds" if seeds.further else "uncertain"
        return Check("noise", "fail", f"{still}: {said}", uncertain=not seeds.further)
    return Check("noise", "pass" if verdict == "shown" else "fail", said)


def _comparable(name: str, evidence: Evidence, *, asked: bool) -> ChampionAnswers | Check:
    """Return the champion's answers, or the check that says why there is nothing to compare."""
    version, champion = evidence.champion_version, evidence.champion
    if version is None:
        return Check(name, "not_run", "there is no champion yet: thresholds and floors decide", blocking=False)
    if not asked:
        return Check(name, "not_run", "the policy that holds does not ask for it", blocking=False)
    if champion is None:
        return Check(name, "not_run", f"champion version {version} has no answers on these rows")
    if "fail" in (same_test_rows(evidence).status, same_evaluator(evidence).status):
        return Check(name, "not_run", "the answers are not comparable")
    for counts in (champion, champion.recent or champion):
        if not 0 <= counts.b + counts.c <= counts.rows <= champion.rows or min(counts.b, counts.c) < 0:
            raise ValueError(f"{counts.b} + {counts.c} of {counts.rows} rows")
    return champion


def notes(evidence: Evidence, policy: ReleaseParams, rule: Rule) -> list[str]:
    """Say what this test split can show; empty where the evidence does not tell its size."""
    rows = number(evidence.metrics, "test_rows")
    if rows is None or rows < 1:
        return []
    against = evidence.champion
    if against is not None and rule.policy == "replace":
        return [_margin_note(against.recent or against, policy.replace.margin)]
    measured = (against.b + against.c) / rows if against else _discordance(evidence.metrics, rows)
    gain = policy.gain_of_interest
    power = paired_power(int(rows), gain, likely_discordance(gain, measured), policy.alpha)
    least = smallest_gain(int(rows), measured, policy.alpha)
    shown = f"{100 * least:.1f} points" if least is not None else "none up to 50 points"
    return [
        f"A true gain of {100 * gain:g} points would show on these {int(rows)} test rows with a chance of {power:.2f}.",
        f"The smallest gain that they show four times in five: {shown}.",
    ]


def _margin_note(judged: ChampionAnswers | Recent, margin: float) -> str:
    """Say how small a loss the rows could rule out at best, and whether that is the margin that is asked."""
    best = best_margin(judged.rows)
    enough = "" if best < margin else f": too few for the margin of {100 * margin:g} points, whatever the model"
    return f"These {judged.rows} rows can rule out a loss of {100 * best:.1f} points or more, at best{enough}."


def _discordance(metrics: Mapping[str, Any], rows: float) -> float:
    """Return the share of rows that exactly one of model and probe has right, 0 where it was not measured."""
    b, c = number(metrics, "against", "probe", "b"), number(metrics, "against", "probe", "c")
    return min(max(b + c, 0) / rows, 1.0) if b is not None and c is not None else 0.0
