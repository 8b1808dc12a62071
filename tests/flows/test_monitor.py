"""The flow `monitor` on a toy checkout: what it runs, what it asks for, whom it tells; its step is a stand-in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from benchmarks.checkout import use_settings
from retune.core.drift.trigger import Measured, Monitored
from retune.io.dvc import Stage
from tests.toy_checkout import MODEL

SECRET = "ghp_" + "a1B2" * 9


@pytest.fixture
def heard() -> Iterator[tuple[str, list[str]]]:
    """Return the address of a webhook on this machine, and what it was told."""
    said: list[str] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Stay silent."""

    server = HTTPServer(("127.0.0.1", 0), Hook)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", said
    server.shutdown()


def drifted(why: str = "topics moved") -> Monitored:
    window = Measured("documents", "drift", why, 80, "run", "http://127.0.0.1:5000/run")
    return Monitored(MODEL, "7", (window,), retrain=True, why="2 of the last 5 windows", asked_by="run")


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """Let the step find drift; returns what was recorded and sent, in order."""
    done: list[tuple[str, Any]] = []
    monkeypatch.setattr("flows.monitor.monitor_step", lambda **_: drifted(f"topics moved, see {SECRET}"))
    monkeypatch.setattr("flows.monitor.mark_triggered", lambda **given: done.append(("recorded", given["run_id"])))
    monkeypatch.setattr("flows.monitor.emit_event", lambda event, **given: done.append((event, given)))
    return done


def hook(address: str, name: str) -> None:
    from prefect.blocks.notifications import CustomWebhookNotificationBlock

    json_data = {"subject": "{{subject}}", "body": "{{body}}"}
    block = CustomWebhookNotificationBlock(name="ops", url=address, json_data=json_data, headers=None, cookies=None)
    block.save(name, overwrite=True)


def test_it_brings_examples_up_to_date_and_trains_nothing() -> None:
    from flows.monitor import up_to_examples
    from flows.plan import Plan

    def stage(name: str) -> Stage:
        return Stage(name, "", (), ())

    names = ["ingest", "gate", "examples@a", "gate_examples@a", "split@a", "train@a", "examples@b", "split@b"]
    stages = tuple(stage(name) for name in names)
    models: Any = {"a": None, "b": None}
    plan = Plan(
        project=models, models=models, stages=stages, changed=frozenset({"examples@a", "train@a"}), unsettled=()
    )
    watched_plan = up_to_examples(plan)
    assert [one.name for one in watched_plan.stages] == [
        "ingest",
        "gate",
        "examples@a",
        "gate_examples@a",
        "examples@b",
    ]
    assert watched_plan.changed == {"examples@a"}


@pytest.mark.slow
def test_drift_is_recorded_before_a_training_is_asked_for_and_told_once_without_secrets(
    prefect_server: Any, toy: Path, watched: list[tuple[str, Any]], heard: tuple[str, list[str]]
) -> None:
    from flows.forms import Monitor
    from flows.monitor import start

    address, said = heard
    hook(address, "ops")
    use_settings(toy, {"notify.blocks": ["custom-webhook/ops"], "notify.allow_private_addresses": True})
    for _ in range(2):
        (found,) = start(Monitor())
    assert found.retrain
    assert [what for what, _ in watched] == ["recorded", "retune.drift"] * 2
    request = watched[1][1]["payload"]["request"]
    assert (request["models"], request["cause"]) == ([MODEL], "drift")
    assert not (toy / "artifacts" / "models" / MODEL / "train").exists()
    (once,) = said
    assert json.loads(once)["subject"] == f"{MODEL}: drift in documents since version 7"
    assert SECRET not in once
    assert "topics moved" in once


@pytest.mark.slow
@pytest.mark.case("OP-2")
def test_a_webhook_into_the_own_network_is_not_called_and_stops_nothing(
    prefect_server: Any, toy: Path, watched: list[tuple[str, Any]], heard: tuple[str, list[str]], capsys: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    from flows.forms import Monitor
    from flows.monitor import start

    monkeypatch.setenv("RETUNE_CONSOLE", "1")
    address, said = heard
    hook(address, "ops")
    use_settings(toy, {"notify.blocks": ["custom-webhook/ops", "slack-webhook/nobody"]})
    (found,) = start(Monitor())
    assert found.retrain
    assert said == []
    console = capsys.readouterr().out
    assert "custom-webhook/ops was not told" in console
    assert "slack-webhook/nobody was not told" in console
    assert address not in console
