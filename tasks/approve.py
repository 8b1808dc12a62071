"""Step approve: a person says yes to the files of one version, by their account on MLflow's server."""

from __future__ import annotations

from pathlib import Path

from retune.core.errors import UserError
from retune.io import promotion
from retune.io.approval import whoami
from retune.io.mlflow_store import default_uri
from retune.io.registry import APPROVED, CHALLENGER, CHAMPION, Decision, Registry
from retune.project import read_project


def approve(*, root: Path, model: str, version: str, reason: str, who: str = "") -> Decision:
    """Return the recorded approval of a version, of the challenger for an empty one; nothing becomes champion by it.

    `who` is taken for a name only where the policy lets anyone approve. Raises UserError where MLflow cannot tell who
    asks and the policy needs to know, GateError for the person who trained the version.
    """
    project = read_project(root)
    registry = Registry(default_uri(root), model, project.tracking.experiment)
    params = project.models[model].release.approval
    aliases = registry.aliases()
    chosen = version or aliases.get(CHALLENGER, "")
    if not chosen.isdigit():
        todo = "See its page in MLflow, then: retune approve --version N"
        raise UserError(expected=f"a version of {model}", found=chosen or "no challenger", todo=todo)
    name = whoami(registry.uri)
    by = who if who and params.by == "anyone" and not name.is_signed else name.name
    return promotion.approve(registry, Decision(APPROVED, aliases.get(CHAMPION, ""), chosen, by, reason), params)
