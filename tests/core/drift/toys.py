"""Rows as a profile holds them, drawn from topics: a topic is a place among the vectors, words and a label."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from retune.core.hashing import sha256_text
from retune.core.params.monitor import MonitorParams

TOPICS = {
    "vpn": "tunnel gateway login",
    "printer": "toner paper tray",
    "badge": "door gate card",
    "invoice": "due sum tax",
}
NEW = {"crane": "hook load winch"}
WIDTH = 6
LABELS_RIGHT = 0.9


def params(**changes: Any) -> MonitorParams:
    """Return settings small enough for a test."""
    watch = dict.fromkeys(
        ("confidence", "department", "embedding", "labels", "language", "length", "predictions", "quality", "topics",
         "vocabulary"), 0.05,
    )  # fmt: skip
    given = {
        "seed": 1, "alpha": 0.01, "minimum_rows": 30, "window_rows": 300, "window_days": 90, "near_duplicate": 0.9,
        "topics": 5, "words": 40, "permutations": 1199, "watch": watch,
        "trigger": {"windows": 2, "of": 5, "cooldown_hours": 24, "runs_per_day": 1},
    }  # fmt: skip
    return MonitorParams.model_validate({**given, **changes})


def rows(
    count: int, seed: int, *, new_share: float = 0.0, right: float = LABELS_RIGHT, side: str = "test"
) -> pd.DataFrame:
    """Return so many rows of the known topics, a share of them of a new one instead."""
    rng = np.random.default_rng(seed)
    names = sorted(TOPICS)
    known = {**TOPICS, **NEW}
    places = {name: np.random.default_rng(place).normal(size=WIDTH) for place, name in enumerate(known)}
    drawn = ["crane" if rng.random() < new_share else str(rng.choice(names)) for _ in range(count)]
    words = [_words(name, known[name].split(), rng, f"{seed}-{place}") for place, name in enumerate(drawn)]
    is_right = rng.random(count) < right
    return pd.DataFrame(
        {
            "document_id": [f"d{seed}-{place}" for place in range(count)],
            "text_sha256": [sha256_text(text) for text in words],
            "side": side,
            "label": drawn,
            "language": rng.choice(["en", "de"], count, p=[0.9, 0.1]),
            "department": rng.choice(["it", "finance"], count),
            "characters": rng.integers(40, 400, count),
            "words": words,
            "prediction": [name if hit else "vpn" for name, hit in zip(drawn, is_right, strict=True)],
            "confidence": rng.beta(8, 2, count),
            "correct": is_right.astype("float64"),
            "vector": [places[name] + rng.normal(scale=0.5, size=WIDTH) for name in drawn],
        }
    )


def _words(topic: str, words: list[str], rng: np.random.Generator, own: str) -> str:
    """Return the distinct words of one text: some of its topic, some that anyone uses, and one of its own."""
    common = rng.choice(["please", "again", "since", "monday", "help", "office", "cannot", "still"], 4, replace=False)
    return " ".join(sorted({topic, *rng.choice(words, 2, replace=False), *common, f"x{own}"}))
