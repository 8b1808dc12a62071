"""Rows as token ids with what the model writes of them: how a prompt is put, and what is cut where it is too long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pandas as pd

from retune.core import templates
from retune.core.asking import Beginning, Conversation, Instruction, Source
from retune.core.errors import UserError
from retune.core.prepare.transforms import Taught, teach
from retune.core.templates import ASSISTANT, Rendered, Template
from retune.modeling import templating

if TYPE_CHECKING:
    from retune.core.params.base import Settings

SHAPES = {"plain": templates.PLAIN, "alpaca": templates.ALPACA, "vicuna": templates.VICUNA, "chat": templates.CHAT}
PARTING = "\n\n"  # in plain text, between a document and what is written about it
PROMPT_SHARE = 0.25  # of max_length that a prompt keeps, however long its answer is
SPARE = 0.95  # texts are cut in characters, and how many a token has differs along a text
MOST_CUTS = 60
Ids = list[int]


@dataclass(frozen=True)
class Example:
    """A row as token ids: what a decoder reads and writes, which of that is learnt, and what an encoder reads."""

    ids: Ids
    learnt: list[bool]
    source: Ids
    is_cut: bool = False

    def __len__(self) -> int:
        return len(self.ids) + len(self.source)

    @property
    def learnt_tokens(self) -> int:
        """Return how many tokens have a loss; the first one of a decoder alone is foretold by nothing."""
        return sum(self.learnt) if self.source else sum(self.learnt[1:])


@dataclass(frozen=True)
class Scribe:
    """Writes rows of a task type as token ids of a base, alike for training and for answering."""

    task_type: ModuleType
    settings: Settings
    family: ModuleType
    tokenizer: Any
    max_length: int
    taught: Taught | None = None  # how prompts of plain text end, and their completions begin

    def taught_by(self, rows: pd.DataFrame) -> Scribe:
        """Return the scribe that parts prompts from completions as rows [ROWS] of plain prompts do, or as they need."""
        sources = [self._source(text, context) for text, context in zip(rows["text"], rows["context"], strict=True)]
        prompts = [self.template.instruct(*_parts(one)).text for one in sources if self._is_bare(one)]
        if len(prompts) < len(rows):
            return self
        return replace(self, taught=teach(prompts, rows["label"].tolist()))

    @property
    def template(self) -> Template:
        """Return the format of a prompt."""
        name = getattr(self.settings, "template", "family")
        template: Template = self.family.TEMPLATE if name == "family" else SHAPES[name]
        return template

    @property
    def has_encoder(self) -> bool:
        """Tell whether the base reads a prompt with an encoder, apart from what it writes."""
        return bool(self.family.KIND == "seq2seq")

    def end_ids(self) -> Ids:
        """Return the tokens that end an answer; raises UserError for a tokenizer that has none."""
        ids = templating.end_ids(self.template, self.tokenizer)
        if not ids:
            found, todo = "a tokenizer without one", "Use a base whose tokenizer has an eos_token."
            raise UserError(expected="a token that ends a text", found=found, todo=todo)
        return ids

    def examples(self, rows: pd.DataFrame) -> list[list[Example]]:
        """Return the examples of each row [ROWS]: one, or several blocks of a raw text."""
        texts = (rows["text"].tolist(), rows["context"].tolist(), rows["label"].tolist())
        sources = [self._source(text, context) for text, context in zip(*texts[:2], strict=True)]
        return [
            self._blocks(source.text) if isinstance(source, Beginning) else [self._example(source, label)]
            for source, label in zip(sources, texts[2], strict=True)
        ]

    def prompts(self, texts: Sequence[str], contexts: Sequence[str]) -> list[Ids]:
        """Return what the model is asked with for each row, short enough that the answer has room in `max_length`."""
        room = self.max_length - (0 if self.has_encoder else self.settings.max_new_tokens)  # type: ignore[attr-defined]
        sources = [self._source(text, context) for text, context in zip(texts, contexts, strict=True)]
        return [self._fitted(source, room)[0] for source in sources]

    def raw(self, texts: Sequence[str], new_tokens: int = 0) -> list[Ids]:
        """Return raw texts as tokens, without a template; where they leave no room for new ones, their ends."""
        return [self._fitted(Beginning(text), max(1, self.max_length - new_tokens))[0] for text in texts]

    def _source(self, text: str, context: str) -> Source:
        source: Source = self.task_type.source(text, context, self.settings)
        return source

    def _example(self, source: Source, completion: str) -> Example:
        """Return an example whose prompt is cut before its completion is, and that only at its end."""
        if self.has_encoder:
            ids, (asked, is_cut) = self._with_specials(completion), self._fitted(source, self.max_length)
            kept = ids[: self.max_length]
            return Example(kept, [True] * len(kept), asked, is_cut or len(kept) < len(ids))
        whole = self._tokens(self._rendered(source, completion))
        if len(whole) <= self.max_length:
            return self._learnt(whole, is_cut=False)
        last = len(whole) - len(self._tokens(self._rendered(source, None)))
        room = max(self.max_length - last, int(PROMPT_SHARE * self.max_length))
        short = self._short(source, room)
        return self._learnt(self._tokens(self._rendered(short, completion))[: self.max_length], is_cut=True)

    def _learnt(self, tokens: list[tuple[int, bool]], *, is_cut: bool) -> Example:
        """Return tokens as an example: what the model writes is learnt, or everything; it ends with what is learnt."""
        everything = getattr(self.settings, "loss_on", "all") == "all"
        learnt = [everything or own for _, own in tokens]
        end = len(learnt) - next((place for place, own in enumerate(reversed(learnt)) if own), 0)
        return Example([token for token, _ in tokens[:end]], learnt[:end], [], is_cut)

    def _fitted(self, source: Source, room: int) -> tuple[Ids, bool]:
        """Return a prompt of at most `room` tokens, and whether it was cut for that."""
        ids = self._prompt(source)
        if len(ids) <= room:
            return ids, False
        return self._prompt(self._short(source, room))[-room:], True

    def _short(self, source: Source, room: int) -> Source:
        """Return the source cut so far that its prompt has at most `room` tokens, or as far as it can be cut."""
        for _ in range(MOST_CUTS):
            length = len(self._prompt(source))
            if length <= room:
                break
            source, whole = source.shortened(SPARE * room / length), source
            if source == whole:
                break
        return source

    def _prompt(self, source: Source) -> Ids:
        """Return what a model is asked with."""
        if self.has_encoder:
            return self._with_specials(self._rendered(source, None).text)
        return [token for token, _ in self._tokens(self._rendered(source, None))]

    def _blocks(self, text: str) -> list[Example]:
        """Return a raw text in blocks of at most `max_length` tokens, its end at the end of the last one."""
        if self.has_encoder:
            todo = "Choose a decoder, such as GPT-2 or Llama."
            raise UserError(expected="a family that goes on with a text", found="an encoder-decoder", todo=todo)
        ids = [token for token, _ in self._tokens(Rendered(text))] + [self.tokenizer.eos_token_id]
        starts = range(0, len(ids), self.max_length)
        return [Example(block := ids[at : at + self.max_length], [True] * len(block), []) for at in starts]

    def _rendered(self, source: Source, completion: str | None) -> Rendered:
        """Return a source as text, with its completion where that is given."""
        if isinstance(source, Beginning):
            return Rendered(source.text)
        if isinstance(source, Conversation):
            turn = [] if completion is None else [{"role": ASSISTANT, "content": completion}]
            return templating.converse(self.template, self.tokenizer, [*source.messages, *turn])
        if self.taught is not None:
            prompt = self.taught.prompt_for(self.template.instruct(*_parts(source)).text)
            said = None if completion is None else self.taught.completion_for(completion)
            return templating.instruct(self.template, self.tokenizer, prompt, "", said)
        parted = self._parted(source)
        return templating.instruct(self.template, self.tokenizer, parted.text, parted.context, completion)

    def _parted(self, source: Instruction) -> Instruction:
        """Return an instruction with what parts a document from the answer, where plain text has nothing else."""
        if not source.is_document or not self._is_plain:
            return source
        if source.context:
            return Instruction(source.text, source.context + PARTING)
        return Instruction(source.text + PARTING)

    @property
    def _is_plain(self) -> bool:
        """Tell whether a model reads on from a prompt to its answer without a break."""
        plain = self.template.instruction == templates.PLAIN.instruction
        return plain and not self.has_encoder and not templating.is_own(self.template, self.tokenizer)

    def _is_bare(self, source: Source) -> bool:
        """Tell whether nothing parts a source from its answer but what the row has."""
        return isinstance(source, Instruction) and not source.is_document and self._is_plain

    def _tokens(self, rendered: Rendered) -> list[tuple[int, bool]]:
        """Return token ids, and for each whether the model writes it; one token of the beginning, never two.

        The pieces of a text are tokens of their own: an answer begins after the very tokens that it is asked with.
        """
        pieces = [(self._joined(text) if place else text, own) for place, (text, own) in enumerate(rendered.pieces)]
        ids = self._ids([text for text, _ in pieces])
        tokens = [(token, own) for piece, (_, own) in zip(ids, pieces, strict=True) for token in piece]
        opening = None if rendered.complete else self._opening
        return tokens if opening is None or tokens[:1] == [(opening, False)] else [(opening, False), *tokens]

    def _joined(self, piece: str) -> str:
        """Return a later piece of a text without the blank that the tokenizer will put before it."""
        return piece.removeprefix(" ") if self._puts_blank else piece

    @cached_property
    def _puts_blank(self) -> bool:
        """Tell whether the tokenizer puts a blank before every text, as SentencePiece does."""
        first = self.tokenizer.convert_ids_to_tokens(self._ids(["a"])[0][:1])
        return bool(first) and first[0].startswith("▁")

    @cached_property
    def _opening(self) -> int | None:
        """Return the token that the tokenizer begins a text with."""
        first = self.tokenizer("")["input_ids"][:1]
        return int(first[0]) if first and first[0] == self.tokenizer.bos_token_id else None

    def _with_specials(self, text: str) -> Ids:
        """Return a text as an encoder reads it or a decoder writes it, with its end."""
        ids = list(self.tokenizer(text)["input_ids"])
        return ids if ids[-1:] == [self.tokenizer.eos_token_id] else [*ids, self.tokenizer.eos_token_id]

    def _ids(self, texts: list[str]) -> list[Ids]:
        """Return the ids of each text without special tokens."""
        encoded = self.tokenizer(texts, add_special_tokens=False, return_attention_mask=False) if texts else {}
        return [list(ids) for ids in encoded.get("input_ids", [])]


def _parts(source: Source) -> tuple[str, str]:
    """Return an instruction and what it is about."""
    return (source.text, source.context) if isinstance(source, Instruction) else ("", "")
