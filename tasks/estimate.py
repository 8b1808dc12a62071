"""Step estimate: what a run would take and cost, from what runs took before; a training that never ran is foretold."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from retune import training
from retune.core.errors import UserError
from retune.core.estimate import Estimate, Needed, Seconds
from retune.core.estimate import estimate as expected
from retune.io.files import read_frame, read_json
from retune.io.mlflow_store import default_uri
from retune.io.place import Place
from retune.io.tracking import KIND, Tracking
from retune.modeling.keys import TrainingInputs
from retune.project import ModelParams, Project

SECONDS = "/seconds"
MOST_RUNS = 20
TRAIN = "train@"
PARTS = Path("retune/modeling")


def estimate(*, root: Path, project: Project, stages: Sequence[str]) -> Estimate:
    """Return what these stages would take; the newest runs in MLflow are what it is judged by."""
    tracking = Tracking(default_uri(root), project.tracking.experiment)
    past = [_seconds(run.data.metrics) for run in tracking.finished({KIND: "execution"})[:MOST_RUNS]]
    known = {stage for run in past for stage in run}
    needed = {
        stage: found
        for stage in stages
        if stage not in known and (found := _foretold(root, project, stage.removeprefix(TRAIN))) is not None
    }
    return expected(stages, [run for run in past if run], _work(root, project), needed)


def _seconds(metrics: dict[str, float]) -> Seconds:
    """Return the seconds of each stage of a run, by the stage's name in dvc.yaml."""
    named = {name.removesuffix(SECONDS): value for name, value in metrics.items() if name.endswith(SECONDS)}
    return {name.replace("/", "@", 1): value for name, value in named.items()}


def _work(root: Path, project: Project) -> dict[str, tuple[float, float]]:
    """Return, for each training, its rows times epochs as they were and as they would be now."""
    found = {}
    for name, model in project.models.items():
        facts = Place(root, name).model / "train" / "facts.json"
        if not facts.exists():
            continue
        was, now = _recorded_epochs(Place(root, name)), model.train.epochs
        rows = float(read_json(facts).get("train_rows", 0))
        found[f"train@{name}"] = (rows * was, _rows_now(root, name, rows) * now)
    return found


def _recorded_epochs(place: Place) -> float:
    """Return the epochs of the training in dvc.lock; 0, by which nothing is scaled, where it does not say."""
    try:
        params = place.entry("train").get("params", {}).get("params.yaml", {})
    except UserError:
        return 0.0
    settings = params.get(f"models.{place.name}.train", {})
    return float(settings.get("epochs", 0))


def _rows_now(root: Path, model: str, before: float) -> float:
    """Return the training rows as they lie there now."""
    import pyarrow.parquet as pq

    train = Place(root, model).model / "split" / "train.parquet"
    return float(pq.read_metadata(train).num_rows) if train.exists() else before


def _foretold(root: Path, project: Project, name: str) -> Needed | None:
    """Return what the first training of a model needs; None for what is no model, and where its rows are not there."""
    place = Place(root, name)
    train, validation = (place.model / "split" / f"{side}.parquet" for side in ("train", "validation"))
    if name not in project.models or not (train.exists() and validation.exists() and place.base.exists()):
        return None
    from retune.modeling.forecast import forecast

    rows, model = read_frame(train), project.models[name]
    plan = training.plan(_inputs(train, validation, place.base, model), rows, model.train)
    return forecast(plan, rows, read_frame(validation))


def _inputs(train: Path, validation: Path, base: Path, model: ModelParams) -> TrainingInputs:
    """Return what the training reads."""
    kinds = {"task_types": model.task_type, "families": model.family, "methods": model.method}
    task_type, family, method = (PARTS / kind / f"{name}.py" for kind, name in kinds.items())
    return TrainingInputs(train, validation, base, task_type, family, method)
