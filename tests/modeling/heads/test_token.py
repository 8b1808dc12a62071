import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from retune.core.errors import UserError
from retune.core.targets import entities
from retune.modeling import predictor
from retune.modeling.bench import prepare
from retune.modeling.heads.token import logits_of, tagger
from retune.modeling.tagging import Reader
from retune.modeling.train import Fitted, fit
from retune.modeling.validation import scored
from tests.modeling.conftest import make_plan
from tests.modeling.heads.rows import entity_rows
from tests.modeling.tiny import tiny

SETTINGS = {"overlap_tokens": 4, "pieces": "first", "probe_words": 500}


def silent(_: str) -> None:
    pass


def run(
    base: Path, place: Path, train: pd.DataFrame | None = None, validation: pd.DataFrame | None = None,
    task_settings: dict[str, Any] | None = None, **changes: Any,
) -> tuple[Fitted, Path]:  # fmt: skip
    """Train on toy rows in a folder of its own; return what it says and where the model is."""
    settings = {"select_by": "entity_f1", "task_settings": {**SETTINGS, **(task_settings or {})}, **changes}
    plan = make_plan(base, task_type="entity_recognition", **settings)
    rows = entity_rows(30) if train is None else train
    others = entity_rows(15, seed=1) if validation is None else validation
    (place / "work").mkdir(parents=True)
    return fit(plan, rows, others, work=place / "work", out=place / "model", say=silent), place / "model"


@pytest.mark.parametrize("method", ["lora", "full"])
def test_what_texts_name_is_learnt_and_given_in_their_characters(method: str, tiny_base: Path, tmp_path: Path) -> None:
    _, model = run(tiny_base, tmp_path, entity_rows(100), method=method, epochs=10, learning_rate=0.01, dropout=0.0)
    asked = entity_rows(20, seed=2)
    answers = predictor.load(model).predict(list(asked["text"]))
    assert list(answers.columns) == ["prediction", "confidence"]
    assert answers["confidence"].between(0, 1).all()
    right = [entities.is_right(*pair) for pair in zip(asked["label"], answers["prediction"], strict=True)]
    assert np.mean(right) > 0.8


@pytest.mark.case("TR-1")
def test_eight_rows_are_learned_by_heart(tiny_base: Path, tmp_path: Path) -> None:
    rows = entity_rows(8)
    _, model = run(
        tiny_base, tmp_path, rows, rows, {"probe_words": 0}, epochs=40, learning_rate=0.02, dropout=0.0, patience=40
    )
    assert list(predictor.load(model).predict(list(rows["text"]))["prediction"]) == list(rows["label"])


def test_nothing_of_a_long_text_is_cut(tiny_base: Path, tmp_path: Path) -> None:
    _, model = run(tiny_base, tmp_path, entity_rows(80), epochs=8, learning_rate=0.01, dropout=0.0, max_length=12)
    rows = entity_rows(6, seed=3, words=40)
    found = predictor.load(model).predict(list(rows["text"]))["prediction"]
    named = [entity for label in rows["label"] for entity in entities.parse(label)]
    given = [entity for label in found for entity in entities.parse(label)]
    assert max(entity.start for entity in given) > 150
    assert len(set(named) & set(given)) > 0.7 * len(named)


@pytest.mark.parametrize("overlap", [0, 3, 8])
def test_each_word_of_a_long_text_is_answered_once(overlap: int, tiny_base: Path) -> None:
    reader = reader_of(tiny_base, max_length=12, overlap=overlap)
    text = str(entity_rows(1, words=50).loc[0, "text"])
    read = reader.read(["", text, "door"])
    assert [len(spans) for spans in read.words] == [0, len(text.split()), 1]
    marks = [np.array([[item.window.ids[places[0]]] for places in item.pieces]).reshape(-1, 1) for item in read.items]
    ids = reader.tokenizer(text, add_special_tokens=False)["input_ids"]
    assert read.by_row(marks)[1].ravel().tolist() == ids


def reader_of(base: Path, max_length: int = 32, overlap: int = 4, pieces: str = "first") -> Reader:
    plan = make_plan(base)
    return Reader(plan.family.load(base)[1], max_length, overlap, pieces)


@pytest.mark.case("TR-3")
@pytest.mark.parametrize("method", ["lora", "full"])
def test_a_reloaded_model_answers_as_the_one_in_memory_did(method: str, tiny_base: Path, tmp_path: Path) -> None:
    fitted, model = run(tiny_base, tmp_path, method=method, select_by="loss", task_settings={"probe_words": 0})
    assert fitted.facts["best_step"] > 0, "an untuned model would reload alike even if nothing was saved"
    reference = json.loads((model / "reference.json").read_text())
    numbers = predictor.load(model).reference(reference["examples"])
    assert np.abs(numbers).max() > 0.1
    np.testing.assert_allclose(numbers, reference["numbers"], atol=1e-5)


@pytest.mark.case("TR-14")
def test_a_type_that_training_never_saw_is_reported_and_counted_wrong(tiny_base: Path, tmp_path: Path) -> None:
    rows = entity_rows(40)
    seen = rows[~rows["label"].str.contains("badge")]
    fitted, model = run(tiny_base, tmp_path, seen, rows, epochs=6, learning_rate=0.01)
    assert fitted.facts["findings"]["labels_unseen_in_training"] == "badge"
    loaded = predictor.load(model)
    assert loaded.tags == ["O", "B-printer", "I-printer", "B-salary", "I-salary"]
    of_badge = rows[rows["label"].str.contains("badge")]
    given = loaded.predict(list(of_badge["text"]))["prediction"]
    assert not any(entities.is_right(*pair) for pair in zip(of_badge["label"], given, strict=True))
    lost, words = loaded.losses(of_badge)
    assert np.isfinite(lost).all()
    assert (words < of_badge["text"].map(lambda text: len(text.split()))).all(), "a word of an unknown type has no loss"


