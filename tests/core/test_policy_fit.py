"""A policy that names what its task type does not have is refused before anything is read."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from retune.core.errors import UserError
from retune.core.params.release import RefusalParams, SliceParams
from retune.core.policy_fit import misfits
from retune.project import read_project
from tests.conftest import CHECKOUT
from tests.core.test_decision import POLICY

OF_LABELS = ("label", ("accuracy", "macro_f1"), "accuracy", ("probe", "tfidf"))
OF_TEXT = ("text", ("rougeL", "perplexity"), "rougeL", ("lead3", "untuned"))
WRITING = POLICY.model_copy(update={"thresholds": {"rougeL": 0.2, "perplexity": 12.0}, "floors": ["lead3"]})


def test_a_policy_that_fits_its_task_type_has_no_misfit() -> None:
    assert misfits(POLICY, *OF_LABELS) == []
    assert misfits(WRITING.model_copy(update={"general_loss": 0.1}), *OF_TEXT) == []


def test_every_name_that_is_unknown_is_listed_with_the_known_ones() -> None:
    assert misfits(POLICY, *OF_TEXT) == [
        "release.thresholds names accuracy; there is rougeL, perplexity",
        "release.thresholds names macro_f1; there is rougeL, perplexity",
        "release.floors names probe; there is lead3, untuned",
        "release.floors names tfidf; there is lead3, untuned",
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"thresholds": {"rougeL": 20.0}}, "release.thresholds.rougeL is 20, and rougeL runs from 0 to 1"),
        ({"slices": SliceParams(least={"department": 2.0}, minimum_rows=9)}, "slices.least.department is 2"),
        ({"calibration": 0.1}, "release.calibration cannot be measured"),
    ],
)
def test_a_limit_that_nothing_could_reach_or_tell_is_refused(changes: dict[str, Any], said: str) -> None:
    (found,) = misfits(WRITING.model_copy(update=changes), *OF_TEXT)
    assert said in found


@pytest.mark.parametrize("setting", [{"general_loss": 0.1}, {"refusals": RefusalParams(under=0.1, over=0.1)}])
def test_what_only_models_that_write_show_is_not_asked_of_labels(setting: dict[str, Any]) -> None:
    assert len(misfits(POLICY.model_copy(update=setting), *OF_LABELS)) == 1


def test_the_settings_are_refused_with_all_misfits_at_once(tmp_path: Path) -> None:
    settings = yaml.safe_load((CHECKOUT / "params.yaml").read_text(encoding="utf-8"))
    release = settings["models"]["ticket-router"]["release"]
    release["thresholds"], release["floors"] = {"rougeL": 0.2}, ["lead3"]
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    with pytest.raises(UserError) as refused:
        read_project(tmp_path)
    assert "release.thresholds names rougeL" in str(refused.value)
    assert "release.floors names lead3; there is probe, tfidf" in str(refused.value)
