"""transformers' Trainer at its best flags: dynamic padding, grouped by length, bf16, a schedule as long as the time."""

from __future__ import annotations

import tempfile
import time
from typing import Any, cast

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, Trainer, TrainerCallback, TrainingArguments

from benchmarks.peers.common import Answer, Contest, Labels, Texts, contend, weights

BATCH, WARM_UP, MOST_STEPS = 32, 0.1, 100_000


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
        self.until = until

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:  # noqa: ARG002 - so named there
        if time.monotonic() > self.until:
            control.should_training_stop = True


class TimedTrainer(Trainer):
    """A Trainer whose learning rate warms up and falls with the clock: no estimate of its pace can waste its time."""

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:  # noqa: ARG002 - so named there
        started, until = (
            time.monotonic(),
            next(one.until for one in self.callback_handler.callbacks if isinstance(one, StopInTime)),
        )

        def factor(_step: int) -> float:
            share = min((time.monotonic() - started) / max(until - started, 1e-9), 1.0)
            return share / WARM_UP if share < WARM_UP else (1 - share) / (1 - WARM_UP)

        self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(
            cast("torch.optim.Optimizer", optimizer or self.optimizer), factor
        )
        self._created_lr_scheduler = True
        return self.lr_scheduler


def train(texts: Texts, labels: Labels, contest: Contest) -> Answer:
    """Train as many steps as fit."""
    until = time.monotonic() + contest.budget
    tokenizer = AutoTokenizer.from_pretrained(weights())
    encoded = tokenizer(texts, truncation=True, max_length=128)
    torch.manual_seed(17)
    model = AutoModelForSequenceClassification.from_pretrained(weights(), num_labels=max(labels) + 1)
    arguments = TrainingArguments(
        tempfile.mkdtemp(), max_steps=MOST_STEPS, per_device_train_batch_size=BATCH,
        learning_rate=contest.learning_rate, bf16=True, use_cpu=True, train_sampling_strategy="group_by_length",
        save_strategy="no", logging_strategy="no", disable_tqdm=True, report_to="none", seed=17,
        dataloader_num_workers=0,
    )  # fmt: skip
    trainer = TimedTrainer(
        model=model, args=arguments, train_dataset=Rows(encoded, labels), processing_class=tokenizer,
        callbacks=[StopInTime(until)],
    )  # fmt: skip
    trainer.train()

    def answer(asked: Texts) -> list[int]:
        trainer.args.train_sampling_strategy = "random"  # or the rows to predict would be grouped by length too
        predicted: Any = trainer.predict(Rows(tokenizer(asked, truncation=True, max_length=128), None)).predictions
        return [int(label) for label in predicted.argmax(-1)]

    return answer


if __name__ == "__main__":
    torch.set_num_threads(1)
    contend(train)
