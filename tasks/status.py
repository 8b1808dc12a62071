"""Step status: how each model stands: its champion, the last decision, drift, the last run, and what is out of date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from retune.io import dvc
from retune.io.files import read_json
from retune.io.mlflow_store import default_uri
from retune.io.place import LAST_RUN, Place
from retune.io.registry import CHALLENGER, CHAMPION, MODEL, PREVIOUS, WITHDRAWN, Decision, Registry
from retune.io.rule import SOURCE, VERDICT, WINDOW
from retune.io.tracking import KIND, VERSION, Tracking
from retune.project import Project


@dataclass(frozen=True)
class ModelStatus:
    """One model: which versions the aliases name, the newest decision, and the newest window of each source."""

    model: str
    aliases: dict[str, str]
    since: str  # ISO 8601, when the champion became it; empty without one or past the record
    scores: dict[str, float]  # of the champion on the test rows of its training
    decision: str
    windows: dict[str, str]  # verdict by source, on the champion
    withdrawn: str  # why the champion is not to be used any more though it answers; empty for most


@dataclass(frozen=True)
class Status:
    """The checkout: its models, the stages that are out of date, and how the last run here ended."""

    models: list[ModelStatus]
    bases: dict[str, str]  # by model, what is pinned here and its licence
    out_of_date: list[str]
    last_run: dict[str, Any]  # exit_code, seconds and failures; empty where none ran here


def status(*, root: Path, project: Project) -> Status:
    """Ask MLflow, DVC and the report of the last run; nothing is updated. Raises UnavailableError without MLflow."""
    tracking = Tracking(default_uri(root), project.tracking.experiment)
    registries = [Registry(tracking.uri, name, project.tracking.experiment) for name in project.models]
    models = [model_status(tracking, registry) for registry in registries]
    known = {stage.name for stage in dvc.stages(root)}
    out_of_date = sorted(name for name in dvc.changes(root, sorted(known)) if name in known)
    bases = {name: base for name in project.models if (base := base_of(Place(root, name)))}
    return Status(models, bases, out_of_date, _last_run(root / LAST_RUN))


def model_status(tracking: Tracking, registry: Registry) -> ModelStatus:
    """Return how one model stands."""
    aliases, decisions, last = registry.aliases(), registry.decisions(), registry.last_move()
    champion = aliases.get(CHAMPION, "")
    version = registry.version(champion) if champion else None
    since = _minute(last) if last is not None and champion and last.after == champion else ""
    newest = decisions[0] if decisions else None
    return ModelStatus(
        model=registry.name,
        aliases={name: aliases[name] for name in (CHAMPION, CHALLENGER, PREVIOUS) if name in aliases},
        since=since,
        scores=_scores(tracking, version.run_id if version else ""),
        decision=_told(newest) if newest else "",
        windows=_windows(tracking, registry.name, champion),
        withdrawn=version.tags.get(WITHDRAWN, "") if version else "",
    )


def base_of(place: Place) -> str:
    """Return the base that is pinned for a model, with its licence; empty before any is."""
    if not place.base.exists():
        return ""
    base = read_json(place.base)
    return f"{base['id']} ({base['licence'] or 'licence unknown'})"


def _minute(decision: Decision) -> str:
    """Return when a decision was made, in UTC."""
    return datetime.fromtimestamp(decision.started / 1000, UTC).isoformat(timespec="minutes")


def _told(decision: Decision) -> str:
    """Return a decision in words."""
    forced = " (forced)" if decision.is_forced else ""
    return f"version {decision.after} was {decision.outcome}{forced}: {decision.why}"


def _scores(tracking: Tracking, run_id: str) -> dict[str, float]:
    """Return the scores that a training's run has, without the ends of their intervals."""
    if not run_id:
        return {}
    metrics: dict[str, float] = tracking.client.get_run(run_id).data.metrics
    own = {name.removeprefix("test/"): value for name, value in metrics.items() if name.startswith("test/")}
    return {name: value for name, value in own.items() if not name.endswith(("_low", "_high"))}


def _windows(tracking: Tracking, model: str, champion: str) -> dict[str, str]:
    """Return the newest verdict of the monitor on each source."""
    found: dict[str, str] = {}
    runs = tracking.finished({KIND: WINDOW, MODEL: model, VERSION: champion}) if champion else []
    for run in runs:
        found.setdefault(run.data.tags.get(SOURCE, ""), run.data.tags.get(VERDICT, ""))
    return found


def _last_run(report: Path) -> dict[str, Any]:
    """Return how the last run here ended."""
    told = read_json(report) if report.exists() else {}
    return {name: told[name] for name in ("exit_code", "seconds", "failures") if name in told}
