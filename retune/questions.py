"""What a model is asked beside its test rows: changed texts, planted words, rows that it learnt from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import numpy as np
import pandas as pd

from retune.core import behaviour as behaving
from retune.core import calibration, evaluation, learning_curve, membership, parts, scoring, triggers
from retune.core.behaviour import Answer
from retune.core.evaluation import TaskType
from retune.core.hosted_scores import shown
from retune.core.params.evaluate import EvaluateParams
from retune.core.resampling import Documents
from retune.io import behaviour as behaviour_file
from retune.io.files import sha256_file
from retune.modeling import curve as curves
from retune.modeling.probe import Floats, Probe

NOT_RIGHT = ("text", "nothing")  # answers that are hardly ever the very text that was asked for


class Answering(Protocol):
    """What every model can be asked."""

    def predict(self, texts: Sequence[str], contexts: Sequence[str] | None = None) -> pd.DataFrame:
        """Return prediction and confidence of each text."""

    def losses(self, rows: pd.DataFrame) -> tuple[Floats, Floats]:
        """Return what the label of each row costs in nats, and of how many tokens."""


class Labelling(Answering, Protocol):
    """What a model of labels can be asked besides."""

    @property
    def labels(self) -> list[str]:
        """Return the labels in the order of the logits' columns."""

    @property
    def temperature(self) -> float:
        """Return by what the logits are divided."""

    @property
    def probe(self) -> Probe:
        """Return the probe on the base's vectors."""

    def logits(self, texts: Sequence[str]) -> Floats:
        """Return the logits [texts, labels]."""

    def vectors(self, texts: Sequence[str]) -> Floats:
        """Return the vectors [texts, width] of the base as it was before tuning."""

    def answers(self, logits: Floats, *, calibrated: bool = True) -> pd.DataFrame:
        """Return prediction and confidence for logits [texts, labels]."""


class Remembering:
    """A model of labels that is asked nothing twice."""

    def __init__(self, model: Labelling) -> None:
        self.model = model
        self.known: dict[str, dict[str, Floats]] = {"logits": {}, "vectors": {}}

    @property
    def labels(self) -> list[str]:
        """Return the labels in the order of the logits' columns."""
        return self.model.labels

    @property
    def temperature(self) -> float:
        """Return by what the logits are divided."""
        return self.model.temperature

    @property
    def probe(self) -> Probe:
        """Return the probe on the base's vectors."""
        return self.model.probe

    def predict(self, texts: Sequence[str], contexts: Sequence[str] | None = None) -> pd.DataFrame:  # noqa: ARG002
        """Return prediction and confidence of each text."""
        return self.answers(self.logits(texts))

    def losses(self, rows: pd.DataFrame) -> tuple[Floats, Floats]:
        """Return what the label of each row costs in nats, and of how many tokens."""
        return self.model.losses(rows)

    def probe_predict(self, texts: Sequence[str]) -> pd.DataFrame:
        """Return prediction and confidence of the probe."""
        return self.answers(self.probe.logits(self.vectors(texts)), calibrated=False)

    def answers(self, logits: Floats, *, calibrated: bool = True) -> pd.DataFrame:
        """Return prediction and confidence for logits [texts, labels]."""
        return self.model.answers(logits, calibrated=calibrated)

    def logits(self, texts: Sequence[str]) -> Floats:
        """Return the logits [texts, labels]."""
        return self._asked("logits", texts, len(self.labels))

    def vectors(self, texts: Sequence[str]) -> Floats:
        """Return the vectors [texts, width] of the base as it was before tuning."""
        return self._asked("vectors", texts, self.probe.weight.shape[1])

    def _asked(self, what: str, texts: Sequence[str], width: int) -> Floats:
        """Return what is known of each text, and ask for what is not."""
        known = self.known[what]
        new = sorted(set(texts) - set(known))
        if new:
            known.update(zip(new, getattr(self.model, what)(new), strict=True))
        return np.array([known[text] for text in texts], dtype=np.float32).reshape(len(texts), width)


