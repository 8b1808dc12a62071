"""Champion and candidate on the same rows: the evidence of a release, from files, from MLflow, from the champion."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

import retune
from retune import judging, questions, rehearsal
from retune.core import evaluation, parts, scoring, triggers
from retune.core.evaluation import TaskType
from retune.core.evidence import ChampionAnswers, Evidence, Gain, Inserted, Recent
from retune.core.fingerprint import sha256_of
from retune.core.noise import Seeds
from retune.core.params.release import ReplaceParams
from retune.core.params.train import TrainParams
from retune.core.recency import recent
from retune.core.rule import Rule
from retune.core.scoring import Asked, Given
from retune.io import freshness, logged_model
from retune.io.dates import dates_of
from retune.io.evaluator import evaluator_sha256
from retune.io.files import read_frame, read_json, sha256_file, write_frame, write_json
from retune.io.mlflow_store import answering, default_uri
from retune.io.place import Place
from retune.io.registry import Registry, Version
from retune.io.tracking import FINGERPRINT, FINISHED, Tracking
from retune.io.version_report import ANSWERS_FILE, answers_tags, folder_of_answers, kept_in
from retune.modeling.keys import TrainingInputs
from retune.project import ModelParams, read_project

if TYPE_CHECKING:
    from retune.modeling.predictor import Predictor

TRIGGERS_FILE = "triggers.json"
ANSWERS_KEY = "retune.answers"


@dataclass(frozen=True)
class Bench:
    """What a release works with: the model's settings, its files, and the two clients."""

    settings: ModelParams
    place: Place
    tracking: Tracking
    registry: Registry
    evaluator: str

    @property
    def test(self) -> Path:
        """Return the test rows as they are now."""
        return self.place.model / "split" / "test.parquet"

    @property
    def kind(self) -> TaskType:
        """Return what the task type says of its scores."""
        return questions.kind_of(parts.find("retune.modeling.task_types", self.settings.task_type))

    @property
    def metrics(self) -> dict[str, Any]:
        """Return the scores of the candidate."""
        scores: dict[str, Any] = read_json(self.place.model / "evaluate" / "metrics.json")
        return scores


@dataclass(frozen=True)
class Answers:
    """What a version answers to the test rows [example_id, prediction, confidence and what `evaluation.columns` adds],
    and how often inserted tokens change its answers.
    """

    rows: pd.DataFrame
    triggers: Inserted | None  # None: tokens turn labels alone


def bench_of(root: Path, model: str) -> Bench:
    """Return what a release of a model works with."""
    project, uri = read_project(root), default_uri(root)
    experiment, settings = project.tracking.experiment, project.models[model]
    evaluator = evaluator_sha256(settings.evaluate)
    return Bench(settings, Place(root, model), Tracking(uri, experiment), Registry(uri, model, experiment), evaluator)


def gathered(bench: Bench, champion: str, rule: Rule, params: ReplaceParams) -> Evidence:
    """Return the candidate's scores and, where there is a champion, both models' answers to the same rows."""
    version = bench.registry.version(champion) if champion else None
    seeds, memorised = rehearsed(bench)
    return Evidence(
        metrics=bench.metrics,
        test_sha256=sha256_file(bench.test),
        evaluator_sha256=bench.evaluator,
        champion_version=champion or None,
        champion=_compared(bench, version, params if rule.policy == "replace" else None) if version else None,
        outdated=freshness.outdated(bench.place),
        seeds=seeds,
        memorised=memorised,
    )


def rehearsed(bench: Bench) -> tuple[Seeds | None, dict[str, Any] | None]:
    """Return what the trainings beside this one say; nothing where there were none, or they were of another one."""
    folder = bench.place.model / "rehearse"
    if not (folder / "rehearse.json").is_file():
        return None, None
    found = read_json(folder / "rehearse.json")
    if found["facts_sha256"] != sha256_file(bench.place.model / "train" / "facts.json"):
        return None, None
    seeds = _seeds(bench, read_frame(folder / "answers.parquet"), found["test_sha256"]) if found["seeds"] else None
    return seeds, found["memorised"]


