"""Puts prefect.yaml and the automations onto a Prefect server: again and again, with the same result."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.exceptions import ObjectNotFound

from flows import automations
from flows.environment import POOL, need_server
from flows.steps import answering
from retune.core.errors import RetuneError
from retune.project import read_project


def deploy(root: Path) -> list[str]:
    """Make pool, deployments and automations what the checkout says; returns lines for a person.

    Raises UserError without a server to deploy to, UnavailableError where it does not answer, RetuneError where Prefect
    refuses a deployment.
    """
    need_server()
    blocks = read_project(root).notify.blocks
    with answering(), get_client(sync_client=True) as client:
        known = automations.block_ids(client, blocks)
        _pool(client)
        _deployments(root)
        names = {deployment.name: deployment.id for deployment in client.read_deployments()}
        wanted = automations.wanted(names[automations.TAKE_UP], known)
        automations.settle(client, wanted)
    return [
        f"pool        {POOL}, one run at a time",
        *(f"deployment  {name}" for name in sorted(names)),
        *(f"automation  {one.name}" for one in wanted),
    ]


def _pool(client: SyncPrefectClient) -> None:
    """Create the pool, or set its limit: runs of different deployments must not meet on one checkout."""
    try:
        client.read_work_pool(POOL)
    except ObjectNotFound:
        client.create_work_pool(WorkPoolCreate(name=POOL, type="process", concurrency_limit=1))
    else:
        client.update_work_pool(POOL, WorkPoolUpdate(concurrency_limit=1))


def _deployments(root: Path) -> None:
    """Let Prefect read prefect.yaml."""
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
    ended = subprocess.run(command, check=False, cwd=root, capture_output=True, text=True)
    if ended.returncode != 0:
        raise RetuneError(
            "\n".join(["Prefect refuses prefect.yaml:", *(ended.stdout + ended.stderr).splitlines()[-20:]])
        )
