"""Flow `monitor`: what is new, compared with what each champion learnt; where that drifted, a training is asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path

from prefect import flow
from prefect.events import emit_event

from flows import alerts, artifacts
from flows.execution import Execution, RunFailedError
from flows.forms import Monitor, Retrain
from flows.plan import LOCK, Plan, prepare
from flows.steps import answering, run_step, say
from retune.core.alerts import of_monitor
from retune.core.drift.trigger import Monitored
from retune.core.errors import RetuneError
from retune.core.run_report import RunReport
from retune.io.dvc import Stage
from retune.io.locks import exclusive
from tasks.monitor import mark_triggered
from tasks.monitor import monitor as monitor_step

DRIFT = "retune.drift"
FIRST_TO_LEARN = "split"  # of a model's stages: before it stand its examples, measured and let through


BY_HAND = Monitor()


@flow(name="monitor", flow_run_name="monitor {request.reason}", persist_result=False)
def monitor(request: Monitor = BY_HAND) -> list[Monitored]:
    """Bring documents and examples up to date, compare them and the traffic with what each champion was trained on.

    Where enough windows drifted, an event asks for a training; it is recorded before it is sent. Raises RunFailedError
    where a stage failed or a gate said no.
    """
    root, report, found = Path.cwd(), RunReport(), list[Monitored]()
    with exclusive(root / LOCK, wait=request.wait):
        plan = up_to_examples(
            run_step(prepare, name="prepare", root=root, names=request.models, say=say, cause="schedule")
        )
        if plan.changed:
            execution = Execution(root, plan, report, "monitor", request.reason)
            with execution.recorded():
                execution.run(lambda model: _watch(root, plan, report, model, request.reason, found))
        else:
            for model in plan.models:
                _watch(root, plan, report, model, request.reason, found)
    artifacts.publish_windows(found)
    for one in found:
        if one.retrain:
            ask_for_training(root, one)
    alerts.tell(root, plan.project, of_monitor(found, report, list(plan.models)))
    if report.failures:
        raise RunFailedError(report)
    return found


def start(request: Monitor) -> list[Monitored]:
    """Run the flow in this process; a Prefect server that is not there or goes away raises UnavailableError."""
    with answering():
        return monitor(request)


def up_to_examples(plan: Plan) -> Plan:
    """Return the plan without the stages in which a model learns."""
    stages: list[Stage] = []
    for model in ("", *plan.models):
        own = [stage for stage in plan.stages if stage.model == model]
        stages += takewhile(lambda stage: stage.step != FIRST_TO_LEARN, own)
    names = {stage.name for stage in stages}
    return replace(plan, stages=tuple(stages), changed=plan.changed & names)


def _watch(root: Path, plan: Plan, report: RunReport, model: str, reason: str, found: list[Monitored]) -> None:
    """Compare what is new for one model with what its champion was trained on."""
    doing = f"monitor {model}"
    try:
        one: Monitored = run_step(
            monitor_step, name=doing, retries=2, root=root, model=model, params=plan.models[model].monitor,
            now=datetime.now(UTC), cause=reason,
        )  # fmt: skip
    except RetuneError as error:
        report.fail(doing, error)
        return
    found.append(one)
    for line in lines_of(one):
        say(line)


def lines_of(one: Monitored) -> list[str]:
    """Return what the monitor of a model found, as lines for a person."""
    windows = [
        line
        for window in one.windows
        for line in (f"{window.source}: {window.verdict} ({window.rows} rows)", *_indented(window.why))
    ]
    follows = "a training is asked for" if one.retrain else "no training"
    return [f"{one.model}, champion version {one.version or 'none'}", *(f"  {line}" for line in windows),
            f"  {follows}: {one.why}"]  # fmt: skip


def _indented(why: str) -> list[str]:
    """Return each reason as a line below its window."""
    return [f"  {reason}" for reason in why.split("; ")]


def ask_for_training(root: Path, one: Monitored) -> None:
    """Record that drift asks for a training, then send the event that an automation answers with one."""
    run_step(mark_triggered, name=f"record {one.model}", retries=2, root=root, model=one.model, run_id=one.asked_by,
             now=datetime.now(UTC))  # fmt: skip
    resource = {"prefect.resource.id": f"retune.model.{one.model}", "prefect.resource.name": one.model}
    emit_event(DRIFT, resource=resource, payload={"request": training_of(one).model_dump()})


def training_of(one: Monitored) -> Retrain:
    """Return the training that drift asks for."""
    return Retrain(models=[one.model], reason=f"drift since version {one.version}", cause="drift", wait=True)
