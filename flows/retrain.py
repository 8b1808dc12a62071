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
from retune.core.alerts import of_retrain
from retune.core.errors import RetuneError
from retune.core.rule import Cause
from retune.core.run_report import RunReport
from retune.io.locks import exclusive
from tasks.release import release
from tasks.track import track

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
    """Record one model whose stages are up to date, and decide on it; drift that is not mended is an alert."""
    root, doing = execution.root, f"track {model}"
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
        if cause == "drift":
            execution.report.alert(model, [str(error)])
        return
    if cause == "drift" and not row.promoted:
        execution.report.alert(model, [*row.reasons, f"the champion stays version {row.champion}"])
    execution.report.models.append(replace(row, note=tracked.sides))
    execution.ends.append(row)
