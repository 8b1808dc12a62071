"""An alias moves one way only: the files are those that were registered, the model answers, a person said yes."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from retune.core.errors import GateError, IntegrityError, RetuneError, UserError, WaitingError
from retune.core.params.release import ApprovalParams
from retune.io import logged_model, promotion, smoke
from retune.io.mlflow_store import default_uri
from retune.io.registry import (
    APPROVED,
    AWAITING,
    CHAMPION,
    PACKAGE,
    PREVIOUS,
    PROMOTED,
    ROLLED_BACK,
    WITHDRAWN,
    Decision,
    Registry,
)
from tasks.track import track
from tests.conftest import CHECKOUT
from tests.toy_checkout import MODEL, train_toy

ANYONE = ApprovalParams(required=True, by="anyone", days=14)
NOW = datetime.now(UTC)


def promotion_of(before: str, after: str, evidence: str = "e1") -> Decision:
    return Decision(PROMOTED, before, after, "release", "better", evidence)


@pytest.fixture
def registry(checkout: Path, tiny_base: Path, reload_here: None) -> Registry:
    """Return a registry with two real versions, neither of which is champion."""
    for seed in (1, 2):
        train_toy(checkout, tiny_base, seed=seed, strength=float(seed))
        track(root=checkout, model=MODEL)
    return Registry(default_uri(checkout), MODEL)


def files_of(registry: Registry, number: str, folder: Path) -> Path:
    version = registry.version(number)
    assert version is not None
    return logged_model.fetch(registry.uri, version.source, folder)


def stored(registry: Registry, number: str, root: Path) -> Path:
    """Return where MLflow keeps the files of a version."""
    version = registry.version(number)
    assert version is not None
    (found,) = root.rglob(f"{version.source.removeprefix('models:/')}/artifacts")
    return found


@pytest.mark.case("S5")
@pytest.mark.case("RG-7")
def test_a_bit_flipped_in_any_file_of_a_version_is_refused(registry: Registry, tmp_path: Path) -> None:
    version = registry.version("1")
    assert version is not None
    folder = files_of(registry, "1", tmp_path / "fetched")
    logged_model.check_files(folder, version.tags[PACKAGE])
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    assert len(files) > 8
    for path in files:
        whole = path.read_bytes()
        path.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
        with pytest.raises(IntegrityError, match=path.name):
            logged_model.check_files(folder, version.tags[PACKAGE])
        path.write_bytes(whole)
    (folder / "more.bin").write_bytes(b"x")
    with pytest.raises(IntegrityError, match=r"more\.bin"):
        logged_model.check_files(folder, version.tags[PACKAGE])
    with pytest.raises(IntegrityError, match=logged_model.FILES):
        logged_model.check_files(folder, "")


@pytest.mark.case("S5")
@pytest.mark.case("RG-7")
def test_a_version_whose_files_were_changed_or_swapped_does_not_become_champion(
    registry: Registry, tmp_path: Path
) -> None:
    promotion.move(registry, promotion_of("", "1"), once=True)
    one, two = (stored(registry, number, tmp_path) for number in ("1", "2"))
    aside = tmp_path / "aside"
    two.rename(aside)
    one.rename(two)  # an older version's files in the place of a newer one's: each is whole in itself
    aside.rename(one)
    with pytest.raises(IntegrityError, match="not those that were registered") as error:
        promotion.move(registry, promotion_of("1", "2", "e2"), once=True)
    assert error.value.exit_code == 5
    assert registry.aliases()[CHAMPION] == "1"
    assert [one.outcome for one in registry.decisions()] == [PROMOTED]


@pytest.mark.case("SV-6")
def test_a_version_that_does_not_answer_does_not_become_champion(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its packages were renewed since it was registered: what it answered then says nothing."""
    asked: list[Path] = []

    def silent(folder: Path) -> dict[str, Any]:
        asked.append(folder)
        raise IntegrityError("no answer")

    monkeypatch.setattr(logged_model, "check_reload", silent)
    monkeypatch.setattr(smoke, "key", lambda package: f"newer {package[:8]}")
    with pytest.raises(IntegrityError, match="no answer"):
        promotion.move(registry, promotion_of("", "1"), once=True)
    assert (len(asked), registry.aliases(), registry.decisions()) == (1, {}, [])


