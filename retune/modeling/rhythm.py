"""When a training answers the validation rows, when it keeps a checkpoint, and when its time is over."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback

from retune.modeling import distributed

if TYPE_CHECKING:
    from retune.modeling.trainer import Tuner


class Rhythm(TrainerCallback):
    """Says what is due: all processes of a training hear the same, by the first one's clock."""

    def __init__(self, tuner: Tuner) -> None:
        self.tuner, self.saved = tuner, time.monotonic()

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Try the longest step, and evaluate what the tuning starts from: the probe is a candidate too."""
        self.tuner.begin()
        if state.global_step == 0:
            start = time.monotonic()
            self.tuner.evaluate()
            self.tuner.foretell(time.monotonic() - start)

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Give the epoch its own order of rows."""
        self.tuner.steps.epoch = int(state.epoch or 0)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Set what is due after this step."""
        out_of_time = self.tuner.time_share() >= 1
        params = self.tuner.params
        every = math.ceil(state.max_steps / params.epochs / params.evaluations_per_epoch)
        control.should_evaluate = state.global_step % every == 0 or state.global_step == state.max_steps or out_of_time
        control.should_training_stop = control.should_training_stop or out_of_time
        control.should_save = distributed.of_first(lambda: time.monotonic() - self.saved >= params.checkpoint_seconds)
        if control.should_save:
            self.saved = time.monotonic()
