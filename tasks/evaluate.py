"""Evaluate: a model's answers on the test split, its scores beside the floors', its worst errors, and pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from retune import questions, written
from retune.core import evaluation, leakage, parts, refusals, slices
from retune.core.errors import IntegrityError
from retune.core.evaluation import TaskType
from retune.core.params.evaluate import EvaluateParams
from retune.core.replay import is_known
from retune.core.retention import retention
from retune.core.scoring import Asked
from retune.io.evaluator import evaluator_sha256
from retune.io.files import read_frame, read_json, sha256_file, whole_folder, write_frame, write_json
from retune.modeling.bases import BaseIdentity
from retune.questions import remembering

TEST = "test"


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
    predictor = remembering(loaded(model, base, [part.stem for part in (task_type, family, method)]))
    part = parts.find("retune.modeling.task_types", task_type.stem)
    learnt, picked_by, asked = (read_frame(rows) for rows in (train, validation, test))
    links = read_frame(lineage).set_index("example_id")
    come_from = links.loc[asked["example_id"]]
    documents = documents_of(come_from)
    answers, kind = questions.answered(predictor, questions.kind_of(part), learnt, asked)
    texts, known = asked["text"].tolist(), sorted(set(learnt["label"]))
    report = evaluation.report(answers, texts, kind, params, documents, known=known)
    report |= {"test_sha256": sha256_file(test), "evaluator_sha256": evaluator_sha256(params)}
    rows = Asked(kind.target, texts, answers["label"].tolist(), documents)
    report |= kept(base, asked, answers, kind, params)
    sure = questions.calibrated(predictor, kind.target, texts, answers, documents, params.seed)
    report |= {"calibration": sure} if sure else {}
    if "probe" in kind.floors and kind.target == "label":
        report["learning_curve"] = questions.curve_of(predictor, curve, texts, answers, len(learnt), params, documents)
    report["slices"] = sliced(come_from, asked, answers, rows, kind, params)
    report["leakage"] = leakage.report(learnt, picked_by, asked, params.leakage)
    report["behaviour"] = questions.behaved(predictor, kind.target, behaviour, asked, params)
    report["membership"] = questions.told_apart(predictor, kind.target, learnt, asked, links["document_id"], params)
    if kind.target == "label":
        report["triggers"] = questions.triggered(predictor, learnt, asked, params)
    report |= written.asked(predictor, part, learnt, params)
    refused = refusals.report(kind.target, rows.labels, answers["prediction"].tolist(), params.refusals)
    report |= {"refusals": refused} if refused else {}
    write_frame(predictions, answers, evaluation.columns(kind, answers))
    worst = evaluation.worst_errors(answers, asked, kind, params.worst_errors)
    write_frame(errors, worst, evaluation.error_columns(kind))
    draw(part.PLOTS, report, plots)
    write_json(metrics, report)


def loaded(model: Path, base: Path, chosen: list[str]) -> Any:
    """Return the predictor in the model folder; IntegrityError if the model was made of other parts than chosen."""
    from retune.modeling import predictor

    found = predictor.load(model, BaseIdentity.from_dict(read_json(base)))
    made_of = [found.page.task_type, found.page.family, found.page.method]
    if made_of != chosen:
        raise IntegrityError(f"the model was made of {', '.join(made_of)}, the settings say {', '.join(chosen)}")
    return found


def documents_of(come_from: pd.DataFrame) -> list[str] | None:
    """Return the document of each row, None where each row is a document of its own."""
    documents: list[str] = come_from["document_id"].tolist()
    return documents if len(set(documents)) < len(documents) else None


def sliced(
    come_from: pd.DataFrame,
    asked: pd.DataFrame,
    answers: pd.DataFrame,
    rows: Asked,
    kind: TaskType,
    params: EvaluateParams,
) -> dict[str, Any]:
    """Return rows and score by department, source, language, length, label, age and whatever the settings name."""
    kept = come_from["slices"].tolist()
    found = slices.columns(asked, kept, params.slices, by_label=kind.target == "label")
    minimum = params.slices.minimum_rows
    return slices.report(found, rows, evaluation.given(answers), kind.primary, minimum, params.seed)


def kept(
    base: Path, asked: pd.DataFrame, answers: pd.DataFrame, kind: TaskType, params: EvaluateParams
) -> dict[str, Any]:
    """Return what the model kept of the version that it continues, nothing where it was tuned from the base."""
    identity = BaseIdentity.from_dict(read_json(base))
    if identity.parent is None:
        return {}
    from retune.modeling import exported, predictor

    place = exported.located(base, identity.parent)
    seen = read_frame(place / exported.SEEN)
    is_old = is_known(asked, seen, TEST)
    old, now = asked[is_old], answers[is_old]
    parent_model = remembering(predictor.load(place / exported.MODEL, exported.root_of(identity)))
    before, _ = questions.answered(parent_model, questions.alone(kind), old, old)
    gone = max(int((seen["side"] == TEST).sum()) - len(old), 0)
    parent = f"{identity.parent.model} version {identity.parent.version}"
    rows = Asked(kind.target, old["text"].tolist(), old["label"].tolist())
    sides = evaluation.given(before), evaluation.given(now)
    return {"retention": retention(parent, rows, *sides, gone, primary=kind.primary, seed=params.seed)}


def draw(names: tuple[str, ...], report: dict[str, Any], folder: Path) -> None:
    """Write the pictures that the task type names, as far as there is something to draw."""
    from retune.modeling import plots

    with whole_folder(folder) as partial:
        for name in names:
            figure = plots.drawn(name, report)
            if figure is not None:
                plots.save(figure, partial, name)
