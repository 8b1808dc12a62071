"""Trainings beside the real one: none where none is asked for, and otherwise kept, repeatable and not registered."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from retune import rehearsal, training
from retune.core.errors import UserError
from retune.core.frames import ROWS
from retune.core.memorisation import flagged, report
from retune.core.params.rehearse import RehearseParams
from retune.core.params.train import TrainParams
from retune.io.files import read_frame, read_json, sha256_file, write_frame, write_json
from retune.modeling import bases
from retune.modeling.keys import TrainingInputs
from retune.modeling.train import fit
from retune.project import read_project
from tasks.rehearse import rehearse
from tests.conftest import CHECKOUT
from tests.modeling.conftest import TOY_SETTINGS, make_base, toy_rows

LORA = {"rank": 2, "alpha": 4, "dropout": 0.0, "target": "all_linear"}
FULL = {"freeze_embeddings": False, "freeze_layers": 0}
SETTINGS = {**TOY_SETTINGS, "epochs": 2, "method_settings": LORA}


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Write the files that the step reads; its cache lies beside them."""
    monkeypatch.setenv("RETUNE_STATE", str(tmp_path / "state"))
    for name, rows in {"train": toy_rows(8), "validation": toy_rows(4, 1), "test": toy_rows(5, 2)}.items():
        write_frame(tmp_path / f"{name}.parquet", rows, ROWS)
    write_json(tmp_path / "base.json", bases.resolve(str(make_base(tmp_path / "tiny"))).as_dict())
    write_json(tmp_path / "facts.json", {"seed": 5, "settings": SETTINGS})
    root = Path(__file__).parents[2] / "retune" / "modeling"
    files = {name: tmp_path / f"{name}.parquet" for name in ("train", "validation", "test", "answers")}
    files |= {name: tmp_path / f"{name}.json" for name in ("base", "facts", "rehearsed")}
    chosen = {"task_type": "task_types/classification", "family": "families/encoder", "method": "methods/lora"}
    files["model"] = tmp_path / "model"
    return files | {name: root / f"{part}.py" for name, part in chosen.items()}


def asked(**changes: int) -> RehearseParams:
    return RehearseParams.model_validate({"seeds": 0, "further_seeds": 0, "canaries": 0} | changes)


def inputs(given: dict[str, Path], method: str = "lora") -> TrainingInputs:
    names = ("train", "validation", "base", "task_type", "family")
    return TrainingInputs(**{name: given[name] for name in names}, method=given["method"].with_stem(method))


def test_where_nothing_is_asked_nothing_is_trained(given: dict[str, Path]) -> None:
    rehearse(**given, params=asked())
    assert read_json(given["rehearsed"])["memorised"] is None
    assert list(read_frame(given["answers"])) == list(rehearsal.ANSWERS)
    assert not (given["base"].parent / "state" / "cache").exists()


def test_a_rehearsal_of_nothing_imports_nothing_heavy() -> None:
    code = "import sys; import tasks.rehearse; print({'torch', 'transformers', 'sklearn', 'scipy'} & set(sys.modules))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "set()"


@pytest.mark.case("GT-4")
def test_other_seeds_answer_the_test_rows_alike_every_time_and_are_kept(given: dict[str, Path]) -> None:
    rehearse(**given, params=asked(seeds=2))
    first, found = given["answers"].read_bytes(), read_json(given["rehearsed"])
    assert (found["seeds"], found["test_sha256"]) == ([6, 7], sha256_file(given["test"]))
    answers = pd.read_parquet(given["answers"])
    assert answers.groupby("seed").size().to_dict() == {6: 15, 7: 15}
    assert set(answers["prediction"]) <= {"printer", "salary", "badge"}
    started = time.monotonic()
    rehearse(**given, params=asked(seeds=2))
    assert time.monotonic() - started < 1, "the trainings were kept"
    assert given["answers"].read_bytes() == first
    params = TrainParams.model_validate(SETTINGS)
    assert rehearsal.seeds_after(params, 2, done=2) == [8, 9]


@pytest.mark.slow
@pytest.mark.case("ME-1")
def test_a_training_that_saw_canaries_is_flagged_and_one_that_saw_none_is_not(given: dict[str, Path]) -> None:
    changes = {"epochs": 5, "patience": 5, "checkpoint_seconds": 1000, "select_by": "accuracy", "method_settings": FULL}
    params = TrainParams.model_validate({**SETTINGS, **changes})
    untouched = tuned(given, params)
    found = rehearsal.memorised(inputs(given, "full"), params, 64, untouched)
    assert (found["canaries"], found["groups"]["0"]["canaries"]) == (64, 16)
    assert flagged(found["inserted"])
    assert not flagged(found["groups"]["0"])
    assert found["groups"]["16"]["mean_exposure"] > 2 * found["groups"]["0"]["mean_exposure"]
    other = tuned(given, params.model_copy(update={"seed": 6}))
    planted, of_references = rehearsal.asked_of(read_frame(given["train"]), 64, params.seed, "label")
    ratios = rehearsal.ratios(other, untouched, [*planted, *of_references])
    assert not flagged(report(planted, ratios[:64], ratios[64:], params.seed)["inserted"])


def tuned(given: dict[str, Path], params: TrainParams) -> Path:
    """Return the folder of a model that was tuned on the rows as they are."""
    folder = given["base"].with_name(f"seed-{params.seed}")
    rows = read_frame(given["train"])
    plan = training.plan(inputs(given, "full"), rows, params)
    folder.mkdir()
    fit(plan, rows, read_frame(given["validation"]), work=folder, out=folder / "model", say=print)
    return folder / "model"


def test_too_few_canaries_are_refused() -> None:
    with pytest.raises(ValueError, match="fewer than 32"):
        asked(canaries=16)


@pytest.mark.parametrize(
    ("asked", "rehearse", "said"),
    [
        ({"noise": True}, {"seeds": 1}, "release.noise needs rehearse.seeds of 2 or more"),
        ({"memorisation": True}, {"seeds": 5}, "release.memorisation needs rehearse.canaries"),
        ({"membership": 0.6}, {"seeds": 5}, "release.membership needs evaluate.membership_rows of 100 or more"),
    ],
)
def test_a_release_that_asks_for_what_no_rehearsal_measures_is_refused_before_anything_runs(
    asked: dict[str, Any], rehearse: dict[str, int], said: str, tmp_path: Path
) -> None:
    params = yaml.safe_load((CHECKOUT / "params.yaml").read_text(encoding="utf-8"))
    model = params["models"]["ticket-router"]
    model["release"] |= asked
    model["rehearse"] |= rehearse
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    with pytest.raises(UserError, match=f"models.ticket-router: {said}. Correct params.yaml"):
        read_project(tmp_path)


def test_canaries_of_a_model_that_writes_are_what_it_is_to_write_after_a_prompt_of_its_own() -> None:
    rows = pd.DataFrame({"text": ["ask about the gate", "ask about the badge"], "label": ["it is shut", "at the desk"]})
    planted, of_references = rehearsal.asked_of(rows, 32, 7, "text")
    assert {one.text for one in [*planted, *of_references]} == set(rows["text"])
    assert all(len(one.label.split()) == 12 for one in planted)
    assert {one.repeats for one in planted} == {0, 1, 4, 16}
