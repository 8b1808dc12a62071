"""A reader of passages: a base, and of each token how likely an answer begins and ends with it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, autocast, nn

SPREAD = 0.02  # of the head's first weights, as BERT's
NOWHERE = 0  # the token by which a window says that it has no answer: the first, which is never the passage's


class PassageReader(nn.Module):
    """Gives logits [windows, tokens, 2] of an answer's begin and end, and the loss where both are given."""

    def __init__(self, body: nn.Module, width: int, smoothing: float = 0.0) -> None:
        super().__init__()
        self.body = body
        self.head = nn.Linear(width, 2)
        nn.init.normal_(self.head.weight, std=SPREAD)
        nn.init.zeros_(self.head.bias)
        self.smoothing = smoothing

    def locate(
        self, input_ids: Tensor, attention_mask: Tensor, allowed: Tensor, token_type_ids: Tensor | None = None
    ) -> Tensor:
        """Return the log-probabilities [windows, tokens, 2] over the tokens that are allowed, in float32."""
        segments = {} if token_type_ids is None else {"token_type_ids": token_type_ids}
        hidden = self.body(input_ids=input_ids, attention_mask=attention_mask, **segments).last_hidden_state
        with autocast(hidden.device.type, enabled=False):
            logits = self.head(hidden.float())
            return torch.log_softmax(logits.masked_fill(~allowed.unsqueeze(-1), -torch.inf), dim=1)

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, allowed: Tensor, labels: Tensor | None = None,
        token_type_ids: Tensor | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """Return the log-probabilities, and the mean loss of begin and end where they are given."""
        located = self.locate(input_ids, attention_mask, allowed, token_type_ids)
        if labels is None:
            return {"logits": located}
        right = -located.gather(1, labels.unsqueeze(1)).squeeze(1)
        seen = allowed.unsqueeze(-1)
        spread = -located.masked_fill(~seen, 0.0).sum(dim=1) / seen.sum(dim=1)
        return {"loss": ((1 - self.smoothing) * right + self.smoothing * spread).mean(), "logits": located}
