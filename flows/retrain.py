"""Flow `retrain`: from the documents to a decision on the champion, redoing only what changed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from prefect import flow
from pydantic import BaseModel, Field

from flows import artifacts
from flows.plan import LOCK, Plan, prepare
from flows.reproduce import reproduce
from flows.steps import answering, find_server, run_step, say
from retune.core.errors import RetuneError, UnavailableError
from retune.core.run_report import NOT_REACHED, RunReport, StageRow
from retune.io.dvc import Stage
from retune.io.files import write_json
from retune.io.locks import exclusive
from retune.io.mlflow_store import default_uri
from retune.io.tracking import Tracking
from tasks.record import record
from tasks.release import release
from tasks.track import track

REPORT = Path(".retune/last_run.json")
LONGEST_REASON = 300


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
    root, report = Path.cwd(), RunReport()
    with exclusive(root / LOCK, wait=False):
        plan = run_step(prepare, name="prepare", root=root, names=request.models, say=say)
        if plan.nothing_to_do:
            say("Nothing changed: every stage is up to date, and every model is recorded and decided.")
            return report.as_dict()
        execution = Execution(root, plan, report, request.reason)
        with execution.recorded():
            execution.run()
        artifacts.publish(report)
    if report.failures:
        raise RunFailedError(report)
    return report.as_dict()


def start(request: Retrain) -> dict[str, Any]:
    """Run the flow in this process; a Prefect server that is not there or goes away raises UnavailableError."""
    with answering():
        find_server()
        return retrain(request)


def open_tracking(root: Path, experiment: str) -> Tracking:
    """Return the tracking server, once it has answered; raises UnavailableError where it does not."""
    return Tracking(default_uri(root), experiment)


class Execution:
    """One execution of the plan: its run in MLflow is opened before the first stage and closed whatever happens."""

    def __init__(self, root: Path, plan: Plan, report: RunReport, reason: str) -> None:
        self.root, self.plan, self.report = root, plan, report
        self.started = time.monotonic()
        self.tracking = run_step(
            open_tracking,
            name="tracking",
            retries=2,
            after=[plan],
            root=root,
            experiment=plan.project.tracking.experiment,
        )
        self.tracking.close_orphans()
        self.parent = self.tracking.open_parent(f"retrain {reason}", {"retune.reason": reason})
        report.links["MLflow run"] = self.tracking.url(self.parent)
        self.rows: dict[str, StageRow] = {}  # what each stage returned
        self.ends: list[Any] = []  # what the releases returned

    def run(self) -> None:
        """Run the corpus, then each model; what fails stops what depends on it and nothing else."""
        if not self._stages(""):
            self._skip(set(self.plan.models))
            return
        for model in self.plan.models:
            if self._stages(model):
                self._settle(model)

    def _settle(self, model: str) -> None:
        """Record one model whose stages are up to date, and decide on it."""
        last, doing = list(self.rows.values())[-1], f"track {model}"
        try:
            say(f"{doing:28} recording the run and the model in MLflow")
            tracked = run_step(
                track, name=doing, retries=2, after=[last], root=self.root, model=model, parent=self.parent
            )
            doing = f"release {model}"
            params = self.plan.models[model].release
            row = run_step(release, name=doing, retries=2, after=[tracked], root=self.root, model=model, params=params)
        except RetuneError as error:
            self.report.fail(doing, error)
            return
        self.report.models.append(row)
        self.ends.append(row)

    def _stages(self, model: str) -> bool:
        """Reproduce the stages of a model, or of the corpus for the empty name; returns whether all are up to date."""
        for stage in (stage for stage in self.plan.stages if stage.model == model):
            try:
                row = run_step(
                    reproduce,
                    name=stage.name,
                    retries=1,
                    after=self._before(stage),
                    root=self.root,
                    stage=stage,
                    tracking=self.tracking,
                    parent=self.parent,
                    add=self._add,
                )
            except RetuneError as error:
                self.report.fail(stage.name, error)
                self._skip({model})
                return False
            self.rows[stage.name] = row
            artifacts.stage(row)
        return True

    def _before(self, stage: Stage) -> list[Any]:
        """Return what the stages returned on whose outs this one depends, so that Prefect draws DVC's graph."""
        makers = {out: other.name for other in self.plan.stages for out in other.outs}
        names = {makers[path] for path in stage.dependencies if path in makers}
        return [row for name, row in self.rows.items() if name in names] or [self.tracking]

    def _add(self, row: StageRow) -> None:
        """Keep the row of a stage; that of another try takes the place of the first one's."""
        self.report.stages = [other for other in self.report.stages if other.stage != row.stage] + [row]

    def _skip(self, models: set[str]) -> None:
        """Note the stages that are not reached."""
        done = {row.stage for row in self.report.stages}
        missed = [stage for stage in self.plan.stages if stage.model in models and stage.name not in done]
        self.report.stages += [StageRow(stage=stage.name, state=NOT_REACHED) for stage in missed]

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Record what the block did and end its run as what it was, whatever ends the block; the report is kept."""
        try:
            yield
        except BaseException as error:
            self._stopped(error)
            raise
        else:
            self._close()
        finally:
            write_json(self.root / REPORT, self.report.as_dict())

    def _close(self) -> None:
        """Record the execution, and end its run as FINISHED or FAILED with the reasons."""
        self.report.seconds = round(time.monotonic() - self.started, 1)
        reasons = self._reasons()
        ends = self.ends or list(self.rows.values())[-1:] or [self.tracking]
        told = self.report.as_dict()
        try:
            run_step(record, name="record", retries=2, after=ends, root=self.root, run=self.parent, report=told)
            self.tracking.close(self.parent, "FAILED" if reasons else "FINISHED", reasons)
        except RetuneError as error:
            self.report.fail("record", error)

    def _stopped(self, error: BaseException) -> None:
        """Note what nobody expected and end the runs at once: Prefect's server may have ended too.

        Where MLflow does not answer either, the next start ends them.
        """
        told = " ".join(f"{type(error).__name__}: {error}".split())[:LONGEST_REASON]
        self.report.fail("retrain", RetuneError(told.removesuffix(": ")))
        self._skip({"", *self.plan.models})
        self.report.seconds = round(time.monotonic() - self.started, 1)
        with suppress(UnavailableError):
            self.tracking.close_children(self.parent, told)
            self.tracking.close(self.parent, "FAILED" if isinstance(error, Exception) else "KILLED", self._reasons())

    def _reasons(self) -> list[str]:
        """Return why the run did not come to its end."""
        return [f"{item['where']}: {reason}" for item in self.report.failures for reason in item["reasons"]]
