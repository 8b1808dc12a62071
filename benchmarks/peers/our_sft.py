"""The training of a decoder by this project: its own step, batches, journal and checks."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.peers.sft import BATCH, LEARNING_RATE, MAX_LENGTH, SEED, Meter, asked
from retune.core import parts
from retune.core.params.train import TrainParams
from retune.modeling import bases, bench, trainer
from retune.modeling.heads.text import TextLearner
from retune.modeling.journal import Journal


class Counted(TextLearner):
    """Tells the meter how many tokens a step learns."""

    meter: Meter

    def collate(self, items: Any) -> Any:
        """Count, then lay out."""
        self.meter.learnt += sum(item.learnt_tokens for item in items)
        return super().collate(items)

    def scores(self) -> dict[str, float]:
        """Measure nothing: training alone is timed."""
        return {"loss": 0.0}


def plan(base: Path, flags: dict[str, Any]) -> bench.Plan:
    """Return a plan to tune every weight of a Llama."""
    method, task_type = (
        parts.find(f"retune.modeling.{kind}", name)
        for kind, name in (("methods", "full"), ("task_types", "text_generation"))
    )
    task_settings = {
        "template": "plain", "loss_on": "completion", "truncated_share": 1.0, "max_new_tokens": 64, "packing": False,
        **flags,
    }  # fmt: skip
    settings = {"freeze_embeddings": False, "freeze_layers": 0}
    params = TrainParams(
        seed=SEED, threads=1, processes=1, sharding="none", precision="bfloat16", max_length=MAX_LENGTH,
        epochs=20, batch_size=BATCH, gradient_accumulation=1, gradient_checkpointing=False, max_grad_norm=1.0,
        learning_rate=LEARNING_RATE, warmup_share=0.0, weight_decay=0.0, label_smoothing=0.0, dropout=0.0,
        evaluations_per_epoch=1, patience=99, select_by="loss", tuned_shares=(1.0,), replay_share=0.0,
        probe_strengths=(1.0,), learning_curve=(), checkpoint_seconds=10_000, time_budget_seconds=0,
        method_settings=settings, task_settings=task_settings,
    )  # fmt: skip
    return bench.Plan(
        task_type=task_type, family=parts.find("retune.modeling.families", "llama"), method=method,
        base=bases.resolve(str(base)), params=params, method_settings=method.Settings.model_validate(settings),
        task_settings=task_type.Settings.model_validate(task_settings),
    )  # fmt: skip


def main() -> None:
    """Train until the time is over."""
    base, rows, seconds, flags, answer = asked()
    frame = pd.DataFrame(rows).rename(columns={"prompt": "text", "completion": "label"}).assign(context="")
    made = plan(base, flags)
    learner = Counted(bench.prepare(made, frame, frame.head(8), 0.0, lambda _: None))
    learner.meter = meter = Meter(seconds)
    place = Path(tempfile.mkdtemp())
    positions = learner.start()
    arguments = trainer.arguments(place, made.params, bfloat16=True)
    tuner = trainer.Tuner(
        learner, positions, arguments, journal=Journal(place / "journal.jsonl", fresh=True), seconds=float("inf")
    )
    tuner.add_callback(meter)
    tuner.train()
    meter.write(answer)


if __name__ == "__main__":
    main()
