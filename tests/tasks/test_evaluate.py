import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from retune.core.frames import LINEAGE, ROWS, SEEN
from retune.core.params.evaluate import EvaluateParams
from retune.io.behaviour import NO_TESTS
from retune.io.evaluator import evaluator_sha256
from retune.io.files import read_frame, read_json, sha256_file, write_frame, write_json, write_text
from retune.io.settings import read_section
from retune.modeling import bases, curve
from retune.modeling.bases import BaseIdentity, Parent
from retune.modeling.probe import Probe
from retune.modeling.task_types import classification
from tasks import evaluate as step
from tasks.track import about, scores_of
from tests.conftest import CHECKOUT
from tests.toy_checkout import make_model

TEMPLATE = read_section(CHECKOUT / "params.yaml", "models.ticket-router.evaluate", EvaluateParams)
PARAMS = TEMPLATE.model_copy(update={"seed": 1, "worst_errors": 2})
OUTPUTS = {
    "predictions": "predictions.parquet",
    "metrics": "metrics.json",
    "errors": "errors.parquet",
    "plots": "plots",
}


SLICES = '{"created": "2025-05-01", "department": "it", "source": "desk"}'


class Toy:
    """Knows the queue by its first word; gives no answer to an empty text; its probe always says vpn."""

    labels = ("printer", "vpn")
    temperature = 0.5
    probe = Probe(np.zeros((2, 1), np.float32), np.array([0, 1], np.float32), 1.0)

    def __init__(self) -> None:
        self.asked: list[str] = []

    def logits(self, texts: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float32]]:
        self.asked += texts
        known = {"printer": [1, 0], "": [np.nan, np.nan]}
        rows = [known.get(text.partition(" ")[0].lower(), [0, 1]) for text in texts]
        return np.array(rows, dtype=np.float32).reshape(len(texts), 2)

    def vectors(self, texts: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float32]]:
        return np.zeros((len(texts), 1), np.float32)

    def answers(self, logits: np.ndarray[Any, np.dtype[np.float32]], *, calibrated: bool = True) -> pd.DataFrame:
        tempered = logits / self.temperature if calibrated else logits
        found = classification.decode(np.nan_to_num(tempered), self.labels)
        silent = np.isnan(logits[:, 0])
        return found.assign(**{name: found[name].mask(silent) for name in found.columns})


TOYS: list[Toy] = []


def loaded(*_: Any) -> Toy:
    """Return a fresh toy, which tests can look at."""
    TOYS.append(Toy())
    return TOYS[-1]


def rows(*pairs: tuple[str, str]) -> pd.DataFrame:
    found = [(f"{number:04d}", text, "", label) for number, (text, label) in enumerate(pairs)]
    return pd.DataFrame(found, columns=list(ROWS))