def _seeds(bench: Bench, answers: pd.DataFrame, test_sha256: str) -> Seeds:
    """Return the score of each training on the test rows, by the metric that models are compared by.

    A row without an answer counts as wrong.
    """
    test, kind = read_frame(bench.test), bench.kind
    scores = []
    for _, of_seed in answers.groupby("seed"):
        rows = test.merge(of_seed, on="example_id", how="left").fillna({"prediction": ""})
        at = scoring.score(_asked_of(kind, rows), evaluation.given(rows), kind.primary, bench.settings.evaluate.seed)
        scores.append(math.nan if at is None else at.value)
    return Seeds(test_sha256, len(test), tuple(scores))


def _asked_of(kind: TaskType, rows: pd.DataFrame) -> Asked:
    """Return rows [text, label] as a metric is asked about them."""
    return Asked(kind.target, rows["text"].tolist(), rows["label"].tolist())


def with_further_seeds(bench: Bench, evidence: Evidence) -> Evidence:
    """Return the evidence with as many further seeds as the settings allow, each trained now or found in the cache."""
    known, count = evidence.seeds, bench.settings.rehearse.further_seeds
    if known is None or count == 0:
        return evidence
    folder, code = bench.place.model, Path(retune.__file__).parent / "modeling"
    inputs = TrainingInputs(
        train=folder / "split" / "train.parquet",
        validation=folder / "split" / "validation.parquet",
        base=bench.place.base,
        task_type=code / "task_types" / f"{bench.settings.task_type}.py",
        family=code / "families" / f"{bench.settings.family}.py",
        method=code / "methods" / f"{bench.settings.method}.py",
    )
    params = TrainParams.model_validate(read_json(folder / "train" / "facts.json")["settings"])
    seeds = rehearsal.seeds_after(params, count, done=len(known.scores))
    more = _seeds(bench, rehearsal.answered(inputs, params, seeds, read_frame(bench.test)), known.test_sha256)
    return replace(evidence, seeds=replace(known, scores=known.scores + more.scores, further=True))


def _compared(bench: Bench, champion: Version, params: ReplaceParams | None) -> ChampionAnswers:
    """Return how often only the champion and only the candidate is right; with `params` on the recent rows too."""
    kind, old = bench.kind, champion_answers(bench, champion)
    new = read_frame(bench.place.model / "evaluate" / "predictions.parquet").drop(columns="label")
    rows = read_frame(bench.test)
    rows = rows[rows["example_id"].isin(old.rows["example_id"]) & rows["example_id"].isin(new["example_id"])]
    before, now = (evaluation.given(rows.merge(answers, on="example_id")) for answers in (old.rows, new))
    contest = Contest(_asked_of(kind, rows), before, now, kind.primary, bench.settings.evaluate.seed)
    paired = contest.paired()
    score = scoring.score(contest.asked, before, kind.primary, contest.seed)
    return ChampionAnswers(
        test_sha256=sha256_file(bench.test),
        evaluator_sha256=bench.evaluator,
        rows=len(rows),
        b=paired["b"],
        c=paired["c"],
        recent=_recent(bench, contest, rows, params) if params else None,
        triggers=old.triggers,
        gain=_gain(paired),
        score=score.value if score is not None else None,
        judged=_judged(bench, rows, before, now),
    )


def _judged(bench: Bench, rows: pd.DataFrame, before: Given, now: Given) -> dict[str, Any] | None:
    """Return what the judge says of both, where the policy asks one."""
    policy, seed = bench.settings.release, bench.settings.evaluate.seed
    if policy.judge is None:
        return None
    return judging.judged(rows, before.predictions, now.predictions, policy.judge, policy.alpha, seed)


@dataclass(frozen=True)
class Contest:
    """The champion's answers and the candidate's to the same rows, and the metric by which they are compared."""

    asked: Asked
    before: Given
    now: Given
    primary: str
    seed: int

    def paired(self, places: Sequence[int] | None = None) -> dict[str, Any]:
        """Compare them, on some of the rows where places are given; raises ValueError where the metric cannot tell."""
        sides = (self.asked, self.before, self.now)
        asked, before, now = sides if places is None else (side.at(places) for side in sides)
        found = scoring.compare(asked, before, now, self.primary, self.seed)  # type: ignore[arg-type] # in their order
        if found is None:
            raise ValueError(f"{self.primary} was not measured of both models")
        return found


