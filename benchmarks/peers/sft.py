"""What contenders of a fine-tuning of decoders share: rows, settings, and a meter of the tokens that they learn."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

MAX_LENGTH, BATCH, LEARNING_RATE, SEED = 512, 8, 1e-4, 17


class Meter(TrainerCallback):
    """Counts learnt tokens and processor seconds from the end of the first step on, and ends the training in time."""

    def __init__(self, seconds: float) -> None:
        self.limit, self.learnt, self.steps = seconds, 0, 0
        self.begun = 0.0

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:  # noqa: ARG002 - so named there
        now = time.process_time()
        if not self.begun:
            self.begun, self.learnt = now, 0
            return
        self.steps, self.spent = self.steps + 1, now - self.begun
        control.should_training_stop = control.should_training_stop or self.spent >= self.limit

    def write(self, path: Path, **more: str) -> None:
        """Write what was measured, and what else is to be known of it."""
        measured = {
            **more,
            "learnt_tokens": self.learnt,
            "processor_seconds": round(self.spent, 2),
            "steps": self.steps,
        }
        path.write_text(json.dumps({**measured, "tokens_per_second": round(self.learnt / self.spent, 1)}))


def asked() -> tuple[Path, list[dict[str, str]], float, dict[str, Any], Path]:
    """Return base, rows, seconds, the contender's flags, and where its answer goes, from the command line."""
    base, rows, seconds, flags, answer = sys.argv[1:]
    return Path(base), json.loads(Path(rows).read_text()), float(seconds), json.loads(flags), Path(answer)