TESTS = """
tests:
- {name: case, kind: invariance, change: {case: upper}, rows: 9, least: 1.0}
- {name: jammed, kind: direction, change: {prepend: printer}, label: printer, moves: up, rows: 9, least: 1.0}
- {name: known, kind: minimum_functionality, least: 1.0, examples: [{text: printer jam, label: vpn}]}
"""
TRAIN = rows(*[(f"vpn line {n}", "vpn") for n in range(5)], *[(f"printer tray {n}", "printer") for n in range(5)])
TEST = rows(
    ("vpn gone", "vpn"), ("printer gone", "printer"), ("", "vpn"), ("gate shut", "badge"), ("vpn ink", "printer")
)


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(step, "loaded", loaded)
    write_frame(tmp_path / "train.parquet", TRAIN, ROWS)
    write_frame(tmp_path / "validation.parquet", TRAIN.head(2), ROWS)
    write_frame(tmp_path / "test.parquet", TEST, ROWS)
    kept = TEST[["example_id"]].assign(document_id=["a", "a", "b", "c", "d"], side="test", slices=SLICES)
    write_frame(tmp_path / "lineage.parquet", kept, LINEAGE)
    write_text(tmp_path / "behaviour.yaml", TESTS)
    half = Probe(np.zeros((2, 1), np.float32), np.array([1, 0], np.float32), 1.0)
    curve.write(tmp_path / "curve.safetensors", [curve.Part(0.5, 5, half)])
    write_json(tmp_path / "base.json", BaseIdentity("toy", "local", "", "", {}, "", "").as_dict())
    return {
        "train": tmp_path / "train.parquet",
        "validation": tmp_path / "validation.parquet",
        "test": tmp_path / "test.parquet",
        "lineage": tmp_path / "lineage.parquet",
        "behaviour": tmp_path / "behaviour.yaml",
        "model": tmp_path / "model",
        "curve": tmp_path / "curve.safetensors",
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


def test_what_a_model_is_worth_is_told_beyond_its_scores(given: dict[str, Any], tmp_path: Path) -> None:
    written = outputs(tmp_path / "out")
    step.evaluate(**given, **written, params=PARAMS)
    found = read_json(written["metrics"])
    sure, unsure = (found["calibration"][name] for name in ("temperature", "ece_before"))
    assert (sure, unsure > 0) == (0.5, True)
    assert sum(one["rows"] for one in found["calibration"]["bins"]) == 5
    assert [point["share"] for point in found["learning_curve"]["points"]] == [0.5, 1.0]
    assert [point["accuracy"]["value"] for point in found["learning_curve"]["points"]] == [0.4, 0.4]
    assert set(found["slices"]) == {"label", "length", "age", "department", "source"}
    assert found["slices"]["department"]["(few rows)"]["rows"] == 5
    assert found["leakage"]["leaked_rows"] == 0
    assert found["triggers"]["asked"] == 5 * PARAMS.triggers.tokens
    files = {path.name for path in written["plots"].iterdir()}
    assert {"reliability.svg", "reliability.png", "learning_curve.svg"} <= files


def test_behaviour_tests_of_every_kind_are_asked(given: dict[str, Any], tmp_path: Path) -> None:
    written = outputs(tmp_path / "out")
    step.evaluate(**given, **written, params=PARAMS)
    found = read_json(written["metrics"])["behaviour"]
    assert found["file_sha256"] == sha256_file(given["behaviour"])
    passed = {test["name"]: (test["asked"], test["passed"]) for test in found["tests"]}
    assert passed == {"case": (4, 4), "jammed": (5, 3), "known": (1, 0)}, "what is printer's already is no nearer"
    assert found["tests"][2]["failures"] == [{"row": 1, "expected": "vpn", "answer": "printer"}]
    assert "gone" not in json.dumps(found), "no text of a row"
    assert len(TOYS[-1].asked) == len(set(TOYS[-1].asked)), "nothing is asked twice"


def test_a_model_with_no_behaviour_tests_says_so(given: dict[str, Any], tmp_path: Path) -> None:
    write_text(given["behaviour"], NO_TESTS)
    step.evaluate(**given, **outputs(tmp_path), params=PARAMS)
    assert read_json(tmp_path / "metrics.json")["behaviour"]["tests"] == []


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
    assert len(bytes_of[0]) == 11


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


@pytest.mark.case("M3")
def test_how_well_training_rows_are_told_from_test_rows_is_measured_where_it_is_asked(
    given: dict[str, Any], tmp_path: Path
) -> None:
    learnt = TRAIN.assign(example_id=[f"t{number}" for number in range(10)])
    write_frame(given["train"], learnt, ROWS)
    kept = read_frame(given["lineage"])
    new = learnt[["example_id"]].assign(document_id="t", side="train", slices=SLICES)
    write_frame(given["lineage"], pd.concat([kept, new], ignore_index=True), LINEAGE)
    step.evaluate(**given, **outputs(tmp_path / "asked"), params=PARAMS.model_copy(update={"membership_rows": 9}))
    found = read_json(tmp_path / "asked" / "metrics.json")["membership"]
    assert (found["learnt_rows"], found["held_out_rows"]) == (9, 3), "no answer and an unknown label have no loss"
    assert found["measures"]["loss"]["auc"]["value"] == pytest.approx(2 / 3), "one of three is wrong"
    asked = len(TOYS[-1].asked)
    step.evaluate(**given, **outputs(tmp_path / "not"), params=PARAMS)
    assert read_json(tmp_path / "not" / "metrics.json")["membership"] == {}
    assert len(TOYS[-1].asked) < asked, "what is not asked costs nothing"
