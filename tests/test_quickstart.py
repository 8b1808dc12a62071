"""The README's commands, as a reader would type them, on a fresh copy; and the whole of it without a network."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.checkout import checkout
from retune.io.files import read_json

ROOT = Path(__file__).parent.parent
OF_OUR_SHELL = ("PYTHONPATH", "VIRTUAL_ENV", "RETUNE_STATE", "MLFLOW_TRACKING_URI", "PREFECT_API_URL", "PREFECT_HOME")


@pytest.fixture
def copy() -> Iterator[Path]:
    with checkout() as root:
        yield root


def commands() -> list[str]:
    """Return the commands of the README's first block, without what is said of them."""
    block = re.search(r"```bash\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    return [line.partition("#")[0].strip() for line in block[1].splitlines()]


def test_ci_runs_the_test_command_of_the_readme() -> None:
    assert commands() == ["make pipeline", "make test"]
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.case("OP-5")
def test_the_first_command_of_the_readme_leads_from_a_fresh_copy_to_a_champion(copy: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in OF_OUR_SHELL}
    command = commands()[0].split()
    ended = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
    assert "ticket-router: version 1 was promoted; the champion is version 1" in ended.stdout
    scores = read_json(copy / "artifacts" / "models" / "ticket-router" / "evaluate" / "metrics.json")
    assert scores["model"]["macro_f1"]["value"] >= 0.90
    assert scores["floors"]["tfidf"]["macro_f1"]["value"] <= 0.80


@pytest.mark.slow
@pytest.mark.case("OP-4")
def test_the_whole_example_runs_without_a_network(copy: Path) -> None:
    alone = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    if shutil.which("unshare") is None or subprocess.run([*alone, "true"], check=False, capture_output=True).returncode:
        pytest.skip("NOT RUN: no network namespace can be made here")
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    command = [*alone, sys.executable, "-m", "retune.cli.main", "run"]
    ended = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
    assert "the champion is version 1" in ended.stdout
