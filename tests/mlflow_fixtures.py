"""A real MLflow in SQLite for every test that asks: migrated once per session (5 to 18 s), then copied."""

import shutil
from pathlib import Path

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
