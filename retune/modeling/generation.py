"""Texts written token by token, the likeliest each time, many rows at once: a row that has ended leaves the batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers import DynamicCache, EncoderDecoderCache

from retune.modeling import batches
from retune.modeling.writer import Writer

BATCH_ROWS = 64  # keys and values of more leave the cache of a processor
BATCH_TOKENS = 1 << 17  # of prompts and answers that a batch keeps keys and values of
LOOKED_EVERY = 8  # steps between two looks for a stop text
Ids = list[int]
Tensor = torch.Tensor


@dataclass
class Answer:
    """The tokens that were written, and how likely each was."""

    ids: Ids = field(default_factory=list)
    probabilities: list[float] = field(default_factory=list)

    @property
    def confidence(self) -> float:
        """Return the mean probability of the tokens, NaN without one."""
        return sum(self.probabilities) / len(self.probabilities) if self.probabilities else float("nan")


@dataclass(frozen=True)
class Greedy:
    """How texts are written: so many tokens at most, until one of the ends, or until `is_over` of them is true."""

    writer: Writer
    pad_id: int
    end_ids: Sequence[int]
    max_new_tokens: int
    is_over: Callable[[Ids], bool] | None = None

    def answers(self, prompts: Sequence[Ids]) -> list[Answer]:
        """Return an answer to each prompt, in their order; ends are counted among its tokens."""
        found = [Answer() for _ in prompts]
        with torch.inference_mode():
            for places in self._batches(prompts):
                self._write([prompts[place] for place in places], [found[place] for place in places])
        return found

    def _batches(self, prompts: Sequence[Ids]) -> Iterator[list[int]]:
        """Yield the places of prompts of like length, the longest first."""
        order = sorted(range(len(prompts)), key=lambda place: (-len(prompts[place]), place))
        start = 0
        while start < len(order):
            rows = BATCH_TOKENS // (len(prompts[order[start]]) + self.max_new_tokens)
            size = max(1, min(BATCH_ROWS, rows))
            yield order[start : start + size]
            start += size

    def _write(self, prompts: list[Ids], answers: list[Answer]) -> None:
        """Write the answers to the prompts of one batch."""
        decoder = _Reading if self.writer.has_encoder else _Going
        state: _Reading | _Going = decoder(self.writer, prompts, self.pad_id)
        ends, going = torch.tensor(list(self.end_ids), device=state.device), list(answers)
        for step in range(1, self.max_new_tokens + 1):
            logits = state.logits()
            tokens = logits.argmax(dim=-1)
            likely = (logits.gather(1, tokens[:, None])[:, 0] - logits.logsumexp(dim=-1)).exp()
            for answer, token, share in zip(going, tokens.tolist(), likely.tolist(), strict=True):
                answer.ids.append(token)
                answer.probabilities.append(share)
            over = torch.isin(tokens, ends)
            if self.is_over and step % LOOKED_EVERY == 0:
                over |= torch.tensor([self.is_over(answer.ids) for answer in going], device=over.device)
            if over.all():
                return
            state.tokens = tokens[:, None]
            if over.any():
                kept = torch.nonzero(~over)[:, 0]
                going = [going[place] for place in kept.tolist()]
                state.keep(kept)


class _Going:
    """A decoder that goes on with prompts.

    They are padded at their ends: reading them needs no mask then, and half the time. A base that sees no more than a
    window of tokens would count padding behind a prompt among them, so it has the padding before.
    """

    def __init__(self, writer: Writer, prompts: list[Ids], pad_id: int) -> None:
        self.writer, self.device = writer, next(writer.parameters()).device
        config = writer.base.config
        self.is_left = getattr(config, "sliding_window", None) is not None
        padded = batches.pad(prompts, pad_id, left=self.is_left)
        self.tokens, self.mask = padded["input_ids"].to(self.device), padded["attention_mask"].to(self.device)
        self.lengths = self.mask.sum(dim=1)
        self.cache: Any = DynamicCache(config=config)

    def logits(self) -> Tensor:
        """Return the logits [rows, vocabulary] of the next token, after reading the newest ones."""
        if self.cache.get_seq_length() == 0:
            return self._read_prompts()
        self.mask = torch.cat([self.mask, self.mask.new_ones(len(self.mask), 1)], dim=1)
        read = self._read(None if self.mask.all() else self.mask, self.lengths[:, None])
        self.lengths = self.lengths + 1
        return self.writer.logits(read[:, -1])

    def _read_prompts(self) -> Tensor:
        """Return the logits after the last token of each prompt."""
        positions = (self.mask.cumsum(dim=1) - 1).clamp(min=0)
        read = self._read(self.mask if self.is_left else None, positions if self.is_left else None)
        last = -torch.ones_like(self.lengths) if self.is_left else self.lengths - 1
        return self.writer.logits(read[torch.arange(len(read), device=self.device), last])

    def _read(self, mask: Tensor | None, positions: Tensor | None) -> Tensor:
        """Return the hidden states of the newest tokens."""
        read = self.writer.base.base_model(
            input_ids=self.tokens, attention_mask=mask, position_ids=positions, past_key_values=self.cache,
            use_cache=True,
        )  # fmt: skip
        hidden: Tensor = read.last_hidden_state
        return hidden

    def keep(self, rows: Tensor) -> None:
        """Go on with some of the rows."""
        self.tokens, self.mask, self.lengths = self.tokens[rows], self.mask[rows], self.lengths[rows]
        self.cache.batch_select_indices(rows)


class _Reading:
    """A decoder that writes from its beginning what an encoder has read."""

    def __init__(self, writer: Writer, prompts: list[Ids], pad_id: int) -> None:
        self.writer, self.device = writer, next(writer.parameters()).device
        padded = batches.pad(prompts, pad_id)
        self.mask = padded["attention_mask"].to(self.device)
        encoder, config = writer.base.get_encoder(), writer.base.config
        self.read = encoder(input_ids=padded["input_ids"].to(self.device), attention_mask=self.mask).last_hidden_state
        start = torch.tensor(config.decoder_start_token_id, device=self.device)
        self.tokens = start.expand(len(prompts), 1)
        self.cache: Any = EncoderDecoderCache(DynamicCache(config=config), DynamicCache(config=config))

    def logits(self) -> Tensor:
        """Return the logits [rows, vocabulary] of the next token, after reading the newest one."""
        written = self.writer.base.get_decoder()(
            input_ids=self.tokens, encoder_hidden_states=self.read, encoder_attention_mask=self.mask,
            past_key_values=self.cache, use_cache=True,
        )  # fmt: skip
        return self.writer.logits(written.last_hidden_state[:, -1])

    def keep(self, rows: Tensor) -> None:
        """Go on with some of the rows."""
        self.tokens, self.mask, self.read = self.tokens[rows], self.mask[rows], self.read[rows]
        self.cache.batch_select_indices(rows)
