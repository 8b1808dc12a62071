"""A text classifier: a base, its pooled vector, one linear head."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from torch import Tensor, autocast, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy


class PooledClassifier(nn.Module):
    """Gives logits [rows, classes] for token ids [rows, tokens], and the loss where labels [rows] are given."""

    def __init__(self, body: nn.Module, family: ModuleType, width: int, classes: int, smoothing: float = 0.0) -> None:
        super().__init__()
        self.body = body
        self.head = nn.Linear(width, classes)
        self.pool = family.pool
        self.smoothing = smoothing

    def embed(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return the pooled vectors [rows, width] in float32."""
        hidden = self.body(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        pooled: Tensor = self.pool(hidden, attention_mask)
        return pooled

    def classify(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return the logits [rows, classes] in float32; the head never runs in bfloat16, which would blur its ties."""
        pooled = self.embed(input_ids, attention_mask)
        with autocast(pooled.device.type, enabled=False):
            logits: Tensor = self.head(pooled)
        return logits

    def forward(self, input_ids: Tensor, attention_mask: Tensor, labels: Tensor | None = None) -> dict[str, Any]:
        """Return the logits, and the mean loss where labels are given; a label of -100 has no loss."""
        logits = self.classify(input_ids, attention_mask)
        if labels is None:
            return {"logits": logits}
        return {"loss": self.loss(logits, labels), "logits": logits}

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the mean loss: of one class [rows], or of each class by itself where labels are [rows, classes]."""
        if labels.dim() == 1:
            return cross_entropy(logits, labels, label_smoothing=self.smoothing)
        return binary_cross_entropy_with_logits(logits, labels * (1 - self.smoothing) + self.smoothing / 2)
