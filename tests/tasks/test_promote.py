"""A person moves the champion: not past the evidence unless they say why, and not past who has to approve."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from retune.core.errors import GateError, UserError, WaitingError
from retune.io.approval import TAG
from retune.io.files import write_text
from retune.io.mlflow_store import default_uri
from retune.io.registry import (
    APPROVED,
    AWAITING,
    CHAMPION,
    DECLINED,
    KEPT,
    PREVIOUS,
    PROMOTED,
    ROLLED_BACK,
    WITHDRAWN,
    Registry,
)
from retune.io.tracking import Tracking
from retune.project import read_project
from tasks.approve import approve
from tasks.promote import promote, promote_approved
from tasks.release import release
from tasks.rollback import rollback
from tasks.status import model_status
from tasks.track import track, unsettled
from tests.conftest import CHECKOUT
from tests.mlflow_servers import ADMIN, add_account, be
from tests.toy_checkout import MODEL, make_checkout, train_toy

WEAK, STRONG = "billing", "access"  # what a model that always answers so has right: 2 and 22 of 24 test rows
ROLLBACK_SECONDS = 5


@pytest.fixture
def registry(checkout: Path, reload_here: None) -> Registry:
    return Registry(default_uri(checkout), MODEL)


def run(checkout: Path, base: Path, seed: int, answers: str) -> None:
    train_toy(checkout, base, seed=seed, answers=answers, strength=float(seed))
    track(root=checkout, model=MODEL)
    params = read_project(checkout).models[MODEL].release
    release(root=checkout, model=MODEL, params=params, cause="by hand", now=datetime.now(UTC))


def ask_for_approval(checkout: Path, by: str) -> None:
    params = yaml.safe_load((checkout / "params.yaml").read_text())
    params["models"][MODEL]["release"]["approval"] = {"required": True, "by": by, "days": 14}
    write_text(checkout / "params.yaml", yaml.safe_dump(params))


def test_what_the_evidence_does_not_support_is_forced_with_a_reason_that_is_recorded(
    checkout: Path, tiny_base: Path, registry: Registry
) -> None:
    run(checkout, tiny_base, 1, STRONG)
    run(checkout, tiny_base, 2, WEAK)
    with pytest.raises(GateError, match="kept against version 1"):
        promote(root=checkout, model=MODEL, version="2", reason="I like it")
    with pytest.raises(UserError, match="a reason to overrule"):
        promote(root=checkout, model=MODEL, version="2", reason="by hand", force=True)
    made = promote(root=checkout, model=MODEL, version="2", reason="the old one leaks names", force=True)
    assert (made.outcome, made.is_forced, made.why) == (PROMOTED, True, "the old one leaks names")
    assert registry.aliases() == {CHAMPION: "2", PREVIOUS: "1"}
    told = registry.client.download_artifacts(made.run_id, "decision.json")
    assert "kept against version 1" in Path(told).read_text()
    declined = registry.decisions()[1]
    assert (declined.outcome, declined.after) == (DECLINED, "2")
    assert "I like it" in declined.why
    assert registry.decisions()[2].outcome == KEPT


def test_what_was_once_forced_is_no_evidence_later(checkout: Path, tiny_base: Path, registry: Registry) -> None:
    run(checkout, tiny_base, 1, STRONG)
    run(checkout, tiny_base, 2, WEAK)
    promote(root=checkout, model=MODEL, version="2", reason="the old one leaks names", force=True)
    rollback(root=checkout, model=MODEL, reason="it was no better")
    with pytest.raises(GateError, match="kept against version 1"):
        promote(root=checkout, model=MODEL, version="2", reason="again")


def test_an_alias_that_was_moved_past_the_record_goes_back_to_what_was_decided(
    checkout: Path, tiny_base: Path, registry: Registry
) -> None:
    run(checkout, tiny_base, 1, STRONG)
    run(checkout, tiny_base, 2, WEAK)
    registry.client.set_registered_model_alias(MODEL, CHAMPION, "2")
    assert not model_status(Tracking(registry.uri), registry).since
    made = promote(root=checkout, model=MODEL, version="1", reason="as it was decided")
    assert (made.outcome, made.before, made.after, made.is_done) == (ROLLED_BACK, "2", "1", True)
    assert registry.aliases() == {
        CHAMPION: "1",
        "challenger": "2",
    }  # a rollback does not lead to what nobody decided on
    assert model_status(Tracking(registry.uri), registry).since

    promote(root=checkout, model=MODEL, version="2", reason="the old one leaks names", force=True)
    assert model_status(Tracking(registry.uri), registry).decision.startswith("version 2 was promoted (forced): ")
    with pytest.raises(GateError):  # to have gone back is no evidence
        promote(root=checkout, model=MODEL, version="1", reason="again")


def test_nobody_rolls_back_to_what_was_withdrawn(checkout: Path, tiny_base: Path, registry: Registry) -> None:
    run(checkout, tiny_base, 1, WEAK)
    run(checkout, tiny_base, 2, STRONG)
    registry.tag("1", {WITHDRAWN: "a document was erased"})
    with pytest.raises(GateError, match="a document was erased"):
        rollback(root=checkout, model=MODEL, reason="wrong queue")
    declined = registry.decisions()[0]
    assert (declined.outcome, declined.after, declined.who != "") == (DECLINED, "1", True)
    with pytest.raises(GateError, match="a document was erased"):
        promote(root=checkout, model=MODEL, version="1", reason="wrong queue", force=True)
    assert registry.aliases()[CHAMPION] == "2"


def test_an_approval_that_nobody_asks_for_is_not_given(checkout: Path, registry: Registry) -> None:
    with pytest.raises(UserError, match=r"release\.approval\.required: false\. Nobody has to approve"):
        approve(root=checkout, model=MODEL, version="1", reason="read the report")
    assert not registry.decisions()


def test_a_version_that_is_not_there_is_said(checkout: Path) -> None:
    with pytest.raises(UserError, match="found no version 7"):
        promote(root=checkout, model=MODEL, version="7", reason="better")


@pytest.mark.case("RG-4")
def test_where_anyone_approves_the_next_run_the_command_and_the_poll_each_promote_it(
    checkout: Path, tiny_base: Path, registry: Registry
) -> None:
    ask_for_approval(checkout, "anyone")
    with pytest.raises(WaitingError, match="waits until somebody approves"):
        run(checkout, tiny_base, 1, WEAK)
    version = registry.version("1")
    assert version is not None
    assert version.tags["retune.decision"] == AWAITING
    assert unsettled(checkout, MODEL, "by hand", datetime.now(UTC))
    assert promote_approved(root=checkout, model=MODEL) is None
    for force in (False, True):
        with pytest.raises(WaitingError):
            promote(root=checkout, model=MODEL, version="1", reason="now", force=force)
    registry.tag("1", {TAG: "yes"})
    made = promote_approved(root=checkout, model=MODEL)
    assert made is not None
    assert registry.aliases() == {CHAMPION: "1"}
    assert promote_approved(root=checkout, model=MODEL) is None

    with pytest.raises(WaitingError):
        run(checkout, tiny_base, 2, STRONG)
    approve(root=checkout, model=MODEL, version="", reason="read the report", who="bob")
    run(checkout, tiny_base, 2, STRONG)
    assert registry.aliases() == {CHAMPION: "2", PREVIOUS: "1"}
    last = registry.last_move()
    assert last is not None
    assert last.why.endswith("approved by bob")
    outcomes = [one.outcome for one in registry.decisions()]
    assert outcomes == [PROMOTED, APPROVED, AWAITING, PROMOTED, APPROVED, DECLINED, DECLINED, AWAITING]


@pytest.mark.slow
@pytest.mark.case("RG-4")
def test_with_accounts_who_trained_waits_for_another_account(
    mlflow_on: Callable[..., str],
    tiny_base: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    reload_here: None,
) -> None:
    uri = mlflow_on("sqlite", accounts=True)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setenv("RETUNE_STATE", str(tmp_path / "state"))
    for name in ("ada", "bob"):
        add_account(uri, name, monkeypatch)
    be(ADMIN, monkeypatch)
    registry = Registry(uri, MODEL)
    checkout = make_checkout(tmp_path / "checkout", tiny_base)
    ask_for_approval(checkout, "second_person")

    be("ada", monkeypatch)
    with pytest.raises(WaitingError, match="a second person"):
        run(checkout, tiny_base, 1, STRONG)
    with pytest.raises(GateError, match="ada trained it"):
        approve(root=checkout, model=MODEL, version="1", reason="mine", who="bob")
    declined = registry.decisions()[0]
    assert (declined.outcome, declined.who, declined.after) == (DECLINED, "ada", "1")
    be("bob", monkeypatch)
    approve(root=checkout, model=MODEL, version="1", reason="read the report")
    made = promote(root=checkout, model=MODEL, version="1", reason="read the report")
    assert (made.who, made.why) == ("bob", "read the report; approved by bob")
    assert registry.aliases()[CHAMPION] == "1"  # who may edit sets aliases; to delete `challenger` one has to manage
    assert registry.finish() is None


@pytest.mark.slow
@pytest.mark.case("RG-2")
def test_a_rollback_is_one_command_of_seconds_with_its_record(
    checkout: Path, tiny_base: Path, registry: Registry
) -> None:
    run(checkout, tiny_base, 1, WEAK)
    run(checkout, tiny_base, 2, STRONG)
    command = [sys.executable, "-m", "retune.cli.main", "rollback", "--reason", "wrong queue"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = subprocess.run(
        command,
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Of its own work: what others do on the machine of a test is not the command's.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < ROLLBACK_SECONDS
    assert "the champion is version 1 (before: 2), because: wrong queue" in told.stdout
    assert registry.aliases()[CHAMPION] == "1"
    last = registry.last_move()
    assert last is not None
    assert (last.outcome, last.before, last.after, last.why) == (ROLLED_BACK, "2", "1", "wrong queue")
    assert last.who
