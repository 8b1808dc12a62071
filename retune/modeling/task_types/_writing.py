"""The settings that all task types share whose answer is a text."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from retune.core.params import base as settings_base


class Writing(settings_base.Settings):
    """How long an answer may be, and how rows fill the batches of a training."""

    max_new_tokens: int = Field(ge=1)
    """Tokens of an answer at most; a prompt is cut so that it and its answer have room in `max_length`."""

    packing: bool
    """Fill each row of a batch with several examples, up to `max_length` tokens, none of which sees another: a step
    learns from more of them then."""


class Answering(Writing):
    """How a prompt is put to a model, and what is learnt of it."""

    template: Literal["family", "plain", "alpaca", "vicuna", "chat"]
    """Format of a prompt: the family's own, plain text, Alpaca's, Vicuna's, or the chat template of the tokenizer."""

    loss_on: Literal["completion", "all"]
    """What is learnt: the completion alone, every turn of the assistant in a conversation, or the prompt too."""

    truncated_share: float = Field(ge=0, le=1)
    """Share of the training rows that may be cut at `max_length`; where more are, training does not start."""
