"""Writes which acceptance cases were tested, by which tests, how often and how long: `pytest --acceptance FILE`.

A test names its case by `@pytest.mark.case("SP-2")`. Where the case asks for a number of trials, the test says how many
it ran by `record_property("n_run", 250)`; a test that says nothing counts as one.
"""

import json
from pathlib import Path
from typing import Any

import pytest

WORST_LAST = ("passed", "skipped", "failed")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names the file."""
    parser.addoption("--acceptance", metavar="FILE", type=Path, help="write cases, tests, outcomes and seconds as JSON")


def pytest_configure(config: pytest.Config) -> None:
    """Collect only where a file is asked for, and only in the process that sees every report."""
    path = config.getoption("--acceptance")
    if path and not hasattr(config, "workerinput"):
        config.pluginmanager.register(AcceptanceReport(path), "acceptance-report")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the case travel with the report, since worker processes send nothing else."""
    for item in items:
        item.user_properties += [("case", name) for mark in item.iter_markers("case") for name in mark.args]


class AcceptanceReport:
    """Gathers reports by case."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tests: dict[str, dict[str, dict[str, Any]]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add one phase of a test: its seconds, and its outcome where that is worse than the phases before."""
        for case in [value for key, value in report.user_properties if key == "case"]:
            start = {"outcome": "passed", "seconds": 0.0, "n_run": 1}
            test = self.tests.setdefault(str(case), {}).setdefault(report.nodeid, start)
            test["seconds"] = round(test["seconds"] + report.duration, 3)
            test["outcome"] = max(test["outcome"], report.outcome, key=WORST_LAST.index)
            test["n_run"] = dict(report.user_properties).get("n_run", 1)

    def pytest_sessionfinish(self) -> None:
        """Write the file, sorted, so that two runs compare line by line."""
        text = json.dumps(self.tests, indent=2, sort_keys=True)
        self.path.write_text(text + "\n", encoding="utf-8")
