"""The settings of the step train."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from retune.core.params.base import Settings


class TrainParams(Settings):
    """How a base is tuned on the training split."""

    seed: int = Field(ge=0)
    """Where all random numbers start: the same seed, data and kind of machine give the same bytes."""

    threads: int = Field(ge=1)
    """Processor threads; another number rounds sums in another order, so it is part of what makes a run repeatable."""

    processes: int = Field(ge=1)
    """Processes that share the rows of every step, each with its GPU where there are any; torchrun starts them. Several
    hosts: docs/train.md."""

    sharding: Literal["none", "full"]
    """What each of several processes keeps: all weights, or its part of every weight, gradient and moment (FSDP), which
    needs less memory and more talk between them."""

    precision: Literal["auto", "float32", "bfloat16"]
    """Numbers in matrix products while training; `auto` takes bfloat16 where the processor has instructions for it."""

    max_length: int = Field(ge=8)
    """Tokens of a text that are read; what is longer is cut at its end, and counted."""

    epochs: int = Field(ge=1)
    """Passes over the training split at most; early stopping may end before."""

    batch_size: int = Field(ge=1)
    """Rows in one step of the optimiser, however many processes share it and in however many parts it is computed."""

    gradient_accumulation: int = Field(ge=1)
    """In how many parts the rows of a step are computed, one after the other: more need less memory and give the same
    sums. Where memory ends all the same, the number doubles by itself."""

    gradient_checkpointing: bool
    """Compute each layer again on the way back instead of keeping what it gave: less memory, a third more time."""

    max_grad_norm: float = Field(ge=0)
    """Gradients that are longer than this, all taken as one vector, are shortened to it; 0 shortens none."""

    learning_rate: float = Field(gt=0)
    """The highest learning rate, reached at the end of the warm-up, from where it falls linearly to zero."""

    warmup_share: float = Field(ge=0, lt=1)
    """Share of the steps in which the learning rate rises from zero."""

    weight_decay: float = Field(ge=0)
    """Decay of the weights in AdamW; biases and norms have none."""

    label_smoothing: float = Field(ge=0, lt=1)
    """Share of the target that is spread over all classes; it bears mislabelled rows better."""

    dropout: float = Field(ge=0, lt=1)
    """Dropout inside the base while it is tuned."""

    evaluations_per_epoch: int = Field(ge=1)
    """How often in an epoch the validation split is answered; the best answer decides which weights are kept."""

    patience: int = Field(ge=1)
    """Evaluations in a row without a better score after which training stops."""

    select_by: str
    """The score on the validation split that decides which weights are kept: one of the task type's metrics, or `loss`,
    which decides between equals."""

    tuned_shares: tuple[Annotated[float, Field(gt=0, le=1)], ...] = Field(min_length=1)
    """Each evaluation asks the weights at these shares of the way from the start to the tuned ones (1: the tuned ones);
    part of the way often answers better than either end (Wortsman et al., arXiv 2109.01903)."""

    replay_share: float = Field(ge=0, lt=1)
    """Share of old rows of all that are tuned on where the base is a registered version: 0.1 adds 111 to 1,000 new."""

    probe_strengths: tuple[float, ...] = Field(min_length=1)
    """Inverse regularisation strengths that are tried for the probe, the linear model from which the head starts."""

    learning_curve: tuple[Annotated[float, Field(gt=0, lt=1)], ...]
    """Shares of the training rows on which the probe is fitted besides all of them, to tell what more would bring."""

    checkpoint_seconds: float = Field(ge=0)
    """Least time between two checkpoints; a killed run loses at most the work since the last. 0 keeps one per step."""

    time_budget_seconds: float = Field(ge=0)
    """Give the best model that can be had in this time; 0 sets no limit. A run under a limit depends on the clock."""

    method_settings: dict[str, Any]
    """Settings of the model's `method`: docs/configure.md has them by method."""

    task_settings: dict[str, Any]
    """Settings of the model's `task_type`: docs/configure.md has them by task type."""


def selectable(metrics: Sequence[str]) -> tuple[str, ...]:
    """Return the scores that may select the weights of a model, given the metrics of its task type."""
    return (*metrics, "loss")
