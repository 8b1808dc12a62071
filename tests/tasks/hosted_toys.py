"""A checkout whose split came through redaction, and whose one model is to be tuned by a service."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from benchmarks.checkout import use_settings
from retune.core.frames import LINEAGE, ROWS
from retune.io.files import md5_file, read_frame, write_frame, write_json, write_text
from tests.conftest import CHECKOUT
from tests.io.toy_openai import BASES
from tests.modeling.conftest import toy_rows

MODEL = "ticket-router"
CORPUS, OWN = Path("artifacts/corpus"), Path(f"artifacts/models/{MODEL}")
GATES = ("remaining_pii", "remaining_secret")
VERDICT = CORPUS / "gate" / "verdict.json"
METHOD: dict[str, Any] = {
    "suffix": "router", "epochs": 3, "batch_size": "auto", "learning_rate_multiplier": "auto",
    "system": "Answer with the queue alone.", "answer_tokens": 8, "with_confidence": True, "requests_at_once": 4,
}  # fmt: skip


def make_hosted_checkout(root: Path, url: str, **settings: Any) -> Path:
    """Write settings, splits, verdicts and dvc.lock as the stages leave them; the service at `url` is enabled."""
    root.mkdir(parents=True)
    (root / "params.yaml").write_bytes((CHECKOUT / "params.yaml").read_bytes())
    model, service = f"models.{MODEL}", "hosted.openai"
    chosen = {
        f"{model}.family": "hosted", f"{model}.method": "hosted", f"{model}.train.method_settings": METHOD,
        f"{model}.resolve.base": f"hosted:openai/{BASES[0]}", f"{model}.release.floors": ["untuned", "tfidf"],
        f"{service}.enabled": True, f"{service}.base_url": url, f"{service}.api_key_variable": "TOY_KEY",
        f"{service}.closes_on": None, f"{service}.poll_seconds": 0.01,
    }  # fmt: skip
    use_settings(root, {**chosen, **settings})
    write_splits(root, seed=0)
    checks = [{"gate": gate, "status": "pass", "level": "block", "reason": ""} for gate in GATES]
    write_verdict(root, checks=checks)
    return root


def write_splits(root: Path, *, seed: int) -> None:
    """Write rows to train, validate and test with, no row on two sides."""
    for place, (side, number) in enumerate({"train": 8, "validation": 2, "test": 4}.items()):
        rows = toy_rows(number, seed=100 * seed + place)
        rows["example_id"] = side + rows["example_id"]
        write_frame(root / OWN / "split" / f"{side}.parquet", rows, ROWS)
    write_lineage(root)
    if (root / VERDICT).exists():
        write_lock(root)


def write_lineage(root: Path) -> None:
    """Write which document each row comes from: each from its own."""
    sides = {side: read_frame(root / OWN / "split" / f"{side}.parquet") for side in ("train", "validation", "test")}
    rows = pd.concat([frame[["example_id"]].assign(side=side) for side, frame in sides.items()])
    rows = rows.assign(document_id="d-" + rows["example_id"], slices="{}")
    write_frame(root / OWN / "split" / "lineage.parquet", rows, LINEAGE)


def write_verdict(root: Path, *, checks: list[dict[str, Any]], passed: bool = True) -> None:
    """Write what the gate on documents said, and dvc.lock with it."""
    write_json(root / VERDICT, {"passed": passed, "checks": checks, "reasons": [], "warnings": []})
    write_lock(root)


def write_lock(root: Path) -> None:
    """Write dvc.lock as DVC leaves it after the stages up to the split ran on the files that are there."""
    splits = [OWN / "split" / f"{side}.parquet" for side in ("train", "validation", "test")]
    there = {str(path): md5_file(root / path) for path in [VERDICT, *splits]}
    raw, clean = CORPUS / "ingest" / "documents.parquet", CORPUS / "redact" / "clean.parquet"
    accepted, examples = CORPUS / "validate" / "accepted.parquet", OWN / "examples" / "examples.parquet"
    ways: list[tuple[str, list[Path], list[Path]]] = [
        ("ingest", [Path("data")], [raw]),
        ("redact", [raw], [clean]),
        ("validate", [clean], [accepted]),
        ("gate", [accepted], [VERDICT]),
        (f"examples@{MODEL}", [accepted, VERDICT], [examples]),
        (f"split@{MODEL}", [examples], splits),
    ]
    stages = {
        name: {"cmd": name, "deps": _entries(there, deps), "outs": _entries(there, outs)} for name, deps, outs in ways
    }
    write_text(root / "dvc.lock", yaml.safe_dump({"schema": "2.0", "stages": stages}))


def change_lock(root: Path, stage: str, changes: dict[str, Any] | None) -> None:
    """Change the entry of a stage in dvc.lock, or take it out."""
    lock = yaml.safe_load((root / "dvc.lock").read_text())
    if changes is None:
        del lock["stages"][stage]
    else:
        lock["stages"][stage] |= changes
    write_text(root / "dvc.lock", yaml.safe_dump(lock))


def _entries(there: dict[str, str], paths: list[Path]) -> list[dict[str, str]]:
    return [{"path": str(path), "md5": there.get(str(path), f"{len(str(path)):032}")} for path in paths]
