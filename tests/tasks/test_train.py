import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from retune.core.errors import UserError
from retune.core.frames import ROWS
from retune.core.params.train import TrainParams
from retune.io import cache
from retune.io.files import write_frame, write_json
from retune.modeling import bases, keys, predictor
from tasks.train import train
from tests.modeling.conftest import TOY_SETTINGS, make_base, toy_rows

PARTS = Path("retune/modeling")
LORA = {"rank": 2, "alpha": 4, "dropout": 0.0}


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
    names = {"model": "model", "history": "history.jsonl", "facts": "facts.json", "timings": "timings.json"}
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
