"""Prompts and conversations as a base was taught them: by its family's template, or the tokenizer's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from retune.core.errors import UserError
from retune.core.templates import ASSISTANT, Message, Rendered, Template, is_learnt, turns, words

PROBE = ({"role": "user", "content": "Is it open?"}, {"role": ASSISTANT, "content": "Yes."})


def instruct(
    template: Template, tokenizer: Any, instruction: str, context: str = "", completion: str | None = None
) -> Rendered:
    """Return an instruction as text; with its completion, whose span ends with what ends the model's turn."""
    if is_own(template, tokenizer):
        return converse(template, tokenizer, turns(instruction, context, completion))
    return template.instruct(instruction, context, completion, tokenizer.eos_token or "")


def converse(template: Template, tokenizer: Any, messages: Sequence[Message]) -> Rendered:
    """Return a conversation as text; it ends as a prompt where the model does not have its last word.

    By the tokenizer's own template, an earlier turn that it renders otherwise once the conversation has gone on (as
    without its thoughts) is no span: the model never writes it so. UserError for messages that the template refuses.
    """
    if not is_own(template, tokenizer):
        return template.converse(messages, tokenizer.eos_token or "")
    asks = not messages or messages[-1]["role"] != ASSISTANT
    text = _written(tokenizer, messages, asks=asks)
    places = [place for place, message in enumerate(messages) if message["role"] == ASSISTANT and is_learnt(message)]
    spans = [span for place in places if (span := _span(tokenizer, messages[: place + 1], text)) is not None]
    return Rendered(text, tuple(spans), complete=True)


def end_ids(template: Template, tokenizer: Any) -> list[int]:
    """Return the ids of the tokens that end an answer: the tokenizer's, and the one with which its template does."""
    ids = [] if tokenizer.eos_token_id is None else [tokenizer.eos_token_id]
    if is_own(template, tokenizer):
        rendered = converse(template, tokenizer, PROBE)
        span = rendered.spans[-1] if rendered.spans else (0, 0)  # none: prompts do not begin as conversations do
        tail = rendered.text[slice(*span)].partition(PROBE[1]["content"])[2].strip()
        ids += tokenizer(tail, add_special_tokens=False)["input_ids"][:1]
    return sorted(set(ids))


def is_own(template: Template, tokenizer: Any) -> bool:
    """Tell whether conversations are rendered by the tokenizer's own template."""
    return template.kind == "chat" and bool(tokenizer.chat_template)


def _span(tokenizer: Any, messages: Sequence[Message], text: str) -> tuple[int, int] | None:
    """Return where the last of the messages stands in the whole text, from its prompt's end to the end of its turn."""
    prompt = _written(tokenizer, messages[:-1], asks=True)
    whole = _written(tokenizer, messages, asks=False).rstrip()
    return (len(prompt), len(whole)) if whole.startswith(prompt) and text.startswith(whole) else None


def _written(tokenizer: Any, messages: Sequence[Message], *, asks: bool) -> str:
    """Return the messages by the tokenizer's template; `asks` adds the head of the answer that is to come."""
    from jinja2 import TemplateError

    plain = [{**message, "content": words(message)} for message in messages]
    try:
        text: str = tokenizer.apply_chat_template(plain, tokenize=False, add_generation_prompt=asks)
    except TemplateError as error:
        roles = ", ".join(str(message["role"]) for message in messages)
        todo = "Change the order of the messages (many templates know no system), or choose another template."
        found = f"messages of {roles}: {error}"
        raise UserError(expected="messages that the base's chat template accepts", found=found, todo=todo) from error
    return text