class Beside:
    """A model whose untuned self is loaded once."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.before: Any = None

    def __getattr__(self, name: str) -> Any:
        """Return what the model itself has."""
        return getattr(self.model, name)

    def untuned(self) -> Any:
        """Return the base as it was before it was tuned."""
        if self.before is None:
            self.before = self.model.untuned()
        return self.before


def remembering(model: Any) -> Any:
    """Return a model that is asked nothing twice where it has labels or remembers by itself; any other as it is.

    The untuned self of a model is loaded once.
    """
    if hasattr(model, "remembering"):
        return model.remembering()
    if hasattr(model, "logits"):
        return Remembering(model)
    return Beside(model) if hasattr(model, "untuned") else model


def kind_of(part: ModuleType) -> TaskType:
    """Return what a task type says of its scores."""
    floors = {name: parts.find("retune.modeling.floors", name).NAME for name in part.FLOORS}
    return TaskType(part.TARGET, part.METRICS, part.PRIMARY, floors)


def alone(kind: TaskType) -> TaskType:
    """Return a task type without floors, and with the one metric that models are compared by."""
    return replace(kind, metrics=(kind.primary,), floors={})


def answered(model: Any, kind: TaskType, learnt: pd.DataFrame, asked: pd.DataFrame) -> tuple[pd.DataFrame, TaskType]:
    """Return what a model and its floors say to rows [ROWS], and what the rows cost them where a metric needs it.

    No answer is the empty string; of a task type that answers nothing nothing is asked. A floor that this model does
    not have is left out of the task type that is returned.
    """
    kind = _possible(model, kind)
    answers = asked[["example_id", "label"]].reset_index(drop=True).assign(**_said_to(model, kind, asked))
    if kind.target == "label" and answers["confidence"].notna().any():
        answers["confidence"] = answers["confidence"].fillna(0.0)
    wants_losses = any(scoring.metric(name).KIND == scoring.LOSS for name in kind.metrics)
    if wants_losses:
        _put_losses(answers, "", model.losses(asked))
    floors = dict(kind.floors)
    for name in kind.floors:
        floor = parts.find("retune.modeling.floors", name)
        given = floor.answer(learnt, asked, model)
        if given is None:
            del floors[name]
            continue
        answers[name] = given
        if wants_losses and hasattr(floor, "losses"):
            _put_losses(answers, name, floor.losses(asked, model))
    return answers, replace(kind, floors=floors)


def _possible(model: Any, kind: TaskType) -> TaskType:
    """Return what of a task type a model can show: one that lies with a service gives no losses of given answers."""
    if hasattr(model, "losses"):
        return kind
    metrics, names = shown(kind.metrics, tuple(kind.floors))
    floors = {name: parts.find("retune.modeling.floors", name).NAME for name in names}
    return replace(kind, metrics=metrics, floors=floors)


def _said_to(model: Answering, kind: TaskType, asked: pd.DataFrame) -> dict[str, Any]:
    """Return predictions and confidences."""
    if kind.target == "nothing":
        return {"prediction": "", "confidence": np.nan}
    given = model.predict(asked["text"].tolist(), asked["context"].tolist())
    return {"prediction": said(given), "confidence": given["confidence"].to_numpy(dtype="float64")}


def _put_losses(answers: pd.DataFrame, side: str, costs: tuple[Any, Any]) -> None:
    """Put into the answers what the rows cost a side."""
    loss, tokens = evaluation.cost_columns(side)
    answers[loss], answers[tokens] = [float(one) for one in costs[0]], [int(one) for one in costs[1]]


def said(answers: pd.DataFrame) -> list[str]:
    """Return the predictions; no answer is the empty string."""
    given: list[str] = answers["prediction"].fillna("").str.strip().tolist()
    return given


def calibrated(
    model: Answering, target: str, texts: Sequence[str], answers: pd.DataFrame, of: Documents, seed: int
) -> dict[str, Any]:
    """Return how far the confidences are from the share of right answers, and without the temperature where it has one.

    Nothing is returned for a model that does not say how sure it is, or writes what is more than right or wrong.
    """
    if target in NOT_RIGHT or answers["confidence"].isna().all():
        return {}
    before, temperature = answers["confidence"], 1.0
    if isinstance(model, Remembering):
        before = model.answers(model.logits(texts), calibrated=False)["confidence"]
        temperature = model.temperature
    now, then = (confidence.fillna(0.0).to_numpy() for confidence in (answers["confidence"], before))
    right = np.array(scoring.right(target, answers["label"].tolist(), answers["prediction"].tolist()), dtype=bool)
    return calibration.report(now, then, right, temperature=temperature, documents=of, seed=seed)


def curve_of(
    model: Remembering, curve: Path, texts: Sequence[str], answers: pd.DataFrame, rows: int, params: EvaluateParams,
    documents: Documents,
) -> dict[str, Any]:  # fmt: skip
    """Return what probes that learnt from parts of the training rows answer, and the one that learnt from all."""
    vectors = model.vectors(texts)
    points = [
        learning_curve.Point(part.share, part.rows, said(model.answers(part.probe.logits(vectors), calibrated=False)))
        for part in curves.read(curve)
    ]
    points.append(learning_curve.Point(1.0, rows, answers["probe"].tolist()))
    return learning_curve.report(points, answers["label"].tolist(), documents, alpha=params.alpha, seed=params.seed)


def behaved(model: Answering, target: str, file: Path, asked: pd.DataFrame, params: EvaluateParams) -> dict[str, Any]:
    """Return what passed of the behaviour tests that users wrote."""
    tests = behaviour_file.read(file)
    questions = [behaving.questions(test, asked, params.seed) for test in tests.tests]
    pairs = sorted({(text, one.context) for test in questions for one in test for text in (one.before, one.after)})
    texts, contexts = [text for text, _ in pairs], [context for _, context in pairs]
    predictions = said(model.predict(texts, contexts)) if pairs else []
    likely = _likely(model, texts) if isinstance(model, Remembering) and target == "label" else [{}] * len(pairs)
    answers = {pair: Answer(said, chances) for pair, said, chances in zip(pairs, predictions, likely, strict=True)}
    return behaving.report(tests, questions, answers, sha256_file(file), target=target)


def _likely(model: Remembering, texts: Sequence[str]) -> list[Mapping[str, float]]:
    """Return the probability of each label for each text."""
    rows = calibration.softmax(model.logits(texts) / model.temperature).tolist()
    return [dict(zip(model.labels, row, strict=True)) for row in rows]


def triggered(model: Answering, learnt: pd.DataFrame, asked: pd.DataFrame, params: EvaluateParams) -> dict[str, Any]:
    """Return how often a rare word turns a label."""
    questions = triggers.questions(learnt, asked, params.triggers, params.seed)
    before, after = (said(model.predict(texts)) for texts in (questions.texts, questions.perturbed))
    return triggers.report(questions, before, after)


def told_apart(
    model: Any, target: str, learnt: pd.DataFrame, asked: pd.DataFrame, of: pd.Series, params: EvaluateParams
) -> dict[str, Any]:
    """Return how well training rows are told from test rows; `of` has their documents.

    Nothing is returned where nobody asks, and of a model that neither has a probe of one label nor an untuned self.
    """
    if not params.membership_rows or not (target == "label" or hasattr(model, "untuned")):
        return {}
    sides = [membership.drawn(rows, params.membership_rows, params.seed) for rows in (learnt, asked)]
    cost = losses_of_labels if isinstance(model, Remembering) else losses_of_tokens
    first, second = (cost(model, rows, of) for rows in sides)
    return membership.report(first, second, params.seed)


def losses_of_labels(model: Remembering, rows: pd.DataFrame, of: pd.Series) -> membership.Losses:
    """Return what rows cost the model and the probe; a row without an answer or of an unknown label is left out."""
    rows = rows[rows["label"].isin(list(model.labels))]
    logits = model.logits(rows["text"].tolist())
    given = np.flatnonzero(np.isfinite(logits).all(axis=1))
    rows, logits = rows.iloc[given], logits[given]
    codes = np.array([model.labels.index(label) for label in rows["label"]], dtype=np.int64)
    beside = model.probe.logits(model.vectors(rows["text"].tolist()))
    return membership.Losses(
        calibration.losses(logits / model.temperature, codes).tolist(),
        calibration.losses(beside, codes).tolist(),
        of.loc[rows["example_id"]].tolist(),
    )


def losses_of_tokens(model: Any, rows: pd.DataFrame, of: pd.Series) -> membership.Losses:
    """Return what a token of each row costs the model and the untuned one; rows without a finite cost are left out."""
    costs = [np.divide(*side.losses(rows)).astype(np.float64) for side in (model, model.untuned())]
    given = np.flatnonzero(np.isfinite(np.sum(costs, axis=0)))
    before, now = costs[1][given].tolist(), costs[0][given].tolist()
    return membership.Losses(now, before, of.loc[rows.iloc[given]["example_id"]].tolist())
