"""`retune serve`: what the server is told of the traffic log, and what it then logs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from benchmarks.checkout import use_settings
from retune.cli.commands import serve
from retune.cli.commands.serve import traffic_environment
from retune.core.errors import IntegrityError, UnavailableError, UserError
from retune.core.params.traffic import ENVIRONMENT
from retune.io.logged_model import OFFLINE
from retune.io.mlflow_store import default_uri
from retune.io.ports import wait_until_answers
from retune.io.registry import CHAMPION, Registry
from retune.io.traffic import read
from retune.project import Project, read_project
from tasks.track import track
from tests.conftest import CHECKOUT
from tests.toy_checkout import MODEL, train_toy


def logging_to(uri: str) -> Project:
    project = read_project(CHECKOUT)
    return project.model_copy(update={"traffic": project.traffic.model_copy(update={"uri": uri})})


def test_by_default_nothing_is_logged() -> None:
    assert traffic_environment(read_project(CHECKOUT), "ticket-router", "3") == {ENVIRONMENT: ""}


def test_a_server_learns_where_to_log_and_what_to_take_out(tmp_path: Path) -> None:
    told = json.loads(traffic_environment(logging_to(str(tmp_path)), "ticket-router", "3")[ENVIRONMENT])
    assert (told["uri"], told["model"], told["version"], told["retention_days"]) == (
        str(tmp_path), "ticket-router", "3", 90
    )  # fmt: skip
    assert "email" in told["redact"]["recognizers"]


def test_a_log_inside_the_checkout_stops_the_server_before_it_starts() -> None:
    with pytest.raises(UserError, match="outside every checkout"):
        traffic_environment(logging_to(str(CHECKOUT / "traffic")), "ticket-router", "3")


class Registered:
    """Says which version is champion, in turn; MLflow is away where it is None."""

    uri, name = "", MODEL

    def __init__(self, *champions: str | None) -> None:
        self.champions = list(champions)

    def aliases(self) -> dict[str, str]:
        now = self.champions.pop(0)
        if now is None:
            raise UnavailableError("away")
        return {CHAMPION: now}


@pytest.mark.case("RG-2")
@pytest.mark.case("S5")
def test_who_serves_follows_the_champion_but_not_to_files_that_were_changed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def check(_registry: object, number: str) -> None:
        if number == "2":
            raise IntegrityError("head.safetensors was changed")

    monkeypatch.setattr(serve, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(serve, "_check", check)
    with subprocess.Popen(["sleep", "60"]) as server:
        found: Any = Registered("1", None, "2", "2", "3")
        assert serve.follow(server, found, "1") == "3"
        server.terminate()
    assert capsys.readouterr().err.count("head.safetensors was changed") == 1
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
        assert serve.follow(ended, found, "1") == ""


@pytest.mark.slow
def test_a_served_champion_logs_what_it_answers(checkout: Path, tiny_base: Path, tmp_path: Path) -> None:
    train_toy(checkout, tiny_base, seed=1)
    registry = Registry(default_uri(checkout), MODEL)
    registry.client.set_registered_model_alias(MODEL, CHAMPION, track(root=checkout, model=MODEL).version)
    use_settings(checkout, {"traffic.uri": str(tmp_path / "log")})
    environment = {**os.environ, **OFFLINE, "PYTHONPATH": str(CHECKOUT), "MLFLOW_TRACKING_URI": default_uri(checkout)}
    command = [sys.executable, "-m", "retune.cli.main", "serve", "--port", "5988"]
    server = subprocess.Popen(command, env=environment, cwd=checkout, start_new_session=True)
    try:
        wait_until_answers(server, "http://127.0.0.1:5988/ping", 180)
        body = json.dumps({"inputs": ["the printer of jo@example.org", "the badge"]}).encode()
        asked = Request("http://127.0.0.1:5988/invocations", body, {"Content-Type": "application/json"})
        with urlopen(asked) as reply:  # noqa: S310 - loopback
            rows = json.loads(reply.read())["predictions"]
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=60)
    now = datetime.now(UTC)
    log = read(str(tmp_path / "log"), MODEL, now - timedelta(days=1), now + timedelta(days=1)).set_index("request_id")
    assert len(log) == 2
    assert [log.loc[row["request_id"], "text"] for row in rows] == ["the printer of [EMAIL_1]", "the badge"]
    assert set(log["version"]) == {"1"}
    assert set(log["prediction"]) == {row["prediction"] for row in rows}
