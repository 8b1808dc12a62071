"""The candidate beside the champion: on the same rows, by the paired test, and beyond what seeds alone explain."""

from __future__ import annotations

from retune.core import scoring
from retune.core.evidence import ChampionAnswers, Check, Evidence, Gain, not_asked, number, primary_of
from retune.core.noise import spread
from retune.core.params.release import ReleaseParams
from retune.core.rule import Rule
from retune.core.statistics import gain_at_least, mcnemar_exact, p_text


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


def champion_better(evidence: Evidence, policy: ReleaseParams, rule: Rule) -> Check:
    """Check that the paired test on the same rows says the candidate is better than the champion."""
    name = "champion_better"
    champion = _comparable(name, evidence, asked=rule.policy == "improve")
    if isinstance(champion, Check):
        return champion
    gain = champion.gain
    p = gain.p if gain is not None else mcnemar_exact(champion.b, champion.c)
    more = gain.mean > 0 if gain is not None else champion.c > champion.b
    # A loss that the test shows has a small p too: what is asked is said so that it is not read as passed.
    asked = f"asked below {policy.alpha:g}" if more else "more won than lost are asked"
    if gain is not None and not more:
        asked = "a gain is asked"
    by = f"{_moved(evidence, gain)}{gain.test}" if gain is not None else "exact McNemar"
    return Check(
        name,
        "pass" if more and p < policy.alpha else "fail",
        f"against version {evidence.champion_version} on {champion.rows} rows: {champion.c} won, {champion.b} lost, "
        f"{by} {p_text(p)}, {asked}",
    )


def _moved(evidence: Evidence, gain: Gain) -> str:
    """Return by how much the score changed, before the test that says whether that is chance."""
    primary = primary_of(evidence.metrics)
    return f"{primary} {scoring.difference(primary, gain.mean)}, "


def champion_not_worse(evidence: Evidence, policy: ReleaseParams, rule: Rule) -> Check:
    """Check that the candidate loses less than the margin: the lower bound of its paired gain, on the recent rows."""
    name = "champion_not_worse"
    champion = _comparable(name, evidence, asked=rule.policy == "replace")
    if isinstance(champion, Check):
        return champion
    judged, least, primary = champion.recent or champion, -policy.replace.margin, primary_of(evidence.metrics)
    gain = judged.gain
    bound = gain.at_least if gain is not None else gain_at_least(judged.b, judged.c, judged.rows)
    rows = f"{judged.rows} rows" + (f" since {champion.recent.since}" if champion.recent else "")
    return Check(
        name,
        "pass" if bound > least else "fail",
        f"against version {evidence.champion_version} on {rows}: {judged.c} won, {judged.b} lost, the gain is at least "
        f"{scoring.difference(primary, bound)} (one-sided 95 %), asked above {_amount(primary, least)}",
    )


def _amount(primary: str, gain: float) -> str:
    """Return a gain without its unit, which was said before."""
    return f"{100 * gain:+.1f}" if scoring.is_share(primary) else f"{gain:+.3g}"


def noise(evidence: Evidence, policy: ReleaseParams, rule: Rule) -> Check:
    """Check that the gain over the champion is more than trainings differ by that differ by their seed alone.

    Where the policy is to replace, it is the loss that must be less than the margin, whatever the seed.
    """
    if not policy.noise:
        return not_asked("noise", "noise")
    champion, seeds = _comparable("noise", evidence, asked=True), evidence.seeds
    if isinstance(champion, Check):
        return champion
    primary = primary_of(evidence.metrics)
    own, sign = number(evidence.metrics, "model", primary, "value"), scoring.sign(primary)
    if own is None or seeds is None or seeds.test_sha256 != evidence.test_sha256:
        return Check("noise", "not_run", "no trainings with other seeds answered these rows (rehearse.seeds)")
    theirs = own - (champion.c - champion.b) / champion.rows if champion.score is None else champion.score
    found = spread([sign * score for score in (own, *seeds.scores)], sign * theirs, champion.rows)
    least = -policy.replace.margin if rule.policy == "replace" else 0.0
    verdict = found.against(least)
    gain, asked, floor = scoring.difference(primary, found.gain), _amount(primary, least), _amount(primary, found.floor)
    said = f"{found.trainings} seeds gain {gain} in the mean, asked above {asked}; "
    said += f"by its seed alone a training moves up to {floor.lstrip('+')}"
    if verdict == "uncertain":
        still = "still uncertain with further seeds" if seeds.further else "uncertain"
        return Check("noise", "fail", f"{still}: {said}", uncertain=not seeds.further)
    return Check("noise", "pass" if verdict == "shown" else "fail", said)


def judge(evidence: Evidence, policy: ReleaseParams) -> Check:
    """Check that a judge does not find the candidate's answers worse than the champion's; no evidence is no pass."""
    if policy.judge is None:
        return not_asked("judge", "judge")
    champion = _comparable("judge", evidence, asked=True)
    if isinstance(champion, Check):
        return champion
    if champion.judged is None:
        return Check("judge", "not_run", "the answers were not judged")
    outcome, reason = (str(champion.judged[key]) for key in ("outcome", "reason"))
    passed = outcome in ("better", "tie")
    return Check("judge", "pass" if passed else "fail", f"{champion.judged['judge']} says {outcome}: {reason}")


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
