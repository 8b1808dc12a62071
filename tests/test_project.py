"""The settings as a whole: what contradicts itself is refused before anything is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.checkout import use_settings
from retune.core.errors import UserError
from retune.project import read_project
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


@pytest.mark.case("HB-5")
def test_no_service_is_enabled_in_the_template(tmp_path: Path) -> None:
    services = read_project(Path(__file__).parent.parent).hosted
    assert services
    assert not any(service.enabled for service in services.values())
