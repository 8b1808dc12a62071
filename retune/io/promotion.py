"""The one way by which an alias moves, what has to be true before it does, and what is wrong where it did otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

from retune.core import history
from retune.core.approval import Standing, may_approve, standing
from retune.core.errors import GateError, UserError, WaitingError
from retune.core.params.release import ApprovalParams
from retune.io import approval, smoke
from retune.io.mlflow_store import default_uri
from retune.io.registry import (
    APPROVED,
    AWAITING,
    CHAMPION,
    MOVES,
    PACKAGE,
    PROMOTED,
    TO,
    WITHDRAWN,
    Decision,
    Registry,
    Version,
)
from retune.io.settings import read_yaml

TAGGED = "whoever set the tag retune.approve in MLflow"


def move(registry: Registry, decision: Decision, *, once: bool) -> Decision:
    """Record a decision and let the aliases follow it, whoever decided: a release, a person, a flow.

    Under the lock of this host: the champion is read again, the files of the version are hashed, it answers its own
    example in a fresh offline process, the decision is recorded, then the aliases move. Raises IntegrityError for files
    that are not those that were registered, RetuneError where somebody else was faster.
    """
    return registry.decide(decision, once=once, ready=partial(smoke.check, registry))


def settle(
    registry: Registry, decision: Decision, params: ApprovalParams, now: datetime
) -> tuple[Decision, WaitingError | None]:
    """Record what a release decided and move the aliases; return what it waits for, None where for nothing.

    The same decision on the same evidence is made once, and so is its waiting.
    """
    version = registry.version(decision.after)
    if decision.outcome != PROMOTED or version is None:
        return move(registry, decision, once=True), None
    try:
        who = approved(registry, version, params, now)
    except WaitingError as error:
        return move(registry, replace(decision, outcome=AWAITING), once=True), error
    why = f"{decision.why}; approved by {who}" if who else decision.why
    return move(registry, replace(decision, why=why), once=True), None


def check_usable(version: Version) -> None:
    """Raise GateError for a version that was withdrawn."""
    why = version.tags.get(WITHDRAWN, "")
    if why:
        raise GateError(f"promotion of version {version.number}", [f"it was withdrawn: {why}"])


def check_second_person(registry: Registry, params: ApprovalParams) -> None:
    """Raise UserError where a second person is asked for and MLflow cannot tell one person from another."""
    if params.required and params.by == "second_person" and not approval.whoami(registry.uri).is_signed:
        raise UserError(
            expected="an MLflow server that knows who asks, since release.approval asks for a second person",
            found=f"{registry.uri}, which takes everybody's word",
            todo="Start it with accounts (docs/promote.md), or set release.approval.by: anyone.",
        )


def approved(registry: Registry, version: Version, params: ApprovalParams, now: datetime) -> str:
    """Return who approved a version, empty where nobody has to; raises WaitingError where somebody still has to."""
    if not params.required:
        return ""
    check_second_person(registry, params)
    found = _standing(registry, version, params, now)
    if found.approval is not None:
        return found.approval.who
    who = "a second person" if params.by == "second_person" else "somebody"
    reasons = "".join(f"; {reason}" for reason in found.reasons)
    raise WaitingError(
        registry.name,
        version.number,
        f"version {version.number} of {registry.name} waits until {who} approves it{reasons}. They do it by: "
        f'retune approve --model {registry.name} --version {version.number} --reason "..."',
    )


def approve(registry: Registry, decision: Decision, params: ApprovalParams) -> Decision:
    """Let the server write who approves the version `after`, and record it; raises GateError for who may not."""
    version = registry.version(decision.after)
    if version is None:
        raise UserError(
            expected=f"a version of {registry.name}",
            found=f"no version {decision.after}",
            todo="See its page in MLflow.",
        )
    check_second_person(registry, params)
    who = approval.whoami(registry.uri)
    refused = may_approve(who.name, approval.trainers(registry, version)) if params.by == "second_person" else ""
    if refused:
        raise GateError(f"approval of version {version.number}", [refused])
    approval.sign(registry, approval.APPROVE, version)
    return registry.record(decision)


def registry_faults(root: Path, model: str) -> list[str]:
    """Say in what the aliases of a model differ from the recorded decisions, each with what to do; empty where well."""
    settings = read_yaml(root / "params.yaml")
    registry = Registry(default_uri(root), model, settings["tracking"]["experiment"])
    moves = [one for one in registry.decisions() if one.outcome in MOVES]
    versions = {one.number: one.tags.get(WITHDRAWN, "") for one in registry.versions()}
    found = history.faults(moves, registry.aliases(), versions)
    params = ApprovalParams.model_validate(settings["models"][model]["release"]["approval"])
    try:
        check_second_person(registry, params)
    except UserError as error:
        found.append(str(error))
    return found


def _standing(registry: Registry, version: Version, params: ApprovalParams, now: datetime) -> Standing:
    """Return which approval of a version counts; a tag set in the MLflow UI is recorded when it is found."""
    if params.by == "anyone" and approval.is_tagged(version):
        _record_tag(registry, version)
    given = approval.approvals(registry, version)
    trainers = approval.trainers(registry, version)
    package = version.tags.get(PACKAGE, "")
    found = standing(given, package_sha256=package, trainers=trainers, params=params, now=now)
    if params.by == "second_person" and found.approval is None and approval.is_tagged(version):
        return Standing(None, (*found.reasons, "the tag retune.approve does not say who set it, so it does not count"))
    return found


def _record_tag(registry: Registry, version: Version) -> None:
    """Record once that the tag was found, and when: its approval ends so many days later."""
    known = [one for one in registry.decisions(**{TO: version.number}) if one.outcome == APPROVED]
    if not [one for one in known if one.who == TAGGED]:
        champion = registry.aliases().get(CHAMPION, "")
        registry.record(Decision(APPROVED, champion, version.number, TAGGED, "the tag was found"))
