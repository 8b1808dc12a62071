"""A service that cannot be used is said before a run, and nothing is asked of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.checkout import use_settings
from retune.core.checkup import Look
from retune.io.checks import hosted
from retune.project import read_project
from tests.tasks.hosted_toys import MODEL, make_hosted_checkout

pytest.importorskip("openai", reason="the extra `hosted` is not installed")
NOBODY = "http://127.0.0.1:9/v1"  # who is asked here would not answer


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TOY_KEY", "sk-toy")
    return make_hosted_checkout(tmp_path / "checkout", NOBODY)


def found(root: Path, **settings: Any) -> list[tuple[str, str]]:
    use_settings(root, {f"hosted.openai.{name}": value for name, value in settings.items()})
    machine = read_project(root).machine
    look = Look(str(root), "", "", (MODEL,), machine, "")
    return [(one.condition, one.found) for one in hosted.examine(look)]


def test_a_service_that_has_all_is_well(root: Path) -> None:
    assert found(root) == [("well", f"openai may be sent rows, at {NOBODY}")]


@pytest.mark.case("HB-5")
def test_all_that_is_lacking_is_said_at_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOY_KEY")
    assert found(root, enabled=False) == [("fault", "openai is not enabled"), ("fault", "TOY_KEY is not set")]


@pytest.mark.case("HB-4")
def test_a_service_that_has_closed_is_a_warning_for_models_that_can_still_be_asked(root: Path) -> None:
    ((condition, said),) = found(root, closes_on="2020-01-01")
    assert condition == "warning"
    assert said.startswith("openai takes no new jobs since 2020-01-01")


def test_a_checkout_without_such_a_model_needs_no_service(root: Path) -> None:
    use_settings(root, {f"models.{MODEL}.{name}": value for name, value in
                        {"resolve.base": "bundled:minilm"}.items()})  # fmt: skip
    look = Look(str(root), "", "", (MODEL,), None, "")  # type: ignore[arg-type]
    assert [one.found for one in hosted.examine(look)] == ["no model is tuned by a service: no row leaves this machine"]
