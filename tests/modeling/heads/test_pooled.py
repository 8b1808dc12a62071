"""The head of labels beyond one label per text, which tests/modeling/test_train.py holds: several, and other bases."""

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from retune.core.targets import labels
from retune.modeling import batches, predictor
from retune.modeling.bench import prepare
from retune.modeling.task_types import multi_label_classification, sentiment
from retune.modeling.train import Fitted, fit
from tests.modeling.conftest import FILLERS, SUBJECTS, make_plan, toy_rows
from tests.modeling.heads.rows import frame
from tests.modeling.tiny import tiny


def silent(_: str) -> None:
    pass


def several(count: int, seed: int = 0, rare: str = "") -> pd.DataFrame:
    """Return rows of none to all subjects; a rare one is seldom among them."""
    draw = random.Random(seed)
    texts, names = [], []
    for _ in range(count):
        chosen = [name for name in sorted(SUBJECTS) if draw.random() < (0.1 if name == rare else 0.5)]
        words = draw.choices(FILLERS.split(), k=2)
        words += [word for name in chosen for word in draw.sample(SUBJECTS[name].split(), 2)]
        draw.shuffle(words)
        texts.append(" ".join(words))
        names.append(labels.dump(chosen))
    return frame(texts, [""] * count, names)


def run(
    base: Path, place: Path, train: pd.DataFrame | None = None, validation: pd.DataFrame | None = None, **changes: Any
) -> tuple[Fitted, Path]:
    """Train on rows of several labels in a folder of its own; return what it says and where the model is."""
    settings = {"select_by": "set_micro_f1", "task_type": "multi_label_classification", **changes}
    plan = make_plan(base, **settings)
    rows = several(60) if train is None else train
    others = several(30, seed=1) if validation is None else validation
    (place / "work").mkdir(parents=True)
    return fit(plan, rows, others, work=place / "work", out=place / "model", say=silent), place / "model"


@pytest.mark.parametrize("method", ["lora", "full"])
def test_several_labels_one_and_none_are_learnt(method: str, tiny_base: Path, tmp_path: Path) -> None:
    _, model = run(tiny_base, tmp_path, several(150), epochs=5, learning_rate=0.01, method=method, dropout=0.0)
    rows = several(40, seed=2)
    answers = predictor.load(model).predict(list(rows["text"]))
    assert list(answers.columns) == ["prediction", "confidence"]
    assert answers["confidence"].between(0.5, 1).all()
    right = [labels.is_right(*pair) for pair in zip(rows["label"], answers["prediction"], strict=True)]
    assert np.mean(right) > 0.8
    assert (rows["label"][right] == "[]").any()


@pytest.mark.case("TR-1")
def test_eight_rows_are_learned_by_heart(tiny_base: Path, tmp_path: Path) -> None:
    rows = several(8)
    _, model = run(
        tiny_base, tmp_path, rows, rows, epochs=80, learning_rate=0.02, dropout=0.0, patience=80, select_by="loss",
        probe_strengths=[1e-6],
    )  # fmt: skip
    assert list(predictor.load(model).predict(list(rows["text"]))["prediction"]) == list(rows["label"])


@pytest.mark.case("TR-3")
def test_a_reloaded_model_answers_as_the_one_in_memory_did(tiny_base: Path, tmp_path: Path) -> None:
    fitted, model = run(tiny_base, tmp_path, method="full", select_by="loss", probe_strengths=[1e-6])
    assert fitted.facts["best_step"] > 0, "an untuned model would reload alike even if nothing was saved"
    reference = json.loads((model / "reference.json").read_text())
    np.testing.assert_allclose(predictor.load(model).reference(reference["examples"]), reference["numbers"], atol=1e-5)


@pytest.mark.case("TR-14")
def test_a_label_that_training_never_saw_is_reported_and_counted_wrong(tiny_base: Path, tmp_path: Path) -> None:
    rows = several(60)
    fitted, model = run(tiny_base, tmp_path, rows[~rows["label"].str.contains("badge")], rows)
    assert fitted.facts["findings"]["labels_unseen_in_training"] == "badge"
    loaded = predictor.load(model)
    assert loaded.labels == ["printer", "salary"]
    with_badge = rows[rows["label"].str.contains("badge")]
    given = loaded.predict(list(with_badge["text"]))["prediction"]
    assert not any(labels.is_right(*pair) for pair in zip(with_badge["label"], given, strict=True))


