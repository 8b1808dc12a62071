import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from retune.core.errors import UserError
from retune.core.frames import ROWS, SEEN
from retune.core.params.train import TrainParams
from retune.io import cache
from retune.io.files import write_frame, write_json
from retune.modeling import bases, keys, predictor
from retune.modeling.bases import Parent
from tasks.train import train
from tests.modeling.conftest import TOY_SETTINGS, make_base, toy_rows

PARTS = Path("retune/modeling")
LORA = {"rank": 2, "alpha": 4, "dropout": 0.0, "target": "all_linear"}


@pytest.fixture
def inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Write the files that the step reads; its cache lies beside them."""
    monkeypatch.setenv("RETUNE_STATE", str(tmp_path / "state"))
    write_frame(tmp_path / "train.parquet", toy_rows(8), ROWS)
    write_frame(tmp_path / "validation.parquet", toy_rows(4, seed=1), ROWS)
    write_json(tmp_path / "base.json", bases.resolve(str(make_base(tmp_path / "tiny"))).as_dict())
    root = Path(__file__).parents[2] / PARTS
    return {
        "train": tmp_path / "train.parquet",
        "validation": tmp_path / "validation.parquet",
        "base": tmp_path / "base.json",
        "task_type": root / "task_types/classification.py",
        "family": root / "families/encoder.py",
        "method": root / "methods/lora.py",
    }


def settings(**changes: Any) -> TrainParams:
    return TrainParams.model_validate({**TOY_SETTINGS, "epochs": 2, "method_settings": LORA, **changes})


def outs(folder: Path) -> dict[str, Path]:
    names = {
        "model": "model",
        "curve": "curve.safetensors",
        "history": "history.jsonl",
        "facts": "facts.json",
        "timings": "timings.json",
    }
    return {name: folder / file for name, file in names.items()}


def journal_of(inputs: dict[str, Path], **changes: Any) -> Path:
    key = keys.TrainingInputs(**inputs).key(settings(**changes).model_dump())
    return cache.location("train", key) / keys.JOURNAL


def digest(folder: Path) -> dict[str, str]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "timings.json"]
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.case("TR-13")
def test_the_step_writes_a_model_that_loads_and_its_history(inputs: dict[str, Path], tmp_path: Path) -> None:
    train(**inputs, **outs(tmp_path / "out"), params=settings())
    assert len(predictor.load(tmp_path / "out" / "model").predict(["pay slip"])) == 1
    lines = [json.loads(line) for line in (tmp_path / "out" / "history.jsonl").read_text().splitlines()]
    assert {"metrics", "params"} <= {line["event"] for line in lines}
    assert all(set(line) == {"event", "step", "values"} for line in lines)
    live = journal_of(inputs).read_text().splitlines()
    assert len(live) == len(lines)
    facts = json.loads((tmp_path / "out" / "facts.json").read_text())
    assert facts["inputs_sha256"]["train"] == hashlib.sha256(inputs["train"].read_bytes()).hexdigest()


def pin_parent(inputs: dict[str, Path], model: Path, learnt: pd.DataFrame) -> None:
    """Pin a model as the parent, with the rows that it learnt, as the step resolve does."""
    place = inputs["base"].with_name("parent")
    shutil.copytree(model, place / "model")
    seen = learnt[["example_id"]].assign(text_sha256="0" * 64, side="train")
    write_frame(place / "seen.parquet", seen, SEEN)
    files = {path.relative_to(place).as_posix(): path for path in sorted(place.rglob("*")) if path.is_file()}
    parent = Parent("router", "3", "f" * 64, {name: bases.sha256(path) for name, path in files.items()})
    identity = bases.BaseIdentity.from_dict(json.loads(inputs["base"].read_text()))
    write_json(inputs["base"], replace(identity, parent=parent).as_dict())


@pytest.mark.case("TR-9", "TR-12")
def test_a_pinned_parent_is_continued_on_what_it_has_not_seen_and_a_share_of_the_rest(
    inputs: dict[str, Path], tmp_path: Path
) -> None:
    train(**inputs, **outs(tmp_path / "parent-out"), params=settings())
    rows = toy_rows(8)
    learnt = rows[rows["example_id"].str.endswith(("-0", "-1", "-2", "-3", "-4"))]
    pin_parent(inputs, tmp_path / "parent-out" / "model", learnt)
    for share, replayed in ((0.0, 0), (0.25, 3)):
        place = tmp_path / f"share-{replayed}"
        train(**inputs, **outs(place), params=settings(replay_share=share))
        facts = json.loads((place / "facts.json").read_text())
        assert (facts["parent"], facts["new_rows"], facts["replayed_rows"]) == ("router version 3", 9, replayed)
        assert facts["train_rows"] == 24
        page = json.loads((place / "model" / "retune_model.json").read_text())
        assert "parent" not in page["base"], "the model stands on the base alone"


def test_without_its_cache_the_step_writes_the_same_bytes(
    inputs: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(**inputs, **outs(tmp_path / "first"), params=settings())
    train(**inputs, **outs(tmp_path / "second"), params=settings())
    monkeypatch.setenv("RETUNE_STATE", str(tmp_path / "elsewhere"))
    train(**inputs, **outs(tmp_path / "third"), params=settings())
    assert digest(tmp_path / "first") == digest(tmp_path / "second") == digest(tmp_path / "third")


def test_other_settings_are_another_training(inputs: dict[str, Path]) -> None:
    assert journal_of(inputs) != journal_of(inputs, seed=6)
    assert journal_of(inputs) == journal_of(inputs)


def test_a_setting_that_the_method_has_not_is_named(inputs: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="did you mean rank"):
        train(**inputs, **outs(tmp_path / "out"), params=settings(method_settings={**LORA, "ranc": 3}))
    assert not (tmp_path / "out" / "model").exists()


def test_a_failed_training_leaves_the_old_model(inputs: dict[str, Path], tmp_path: Path) -> None:
    train(**inputs, **outs(tmp_path / "out"), params=settings())
    before = digest(tmp_path / "out")
    with pytest.raises(UserError, match="finite loss"):
        train(**inputs, **outs(tmp_path / "out"), params=settings(learning_rate=1e30))
    assert digest(tmp_path / "out") == before
