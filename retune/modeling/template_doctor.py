"""What is wrong with a tokenizer, a template and the rows that are put in it, by name, before a training shows it.

A model whose end of turn is never learnt writes on for ever; one that learns nothing has a loss curve like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import pandas as pd

from retune.core.asking import Beginning, Conversation, Source
from retune.core.errors import UserError
from retune.core.templates import ASSISTANT, SYSTEM, words
from retune.modeling import sheets, templating
from retune.modeling.dialogue import Example, Ids, Scribe

LOOKED_AT = 200  # rows, evenly from all
FEW = 0.05  # of the rows: of one strange row in a hundred a training learns no less from the others
KNOWN_ROLES = (*SYSTEM, "user", ASSISTANT)
ASKED = {"role": "user", "content": "Is it open?"}
Count = tuple[int, int, str]  # how many of how many, and of what


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong; with one that is fatal, nothing should be trained."""

    name: str
    is_fatal: bool
    message: str


@dataclass(frozen=True)
class Chart:
    """What is examined: rows as they are asked and written, and what becomes of them."""

    scribe: Scribe
    sources: Sequence[Source]
    labels: Sequence[str]
    examples: Sequence[Sequence[Example]]

    @property
    def blocks(self) -> list[Example]:
        """Return the examples of all rows."""
        return [block for row in self.examples for block in row]

    @property
    def conversations(self) -> list[Conversation]:
        """Return the rows that are conversations."""
        return [source for source in self.sources if isinstance(source, Conversation)]


