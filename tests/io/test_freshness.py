"""Scores count only while the settings and files that they were measured from are still the same."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from retune.core.errors import UserError
from retune.io.files import md5_file
from retune.io.freshness import outdated
from retune.io.place import Place

FOLDER = "artifacts/models/router"
SETTINGS = {"learning_rate": "1e-4", "epochs": 3, "precision": "auto", "shares": [0.5, 1]}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a model whose stages were recorded as DVC does: 1e-4 as a number, and code and another model beside it."""
    (tmp_path / FOLDER / "split").mkdir(parents=True)
    rows = tmp_path / FOLDER / "split" / "train.parquet"
    rows.write_bytes(b"rows")
    params = {"models": {"router": {"train": SETTINGS}, "other": {"train": {}}}}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    (tmp_path / "data.dvc").write_text(yaml.safe_dump({"outs": [{"path": "data", "md5": "d.dir"}]}))
    model = {"path": f"{FOLDER}/train/model", "md5": "m.dir"}
    deps = [{"path": f"{FOLDER}/split/train.parquet", "md5": md5_file(rows)}, {"path": "tasks/train.py", "md5": "old"}]
    train = {"models.router.train": SETTINGS | {"learning_rate": 0.0001}}
    stages = {
        "ingest": {"deps": [{"path": "data", "md5": "d.dir"}]},
        "train@router": {"deps": deps, "outs": [model], "params": {"params.yaml": train}},
        "train@other": {"params": {"params.yaml": {"models.other.train": {"epochs": 9}}}},
        "evaluate@router": {"deps": [model]},
    }  # fmt: skip
    (tmp_path / "dvc.lock").write_text(yaml.safe_dump({"stages": stages}))
    return Place(tmp_path, "router")


def change(path: Path, keys: list[str | int], value: Any) -> None:
    """Change one value in a YAML file."""
    content = found = yaml.safe_load(path.read_text())
    for key in keys[:-1]:
        found = found[key]
    found[keys[-1]] = value
    path.write_text(yaml.safe_dump(content))


def test_nothing_is_outdated_after_the_stages_ran_however_a_number_is_written(place: Place) -> None:
    assert outdated(place) == ()


@pytest.mark.case("GT-8")
def test_what_changed_since_the_scores_were_measured_is_named(place: Place) -> None:
    change(place.root / "params.yaml", ["models", "router", "train", "epochs"], 4)
    assert outdated(place) == ("models.router.train",)
    change(place.root / "data.dvc", ["outs", 0, "md5"], "e.dir")
    (place.root / FOLDER / "split" / "train.parquet").write_bytes(b"other rows")
    assert outdated(place) == (f"{FOLDER}/split/train.parquet", "data", "models.router.train")


@pytest.mark.case("GT-8")
def test_scores_of_the_model_before_are_outdated(place: Place) -> None:
    change(place.root / "dvc.lock", ["stages", "train@router", "outs"], [{"path": f"{FOLDER}/train/model", "md5": "n"}])
    assert outdated(place) == (f"{FOLDER}/train/model",)


def test_a_model_that_was_never_evaluated_says_what_to_run(place: Place) -> None:
    with pytest.raises(UserError, match="evaluate@other"):
        outdated(Place(place.root, "other"))
