"""Flow `retrain`: from the documents to a decision on the champion, redoing only what changed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from prefect import flow
from pydantic import BaseModel, Field

from flows import artifacts
from flows.plan import LOCK, Plan, prepare
from flows.reproduce import reproduce
from flows.steps import run_step, say
from retune.core.errors import RetuneError
from retune.core.run_report import NOT_REACHED, RunReport, StageRow
from retune.io.files import write_json
from retune.io.locks import exclusive
from retune.io.mlflow_store import default_uri
from retune.io.tracking import Tracking
from tasks.record import record
from tasks.release import release
from tasks.track import track

REPORT = Path(".retune/last_run.json")


class Retrain(BaseModel):
    """What a person, a schedule or an event says when it starts a run."""

    models: list[str] = Field(
        default_factory=list, title="Models", description="Names from params.yaml; empty for all."
    )
    reason: str = Field(default="by hand", title="Reason", description="Why this run is started, for the record.")


class RunFailedError(RetuneError):
    """The run did not come to its end; the report says where and why."""

    def __init__(self, report: RunReport) -> None:
        self.exit_code = report.exit_code
        super().__init__("; ".join(f"{item['where']}: {', '.join(item['reasons'])}" for item in report.failures))


@flow(name="retrain", flow_run_name="retrain {request.reason}", persist_result=False)
def retrain(request: Retrain | None = None) -> dict[str, Any]:
    """Bring every stage up to date, record the run and the models in MLflow, and let the gate decide on promotion.

    Returns the report of the run; raises RunFailedError after everything that can be recorded is recorded.
    """
    request = request or Retrain()
    root, started, report = Path.cwd(), time.monotonic(), RunReport()
    with exclusive(root / LOCK, wait=False):
        plan = run_step(prepare, name="prepare", root=root, names=request.models, say=say)
        if plan.nothing_to_do:
            say("Nothing changed: every stage is up to date, and every model is recorded and decided.")
            return report.as_dict()
        execution = Execution(root, plan, report, request.reason)
        execution.run()
        report.seconds = round(time.monotonic() - started, 1)
        execution.close()
        write_json(root / REPORT, report.as_dict())
        artifacts.publish(report)
    if report.failures:
        raise RunFailedError(report)
    return report.as_dict()


def open_tracking(root: Path, experiment: str) -> Tracking:
    """Return the tracking server, once it has answered; raises UnavailableError where it does not."""
    return Tracking(default_uri(root), experiment)


class Execution:
    """One execution of the plan: its run in MLflow is opened before the first stage and closed whatever happens."""

    def __init__(self, root: Path, plan: Plan, report: RunReport, reason: str) -> None:
        self.root, self.plan, self.report = root, plan, report
        self.tracking = run_step(
            open_tracking, name="tracking", retries=2, root=root, experiment=plan.project.tracking.experiment
        )
        self.tracking.close_orphans()
        self.parent = self.tracking.open_parent(f"retrain {reason}", {"retune.reason": reason})
        report.links["MLflow run"] = self.tracking.url(self.parent)

    def run(self) -> None:
        """Run the corpus, then each model; what fails stops what depends on it and nothing else."""
        if self._stages("") and self.report.exit_code == 0:
            for model in self.plan.models:
                self._model(model)
        else:
            self._skip(set(self.plan.models))

    def _model(self, model: str) -> None:
        """Run one model's stages, then record it and decide on it."""
        if not self._stages(model):
            return
        settings = self.plan.models[model]
        try:
            say(f"{'track ' + model:28} recording the run and the model in MLflow")
            run_step(track, name=f"track {model}", retries=2, root=self.root, model=model, parent=self.parent)
            row = run_step(
                release, name=f"release {model}", retries=2, root=self.root, model=model, params=settings.release
            )
        except RetuneError as error:
            self.report.fail(f"release {model}", error)
            return
        self.report.models.append(row)

    def _stages(self, model: str) -> bool:
        """Reproduce the stages of a model, or of the corpus for the empty name; returns whether all are up to date."""
        for stage in (stage for stage in self.plan.stages if stage.model == model):
            try:
                row = run_step(
                    reproduce,
                    name=stage.name,
                    retries=1,
                    root=self.root,
                    stage=stage,
                    tracking=self.tracking,
                    parent=self.parent,
                    add=self.report.stages.append,
                )
            except RetuneError as error:
                self.report.fail(stage.name, error)
                self._skip({model})
                return False
            artifacts.stage(row)
        return True

    def _skip(self, models: set[str]) -> None:
        """Note the stages that are not reached."""
        done = {row.stage for row in self.report.stages}
        missed = [stage for stage in self.plan.stages if stage.model in models and stage.name not in done]
        self.report.stages += [StageRow(stage=stage.name, state=NOT_REACHED) for stage in missed]

    def close(self) -> None:
        """Record what this execution did, and end its run as what it was."""
        reasons = [f"{item['where']}: {reason}" for item in self.report.failures for reason in item["reasons"]]
        run_step(record, name="record", retries=2, root=self.root, run=self.parent, report=self.report.as_dict())
        self.tracking.close(self.parent, "FAILED" if reasons else "FINISHED", reasons)
