"""GOV.UK developer documents: every file accounted for, and a classifier of their section by their front matter."""

from __future__ import annotations

import tarfile
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import checkout
from benchmarks.machine import shared_data
from benchmarks.page import scores, table, took
from retune.io.files import read_frame

MODEL = "section-finder"
SNAPSHOT = "organisations/govuk-developer-docs/snapshot-2026-08-21.tar.gz"


def measure() -> dict[str, Any]:
    """Run the pipeline on the snapshot and return where every file went and how well sections are told apart."""
    with tempfile.TemporaryDirectory() as folder, checkout.checkout() as root:
        documents = Path(folder) / "documents"
        with tarfile.open(shared_data() / SNAPSHOT) as archive:
            archive.extractall(documents, filter="data")
        checkout.use_documents(root, documents)
        checkout.rename_model(root, MODEL)
        checkout.use_settings(root, settings())
        ran = checkout.run(root, "run")
        files = read_frame(root / "artifacts" / "corpus" / "ingest" / "files.parquet")
        accounted = {"files": len(files), **files["status"].value_counts().to_dict()}
        reasons = files.loc[files["reason"] != "", "reason"].value_counts().to_dict()
        return {
            **ran,
            "accounted": accounted,
            "quarantined_because": reasons,
            "stages": checkout.stage_seconds(root),
            **(checkout.metrics(root, MODEL) if ran["exit_code"] in (0, 3) else {}),
        }


def settings() -> dict[str, Any]:
    """Return the settings in which this project differs from the template."""
    return {
        "corpus.ingest.parsing.tables": [],
        "corpus.gate.limits.text_too_short": {"level": "warn", "maximum": 0.2},
        f"models.{MODEL}.examples.builder": "metadata",
        f"models.{MODEL}.examples.options": {"key": "section", "kinds": ["document"]},
        f"models.{MODEL}.examples.rules.rare_label.minimum_examples": 8,
        f"models.{MODEL}.gate.limits.rare_label": {"level": "warn", "maximum": 0.6},
        f"models.{MODEL}.gate.limits.missing_label": {"level": "warn", "maximum": 0.5},
        f"models.{MODEL}.gate.limits.row_count": {"level": "block", "minimum": 50},
    }


def tell(measured: dict[str, Any]) -> list[str]:
    """Return the result as markdown."""
    return [
        *table(["files", "number"], [[name, number] for name, number in measured["accounted"].items()]),
        "",
        f"Quarantined because: {measured['quarantined_because'] or 'none'}. {took(measured)}",
        "",
        *scores(measured),
    ]
