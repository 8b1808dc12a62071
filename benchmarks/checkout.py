"""A fresh checkout of this project on other documents and settings, as a user would make one."""

from __future__ import annotations

import copy
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from retune.io.files import read_json

ROOT = Path(__file__).parent.parent


@contextmanager
def checkout() -> Iterator[Path]:
    """Yield a copy of the files that git tracks, in a temporary folder of its own."""
    with tempfile.TemporaryDirectory(prefix="retune-benchmark-") as folder:
        root = Path(folder) / "retune"
        listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split(
            "\n"
        )
        for name in filter(None, listed):
            if (ROOT / name).is_file():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, root / name)
        yield root


def use_documents(root: Path, documents: Path) -> None:
    """Make a folder the documents' source, by the command that the README names."""
    command = [sys.executable, "-m", "dvc", "import-url", "--force", "--quiet", str(documents), "data"]
    (root / ".dvc" / "config.local").write_text("[core]\n    no_scm = true\n")
    subprocess.run(command, cwd=root, check=True)


def use_settings(root: Path, changes: dict[str, Any]) -> None:
    """Change settings by their dotted names; a mapping replaces what stood there."""
    params = yaml.safe_load((root / "params.yaml").read_text())
    for name, value in changes.items():
        *path, last = name.split(".")
        place = params
        for key in path:
            place = place[key]
        place[last] = copy.deepcopy(value)
    (root / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))


def rename_model(root: Path, name: str) -> None:
    """Give the template's one model another name."""
    params = yaml.safe_load((root / "params.yaml").read_text())
    (settings,) = params["models"].values()
    params["models"] = {name: settings}
    (root / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))


def run(root: Path, *arguments: str) -> dict[str, Any]:
    """Run `retune` in a checkout; return its exit code, wall and CPU seconds, and the last lines it printed."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    environment = {**os.environ, "PYTHONPATH": str(root)}
    ended = subprocess.run(
        [sys.executable, "-m", "retune.cli.main", *arguments],
        check=False,
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(ended.stdout[-6000:], ended.stderr[-2000:], flush=True)
    return {
        "exit_code": ended.returncode,
        "wall_seconds": round(time.monotonic() - started, 1),
        "cpu_seconds": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
    }


def stage_seconds(root: Path) -> dict[str, float]:
    """Return the wall seconds of each stage in the last run."""
    return {row["stage"]: row["seconds"] for row in read_json(root / ".retune" / "last_run.json")["stages"]}


def metrics(root: Path, model: str) -> dict[str, Any]:
    """Return what was measured on a model's test rows."""
    measured: dict[str, Any] = read_json(root / "artifacts" / "models" / model / "evaluate" / "metrics.json")
    return {key: measured[key] for key in ("test_rows", "model", "floors", "against", "tuning") if key in measured}
