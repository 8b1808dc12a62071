"""Translation: a text in one language has its like in another."""

from __future__ import annotations

from retune.core.asking import Instruction
from retune.modeling.task_types._writing import Answering

HEAD, TARGET = "text", "text"
COLUMNS = ("text",)
METRICS = ("perplexity", "chrf", "bleu")
PRIMARY = "chrf"
FLOORS = ("copy", "untuned")
PLOTS = ("floors", "words")
EXAMPLE = [  # made up
    {"text": "The meeting was moved to Thursday.", "context": ""},
    {"text": "The printer does not print.", "context": ""},
]


class Settings(Answering):
    """How texts are put, and translations are learnt and written."""

    instruction: str
    """What is asked of a text, before it, such as the languages; without one, a blank line after it asks."""


def source(text: str, _context: str, settings: Settings) -> Instruction:
    """Return what a row asks; a long text loses its end."""
    asked = (settings.instruction, text) if settings.instruction else (text, "")
    return Instruction(*asked, is_document=True)
