"""Whether scores are of what lies here now: the settings and files that dvc.lock recorded, beside those of today."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from retune.io.files import md5_file
from retune.io.lockfile import data_hash, hashes
from retune.io.place import Place
from retune.io.settings import read_yaml

ASIDE = ("profile", "rehearse")  # stages that no score depends on
DOCUMENTS, MODEL = "data", "train/model"
FILES = (".parquet", ".json", DOCUMENTS, MODEL)  # code is not asked for: another comment changes no score


def outdated(place: Place) -> tuple[str, ...]:
    """Return which settings and files are not any more those that the scores were measured from."""
    place.entry("evaluate")  # raises UserError where nothing was evaluated
    settings, stages = read_yaml(place.root / "params.yaml"), read_yaml(place.root / "dvc.lock")["stages"]
    trained = hashes(stages[f"train@{place.name}"].get("outs", []))
    older: set[str] = set()
    for entry in _entries(stages, place.name):
        sections = entry.get("params", {}).get("params.yaml", {})
        older |= {name for name, value in sections.items() if _plain(value) != _plain(_at(settings, name))}
        read = {path: value for path, value in hashes(entry.get("deps", [])).items() if path.endswith(FILES)}
        older |= {path for path, value in read.items() if value != _now(place.root, path, trained)}
    return tuple(sorted(older))


def _entries(stages: dict[str, Any], model: str) -> Iterator[dict[str, Any]]:
    """Return what dvc.lock records of the corpus and of the model, but for stages that no score depends on."""
    for name, entry in stages.items():
        step, _, of = name.partition("@")
        if of in ("", model) and step not in ASIDE:
            yield entry


def _now(root: Path, path: str, trained: dict[str, str]) -> str:
    """Return the hash by which DVC knows what lies at a path now, empty where nothing does."""
    if path == DOCUMENTS:
        return data_hash(root)
    if path.endswith(MODEL):
        return trained.get(path, "")
    return md5_file(root / path) if (root / path).is_file() else ""


def _at(settings: Any, section: str) -> Any:
    """Return the settings of a section such as `models.x.train`, None where there is none."""
    for key in section.split("."):
        settings = settings.get(key) if isinstance(settings, dict) else None
    return settings


def _plain(value: Any) -> Any:
    """Return settings with numbers as numbers: DVC reads 1e-4 as one, PyYAML as a text."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, bool) or value is None:
        return value
    try:
        return float(value)
    except ValueError:
        return value
