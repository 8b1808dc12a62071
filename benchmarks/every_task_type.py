"""Every task type through the whole pipeline, by several families and methods, on real rows: score, floor, seconds.

All models stand in one params.yaml over one corpus, as an organisation would have them. The real weights here are the
bundled MiniLM and a Llama of 260,032 parameters; the other architectures are built small with random weights, so their
scores say only that the way is whole.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from benchmarks import checkout
from benchmarks.machine import shared_data
from benchmarks.page import table, took
from benchmarks.task_types import projects
from benchmarks.task_types.sets import SETS
from retune.io.files import read_json
from tests.modeling.tiny import tiny

MINILM, LLAMA = "bundled:minilm", "models/stories260k-hf"
LORA = {"rank": 16, "alpha": 32, "dropout": 0.0, "target": "all_linear"}
SETTINGS: dict[str, dict[str, Any]] = {
    "lora": LORA,
    "dora": LORA,
    "rslora": LORA,
    "full": {"freeze_embeddings": True, "freeze_layers": 0},
    "head": {},
}
RATES = {"lora": 5e-4, "dora": 5e-4, "rslora": 3e-4, "full": 1e-4, "head": 1e-3}
TEMPLATE = "ticket-router"


@dataclass(frozen=True)
class Model:
    """One model of the project: its set, its parts, its base, and what differs from the template."""

    data: str
    family: str
    method: str
    base: str = MINILM
    changes: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Return the name by which it is registered."""
        return f"{self.data}-{self.family}-{self.method}".replace("_", "-")


SHORT = {"train.epochs": 3, "train.patience": 3}
LONG = {**SHORT, "train.max_length": 256, "train.batch_size": 8, "train.learning_rate": 3e-4}
RAW = {"train.epochs": 2, "train.learning_rate": 1e-3}
WRITING = {**RAW, "train.task_settings.truncated_share": 0.95}
TINY = {**WRITING, "train.max_length": 320}  # what the small architectures have positions for
MODELS = (
    Model("polarity", "encoder", "lora", changes=SHORT),
    Model("wikigold_types", "encoder", "lora", changes=SHORT),
    Model("wikigold", "encoder", "full", changes=SHORT),
    Model("xquad", "encoder", "full", changes=LONG),
    Model("mts_dialog", "llama", "full", LLAMA, WRITING),
    Model("ntrex", "t5", "full", "t5", TINY),
    Model("gsm8k", "gpt2", "lora", "gpt2", TINY),
    Model("seed_tasks", "alpaca", "lora", LLAMA, WRITING),
    Model("consultations", "vicuna", "lora", LLAMA, WRITING),
    Model("handbook", "llama", "full", LLAMA, RAW),
    Model("mts_dialog", "bart", "full", "bart", TINY),
    *(Model("banking77", "encoder", method, changes=SHORT) for method in SETTINGS),
    Model("banking77", "llama", "lora", LLAMA, SHORT),
    Model("banking77", "albert", "lora", "albert", SHORT),
)
ROWS = {"banking77": 800, "polarity": 500, "wikigold_types": 400, "wikigold": 600, "xquad": 200, "gsm8k": 300,
        "ntrex": 300, "mts_dialog": 300, "consultations": 200, "handbook": 50}  # fmt: skip


def measure() -> dict[str, Any]:
    """Run the pipeline once for all models, and return what each scored, beside its floors."""
    with tempfile.TemporaryDirectory() as folder, checkout.checkout() as root:
        documents = Path(folder) / "documents"
        sets = sorted({model.data for model in MODELS})
        for name in sets:
            projects.write(name, documents, rows=ROWS.get(name, 0))
        checkout.use_documents(root, documents)
        _declare(root, sets, Path(folder) / "bases")
        ran = checkout.run(root, "run")
        seconds = checkout.stage_seconds(root)
        return {**ran, "models": [_found(root, model, seconds) for model in MODELS]}


def _declare(root: Path, sets: list[str], bases: Path) -> None:
    """Write all models into params.yaml, each from the template's section."""
    params = yaml.safe_load((root / "params.yaml").read_text())
    template = params["models"][TEMPLATE]
    params["models"] = {model.name: template for model in MODELS}
    (root / "params.yaml").write_text(yaml.dump(params, sort_keys=False, Dumper=_Whole))
    changes: dict[str, Any] = dict(projects.corpus(sets))
    for model in MODELS:
        own = {
            "family": model.family,
            "method": model.method,
            "resolve.base": _base(model.base, bases),
            "train.method_settings": SETTINGS[model.method],
            "train.learning_rate": RATES[model.method],
            **model.changes,
        }
        at = f"models.{model.name}"
        changes |= projects.settings(model.data, at) | {f"{at}.{name}": value for name, value in own.items()}
    checkout.use_settings(root, changes)


class _Whole(yaml.SafeDumper):
    """Writes equal sections out, each for itself."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - so named there
        return True


def _base(name: str, folder: Path) -> str:
    """Return a base as params.yaml names it; an architecture alone is built."""
    if name == MINILM:
        return name
    if name == LLAMA:
        return str(shared_data() / LLAMA)
    return str(tiny(name, folder / name))


def _found(root: Path, model: Model, seconds: dict[str, float]) -> dict[str, Any]:
    """Return what a model scored by its task type's first metric, beside its floors, and the seconds it took."""
    row = {"data": model.data, "task_type": SETS[model.data].task_type, "family": model.family,
           "method": model.method, "base": Path(model.base).name}  # fmt: skip
    path = root / "artifacts" / "models" / model.name / "evaluate" / "metrics.json"
    if not path.exists():
        return {**row, "not_reached": True}
    found = read_json(path)
    metric = found["primary"]
    return {
        **row,
        "metric": metric,
        "test_rows": found["test_rows"],
        "score": found["model"][metric],
        "floors": {name: scores[metric]["value"] for name, scores in found["floors"].items() if metric in scores},
        "seconds": {name: seconds.get(f"{name}@{model.name}") for name in ("train", "evaluate")},
    }


def tell(measured: dict[str, Any]) -> list[str]:
    """Return the result as markdown."""
    head = ["task type", "family", "method", "rows of", "base", "metric", "score (95 %)", "best floor", "train, s"]
    stopped = measured.get("stopped_after_seconds")
    ended = f"The run was stopped after {stopped:.0f} s: what it had not reached is to be measured." if stopped else ""
    return [*table(head, [_line(row) for row in measured["models"]]), "", ended or took(measured)]


def _line(row: dict[str, Any]) -> list[str]:
    """Return one model's line."""
    parts = [row["task_type"], row["family"], row["method"], row["data"], row["base"]]
    if row.get("not_reached"):
        return [*parts, "not reached", "", "", ""]
    score, floors = row["score"], row["floors"]
    best = max(floors, key=lambda name: floors[name], default="")
    shown = f"{score['value']:.3f} ({score['low']:.3f} to {score['high']:.3f}), n = {row['test_rows']}"
    floor = f"{best} {floors[best]:.3f}" if best else "none"
    return [*parts, row["metric"], shown, floor, f"{row['seconds']['train'] or 0:.0f}"]
