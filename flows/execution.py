"""One execution of stages: its run in MLflow is opened before the first and closed whatever happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flows import artifacts
from flows.plan import Plan
from flows.reproduce import reproduce
from flows.steps import run_step, say
from retune.core.errors import RetuneError, UnavailableError
from retune.core.hosted import SCHEME
from retune.core.run_report import NOT_REACHED, RunReport, StageRow
from retune.io.dvc import Stage
from retune.io.files import write_json
from retune.io.mlflow_store import default_uri
from retune.io.parents import REGISTRY
from retune.io.place import LAST_RUN
from retune.io.tracking import Tracking
from tasks.fine_tune import fine_tune
from tasks.record import record
from tasks.resolve import resolve

LONGEST_REASON = 300


class RunFailedError(RetuneError):
    """The run did not come to its end; the report says where and why."""

    def __init__(self, report: RunReport) -> None:
        self.exit_code = report.exit_code
        super().__init__("; ".join(f"{item['where']}: {', '.join(item['reasons'])}" for item in report.failures))


def open_tracking(root: Path, experiment: str) -> Tracking:
    """Return the tracking server, once it has answered; raises UnavailableError where it does not."""
    return Tracking(default_uri(root), experiment)


class Execution:
    """The stages of a plan, brought up to date one by one; `report` grows with them."""

    def __init__(self, root: Path, plan: Plan, report: RunReport, name: str, reason: str) -> None:
        self.root, self.plan, self.report, self.name = root, plan, report, name
        self.started = time.monotonic()
        self.tracking: Tracking = run_step(
            open_tracking,
            name="tracking",
            retries=2,
            after=[plan],
            root=root,
            experiment=plan.project.tracking.experiment,
        )
        self.tracking.close_orphans()
        self.parent = self.tracking.open_parent(f"{name} {reason}", {"retune.reason": reason})
        report.links["MLflow run"] = self.tracking.url(self.parent)
        self.rows: dict[str, StageRow] = {}  # what each stage returned
        self.ends: list[Any] = []  # what came after the last stages

    def run(self, settle: Callable[[str], None]) -> None:
        """Run the corpus, then each model and `settle` it; what fails stops what depends on it and nothing else."""
        if not self._stages(""):
            self._skip(set(self.plan.models))
            return
        for model in self.plan.models:
            if self._stages(model):
                settle(model)

    def last(self) -> StageRow:
        """Return the row of the stage that was brought up to date last."""
        return list(self.rows.values())[-1]

    def _stages(self, model: str) -> bool:
        """Reproduce the stages of a model, or of the corpus for the empty name; returns whether all are up to date."""
        for stage in (stage for stage in self.plan.stages if stage.model == model):
            try:
                self._pin(stage)
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

    def _pin(self, stage: Stage) -> None:
        """Pin what a training starts from where that is known only now: the champion, or what a service makes of it."""
        if stage.step != "train":
            return
        model, params = stage.model, self.plan.models[stage.model].resolve
        given: dict[str, Any] = {"retries": 2, "after": self._before(stage), "root": self.root, "model": model}
        if params.base.startswith(REGISTRY):
            run_step(resolve, name=f"resolve {model}", params=params, **given)
        if params.base.startswith(SCHEME):
            run_step(fine_tune, name=f"fine-tune {model}", today=datetime.now(UTC).date(), say=say, **given)

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
            write_json(self.root / LAST_RUN, self.report.as_dict())

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
        self.report.fail(self.name, RetuneError(told.removesuffix(": ")))
        self._skip({"", *self.plan.models})
        self.report.seconds = round(time.monotonic() - self.started, 1)
        with suppress(UnavailableError):
            self.tracking.close_children(self.parent, told)
            self.tracking.close(self.parent, "FAILED" if isinstance(error, Exception) else "KILLED", self._reasons())

    def _reasons(self) -> list[str]:
        """Return why the run did not come to its end."""
        return [f"{item['where']}: {reason}" for item in self.report.failures for reason in item["reasons"]]
