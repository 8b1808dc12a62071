"""A version with all the evidence that an evaluation leaves, and one of before most of it was measured."""

from typing import Any

from retune.core.footprint import Step, footprint
from retune.core.params.machine import MachineParams
from retune.core.version_facts import Against, Decided, VersionFacts


def at(value: float, half: float = 0.05, most: float = 1.0) -> dict[str, float]:
    """Return a score with its bounds."""
    return {"value": value, "low": max(value - half, 0.0), "high": min(value + half, most)}


PAIRED = {"rows": 100, "b": 4, "c": 14, "p": 0.03, "gain": 0.1, "gain_low": 0.02, "gain_high": 0.18}
EVALUATED: dict[str, Any] = {
    "test_rows": 100,
    "model": {"accuracy": at(0.9), "macro_f1": at(0.88)},
    "floors": {"probe": {"accuracy": at(0.86)}},
    "against": {"probe": {**PAIRED, "c": 8, "b": 4, "gain": 0.04, "gain_low": -0.03, "p": 0.39}},
    "per_class": {
        "access": {"rows": 60, "recall": at(0.95), "precision": at(0.9), "f1": at(0.92)},
        "pay": {"rows": 40, "recall": at(0.7), "precision": at(0.9), "f1": at(0.8)},
    },
    "confusion": {"labels": ["access", "pay"], "counts": [[57, 3, 0], [11, 28, 1]]},
    "unseen_labels": ["travel"],
    "unseen_rows": 1,
    "tuning": "Tuning does not pay here: accuracy 0.900 against 0.860 of the probe.",
    "precision": "Accuracy 0.900 is known to ±6 points from 100 rows.",
    "smallest_gain": 0.09,
    "test_sha256": "7e57",
    "evaluator_sha256": "eva1",
}
MEASURED: dict[str, Any] = {
    "calibration": {
        "temperature": 0.6,
        "ece": at(0.026, 0.01),
        "ece_before": 0.11,
        "bins": [{"low": 0.8, "high": 1.0, "rows": 90, "confidence": 0.93, "accuracy": 0.94}],
    },
    "slices": {
        "language": {"en": {"rows": 80, "accuracy": at(0.93)}, "de": {"rows": 20, "accuracy": at(0.6)}},
        "department": {"port": {"rows": 100, "accuracy": at(0.9)}},
    },
    "learning_curve": {
        "by": "probe",
        "points": [{"share": 0.5, "rows": 150, "accuracy": at(0.8)}, {"share": 1.0, "rows": 300, "accuracy": at(0.86)}],
        "line": "More examples would help.",
    },
    "behaviour": {
        "tests": [
            {"name": "a typo changes nothing", "kind": "invariance", "asked": 20, "passed": 15, "share": at(0.75),
             "least": 0.9, "failures": [{"example_id": "e07"}]},
            {"name": "what nobody doubts", "kind": "minimum_functionality", "asked": 8, "passed": 8, "share": at(1.0),
             "least": 0.8, "failures": [{"row": 1, "expected": "access", "answer": "pay"}]},
        ]
    },
    "leakage": {"passage_words": 13, "test_rows": 100, "leaked_rows": 2, "examples": ["e01"], "most_copies": 3},
    "membership": {"learnt_rows": 100, "held_out_rows": 100, "by": "loss", "auc": at(0.54),
                   "true_positive_rate": at(0.02)},
    "triggers": {"texts": 5, "tokens": 4, "asked": 20, "changed": 1, "rate": at(0.05),
                 "worst": [{"token": "refund", "label": "pay", "changed": 1}]},
}  # fmt: skip
CHECKS = [
    {"name": "evidence_complete", "status": "pass", "detail": "every score was measured", "blocking": True},
    {"name": "champion_better", "status": "fail", "detail": "p = 0.30, asked below 0.05", "blocking": True},
    {"name": "noise", "status": "not_run", "detail": "no other seeds were asked", "blocking": False},
]
MACHINE = MachineParams(
    free_disk_gb=1, gpu=False, watts=100, price_per_hour=0.1, currency="EUR", grams_co2e_per_kwh=400
)


def decided(outcome: str, **changes: Any) -> Decided:
    """Return a decision on version 2."""
    given = {"before": "1", "after": "2", "who": "kim", "why": "every check passed", "when": "2026-11-22 20:19"}
    return Decided(**{"outcome": outcome, "url": "", "details": {"checks": CHECKS}, **given, **changes})


