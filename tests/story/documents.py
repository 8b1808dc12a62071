"""Real messages to a bank as a support export that grows: BANKING77, sixteen intents that are easily mixed up."""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

MODEL = "ticket-router"
QUEUES = (
    "card_payment_fee_charged",
    "cash_withdrawal_charge",
    "extra_charge_on_statement",
    "transfer_fee_charged",
    "card_payment_wrong_exchange_rate",
    "wrong_exchange_rate_for_cash_withdrawal",
    "pending_card_payment",
    "card_payment_not_recognised",
    "pending_transfer",
    "transfer_not_received_by_recipient",
    "failed_transfer",
    "declined_transfer",
    "transfer_timing",
    "card_arrival",
    "card_delivery_estimate",
    "get_physical_card",
)


def messages(shared: Path) -> list[dict[str, str]]:
    """Return the messages of these queues, each with an id."""
    with gzip.open(shared / "data" / "intent" / "banking77.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    chosen = [row for row in rows if row["label"] in QUEUES]
    return [{"id": f"B-{place:05}", "text": row["text"], "queue": row["label"]} for place, row in enumerate(chosen)]


def of_each(rows: list[dict[str, str]], most: int) -> list[dict[str, str]]:
    """Return the first messages of each queue."""
    seen: Counter[str] = Counter()
    kept = []
    for row in rows:
        seen[row["queue"]] += 1
        if seen[row["queue"]] <= most:
            kept.append(row)
    return kept


def export(path: Path, rows: list[dict[str, str]]) -> None:
    """Write messages as the table that a support system exports."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["message_id", "message", "queue"])
        writer.writerows([row["id"], row["text"], row["queue"]] for row in rows)


def settings() -> dict[str, Any]:
    """Return the settings by which a training of a thousand messages takes half a minute."""
    table = {"name": "messages", "match": "support/*", "id": "message_id", "text": ["message"], "title": "", "date": ""}
    model = f"models.{MODEL}"
    return {
        "corpus.ingest.parsing.tables": [table],
        "corpus.validate.rules.text_too_short.minimum_characters": 5,
        "corpus.gate.limits.language": {"level": "warn", "maximum": 0.5},
        f"{model}.examples.options": {"tables": ["messages"], "label_column": "queue"},
        f"{model}.examples.rules.text_too_short.minimum_characters": 5,
        f"{model}.train.epochs": 3,
        f"{model}.train.evaluations_per_epoch": 1,
        f"{model}.release.thresholds": {"accuracy": 0.3, "macro_f1": 0.3},
        f"{model}.release.floors": ["tfidf"],
    }
