"""Two processes on a processor (gloo), started as the step train starts them, beside one process with equal steps."""

import json
from pathlib import Path
from typing import Any

import pytest

from retune.core.errors import RetuneError
from retune.modeling import distributed, predictor
from tasks.train import train
from tests.tasks.test_train import inputs, outs, settings  # noqa: F401 # a fixture

CLOSE = 1e-4


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
