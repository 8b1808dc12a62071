"""BANKING77 as a support export: 77 queues, its own test split, through the whole pipeline."""

from __future__ import annotations

import csv
import gzip
import json
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks import checkout
from benchmarks.machine import shared_data
from benchmarks.page import scores, table, took
from retune.io.files import read_frame

MODEL = "banking-router"
STEPS = ("examples", "split")
VALIDATION_EVERY = 10  # each tenth row of the training side validates


def measure() -> dict[str, Any]:
    """Run the pipeline on the export and return its scores beside the floors, and what the split dropped."""
    with tempfile.TemporaryDirectory() as folder, checkout.checkout() as root:
        documents = Path(folder) / "documents"
        export(documents / "support" / "messages.csv")
        checkout.use_documents(root, documents)
        checkout.rename_model(root, MODEL)
        checkout.use_settings(root, settings())
        ran = checkout.run(root, "run")
        rejected = [read_frame(root / "artifacts" / "models" / MODEL / step / "rejected.parquet") for step in STEPS]
        dropped = pd.concat(rejected)["reason"].value_counts().to_dict()
        return {**ran, "stages": checkout.stage_seconds(root), "dropped": dropped, **checkout.metrics(root, MODEL)}


def export(path: Path) -> None:
    """Write the set as a table of messages with its split."""
    path.parent.mkdir(parents=True)
    with gzip.open(shared_data() / "intent" / "banking77.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["message_id", "message", "queue", "side"])
        for number, row in enumerate(rows):
            training = "validation" if number % VALIDATION_EVERY == 0 else "train"
            side = "test" if row["split"] == "test" else training
            writer.writerow([f"B-{number:05}", row["text"], row["label"], side])


def settings() -> dict[str, Any]:
    """Return the settings in which this project differs from the template."""
    table = {"name": "messages", "match": "support/*", "id": "message_id", "text": ["message"], "title": "", "date": ""}
    options = {"tables": ["messages"], "label_column": "queue"}
    return {
        "corpus.ingest.parsing.tables": [table],
        "corpus.validate.rules.text_too_short.minimum_characters": 5,
        "corpus.validate.rules.language.allowed": ["en", "und"],
        "corpus.gate.limits.language": {"level": "warn", "maximum": 0.2},
        f"models.{MODEL}.examples.options": options,
        f"models.{MODEL}.examples.with_title": False,
        f"models.{MODEL}.examples.side_column": "side",
        f"models.{MODEL}.examples.rules.text_too_short.minimum_characters": 5,
        f"models.{MODEL}.split.strategy": "column",
        f"models.{MODEL}.method": "full",
        f"models.{MODEL}.train.method_settings": {"freeze_embeddings": True, "freeze_layers": 0},
        f"models.{MODEL}.train.learning_rate": 1e-4,
        f"models.{MODEL}.train.epochs": 6,
        f"models.{MODEL}.train.batch_size": 32,
        f"models.{MODEL}.train.patience": 6,
        f"models.{MODEL}.train.tuned_shares": [0.5, 1.0],
        f"models.{MODEL}.train.probe_strengths": [1.0, 3.0],
    }


def tell(measured: dict[str, Any]) -> list[str]:
    """Return the result as markdown."""
    dropped = measured["dropped"]
    return [
        *scores(measured),
        "",
        took(measured),
        "",
        *table(["dropped", "rows"], [[reason, rows] for reason, rows in dropped.items()]),
    ]
