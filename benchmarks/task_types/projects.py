"""A real set as a project: its documents in a folder, and a model of its task type in params.yaml."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from string import ascii_lowercase
from typing import Any

from benchmarks import checkout
from benchmarks.task_types.sets import SETS, Record
from retune.core import parts
from retune.core.gating import gates

RULES: dict[str, dict[str, Any]] = {
    "text_too_short": {"minimum_characters": 2},
    "text_too_long": {"maximum_characters": 400_000},
    "rare_label": {"minimum_examples": 5},
    "unknown_label": {"declared": []},
    "unprepared": {"minimum_examples": 100},
}
LIMITS: dict[str, dict[str, Any]] = {  # of gates that are not here: a warning from a tenth of the examples on
    "row_count": {"level": "block", "minimum": 50},
    "malformed_label": {"level": "block", "maximum": 0.05},
    "missing_label": {"level": "block", "maximum": 0.05},
    "class_balance": {"level": "block", "maximum": 0.95},
}


def project(name: str, root: Path, *, rows: int = 0) -> str:
    """Make a fresh checkout in `root` a project on a real set, and return the name of its model.

    `root` is what `benchmarks.checkout.checkout` yields. The model is tuned from the bundled MiniLM; one that writes is
    of the family llama, and the caller gives its base as `resolve.base`. `rows` takes so many records, evenly from all;
    0 takes all. Nothing is run.
    """
    model = name.replace("_", "-")
    documents = root.parent / "documents"
    write(name, documents, rows=rows)
    checkout.use_documents(root, documents)
    checkout.rename_model(root, model)
    checkout.use_settings(root, {**corpus([name]), **settings(name, f"models.{model}")})
    return model


def write(name: str, folder: Path, *, rows: int = 0) -> int:
    """Write the records of a set as documents into a folder, and return how many there are."""
    one = SETS[name]
    found = list(one.records())
    chosen = found[:: max(len(found) // rows, 1)][:rows] if rows else found
    if one.text:
        _write_rows(folder / name / "rows.jsonl", chosen)
    for number, record in enumerate([] if one.text else chosen):
        _write_page(folder / name / f"{number:05}.md", record["page"])
    return len(chosen)


def settings(name: str, model: str) -> dict[str, Any]:
    """Return the settings in which a model of a set differs from the template's, by dotted name."""
    one = SETS[name]
    task_type = parts.find("retune.modeling.task_types", one.task_type)
    applied = gates("examples", parts.find("retune.core.targets", task_type.TARGET).GATES)
    primary = parts.find("retune.core.metrics", task_type.PRIMARY)
    options = {**({"tables": [name]} if one.text else {}), **one.columns}
    changes: dict[str, Any] = {
        "task_type": one.task_type,
        "examples.builder": one.builder,
        "examples.options": options,
        "examples.side_column": one.side_column,
        "examples.rules": {name: rules for name, rules in RULES.items() if name in applied},
        "gate.limits": {name: LIMITS.get(name, {"level": "warn", "maximum": 0.1}) for name in applied},
        "split.strategy": "column" if one.side_column else "hash",
        "train.select_by": task_type.PRIMARY if task_type.HEAD != "text" else "loss",
        "train.task_settings": one.task_settings,
        "release.thresholds": {task_type.PRIMARY: 0.01 if primary.BEST > primary.WORST else 1e6},
        "release.floors": list(task_type.FLOORS),
    }
    if task_type.HEAD == "text":
        changes |= {"family": "llama", "train.max_length": 512}
    return {f"{model}.{key}": value for key, value in changes.items()}


def corpus(names: Sequence[str]) -> dict[str, Any]:
    """Return the settings of the documents of some sets: any language, and short rows may pass."""
    tables = [
        {"name": name, "match": f"{name}/*", "id": "", "text": list(SETS[name].text), "title": "", "date": ""}
        for name in names
        if SETS[name].text
    ]
    return {
        "corpus.ingest.parsing.tables": tables,
        "corpus.validate.rules.text_too_short.minimum_characters": 2,
        "corpus.validate.rules.language.allowed": ["und", *map("".join, product(ascii_lowercase, repeat=2))],
    }


def _write_page(path: Path, text: str) -> None:
    """Write one page."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _write_rows(path: Path, records: list[Record]) -> None:
    """Write records as JSON Lines."""
    path.parent.mkdir(parents=True)
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
