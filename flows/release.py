"""Flows `promote`, `rollback`, `approve` and `approvals`: what a person decides, by form or by command.

On a server that several hosts share, only these deployments move the champion by hand, one at a time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow
from prefect.flow_runs import suspend_flow_run
from prefect.input import RunInput
from pydantic import Field

from flows import alerts
from flows.forms import Awaiting, Everywhere, Promotion, Rollback
from flows.plan import LOCK
from flows.steps import run_step, say
from retune.core.alerts import State
from retune.io.locks import exclusive
from retune.io.registry import Decision
from retune.project import chosen, read_project
from tasks.approve import approve as approve_step
from tasks.promote import promote as promote_step
from tasks.promote import promote_approved
from tasks.rollback import rollback as rollback_step

SECONDS_PER_DAY = 86_400


class Answer(RunInput):
    """What a person says to a version that waits."""

    approved: bool = Field(default=False, title="I approve", description="Leave it off to decline.")
    name: str = Field(
        default="",
        title="Your name",
        description="For the record. Where a second person is asked for, run `retune approve` first: Prefect does not "
        "know who you are.",
    )
    reason: str = Field(min_length=1, title="Reason", description="Why, for the record.")


@flow(name="promote", flow_run_name="promote {request.model}", persist_result=False)
def promote(request: Promotion) -> str:
    """Make a version the champion, where a recorded decision on its evidence supports it."""
    root = Path.cwd()
    with exclusive(root / LOCK, wait=False):
        made = run_step(promote_step, name="promote", root=root, **request.model_dump())
    return _tell(root, request.model, made)


@flow(name="rollback", flow_run_name="rollback {request.model}", persist_result=False)
def rollback(request: Rollback) -> str:
    """Make the previous champion the champion again."""
    root = Path.cwd()
    with exclusive(root / LOCK, wait=False):
        made = run_step(rollback_step, name="rollback", root=root, **request.model_dump())
    return _tell(root, request.model, made)


@flow(name="approve", flow_run_name="approve {request.model} {request.version}", persist_result=False)
def approve(request: Awaiting) -> str:
    """Wait, suspended, until a person answers the form; then the version becomes the champion, or does not.

    After the answer Prefect runs this again from its top: nothing stands before the question.
    """
    root = Path.cwd()
    params = read_project(root).models[request.model].release.approval
    question = f"Version {request.version} of {request.model} waits for an approval. {request.why}"
    form = Answer.with_initial_data(description=question)
    answer = suspend_flow_run(wait_for_input=form, timeout=params.days * SECONDS_PER_DAY)
    if answer is None or not answer.approved:
        line = (
            f"{request.model}: version {request.version} was not approved: {answer.reason if answer else 'no answer'}"
        )
        say(line)
        return line
    which: dict[str, Any] = {"model": request.model, "version": request.version, "reason": answer.reason}
    with exclusive(root / LOCK, wait=False):
        if params.by == "anyone":
            run_step(approve_step, name="approve", root=root, who=answer.name, **which)
        made = run_step(promote_step, name="promote", root=root, asked_by=answer.name, **which)
    return _tell(root, request.model, made)


@flow(name="approvals", flow_run_name="approvals", persist_result=False)
def approvals(request: Everywhere | None = None) -> list[str]:
    """Make champions of what waited and has been approved since, by the command line or by the tag in MLflow."""
    root = Path.cwd()
    told = []
    for model in chosen(read_project(root), request.models if request else []):
        with exclusive(root / LOCK):
            made = run_step(promote_approved, name=f"approved {model}", root=root, model=model)
        told += [_tell(root, model, made)] if made is not None else []
    return told


def _tell(root: Path, model: str, made: Decision) -> str:
    """Say which version is champion now, tell the people who are to know, and return that line."""
    line = f"{model}: the champion is version {made.after}, before it version {made.before or 'none'}: {made.why}"
    say(line)
    subject = f"{model}: the champion is version {made.after}"
    alerts.tell(root, read_project(root), [State(f"champion of {model}", made.after, subject, made.why)])
    return line
