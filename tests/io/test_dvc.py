"""DVC is run as a child that no kill of its parent leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from retune.io import dvc
from tests.conftest import CHECKOUT
from tests.processes import at_work_in

STAGE = """
stages:
  slow:
    cmd: echo begun > begun; sleep 300
    outs: [begun]
"""
RUN = "from pathlib import Path; from retune.io import dvc; dvc.run(Path.cwd(), ['repro'], print)"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    dvc.run(tmp_path, ["init", "--no-scm", "--quiet"], print)
    (tmp_path / "dvc.yaml").write_text(STAGE)
    return tmp_path


def test_what_dvc_started_ends_with_a_parent_that_is_killed(repository: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", RUN], cwd=repository, env={**os.environ, "PYTHONPATH": str(CHECKOUT)}
    )
    until = time.monotonic() + 120
    words: set[str] = set()
    while not words >= {"dvc", "sleep"} and time.monotonic() < until:
        time.sleep(0.1)
        started = at_work_in(repository)
        words = {word for one in started for word in command_of(one)}
    assert words >= {"dvc", "sleep"}
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert not psutil.wait_procs(started, timeout=10)[1]
    assert not at_work_in(repository)


def command_of(process: psutil.Process) -> list[str]:
    """Return the words of a process's command, none where it has ended meanwhile."""
    try:
        return list(process.cmdline())
    except psutil.NoSuchProcess:
        return []


def test_the_exit_code_and_the_lines_are_those_of_dvc(repository: Path) -> None:
    (repository / "dvc.yaml").write_text("stages:\n  broken:\n    cmd: echo all is lost; exit 7\n")
    said: list[str] = []
    code, lines = dvc.run(repository, ["repro"], said.append)
    assert code == 255
    assert said == lines
    assert "all is lost" in said
    assert not psutil.wait_procs(at_work_in(repository), timeout=10)[1]
