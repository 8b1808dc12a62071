"""`retune run` as a whole, in a checkout of its own: repeated, killed while it trains, refused, and without MLflow."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from retune.core.errors import EXIT_FAILURE, EXIT_GATE, EXIT_SUCCESS
from tests.bad_days.killing import digests, outs_of
from tests.bad_days.ordered import make_given, ordered_checkout
from tests.processes import at_work_in
from tests.stages import CORPUS, MODEL, ROUTER

pytestmark = pytest.mark.slow
COMMAND = [sys.executable, "-m", "retune.cli.main", "run"]
OF_THE_USER = ("RETUNE_STATE", "MLFLOW_TRACKING_URI", "PREFECT_API_URL", "PREFECT_HOME")
NOBODY_LISTENS = "http://127.0.0.1:9"
KNOWN = {
    "runs": "select count(*) from runs",
    "open": "select count(*) from runs where status = 'RUNNING'",
    "failed": "select count(*) from runs where status = 'FAILED'",
    "versions": "select count(*) from model_versions",
    "champions": "select count(*) from registered_model_aliases where alias = 'champion'",
}


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_given(tmp_path_factory.mktemp("given"))


@pytest.fixture
def fresh(given: Path) -> Iterator[Path]:
    with ordered_checkout(given) as root:
        yield root


@pytest.fixture(scope="module")
def undisturbed(given: Path) -> Iterator[Path]:
    with ordered_checkout(given) as root:
        assert run(root).returncode == EXIT_SUCCESS
        yield root


def environment(root: Path, **more: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in OF_THE_USER}
    return inherited | {"PYTHONPATH": str(root)} | more


def run(root: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the pipeline to its end; what it said stands in the report of a test that fails."""
    ended = subprocess.run(
        COMMAND, cwd=root, env=environment(root, **more), check=False, capture_output=True, text=True
    )
    print(ended.stdout[-4000:], ended.stderr[-4000:])
    assert "Traceback" not in ended.stderr
    return ended


def kill_while_it_trains(root: Path) -> None:
    """Start the pipeline, and kill its process group as soon as the training has kept a checkpoint."""
    process = subprocess.Popen(
        COMMAND,
        cwd=root,
        env=environment(root),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while not list((root / ".retune" / "cache" / "train").glob("*/checkpoints/*/manifest.json")):
        assert process.poll() is None, "the pipeline ended before it trained"
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def published(root: Path) -> dict[str, str]:
    """Return the sha256 of every file that the stages publish."""
    outs = [root / out for stage in (*CORPUS, *ROUTER) for out in outs_of(stage)]
    return {name.removeprefix(f"{root}/"): sha256 for name, sha256 in digests(outs).items()}


def standing(root: Path) -> dict[str, tuple[bytes, int]]:
    """Return bytes and time of change of every output, of dvc.lock, and of what MLflow keeps as files."""
    folders = [root / "artifacts", root / "mlartifacts"]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in [*files, root / "dvc.lock"]}


def known(root: Path) -> dict[str, int]:
    """Return how many runs, versions and champions MLflow's database holds."""
    with sqlite3.connect(root / "mlflow.db") as database:
        return {name: database.execute(query).fetchone()[0] for name, query in KNOWN.items()}


@pytest.mark.case("K11", "SC-3")
def test_the_second_and_the_third_run_say_that_nothing_changed_and_write_nothing(undisturbed: Path) -> None:
    files, rows = standing(undisturbed), known(undisturbed)
    assert (rows["versions"], rows["champions"], rows["open"], rows["failed"]) == (1, 1, 0, 0)
    for _ in range(2):
        again = run(undisturbed)
        assert again.returncode == EXIT_SUCCESS
        assert "Nothing changed: every stage is up to date" in again.stdout
        assert standing(undisturbed) == files
        assert known(undisturbed) == rows


@pytest.mark.case("K2", "TR-4")
def test_a_run_killed_while_it_trains_ends_like_an_undisturbed_one(fresh: Path, undisturbed: Path) -> None:
    kill_while_it_trains(fresh)
    assert not psutil.wait_procs(at_work_in(fresh), timeout=10)[1]
    assert not (fresh / "artifacts" / "models" / MODEL / "train" / "model").exists()
    assert run(fresh).returncode == EXIT_SUCCESS
    assert published(fresh) == published(undisturbed)
    rows = known(fresh)
    assert (rows["versions"], rows["champions"], rows["open"]) == (1, 1, 0)


def test_an_mlflow_that_does_not_answer_is_said_before_anything_starts(fresh: Path) -> None:
    ended = run(fresh, MLFLOW_TRACKING_URI=NOBODY_LISTENS)
    assert ended.returncode == EXIT_FAILURE
    assert f"MLflow at {NOBODY_LISTENS}" in ended.stderr
    assert "start the server or correct MLFLOW_TRACKING_URI" in ended.stderr
    assert not (fresh / "artifacts" / "corpus").exists()
    assert not (fresh / ".prefect").exists()


def test_an_mlflow_that_does_not_answer_takes_nothing_from_what_is_there(undisturbed: Path) -> None:
    files, rows = standing(undisturbed), known(undisturbed)
    ended = run(undisturbed, MLFLOW_TRACKING_URI=NOBODY_LISTENS)
    assert ended.returncode == EXIT_FAILURE
    assert f"MLflow at {NOBODY_LISTENS}" in ended.stderr
    assert standing(undisturbed) == files
    assert known(undisturbed) == rows


@pytest.mark.case("OP-3")
def test_a_gate_that_says_no_ends_the_run_with_3_and_its_reason(given: Path) -> None:
    with ordered_checkout(given, {"corpus.gate.limits.row_count.minimum": 5000}) as root:
        ended = run(root)
        assert ended.returncode == EXIT_GATE
        assert "gate stopped the run" in ended.stdout
        assert "row_count" in ended.stdout
        assert "a gate said no (exit code 3)" in ended.stdout
        assert (root / "artifacts" / "corpus" / "gate" / "report.html").exists()
        assert not (root / "artifacts" / "models" / MODEL / "train").exists()
        rows = known(root)
        assert (rows["failed"], rows["open"], rows["versions"]) == (1, 0, 0)
