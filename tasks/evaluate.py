"""Evaluate: a model's answers on the test split, its scores beside the floors', its worst errors, and pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from retune.core import evaluation, parts
from retune.core.errors import IntegrityError
from retune.core.frames import PREDICTIONS
from retune.core.params.evaluate import EvaluateParams
from retune.core.replay import is_known
from retune.core.retention import retention
from retune.io.evaluator import evaluator_sha256
from retune.io.files import read_frame, read_json, sha256_file, whole_folder, write_frame, write_json
from retune.modeling import floors
from retune.modeling.bases import BaseIdentity

TEST = "test"


class Answering(Protocol):
    """What an evaluation asks of a model."""

    def predict(self, texts: Sequence[str]) -> pd.DataFrame:
        """Return prediction and confidence of each text."""

    def probe_predict(self, texts: Sequence[str]) -> pd.DataFrame:
        """Return prediction and confidence of the probe."""


def evaluate(
    *,
    train: Path,
    test: Path,
    model: Path,
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
    """Write the answers of model and floors on the test rows, all scores, the worst errors and the plots."""
    predictor = loaded(model, base, [part.stem for part in (task_type, family, method)])
    learnt, asked = read_frame(train), read_frame(test)
    answers = answered(predictor, learnt, asked)
    names = parts.find("retune.modeling.task_types", task_type.stem).METRICS
    report = evaluation.report(answers, sorted(set(learnt["label"])), names, params)
    report |= {"test_sha256": sha256_file(test), "evaluator_sha256": evaluator_sha256(params)}
    report |= kept(base, asked, answers["prediction"])
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


def answered(predictor: Answering, learnt: pd.DataFrame, asked: pd.DataFrame) -> pd.DataFrame:
    """Return what model, probe and TF-IDF answer to each test row [PREDICTIONS]; no answer is the empty string."""
    texts = asked["text"].tolist()
    given, probe = predictor.predict(texts), predictor.probe_predict(texts)
    return pd.DataFrame(
        {
            "example_id": asked["example_id"].tolist(),
            "label": asked["label"].tolist(),
            "prediction": given["prediction"].fillna("").str.strip().tolist(),
            "confidence": given["confidence"].fillna(0.0).tolist(),
            "probe": probe["prediction"].fillna("").str.strip().tolist(),
            "tfidf": floors.tfidf(learnt["text"].tolist(), learnt["label"].tolist(), texts),
        }
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
    """Write the confusion matrix and the scores of each label as pictures."""
    from retune.modeling import plots

    with whole_folder(folder) as partial:
        plots.save(plots.confusion(**report["confusion"]), partial, "confusion")
        plots.save(plots.per_class(report["per_class"]), partial, "per_class")
