"""The settings as a whole: what contradicts itself is refused before anything is read."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from benchmarks.checkout import use_settings
from retune.core.errors import UserError
from retune.project import read_project
from tests.conftest import CHECKOUT
from tests.tasks.hosted_toys import MODEL, make_hosted_checkout

OWN = f"models.{MODEL}"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({f"{OWN}.family": "encoder"}, "family: encoder"),
        ({f"{OWN}.method": "lora"}, "method: lora"),
        ({f"{OWN}.resolve.base": "bundled:minilm"}, "resolve.base: bundled"),
        ({f"{OWN}.resolve.base": "hosted:elsewhere/m"}, "hosted:elsewhere/..., while `hosted` knows openai"),
        ({f"{OWN}.rehearse.seeds": 3}, "rehearse: trainings beside the real one"),
        ({f"{OWN}.evaluate.membership_rows": 500}, "evaluate.membership_rows: a service does not say"),
        ({f"{OWN}.release.floors": ["probe"]}, "release.floors names probe; there is untuned, tfidf"),
        ({"hosted.openai.provider": "elsewhere"}, "'elsewhere'"),
    ],
)
def test_a_model_that_a_service_tunes_is_hosted_in_all_settings(
    tmp_path: Path, settings: dict[str, Any], said: str
) -> None:
    root = make_hosted_checkout(tmp_path / "checkout", "http://127.0.0.1:9/v1")
    read_project(root)
    use_settings(root, settings)
    with pytest.raises(UserError) as caught:
        read_project(root)
    assert said in caught.value.found


TEMPLATE = "models.ticket-router"


def test_parts_that_do_not_fit_and_their_wrong_settings_are_named_at_once(tmp_path: Path) -> None:
    shutil.copyfile(CHECKOUT / "params.yaml", tmp_path / "params.yaml")
    wrong = {
        "family": "llama",
        "task_type": "entity_recognition",
        "examples.options": {"tables": ["tickets"], "label_colum": "queue"},
        "train.method_settings.ranks": 8,
        "train.task_settings": {"overlap_tokens": 32, "pieces": "first", "probe_words": 20000, "further": 1},
        "train.select_by": "accuracy",
    }
    use_settings(tmp_path, {f"{TEMPLATE}.{key}": value for key, value in wrong.items()})
    with pytest.raises(UserError) as caught:
        read_project(tmp_path)
    assert caught.value.found.split("; ") == [
        f"6 wrong: {TEMPLATE}.examples.options.label_column: missing",
        f"{TEMPLATE}.examples.options.label_colum: no such setting, did you mean label_column?",
        f"{TEMPLATE}.train.method_settings.ranks: no such setting, did you mean rank?",
        f"{TEMPLATE}.train.task_settings.further: no such setting",
        f"{TEMPLATE}.family: llama has the heads text, pooled, and entity_recognition needs token",
        f"{TEMPLATE}.train.select_by: accuracy is none of entity_f1, loss",
    ]


def test_a_gate_that_does_not_apply_is_refused_with_the_model_that_it_is_set_for(tmp_path: Path) -> None:
    shutil.copyfile(CHECKOUT / "params.yaml", tmp_path / "params.yaml")
    use_settings(tmp_path, {f"{TEMPLATE}.gate.limits.malformed_label": {"level": "block", "maximum": 0.1}})
    with pytest.raises(UserError, match=r"expected in models\.ticket-router a limit for each gate"):
        read_project(tmp_path)


def test_a_setting_in_another_section_than_its_own_is_told_where_it_stands(tmp_path: Path) -> None:
    shutil.copyfile(CHECKOUT / "params.yaml", tmp_path / "params.yaml")
    use_settings(tmp_path, {f"{TEMPLATE}.task_settings": {}})
    with pytest.raises(UserError, match=r"no such setting, did you mean train\.task_settings"):
        read_project(tmp_path)


@pytest.mark.case("HB-5")
def test_no_service_is_enabled_in_the_template(tmp_path: Path) -> None:
    services = read_project(Path(__file__).parent.parent).hosted
    assert services
    assert not any(service.enabled for service in services.values())
