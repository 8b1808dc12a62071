"""The file of behaviour tests that a user writes for a model: `behaviour/<model>.yaml`."""

from __future__ import annotations

from pathlib import Path

from retune.core.params.behaviour import Behaviour
from retune.io.files import write_text
from retune.io.settings import checked, read_yaml

FOLDER = "behaviour"
NO_TESTS = "# How the model is to behave: docs/evaluate.md\ntests: []\n"


def path_of(root: Path, model: str) -> Path:
    """Return where the tests of a model stand."""
    return root / FOLDER / f"{model}.yaml"


def read(path: Path) -> Behaviour:
    """Return the tests in a file; everything that is wrong with it is said in one UserError."""
    return checked(read_yaml(path), Behaviour, file=f"{FOLDER}/{path.name}", page="docs/evaluate.md")


def ensure(root: Path, model: str) -> None:
    """Make the file of a model for which nobody wrote any test, and check one that somebody wrote."""
    path = path_of(root, model)
    if not path.exists():
        write_text(path, NO_TESTS)
    read(path)
