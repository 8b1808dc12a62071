"""On a real Prefect server with a worker: the command line lets the deployment decide, and a form approves."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows.submit import goes_elsewhere, is_shared
from retune.core.errors import WaitingError
from retune.io.files import write_text
from retune.io.ports import end_group, stop_with_parent, wait_until_answers
from retune.io.registry import CHAMPION, KEPT, PREVIOUS, PROMOTED, ROLLED_BACK, Decision, Registry
from tests.conftest import CHECKOUT
from tests.mlflow_servers import free_port
from tests.toy_checkout import MODEL, train_toy

PATIENCE_SECONDS = 300


@pytest.mark.parametrize(
    ("uri", "shared"),
    [
        ("sqlite:////srv/retune/mlflow.db", False),
        ("http://127.0.0.1:5000", False),
        ("http://localhost:5000", False),
        ("http://[::1]:5000", False),
        ("https://mlflow.example.org", True),
        ("http://mlflow:5000", True),
        ("http://10.0.0.4:5000", True),
        ("postgresql://mlflow@db.example.org/mlflow", True),
    ],
)
def test_who_shares_mlflow_with_other_hosts_lets_the_deployment_do_it(
    monkeypatch: pytest.MonkeyPatch, uri: str, shared: bool
) -> None:
    assert is_shared(uri) is shared
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    assert not goes_elsewhere(uri)
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:4200/api")
    assert goes_elsewhere(uri) is shared


@pytest.fixture
def prefect_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], None]]:
    """Return what starts a Prefect server with the deployments of a checkout, and a worker in it."""
    processes: list[subprocess.Popen[Any]] = []
    port = free_port()

    def begin(checkout: Path, *words: str) -> subprocess.Popen[Any]:
        with (tmp_path / f"{words[0]}-{words[1]}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "prefect", *words],
                cwd=checkout,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=stop_with_parent,  # noqa: PLW1509 - a child of a test
            )
        processes.append(process)
        return process

    def start(checkout: Path) -> None:
        monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))
        monkeypatch.setenv("PYTHONPATH", str(checkout))
        server = begin(checkout, "server", "start", "--host", "127.0.0.1", "--port", str(port))
        url = f"http://127.0.0.1:{port}/api"
        wait_until_answers(server, f"{url}/health", PATIENCE_SECONDS)
        monkeypatch.setenv("PREFECT_API_URL", url)
        for words in (["work-pool", "create", "retune", "--type", "process"], ["--no-prompt", "deploy", "--all"]):
            subprocess.run([sys.executable, "-m", "prefect", *words], cwd=checkout, check=True, capture_output=True)
        begin(checkout, "worker", "start", "--pool", "retune")

    yield start
    for process in reversed(processes):
        end_group(process)


def retune(checkout: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command as if MLflow lay on another host."""
    code = "import sys; from flows import submit; submit.is_shared = lambda uri: True; "
    code += "from retune.cli.main import main; sys.exit(main(sys.argv[1:]))"
    return subprocess.run(
        [sys.executable, "-c", code, *words], cwd=checkout, capture_output=True, text=True, check=False
    )


def wait_for(what: Callable[[], Any]) -> Any:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        found = what()
        if found:
            return found
        time.sleep(1)
    raise AssertionError("it did not happen in time")


@pytest.fixture
def registry(checkout: Path, tiny_base: Path, reload_here: None) -> Registry:
    """Return a registry of a checkout in which flows can run: version 1 is champion, 2 was found better, 3 was not."""
    from retune.io import promotion
    from tasks.track import track

    for name in ("flows", "retune", "tasks"):
        (checkout / name).symlink_to(CHECKOUT / name)
    (checkout / "prefect.yaml").symlink_to(CHECKOUT / "prefect.yaml")
    for seed in (1, 2, 3):
        train_toy(checkout, tiny_base, seed=seed, strength=float(seed))
        track(root=checkout, model=MODEL)
    registry = Registry(os.environ["MLFLOW_TRACKING_URI"], MODEL)
    promotion.move(registry, Decision(PROMOTED, "", "1", "release", "every check passed", "e1"), once=True)
    promotion.move(registry, Decision(PROMOTED, "1", "2", "release", "better", "e2"), once=True)
    promotion.move(registry, Decision(KEPT, "2", "3", "release", "no better", "e3"), once=True)
    return registry


@pytest.mark.slow
@pytest.mark.case("RG-2")
def test_the_deployments_move_the_champion_and_a_form_approves(
    prefect_at: Callable[[Path], None], checkout: Path, registry: Registry
) -> None:
    prefect_at(checkout)
    told = retune(checkout, "rollback", "--reason", "wrong queue")
    assert told.returncode == 0, told.stdout + told.stderr
    assert "the champion is version 1 (before: 2), because: wrong queue" in told.stdout
    last = registry.last_move()
    assert last is not None
    assert (last.outcome, last.why) == (ROLLED_BACK, "wrong queue")

    told = retune(checkout, "promote", "--version", "3", "--reason", "I like it")
    assert told.returncode == 3, told.stdout + told.stderr  # as it would be here: a gate's no
    assert "kept against version 2" in told.stderr
    assert registry.aliases()[CHAMPION] == "1"

    approve_by_form(checkout)
    assert wait_for(lambda: registry.aliases().get(CHAMPION) == "2")
    last = registry.last_move()
    assert last is not None
    assert last.why == "read the report; approved by bob"
    assert last.who.startswith("bob, carried out by")
    assert registry.aliases()[PREVIOUS] == "1"


def approve_by_form(checkout: Path) -> None:
    """Ask for an approval of version 2 as a run does that has to wait, and answer Prefect's form as bob."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.objects import StateType
    from prefect.flow_runs import resume_flow_run

    from flows.submit import ask

    params = yaml.safe_load((checkout / "params.yaml").read_text())
    params["models"][MODEL]["release"]["approval"] = {"required": True, "by": "anyone", "days": 14}
    write_text(checkout / "params.yaml", yaml.safe_dump(params))
    for _ in range(2):  # twice is once
        assert "Prefect asks for it" in ask(WaitingError(MODEL, "2", f"it waits since {datetime.now(UTC):%H:%M}"))
    with get_client(sync_client=True) as client:

        def suspended() -> Any:
            runs = [run for run in client.read_flow_runs() if run.name == f"approve {MODEL} 2"]
            assert len(runs) < 2
            return next((run for run in runs if run.state_type == StateType.PAUSED), None)

        run = wait_for(suspended)
        answer = {"approved": True, "name": "bob", "reason": "read the report"}
        resume_flow_run(run.id, run_input=answer)
