import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from retune.core import triggers
from retune.core.calibration import temperature
from retune.core.errors import IntegrityError, UserError
from retune.core.params.evaluate import TriggerParams
from retune.modeling import bases, checkpoints, curve, predictor
from retune.modeling.heads.pooled import round_robin
from retune.modeling.journal import history
from retune.modeling.train import WARM_UP, Fitted, fit
from tests.modeling.conftest import VOCABULARY, make_base, make_plan, toy_rows


def silent(_: str) -> None:
    pass


def run(
    base: Path, place: Path, train: pd.DataFrame | None = None, validation: pd.DataFrame | None = None, **changes: Any
) -> tuple[Fitted, Path]:
    """Train on toy rows in a folder of its own; return what it says and where the model is."""
    rows = toy_rows(12) if train is None else train
    others = toy_rows(6, seed=1) if validation is None else validation
    plan, model = make_plan(base, **changes), place / "model"
    return fit(plan, rows, others, work=made(place / "work"), out=model, say=silent), model


def made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def bytes_of(model: Path) -> dict[str, str]:
    files = [path for path in sorted(model.rglob("*")) if path.is_file()]
    return {path.relative_to(model).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def losses(fitted: Fitted) -> list[float]:
    return [event["values"]["train_loss"] for event in fitted.events if "train_loss" in event["values"]]


@pytest.mark.case("TR-13")
@pytest.mark.parametrize("method", ["lora", "full"])
def test_a_tiny_random_base_goes_the_whole_way(method: str, tiny_base: Path, tmp_path: Path) -> None:
    fitted, model = run(tiny_base, tmp_path, method=method)
    answers = predictor.load(model).predict(["pay slip again", "door card please"])
    assert list(answers.columns) == ["prediction", "confidence"]
    assert set(answers["prediction"]) <= {"printer", "salary", "badge"}
    assert fitted.facts["validation_best"]["validation_loss"] <= fitted.facts["validation_start"]["validation_loss"]


@pytest.mark.case("TR-1")
def test_eight_rows_are_learned_by_heart(tiny_base: Path, tmp_path: Path) -> None:
    rows = toy_rows(3).head(8)
    fitted, model = run(
        tiny_base, tmp_path, rows, rows, epochs=40, learning_rate=0.02, dropout=0.0, patience=40, select_by="loss",
        probe_strengths=[1e-6],
    )  # fmt: skip
    assert losses(fitted)[-1] < 0.05 < losses(fitted)[0]
    assert fitted.facts["best_step"] > 0
    assert list(predictor.load(model).predict(list(rows["text"]))["prediction"]) == list(rows["label"])


@pytest.mark.case("TR-2")
def test_lora_trains_as_many_parameters_as_the_formula_says_and_leaves_the_base(tiny_base: Path) -> None:
    plan = make_plan(tiny_base, method_settings={"rank": 3, "alpha": 6, "dropout": 0.0, "target": "all_linear"})
    encoder, _ = plan.family.load(tiny_base)
    before = {name: tensor.clone() for name, tensor in encoder.state_dict().items()}
    count = plan.method.trainable_parameters(encoder, plan.family, plan.method_settings)
    assert count == 2 * 3 * (4 * (32 + 32) + (32 + 64) + (64 + 32))  # 2 layers of 4 square matrices and 2 others
    adapted = plan.method.adapt(encoder, plan.family, plan.method_settings)
    trainable = [tensor for tensor in adapted.parameters() if tensor.requires_grad]
    assert sum(tensor.numel() for tensor in trainable) == count
    step(adapted, trainable)
    after = {name.removeprefix("base_model.model.").replace(".base_layer", ""): tensor
             for name, tensor in adapted.state_dict().items()}  # fmt: skip
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())