def test_an_entity_inside_a_word_is_reported(tiny_base: Path, tmp_path: Path) -> None:
    rows = entity_rows(12)
    rows.loc[0, ["text", "label"]] = ["printer", entities.dump([entities.Entity(0, 5, "printer")])]
    fitted, _ = run(tiny_base, tmp_path, rows, epochs=1)
    assert fitted.facts["findings"]["entities_inside_words"] == 1


def test_rows_that_name_nothing_cannot_be_trained(tiny_base: Path, tmp_path: Path) -> None:
    rows = entity_rows(12).assign(label="[]")
    with pytest.raises(UserError, match="something is named"):
        run(tiny_base, tmp_path, rows)


def test_windows_that_hold_nothing_new_are_refused(tiny_base: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="fewer than 30 tokens"):
        run(tiny_base, tmp_path, task_settings={"overlap_tokens": 30})


@pytest.mark.case("TR-12")
def test_the_head_starts_from_a_probe_of_as_many_words_as_are_asked_for(tiny_base: Path, tmp_path: Path) -> None:
    starts = {}
    for words in (0, 20, 400):
        fitted, _ = run(tiny_base, tmp_path / str(words), task_settings={"probe_words": words}, epochs=1)
        starts[words] = fitted.facts["validation_start"]["validation_loss"]
    assert starts[400] < starts[20] < starts[0]


@pytest.mark.case("TR-12")
def test_a_word_is_asked_by_its_first_piece_or_by_all(tmp_path: Path) -> None:
    base = tiny("bert", tmp_path / "base")
    text = "Annabergenstein paid"
    first, every = (reader_of(base, pieces=pieces).read([text]) for pieces in ("first", "all"))
    assert first.words == every.words == [[(0, 15), (16, 20)]]
    asked, whole = (read.items[0].pieces for read in (first, every))
    assert [len(places) for places in asked] == [1, 1]
    assert whole[0][0] == asked[0][0]
    assert len(whole[0]) > 1


def test_a_tuned_models_probe_is_that_of_the_base(tiny_base: Path, tmp_path: Path) -> None:
    rows = entity_rows(15, seed=1)
    fitted, model = run(tiny_base, tmp_path, method="full", select_by="loss", validation=rows)
    loaded = predictor.load(model)
    given = list(loaded.probe_predict(list(rows["text"]))["prediction"])
    expected = fitted.facts["validation_start"]["validation_entity_f1"]
    assert scored(loaded.task_type, rows, given)["entity_f1"] == pytest.approx(expected)


def test_a_tuned_model_is_less_surprised_than_the_untuned_one(tiny_base: Path, tmp_path: Path) -> None:
    rows = entity_rows(15, seed=1)
    for words in (0, 200):
        _, model = run(
            tiny_base, tmp_path / str(words), validation=rows, task_settings={"probe_words": words}, select_by="loss",
            epochs=5, learning_rate=0.01,
        )  # fmt: skip
        loaded = predictor.load(model)
        (now, counted), (before, alike) = loaded.losses(rows), loaded.untuned().losses(rows)
        assert now.sum() < before.sum()
        assert counted.tolist() == alike.tolist() == rows["text"].map(lambda text: len(text.split())).tolist()


def test_answers_are_as_sure_as_they_were_right_in_validation(tiny_base: Path, tmp_path: Path) -> None:
    rows = entity_rows(40, seed=1)
    _, model = run(tiny_base, tmp_path, entity_rows(20), rows, epochs=2)
    found = predictor.load(model).predict(list(rows["text"]))
    right = [entities.is_right(*pair) for pair in zip(rows["label"], found["prediction"], strict=True)]
    assert found["confidence"].mean() == pytest.approx(np.mean(right), abs=0.05)


def test_padding_changes_no_logit(tmp_path: Path) -> None:
    base = tiny("bert", tmp_path / "base")
    body, _ = make_plan(base).family.load(base)
    torch.manual_seed(0)
    module = tagger(body, torch.nn.Linear(32, 5).state_dict())
    reader = reader_of(base, 64)
    texts = ["door", "The meeting of the board moved from Monday to Thursday, said Anna Berg."]
    together = logits_of(module, reader, reader.read(texts))
    alone = [logits_of(module, reader, reader.read([text]))[0] for text in texts]
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_a_time_budget_gives_a_model_in_that_time(tiny_base: Path, tmp_path: Path) -> None:
    fitted, model = run(tiny_base, tmp_path, epochs=10_000, patience=10_000, time_budget_seconds=2)
    assert fitted.timings["seconds"]["total"] < 20
    assert len(predictor.load(model).predict(["pay slip"])) == 1


def test_a_long_row_is_several_items_which_weigh_what_they_answer_for(tiny_base: Path) -> None:
    plan = make_plan(tiny_base, task_type="entity_recognition", max_length=12, task_settings=SETTINGS)
    rows = entity_rows(5, words=30)
    learner = plan.head.LEARNER(prepare(plan, rows, rows, 0.0, silent))
    assert len(learner.items) > 2 * len(rows)
    assert sum(map(learner.weight, learner.items)) == rows["text"].map(lambda text: len(text.split())).sum()
