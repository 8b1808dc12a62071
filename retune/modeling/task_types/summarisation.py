"""Summarisation: a document has a summary."""

from __future__ import annotations

from retune.core.asking import Instruction
from retune.modeling.task_types._writing import Answering

HEAD, TARGET = "text", "text"
COLUMNS = ("text",)
METRICS = ("perplexity", "rougeL", "rouge1", "rouge2")
PRIMARY = "rougeL"
FLOORS = ("lead3", "untuned")
PLOTS = ("floors", "words")
EXAMPLE = [  # made up
    {"text": "The meeting of the board moved from Monday to Thursday, because two members are ill.", "context": ""},
    {"text": "The invoice of March was paid twice. The supplier returned the money in April.", "context": ""},
]


class Settings(Answering):
    """How documents are put, and summaries are learnt and written."""

    instruction: str
    """What is asked of a document, before it; without one, a blank line after the document asks for its summary."""


def source(text: str, _context: str, settings: Settings) -> Instruction:
    """Return what a row asks; a long document loses its end."""
    asked = (settings.instruction, text) if settings.instruction else (text, "")
    return Instruction(*asked, is_document=True)
