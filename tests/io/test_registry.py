"""One version per fingerprint, and aliases that follow recorded decisions, whoever dies on the way."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from retune.core.errors import RetuneError
from retune.io.registry import (
    CHALLENGER,
    CHAMPION,
    FINGERPRINT,
    PREVIOUS,
    PROMOTED,
    REFUSED,
    ROLLED_BACK,
    Decision,
    Registry,
    Version,
)
from tests.conftest import CHECKOUT

NAME = "ticket-router"
REGISTER = """
import sys
from retune.io.registry import Registry
registry = Registry(sys.argv[1], "ticket-router")
print("ready", flush=True)
sys.stdin.readline()
for number in range(5):
    registry.register(source="s3://bucket/model", model_id=None, run_id=None, tags={"retune.fingerprint": f"f{number}"})
"""


@pytest.fixture
def registry(mlflow_uri: str) -> Registry:
    return Registry(mlflow_uri, NAME)


def unchecked(_version: Version) -> None:
    """Let every version answer: what keeps one from it is tested in test_promotion."""


def versions(registry: Registry, count: int) -> list[str]:
    made = [
        registry.register(source="s3://bucket/model", model_id=None, run_id=None, tags={FINGERPRINT: f"f{number}"})
        for number in range(count)
    ]
    return [version.number for version, _ in made]


def promotion(before: str, after: str, evidence: str = "e1") -> Decision:
    return Decision(PROMOTED, before, after, who="release", why="better", evidence_sha256=evidence)


@pytest.mark.case("RG-1")
@pytest.mark.slow
def test_two_processes_register_exactly_one_version_per_fingerprint(registry: Registry) -> None:
    command = [sys.executable, "-c", REGISTER, registry.uri]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": CHECKOUT}
    processes: list[Any] = [subprocess.Popen(command, **pipes) for _ in range(2)]
    started = [process.stdout.readline() for process in processes]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    assert (started, [process.wait(timeout=120) for process in processes]) == (["ready\n"] * 2, [0, 0])
    found = registry.client.search_model_versions(f"name = '{NAME}'")
    assert sorted(version.tags[FINGERPRINT] for version in found) == ["f0", "f1", "f2", "f3", "f4"]


@pytest.mark.case("RG-1")
def test_a_promotion_keeps_the_previous_champion_and_each_alias_has_one_version(registry: Registry) -> None:
    first, second = versions(registry, 2)
    registry.decide(promotion("", first), once=True, ready=unchecked)
    registry.challenge(second)
    assert registry.aliases() == {CHAMPION: first, CHALLENGER: second}
    registry.decide(promotion(first, second), once=True, ready=unchecked)
    assert registry.aliases() == {CHAMPION: second, PREVIOUS: first}


def test_the_same_decision_on_the_same_evidence_is_made_once(registry: Registry) -> None:
    (first,) = versions(registry, 1)
    runs = {registry.decide(promotion("", first), once=True, ready=unchecked).run_id for _ in range(3)}
    assert len(runs) == 1
    assert len(registry.decisions()) == 1


def test_a_refusal_is_recorded_and_moves_nothing(registry: Registry) -> None:
    first, second = versions(registry, 2)
    registry.decide(promotion("", first), once=True, ready=unchecked)
    registry.challenge(second)
    registry.decide(Decision(REFUSED, first, second, "release", "not better", "e2"), once=True, ready=unchecked)
    assert registry.aliases() == {CHAMPION: first, CHALLENGER: second}
    assert [(one.outcome, one.before, one.after, one.why) for one in registry.decisions()] == [
        (REFUSED, first, second, "not better"),
        (PROMOTED, "", first, "better"),
    ]


def test_who_decides_on_another_champion_than_the_present_one_is_refused(registry: Registry) -> None:
    first, second, third = versions(registry, 3)
    registry.decide(promotion("", first), once=True, ready=unchecked)
    registry.decide(promotion(first, second, "e2"), once=True, ready=unchecked)
    with pytest.raises(RetuneError, match=f"now version {second}, no longer {first}"):
        registry.decide(promotion(first, third, "e3"), once=True, ready=unchecked)
    assert len(registry.decisions()) == 2


@pytest.mark.parametrize("dies_before", ["set_registered_model_alias", "delete_registered_model_alias", "set_tag"])
def test_a_kill_between_decision_and_alias_is_finished_at_the_next_start(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, dies_before: str
) -> None:
    first, second = versions(registry, 2)
    registry.decide(promotion("", first), once=True, ready=unchecked)
    registry.challenge(second)

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(registry.client, dies_before, dies)
        with pytest.raises(KeyboardInterrupt):
            registry.decide(promotion(first, second, "e2"), once=True, ready=unchecked)
    assert CHAMPION in registry.aliases()
    finished = registry.finish()
    assert finished is not None
    assert finished.after == second
    assert registry.aliases() == {CHAMPION: second, PREVIOUS: first}
    assert registry.finish() is None
    assert len(registry.decisions()) == 2


def test_after_a_rollback_the_evidence_of_before_moves_nothing_again(registry: Registry) -> None:
    first, second = versions(registry, 2)
    registry.decide(promotion("", first), once=True, ready=unchecked)
    registry.decide(promotion(first, second, "e2"), once=True, ready=unchecked)
    registry.decide(Decision(ROLLED_BACK, second, first, "ada", "wrong queue"), once=False, ready=unchecked)
    assert registry.aliases() == {CHAMPION: first}
    registry.decide(promotion(first, second, "e2"), once=True, ready=unchecked)
    assert registry.aliases() == {CHAMPION: first}
    registry.decide(
        replace(promotion(first, second, "e2"), who="ada", why="it was the queue"), once=False, ready=unchecked
    )
    assert registry.aliases() == {CHAMPION: second, PREVIOUS: first}


def test_a_rollback_makes_previous_what_the_champion_had_replaced(registry: Registry) -> None:
    first, second, third = versions(registry, 3)
    for before, after in (("", first), (first, second), (second, third)):
        registry.decide(promotion(before, after, f"to {after}"), once=True, ready=unchecked)
    registry.decide(Decision(ROLLED_BACK, third, second, "ada", "worse"), once=False, ready=unchecked)
    assert registry.aliases() == {CHAMPION: second, PREVIOUS: first}


def test_a_version_is_found_by_its_tags_and_number(registry: Registry, tmp_path: Path) -> None:
    (first,) = versions(registry, 1)
    found = registry.find(FINGERPRINT, "f0")
    assert found is not None
    assert registry.version(found.number) == found
    assert found.number == first
    assert registry.version("99") is None
    assert registry.find(FINGERPRINT, "unknown") is None
    assert Registry(registry.uri, "another").aliases() == {}
