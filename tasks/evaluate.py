"""Evaluate: a model's answers on the test split, its scores beside the floors', its worst errors, and pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd

from retune.core import behaviour as behaving
from retune.core import calibration, evaluation, leakage, learning_curve, membership, parts, slices, triggers
from retune.core.errors import IntegrityError
from retune.core.frames import PREDICTIONS
from retune.core.params.evaluate import EvaluateParams
from retune.core.replay import is_known
from retune.core.resampling import Documents
from retune.core.retention import retention
from retune.io import behaviour as behaviour_file
from retune.io.evaluator import evaluator_sha256
from retune.io.files import read_frame, read_json, sha256_file, whole_folder, write_frame, write_json
from retune.modeling import curve as curves
from retune.modeling import floors
from retune.modeling.bases import BaseIdentity
from retune.modeling.probe import Floats, Probe

TEST = "test"
Ask = Callable[[Sequence[str]], Floats]


class Answering(Protocol):
    """What an evaluation asks of a model."""

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


def evaluate(
    *,
    train: Path,
    validation: Path,
    test: Path,
    lineage: Path,
    behaviour: Path,
    model: Path,
    curve: Path,
    base: Path,
    task_type: Path,
    family: Path,
    method: Path,
    predictions: Path,
    metrics: Path,
    errors: Path,
    plots: Path,
    params: EvaluateParams,
) -> None:
    """Write the answers of model and floors on the test rows, all that they show, the worst errors and the plots."""
    predictor = loaded(model, base, [part.stem for part in (task_type, family, method)])
    learnt, picked_by, asked = (read_frame(rows) for rows in (train, validation, test))
    links = read_frame(lineage).set_index("example_id")
    come_from = links.loc[asked["example_id"]]
    documents = documents_of(come_from)
    texts = asked["text"].tolist()
    logits, vectors = predictor.logits(texts), predictor.vectors(texts)
    ask = remembering(predictor, texts, logits)
    answers = answered(predictor, logits, vectors, learnt, asked)
    names = parts.find("retune.modeling.task_types", task_type.stem).METRICS
    report = evaluation.report(answers, sorted(set(learnt["label"])), names, params, documents)
    report |= {"test_sha256": sha256_file(test), "evaluator_sha256": evaluator_sha256(params)}
    report |= kept(base, asked, answers["prediction"])
    report["calibration"] = calibrated(predictor, logits, answers, documents, params.seed)
    report["learning_curve"] = curve_of(predictor, curve, vectors, answers, len(learnt), documents, params)
    report["slices"] = sliced(come_from, asked, answers, documents, params)
    report["leakage"] = leakage.report(learnt, picked_by, asked, params.leakage)
    report["behaviour"] = behaved(predictor, ask, behaviour, asked, params)
    report["membership"] = told_apart(predictor, ask, learnt, asked, links["document_id"], params)
    report["triggers"] = triggered(predictor, ask, learnt, asked, params)
    write_frame(predictions, answers, PREDICTIONS)
    write_frame(errors, evaluation.worst_errors(answers, asked["text"], params.worst_errors), evaluation.ERRORS)
    draw(report, plots)
    write_json(metrics, report)


def loaded(model: Path, base: Path, chosen: list[str]) -> Any:
    """Return the predictor in the model folder; IntegrityError if the model was made of other parts than chosen."""
    from retune.modeling import predictor

    found = predictor.load(model, BaseIdentity.from_dict(read_json(base)))
    made_of = [found.page.task_type, found.page.family, found.page.method]
    if made_of != chosen:
        raise IntegrityError(f"the model was made of {', '.join(made_of)}, the settings say {', '.join(chosen)}")
    return found


def answered(
    predictor: Answering, logits: Floats, vectors: Floats, learnt: pd.DataFrame, asked: pd.DataFrame
) -> pd.DataFrame:
    """Return what model, probe and TF-IDF answer to each test row [PREDICTIONS]; no answer is the empty string."""
    given = predictor.answers(logits)
    return pd.DataFrame(
        {
            "example_id": asked["example_id"].tolist(),
            "label": asked["label"].tolist(),
            "prediction": said(given),
            "confidence": given["confidence"].fillna(0.0).tolist(),
            "probe": said(predictor.answers(predictor.probe.logits(vectors), calibrated=False)),
            "tfidf": floors.tfidf(learnt["text"].tolist(), learnt["label"].tolist(), asked["text"].tolist()),
        }
    )


def said(answers: pd.DataFrame) -> list[str]:
    """Return the predictions; no answer is the empty string."""
    given: list[str] = answers["prediction"].fillna("").str.strip().tolist()
    return given


def documents_of(come_from: pd.DataFrame) -> list[str] | None:
    """Return the document of each row, None where each row is a document of its own."""
    documents: list[str] = come_from["document_id"].tolist()
    return documents if len(set(documents)) < len(documents) else None


def calibrated(
    predictor: Answering, logits: Floats, answers: pd.DataFrame, documents: Documents, seed: int
) -> dict[str, Any]:
    """Return how far the confidences are from the share of right answers, with the temperature and without."""
    before = predictor.answers(logits, calibrated=False)["confidence"].fillna(0.0)
    return calibration.report(
        answers["confidence"].to_numpy(),
        before.to_numpy(),
        (answers["prediction"] == answers["label"]).to_numpy(),
        temperature=predictor.temperature,
        documents=documents,
        seed=seed,
    )


def curve_of(
    predictor: Answering,
    curve: Path,
    vectors: Floats,
    answers: pd.DataFrame,
    rows: int,
    documents: Documents,
    params: EvaluateParams,
) -> dict[str, Any]:
    """Return what probes that learnt from parts of the training rows answer, and the one that learnt from all."""
    points = [
        learning_curve.Point(
            part.share, part.rows, said(predictor.answers(part.probe.logits(vectors), calibrated=False))
        )
        for part in curves.read(curve)
    ]
    points.append(learning_curve.Point(1.0, rows, answers["probe"].tolist()))
    return learning_curve.report(points, answers["label"].tolist(), documents, alpha=params.alpha, seed=params.seed)


def sliced(
    come_from: pd.DataFrame,
    asked: pd.DataFrame,
    answers: pd.DataFrame,
    documents: Documents,
    params: EvaluateParams,
) -> dict[str, Any]:
    """Return rows and accuracy by department, source, language, length, label, age and whatever the settings name."""
    found = slices.columns(asked, come_from["slices"].tolist(), params.slices)
    right = (answers["prediction"] == answers["label"]).tolist()
    return slices.report(found, right, documents, params.slices.minimum_rows, params.seed)


def remembering(predictor: Answering, texts: Sequence[str], logits: Floats) -> Ask:
    """Return what gives the logits of texts; those that were answered already are not asked again."""
    known = dict(zip(texts, logits, strict=True))

    def ask(wanted: Sequence[str]) -> Floats:
        new = sorted(set(wanted) - set(known))
        known.update(zip(new, predictor.logits(new), strict=True))
        return np.array([known[text] for text in wanted], dtype=np.float32).reshape(len(wanted), len(predictor.labels))

    return ask


def behaved(predictor: Answering, ask: Ask, file: Path, asked: pd.DataFrame, params: EvaluateParams) -> dict[str, Any]:
    """Return what passed of the behaviour tests that users wrote."""
    tests = behaviour_file.read(file)
    questions = [behaving.questions(test, asked, params.seed) for test in tests.tests]
    texts = sorted({text for test in questions for one in test for text in (one.before, one.after)})
    logits = ask(texts)
    likely = calibration.softmax(logits / predictor.temperature).tolist()
    predictions = said(predictor.answers(logits))
    answers = {
        text: behaving.Answer(prediction, dict(zip(predictor.labels, row, strict=True)))
        for text, prediction, row in zip(texts, predictions, likely, strict=True)
    }
    return behaving.report(tests, questions, answers, sha256_file(file))


def triggered(
    predictor: Answering, ask: Ask, learnt: pd.DataFrame, asked: pd.DataFrame, params: EvaluateParams
) -> dict[str, Any]:
    """Return how often a rare word turns an answer."""
    questions = triggers.questions(learnt, asked, params.triggers, params.seed)
    before, after = (said(predictor.answers(ask(texts))) for texts in (questions.texts, questions.perturbed))
    return triggers.report(questions, before, after)


def told_apart(
    predictor: Answering, ask: Ask, learnt: pd.DataFrame, asked: pd.DataFrame, of: pd.Series, params: EvaluateParams
) -> dict[str, Any]:
    """Return how well training rows are told from test rows, nothing where nobody asks; `of` has their documents."""
    if not params.membership_rows:
        return {}
    sides = [membership.drawn(rows, params.membership_rows, params.seed) for rows in (learnt, asked)]
    first, second = (losses_of(predictor, ask, rows, of) for rows in sides)
    return membership.report(first, second, params.seed)


def losses_of(predictor: Answering, ask: Ask, rows: pd.DataFrame, of: pd.Series) -> membership.Losses:
    """Return what rows cost the model and the probe; a row without an answer or of an unknown label is left out."""
    rows = rows[rows["label"].isin(list(predictor.labels))]
    logits = ask(rows["text"].tolist())
    given = np.flatnonzero(np.isfinite(logits).all(axis=1))
    rows, logits = rows.iloc[given], logits[given]
    codes = np.array([predictor.labels.index(label) for label in rows["label"]], dtype=np.int64)
    beside = predictor.probe.logits(predictor.vectors(rows["text"].tolist()))
    return membership.Losses(
        calibration.losses(logits / predictor.temperature, codes).tolist(),
        calibration.losses(beside, codes).tolist(),
        of.loc[rows["example_id"]].tolist(),
    )


def kept(base: Path, asked: pd.DataFrame, answers: pd.Series) -> dict[str, Any]:
    """Return what the model kept of the version that it continues, nothing where it was tuned from the base."""
    identity = BaseIdentity.from_dict(read_json(base))
    if identity.parent is None:
        return {}
    from retune.modeling import exported, predictor

    place = exported.located(base, identity.parent)
    seen = read_frame(place / exported.SEEN)
    old = pd.Series(is_known(asked, seen, TEST), index=asked.index)
    labels, texts = asked["label"][old].tolist(), asked["text"][old].tolist()
    before = predictor.load(place / exported.MODEL, exported.root_of(identity)).predict(texts)["prediction"]
    gone = max(int((seen["side"] == TEST).sum()) - len(labels), 0)
    parent = f"{identity.parent.model} version {identity.parent.version}"
    return {"retention": retention(parent, labels, before.tolist(), answers[old].tolist(), gone)}


def draw(report: dict[str, Any], folder: Path) -> None:
    """Write the pictures: confusion matrix, scores of each label, reliability, learning curve."""
    from retune.modeling import plots

    with whole_folder(folder) as partial:
        plots.save(plots.confusion(**report["confusion"]), partial, "confusion")
        plots.save(plots.per_class(report["per_class"]), partial, "per_class")
        plots.save(plots.reliability(report["calibration"]), partial, "reliability")
        plots.save(plots.learning_curve(report["learning_curve"]), partial, "learning_curve")