@pytest.mark.case("SV-6")
def test_a_version_is_asked_once_for_each_set_of_packages(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []
    monkeypatch.setattr(logged_model, "check_reload", asked.append)
    promotion.move(registry, promotion_of("", "1"), once=True)
    assert asked == []  # when it was registered it answered
    monkeypatch.setattr(smoke, "key", lambda package: f"newer {package[:8]}")
    promotion.move(registry, promotion_of("1", "2", "e2"), once=True)
    promotion.move(registry, Decision(ROLLED_BACK, "2", "1", "ada", "wrong queue"), once=False)
    promotion.move(registry, replace(promotion_of("1", "2"), why="right queue"), once=False)
    assert len(asked) == 2


@pytest.mark.slow
@pytest.mark.case("SV-6")
@pytest.mark.case("RG-6")
def test_in_a_fresh_offline_process_it_answers_its_own_example(
    checkout: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_toy(checkout, tiny_base, seed=1)
    track(root=checkout, model=MODEL)
    registry = Registry(default_uri(checkout), MODEL)
    registry.tag("1", {smoke.ANSWERED: "with older packages"})
    promotion.move(registry, promotion_of("", "1"), once=True)
    version = registry.version("1")
    assert version is not None
    assert version.tags[smoke.ANSWERED] == smoke.key(version.tags[PACKAGE])


@pytest.mark.case("RG-5")
def test_who_comes_second_is_told_and_who_wanted_the_same_has_it(registry: Registry) -> None:
    promotion.move(registry, promotion_of("", "1"), once=True)
    first = promotion.move(registry, promotion_of("1", "2", "e2"), once=False)
    again = promotion.move(registry, promotion_of("1", "2", "e3"), once=False)
    assert again.run_id == first.run_id
    with pytest.raises(RetuneError, match="another run decided meanwhile"):
        promotion.move(registry, Decision(ROLLED_BACK, "1", "", "ada", "worse"), once=False)


def test_decisions_stay_in_their_order_whatever_the_clocks_of_the_hosts_say(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    promotion.move(registry, promotion_of("", "1"), once=True)
    monkeypatch.setattr(time, "time", lambda: 1_000_000.0)
    promotion.move(registry, promotion_of("1", "2", "e2"), once=True)
    last = registry.last_move()
    assert last is not None
    assert last.after == "2"


@pytest.mark.case("RG-4")
def test_what_nobody_approved_waits_and_is_promoted_once_somebody_did(registry: Registry) -> None:
    for _ in range(2):
        made, waiting = promotion.settle(registry, promotion_of("", "1"), ANYONE, NOW)
        assert made.outcome == AWAITING
        assert waiting is not None
        assert waiting.exit_code == 4
        assert "retune approve" in str(waiting)
    assert (registry.aliases(), len(registry.decisions())) == ({}, 1)
    promotion.approve(registry, Decision(APPROVED, "", "1", "bob", "read the report"), ANYONE)
    made, waiting = promotion.settle(registry, promotion_of("", "1"), ANYONE, datetime.now(UTC))
    assert (made.outcome, made.why, waiting) == (PROMOTED, "better; approved by bob", None)
    assert registry.aliases() == {CHAMPION: "1"}


@pytest.mark.case("RG-4")
def test_an_approval_is_void_once_the_files_are_others(registry: Registry) -> None:
    promotion.approve(registry, Decision(APPROVED, "", "1", "bob", "fine"), ANYONE)
    registry.tag("1", {PACKAGE: "another"})
    version = registry.version("1")
    assert version is not None
    with pytest.raises(WaitingError, match="approved other files"):
        promotion.approved(registry, version, ANYONE, datetime.now(UTC))


@pytest.mark.case("RG-4")
def test_a_tag_in_the_mlflow_ui_approves_where_anyone_may(registry: Registry) -> None:
    registry.tag("1", {"retune.approve": "Yes"})
    made, _ = promotion.settle(registry, promotion_of("", "1"), ANYONE, datetime.now(UTC))
    assert (made.outcome, made.why) == (PROMOTED, f"better; approved by {promotion.TAGGED}")
    assert [one.outcome for one in registry.decisions()] == [PROMOTED, APPROVED]


@pytest.mark.case("RG-4")
def test_a_policy_that_asks_for_a_second_person_is_refused_where_nobody_knows_who_is_who(registry: Registry) -> None:
    second = ANYONE.model_copy(update={"by": "second_person"})
    for call in (
        lambda: promotion.settle(registry, promotion_of("", "1"), second, NOW),
        lambda: promotion.approve(registry, Decision(APPROVED, "", "1", "bob", "fine"), second),
    ):
        with pytest.raises(UserError, match="second person") as error:
            call()
        assert error.value.exit_code == 2
    assert registry.decisions() == []


def test_a_version_that_was_withdrawn_is_not_promoted(registry: Registry) -> None:
    registry.tag("1", {WITHDRAWN: "a document was erased"})
    version = registry.version("1")
    assert version is not None
    with pytest.raises(GateError, match="a document was erased"):
        promotion.check_usable(version)


def test_an_alias_that_was_moved_past_the_record_is_found(registry: Registry, checkout: Path) -> None:
    assert promotion.registry_faults(checkout, MODEL) == []
    promotion.move(registry, promotion_of("", "1"), once=True)
    assert promotion.registry_faults(checkout, MODEL) == []
    registry.client.set_registered_model_alias(MODEL, CHAMPION, "2")
    (said,) = promotion.registry_faults(checkout, MODEL)
    assert "past the record" in said


RACE = """
import sys
from retune.core.errors import RetuneError
from retune.io import promotion
from retune.io.registry import PROMOTED, Decision, Registry
registry = Registry(sys.argv[1], "ticket-router")
for line in sys.stdin:
    before, after, evidence = line.split()
    try:
        made = promotion.move(registry, Decision(PROMOTED, before, after, sys.argv[2], "race", evidence), once=False)
        print("won" if made.evidence_sha256 == evidence else "found", flush=True)
    except RetuneError as error:
        print("lost" if "another run decided meanwhile" in str(error) else error, flush=True)
"""
RACES = 100


@pytest.mark.slow
@pytest.mark.case("K6")
@pytest.mark.case("RG-5")
def test_of_two_promoters_that_race_one_wins_and_the_history_is_one_line(
    registry: Registry, checkout: Path, tiny_base: Path
) -> None:
    train_toy(checkout, tiny_base, seed=3, strength=3.0)
    track(root=checkout, model=MODEL)
    promotion.move(registry, promotion_of("", "1"), once=True)
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": CHECKOUT}
    racers: list[Any] = [
        subprocess.Popen([sys.executable, "-c", RACE, registry.uri, name], **pipes) for name in ("ada", "bob")
    ]
    for round_number in range(RACES):
        champion = registry.aliases()[CHAMPION]
        others = [number for number in ("1", "2", "3") if number != champion]
        for racer, after in zip(racers, others, strict=True):
            racer.stdin.write(f"{champion} {after} r{round_number}-{after}\n")
            racer.stdin.flush()
        assert sorted(racer.stdout.readline().strip() for racer in racers) == ["lost", "won"]
    for racer in racers:
        racer.stdin.close()
        assert racer.wait(timeout=60) == 0
    moves = registry.decisions()
    assert len(moves) == RACES + 1
    assert [later.before for later in moves[:-1]] == [earlier.after for earlier in moves[1:]]
    assert registry.aliases()[CHAMPION] == moves[0].after
    assert registry.aliases()[PREVIOUS] == moves[0].before
    assert promotion.registry_faults(checkout, MODEL) == []
