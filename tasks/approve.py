"""Step approve: a person says yes to the files of one version, by their account on MLflow's server."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from retune.core.errors import GateError, UserError
from retune.io import promotion
from retune.io.approval import whoami
from retune.io.mlflow_store import default_uri
from retune.io.registry import APPROVED, CHALLENGER, CHAMPION, DECLINED, Decision, Registry
from retune.project import read_project


def approve(*, root: Path, model: str, version: str, reason: str, who: str = "") -> Decision:
    """Return the recorded approval of a version, of the challenger for an empty one; nothing becomes champion by it.

    `who` is taken for a name only where the policy lets anyone approve. Raises UserError where MLflow cannot tell who
    asks and the policy needs to know, or where it asks for no approval; GateError, which is recorded, for the person
    who trained the version.
    """
    project = read_project(root)
    registry = Registry(default_uri(root), model, project.tracking.experiment)
    params = project.models[model].release.approval
    aliases = registry.aliases()
    chosen = version or aliases.get(CHALLENGER, "")
    if not chosen.isdigit():
        todo = "See its page in MLflow, then: retune approve --version N"
        raise UserError(expected=f"a version of {model}", found=chosen or "no challenger", todo=todo)
    if not params.required:
        todo = f'Nobody has to approve: retune promote --version {chosen} --reason "..."'
        raise UserError(
            expected="settings that ask for an approval", found="release.approval.required: false", todo=todo
        )
    name = whoami(registry.uri)
    by = who if who and params.by == "anyone" and not name.is_signed else name.name
    given = Decision(APPROVED, aliases.get(CHAMPION, ""), chosen, by, reason)
    try:
        return promotion.approve(registry, given, params)
    except GateError as error:
        registry.record(replace(given, outcome=DECLINED, why=f"{reason}: {error}"))
        raise
