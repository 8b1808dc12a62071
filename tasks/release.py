"""Step release: champion and candidate on the same test rows, a decision with reasons, and aliases that follow it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from retune.comparison import Bench, bench_of, gathered, with_further_seeds
from retune.core import decision as gate
from retune.core.errors import GateError, UserError
from retune.core.evidence import Evidence
from retune.core.fingerprint import sha256_of
from retune.core.params.release import ReleaseParams
from retune.core.rule import Cause, Rule, policy_sha256
from retune.core.run_report import ModelRow
from retune.io import promotion
from retune.io import rule as rules
from retune.io.approval import whoami
from retune.io.registry import CHAMPION, KEPT, PROMOTED, REFUSED, WITHDRAWN, Decision, explained
from retune.io.tracking import FINGERPRINT, FINISHED, KIND, VERSION

COMPARISONS = {"champion_better", "champion_not_worse", "noise"}


def release(*, root: Path, model: str, params: ReleaseParams, cause: Cause, now: datetime) -> ModelRow:
    """Decide whether the model that dvc.lock describes becomes the champion, record why, and let the aliases follow.

    A candidate that only does not stand up to the champion leaves it in place; one that fails a threshold, a floor or a
    check of its evidence raises GateError; one that a person has to approve first, WaitingError. The same candidate on
    the same evidence under the same rule is decided once, and a version from which a person went back comes back by a
    person alone. `retune.core.rule` says which rule holds:
    a run that names drift as its cause is held to `after_drift` only where that drift is recorded.
    """
    bench = bench_of(root, model)
    bench.registry.finish()
    candidate = _candidate(bench)
    champion = bench.registry.aliases().get(CHAMPION, "")
    if champion == candidate:
        return _row(bench, candidate, ["it is the champion already"])
    last = bench.registry.last_move()
    if not champion and last is not None and last.after:  # a deletion that leaves none is followed by a new one
        todo = "Choose one: make promote VERSION=... REASON=..."
        raise UserError(expected=f"a champion of {model}", found="the alias is gone, or its version", todo=todo)
    if _withdrawn(bench, candidate):
        return _row(bench, candidate, [f"it was withdrawn: {_withdrawn(bench, candidate)}"])
    back = bench.registry.rolled_back(candidate)
    if back is not None:
        return _row(bench, candidate, [_since(back, candidate)])
    bench.registry.challenge(candidate)
    rule = rules.holding(bench.tracking, bench.registry, params, cause, now)
    evidence, verdict = _judged(bench, champion, rule, params)
    decision = _decision(verdict, evidence, params, candidate, whoami(bench.registry.uri).name)
    made, waiting = promotion.settle(bench.registry, decision, params.approval, now)
    _tag(bench, candidate, made, verdict)
    if waiting is not None:
        raise waiting
    reasons = [rule.why] * bool(rule.why) + _said(verdict)
    if made.outcome == REFUSED:
        stays = [f"the champion stays version {champion}"] if champion else []
        raise GateError(f"release of {model}", [*reasons, *stays])
    return _row(bench, candidate, [*reasons, *_moved_on(bench, candidate, made), *verdict.notes])


def _candidate(bench: Bench) -> str:
    """Return the number of the version that the training in dvc.lock became."""
    run = bench.tracking.find({KIND: "training", FINGERPRINT: bench.place.trained()}, FINISHED)
    number = run.data.tags.get(VERSION, "") if run is not None else ""
    if not number or bench.registry.version(number) is None:
        todo = "Run `make pipeline`: it registers the model first."
        raise UserError(expected=f"a registered version of {bench.place.name}", found="none", todo=todo)
    return str(number)


def _withdrawn(bench: Bench, candidate: str) -> str:
    """Return why a version was withdrawn, empty where it was not."""
    version = bench.registry.version(candidate)
    return version.tags.get(WITHDRAWN, "") if version is not None else ""


def _judged(bench: Bench, champion: str, rule: Rule, params: ReleaseParams) -> tuple[Evidence, gate.Decision]:
    """Return the evidence and what follows from it; a gain that seeds may explain is looked at with further ones."""
    evidence = gathered(bench, champion, rule, params.replace)
    verdict = gate.decide(evidence, params, rule)
    if not verdict.uncertain:
        return evidence, verdict
    evidence = with_further_seeds(bench, evidence)
    return evidence, gate.decide(evidence, params, rule)


def _decision(verdict: gate.Decision, evidence: Evidence, params: ReleaseParams, candidate: str, who: str) -> Decision:
    """Return the decision as it is recorded; its evidence hash covers the settings and the rule that it followed."""
    policy = policy_sha256(params, verdict.rule)
    return Decision(
        outcome=outcome(verdict),
        before=evidence.champion_version or "",
        after=candidate,
        who=who,
        why=explained(verdict.reasons),
        evidence_sha256=sha256_of([asdict(evidence), policy]),
        policy_sha256=policy,
        details=verdict.as_dict(),
    )


def outcome(verdict: gate.Decision) -> str:
    """Return promoted, kept (sound, but the comparison does not stand up to the champion) or refused (a gate's no)."""
    if verdict.promote:
        return PROMOTED
    broken = [check for check in verdict.checks if check.blocking and check.status != "pass"]
    only_compared = all(check.name in COMPARISONS and check.status == "fail" for check in broken)
    return KEPT if only_compared else REFUSED


def _tag(bench: Bench, candidate: str, made: Decision, verdict: gate.Decision) -> None:
    """Put the decision and every check on the version."""
    checks = {f"retune.check.{check.name}": f"{check.status}: {check.detail}" for check in verdict.checks}
    said = {"retune.decision": made.outcome, "retune.reasons": made.why, "retune.decision_run": made.run_id}
    bench.registry.tag(candidate, {**said, **checks})


def _said(verdict: gate.Decision) -> list[str]:
    """Return why not, or what passed."""
    return verdict.reasons or [f"{check.name}: {check.detail}" for check in verdict.checks if check.status == "pass"]


def _moved_on(bench: Bench, candidate: str, made: Decision) -> list[str]:
    """Say why a version that was promoted on this evidence is not the champion: a person moved on."""
    last = bench.registry.last_move()
    if made.outcome != PROMOTED or last is None or last.after == candidate:
        return []
    return [_since(last, candidate)]


def _since(last: Decision, candidate: str) -> str:
    """Say who left a version that was promoted before, and how it comes back."""
    since = f"it was promoted before; since then {last.who} made version {last.after} champion: {last.why}"
    return f"{since}. To go back to it: make promote VERSION={candidate} REASON=..."


def _row(bench: Bench, candidate: str, reasons: list[str]) -> ModelRow:
    """Return what the summary shows of a model."""
    metrics, champion = bench.metrics, bench.registry.aliases().get(CHAMPION, "")
    asked = bench.settings.release.thresholds  # the page has all scores
    sides = {"": metrics["model"], **metrics["floors"]}
    scores = {f"{side} {name}".strip(): one for side, of in sides.items() for name, one in of.items() if name in asked}
    tuning = [metrics["tuning"]] if metrics.get("tuning") else []
    tuning += [metrics["retention"]["line"]] if "retention" in metrics else []
    return ModelRow(
        model=bench.place.name,
        version=candidate,
        champion=champion,
        promoted=champion == candidate,
        reasons=(*reasons, *tuning),
        scores=scores,
    )
