"""Step rollback: the version that was champion before is the champion again, with a recorded reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from retune.core.errors import GateError, UserError
from retune.io import promotion
from retune.io.approval import whoami
from retune.io.mlflow_store import default_uri
from retune.io.registry import CHAMPION, DECLINED, PREVIOUS, ROLLED_BACK, Decision, Registry
from retune.project import read_project


def rollback(*, root: Path, model: str, reason: str, asked_by: str = "") -> Decision:
    """Return the decision that made `previous` the champion; given again with the same reason it moves nothing.

    Raises UserError where there is no champion or nothing before it, GateError, which is recorded, where that was
    withdrawn. No approval is asked for: it was champion before. `asked_by` is for whom another host acts.
    """
    registry = Registry(default_uri(root), model, read_project(root).tracking.experiment)
    registry.finish()
    aliases, last = registry.aliases(), registry.last_move()
    champion, previous = aliases.get(CHAMPION, ""), aliases.get(PREVIOUS, "")
    if last is not None and last.outcome == ROLLED_BACK and (last.after, last.why) == (champion, reason):
        return last
    version = registry.version(previous) if previous and previous != champion else None
    if not champion or version is None:
        found = f"champion {champion or 'none'}, previous {previous or 'none'}"
        todo = "Choose a version: make promote VERSION=... REASON=..."
        raise UserError(expected=f"a champion of {model} and one before it", found=found, todo=todo)
    name = whoami(registry.uri).name
    who = f"{asked_by}, carried out by {name}" if asked_by and asked_by != name else name
    made = Decision(ROLLED_BACK, champion, previous, who, reason)
    try:
        promotion.check_usable(version)
    except GateError as error:
        registry.record(replace(made, outcome=DECLINED, why=f"{reason}: {error}"))
        raise
    return promotion.move(registry, made, once=False)
