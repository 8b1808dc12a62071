from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from retune.core.frames import ROWS, SEEN
from retune.core.params.evaluate import EvaluateParams
from retune.io.evaluator import evaluator_sha256
from retune.io.files import read_frame, read_json, sha256_file, write_frame, write_json
from retune.modeling import bases
from retune.modeling.bases import BaseIdentity, Parent
from tasks import evaluate as step
from tasks.track import about, scores_of
from tests.toy_checkout import make_model

PARAMS = EvaluateParams(seed=1, alpha=0.05, worst_errors=2)
OUTPUTS = {
    "predictions": "predictions.parquet",
    "metrics": "metrics.json",
    "errors": "errors.parquet",
    "plots": "plots",
}


class Toy:
    """Knows the queue by its first word; gives no answer to an empty text; its probe always says vpn."""

    def predict(self, texts: Sequence[str]) -> pd.DataFrame:
        first = [text.partition(" ")[0] for text in texts]
        known = [word if word in ("vpn", "printer") else "vpn" * bool(word) for word in first]
        return pd.DataFrame({"prediction": known, "confidence": [0.9 if word else np.nan for word in first]})

    def probe_predict(self, texts: Sequence[str]) -> pd.DataFrame:
        return pd.DataFrame({"prediction": ["vpn"] * len(texts), "confidence": [0.5] * len(texts)})


def rows(*pairs: tuple[str, str]) -> pd.DataFrame:
    found = [(f"{number:04d}", text, label) for number, (text, label) in enumerate(pairs)]
    return pd.DataFrame(found, columns=list(ROWS))


TRAIN = rows(*[(f"vpn line {n}", "vpn") for n in range(5)], *[(f"printer tray {n}", "printer") for n in range(5)])
TEST = rows(
    ("vpn gone", "vpn"), ("printer gone", "printer"), ("", "vpn"), ("gate shut", "badge"), ("vpn ink", "printer")
)


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(step, "loaded", lambda *_: Toy())
    write_frame(tmp_path / "train.parquet", TRAIN, ROWS)
    write_frame(tmp_path / "test.parquet", TEST, ROWS)
    write_json(tmp_path / "base.json", BaseIdentity("toy", "local", "", "", {}, "", "").as_dict())
    return {
        "train": tmp_path / "train.parquet",
        "test": tmp_path / "test.parquet",
        "model": tmp_path / "model",
        "base": tmp_path / "base.json",
        "task_type": Path("retune/modeling/task_types/classification.py"),
        "family": Path("retune/modeling/families/encoder.py"),
        "method": Path("retune/modeling/methods/lora.py"),
    }


def outputs(folder: Path) -> dict[str, Any]:
    return {name: folder / file for name, file in OUTPUTS.items()}


@pytest.mark.case("EV-2", "TR-14")
def test_model_and_floors_answer_every_test_row(given: dict[str, Any], tmp_path: Path) -> None:
    written = outputs(tmp_path / "out")
    step.evaluate(**given, **written, params=PARAMS)
    answers, metrics = read_frame(written["predictions"]), read_json(written["metrics"])
    assert answers["prediction"].tolist() == ["vpn", "printer", "", "vpn", "vpn"]
    assert answers["probe"].tolist() == ["vpn"] * 5
    assert set(answers["tfidf"]) <= {"vpn", "printer"}
    assert metrics["model"]["accuracy"]["value"] == 0.4
    assert metrics["empty_predictions"] == 1
    assert metrics["unseen_labels"] == ["badge"]
    assert set(metrics["floors"]) == set(metrics["against"]) == {"probe", "tfidf"}
    assert metrics["test_sha256"] == sha256_file(given["test"])
    assert metrics["evaluator_sha256"] == evaluator_sha256(PARAMS)


def test_only_the_worst_errors_keep_their_text(given: dict[str, Any], tmp_path: Path) -> None:
    written = outputs(tmp_path / "out")
    step.evaluate(**given, **written, params=PARAMS)
    errors = read_frame(written["errors"])
    assert errors[["rank", "text", "label"]].to_numpy().tolist() == [
        [1, "gate shut", "badge"],
        [2, "vpn ink", "printer"],
    ]
    assert "text" not in read_frame(written["predictions"]).columns


def test_the_same_inputs_are_the_same_bytes(given: dict[str, Any], tmp_path: Path) -> None:
    bytes_of = []
    for name in ("first", "second"):
        step.evaluate(**given, **outputs(tmp_path / name), params=PARAMS)
        files = [path for path in sorted((tmp_path / name).rglob("*")) if path.is_file()]
        bytes_of.append([(path.relative_to(tmp_path / name), path.read_bytes()) for path in files])
    assert bytes_of[0] == bytes_of[1]
    assert len(bytes_of[0]) == 7


def test_other_settings_are_another_evaluator() -> None:
    assert evaluator_sha256(PARAMS) == evaluator_sha256(PARAMS.model_copy())
    assert evaluator_sha256(PARAMS) != evaluator_sha256(PARAMS.model_copy(update={"seed": 2}))


@pytest.mark.case("TR-9")
def test_what_a_model_kept_of_its_parent_is_measured_on_the_parents_test_rows(
    given: dict[str, Any], tmp_path: Path, tiny_base: Path
) -> None:
    parent = tmp_path / "parent"
    make_model(parent / "model", tiny_base, answers="billing")
    seen = pd.DataFrame({"example_id": ["0000", "0001", "gone", "x"], "side": ["test", "test", "test", "train"]})
    write_frame(parent / "seen.parquet", seen.assign(text_sha256="0" * 64), SEEN)
    files = {name: bases.sha256(parent / name) for name in ("seen.parquet", "model/head.safetensors")}
    pinned = replace(bases.resolve(str(tiny_base)), parent=Parent("router", "3", "f" * 64, files))
    write_json(given["base"], pinned.as_dict())
    step.evaluate(**given, **outputs(tmp_path), params=PARAMS)
    found = read_json(tmp_path / "metrics.json")
    kept = found["retention"]
    assert (kept["parent"], kept["rows"], kept["gone"]) == ("router version 3", 2, 1)
    assert (kept["parent_accuracy"]["value"], kept["accuracy"]["value"]) == (0.0, 1.0)
    assert scores_of(found)["retention/accuracy"] == 1.0
    assert "router version 3 on 2 of its test rows" in about(found)
