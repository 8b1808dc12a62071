"""SetFit as its documentation uses it, few rows of each class, with as many contrastive steps as fit into the time."""

from __future__ import annotations

import os
import tempfile
import time

import torch
from datasets import Dataset
from setfit import SetFitModel, Trainer, TrainingArguments

from benchmarks.peers.common import Answer, Contest, Labels, Texts, contend, few

BATCH = 16
PER_CLASS = {5: 4, 30: 8, 300: 16}
SECONDS_PER_STEP = 1.2  # one core, 16 pairs of short texts, as measured here
HEAD_SHARE = 0.25


def train(texts: Texts, labels: Labels, contest: Contest) -> Answer:
    """Train the body on pairs for the time that the head leaves, then the head."""
    started = time.monotonic()
    model = SetFitModel.from_pretrained(os.environ["RETUNE_MINILM"])
    chosen = few(labels, PER_CLASS[int(contest.budget)])
    rows = Dataset.from_dict({"text": [texts[place] for place in chosen], "label": [labels[place] for place in chosen]})
    left = contest.budget * (1 - HEAD_SHARE) - (time.monotonic() - started)
    steps = int(left / SECONDS_PER_STEP)
    if steps < 1:
        model.fit(rows["text"], rows["label"], num_epochs=1, show_progress_bar=False)
        return lambda asked: [int(label) for label in model.predict(asked)]
    arguments = TrainingArguments(
        output_dir=tempfile.mkdtemp(), batch_size=BATCH, max_steps=steps, report_to="none", save_strategy="no",
        show_progress_bar=False, seed=17, body_learning_rate=contest.learning_rate,
    )  # fmt: skip
    Trainer(model=model, args=arguments, train_dataset=rows).train()
    return lambda asked: [int(label) for label in model.predict(asked)]


if __name__ == "__main__":
    torch.set_num_threads(1)
    contend(train)
