"""The vectors by which texts of any model are compared: always those of bundled:minilm, whatever base is tuned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from retune.core import parts
from retune.modeling import bases, batches, machine
from retune.modeling.pooled import PooledClassifier

BASE = "bundled:minilm"
WIDTH = 384
MAX_TOKENS = 64  # what a text is about is said early, and the stage `profile` halves
DIGITS = 4  # what is behind depends on the processor and its threads


def embed(texts: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return the mean-pooled vectors [texts, 384], float32, of length 1; of a text, its first 64 tokens count."""
    if not len(texts):
        return np.zeros((0, WIDTH), dtype=np.float32)
    family = parts.find("retune.modeling.families", "encoder")
    body, tokenizer = family.load(bases.locate(bases.resolve(BASE)))
    module = PooledClassifier(body, family, WIDTH, 1).eval().to(machine.device())
    rows = batches.tokenise(tokenizer, texts, MAX_TOKENS)
    with machine.autocast(machine.prefers_bfloat16()):  # twice as fast; each vector keeps a cosine above 0.9999
        vectors = batches.compute(module.embed, rows, tokenizer.pad_token_id, WIDTH, device=machine.device())
    lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return np.asarray(np.round(vectors / lengths, DIGITS), dtype=np.float32)