def examine(scribe: Scribe, rows: pd.DataFrame, examples: Sequence[Sequence[Example]]) -> list[Fault]:
    """Return what is wrong with rows [ROWS] and what a scribe made of them, some of many; nothing where all is well."""
    places = range(0, len(rows), max(len(rows) // LOOKED_AT, 1))
    some = rows.iloc[list(places)]
    sources = [
        scribe.task_type.source(text, context, scribe.settings)
        for text, context in zip(some["text"], some["context"], strict=True)
    ]
    chart = Chart(scribe, sources, some["label"].tolist(), [examples[place] for place in places])
    spoiling = [
        Fault(name, count > FEW * of, f"{message} ({count} of {of})")
        for name, check in SPOILING.items()
        for count, of, message in [check(chart)]
        if count
    ]
    return spoiling + [Fault(name, False, message) for name, check in WARNINGS.items() for message in check(chart)]


def refuse(faults: Sequence[Fault]) -> None:
    """Raise UserError with all faults that are fatal."""
    fatal = [f"{fault.name}: {fault.message}" for fault in faults if fault.is_fatal]
    if fatal:
        todo = (
            "Choose another template (train.task_settings.template) or base; `retune preview` shows the rows as tokens."
        )
        raise UserError(expected="a template that fits the base and the rows", found="; ".join(fatal), todo=todo)


def runs(example: Example) -> list[tuple[bool, Ids]]:
    """Return the tokens of an example in stretches, and for each whether it is learnt."""
    pairs = zip(example.learnt, example.ids, strict=True)
    return [(learnt, [token for _, token in part]) for learnt, part in groupby(pairs, key=lambda pair: pair[0])]


def nothing_learnt(chart: Chart) -> Count:
    """Count the rows of which no token has a loss."""
    empty = sum(not any(block.learnt_tokens for block in row) for row in chart.examples)
    return empty, len(chart.examples), "rows without a token that is learnt"


def other_text(chart: Chart) -> Count:
    """Count the rows of which something else than the answer is learnt last."""
    pairs = [(row[0], label) for row, label in zip(chart.examples, chart.labels, strict=True) if not row[0].is_cut]
    whole = getattr(chart.scribe.settings, "loss_on", "all") == "all"
    wrong = sum(not whole and _said(chart.scribe, example) != _spoken(chart.scribe, label) for example, label in pairs)
    return wrong, len(pairs), "rows whose text that is learnt is not their answer"


def no_end(chart: Chart) -> Count:
    """Count the rows with a learnt stretch that does not end as turns do: the model would write on for ever."""
    ends = set(chart.scribe.end_ids())
    whole = [row[-1] for row in chart.examples if not row[-1].is_cut]
    endless = sum(any(learnt and part[-1] not in ends for learnt, part in runs(example)) for example in whole)
    return endless, len(whole), "rows with a stretch that is learnt without its end of turn"


def pad_hides_end(chart: Chart) -> Count:
    """Count the ends of turns that have no loss in a batch, since what ends a turn also pads."""
    pad, ends = chart.scribe.tokenizer.pad_token_id, set(chart.scribe.end_ids())
    if chart.scribe.has_encoder or pad not in ends:
        return 0, 0, ""
    batch = sorted(chart.blocks, key=len)[:: max(len(chart.blocks) - 1, 1)]  # the shortest is padded to the longest
    due = sum(learnt and token in ends for block in batch for learnt, token in _foretold(block))
    learnt = sum(token in ends for token in sheets.decoder_batch(batch, pad)["targets"].tolist())
    return due - learnt, due, f"ends of turns without a loss, since {chart.scribe.tokenizer.pad_token} also pads"


def begins_twice(chart: Chart) -> Count:
    """Count the texts that begin with two tokens that begin a text."""
    bos = chart.scribe.tokenizer.bos_token_id
    twice = sum(bos is not None and side[:2] == [bos, bos] for block in chart.blocks for side in _sides(block))
    return twice, len(chart.blocks), f"texts that begin with {chart.scribe.tokenizer.bos_token} twice"


def no_chat_template(chart: Chart) -> Iterator[str]:
    """The tokenizer's own template is asked for, and it has none."""
    asked = any(not isinstance(source, Beginning) for source in chart.sources)
    if asked and chart.scribe.template.kind == "chat" and not chart.scribe.tokenizer.chat_template:
        turns = ", with `User:` and `Assistant:`" if chart.conversations else ""
        yield f"the tokenizer has no chat template: it is asked in plain text{turns}"


def no_system(chart: Chart) -> Iterator[str]:
    """The template refuses a system's words, or leaves them out."""
    if not chart.conversations:
        return
    said = "Answer in one word."
    try:
        rendered = templating.converse(
            chart.scribe.template, chart.scribe.tokenizer, [{"role": "system", "content": said}, ASKED]
        )
    except UserError:
        yield "the template accepts no system message"
        return
    if said not in rendered.text:
        yield "the template leaves out what a system message says"


def unknown_role(chart: Chart) -> Iterator[str]:
    """A row has a role that the template writes as another one's."""
    roles = {str(message["role"]) for source in chart.conversations for message in source.messages}
    strange = sorted(roles - set(KNOWN_ROLES))
    if strange and not templating.is_own(chart.scribe.template, chart.scribe.tokenizer):
        yield f"what {', '.join(strange)} said is written as the user's words"


def left_out(chart: Chart) -> Iterator[str]:
    """The template leaves out what a message says."""
    lost = 0
    for source in chart.conversations:
        text = templating.converse(chart.scribe.template, chart.scribe.tokenizer, source.messages).text
        lost += any(words(message).strip() not in text for message in source.messages)
    if lost:
        yield f"in {lost} of {len(chart.conversations)} conversations the template leaves out what a message says"


def too_long(chart: Chart) -> Iterator[str]:
    """Rows are longer than the model reads."""
    cut = sum(any(block.is_cut for block in row) for row in chart.examples)
    if cut > FEW * len(chart.examples):  # the length at 95 % of them is over max_length
        share = cut / len(chart.examples)
        yield f"{share:.0%} of the rows are longer than max_length, {chart.scribe.max_length} tokens, and are cut"


SPOILING: dict[str, Callable[[Chart], Count]] = {
    check.__name__: check for check in (nothing_learnt, other_text, no_end, pad_hides_end, begins_twice)
}
WARNINGS: dict[str, Callable[[Chart], Iterator[str]]] = {
    check.__name__: check for check in (no_chat_template, no_system, unknown_role, left_out, too_long)
}


def _said(scribe: Scribe, example: Example) -> str:
    """Return the last stretch that is learnt as text, without what ends it."""
    learnt = [part for is_learnt, part in runs(example) if is_learnt]
    return _plain(scribe.tokenizer, learnt[-1] if learnt else [])


def _spoken(scribe: Scribe, label: str) -> str:
    """Return an answer as the tokenizer gives it back: it may know neither capitals nor all signs."""
    return _plain(scribe.tokenizer, scribe.tokenizer(label, add_special_tokens=False)["input_ids"])


def _plain(tokenizer: Any, ids: Ids) -> str:
    """Return tokens as words with single spaces."""
    return " ".join(tokenizer.decode(ids, skip_special_tokens=True).split())


def _foretold(example: Example) -> Iterator[tuple[bool, int]]:
    """Yield each token that another one foretells, and whether it is learnt."""
    return zip(example.learnt[1:], example.ids[1:], strict=True)


def _sides(example: Example) -> tuple[Ids, Ids]:
    """Return what a decoder and what an encoder reads."""
    return example.ids, example.source
