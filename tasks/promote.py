"""Step promote: a version becomes the champion by hand, where a recorded decision on its evidence supports it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from retune.core.errors import GateError, UserError
from retune.io.mlflow_store import default_uri
from retune.io.registry import CHALLENGER, CHAMPION, KEPT, PROMOTED, REFUSED, TO, Decision, Registry, person
from retune.project import read_project

DECIDED = (PROMOTED, KEPT, REFUSED)


def promote(*, root: Path, model: str, version: str, reason: str) -> Decision:
    """Return the decision that made the version (the challenger for an empty one) the champion; twice moves nothing.

    Raises GateError where no recorded decision supports it against the present champion, UserError for no such version.
    """
    registry = Registry(default_uri(root), model, read_project(root).tracking.experiment)
    registry.finish()
    aliases, last = registry.aliases(), registry.last_move()
    champion, chosen = aliases.get(CHAMPION, ""), version or aliases.get(CHALLENGER, "")
    if not chosen.isdigit() or registry.version(chosen) is None:
        todo = f"See {model} on MLflow's page of models, then: make promote VERSION=... REASON=..."
        raise UserError(expected=f"a version of {model}", found=chosen or "no challenger", todo=todo)
    if champion == chosen and last is not None:
        return last
    support = supporting(registry, chosen, champion)
    by_hand = replace(support, before=champion, who=person(), why=reason, run_id="", is_done=False)
    return registry.decide(by_hand, once=False)


def supporting(registry: Registry, chosen: str, champion: str) -> Decision:
    """Return the newest decision that promoted the version over the present champion; raises GateError without one."""
    made = [one for one in registry.decisions(**{TO: chosen}) if one.outcome in DECIDED]
    fitting = [one for one in made if one.before == champion or not champion]
    if fitting and fitting[0].outcome == PROMOTED:
        return fitting[0]
    known = [f"{one.outcome} against version {one.before or 'none'}: {one.why}" for one in made[:3]]
    said = known or ["no decision on it is recorded; `make pipeline` decides on the model that is trained now"]
    against = f"over champion {champion}" if champion else "without a champion"
    raise GateError(f"promotion of version {chosen} {against}", said)
