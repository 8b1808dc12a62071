"""A model that continues another starts as that other, learns on the rows it is given, and stands on the base alone."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from retune.core.errors import IntegrityError, UserError
from retune.core.replay import Mix, mix
from retune.modeling import bases, exported, predictor
from retune.modeling.bases import Parent
from retune.modeling.layering import Layer
from retune.modeling.train import Fitted, fit
from tests.modeling.conftest import make_plan, toy_rows
from tests.modeling.test_train import bytes_of, made, run, silent
from tests.modeling.whole_ways import Way, plan_of, started, tuned

OLD, ASKED = toy_rows(12), toy_rows(6, seed=1)
PARENT = Parent("router", "3", "f" * 64, {})


@pytest.fixture(scope="module", params=["lora", "full"])
def parent(request: pytest.FixtureRequest, tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return a method, and the folder of a model tuned by it on texts about printers and salaries alone."""
    place = tmp_path_factory.mktemp(request.param)
    rows = OLD[OLD["label"] != "badge"].reset_index(drop=True)
    _, model = run(tiny_base, place, rows, ASKED[ASKED["label"] != "badge"], method=request.param)
    return request.param, model


def continued(
    base: Path, place: Path, parent: Any, rows: pd.DataFrame, chosen: Mix, **changes: Any
) -> tuple[Fitted, Path]:
    method, model = parent
    plan = replace(make_plan(base, method=method, **changes), layer=Layer(PARENT, model, chosen))
    asked = ASKED[ASKED["label"].isin(rows["label"])]
    fitted = fit(plan, rows, asked, work=made(place / "work"), out=place / "model", say=silent)
    return fitted, place / "model"


def known_rows() -> pd.DataFrame:
    return OLD[OLD["label"] != "badge"].reset_index(drop=True)


def test_with_nothing_new_the_child_is_the_parent_byte_by_byte(parent: Any, tiny_base: Path, tmp_path: Path) -> None:
    rows = known_rows()
    fitted, child = continued(tiny_base, tmp_path, parent, rows, mix([False] * len(rows), 0.2, 5))
    assert bytes_of(child) == bytes_of(parent[1])
    assert (fitted.facts["new_rows"], fitted.facts["replayed_rows"], fitted.facts["steps"]) == (0, 0, 0)


