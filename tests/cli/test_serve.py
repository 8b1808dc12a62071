"""What a server is told of the traffic log."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from retune.cli.serve import traffic_environment
from retune.core.errors import UserError
from retune.core.params.traffic import ENVIRONMENT
from retune.project import Project, read_project
from tests.conftest import CHECKOUT


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
