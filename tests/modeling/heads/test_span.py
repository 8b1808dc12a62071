import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from retune.core.errors import UserError
from retune.core.targets import answers
from retune.modeling import predictor
from retune.modeling.passages import Passages
from retune.modeling.reader import NOWHERE
from retune.modeling.train import Fitted, fit
from tests.modeling.conftest import make_plan
from tests.modeling.heads.rows import question_rows
from tests.modeling.tiny import tiny

SETTINGS = {"overlap_tokens": 8, "max_answer_tokens": 12}


def silent(_: str) -> None:
    pass


@pytest.fixture(scope="session")
def pair_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a tiny BERT that tells the two texts of a pair apart."""
    return tiny("bert", tmp_path_factory.mktemp("base") / "tiny")


def run(
    base: Path, place: Path, train: pd.DataFrame | None = None, validation: pd.DataFrame | None = None,
    task_settings: dict[str, Any] | None = None, **changes: Any,
) -> tuple[Fitted, Path]:  # fmt: skip
    """Train on toy rows in a folder of its own; return what it says and where the model is."""
    settings = {
        "select_by": "span_f1", "max_length": 64, "method": "full", "dropout": 0.0,
        "task_settings": {**SETTINGS, **(task_settings or {})}, **changes,
    }  # fmt: skip
    plan = make_plan(base, task_type="question_answering", **settings)
    rows = question_rows(40) if train is None else train
    others = question_rows(15, seed=1) if validation is None else validation
    (place / "work").mkdir(parents=True)
    return fit(plan, rows, others, work=place / "work", out=place / "model", say=silent), place / "model"


def answered(model: Path, rows: pd.DataFrame) -> list[str]:
    return list(predictor.load(model).predict(list(rows["text"]), list(rows["context"]))["prediction"])


def share_right(rows: pd.DataFrame, predictions: list[str]) -> float:
    return float(np.mean([answers.is_right(*pair) for pair in zip(rows["label"], predictions, strict=True)]))


@pytest.mark.slow
def test_answers_are_pieces_of_their_passages(pair_base: Path, tmp_path: Path) -> None:
    rows = question_rows(25, seed=2)
    _, model = run(pair_base, tmp_path, question_rows(120), epochs=12, learning_rate=0.004)
    found = predictor.load(model).predict(list(rows["text"]), list(rows["context"]))
    words = {word for context in rows["context"] for word in context.split()}
    assert {word for one in found["prediction"] for word in answers.answered(one).split()} <= words
    assert found["confidence"].between(0, 1).all()
    for context, label in zip(rows["context"], found["prediction"], strict=True):
        answers.check(label, "", context)
    assert share_right(rows, list(found["prediction"])) > 0.7


@pytest.mark.case("TR-1")
def test_eight_rows_are_learned_by_heart(pair_base: Path, tmp_path: Path) -> None:
    rows = question_rows(8)
    _, model = run(pair_base, tmp_path, rows, rows, epochs=40, learning_rate=0.005, patience=40)
    assert answered(model, rows) == list(rows["label"])


@pytest.mark.slow
def test_an_answer_far_behind_in_a_passage_is_found(pair_base: Path, tmp_path: Path) -> None:
    rows = question_rows(8, fillers=60)
    _, model = run(pair_base, tmp_path, rows, rows, epochs=40, learning_rate=0.005, patience=40)
    found = answered(model, rows)
    assert max(one.start for label in found for one in answers.parse(label)) > 150
    assert share_right(rows, found) > 0.7


@pytest.mark.slow
def test_a_passage_without_an_answer_is_told_by_a_threshold_of_the_validation_rows(
    pair_base: Path, tmp_path: Path
) -> None:
    rows = question_rows(40, unanswered=0.5)
    _, model = run(pair_base, tmp_path, rows, rows, epochs=15, learning_rate=0.005, patience=40)
    page = json.loads((model / "retune_model.json").read_text())
    assert isinstance(page["head"]["threshold"], float)
    found = answered(model, rows)
    assert np.mean([(one == "[]") == (label == "[]") for one, label in zip(found, rows["label"], strict=True)]) > 0.8
    assert predictor.load(model).predict(["what of the door"], [""])["prediction"].tolist() == ["[]"]


def test_where_every_passage_has_an_answer_one_is_always_given(pair_base: Path, tmp_path: Path) -> None:
    _, model = run(pair_base, tmp_path, epochs=1)
    assert predictor.load(model).page.head["threshold"] is None
    assert "[]" not in answered(model, question_rows(20, seed=4, unanswered=0.5))


@pytest.mark.case("TR-14")
def test_rows_without_an_answer_that_training_never_saw_are_reported(pair_base: Path, tmp_path: Path) -> None:
    fitted, _ = run(pair_base, tmp_path, validation=question_rows(15, seed=1, unanswered=0.5), epochs=1)
    assert fitted.facts["findings"]["labels_unseen_in_training"] == "no answer"


@pytest.mark.case("TR-3")
@pytest.mark.parametrize("method", ["lora", "full"])
def test_a_reloaded_model_answers_as_the_one_in_memory_did(method: str, pair_base: Path, tmp_path: Path) -> None:
    fitted, model = run(pair_base, tmp_path, method=method, select_by="loss", epochs=2)
    assert fitted.facts["best_step"] > 0, "an untuned model would reload alike even if nothing was saved"
    reference = json.loads((model / "reference.json").read_text())
    numbers = predictor.load(model).reference(reference["examples"])
    np.testing.assert_allclose(numbers, reference["numbers"], atol=1e-5)


def test_no_answer_is_ever_taken_from_the_question(pair_base: Path, tmp_path: Path) -> None:
    _, model = run(pair_base, tmp_path, epochs=1)
    loaded = predictor.load(model)
    items = loaded.passages.read(["jam or toner"] * 2, ["x", "The door is not the gate."])
    for item in items:
        segments = [item.window.segments[place] for place in item.places]
        assert segments == [0, *[1] * (len(segments) - 1)]
        assert item.places[0] == NOWHERE


def test_long_questions_are_cut_and_answers_too_long_are_counted(pair_base: Path, tmp_path: Path) -> None:
    rows = question_rows(12)
    rows.loc[0, "text"] = "why " * 80
    rows.loc[1, ["context", "label"]] = ["print " * 60, answers.dump([answers.Answer(("print " * 60).strip(), 0)])]
    rows.loc[2, ["context", "label"]] = ["print " * 14, answers.dump([answers.Answer(("print " * 14).strip(), 0)])]
    fitted, _ = run(pair_base, tmp_path, rows, epochs=1)
    findings = fitted.facts["findings"]
    assert findings["questions_cut"] == 1
    assert findings["answers_in_no_window"] == 1
    assert findings["answers_over_max_answer_tokens"] == 1


@pytest.mark.case("TR-12")
def test_an_answer_is_no_longer_than_the_setting(pair_base: Path, tmp_path: Path) -> None:
    rows = question_rows(8)
    _, model = run(
        pair_base, tmp_path, rows, rows, {"max_answer_tokens": 1}, epochs=20, learning_rate=0.005, patience=40
    )
    tokenizer = predictor.load(model).passages.tokenizer
    for context, label in zip(rows["context"], answered(model, rows), strict=True):
        (answer,) = answers.parse(label)
        offsets = tokenizer(context, return_offsets_mapping=True)["offset_mapping"]
        assert (answer.start, answer.start + len(answer.text)) in offsets


@pytest.mark.case("TR-12")
def test_windows_overlap_by_the_setting(pair_base: Path, tmp_path: Path) -> None:
    tokenizer = make_plan(pair_base).family.load(pair_base)[1]
    context = str(question_rows(1, fillers=60).loc[0, "context"])
    for overlap in (0, 8):
        first, second, *_ = Passages(tokenizer, 48, overlap).read(["what"], [context])
        assert first.window.start + len(first.window.offsets) - second.window.start == overlap
    with pytest.raises(UserError, match="overlap_tokens"):
        run(pair_base, tmp_path, task_settings={"overlap_tokens": 40})


def test_losses_add_up_to_the_mean_that_is_reported(pair_base: Path, tmp_path: Path) -> None:
    rows = question_rows(10, seed=1, fillers=40)
    fitted, model = run(pair_base, tmp_path, validation=rows, epochs=1)
    lost, tokens = predictor.load(model).losses(rows)
    best = fitted.facts["validation_best"]["validation_loss"]
    assert lost.sum() / tokens.sum() == pytest.approx(best, abs=1e-4)


def test_a_tuned_model_is_less_surprised_than_one_to_which_all_pieces_are_alike(
    pair_base: Path, tmp_path: Path
) -> None:
    rows = question_rows(10, seed=1)
    _, model = run(pair_base, tmp_path, validation=rows, epochs=4, learning_rate=0.004, select_by="loss")
    loaded = predictor.load(model)
    (now, counted), (before, alike) = loaded.losses(rows), loaded.untuned().losses(rows)
    assert now.sum() < before.sum()
    assert counted.tolist() == alike.tolist() == [2.0] * 10
    items = loaded.passages.read(list(rows["text"]), list(rows["context"]))
    np.testing.assert_allclose(before, [2 * np.log(len(item.places)) for item in items], rtol=1e-5)


def test_answers_are_as_sure_as_they_were_right_in_validation(pair_base: Path, tmp_path: Path) -> None:
    rows = question_rows(40, seed=1)
    _, model = run(pair_base, tmp_path, validation=rows, epochs=4, learning_rate=0.004)
    found = predictor.load(model).predict(list(rows["text"]), list(rows["context"]))
    assert found["confidence"].mean() == pytest.approx(share_right(rows, list(found["prediction"])), abs=0.05)
