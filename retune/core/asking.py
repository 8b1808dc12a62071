"""What a row asks a model to write: the answer to an instruction, a conversation's next turn, or how a text goes on."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from retune.core.errors import UserError
from retune.core.templates import SYSTEM


@dataclass(frozen=True)
class Instruction:
    """An instruction and what it is about; about a document, nothing in the row parts it from the answer."""

    text: str
    context: str = ""
    is_document: bool = False

    def shortened(self, share: float) -> Instruction:
        """Return it with that share of its context left, or of its text where it has none.

        A prompt loses its beginning, since what parts it from its answer stands at its end; a document loses its end.
        """
        if self.context:
            return replace(self, context=self.context[: int(len(self.context) * share)].rstrip())
        kept = int(len(self.text) * share)
        return replace(self, text=self.text[:kept] if self.is_document else self.text[len(self.text) - kept :])


@dataclass(frozen=True)
class Conversation:
    """The messages up to the turn that the model is to write."""

    messages: tuple[dict[str, Any], ...]

    def shortened(self, share: float) -> Conversation:
        """Return it without its oldest turns, the system's words stay; of a last one, that share is left."""
        opening = [message for message in self.messages if message["role"] in SYSTEM]
        turns = [message for message in self.messages if message["role"] not in SYSTEM]
        if len(turns) > 1:
            later = next((place for place, one in enumerate(turns) if place and one["role"] == "user"), len(turns) - 1)
            return Conversation((*opening, *turns[later:]))
        words = str(turns[0]["content"] if turns else "")
        kept = [{**turn, "content": words[: int(len(words) * share)]} for turn in turns]
        return Conversation((*opening, *kept))


@dataclass(frozen=True)
class Beginning:
    """A raw text that goes on; all of it is learnt, in blocks as long as the model reads."""

    text: str

    def shortened(self, share: float) -> Beginning:
        """Return the end of it, that share of the whole."""
        return Beginning(self.text[len(self.text) - int(len(self.text) * share) :])


Source = Instruction | Conversation | Beginning


def conversation(cell: str) -> Conversation:
    """Return the conversation in a cell, a JSON list of messages; raises UserError where it is none."""
    try:
        messages = json.loads(cell)
        if not isinstance(messages, list) or not messages:
            raise ValueError("no list of messages")
        if not all(isinstance(message["role"], str) for message in messages):
            raise ValueError("a role is no text")
    except (ValueError, TypeError, KeyError) as error:
        expected = 'a JSON list of messages, such as [{"role": "user", "content": "Is it open?"}]'
        todo = "Send a conversation up to the turn that is asked for."
        raise UserError(expected=expected, found=f"{type(error).__name__}: {error}", todo=todo) from error
    return Conversation(tuple(messages))