@pytest.mark.case("TR-9", "TR-3")
def test_the_child_starts_from_the_parents_weights_and_answers_alike_when_it_is_loaded_over_the_base_alone(
    parent: Any, tiny_base: Path, tmp_path: Path
) -> None:
    rows = known_rows()
    chosen = mix([place >= 16 for place in range(len(rows))], 0.2, 5)
    fitted, child = continued(tiny_base, tmp_path, parent, rows, chosen, learning_rate=1e-12, weight_decay=0.0)
    texts = ASKED["text"].tolist()
    ours, theirs = predictor.load(child).logits(texts), predictor.load(parent[1]).logits(texts)
    assert np.abs(ours - theirs).max() < 1e-4
    assert fitted.facts["parent"] == "router version 3"
    assert fitted.facts["steps"] == 3 * -(-len(chosen.positions) // 8)
    learned, child = continued(tiny_base, tmp_path / "learned", parent, rows, chosen)
    if learned.facts["best_step"]:
        assert np.abs(predictor.load(child).logits(texts) - theirs).max() > 1e-3
    reference = json.loads((child / "reference.json").read_text())
    assert np.abs(predictor.load(child).reference(reference["examples"]) - np.array(reference["numbers"])).max() < 1e-4


def test_a_label_that_the_parent_has_not_is_learnt_beside_its_own(parent: Any, tiny_base: Path, tmp_path: Path) -> None:
    chosen = mix([label == "badge" for label in OLD["label"]], 0.3, 5)
    fitted, child = continued(tiny_base, tmp_path, parent, OLD, chosen, epochs=8, patience=8)
    answers = predictor.load(child).predict(ASKED["text"].tolist())["prediction"]
    right = (answers.to_numpy() == ASKED["label"].to_numpy()).reshape(3, -1).mean(axis=1)
    assert (right > 0.6).all(), right
    assert (fitted.facts["new_rows"], fitted.facts["replayed_rows"]) == (12, 5)


def test_old_rows_that_are_not_there_are_reported(parent: Any, tiny_base: Path, tmp_path: Path) -> None:
    chosen = mix([place >= 4 for place in range(24)], 0.5, 5)
    fitted, _ = continued(tiny_base, tmp_path, parent, known_rows(), chosen, epochs=1)
    assert fitted.facts["findings"]["replay_shortfall"] == 16


@pytest.mark.case("TR-9")
def test_a_parent_of_another_base_method_or_shape_is_refused(tiny_base: Path, tmp_path: Path) -> None:
    rows, chosen = known_rows(), mix([True] * 24, 0.2, 5)
    _, model = run(tiny_base, tmp_path / "parent", rows, ASKED[ASKED["label"] != "badge"], epochs=1)
    with pytest.raises(UserError, match="found classification, encoder, lora"):
        continued(tiny_base, tmp_path / "method", ("full", model), rows, chosen)
    other = {"rank": 3, "alpha": 8, "dropout": 0.0, "target": "all_linear"}
    with pytest.raises(UserError, match=r"parent's values"):
        continued(tiny_base, tmp_path / "rank", ("lora", model), rows, chosen, method_settings=other)
    page = json.loads((model / "retune_model.json").read_text())
    page["base"]["weights_sha256"] = "0" * 64
    (model / "retune_model.json").write_text(json.dumps(page))
    with pytest.raises(IntegrityError, match="other weights"):
        continued(tiny_base, tmp_path / "base", ("lora", model), rows, chosen)


def test_layers_that_the_parent_tuned_and_the_settings_freeze_are_refused(tiny_base: Path, tmp_path: Path) -> None:
    rows, chosen = known_rows(), mix([True] * 24, 0.2, 5)
    _, model = run(
        tiny_base, tmp_path / "parent", rows, ASKED[ASKED["label"] != "badge"], method="full", probe_strengths=[1e-6],
        select_by="loss",
    )  # fmt: skip
    frozen = {"freeze_embeddings": True, "freeze_layers": 1}
    with pytest.raises(UserError, match="tensors that do not"):
        continued(tiny_base, tmp_path / "child", ("full", model), rows, chosen, method_settings=frozen)


def test_a_file_of_the_parent_that_is_gone_or_changed_is_named(tiny_base: Path, tmp_path: Path) -> None:
    base, place = tmp_path / "base.json", tmp_path / "parent"
    shutil.copytree(tiny_base, place / "model")
    files = {f"model/{file.name}": bases.sha256(file) for file in sorted((place / "model").iterdir())}
    pinned = replace(PARENT, files=files)
    assert exported.located(base, pinned) == place
    with (place / "model" / "config.json").open("a") as stream:
        stream.write(" ")
    with pytest.raises(IntegrityError, match=r"config\.json"):
        exported.located(base, pinned)
    shutil.rmtree(place)
    with pytest.raises(UserError, match="make pipeline"):
        exported.located(base, pinned)


def test_an_identity_with_a_parent_survives_its_file_and_the_model_does_not_depend_on_it(tiny_base: Path) -> None:
    identity = replace(bases.resolve(str(tiny_base)), parent=PARENT)
    assert bases.BaseIdentity.from_dict(json.loads(json.dumps(identity.as_dict()))) == identity
    assert exported.root_of(identity) == bases.resolve(str(tiny_base))
    assert "parent" not in bases.resolve(str(tiny_base)).as_dict()


@pytest.mark.case("TR-9")
@pytest.mark.parametrize(
    "way",
    [
        Way("classification", "albert", "dora"), Way("entity_recognition", "encoder", "lora"),
        Way("question_answering", "t5", "full"), Way("text_generation", "qwen", "lora"),
        Way("chat", "gpt2", "full"), Way("summarisation", "bart", "rslora"),
        Way("question_answering", "encoder", "head"),
    ],
    ids=str,
)  # fmt: skip
def test_a_child_of_any_kind_starts_as_its_parent(way: Way, tmp_path: Path) -> None:
    model = tuned(way, tmp_path)
    layer = Layer(PARENT, model.out, mix([True] * 12, 0.0, 5))
    learner, positions = started(replace(model.learner.bench.plan, layer=layer), tmp_path / "warm")
    assert np.abs(np.array(learner.reference().numbers) - model.numbers).max() < 1e-4
    assert positions  # all rows are new; what writes packs several into an item


def test_what_was_trained_on_documents_learns_to_answer(tmp_path: Path) -> None:
    model = tuned(Way("continued_pretraining", "alpaca", "lora"), tmp_path)
    plan = plan_of(Way("text_generation", "alpaca", "lora"), tmp_path / "bases")
    layer = Layer(PARENT, model.out, mix([True] * 12, 0.0, 5))
    learner, _ = started(replace(plan, layer=layer), tmp_path / "warm")
    theirs, ours = (corrections(body) for body in (model.learner.module.body, learner.module.body))
    assert theirs
    assert all(torch.equal(tensor, ours[name]) for name, tensor in theirs.items())
    labels = plan_of(Way("classification", "alpaca", "lora"), tmp_path / "bases")
    with pytest.raises(UserError, match="a parent made of classification"):
        started(replace(labels, layer=layer), tmp_path / "other")


def corrections(body: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Return what a body learnt beside its base."""
    return {name: tensor for name, tensor in body.named_parameters() if ".lora_" in name}
