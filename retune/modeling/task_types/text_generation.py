"""Text generation: a prompt, or an instruction with its input, has a completion."""

from __future__ import annotations

from retune.core.asking import Instruction
from retune.modeling.task_types._writing import Answering

HEAD, TARGET = "text", "text"
COLUMNS = ("text", "context")
METRICS = ("perplexity", "chrf", "rougeL", "exact_match")
PRIMARY = "chrf"
FLOORS = ("untuned",)
PLOTS = ("floors", "words")
EXAMPLE = [  # made up
    {"text": "Name the day that follows.", "context": "Monday"},
    {"text": "Is the sentence a question?", "context": "The printer does not print."},
]


class Settings(Answering):
    """How prompts are put, completions are learnt, and answers are written."""


def source(text: str, context: str, _settings: Settings) -> Instruction:
    """Return what a row asks."""
    return Instruction(text, context)
