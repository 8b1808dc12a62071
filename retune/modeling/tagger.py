"""A tagger of words: a base, the vector of each word, one linear head."""

from __future__ import annotations

from typing import Any

from torch import Tensor, autocast, nn
from torch.nn.functional import cross_entropy


class WordTagger(nn.Module):
    """Gives logits [texts, words, tags] for token ids [texts, tokens], and the loss where labels are given."""

    def __init__(self, body: nn.Module, width: int, tags: int, smoothing: float = 0.0) -> None:
        super().__init__()
        self.body = body
        self.head = nn.Linear(width, tags)
        self.smoothing = smoothing

    def embed(self, input_ids: Tensor, attention_mask: Tensor, words: Tensor) -> Tensor:
        """Return the vectors [texts, words, width] in float32, by each word's shares [texts, words, tokens]."""
        hidden = self.body(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        with autocast(hidden.device.type, enabled=False):
            vectors: Tensor = words @ hidden.float()
        return vectors

    def classify(self, input_ids: Tensor, attention_mask: Tensor, words: Tensor) -> Tensor:
        """Return the logits [texts, words, tags] in float32; bfloat16 would blur their ties."""
        vectors = self.embed(input_ids, attention_mask, words)
        with autocast(vectors.device.type, enabled=False):
            logits: Tensor = self.head(vectors)
        return logits

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, words: Tensor, labels: Tensor | None = None
    ) -> dict[str, Any]:
        """Return the logits, and the mean loss over the words where labels are given; -100 has no loss."""
        logits = self.classify(input_ids, attention_mask, words)
        if labels is None:
            return {"logits": logits}
        lost = cross_entropy(logits.flatten(0, 1), labels.flatten(), label_smoothing=self.smoothing, reduction="sum")
        return {"loss": lost / (labels >= 0).sum().clamp(min=1), "logits": logits}  # a batch may have no known word
