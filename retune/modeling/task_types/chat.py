"""Chat: a conversation has a next turn of the assistant, and all of its turns are learnt."""

from __future__ import annotations

import json

from retune.core.asking import Conversation, conversation
from retune.modeling.task_types._writing import Answering

HEAD, TARGET = "text", "text"
COLUMNS = ("text",)
METRICS = ("perplexity", "chrf", "rougeL")
PRIMARY = "chrf"
FLOORS = ("untuned",)
PLOTS = ("floors", "words")
EXAMPLE = [  # made up
    {"text": json.dumps([{"role": "user", "content": "When is the office open?"}]), "context": ""},
    {
        "text": json.dumps(
            [
                {"role": "user", "content": "My badge does not open the door."},
                {"role": "assistant", "content": "Which door is it?"},
                {"role": "user", "content": "The one to the archive."},
            ]
        ),
        "context": "",
    },
]


class Settings(Answering):
    """How conversations are put, and turns are learnt and written."""


def source(text: str, _context: str, _settings: Settings) -> Conversation:
    """Return the conversation of a row; a long one loses its oldest turns. UserError for a cell that holds none."""
    return conversation(text)
