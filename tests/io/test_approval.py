"""On a real MLflow server with accounts: only the server's own word says who trained and who approved a version."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from retune.core.errors import GateError, UserError, WaitingError
from retune.core.params.release import ApprovalParams
from retune.io import approval, promotion, smoke
from retune.io.registry import APPROVED, CHAMPION, FINGERPRINT, PACKAGE, PROMOTED, Decision, Registry
from tests.mlflow_servers import ADMIN, add_account, be

pytestmark = [pytest.mark.slow, pytest.mark.case("RG-4")]
NAME = "ticket-router"
SECOND = ApprovalParams(required=True, by="second_person", days=14)


def promotion_of(number: str) -> Decision:
    return Decision(PROMOTED, "", number, "release", "better", "e1")


def approve(registry: Registry, number: str) -> Decision:
    who = approval.whoami(registry.uri).name
    return promotion.approve(registry, Decision(APPROVED, "", number, who, "read the report"), SECOND)


@pytest.fixture
def registry(mlflow_on: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Registry:
    """Return a registry on a server that knows ada and bob; ada trained version 1."""
    monkeypatch.setenv("RETUNE_STATE", str(tmp_path))
    uri = mlflow_on("sqlite", accounts=True)
    for name in ("ada", "bob"):
        add_account(uri, name, monkeypatch)
    be(ADMIN, monkeypatch)
    Registry(uri, NAME)  # the experiment belongs to who makes it
    be("ada", monkeypatch)
    registry = Registry(uri, NAME)
    tags = {FINGERPRINT: "f1", PACKAGE: "p" * 64}
    version, _ = registry.register(source="s3://bucket/model", model_id=None, run_id=None, tags=tags)
    signed = approval.sign(registry, approval.TRAINED, version)
    assert signed is not None
    assert signed.who == "ada"
    monkeypatch.setattr(smoke, "check", lambda *_: None)
    return registry


def test_a_second_person_approves_and_nobody_else_can(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    version = registry.version("1")
    assert version is not None
    assert approval.trainers(registry, version) == ("ada",)

    with pytest.raises(GateError, match="ada trained it"):
        approve(registry, "1")

    # What ada's client says of bob is no more than that: a run in his name, a tag in the UI.
    registry.record(Decision(APPROVED, "", "1", "bob", "sure"))
    registry.tag("1", {approval.TAG: "yes"})
    approval.sign(registry, approval.APPROVE, version)
    made, waiting = promotion.settle(registry, promotion_of("1"), SECOND, datetime.now(UTC))
    assert isinstance(waiting, WaitingError)
    assert "not by the server" in str(waiting)
    assert "ada trained it" in str(waiting)

    be("bob", monkeypatch)
    assert approve(registry, "1").who == "bob"
    approve(registry, "1")  # twice is once
    be("ada", monkeypatch)
    made, waiting = promotion.settle(registry, promotion_of("1"), SECOND, datetime.now(UTC))
    assert (waiting, made.why) == (None, "better; approved by bob")
    assert registry.aliases()[CHAMPION] == "1"


def test_other_files_need_another_approval(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    be("bob", monkeypatch)
    approve(registry, "1")
    registry.tag("1", {PACKAGE: "q" * 64})
    _, waiting = promotion.settle(registry, promotion_of("1"), SECOND, datetime.now(UTC))
    assert waiting is not None


def test_a_signature_that_was_changed_later_counts_no_more(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who may manage the experiment can rename bob's queue and give it to others; its dates tell."""
    version = registry.version("1")
    assert version is not None
    be("bob", monkeypatch)
    signed = approval.sign(registry, approval.APPROVE, version)
    assert signed is not None
    be(ADMIN, monkeypatch)
    listed = approval._ask(
        registry.uri, "GET", f"{approval.SIGNATURES}/list", params={"experiment_id": registry.experiment}
    ).json()["review_queues"]
    number = next(one["queue_id"] for one in listed if one["created_by"] == "bob")
    body = {"queue_id": number, "new_owner": "carl"}
    assert approval._ask(registry.uri, "POST", f"{approval.SIGNATURES}/update", json=body).ok
    assert not [one for one in approval.approvals(registry, version) if one.is_signed]


def test_a_wrong_password_is_said_in_words(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "another one altogether")
    with pytest.raises(UserError, match="MLFLOW_TRACKING_PASSWORD") as error:
        approval.whoami(registry.uri)
    assert error.value.exit_code == 2


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_server_without_accounts_knows_nobody(
    mlflow_on: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str
) -> None:
    monkeypatch.setenv("RETUNE_STATE", str(tmp_path))
    registry = Registry(mlflow_on(kind), NAME)
    tags = {FINGERPRINT: "f1", PACKAGE: "p" * 64}
    version, is_new = registry.register(source="s3://bucket/model", model_id=None, run_id=None, tags=tags)
    assert is_new
    assert approval.sign(registry, approval.TRAINED, version) is None
    assert not approval.whoami(registry.uri).is_signed
    with pytest.raises(UserError, match="takes everybody's word"):
        promotion.settle(registry, promotion_of("1"), SECOND, datetime.now(UTC))
    monkeypatch.setattr(smoke, "check", lambda *_: None)
    promotion.move(registry, promotion_of("1"), once=True)
    assert registry.aliases() == {CHAMPION: "1"}
