"""A step may be killed at any change to the disk: nothing torn is published, and a plain run ends in the same bytes."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from retune.core.frames import CLUSTERS, EXAMPLES
from retune.io.files import read_json, write_frame, write_json
from tests.bad_days.conftest import pin_base
from tests.conftest import CHECKOUT
from tests.modeling.conftest import toy_rows
from tests.stages import CORPUS, MODEL, ROUTER

SIGKILL = -9
QUICK = {"ingest": 2, "redact": 2, "split": 2}
POINTS = {"ingest": 5, "redact": 5, "split": 5, "train": 5}
Killed = dict[str, dict[str, Any]]


def kill_stages(root: Path, points: dict[str, int]) -> Killed:
    """Run stages in a folder, each killed at as many points as are asked for, and return what came of it."""
    paths = {"PYTHONPATH": str(CHECKOUT), "PYTHONDONTWRITEBYTECODE": "1"}  # no change but the step's own
    environment = {name: value for name, value in os.environ.items() if name != "RETUNE_STATE"} | paths
    command = [sys.executable, "-m", "tests.bad_days.killing", json.dumps(points)]
    subprocess.run(command, cwd=root, env=environment, check=True, capture_output=True, timeout=580)
    found: Killed = read_json(root / "results.json")
    return found


def give_split_its_inputs(root: Path) -> None:
    """Write what the stages before the split would have left."""
    rows = toy_rows(12)
    rows = rows.assign(document_id=rows["example_id"], explicit_id=True, side="", builder="table", slices="{}")
    router = root / "artifacts" / "models" / MODEL
    write_frame(router / "examples" / "examples.parquet", rows, EXAMPLES)
    alone = pd.DataFrame({"document_id": rows["document_id"], "text_sha256": rows["example_id"]})
    alone = alone.assign(cluster_id=alone["text_sha256"], cluster_size=1, kind="unique")
    write_frame(root / "artifacts" / "corpus" / "deduplicate" / "clusters.parquet", alone, CLUSTERS)
    write_json(router / "gate" / "verdict.json", {"passed": True, "checks": []})


def check(found: Killed) -> int:
    """Hold every kill to the promise and return how many there were."""
    for stage, told in found.items():
        assert told["exit_code"] == 0, stage
        assert told["files"], stage
        for kill in told["kills"]:
            assert kill["ended"] == SIGKILL, (stage, kill)
            assert (kill["torn"], kill["litter"]) == ([], []), (stage, kill)
            assert (kill["exit_code"], kill["same"]) == (0, True), (stage, kill)
    return sum(len(told["kills"]) for told in found.values())


@pytest.mark.case("K1")
def test_a_killed_step_publishes_nothing_torn_and_runs_again_to_the_same_bytes(
    toy: Path, record_property: Callable[[str, object], None]
) -> None:
    give_split_its_inputs(toy)
    kills = check(kill_stages(toy, QUICK))
    record_property("n_run", kills)
    assert kills == sum(QUICK.values())


@pytest.mark.slow
@pytest.mark.case("K1")
@pytest.mark.case("K8")
def test_a_kill_in_any_stage_changes_no_byte_of_what_the_stages_end_with(
    toy: Path, record_property: Callable[[str, object], None]
) -> None:
    asked = {stage: POINTS.get(stage, 2) for stage in (*CORPUS, *ROUTER)}
    pin_base(toy)
    kills = check(kill_stages(toy, asked))
    record_property("n_run", kills)
    assert kills == sum(asked.values())
