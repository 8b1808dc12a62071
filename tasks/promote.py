"""Step promote: a version becomes the champion by hand, where a recorded decision on its evidence supports it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from retune.core.errors import GateError, UserError, WaitingError
from retune.io import promotion
from retune.io.approval import whoami
from retune.io.mlflow_store import default_uri
from retune.io.registry import (
    AWAITING,
    CHALLENGER,
    CHAMPION,
    DECLINED,
    KEPT,
    PROMOTED,
    REFUSED,
    ROLLED_BACK,
    TO,
    Decision,
    Registry,
    Version,
)
from retune.project import read_project

DECIDED = (PROMOTED, AWAITING, KEPT, REFUSED)
SUPPORTS = (PROMOTED, AWAITING)  # awaiting: every check passed, a person was missing
NO_REASON = ("", "by hand")


def promote(*, root: Path, model: str, version: str, reason: str, force: bool = False, asked_by: str = "") -> Decision:
    """Return the decision that made the version (the challenger for an empty one) the champion; twice moves nothing.

    Raises GateError where no recorded decision supports it against the present champion, unless `force` overrules that
    with a reason of its own, WaitingError where a person has to approve first, which `force` does not overrule, and
    UserError for no such version. What the last decision made the champion is gone back to as by a rollback. `asked_by`
    is for whom another host acts. What is declined is recorded too.
    """
    project = read_project(root)
    registry = Registry(default_uri(root), model, project.tracking.experiment)
    registry.finish()
    aliases, last = registry.aliases(), registry.last_move()
    champion, chosen = aliases.get(CHAMPION, ""), _chosen(registry, version or aliases.get(CHALLENGER, ""))
    if champion == chosen.number and last is not None and last.after == champion:
        return last
    if force and reason.strip() in NO_REASON:
        raise UserError(expected="a reason to overrule the evidence", found="none", todo='Give one: --reason "..."')
    who = _who(registry, asked_by)
    try:
        promotion.check_usable(chosen)  # a deletion is not overruled
        back = last if last is not None and last.after == chosen.number else None  # the alias went past the record
        support = back or (_forced if force else supporting)(registry, chosen, champion)
        approver = promotion.approved(registry, chosen, project.models[model].release.approval, datetime.now(UTC))
    except (GateError, WaitingError) as error:
        registry.record(Decision(DECLINED, champion, chosen.number, who, f"{reason}: {error}"))
        raise
    why = f"{reason}; approved by {approver}" if approver else reason
    outcome = ROLLED_BACK if back else PROMOTED  # so that going back is no evidence for a later promotion
    made = replace(support, outcome=outcome, before=champion, who=who, why=why, run_id="", is_done=False)
    return promotion.move(registry, replace(made, is_forced=force and not back), once=False)


def promote_approved(*, root: Path, model: str) -> Decision | None:
    """Return the decision that made a waiting challenger the champion once approved, None where nothing changed."""
    project = read_project(root)
    registry, params = Registry(default_uri(root), model, project.tracking.experiment), project.models[model].release
    version = registry.version(registry.aliases().get(CHALLENGER, "0"))
    made = [one for one in registry.decisions(**{TO: version.number}) if one.outcome in DECIDED] if version else []
    if version is None or not params.approval.required or not made or made[0].outcome != AWAITING:
        return None
    try:
        approver = promotion.approved(registry, version, params.approval, datetime.now(UTC))
    except WaitingError:
        return None
    return promote(root=root, model=model, version=version.number, reason=f"{approver} approved what waited")


def supporting(registry: Registry, chosen: Version, champion: str) -> Decision:
    """Return the newest decision that found the version fit to replace the champion; raises GateError without one."""
    made = [one for one in registry.decisions(**{TO: chosen.number}) if one.outcome in DECIDED and not one.is_forced]
    fitting = [one for one in made if one.before == champion or not champion]
    if fitting and fitting[0].outcome in SUPPORTS:
        return fitting[0]
    known = [f"{one.outcome} against version {one.before or 'none'}: {one.why}" for one in made[:3]]
    said = known or ["no decision on it is recorded; `make pipeline` decides on the model that is trained now"]
    against = f"over champion {champion}" if champion else "without a champion"
    raise GateError(f"promotion of version {chosen.number} {against}", said)


def _forced(registry: Registry, chosen: Version, champion: str) -> Decision:
    """Return a decision that overrules the evidence, with what the evidence said in its details."""
    try:
        supporting(registry, chosen, champion)
    except GateError as error:
        return Decision(PROMOTED, champion, chosen.number, "", "", details={"overruled": error.reasons})
    return Decision(PROMOTED, champion, chosen.number, "", "", details={"overruled": []})


def _chosen(registry: Registry, number: str) -> Version:
    """Return the version of that number; raises UserError where there is none."""
    found = registry.version(number) if number.isdigit() else None
    if found is None:
        todo = f"See {registry.name} on MLflow's page of models, then: make promote VERSION=... REASON=..."
        raise UserError(
            expected=f"a version of {registry.name}",
            found=f"no version {number}" if number else "no challenger",
            todo=todo,
        )
    return found


def _who(registry: Registry, asked_by: str) -> str:
    """Return who moves the champion, by the account on the server where it has accounts, and for whom."""
    name = whoami(registry.uri).name
    return f"{asked_by}, carried out by {name}" if asked_by and asked_by != name else name
