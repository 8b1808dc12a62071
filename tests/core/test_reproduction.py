"""What a repeated training gave is told as it is: equal, within what was known, or not."""

from typing import Any

import pytest

from retune.core.reproduction import Reproduction, Score, inputs, needed, other_packages, outs, scores, told

STAGES: dict[str, dict[str, Any]] = {
    "ingest": {"deps": [{"path": "data", "md5": "1.dir"}], "outs": [{"path": "documents", "md5": "2"}]},
    "train@a": {
        "deps": [{"path": "documents", "md5": "2"}, {"path": "retune/train.py", "md5": "3"}],
        "outs": [{"path": "a/model", "md5": "4.dir"}, {"path": "a/clock.json", "md5": "5"}],
    },
    "train@b": {"deps": [{"path": "documents", "md5": "2"}], "outs": [{"path": "b/model", "md5": "6.dir"}]},
    "evaluate@a": {"deps": [{"path": "a/model/head", "md5": "7"}], "outs": [{"path": "a/metrics.json", "md5": "8"}]},
    "profile@a": {"deps": [{"path": "a/metrics.json", "md5": "8"}], "outs": [{"path": "a/profile", "md5": "9"}]},
}
SCORE = {"value": 0.9, "low": 0.8, "high": 0.95}
MADE = Reproduction("a", "1", "c" * 40, (Score("accuracy", 0.9, 0.8, 0.95, 0.9),), 10, 0, 3, ())


def test_the_stages_that_are_needed_are_those_before_the_evaluation_of_this_model() -> None:
    assert needed(STAGES, "evaluate@a") == ["ingest", "train@a", "evaluate@a"]
    assert needed(STAGES, "evaluate@nobody") == []


def test_inputs_are_what_no_stage_writes_and_outs_what_dvc_keeps() -> None:
    assert inputs(STAGES, ["ingest", "train@a", "evaluate@a"]) == {"data": "1.dir", "retune/train.py": "3"}
    written = outs(STAGES, ["train@a", "evaluate@a"], uncached=["a/clock.json"])
    assert written == {"a/model": "4.dir", "a/metrics.json": "8"}


@pytest.mark.parametrize(("again", "agrees"), [(0.9, True), (0.8, True), (0.95, True), (0.79, False), (0.96, False)])
def test_a_score_agrees_within_the_interval_in_which_it_was_known(again: float, agrees: bool) -> None:
    (score,) = scores({"model": {"accuracy": SCORE, "rows": 3}}, {"model": {"accuracy": {"value": again}, "rows": 3}})
    assert score.agrees == agrees


def test_a_report_without_a_score_agrees_with_nothing() -> None:
    assert scores({"model": {"accuracy": SCORE}}, {"model": {}}) == ()
    assert not Reproduction("a", "1", "", (), 10, 0, 3, ()).agrees


def test_packages_in_another_version_than_locked_are_named_and_builds_of_one_version_are_not() -> None:
    lock = "torch==2.13.0 ; sys_platform != 'darwin'\nnumpy==2.4.0\nflask==1.0\npeft==0.21.0\n"
    installed = {"torch": "2.13.0+cpu", "numpy": "2.3.9", "flask": "3.0"}
    assert other_packages(lock, installed) == ["numpy 2.3.9, locked 2.4.0"]


def test_equal_bytes_other_bytes_and_other_scores_are_told_apart() -> None:
    assert "all 3 files are the same, byte for byte" in "\n".join(told(MADE))
    score = Score("accuracy", 0.9, 0.8, 0.95, 0.7)
    lines = "\n".join(told(Reproduction("a", "1", "", (score,), 10, 2, 3, ("a/model",), ("x 1, locked 2",))))
    for expected in ("DOES NOT AGREE", "2 of 10 test rows", "1 of 3 files have other bytes", "a/model", "x 1, locked"):
        assert expected in lines
