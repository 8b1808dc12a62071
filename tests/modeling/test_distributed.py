"""Two processes on a processor (gloo), started as the step train starts them, beside one process with equal steps."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from retune.core.errors import RetuneError
from retune.modeling import checkpoints, distributed, predictor
from tasks.train import train
from tests.tasks.test_train import digest, inputs, outs, settings  # noqa: F401 # a fixture

CLOSE = 1e-4
FULL = {"freeze_embeddings": True, "freeze_layers": 0}


def curve(place: Path) -> dict[int, dict[str, float]]:
    """Return what was measured at each step."""
    found: dict[int, dict[str, float]] = {}
    for line in (place / "history.jsonl").read_text().splitlines():
        event = json.loads(line)
        if event["event"] == "metrics":
            found.setdefault(event["step"], {}).update(event["values"])
    return found


def trained(given: dict[str, Path], place: Path, **changes: Any) -> dict[int, dict[str, float]]:
    train(**given, **outs(place), params=settings(dropout=0.0, select_by="loss", **changes))
    return curve(place)


@pytest.mark.slow
@pytest.mark.parametrize("batch_size", [8, 5])
def test_two_processes_learn_as_one_with_equal_steps(
    batch_size: int,
    inputs: dict[str, Path],  # noqa: F811
    tmp_path: Path,
) -> None:
    asked = {"batch_size": batch_size, "gradient_accumulation": 2}  # 24 rows: the last step of 5 has 4, in uneven parts
    alone = trained(inputs, tmp_path / "alone", **asked)
    together = trained(inputs, tmp_path / "together", processes=2, **asked)
    assert alone.keys() == together.keys()
    for step, measured in alone.items():
        assert together[step] == pytest.approx(measured, abs=CLOSE), step
    assert json.loads((tmp_path / "together" / "facts.json").read_text())["processes"] == 2
    assert len(predictor.load(tmp_path / "together" / "model").predict(["pay slip"])) == 1


@pytest.mark.slow
def test_shared_out_weights_learn_as_whole_ones(inputs: dict[str, Path], tmp_path: Path) -> None:  # noqa: F811
    given = inputs | {"method": inputs["method"].with_name("full.py")}
    asked: dict[str, Any] = {"gradient_accumulation": 2, "method_settings": FULL}
    alone = trained(given, tmp_path / "alone", **asked)
    shared = trained(given, tmp_path / "shared", processes=2, sharding="full", **asked)
    assert alone.keys() == shared.keys()
    for step, measured in alone.items():
        assert shared[step] == pytest.approx(measured, abs=CLOSE), step
    models = [predictor.load(tmp_path / name / "model") for name in ("alone", "shared")]
    answers = [model.logits(["pay slip", "door card"]) for model in models]
    np.testing.assert_allclose(answers[1], answers[0], atol=CLOSE)


KILLED = """
import json, sys
from pathlib import Path
from tasks.train import _share
_share(json.loads(Path(sys.argv[1]).read_text()))
"""


@pytest.mark.slow
@pytest.mark.case("K8")
@pytest.mark.parametrize("sharding", ["none", "full"])
def test_processes_that_are_killed_together_end_as_undisturbed_ones(
    sharding: str,
    inputs: dict[str, Path],  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: dict[str, Any] = {"processes": 2, "sharding": sharding, "epochs": 6, "patience": 9}
    trained(inputs, tmp_path / "whole", **asked)
    monkeypatch.setenv("RETUNE_STATE", str(tmp_path / "other"))
    params = settings(dropout=0.0, select_by="loss", **asked)
    paths = {name: str(path) for name, path in (inputs | outs(tmp_path / "killed")).items()}
    (tmp_path / "order.json").write_text(json.dumps({"paths": paths, "params": params.model_dump(mode="json")}))
    step = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path / "order.json")])
    until = time.monotonic() + 120
    while not list((tmp_path / "other").glob(f"cache/train/*/checkpoints/checkpoint-[5-9]/{checkpoints.MANIFEST}")):
        assert time.monotonic() < until
        assert step.poll() is None
        time.sleep(0.01)
    workers = psutil.Process(step.pid).children(recursive=True)
    step.kill()
    assert not psutil.wait_procs(workers, timeout=20)[1], "nobody trains on without the step"
    assert not (tmp_path / "killed" / "model").exists()
    trained(inputs, tmp_path / "killed", **asked)
    assert digest(tmp_path / "killed") == digest(tmp_path / "whole")


@pytest.mark.slow
def test_an_error_of_a_process_is_that_of_the_step(inputs: dict[str, Path], tmp_path: Path) -> None:  # noqa: F811
    with pytest.raises(RetuneError, match="finite loss") as caught:
        trained(inputs, tmp_path, processes=2, learning_rate=1e30)
    assert caught.value.exit_code == 2
    assert not (tmp_path / "model").exists()


def test_one_process_alone_asks_nobody() -> None:
    assert distributed.is_first()
    assert distributed.of_first(lambda: 7) == 7
    seen: list[str] = []
    distributed.first_then_others(lambda: seen.append("once"))
    distributed.wait()
    distributed.join()
    assert seen == ["once"]