def facts(**changes: Any) -> VersionFacts:
    """Return version 2 with all evidence, refused."""
    given: dict[str, Any] = {
        "model": "ticket-router",
        "version": "2",
        "as_of": "2026-11-22 21:40",
        "made": "2026-11-22 20:18",
        "fingerprint": "f00d",
        "champion": "1",
        "tags": {"retune.model_sha256": "beef"},
        "metrics": {**EVALUATED, **MEASURED},
        "facts": {"seed": 17, "train_rows": 300, "best_step": 4, "steps": 9,
                  "base": {"id": "bundled:minilm", "revision": "sentence-transformers/all-MiniLM-L6-v2@1110a243",
                           "licence": "apache-2.0", "weights_sha256": "53aa"}},
        "settings": {"task_type": "classification", "family": "encoder", "method": "lora"},
        "counts": [{"step": "ingest", "rows_in": 88, "rows_out": 83, "quarantined": 5, "rejected": 0,
                    "details": {"quarantined_by_reason": {"corrupt": 5}}},
                   {"step": "deduplicate", "rows_in": 887, "rows_out": 887}],
        "gates": {"documents": [{"gate": "toxic", "status": "pass", "value": 0.0, "limit": "at most 1 %",
                                 "reason": "toxic is 0%"}]},
        "datasets": [{"name": "test", "md5": "d41d", "rows": 100}],
        "history": [{"event": "metrics", "step": step, "values": {"train_loss": 1 / step}} for step in (1, 2, 3)],
        "errors": [{"example_id": "e42", "label": "pay", "prediction": "access", "confidence": 0.98}],
        "against": Against("1", {"accuracy": at(0.8)}, PAIRED),
        "decisions": [decided("refused", why="champion_better: p = 0.30")],
        "footprint": footprint([Step("ingest", 1.5), Step("train@ticket-router", 98.5, 0, 41_000)], MACHINE),
        "links": {"run in MLflow": "http://127.0.0.1:5000/#/runs/1"},
    }  # fmt: skip
    return VersionFacts(**{**given, **changes})


def older() -> VersionFacts:
    """Return a version of which only what an evaluation had at first was recorded."""
    return facts(metrics=EVALUATED, counts=(), gates={}, history=(), against=None, footprint={}, decisions=())


GRADED = {"rows": 100, "b": 20, "c": 60, "p": 0.001, "gain": 0.07, "gain_low": 0.04, "gain_high": 0.1,
          "at_least": 0.045, "test": "sign-flip test"}  # fmt: skip
WRITTEN: dict[str, Any] = {
    "test_rows": 100, "target": "text", "primary": "rougeL",
    "model": {"rougeL": at(0.42, 0.04), "perplexity": at(10.0, 1.0, most=99)},
    "floors": {"lead3": {"rougeL": at(0.35, 0.04)}, "untuned": {"rougeL": at(0.2), "perplexity": at(30.0, 2, most=99)}},
    "against": {"lead3": GRADED, "untuned": {**GRADED, "gain": 0.22, "gain_low": 0.18, "gain_high": 0.26}},
    "words": {"answers": {"median": 18.0, "percentile_95": 41.0, "most": 60},
              "references": {"median": 21.0, "percentile_95": 44.0, "most": 71}},
    "empty_predictions": 2,
    "tuning": "Tuning gained over lead-3: rougeL 0.420 against 0.350 of lead-3.",
    "precision": "RougeL 0.420 is known to ±4.0 points from 100 rows; ±2.5 points take 256.",
    "smallest_gain": 0.043, "test_sha256": "7e57", "evaluator_sha256": "eva1",
    "slices": {"department": {"port": {"rows": 60, "rougeL": at(0.5)}, "hr": {"rows": 40, "rougeL": at(0.3)}}},
    "leakage": {"passage_words": 13, "test_rows": 100, "leaked_rows": 0, "examples": [], "most_copies": 1},
    "general_loss": {"before": 3.2, "after": 3.25, "passages": 12},
    "refusals": {"under": at(0.1), "over": at(0.02), "to_refuse": 10, "to_answer": 90},
}  # fmt: skip
FOUND: dict[str, Any] = {
    "test_rows": 100, "target": "entities", "primary": "entity_f1", "model": {"entity_f1": at(0.8)},
    "floors": {"longest_match": {"entity_f1": at(0.5)}},
    "against": {"longest_match": {**GRADED, "gain": 0.3, "gain_low": 0.2, "gain_high": 0.4,
                                  "test": "randomisation test"}},
    "per_class": {
        "PER": {"rows": 60, "predicted": 55, "recall": at(0.9), "precision": at(0.95), "f1": at(0.92)},
        "LOC": {"rows": 40, "predicted": 50, "recall": at(0.7), "precision": at(0.6), "f1": at(0.65)},
    },
    "empty_predictions": 0, "tuning": "Tuning gained over the longest match.", "precision": "Entity f1 0.800.",
    "smallest_gain": 0.06, "test_sha256": "7e57", "evaluator_sha256": "eva1",
    "slices": {"department": {"port": {"rows": 60, "entity_f1": at(0.85)}, "hr": {"rows": 40, "entity_f1": at(0.7)}}},
    "leakage": {"passage_words": 13, "test_rows": 100, "leaked_rows": 0, "examples": [], "most_copies": 1},
}  # fmt: skip


def writing(**changes: Any) -> VersionFacts:
    """Return a version that writes summaries."""
    settings = {"task_type": "summarisation", "family": "t5", "method": "lora"}
    even = {**GRADED, "gain": 0.02, "gain_low": -0.01, "gain_high": 0.05, "p": 0.2}
    before = Against("1", {"rougeL": at(0.4, 0.04)}, even)
    errors = [{"example_id": "e42", "value": -0.0}]
    given = {"metrics": WRITTEN, "settings": settings, "against": before, "errors": errors, "model": "summary-writer"}
    return facts(**{**given, **changes})


def tagging(**changes: Any) -> VersionFacts:
    """Return a version that finds entities."""
    settings = {"task_type": "entity_recognition", "family": "encoder", "method": "full"}
    given = {"metrics": FOUND, "settings": settings, "against": None, "errors": [{"example_id": "e42", "value": 0.0}],
             "model": "name-finder"}  # fmt: skip
    return facts(**{**given, **changes})
