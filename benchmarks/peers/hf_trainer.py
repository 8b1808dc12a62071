"""transformers' Trainer at its best flags: dynamic padding, grouped by length, bf16, a schedule as long as the time."""

from __future__ import annotations

import itertools
import statistics
import tempfile
import time
from typing import Any

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, Trainer, TrainerCallback, TrainingArguments

from benchmarks.peers.common import Answer, Labels, Texts, contend, weights

BATCH, LEARNING_RATE, TRIAL_STEPS = 32, 1e-4, 8
GROUPED_GAIN = 1.2  # steps on batches of like length, for each on the random ones of the trial


class Rows(torch.utils.data.Dataset[dict[str, Any]]):
    """Token ids and labels, padded by the Trainer."""

    def __init__(self, encoded: Any, labels: Labels | None) -> None:
        self.encoded, self.labels = encoded, labels

    def __len__(self) -> int:
        return len(self.encoded["input_ids"])

    def __getitem__(self, place: int) -> dict[str, Any]:
        row = {name: values[place] for name, values in self.encoded.items()}
        return row if self.labels is None else {**row, "labels": self.labels[place]}


class StopInTime(TrainerCallback):
    """Ends the training when the time is over."""

    def __init__(self, until: float) -> None:
        self.until, self.ends = until, list[float]()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:  # noqa: ARG002 - so named there
        self.ends.append(time.monotonic())
        if self.ends[-1] > self.until:  # and else leave it: the end of the steps is set there too
            control.should_training_stop = True


def train(texts: Texts, labels: Labels, budget: float) -> Answer:
    """Measure a few steps, then train as many as fit."""
    until = time.monotonic() + budget
    tokenizer = AutoTokenizer.from_pretrained(weights())
    encoded = tokenizer(texts, truncation=True, max_length=128)
    torch.manual_seed(17)
    model = AutoModelForSequenceClassification.from_pretrained(weights(), num_labels=max(labels) + 1)

    clock = StopInTime(until)

    def run(steps: int, sampling: str) -> Trainer:
        arguments = TrainingArguments(
            tempfile.mkdtemp(), max_steps=steps, per_device_train_batch_size=BATCH, learning_rate=LEARNING_RATE,
            warmup_steps=0.1, bf16=True, use_cpu=True, train_sampling_strategy=sampling, save_strategy="no",
            logging_strategy="no", disable_tqdm=True, report_to="none", seed=17, dataloader_num_workers=0,
        )  # fmt: skip
        trainer = Trainer(
            model=model, args=arguments, train_dataset=Rows(encoded, labels), processing_class=tokenizer,
            callbacks=[clock],
        )  # fmt: skip
        trainer.train()
        return trainer

    run(TRIAL_STEPS, "random")  # grouped, the longest batches come first
    each = statistics.median(later - end for end, later in itertools.pairwise(clock.ends))
    trainer = run(max(int(GROUPED_GAIN * (until - time.monotonic()) / each), 1), "group_by_length")

    def answer(asked: Texts) -> list[int]:
        trainer.args.train_sampling_strategy = "random"  # or the rows to predict would be grouped by length too
        predicted: Any = trainer.predict(Rows(tokenizer(asked, truncation=True, max_length=128), None)).predictions
        return [int(label) for label in predicted.argmax(-1)]

    return answer


if __name__ == "__main__":
    torch.set_num_threads(1)
    contend(train)
