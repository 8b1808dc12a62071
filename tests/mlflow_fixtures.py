"""A real MLflow in SQLite for every test that asks: migrated once per session (5 to 18 s), then copied.

And a checkout after its stages ran, with a tiny base model: see tests/toy_checkout.py.
"""

import shutil
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an empty MLflow database that no test writes to."""
    from retune.io.mlflow_store import SQLITE, connect

    database = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    connect(f"{SQLITE}{database}")
    return database


@pytest.fixture
def mlflow_uri(migrated_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the address of a test's own empty MLflow, its files beside it."""
    from retune.io.mlflow_store import SQLITE

    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    folder = tmp_path / "mlflow"
    folder.mkdir()
    shutil.copyfile(migrated_database, folder / "mlflow.db")
    return f"{SQLITE}{folder / 'mlflow.db'}"


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a BERT of two layers."""
    from tests.toy_checkout import make_base

    return make_base(tmp_path_factory.mktemp("base") / "tiny-bert")


@pytest.fixture
def checkout(tmp_path: Path, tiny_base: Path, mlflow_uri: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the root of a checkout whose corpus and split are there, with its own MLflow; nothing is trained yet."""
    from tests.toy_checkout import make_checkout

    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow_uri)
    monkeypatch.setenv("RETUNE_STATE", str(tmp_path / "state"))
    return make_checkout(tmp_path / "checkout", tiny_base)


@pytest.fixture
def reload_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare reloaded models in this process: a fresh one costs ten seconds, and one test of it is enough."""
    from retune.core.errors import IntegrityError
    from retune.io import logged_model
    from retune.modeling.reload import compared

    def check(folder: Path) -> dict[str, Any]:
        result = compared(folder)
        if not result["is_equal"]:
            raise IntegrityError(str(result))
        return result

    monkeypatch.setattr(logged_model, "check_reload", check)
