"""prefect.yaml: every deployment can be made and run; the promises that need a server are kept on a real one."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from retune.io.ports import stop_with_parent, wait_until_answers
from tests.conftest import CHECKOUT

DEPLOYMENTS: list[dict[str, Any]] = yaml.safe_load((CHECKOUT / "prefect.yaml").read_text())["deployments"]
NAMES = [deployment["name"] for deployment in DEPLOYMENTS]


def flow_of(deployment: dict[str, Any]) -> Any:
    file, _, name = deployment["entrypoint"].partition(":")
    assert (CHECKOUT / file).exists()
    return getattr(importlib.import_module(file.removesuffix(".py").replace("/", ".")), name)


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=NAMES)
def test_its_flow_is_there_and_takes_its_parameters(deployment: dict[str, Any]) -> None:
    given = deployment.get("parameters") or {}
    assert set(flow_of(deployment).validate_parameters(given) if given else {}) == set(given)


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=NAMES)
def test_its_run_has_a_name_with_the_parameters_that_it_starts_with(deployment: dict[str, Any]) -> None:
    flow = flow_of(deployment)
    schema = flow.parameters.model_dump()
    given = deployment.get("parameters") or {"request": schema["properties"]["request"].get("default")}
    if schema["required"]:
        assert deployment["name"] in ("promote", "rollback", "approve")  # a person fills in their form
        return
    assert flow.flow_run_name.format(**flow.validate_parameters(given))


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=NAMES)
def test_one_run_at_a_time(deployment: dict[str, Any]) -> None:
    assert deployment["concurrency_limit"]["limit"] == 1


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=NAMES)
def test_its_schedule_is_one_that_prefect_takes(deployment: dict[str, Any]) -> None:
    from prefect.client.schemas.schedules import CronSchedule

    for schedule in deployment.get("schedules", []):
        assert CronSchedule(cron=schedule["cron"], timezone=schedule["timezone"]).timezone == "UTC"


def test_retraining_is_weekly_looking_is_nightly_and_the_rest_waits_for_an_event_or_a_person() -> None:
    scheduled = [deployment["name"] for deployment in DEPLOYMENTS if deployment.get("schedules")]
    assert scheduled == ["weekly", "monitor", "approvals"]
    assert [deployment["name"] for deployment in DEPLOYMENTS if deployment.get("triggers")] == ["on-drift"]
    assert {"by-hand", "take-up", "promote", "rollback", "approve"} <= set(NAMES)


@pytest.mark.case("SC-2")
def test_what_is_due_while_another_runs_waits_for_it() -> None:
    for deployment in DEPLOYMENTS:
        assert deployment["concurrency_limit"]["collision_strategy"] == "ENQUEUE"
    started_by_machine = [deployment for deployment in DEPLOYMENTS if deployment.get("parameters")]
    names = [deployment["name"] for deployment in started_by_machine]
    assert names == ["weekly", "on-drift", "take-up", "monitor", "approvals"]  # the last one always waits
    assert all(deployment["parameters"]["request"].get("wait", True) for deployment in started_by_machine)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Start a real Prefect server; returns the environment in which commands reach it."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    home = tmp_path_factory.mktemp("prefect")
    url = f"http://127.0.0.1:{port}/api"
    environment = {**os.environ, "PREFECT_HOME": str(home), "PREFECT_API_URL": url}
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", port]
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            env=environment,
            stdout=log,
            stderr=log,
            preexec_fn=stop_with_parent,  # noqa: PLW1509 - a child of a test
        )
    try:
        wait_until_answers(process, f"{url}/health", 180)
        yield environment
    finally:
        process.terminate()
        process.wait(30)


def client_of(server: dict[str, str]) -> Any:
    from prefect.client.orchestration import SyncPrefectClient

    return SyncPrefectClient(server["PREFECT_API_URL"])


def run(server: dict[str, str], *words: str, cwd: Path = CHECKOUT) -> subprocess.CompletedProcess[str]:
    environment = {**server, "PYTHONPATH": str(CHECKOUT)}
    return subprocess.run(
        [sys.executable, "-m", *words], check=False, cwd=cwd, env=environment, capture_output=True, text=True
    )


@pytest.mark.slow
def test_the_weekly_deployment_really_gets_scheduled_runs(server: dict[str, str]) -> None:
    from prefect.client.schemas.objects import StateType

    for words in (["work-pool", "create", "retune", "--type", "process"], ["--no-prompt", "deploy", "--all"]):
        ended = run(server, "prefect", *words)
        assert ended.returncode == 0, ended.stdout + ended.stderr
    with client_of(server) as client:
        made = {deployment.name: deployment for deployment in client.read_deployments()}
        assert set(made) == set(NAMES)
        until = time.monotonic() + 120
        runs = client.read_flow_runs()
        while len({run.deployment_id for run in runs}) < 3 and time.monotonic() < until:
            time.sleep(1)
            runs = client.read_flow_runs()
    assert runs, "a schedule that yields no run: see the bounds of fastapi and sqlalchemy in pyproject.toml"
    assert {run.state_type for run in runs} == {StateType.SCHEDULED}
    assert {run.deployment_id for run in runs} == {made[name].id for name in ("weekly", "monitor", "approvals")}


@pytest.mark.slow
def test_with_a_server_running_the_command_line_uses_that_one(server: dict[str, str], toy: Path) -> None:
    (toy / "orders" / "gate").write_text("say no")
    ended = run({**os.environ, **server}, "retune.cli.main", "run", "--reason", "a server is there", cwd=toy)
    assert ended.returncode == 3, ended.stdout + ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr
    with client_of(server) as client:
        (found,) = [one for one in client.read_flow_runs() if one.name == "retrain a server is there"]
    assert found.state.is_failed()


@pytest.mark.slow
def test_a_server_that_is_not_there_is_said_in_one_line(toy: Path) -> None:
    away = {**os.environ, "PREFECT_API_URL": "http://127.0.0.1:9/api"}
    ended = run(away, "retune.cli.main", "run", cwd=toy)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stdout + ended.stderr
    assert "http://127.0.0.1:9/api" in ended.stderr
