"""Step release: champion and candidate on the same test rows, a decision with reasons, and aliases that follow it."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from retune.core import decision as gate
from retune.core.errors import GateError, UserError
from retune.core.fingerprint import sha256_of
from retune.core.frames import REAL, TEXT
from retune.core.params.release import ReleaseParams, ReplaceParams
from retune.core.recency import recent
from retune.core.rule import Cause, Rule, policy_sha256
from retune.core.run_report import ModelRow
from retune.core.statistics import Paired, compare
from retune.io import logged_model
from retune.io import rule as rules
from retune.io.dates import dates_of
from retune.io.evaluator import evaluator_sha256
from retune.io.files import read_frame, read_json, sha256_file, write_frame
from retune.io.mlflow_store import answering, default_uri
from retune.io.place import Place
from retune.io.registry import CHAMPION, KEPT, PROMOTED, REFUSED, Decision, Registry, Version, explained, person
from retune.io.tracking import FINGERPRINT, FINISHED, KIND, VERSION, Tracking
from retune.project import read_project

ANSWERS = {"example_id": TEXT, "prediction": TEXT, "confidence": REAL}  # ids and labels, no text
ANSWERS_FILE = "answers.parquet"
ANSWERS_KEY = "retune.answers"
COMPARISONS = (["champion_better"], ["champion_not_worse"])


@dataclass(frozen=True)
class Bench:
    """What a release works with: the model's files and the two clients."""

    place: Place
    tracking: Tracking
    registry: Registry
    evaluator: str

    @property
    def test(self) -> Path:
        """Return the test rows as they are now."""
        return self.place.model / "split" / "test.parquet"

    @property
    def metrics(self) -> dict[str, Any]:
        """Return the scores of the candidate."""
        scores: dict[str, Any] = read_json(self.place.model / "evaluate" / "metrics.json")
        return scores


def release(*, root: Path, model: str, params: ReleaseParams, cause: Cause, now: datetime) -> ModelRow:
    """Decide whether the model that dvc.lock describes becomes the champion, record why, and let the aliases follow.

    A candidate that only does not stand up to the champion leaves it in place; one that fails a threshold, a floor or a
    check of its evidence raises GateError. The same candidate on the same evidence under the same rule is decided once,
    and a version from which a person went back comes back by a person alone. `retune.core.rule` says which rule holds:
    a run that names drift as its cause is held to `after_drift` only where that drift is recorded.
    """
    bench = _bench(root, model)
    bench.registry.finish()
    candidate = _candidate(bench)
    champion = bench.registry.aliases().get(CHAMPION, "")
    if champion == candidate:
        return _row(bench, candidate, ["it is the champion already"])
    if not champion and bench.registry.last_move() is not None:
        todo = "Choose one: make promote VERSION=... REASON=..."
        raise UserError(expected=f"a champion of {model}", found="the alias is gone, or its version", todo=todo)
    back = bench.registry.rolled_back(candidate)
    if back is not None:
        return _row(bench, candidate, [_since(back, candidate)])
    bench.registry.challenge(candidate)
    rule = rules.holding(bench.tracking, bench.registry, params, cause, now)
    evidence = _evidence(bench, champion, rule, params.replace)
    verdict = gate.decide(evidence, params, rule)
    made = bench.registry.decide(_decision(verdict, evidence, params, candidate), once=True)
    _tag(bench, candidate, made, verdict)
    reasons = [rule.why] * bool(rule.why) + _said(verdict)
    if made.outcome == REFUSED:
        stays = [f"the champion stays version {champion}"] if champion else []
        raise GateError(f"release of {model}", [*reasons, *stays])
    return _row(bench, candidate, [*reasons, *_moved_on(bench, candidate, made), *verdict.notes])


def _bench(root: Path, model: str) -> Bench:
    """Return what a release works with."""
    project, uri = read_project(root), default_uri(root)
    experiment = project.tracking.experiment
    evaluator = evaluator_sha256(project.models[model].evaluate)
    return Bench(Place(root, model), Tracking(uri, experiment), Registry(uri, model, experiment), evaluator)


def _candidate(bench: Bench) -> str:
    """Return the number of the version that the training in dvc.lock became."""
    run = bench.tracking.find({KIND: "training", FINGERPRINT: bench.place.trained()}, FINISHED)
    number = run.data.tags.get(VERSION, "") if run is not None else ""
    if not number or bench.registry.version(number) is None:
        todo = "Run `make pipeline`: it registers the model first."
        raise UserError(expected=f"a registered version of {bench.place.name}", found="none", todo=todo)
    return str(number)


