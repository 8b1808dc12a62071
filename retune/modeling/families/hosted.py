"""A model that lies with a service: it is asked over the network, with the key from the environment."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import ModuleType
from typing import TYPE_CHECKING, Any

from retune.core import parts
from retune.core.hosted import Question
from retune.core.hosted_model import HostedModel
from retune.core.hosted_rows import Ask, asking, prompt
from retune.core.params.base import Settings

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from retune.modeling.folder import Page

    Floats = np.ndarray[Any, np.dtype[np.float32]]

KIND = "hosted"
ARCHITECTURES: tuple[str, ...] = ()  # none of its weights is here
HEADS: tuple[str, ...] = ()
DIGEST_BYTES = 8


@dataclass(frozen=True)
class HostedPredictor:
    """Answers rows with texts at temperature 0; a label is right where the text is that label.

    It gives no losses: a service does not say what it thinks of an answer that is not its own.
    """

    task_type: ModuleType
    page: Page
    ask: Ask
    settings: Any  # of the method
    hosted: HostedModel
    model: str
    keeps: bool = False  # answers, in the checkout, so that none is paid for twice
    probe: None = None  # it has no vectors

    def remembering(self) -> HostedPredictor:
        """Return it so that no question is asked twice in one checkout."""
        return replace(self, keeps=True)

    def untuned(self) -> HostedPredictor:
        """Return the model that the job began with, asked in the same way."""
        return replace(self, model=self.hosted.base)

    def predict(self, texts: Sequence[str], contexts: Sequence[str] | None = None) -> pd.DataFrame:
        """Return prediction and confidence, the probability of the whole answer or NaN, of each row in their order."""
        import pandas as pd

        questions = self.questions(texts, contexts or [""] * len(texts))
        service = parts.find("retune.io.providers", self.hosted.provider).connect(self.hosted.endpoint)
        at_once = self.settings.requests_at_once
        answers = service.answers(self.model, questions, at_once=at_once, keep=self.keeps)
        found = {
            "prediction": [answer.text for answer in answers],
            "confidence": [answer.confidence for answer in answers],
        }
        return pd.DataFrame(found).astype({"prediction": "str", "confidence": "float64"})

    def questions(self, texts: Sequence[str], contexts: Sequence[str]) -> list[Question]:
        """Return what is asked of each row."""
        told = [
            prompt(self.ask(text, context), self.settings.system) for text, context in zip(texts, contexts, strict=True)
        ]
        return [
            Question(
                messages=tuple((message["role"], message["content"]) for message in messages),
                most_tokens=self.settings.answer_tokens,
                with_confidence=self.settings.with_confidence,
            )
            for messages in told
        ]

    def reference(self, examples: Sequence[dict[str, str]]) -> Floats:
        """Return a digest of what would be asked of made-up rows, and of which model [rows, 8]: nothing is sent."""
        import numpy as np

        texts, contexts = ([row[name] for row in examples] for name in ("text", "context"))
        asked = [[self.hosted.base_url, self.model, question.messages] for question in self.questions(texts, contexts)]
        digests = [hashlib.sha256(json.dumps(one).encode()).digest()[:DIGEST_BYTES] for one in asked]
        return np.array([list(digest) for digest in digests], dtype=np.float32)


def predictor(page: Page, hosted: HostedModel) -> HostedPredictor:
    """Return what asks the model that a page names in the manner that the page says."""
    task_type = parts.find("retune.modeling.task_types", page.task_type)
    settings: Settings = parts.find("retune.modeling.methods", page.method).Settings(**page.head)
    ask = asking(task_type, task_type.Settings(**page.task_settings))
    return HostedPredictor(task_type, page, ask, settings, hosted, hosted.model)
