"""Flow `retrain`: from the documents to a decision on the champion, redoing only what changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prefect import flow

from flows import alerts, artifacts
from flows.execution import Execution, RunFailedError
from flows.forms import Retrain
from flows.plan import LOCK, prepare
from flows.steps import answering, run_step, say
from flows.submit import ask
from retune.core.alerts import of_retrain
from retune.core.errors import RetuneError, WaitingError
from retune.core.rule import Cause
from retune.core.run_report import RunReport
from retune.io.locks import exclusive
from tasks.release import release
from tasks.report import report as write_page
from tasks.track import Tracked, track

BY_HAND = Retrain()


@flow(name="retrain", flow_run_name="retrain {request.reason}", persist_result=False)
def retrain(request: Retrain = BY_HAND) -> dict[str, Any]:
    """Bring every stage up to date, record the run and the models in MLflow, and let the gate decide on promotion.

    Returns the report of the run; raises RunFailedError after everything that can be recorded is recorded.
    """
    root, report = Path.cwd(), RunReport()
    with exclusive(root / LOCK, wait=request.wait):
        plan = run_step(prepare, name="prepare", root=root, names=request.models, say=say, cause=request.cause)
        if plan.nothing_to_do:
            say("Nothing changed: every stage is up to date, and every model is recorded and decided.")
            return report.as_dict()
        execution = Execution(root, plan, report, "retrain", request.reason)
        with execution.recorded():
            execution.run(lambda model: _settle(execution, model, request.cause))
        artifacts.publish(report)
    alerts.tell(root, plan.project, of_retrain(report, list(plan.models)))
    if report.failures:
        raise RunFailedError(report)
    return report.as_dict()


def start(request: Retrain) -> dict[str, Any]:
    """Run the flow in this process; a Prefect server that is not there or goes away raises UnavailableError."""
    with answering():
        return retrain(request)


def _settle(execution: Execution, model: str, cause: Cause) -> None:
    """Record one model whose stages are up to date, decide on it, and write the page of its version either way."""
    tracked = _decide(execution, model, cause)
    if tracked is None:
        return
    doing, rows = f"report {model}", execution.report.stages
    stages = [row for row in rows if row.stage.partition("@")[2] in ("", model)]
    try:
        path = run_step(
            write_page, name=doing, retries=2, after=execution.ends[-1:] or [tracked], root=execution.root, model=model,
            version=tracked.version, now=datetime.now(UTC), stages=stages,
        )  # fmt: skip
    except RetuneError as error:
        execution.report.fail(doing, error)
        return
    name = f"{model}, version {tracked.version}"
    execution.report.links[name] = path.relative_to(execution.root).as_posix()


def _decide(execution: Execution, model: str, cause: Cause) -> Tracked | None:
    """Record one model and decide on it, and return what was recorded; drift that is not mended is an alert."""
    root, doing, tracked = execution.root, f"track {model}", None
    try:
        say(f"{doing:28} recording the run and the model in MLflow")
        tracked = run_step(
            track, name=doing, retries=2, after=[execution.last()], root=root, model=model, parent=execution.parent
        )
        doing = f"release {model}"
        params = execution.plan.models[model].release
        row = run_step(
            release, name=doing, retries=2, after=[tracked], root=root, model=model, params=params, cause=cause,
            now=datetime.now(UTC),
        )  # fmt: skip
    except RetuneError as error:
        execution.report.fail(doing, error)
        if isinstance(error, WaitingError):
            say(ask(error))
        if cause == "drift":
            execution.report.alert(model, [str(error)])
        return tracked
    if cause == "drift" and not row.promoted:
        execution.report.alert(model, [*row.reasons, f"the champion stays version {row.champion}"])
    execution.report.models.append(replace(row, note=tracked.sides))
    execution.ends.append(row)
    return tracked
