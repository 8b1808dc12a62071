"""What is tried again, what a person reads, and what needs no server to be known."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass

import httpx
import pytest

from flows.steps import answering, may_pass
from retune.core.errors import GateError, RetuneError, UnavailableError, UserError
from retune.core.run_report import ModelRow, RunReport, StageRow
from retune.io.dvc import StageFailedError


@dataclass
class Failed:
    """A failed state, as far as the question goes."""

    error: BaseException

    def result(self, *, raise_on_failure: bool) -> BaseException:
        assert not raise_on_failure
        return self.error


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (UnavailableError("MLflow is away"), True),
        (StageFailedError("train", ["ERROR: failed to reproduce 'train': failed to run: x, exited with -9"]), True),
        (StageFailedError("train", ["failed to run: x, exited with 137"]), True),
        (StageFailedError("train", ["failed to run: x, exited with 1"]), False),
        (StageFailedError("train", ["failed to run: x, exited with 13"]), False),
        (StageFailedError("train", ["failed to run: x, exited with 255"]), False),
        (GateError("gate", ["toxic"]), False),
        (UserError(expected="a", found="b", todo="c"), False),
        (RetuneError("broken"), False),
        (TypeError("nobody expected this"), False),
    ],
)
def test_only_a_server_that_was_away_and_a_killed_process_are_tried_again(error: BaseException, again: bool) -> None:
    assert may_pass(None, None, Failed(error)) is again


def test_a_prefect_that_went_away_is_one_line_that_says_what_to_do() -> None:
    with pytest.raises(UnavailableError, match="run the same command again") as caught, answering():
        raise httpx.ConnectError("All connection attempts failed")
    assert "\n" not in str(caught.value)


def test_where_a_person_stopped_the_run_nothing_else_is_said_to_be_wrong() -> None:
    error = httpx.ConnectError("the embedded server got the same signal")
    error.__context__ = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt), answering():
        raise error


def test_what_is_to_be_done_is_known_without_prefect() -> None:
    code = "import sys, flows.plan, flows.environment; sys.exit('prefect' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_artifact_has_a_key_that_prefect_takes() -> None:
    from flows.artifacts import key

    for text in ("stage-train@ticket-router", "MLflow run", "gate_examples@a", "Ärger & Co."):
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", key(text))


def test_the_summary_says_what_stopped_the_run_and_who_is_champion() -> None:
    from flows.artifacts import markdown

    report = RunReport(stages=[StageRow("gate", "refused")])
    report.models.append(ModelRow("router", "2", "1", promoted=False, reasons=("not better than the champion",)))
    report.fail("gate", GateError("gate", ["toxic: 9 of 9 rows"]))
    text = markdown(report)
    for said in ("exit code 3", "Version 2 was not promoted; the champion is version 1", "toxic: 9 of 9 rows"):
        assert said in text


@pytest.mark.parametrize(
    ("flow", "fields"),
    [("retrain", ["models", "reason", "wait", "cause"]), ("monitor", ["models", "reason", "wait"])],
)
def test_a_person_who_starts_a_flow_fills_in_a_form(flow: str, fields: list[str]) -> None:
    from importlib import import_module

    schema = getattr(import_module(f"flows.{flow}"), flow).parameters.model_dump()
    (form,) = schema["definitions"].values()
    assert list(form["properties"]) == fields
    for field in form["properties"].values():
        assert field["title"]
        assert field["description"].endswith(".")
    assert schema["required"] == []
