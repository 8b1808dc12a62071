"""A champion that learnt from what was erased is relieved as the policy says, once, and something sound replaces it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from retune.core.errors import UserError
from retune.io.mlflow_store import default_uri
from retune.io.registry import CHALLENGER, CHAMPION, PREVIOUS, WITHDRAWN, WITHDREW, Registry
from retune.io.withdrawal import ERASED, mark, relieve
from retune.project import read_project
from tasks.release import release
from tasks.track import track
from tests.toy_checkout import MODEL, train_toy

pytestmark = [pytest.mark.usefixtures("reload_here"), pytest.mark.slow]
WHY, RECEIPT = "the champion learnt from what was erased", "20261122T120000-0123abcd"


def run(root: Path, base: Path, seed: int, answers: str) -> str:
    """Train, register and decide, and return who is champion then."""
    train_toy(root, base, seed=seed, answers=answers, strength=float(seed))
    track(root=root, model=MODEL)
    params = read_project(root).models[MODEL].release
    return release(root=root, model=MODEL, params=params, cause="by hand", now=datetime.now(UTC)).champion


def withdraw(registry: Registry, *versions: str) -> None:
    for version in versions:
        mark(registry, version, RECEIPT, withdraw=WHY)


def test_the_alias_moves_to_an_earlier_champion_that_did_without_it_and_does_not_come_back(
    checkout: Path, tiny_base: Path
) -> None:
    registry = Registry(default_uri(checkout), MODEL)
    assert [run(checkout, tiny_base, 1, "billing"), run(checkout, tiny_base, 2, "access")] == ["1", "2"]
    withdraw(registry, "2")
    for _ in range(2):
        moved = relieve(registry, {"2"}, WHY, RECEIPT, "earlier")
        assert moved is not None
        assert (moved.before, moved.after) == ("2", "1")
    assert registry.aliases() == {CHAMPION: "1"}
    assert [one.outcome for one in registry.decisions()].count(WITHDREW) == 1
    assert run(checkout, tiny_base, 2, "access") == "1", "the same training is the same version: it stays withdrawn"
    assert run(checkout, tiny_base, 3, "access") == "3"
    assert registry.aliases() == {CHAMPION: "3", PREVIOUS: "1"}


def test_where_nothing_earlier_did_without_it_the_champion_answers_until_its_replacement_does(
    checkout: Path, tiny_base: Path
) -> None:
    registry = Registry(default_uri(checkout), MODEL)
    run(checkout, tiny_base, 1, "access")
    withdraw(registry, "1")
    moved = relieve(registry, {"1"}, WHY, RECEIPT, "earlier")
    assert moved is not None
    assert (moved.after, registry.aliases()) == ("1", {CHAMPION: "1"})
    params = read_project(checkout).models[MODEL].release
    train_toy(checkout, tiny_base, seed=2, answers="access", strength=2.0)
    track(root=checkout, model=MODEL)
    easy = params.model_copy(update={"replace": params.replace.model_copy(update={"margin": 0.2})})
    row = release(root=checkout, model=MODEL, params=easy, cause="by hand", now=datetime.now(UTC))
    assert row.champion == "2", "it need only lose nothing: the one it replaces was withdrawn"
    assert registry.aliases() == {CHAMPION: "2"}, "a rollback must not lead to what was withdrawn"


def test_always_leaves_nothing_live_and_the_replacement_is_promoted_on_its_own(checkout: Path, tiny_base: Path) -> None:
    registry = Registry(default_uri(checkout), MODEL)
    run(checkout, tiny_base, 1, "access")
    withdraw(registry, "1")
    moved = relieve(registry, {"1"}, WHY, RECEIPT, "always")
    assert moved is not None
    assert (moved.after, registry.aliases()) == ("", {})
    assert run(checkout, tiny_base, 1, "access") == "", "the same training again is not promoted"
    assert run(checkout, tiny_base, 2, "access") == "2"
    assert registry.aliases() == {CHAMPION: "2"}


def test_never_marks_and_moves_nothing_and_an_unaffected_champion_stays(checkout: Path, tiny_base: Path) -> None:
    registry = Registry(default_uri(checkout), MODEL)
    run(checkout, tiny_base, 1, "access")
    run(checkout, tiny_base, 2, "billing")
    assert registry.aliases() == {CHAMPION: "1", CHALLENGER: "2"}
    mark(registry, "1", RECEIPT, withdraw="")
    assert relieve(registry, {"1"}, WHY, RECEIPT, "never") is None
    assert relieve(registry, {"2"}, WHY, RECEIPT, "earlier") is None
    assert registry.aliases() == {CHAMPION: "1"}, "what learnt from it is not offered for promotion any more"
    version = registry.version("1")
    assert version is not None
    assert (version.tags[ERASED], WITHDRAWN in version.tags) == (RECEIPT, False)


def test_an_alias_that_vanished_without_a_decision_still_stops_a_release(checkout: Path, tiny_base: Path) -> None:
    registry = Registry(default_uri(checkout), MODEL)
    run(checkout, tiny_base, 1, "access")
    registry.client.delete_registered_model_alias(MODEL, CHAMPION)
    with pytest.raises(UserError, match="the alias is gone"):
        run(checkout, tiny_base, 2, "access")
