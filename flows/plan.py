"""What is to be done, found out before any server starts: the data brought up to date, the bases pinned, DVC asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from retune.core.hosted import notices
from retune.core.rule import Cause
from retune.io import behaviour, collected, dvc, erasures, source, tombstones
from retune.project import ModelParams, Project, chosen, read_project
from tasks.doctor import preflight
from tasks.resolve import refuse_misfit, resolve
from tasks.track import unsettled

LOCK = Path(".retune/checkout.lock")
Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """The stages in the order in which they run, which of them changed, and the models that are not yet recorded."""

    project: Project
    models: dict[str, ModelParams]
    stages: tuple[dvc.Stage, ...]
    changed: frozenset[str]
    unsettled: tuple[str, ...]

    @property
    def nothing_to_do(self) -> bool:
        """Tell whether every stage is up to date and every model recorded and decided."""
        return not self.changed and not self.unsettled


def bring_up_to_date(root: Path, names: list[str], say: Say) -> tuple[Project, dict[str, ModelParams]]:
    """Check the settings, heal DVC, update data/ and the answers of people, pin the bases.

    To be called under the checkout's lock. Raises UserError for settings, sources, bases and behaviour tests that do
    not hold.
    """
    project = read_project(root)
    models = chosen(project, names)
    erasures.refuse_half_done(root)
    for mended in dvc.heal(root):
        say(mended)
    if source.update(root, say=_silent):
        say(f"data/ was brought up to date with {source.read_source(root).location or 'its files'}")
    collected.bring_up_to_date(root, project.models, say=_silent)
    for name in project.models:
        behaviour.ensure(root, name)
    tombstones.ensure(root)
    for name, model in models.items():
        resolve(root=root, model=name, params=model.resolve)
        refuse_misfit(root=root, model=name, family=model.family)
    closes = {name: service.closes_on for name, service in project.hosted.items()}
    for notice in notices([model.resolve.base for model in models.values()], closes, datetime.now(UTC).date()):
        say(notice)
    return project, models


def prepare(root: Path, names: list[str], say: Say, cause: Cause) -> Plan:
    """Bring everything up to date, then ask DVC which stages changed and MLflow which models it lacks.

    A model that was decided on is open again where the run's cause lets another rule hold.
    """
    project, models = bring_up_to_date(root, names, say)
    preflight(root=root, project=project)
    stages = tuple(stage for stage in dvc.stages(root) if not stage.model or stage.model in models)
    known = {stage.name for stage in stages}
    changed = frozenset(name for name in dvc.changes(root, sorted(known)) if name in known)
    now = datetime.now(UTC)
    open_ones = tuple(name for name in models if changed or unsettled(root, name, cause, now))
    return Plan(project, models, stages, changed, open_ones)


def _silent(_line: str) -> None:
    """Keep DVC's own lines from a person who reads ours."""