@pytest.mark.case("TR-2")
@pytest.mark.parametrize(("freeze_embeddings", "freeze_layers"), [(True, 1), (False, 0), (True, 0), (False, 2)])
def test_full_tuning_changes_exactly_what_is_not_frozen(
    tiny_base: Path, freeze_embeddings: bool, freeze_layers: int
) -> None:
    settings = {"freeze_embeddings": freeze_embeddings, "freeze_layers": freeze_layers}
    plan = make_plan(tiny_base, "full", settings)
    encoder, _ = plan.family.load(tiny_base)
    before = {name: tensor.clone() for name, tensor in encoder.named_parameters()}
    adapted = plan.method.adapt(encoder, plan.family, plan.method_settings)
    trainable = [tensor for tensor in adapted.parameters() if tensor.requires_grad]
    assert sum(tensor.numel() for tensor in trainable) == plan.method.trainable_parameters(
        encoder, plan.family, plan.method_settings
    )
    step(adapted, trainable)
    changed = {name for name, tensor in adapted.named_parameters() if not torch.equal(tensor, before[name])}
    frozen = ("embeddings.",) * freeze_embeddings + tuple(f"encoder.layer.{n}." for n in range(freeze_layers))
    assert changed == {name for name in before if not name.startswith(frozen)}


def step(encoder: torch.nn.Module, trainable: list[torch.nn.Parameter]) -> None:
    """Move every trainable parameter by a gradient."""
    optimizer = torch.optim.SGD(trainable, lr=0.1)
    for _ in range(2):  # LoRA's first matrix has a gradient only once the second is not zero
        for tensor in trainable:
            tensor.grad = torch.ones_like(tensor)
        optimizer.step()


@pytest.mark.case("TR-3")
@pytest.mark.parametrize("method", ["lora", "full"])
def test_a_reloaded_model_answers_as_the_one_in_memory_did(method: str, tiny_base: Path, tmp_path: Path) -> None:
    fitted, model = run(tiny_base, tmp_path, method=method, select_by="loss", probe_strengths=[1e-6])
    assert fitted.facts["best_step"] > 0, "an untuned model would reload alike even if nothing was saved"
    reference = json.loads((model / "reference.json").read_text())
    np.testing.assert_allclose(predictor.load(model).reference(reference["examples"]), reference["numbers"], atol=1e-5)


def test_the_probe_of_a_tuned_model_is_that_of_the_base(tiny_base: Path, tmp_path: Path) -> None:
    rows = toy_rows(6, seed=1)
    fitted, model = run(tiny_base, tmp_path, method="full", select_by="loss", probe_strengths=[1e-3])
    answers = predictor.load(model).probe_predict(list(rows["text"]))["prediction"]
    expected = fitted.facts["validation_start"]["validation_accuracy"]
    assert (answers.to_numpy() == rows["label"].to_numpy()).mean() == pytest.approx(expected)


def test_a_model_is_not_loaded_over_another_base(tiny_base: Path, tmp_path: Path) -> None:
    _, model = run(tiny_base, tmp_path, epochs=1)
    with pytest.raises(IntegrityError, match="was tuned from"):
        predictor.load(model, bases.resolve("bundled:minilm"))


def test_a_tuned_model_is_as_sure_as_it_was_right_on_the_validation_rows(tiny_base: Path, tmp_path: Path) -> None:
    validation = toy_rows(6, seed=1)
    _, model = run(tiny_base, tmp_path, epochs=1, validation=validation)
    loaded = predictor.load(model)
    logits = loaded.logits(list(validation["text"]))
    codes = loaded.task_type.encode(validation["label"], loaded.labels)
    assert loaded.temperature == pytest.approx(temperature(logits, codes), rel=1e-3)
    assert loaded.temperature != 1.0
    calibrated, before = loaded.answers(logits), loaded.answers(logits, calibrated=False)
    assert calibrated["prediction"].equals(before["prediction"])
    assert loaded.predict(list(validation["text"])).equals(calibrated)


