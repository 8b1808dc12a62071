"""trl's SFTTrainer with flags from the command line; without gradient checkpointing, which only costs it time here."""

from __future__ import annotations

import tempfile
from importlib.metadata import version
from typing import Any

import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import SFTConfig, SFTTrainer  # type: ignore[import-not-found] # a peer, in an environment of its own

from benchmarks.peers.sft import BATCH, LEARNING_RATE, MAX_LENGTH, SEED, Meter, asked


class Counted(SFTTrainer):  # type: ignore[misc] # as above
    """Tells the meter how many tokens a step learns."""

    meter: Meter

    def training_step(self, model: Any, inputs: Any, *more: Any, **others: Any) -> Any:
        """Count, then learn."""
        self.meter.learnt += int((inputs["labels"] != -100).sum())
        return super().training_step(model, inputs, *more, **others)


def main() -> None:
    """Train until the time is over."""
    base, rows, seconds, flags, answer = asked()
    torch.set_num_threads(1)
    attention = flags.pop("attention", "sdpa")
    arguments = SFTConfig(
        tempfile.mkdtemp(), per_device_train_batch_size=BATCH, learning_rate=LEARNING_RATE,
        num_train_epochs=20, bf16=True, use_cpu=True, gradient_checkpointing=False, save_strategy="no",
        logging_strategy="no", disable_tqdm=True, report_to="none", seed=SEED, dataloader_pin_memory=False,
        **({"max_length": MAX_LENGTH} | flags),
    )  # fmt: skip
    tokenizer = AutoTokenizer.from_pretrained(base)
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.unk_token or tokenizer.eos_token
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, attn_implementation=attention)
    meter = Meter(seconds)
    trainer = Counted(
        model=model, args=arguments, train_dataset=Dataset.from_list(rows), processing_class=tokenizer,
        callbacks=[meter],
    )  # fmt: skip
    trainer.meter = meter
    trainer.train()
    meter.write(answer, trl=version("trl"))


if __name__ == "__main__":
    main()
