"""Answering the test rows of BANKING77 with a tuned MiniLM: this project beside transformers' own ways, one core."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.machine import shared_data
from benchmarks.page import table
from benchmarks.peers import answers, ours
from benchmarks.peers.common import Contest, rows, weights

ROUNDS = 3
ROWS = 1000
OURS, PEER = "retune, bfloat16", "pipeline()"


def measure() -> dict[str, Any]:
    """Return processor seconds of each way in several rounds, one after the other, and how our two answers differ."""
    contest = Contest("intent/banking77.jsonl.gz", 2000, 30, 1e-4, tuning=False)
    texts, labels, asked, _ = rows(shared_data(), contest)
    asked = asked[:ROWS]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        ours.fitted(texts, labels, contest, folder / "model")
        _as_the_hub_has_it(folder / "hub", len(set(labels)))
        (folder / "texts.json").write_text(json.dumps(asked), encoding="utf-8")
        found: dict[str, list[dict[str, Any]]] = {name: [] for name in answers.CONTENDERS}
        for _ in range(ROUNDS):
            for name, kept in found.items():
                kept.append(_run(name, folder))
    seconds = {name: [row["processor_seconds"] for row in kept] for name, kept in found.items()}
    pairs = zip(seconds[PEER], seconds[OURS], strict=True)
    ways = [found[name][0]["answers"] for name in (OURS, "retune, float32")]
    return {
        "rows": len(asked),
        "processor_seconds": seconds,
        "times_faster_than_pipeline": [round(peer / own, 2) for peer, own in pairs],
        "answers_that_bfloat16_turns": sum(first != second for first, second in zip(*ways, strict=True)),
    }


def _as_the_hub_has_it(folder: Path, classes: int) -> None:
    """Write MiniLM with a classifier of as many classes: its answers are random, its time is not."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    AutoModelForSequenceClassification.from_pretrained(weights(), num_labels=classes).save_pretrained(folder)
    AutoTokenizer.from_pretrained(weights()).save_pretrained(folder)


def _run(name: str, folder: Path) -> dict[str, Any]:
    """Run one contender in a process of its own."""
    out = folder / "out.json"
    root = Path(__file__).parent.parent
    environment = {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    file = str(root / "benchmarks" / "peers" / "answers.py")
    paths = [str(folder / one) for one in ("texts.json", "model", "hub")]
    subprocess.run([sys.executable, file, name, *paths, str(out)], check=True, env=environment, capture_output=True)
    row: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    print(f"    {name:24} {row['processor_seconds']:.1f} s of processor, {row['seconds']:.1f} s", flush=True)
    return row


def tell(measured: dict[str, Any]) -> list[str]:
    """Return the result as markdown."""
    lines = [
        [name, f"{statistics.median(seconds):.1f}", f"{measured['rows'] / statistics.median(seconds):.0f}"]
        for name, seconds in measured["processor_seconds"].items()
    ]
    times = ", ".join(str(one) for one in measured["times_faster_than_pipeline"])
    turned = f"bfloat16 turns {measured['answers_that_bfloat16_turns']} of {measured['rows']} answers"
    head = ["way", "processor seconds (median)", "rows per second"]
    return [*table(head, lines), "", f"In each round {times} times as fast as `pipeline()`; {turned}."]
