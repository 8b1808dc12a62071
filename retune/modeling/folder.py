"""A model folder: what was learned, as safetensors, and a page that names the base, which is not in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from retune.core.errors import UnavailableError, UserError
from retune.modeling.bases import BaseIdentity

FORMAT = 2
PAGE, REFERENCE = "retune_model.json", "reference.json"


@contextmanager
def writing(place: Path, *errors: type[Exception]) -> Iterator[None]:
    """Turn what safetensors, and libraries with errors of their own, raise on a full disk into UnavailableError."""
    from safetensors import SafetensorError

    refusals: tuple[type[Exception], ...] = (SafetensorError, *errors)
    try:
        yield
    except refusals as error:
        raise UnavailableError(
            f"{place} could not be written ({error}). Free some space on this disk, or raise the limit on file sizes "
            "(ulimit -f), then run again: training goes on from the last whole checkpoint."
        ) from error


@dataclass(frozen=True)
class Page:
    """What is to be known before a model is loaded."""

    task_type: str
    family: str
    method: str
    base: BaseIdentity
    max_length: int
    task_settings: dict[str, Any]  # of the task type, as it was trained
    head: dict[str, Any]  # what the head wrote of itself, such as its labels

    def write(self, folder: Path) -> None:
        """Write the page into a model folder."""
        write_json(folder / PAGE, {"format": FORMAT, **self.__dict__, "base": self.base.as_dict()})


def read_page(folder: Path) -> Page:
    """Return the page of a model folder; raises UserError for a folder that is none, or of another format."""
    path = folder / PAGE
    value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if value.pop("format", None) != FORMAT:
        found = "another format" if value else "none"
        raise UserError(
            expected=f"a model's {PAGE} in {folder}", found=found, todo="Train the model with this version."
        )
    return Page(**{**value, "base": BaseIdentity.from_dict(value["base"])})


def write_linear(path: Path, weight: np.ndarray[Any, Any], bias: np.ndarray[Any, Any]) -> None:
    """Write a linear layer, weight [classes, width] and bias [classes]."""
    from safetensors.numpy import save_file

    save_file(
        {"weight": np.ascontiguousarray(weight, np.float32), "bias": np.ascontiguousarray(bias, np.float32)}, path
    )


def read_linear(path: Path) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return weight and bias that `write_linear` wrote."""
    from safetensors.numpy import load_file

    tensors = load_file(path)
    return tensors["weight"], tensors["bias"]


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON with sorted keys: the same value is the same bytes."""
    path.write_text(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
