"""A fingerprint depends on the packages that a training can reach, and on no other."""

from __future__ import annotations

import ast
from importlib.metadata import packages_distributions
from pathlib import Path

from retune.core.packages import TRAINING, reached
from retune.modeling.keys import PACKAGES
from tests import reach
from tests.conftest import CHECKOUT

TOY = """# made by hand
numpy==2.4.0 \\
    --hash=sha256:aa \\
    --hash=sha256:bb
    # via
    #   retune (pyproject.toml)
    #   torch
pytest==9.0.1 \\
    --hash=sha256:cc
    # via retune (pyproject.toml:dev)
torch==2.13.0 ; sys_platform == 'linux' \\
    --hash=sha256:dd
    # via retune (pyproject.toml)
torch==2.12.0 ; sys_platform != 'linux' \\
    --hash=sha256:ee
    # via retune (pyproject.toml)
sympy==1.14.0 \\
    --hash=sha256:ff
    # via torch
mpmath==1.3.0 \\
    --hash=sha256:00
    # via sympy
"""
LOCK = (CHECKOUT / "requirements.lock").read_text(encoding="utf-8")


def imported_by_training() -> set[str]:
    """Return the distributions that files which the stage train can reach import."""
    found = reach.reachable(CHECKOUT / "tasks" / "train.py")
    for kind in ("task_types", "families", "methods"):
        found.add(CHECKOUT / "retune" / "modeling" / kind)
    files = [file for path in found for file in (path.glob("*.py") if path.is_dir() else [path])]
    known = packages_distributions()
    return {name.lower().replace("_", "-") for file in files for top in tops(file) for name in known.get(top, [])}


def tops(file: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    given = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    return {name.partition(".")[0] for name in plain | given}


def test_what_a_root_needs_is_reached_on_every_platform_and_nothing_else() -> None:
    assert reached(TOY, ["torch"]) == [
        "mpmath==1.3.0",
        "numpy==2.4.0",
        "sympy==1.14.0",
        "torch==2.12.0 ; sys_platform != 'linux'",
        "torch==2.13.0 ; sys_platform == 'linux'",
    ]


def test_another_hash_or_another_tool_of_ours_is_the_same_training() -> None:
    other = TOY.replace("sha256:dd", "sha256:11").replace("pytest==9.0.1", "pytest==9.1.0")
    assert reached(other, ["torch"]) == reached(TOY, ["torch"])
    assert reached(TOY.replace("mpmath==1.3.0", "mpmath==1.4.0"), ["torch"]) != reached(TOY, ["torch"])


def test_all_that_training_imports_is_a_root() -> None:
    assert imported_by_training() - {"retune"} <= set(TRAINING)


def test_the_lock_of_this_project_separates_what_training_reaches_from_what_it_does_not() -> None:
    names = {pin.partition("==")[0] for pin in reached(LOCK)}
    assert {*TRAINING, *PACKAGES, "sympy", "regex"} <= names
    assert not names & {"ruff", "mypy", "pytest", "hypothesis", "uv", "dvc", "mlflow", "prefect", "great-expectations"}