def _evidence(bench: Bench, champion: str, rule: Rule, params: ReplaceParams) -> gate.Evidence:
    """Return the candidate's scores and, where there is a champion, both models' answers to the same rows."""
    version = bench.registry.version(champion) if champion else None
    return gate.Evidence(
        metrics=bench.metrics,
        test_sha256=sha256_file(bench.test),
        evaluator_sha256=bench.evaluator,
        champion_version=champion or None,
        champion=_compared(bench, version, params if rule.policy == "replace" else None) if version else None,
    )


def _compared(bench: Bench, champion: Version, params: ReplaceParams | None) -> gate.ChampionAnswers:
    """Return how often only the champion and only the candidate is right; with `params` on the recent rows too."""
    test = read_frame(bench.test)[["example_id", "label"]]
    new = read_frame(bench.place.model / "evaluate" / "predictions.parquet")[["example_id", "prediction"]]
    old = champion_answers(bench, champion)[["example_id", "prediction"]]
    rows = test.merge(old, on="example_id").merge(new, on="example_id", suffixes=("_old", "_new"))
    paired = _paired(rows)
    return gate.ChampionAnswers(
        test_sha256=sha256_file(bench.test),
        evaluator_sha256=bench.evaluator,
        rows=len(rows),
        b=paired.b,
        c=paired.c,
        recent=_recent(bench, rows, params) if params else None,
    )


def _paired(rows: pd.DataFrame) -> Paired:
    """Compare the champion's answers with the candidate's."""
    return compare(rows["label"].tolist(), rows["prediction_old"].tolist(), rows["prediction_new"].tolist())


def _recent(bench: Bench, rows: pd.DataFrame, params: ReplaceParams) -> gate.Recent | None:
    """Compare them on the rows whose documents are recent; None where too few of them are."""
    dates = rows["example_id"].map(dates_of(bench.place)).fillna("")
    chosen, since = recent(dates, params.recent_days, params.recent_minimum_rows)
    if not since:
        return None
    paired = _paired(rows[chosen])
    return gate.Recent(since, paired.rows, paired.b, paired.c)


def champion_answers(bench: Bench, champion: Version) -> pd.DataFrame:
    """Return the champion's answers to the test rows [ANSWERS]: from the run that keeps them, else asked and kept."""
    asked = [bench.place.name, champion.number, champion.tags.get(FINGERPRINT), sha256_file(bench.test)]
    tags = {KIND: "answers", ANSWERS_KEY: sha256_of([*asked, bench.evaluator])}
    with tempfile.TemporaryDirectory(prefix="retune-champion-") as scratch:
        kept = bench.tracking.find(tags, FINISHED)
        if kept is not None:
            with answering(bench.tracking.uri):
                return read_frame(
                    Path(bench.tracking.client.download_artifacts(kept.info.run_id, ANSWERS_FILE, scratch))
                )
        answers = _asked(bench, champion, Path(scratch))
        run = bench.tracking.open_parent(f"{bench.place.name} version {champion.number} on the test rows", tags)
        write_frame(Path(scratch) / ANSWERS_FILE, answers, ANSWERS)
        bench.tracking.log_files(run, [Path(scratch) / ANSWERS_FILE])
        bench.tracking.close(run)
    return answers


def _asked(bench: Bench, champion: Version, scratch: Path) -> pd.DataFrame:
    """Let the champion answer the test rows; its weights are read, none of its code is opened."""
    from retune.modeling import answering as model_answering

    folder = logged_model.fetch(bench.tracking.uri, champion.source, scratch / "model") / "artifacts" / "model"
    predictor = model_answering.load(folder, read_json(folder / "retune_model.json")["base"])
    test = read_frame(bench.test)
    given = predictor.predict(test["text"].tolist())
    return pd.DataFrame(
        {
            "example_id": test["example_id"].tolist(),
            "prediction": given["prediction"].tolist(),
            "confidence": given["confidence"].tolist(),
        }
    )


def _decision(verdict: gate.Decision, evidence: gate.Evidence, params: ReleaseParams, candidate: str) -> Decision:
    """Return the decision as it is recorded; its evidence hash covers the settings and the rule that it followed."""
    policy = policy_sha256(params, verdict.rule)
    return Decision(
        outcome=outcome(verdict),
        before=evidence.champion_version or "",
        after=candidate,
        who=person(),
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
    only_compared = [check.name for check in broken] in COMPARISONS and broken[0].status == "fail"
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
    floors = {f"{floor} {name}": one for floor, scores in metrics["floors"].items() for name, one in scores.items()}
    tuning = [metrics["tuning"]] if metrics.get("tuning") else []
    tuning += [metrics["retention"]["line"]] if "retention" in metrics else []
    return ModelRow(
        model=bench.place.name,
        version=candidate,
        champion=champion,
        promoted=champion == candidate,
        reasons=(*reasons, *tuning),
        scores={**metrics["model"], **floors},
    )
