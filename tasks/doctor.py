"""Step doctor: what a run needs is there, asked within seconds and before any work; every run asks it first."""

from __future__ import annotations

from pathlib import Path

from retune.core import parts
from retune.core.checkup import Examined, Look, stopping
from retune.io.mlflow_store import default_uri
from retune.project import Project

CHECKS = "retune.io.checks"


def doctor(*, root: Path, project: Project) -> list[Examined]:
    """Return what every check of retune/io/checks found, in the order of their names."""
    return _examined(root, project, quick_only=False)


def preflight(*, root: Path, project: Project) -> None:
    """Ask what takes no more than a second each; raises one error with all that is wrong.

    UnavailableError where a server does not answer, UserError for what is lacking or wrongly set.
    """
    error = stopping(_examined(root, project, quick_only=True))
    if error is not None:
        raise error


def _examined(root: Path, project: Project, *, quick_only: bool) -> list[Examined]:
    """Return the findings of the checks."""
    look = Look(
        root=str(root),
        tracking_uri=default_uri(root),
        experiment=project.tracking.experiment,
        models=tuple(project.models),
        machine=project.machine,
        traffic_uri=project.traffic.uri,
    )
    checks = parts.load_all(CHECKS)
    asked = {name: check for name, check in checks.items() if check.QUICK or not quick_only}
    return [Examined(name, finding) for name, check in asked.items() for finding in check.examine(look)]