def _gain(paired: dict[str, Any]) -> Gain | None:
    """Return what a comparison says beyond its counts; None where they say it all."""
    return Gain(paired["test"], paired["p"], paired["gain"], paired["at_least"]) if "test" in paired else None


def _recent(bench: Bench, contest: Contest, rows: pd.DataFrame, params: ReplaceParams) -> Recent | None:
    """Compare them on the rows whose documents are recent; None where too few of them are."""
    dates = rows["example_id"].map(dates_of(bench.place)).fillna("")
    chosen, since = recent(dates, params.recent_days, params.recent_minimum_rows)
    if not since:
        return None
    paired = contest.paired([place for place, taken in enumerate(chosen) if taken])
    return Recent(since, paired["rows"], paired["b"], paired["c"], _gain(paired))


def champion_answers(bench: Bench, champion: Version) -> Answers:
    """Return the champion's answers: from the run that keeps them, else asked and kept."""
    rows = [sha256_file(bench.place.model / "split" / f"{side}.parquet") for side in ("test", "train")]
    asked = [bench.place.name, champion.number, champion.tags.get(FINGERPRINT), *rows, bench.evaluator]
    tags = {**answers_tags(bench.place.name, champion.number, rows[0]), ANSWERS_KEY: sha256_of(asked)}
    with tempfile.TemporaryDirectory(prefix="retune-champion-") as scratch:
        kept = bench.tracking.find(tags, FINISHED)
        if kept is not None:
            return _kept(bench, kept.info.run_id, scratch)
        answers = _asked(bench, champion, Path(scratch))
        run = bench.tracking.open_parent(f"{bench.place.name} version {champion.number} on the test rows", tags)
        columns = evaluation.columns(questions.alone(bench.kind), answers.rows)
        write_frame(
            Path(scratch) / ANSWERS_FILE,
            answers.rows,
            {name: columns[name] for name in answers.rows.columns.astype("str")},
        )
        bench.tracking.log_files(run, [Path(scratch) / ANSWERS_FILE], folder_of_answers(bench.kind.target))
        if answers.triggers is not None:
            write_json(Path(scratch) / TRIGGERS_FILE, asdict(answers.triggers))
            bench.tracking.log_files(run, [Path(scratch) / TRIGGERS_FILE])
        bench.tracking.close(run)
    return answers


def _kept(bench: Bench, run_id: str, scratch: str) -> Answers:
    """Return the answers that a run keeps."""
    rows = kept_in(bench.tracking, run_id, Path(scratch))
    if bench.kind.target != "label":
        return Answers(rows, None)
    with answering(bench.tracking.uri):
        counts = Path(bench.tracking.client.download_artifacts(run_id, TRIGGERS_FILE, scratch))
    return Answers(rows, Inserted(**read_json(counts)))


def _asked(bench: Bench, champion: Version, scratch: Path) -> Answers:
    """Let the champion answer the test rows; its weights are read, none of its code is opened."""
    from retune.modeling import answering as model_answering

    folder = logged_model.fetch(bench.tracking.uri, champion.source, scratch / "model") / "artifacts" / "model"
    predictor = model_answering.load(folder, read_json(folder / "retune_model.json")["base"])
    test = read_frame(bench.test)
    rows, _ = questions.answered(questions.remembering(predictor), questions.alone(bench.kind), test, test)
    inserted = _inserted(bench, predictor, test) if bench.kind.target == "label" else None
    return Answers(rows.drop(columns="label"), inserted)


def _inserted(bench: Bench, predictor: Predictor, test: pd.DataFrame) -> Inserted:
    """Ask a model with the tokens in the texts with which the candidate was asked."""
    settings = bench.settings.evaluate
    learnt = read_frame(bench.place.model / "split" / "train.parquet")
    asked = triggers.questions(learnt, test, settings.triggers, settings.seed)
    given = predictor.predict([*asked.texts, *asked.perturbed])["prediction"].tolist()
    found = triggers.report(asked, given[: len(asked.texts)], given[len(asked.texts) :])
    return Inserted(found["texts"], found["asked"], found["changed"])