def test_a_seldom_label_is_given_from_where_the_validation_rows_say(tiny_base: Path, tmp_path: Path) -> None:
    rows = several(200, seed=5, rare="badge")
    fitted, model = run(tiny_base, tmp_path, rows, rows, probe_strengths=[1e-3], method="head")
    loaded = predictor.load(model)
    with_badge = np.array(["badge" in label for label in rows["label"]])
    given = np.array(["badge" in label for label in loaded.predict(list(rows["text"]))["prediction"]])
    assert (given & with_badge).sum() > 0.6 * with_badge.sum(), "at a half none would be given: one row in ten has it"
    probed = np.array(["badge" in label for label in loaded.probe_predict(list(rows["text"]))["prediction"]])
    assert (probed & with_badge).sum() > 0.6 * with_badge.sum(), "the floor chooses as the model does"
    assert fitted.facts["validation_best"]["validation_set_macro_f1"] > 0.6


def test_a_cut_is_where_f1_is_highest_and_a_half_where_few_rows_say_so() -> None:
    logits = np.linspace(-4, 1, 20, dtype=np.float32)[:, None]
    given = (logits > -2).astype(np.float32)
    (cut,) = multi_label_classification.cuts(logits, given)
    assert -2.2 < cut < -1.8
    few = np.zeros_like(given)
    few[-2:] = 1
    assert multi_label_classification.cuts(logits, few) == 0
    right = (logits > 0).astype(np.float32)
    assert multi_label_classification.cuts(np.concatenate([logits, logits]), np.concatenate([right, right])) == 0


def test_equal_logits_are_never_parted() -> None:
    logits = np.array([[1.0], [-1.0]], dtype=np.float32).repeat([10, 10], axis=0)
    given = np.array([1] * 8 + [0] * 8 + [1] * 4, dtype=np.float32)[:, None]
    (cut,) = multi_label_classification.cuts(logits, given)
    assert cut <= -1 or -1 < cut < 1


def test_no_rows_have_no_answers() -> None:
    none = multi_label_classification.decode(np.zeros((0, 2), np.float32), ["a", "b"])
    assert list(none.dtypes) == list(multi_label_classification.decode(np.ones((1, 2), np.float32), ["a", "b"]).dtypes)


def test_sentiments_stand_from_the_negative_to_the_positive() -> None:
    rows = pd.DataFrame({"label": ["positive", "neutral", "very negative", "negative", "positive", "mixed"]})
    assert sentiment.labels_of(rows) == ["very negative", "negative", "mixed", "neutral", "positive"]
    answers = sentiment.decode(np.array([[9.0, 0.0]], dtype=np.float32), ["neg", "pos"])
    assert answers.loc[0, "prediction"] == "neg"


def test_a_sentiment_is_learnt_like_any_label(tiny_base: Path, tmp_path: Path) -> None:
    rows = toy_rows(12).replace({"label": {"badge": "positive", "salary": "negative", "printer": "neutral"}})
    fitted, model = run(tiny_base, tmp_path, rows, rows, task_type="sentiment", select_by="accuracy")
    assert predictor.load(model).labels == ["negative", "neutral", "positive"]
    assert fitted.facts["validation_best"]["validation_accuracy"] > 0.8


FAMILIES = [("encoder", "bert"), ("gpt2", "gpt2"), ("llama", "llama"), ("t5", "t5"), ("bart", "bart")]


@pytest.mark.parametrize(("family", "architecture"), FAMILIES)
def test_padding_on_either_side_changes_no_logit_of_any_family(family: str, architecture: str, tmp_path: Path) -> None:
    base = tiny(architecture, tmp_path / "base")
    plan = make_plan(base, "head", family=family)
    rows = toy_rows(2).assign(label=["a", "b"] * 3)
    rows.loc[0, "text"] = "The meeting of the board moved from Monday to Thursday, said Anna Berg in Hamburg."
    together = {}
    for side in ("left", "right"):
        bench = prepare(plan, rows, rows, 0.0, silent)
        bench.tokenizer.padding_side = side
        learner = plan.head.LEARNER(bench)
        torch.manual_seed(0)
        torch.nn.init.normal_(learner.module.head.weight)
        together[side] = learner.compute(learner.module.classify, learner.rows, 2)
        alone = [learner.compute(learner.module.classify, [row], 2)[0] for row in learner.rows]
        np.testing.assert_allclose(together[side], alone, atol=1e-4)
        batch = {name: tensor for name, tensor in learner.collate(learner.items).items() if name != "labels"}
        assert batch["attention_mask"][:, 0].all(), "padding before a text would move the positions of GPT-2"
    np.testing.assert_allclose(together["left"], together["right"], atol=1e-6)
    assert np.ptp(together["left"], axis=0).min() > 1e-3
    assert len(batches.tokenise(bench.tokenizer, ["a"], 8)) == 1
