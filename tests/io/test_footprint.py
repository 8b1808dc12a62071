"""The stages of an execution as steps that have a cost: who held the GPU, what was read, what came from the cache."""

from pathlib import Path

from retune.core.run_report import StageRow
from retune.io.files import write_json
from retune.io.footprint import steps_of


def test_only_steps_that_ran_on_the_device_held_its_gpu_and_only_the_training_read_tokens(tmp_path: Path) -> None:
    folder = tmp_path / "artifacts" / "models" / "router" / "train"
    write_json(folder / "timings.json", {"device": "NVIDIA H200", "gpus": 1})
    write_json(folder / "facts.json", {"train_tokens": 41_000})
    names = ["ingest", "split@router", "train@router", "evaluate@router"]
    found = steps_of(tmp_path, [StageRow(name, "ran", seconds=2.0) for name in names])
    assert [step.gpus for step in found] == [0, 0, 1, 1]
    assert [step.tokens for step in found] == [None, None, 41_000, None]
    (cached,) = steps_of(tmp_path, [StageRow("train@router", "cached", seconds=0.1)])
    assert (cached.gpus, cached.tokens, cached.state) == (0, None, "cached")


def test_a_stage_that_was_not_reached_is_no_step_and_one_without_timings_held_no_gpu(tmp_path: Path) -> None:
    rows = [StageRow("train@router", "ran", seconds=3.0), StageRow("evaluate@router", "not reached")]
    (only,) = steps_of(tmp_path, rows)
    assert (only.name, only.gpus, only.tokens) == ("train@router", 0, None)