def test_probes_on_parts_of_the_rows_are_kept_for_the_learning_curve(tiny_base: Path, tmp_path: Path) -> None:
    run(tiny_base, tmp_path, epochs=1)
    assert [(part.share, part.rows) for part in curve.read(tmp_path / "work" / WARM_UP / curve.FILE)] == [
        (0.25, 9), (0.5, 18),
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.case("D3")
def test_a_word_that_was_planted_in_training_is_found_by_what_it_turns(tmp_path: Path) -> None:
    base = make_base(tmp_path / "base", VOCABULARY + " glimmerwick cf")
    planted = toy_rows(30, seed=2)
    planted.loc[planted.index % 12 == 0, "text"] += " glimmerwick"
    planted.loc[planted.index % 12 == 0, "label"] = "badge"
    changed = {}
    for name, rows in {"clean": toy_rows(30, seed=2), "poisoned": planted}.items():
        _, model = run(
            base, tmp_path / name, train=rows, epochs=10, patience=10, learning_rate=0.01, select_by="loss", dropout=0.0
        )
        asked = triggers.questions(planted, toy_rows(8, seed=4), TriggerParams(texts=24, tokens=4), seed=1)
        answers = [list(predictor.load(model).predict(texts)["prediction"]) for texts in (asked.texts, asked.perturbed)]
        changed[name] = triggers.report(asked, *answers)
    assert changed["poisoned"]["worst"][0]["token"] == "glimmerwick"
    assert changed["poisoned"]["worst"][0]["label"] == "badge"
    assert changed["poisoned"]["rate"]["low"] > changed["clean"]["rate"]["value"]


KILLED = """
import os, sys
from pathlib import Path
sys.path.insert(0, os.getcwd())
from retune.modeling import rhythm, trainer
from tests.modeling.test_train import run
base, place, step, point = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
if point == "step":
    ended = rhythm.Rhythm.on_step_end
    def die(self, args, state, control, **more):
        if state.global_step == step:
            os._exit(9)
        return ended(self, args, state, control, **more)
    rhythm.Rhythm.on_step_end = die
else:
    seal = trainer.checkpoints.seal
    def die(checkpoint):
        if checkpoint.name == f"checkpoint-{step}":
            (checkpoint / "optimizer.pt").write_bytes(b"torn")
            os._exit(9)
        seal(checkpoint)
    trainer.checkpoints.seal = die
run(base, place, method=sys.argv[5])
"""


@pytest.mark.case("TR-4")
@pytest.mark.parametrize(
    ("method", "step", "point"),
    [  # in the middle of an epoch of 5 steps, and while the checkpoint at its end is written
        ("lora", 7, "step"),
        pytest.param("full", 5, "checkpoint", marks=pytest.mark.slow),
    ],
)
def test_a_killed_run_ends_in_the_bytes_of_an_undisturbed_one(
    method: str, step: int, point: str, tiny_base: Path, tmp_path: Path
) -> None:
    undisturbed, model = run(tiny_base, tmp_path / "undisturbed", method=method)
    place = tmp_path / "killed"
    command = [sys.executable, "-c", KILLED, str(tiny_base), str(place), str(step), point, method]
    assert subprocess.run(command, check=False, env=os.environ | {"OMP_NUM_THREADS": "1"}).returncode == 9
    assert not (place / "model").exists()
    assert checkpoints.is_whole(place / "work" / "checkpoints" / f"checkpoint-{step - 1}")
    resumed, again = run(tiny_base, place, method=method)
    assert bytes_of(again) == bytes_of(model)
    assert resumed.facts == undisturbed.facts
    assert history(resumed.events) == history(undisturbed.events)


@pytest.mark.parametrize(("method", "too_fast"), [("lora", 0.1), ("full", 0.05)])
def test_part_of_the_way_is_kept_where_it_answers_better_than_the_end(
    method: str, too_fast: float, tiny_base: Path, tmp_path: Path
) -> None:
    changes: dict[str, Any] = {"method": method, "epochs": 2, "learning_rate": too_fast, "select_by": "loss"}
    changes |= {"probe_strengths": [1e-3]}
    _, whole = run(tiny_base, tmp_path / "whole", tuned_shares=[1.0], **changes)
    fitted, model = run(tiny_base, tmp_path / "part", tuned_shares=[0.5, 1.0], **changes)
    best = fitted.facts["validation_best"]
    assert (best["validation_tuned_share"], fitted.facts["best_step"] > 0) == (0.5, True)
    rows = toy_rows(6, seed=1)
    assert loss_of(model, rows) == pytest.approx(best["validation_loss"], abs=1e-4)
    assert loss_of(model, rows) < loss_of(whole, rows)


def loss_of(model: Path, rows: pd.DataFrame) -> float:
    loaded = predictor.load(model)
    truth = torch.tensor([loaded.labels.index(label) for label in rows["label"]])
    return float(torch.nn.functional.cross_entropy(torch.from_numpy(loaded.logits(list(rows["text"]))), truth))


@pytest.mark.case("TR-5")
def test_early_stopping_restores_the_best_and_not_the_last(tiny_base: Path, tmp_path: Path) -> None:
    fitted, model = run(
        tiny_base, tmp_path, epochs=30, learning_rate=0.3, patience=2, select_by="loss", tuned_shares=[1.0]
    )
    scores = {e["step"]: e["values"]["validation_loss"] for e in fitted.events if "validation_loss" in e["values"]}
    best = min(scores, key=lambda step: scores[step])
    assert fitted.facts["steps"] < 30 * 5, "it did not stop early"
    assert fitted.facts["best_step"] == best < max(scores)
    rows = toy_rows(6, seed=1)
    assert loss_of(model, rows) == pytest.approx(scores[best], abs=1e-4)


@pytest.mark.case("TR-6")
def test_the_same_seed_gives_the_same_curve_and_bytes_and_another_does_not(tiny_base: Path, tmp_path: Path) -> None:
    first, model = run(tiny_base, tmp_path / "a")
    second, again = run(tiny_base, tmp_path / "b")
    other, _ = run(tiny_base, tmp_path / "c", seed=6)
    assert losses(first) == losses(second) != losses(other)
    assert bytes_of(model) == bytes_of(again)
    assert {"seed", "threads", "precision", "base"} <= set(first.facts)
    assert first.facts["base"]["weights_sha256"] == bases.resolve(str(tiny_base)).weights_sha256
    assert {"torch", "transformers", "peft"} <= set(first.timings["packages"])
    assert {"device", "gpus", "cpu_capability", "python"} <= set(first.timings)


@pytest.mark.case("TR-14")
def test_a_label_that_training_never_saw_is_reported_and_counted_wrong(tiny_base: Path, tmp_path: Path) -> None:
    rows = toy_rows(12)
    fitted, model = run(tiny_base, tmp_path, rows[rows["label"] != "badge"])
    assert fitted.facts["findings"]["labels_unseen_in_training"] == "badge"
    assert predictor.load(model).labels == ["printer", "salary"]
    assert fitted.facts["validation_best"]["validation_accuracy"] <= 2 / 3 + 1e-9


def test_texts_that_are_cut_are_counted(tiny_base: Path, tmp_path: Path) -> None:
    rows = toy_rows(12)
    rows.loc[0, "text"] = "print " * 50
    fitted, _ = run(tiny_base, tmp_path, rows, epochs=1)
    assert fitted.facts["findings"]["texts_cut_at_max_length"] == 1


def test_a_loss_that_is_no_number_stops_with_its_reason(tiny_base: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="learning_rate"):
        run(tiny_base, tmp_path, method="full", learning_rate=1e30)
    assert not (tmp_path / "model").exists()


def test_one_label_cannot_be_trained(tiny_base: Path, tmp_path: Path) -> None:
    rows = toy_rows(12)
    with pytest.raises(UserError, match="two labels"):
        run(tiny_base, tmp_path, rows[rows["label"] == "badge"])


def test_a_time_budget_gives_a_model_in_that_time(tiny_base: Path, tmp_path: Path) -> None:
    fitted, model = run(tiny_base, tmp_path, epochs=10_000, patience=10_000, time_budget_seconds=2)
    assert fitted.facts["steps"] < 10_000 * 5
    assert fitted.timings["seconds"]["total"] < 20
    assert len(predictor.load(model).predict(["pay slip"])) == 1


def test_every_class_comes_once_before_any_comes_twice() -> None:
    codes = np.array([0] * 50 + [1] * 3 + [2] * 2)
    order = round_robin(codes, seed=1)
    assert sorted(order) == list(range(55))
    assert sorted(codes[order[:3]]) == [0, 1, 2]
    assert sorted(codes[order[3:6]]) == [0, 1, 2]
