"""How a registered version answers: its own weights over a base that is found on the machine and held to its hashes."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from retune.core import parts
from retune.core.errors import IntegrityError, UserError
from retune.core.params.traffic import ENVIRONMENT
from retune.modeling.bases import BaseIdentity

if TYPE_CHECKING:
    from retune.modeling.predictor import Predictor

CODE = "retune.modeling.pyfunc"


def load(model: str | Path, base: dict[str, Any], *, code: str | None = None) -> Predictor:
    """Return the predictor of a model folder over its base; IntegrityError if code, weights or base are others."""
    from retune.modeling import predictor

    if code is not None:
        refuse_other_code(Path(code))
    found: Predictor = predictor.load(Path(model), BaseIdentity.from_dict(base))
    return found


def answer(predictor: Predictor, model_input: pd.DataFrame) -> pd.DataFrame:
    """Return prediction and confidence for each row of the input, and the request id where the answers are logged."""
    texts, contexts = rows_of(model_input, predictor.task_type.COLUMNS)
    answers = predictor.predict(texts, contexts)
    setting = os.environ.get(ENVIRONMENT)
    if not setting:
        return answers
    log = parts.find("retune.io", "served")  # by its name: modeling and io do not import each other
    return answers.assign(request_id=log.record(setting, texts, contexts, answers))


def rows_of(model_input: pd.DataFrame, columns: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return texts and contexts of an input; contexts are empty for a task type that has no column `context`.

    A frame without the task type's columns raises UserError.
    """
    given = [str(name) for name in model_input.columns]
    if given == ["0"] and list(columns) == ["text"]:  # what MLflow makes of a list
        return [str(text) for text in model_input.iloc[:, 0]], [""] * len(model_input)
    if set(columns) - set(given):
        wanted = " and ".join(f"`{name}`" for name in columns)
        todo = f"Send {wanted}" + (', or a list: {"inputs": ["..."]}.' if len(columns) == 1 else ".")
        raise UserError(expected=f"the columns {wanted}", found=f"columns {given}", todo=todo)
    texts = [str(value) for value in model_input.iloc[:, given.index("text")]]
    if "context" not in columns:
        return texts, [""] * len(texts)
    return texts, [str(value) for value in model_input.iloc[:, given.index("context")]]


def refuse_other_code(file: Path) -> None:
    """Raise IntegrityError when a version's code file is not the installed one."""
    spec = importlib.util.find_spec(CODE)
    installed = Path(spec.origin) if spec and spec.origin else None
    if installed is None or sha256(file) != sha256(installed):
        raise IntegrityError(
            f"{file} is not the code of the installed package retune: install the version that registered the model"
        )


def sha256(file: Path) -> str:
    """Return the hex SHA-256 of a file's bytes."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
