"""Ways to let one tuned encoder answer many short texts; each is timed from the texts to the labels, one thread."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

Answer = Callable[[list[str]], list[str]]


def ours(model: Path, _hub: Path, *, bfloat16: bool) -> Answer:
    """Return what the pipeline's own predictor answers."""
    from retune.modeling import machine, predictor

    loaded = predictor.load(model)

    def answer(texts: list[str]) -> list[str]:
        with machine.autocast(bfloat16):
            return list(loaded.predict(texts)["prediction"])

    return answer


def pipeline(_model: Path, hub: Path, *, batch_size: int) -> Answer:
    """Return what transformers' pipeline answers to a model of the same size."""
    from transformers import pipeline as make

    classify: Any = make("text-classification", model=str(hub), device="cpu")
    return lambda texts: [row["label"] for row in classify(texts, batch_size=batch_size, truncation=True)]


def trainer(_model: Path, hub: Path) -> Answer:
    """Return what transformers' Trainer predicts, padded batch by batch."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, Trainer, TrainingArguments

    tokenizer = AutoTokenizer.from_pretrained(hub)
    network = AutoModelForSequenceClassification.from_pretrained(hub)
    arguments = TrainingArguments(str(hub), per_device_eval_batch_size=64, use_cpu=True, report_to="none",
                                  disable_tqdm=True)  # fmt: skip
    runner = Trainer(model=network, args=arguments, processing_class=tokenizer)

    def answer(texts: list[str]) -> list[str]:
        encoded: Any = tokenizer(texts, truncation=True, max_length=128)
        rows = [{name: values[place] for name, values in encoded.items()} for place in range(len(texts))]
        predicted: Any = runner.predict(rows).predictions  # type: ignore[arg-type] # a list of rows is a dataset
        return [str(place) for place in predicted.argmax(-1)]

    return answer


CONTENDERS: dict[str, Callable[[Path, Path], Answer]] = {
    "retune, bfloat16": lambda model, hub: ours(model, hub, bfloat16=True),
    "retune, float32": lambda model, hub: ours(model, hub, bfloat16=False),
    "pipeline()": lambda model, hub: pipeline(model, hub, batch_size=1),
    "pipeline(batch_size=64)": lambda model, hub: pipeline(model, hub, batch_size=64),
    "Trainer.predict": trainer,
}


def main(name: str, texts: Path, model: Path, hub: Path, out: Path) -> None:
    """Answer the texts once to warm up a little, then in earnest, and write seconds and answers."""
    torch.set_num_threads(1)
    asked = json.loads(texts.read_text(encoding="utf-8"))
    answer = CONTENDERS[name](model, hub)
    answer(asked[:8])
    started, used = time.monotonic(), time.process_time()
    answers = answer(asked)
    seconds, processor = time.monotonic() - started, time.process_time() - used
    out.write_text(json.dumps({"seconds": seconds, "processor_seconds": processor, "answers": answers}))


if __name__ == "__main__":
    main(sys.argv[1], *map(Path, sys.argv[2:]))
