"""Deletion requests are carried out under the checkout's lock, beside no run.

They are no Prefect flow: what a run is started with stands in Prefect's database and on its pages, and a request names
a person. The training that follows is asked for by its receipt alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flows.plan import LOCK
from retune.core.errors import UserError
from retune.core.forget import Request
from retune.io import dvc, erasure_plan, erasures
from retune.io.dvc import Say
from retune.io.locks import exclusive
from tasks.forget import Done, foresee, forget, resume

TRAINING = "retrain/by-hand"


def look(root: Path, request: Request, say: Say) -> dict[str, Any]:
    """Return what a request would erase, and which versions saw it."""
    with exclusive(root / LOCK, wait=False):
        dvc.heal(root)
        return foresee(root=root, request=_with_relabelled(root, request), say=say)


def carry_out(root: Path, request: Request, reason: str, say: Say) -> Done:
    """Erase what a request names, or go on where that was stopped."""
    with exclusive(root / LOCK, wait=False):
        dvc.heal(root)
        return forget(root=root, request=_with_relabelled(root, request), reason=reason, now=datetime.now(UTC), say=say)


def take_up(root: Path, say: Say) -> list[Done]:
    """Bring every deletion that was stopped to its end."""
    with exclusive(root / LOCK, wait=False):
        dvc.heal(root)
        return [resume(root=root, journal=one.path, say=say) for one in erasures.pending(root)]


def ask_for_training(done: Iterable[Done]) -> bool:
    """Ask the Prefect server for trainings without what was erased, and return whether there is one to ask."""
    if "PREFECT_API_URL" not in os.environ:
        return False
    from prefect.deployments import run_deployment

    for one in done:
        models = sorted({version["model"] for version in one.receipt["versions"]})
        request = {"models": models, "reason": f"erasure {one.receipt['receipt']}", "wait": True}
        if models:
            run_deployment(TRAINING, parameters={"request": request}, timeout=0)
    return True


def _with_relabelled(root: Path, request: Request) -> Request:
    """Return the request, with the documents that the gate on labels keeps out where it names none itself."""
    if not request.only_versions or request.documents or request.sources:
        return request
    found = erasure_plan.relabelled(root)
    if not found:
        raise UserError(
            expected="documents that the gate on access labels keeps out",
            found="none",
            todo="Raise the labels, bring the stages up to date (retune repro), then give this command again.",
        )
    return replace(request, documents=found)
