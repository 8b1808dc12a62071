"""How an instruction or a conversation becomes text: which part of it the model writes, and what ends its turn."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

Message = Mapping[str, Any]  # as in a chat file: role, content, and where it is told so, weight
PLACEHOLDER = re.compile(r"\{(\w+)\}")
ASSISTANT = "assistant"
SYSTEM = ("system", "developer")


@dataclass(frozen=True)
class Rendered:
    """A text with the stretches, in characters, that the model writes, and so may learn: answer and end of turn."""

    text: str
    spans: tuple[tuple[int, int], ...] = ()
    complete: bool = False  # whether it bears its special tokens already, so that the tokenizer must add none

    @property
    def prompt(self) -> str:
        """What the model is asked with: the text before its last answer."""
        return self.text[: self.spans[-1][0]] if self.spans else self.text

    @property
    def pieces(self) -> list[tuple[str, bool]]:
        """The text cut at the spans, and for each piece whether the model writes it."""
        edges = [0, *(edge for span in self.spans for edge in span), len(self.text)]
        cut = [(self.text[start:end], bool(place % 2)) for place, (start, end) in enumerate(pairwise(edges))]
        return [piece for piece in cut if piece[0]]


@dataclass(frozen=True)
class Template:
    """A prompt format as data; forms hold `{content}`, or `{instruction}` and `{context}`, where text goes in."""

    kind: str
    opening: str = ""  # the system's words where a conversation has none of its own
    system: str = ""
    user: str = ""
    assistant: str = ""  # what the model is asked with: its answer follows
    lead: str = ""  # what the model writes before its answer to a turn
    after: str = ""  # what follows the end of its turn where the conversation goes on
    instruction: str = ""  # an instruction alone; empty: it is a user's turn
    instruction_with_context: str = ""
    stops: tuple[str, ...] = ()  # where a model goes on as the user, its answer has ended

    def instruct(self, instruction: str, context: str = "", completion: str | None = None, eos: str = "") -> Rendered:
        """Return the prompt of an instruction, with its input and its completion where they are given."""
        form = self.instruction_with_context if context else self.instruction
        if not form:
            return self.converse(turns(instruction, context, completion), eos)
        prompt = filled(form, instruction=instruction, context=context)
        if completion is None:
            return Rendered(prompt)
        text = f"{prompt}{completion}{eos}"
        return Rendered(text, ((len(prompt), len(text)),))

    def converse(self, messages: Sequence[Message], eos: str = "") -> Rendered:
        """Return a conversation as text; where the model does not have its last word, it ends as a prompt."""
        text, spans = self._opening(messages), []
        for message in messages:
            if message["role"] != ASSISTANT:
                form = self.system if message["role"] in SYSTEM else self.user
                text += filled(form, content=words(message))
                continue
            text += self.assistant
            start, text = len(text), f"{text}{self.lead}{words(message)}{eos}"
            spans += [(start, len(text))] if is_learnt(message) else []
            text += self.after
        if messages and messages[-1]["role"] == ASSISTANT:
            return Rendered(text.removesuffix(self.after), tuple(spans))
        return Rendered(text + self.assistant, tuple(spans))

    def _opening(self, messages: Sequence[Message]) -> str:
        """Return the words that open a conversation without a system's own."""
        own = any(message["role"] in SYSTEM for message in messages)
        return "" if own or not self.opening else filled(self.system, content=self.opening)


def filled(form: str, **values: str) -> str:
    """Return a form with its placeholders replaced, once: braces in the values stay as they are."""
    return PLACEHOLDER.sub(lambda found: values[found[1]], form)


def turns(instruction: str, context: str = "", completion: str | None = None) -> list[dict[str, str]]:
    """Return an instruction as a conversation of one turn, or two with its completion."""
    asked = {"role": "user", "content": f"{instruction}\n\n{context}" if context else instruction}
    return [asked] if completion is None else [asked, {"role": ASSISTANT, "content": completion}]


def words(message: Message) -> str:
    """Return what a message says: its content, or the text among the parts of its content."""
    content = message.get("content")
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping))
    return str(content or "")


def is_learnt(message: Message) -> bool:
    """Tell whether a turn of the model is to be learnt: it says something, and its weight, if given, is not 0."""
    return bool(words(message)) and message.get("weight") != 0


PLAIN = Template(
    "plain", system="System: {content}\n\n", user="User: {content}\n\n", assistant="Assistant:", lead=" ", after="\n\n",
    instruction="{instruction}", instruction_with_context="{instruction}\n\n{context}", stops=("\nUser:",),
)  # fmt: skip
"""The text as it is: separators and leading spaces are those of the rows."""

TASK, ANSWER = (
    "Below is an instruction that describes a task",
    "Write a response that appropriately completes the request.",
)
ALPACA = Template(
    "alpaca",
    opening=f"{TASK}. {ANSWER}",
    system="{content}\n\n",
    user="### Instruction:\n{content}\n\n",
    assistant="### Response:\n",
    after="\n\n",
    instruction=f"{TASK}. {ANSWER}\n\n### Instruction:\n{{instruction}}\n\n### Response:\n",
    instruction_with_context=f"{TASK}, paired with an input that provides further context. {ANSWER}\n\n"
    "### Instruction:\n{instruction}\n\n### Input:\n{context}\n\n### Response:\n",
    stops=("### Instruction:",),
)
"""The format of Stanford Alpaca, as Alpaca-LoRA trains on it (github.com/tloen/alpaca-lora, templates/alpaca.json)."""

VICUNA = Template(
    "vicuna",
    opening="A chat between a curious user and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the user's questions.",
    system="{content} ",
    user="USER: {content} ",
    assistant="ASSISTANT:",
    lead=" ",
    stops=("USER:",),
)
"""The format of Vicuna from version 1.1 on (github.com/lm-sys/FastChat, docs/vicuna_weights_version.md)."""

CHAT = replace(PLAIN, kind="chat")
"""The tokenizer's own chat template; a base whose tokenizer has none is asked as PLAIN is."""
