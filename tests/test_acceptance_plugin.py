"""The report of acceptance cases, and what `make test-all` asks of tests on real data."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

TOYS = """
import pytest

@pytest.mark.case("XX-1")
def test_passes(record_property):
    record_property("n_run", 250)

@pytest.mark.case("XX-1", "XX-2")
def test_fails():
    assert False

def test_without_a_case():
    pass

@pytest.mark.shared
@pytest.mark.case("XX-3")
def test_skips_on_real_data():
    pytest.skip("no")
"""


def run_toys(folder: Path, *options: str) -> str:
    (folder / "test_toys.py").write_text(TOYS, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n    case(name)\n    shared\n", encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "xdist",
        "-p",
        "tests.conftest",
        "-c",
        str(folder / "pytest.ini"),
        *options,
    ]
    alone = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(
        [*command, str(folder)], cwd=ROOT, env=alone, capture_output=True, text=True, check=False
    ).stdout


def test_the_report_tells_by_case_what_ran_how_often_and_how_it_ended(tmp_path: Path) -> None:
    path = tmp_path / "cases.json"
    run_toys(tmp_path, "--acceptance", str(path), "-n", "1")
    cases = json.loads(path.read_text(encoding="utf-8"))
    outcomes = {
        case: sorted((test["outcome"], test["n_run"]) for test in tests.values()) for case, tests in cases.items()
    }
    assert outcomes == {"XX-1": [("failed", 1), ("passed", 250)], "XX-2": [("failed", 1)], "XX-3": [("skipped", 1)]}


def test_skipping_real_data_that_is_there_fails_where_it_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RETUNE_SHARED", str(tmp_path))
    assert "1 failed, 2 passed, 1 skipped" in run_toys(tmp_path, "--no-shared-skip")
    (tmp_path / "data").mkdir()
    assert "2 failed, 2 passed" in run_toys(tmp_path, "--no-shared-skip")
