from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from retune.core import splits
from retune.core.errors import GateError, UserError
from retune.core.examples import identified
from retune.core.frames import CLUSTERS, EXAMPLES
from retune.core.params.split import SplitParams
from retune.io.files import read_frame, read_json, write_frame, write_json
from tasks.split import split

PARAMS = SplitParams.model_validate(
    {
        "strategy": "hash",
        "seed": 3,
        "shares": {"train": 0.6, "validation": 0.2, "test": 0.2},
        "passage_words": 13,
        "passage_minimum_words": 8,
        "passage_share": 0.8,
        "largest_group_share": 0.05,
    }
)
OUTPUTS = ("train", "validation", "test", "rejected", "lineage", "summary", "counts")


def examples() -> pd.DataFrame:
    rows = [(f"matter {n * 37 % 101} of desk {n}", "ab"[n % 2], f"tickets:{n}") for n in range(60)]
    found = pd.DataFrame(rows, columns=["text", "label", "document_id"])
    return identified(found.assign(context="", explicit_id=True, side="", builder="table", slices='{"language": "en"}'))


def inputs(folder: Path, *, passed: bool = True) -> dict[str, Any]:
    found = examples()
    write_frame(folder / "examples.parquet", found, EXAMPLES)
    clusters = pd.DataFrame({"document_id": found["document_id"], "text_sha256": found["example_id"]})
    pairs = {"tickets:0": "pair", "tickets:7": "pair"}  # tickets:7 stands in test, tickets:0 in train
    clusters["cluster_id"] = [pairs.get(document, document) for document in clusters["document_id"]]
    write_frame(folder / "clusters.parquet", clusters.assign(cluster_size=1, kind="unique"), CLUSTERS)
    write_json(folder / "verdict.json", {"passed": passed, "reasons": [] if passed else ["row_count is 3"]})
    return {name: folder / f"{name}.parquet" for name in ("examples", "clusters")} | {
        "verdict": folder / "verdict.json",
        "task_type": Path("retune/modeling/task_types/classification.py"),
    }


def outputs(folder: Path) -> dict[str, Any]:
    return {name: folder / (f"{name}.json" if name in ("summary", "counts") else f"{name}.parquet") for name in OUTPUTS}


@pytest.mark.case("SP-2", "SP-5")
def test_the_same_inputs_are_the_same_bytes(tmp_path: Path) -> None:
    given = inputs(tmp_path)
    for name in ("first", "second"):
        split(**given, **outputs(tmp_path / name), params=PARAMS)
    for first, second in zip(outputs(tmp_path / "first").values(), outputs(tmp_path / "second").values(), strict=True):
        assert first.read_bytes() == second.read_bytes()


def test_every_example_is_on_one_side_or_rejected_with_a_reason(tmp_path: Path) -> None:
    written = outputs(tmp_path / "out")
    split(**inputs(tmp_path), **written, params=PARAMS)
    ids = [set(read_frame(written[side])["example_id"]) for side in splits.SIDES]
    rejected = read_frame(written["rejected"])
    assert list(rejected["reason"]) == ["near_duplicate_of_test"]
    assert sum(map(len, ids)) + len(rejected) == 60
    assert set.union(*ids) == set(read_frame(written["lineage"])["example_id"])
    assert list(read_frame(written["train"]).columns) == ["example_id", "text", "context", "label"]
    counts, summary = read_json(written["counts"]), read_json(written["summary"])
    assert (counts["rows_in"], counts["rows_out"], counts["rejected"]) == (60, 59, 1)
    assert summary["dropped"] == {"near_duplicate_of_test": 1}
    assert sum(summary["rows"].values()) == 59


@pytest.mark.case("SP-5")
def test_a_gate_that_said_no_makes_no_version(tmp_path: Path) -> None:
    written = outputs(tmp_path / "out")
    with pytest.raises(GateError, match="row_count is 3"):
        split(**inputs(tmp_path, passed=False), **written, params=PARAMS)
    assert not (tmp_path / "out").exists()


def test_a_failure_writes_nothing(tmp_path: Path) -> None:
    written = outputs(tmp_path / "out")
    with pytest.raises(UserError):
        split(**inputs(tmp_path), **written, params=PARAMS.model_copy(update={"strategy": "column"}))
    assert not (tmp_path / "out").exists()
