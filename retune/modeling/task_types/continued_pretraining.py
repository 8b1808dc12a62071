"""Continued pre-training: raw text is learnt, all of it, and the model writes how a text goes on."""

from __future__ import annotations

from retune.core.asking import Beginning
from retune.modeling.task_types._writing import Writing

HEAD, TARGET = "text", "nothing"
COLUMNS = ("text",)
METRICS = ("perplexity",)
PRIMARY = "perplexity"
FLOORS = ("untuned",)
PLOTS = ("floors",)
EXAMPLE = [  # made up
    {"text": "The office is open from eight to six. Visitors wear a badge.", "context": ""},
    {"text": "Invoices are paid within thirty days.", "context": ""},
]


class Settings(Writing):
    """How raw text is learnt."""


def source(text: str, _context: str, _settings: Settings) -> Beginning:
    """Return what a row asks."""
    return Beginning(text)
