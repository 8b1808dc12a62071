"""How a registered version answers: its own weights over a base that is found on the machine and held to its hashes."""

from __future__ import annotations

import hashlib
import importlib.util
import os
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
    return predictor.load(Path(model), BaseIdentity.from_dict(base))


def answer(predictor: Predictor, model_input: pd.DataFrame) -> pd.DataFrame:
    """Return prediction and confidence for each text of the input, and the request id where the answers are logged."""
    texts = texts_of(model_input)
    answers = predictor.predict(texts)
    setting = os.environ.get(ENVIRONMENT)
    if not setting:
        return answers
    log = parts.find("retune.io", "served")  # by its name: modeling and io do not import each other
    return answers.assign(request_id=log.record(setting, texts, answers))


def texts_of(model_input: pd.DataFrame) -> list[str]:
    """Return the texts of an input; a frame whose text is not in `text` raises UserError."""
    columns = [str(name) for name in model_input.columns]
    if "text" not in columns and columns != ["0"]:  # what MLflow makes of a list
        todo = 'Put `text` first, or send a list: {"inputs": ["..."]}.'
        raise UserError(expected="a column `text`, or a list of texts", found=f"columns {columns}", todo=todo)
    column = columns.index("text") if "text" in columns else 0
    return [str(text) for text in model_input.iloc[:, column]]


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
