"""Flows `promote` and `rollback`: moving the champion by hand, from Prefect's form or the command line."""

from __future__ import annotations

from pathlib import Path

from prefect import flow

from flows.forms import Promotion, Rollback
from flows.plan import LOCK
from flows.steps import run_step, say
from retune.io.locks import exclusive
from retune.io.registry import Decision
from tasks.promote import promote as promote_step
from tasks.rollback import rollback as rollback_step


@flow(name="promote", flow_run_name="promote {request.model}", persist_result=False)
def promote(request: Promotion) -> str:
    """Make a version the champion, where a recorded decision on its evidence supports it."""
    root = Path.cwd()
    with exclusive(root / LOCK, wait=False):
        made = run_step(
            promote_step, name="promote", root=root, model=request.model, version=request.version, reason=request.reason
        )
    return _tell(request.model, made)


@flow(name="rollback", flow_run_name="rollback {request.model}", persist_result=False)
def rollback(request: Rollback) -> str:
    """Make the previous champion the champion again."""
    root = Path.cwd()
    with exclusive(root / LOCK, wait=False):
        made = run_step(rollback_step, name="rollback", root=root, model=request.model, reason=request.reason)
    return _tell(request.model, made)


def _tell(model: str, made: Decision) -> str:
    """Say which version is champion now, and return that line."""
    line = f"{model}: the champion is version {made.after}, before it version {made.before or 'none'}: {made.why}"
    say(line)
    return line
