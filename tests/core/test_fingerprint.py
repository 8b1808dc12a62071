"""Two trainings with the same fingerprint are the same training, and no others are."""

import copy
from typing import Any

import pytest

from retune.core.fingerprint import content_sha256, fingerprint

STAGE: dict[str, Any] = {
    "cmd": "python -m tasks train",
    "deps": [{"path": "train.parquet", "md5": "a" * 32, "size": 5}, {"path": "tasks/train.py", "md5": "b" * 32}],
    "params": {"params.yaml": {"models.ticket-router.train": {"seed": 17, "epochs": 10}}},
    "outs": [{"path": "model", "md5": "c" * 32}],
}


def mark(stage: dict[str, Any], weights: str = "w", packages: str = "p") -> str:
    return fingerprint(stage, weights_sha256=weights, packages_sha256=packages)


def test_the_order_of_keys_and_what_the_stage_wrote_change_nothing() -> None:
    other = {**STAGE, "deps": STAGE["deps"][::-1], "outs": []}
    assert mark(other) == mark(dict(reversed(other.items()))) == mark(STAGE)


@pytest.mark.parametrize(
    "place",
    [("cmd",), ("deps", 0, "md5"), ("deps", 1, "md5"), ("params", "params.yaml", "models.ticket-router.train", "seed")],
    ids=["command", "data", "code", "setting"],
)
def test_another_command_input_line_of_code_or_setting_is_another_training(place: tuple[Any, ...]) -> None:
    other: Any = copy.deepcopy(STAGE)
    inner = other
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = "other"
    assert mark(other) != mark(STAGE)


def test_another_base_or_another_set_of_packages_is_another_training() -> None:
    assert len({mark(STAGE), mark(STAGE, weights="x"), mark(STAGE, packages="x")}) == 3


def test_equal_files_have_equal_content_in_any_order_and_a_renamed_one_has_not() -> None:
    files = [("a", "1"), ("b", "2")]
    assert content_sha256(files) == content_sha256(reversed(files))
    assert content_sha256(files) != content_sha256([("a", "1"), ("c", "2")])
