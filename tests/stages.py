"""The commands of dvc.yaml, run in a folder of a test by themselves: the same steps and paths, without DVC."""

from __future__ import annotations

import shlex
from pathlib import Path

import yaml

from retune.io import behaviour, tombstones
from retune.io.answers import ensure, path_of
from tasks.__main__ import main
from tests.conftest import CHECKOUT

MODEL = "ticket-router"
CORPUS = ("ingest", "redact", "deduplicate", "validate", "gate")
ROUTER = ("examples", "gate_examples", "split", "train", "rehearse", "evaluate", "profile")
PARTS = ("task_type", "family", "method")


def make_root(root: Path, documents: Path) -> Path:
    """Make a folder in which the stages can run: our settings and code, and a copy of nothing but the documents."""
    root.mkdir(parents=True)
    (root / "params.yaml").write_bytes((CHECKOUT / "params.yaml").read_bytes())
    for code in ("retune", "tasks"):
        (root / code).symlink_to(CHECKOUT / code)
    (root / "data").symlink_to(documents)
    ensure(path_of(root, MODEL))
    behaviour.ensure(root, MODEL)
    tombstones.ensure(root)
    return root


def words_of(stage: str) -> list[str]:
    """Return what follows `python -m tasks` in a stage's command, for the one model of the template."""
    declared = yaml.safe_load((CHECKOUT / "dvc.yaml").read_text(encoding="utf-8"))["stages"][stage]
    model = yaml.safe_load((CHECKOUT / "params.yaml").read_text(encoding="utf-8"))["models"][MODEL]
    chosen = {"key": MODEL, "item.examples.builder": model["examples"]["builder"]}
    chosen |= {f"item.{name}": model[name] for name in PARTS}
    command = declared["do"]["cmd"] if "foreach" in declared else declared["cmd"]
    for name, value in chosen.items():
        command = command.replace("${" + name + "}", value)
    return shlex.split(command)[3:]


def run_here(stage: str) -> int:
    """Run a stage in this process and folder, and return its exit code."""
    return main(words_of(stage))
