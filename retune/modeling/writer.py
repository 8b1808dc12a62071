"""A base that writes, as what a training calls: logits only where there is a loss, and never all of them at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import torch
from torch import nn

from retune.modeling import segments
from retune.modeling.learner import Module

LOGITS = 1 << 23  # at once, in float32: 32 MB; those of a long batch over a vocabulary of 128,000 are gigabytes
Tensor = torch.Tensor
Head = Callable[[Tensor], Tensor]


class Writer(Module):
    """A base with the head that writes text."""

    def __init__(self, body: nn.Module, has_encoder: bool, smoothing: float = 0.0) -> None:
        super().__init__()
        self.body, self.has_encoder, self.smoothing = body, has_encoder, smoothing
        # Gemma 2 bends the scores of its attention, for which transformers has no fast way.
        self.is_flat = not has_encoder and not getattr(self.base.config, "attn_logit_softcapping", None)
        if self.is_flat:
            self.base.set_attn_implementation(segments.NAME)

    @property
    def base(self) -> Any:
        """Return the base as transformers knows it, with what a method put into its layers."""
        body: Any = self.body
        return body.get_base_model() if hasattr(body, "get_base_model") else body

    def forward(self, targets: Tensor, places: Tensor, **inputs: Tensor) -> dict[str, Tensor]:
        """Return the mean loss in nats over the `targets`, which are foretold at `places` of the flattened tokens."""
        hidden = self.hidden(**inputs).flatten(0, 1).index_select(0, places)
        head = [parameter for parameter in self.head_parameters() if parameter.requires_grad]
        total: Tensor = SummedLoss.apply(hidden, targets, self.logits, self.smoothing, *head)  # type: ignore[no-untyped-call]
        return {"loss": total / max(len(targets), 1)}

    def losses(self, targets: Tensor, places: Tensor, **inputs: Tensor) -> Tensor:
        """Return the loss of each target in nats, float32 [targets]."""
        hidden = self.hidden(**inputs).flatten(0, 1).index_select(0, places)
        each = [_each(self.logits(part), aim) for part, aim in _parts(hidden, targets, self.logits)]
        return torch.cat(each) if each else hidden.new_zeros(0, dtype=torch.float32)

    def hidden(self, input_ids: Tensor, **more: Tensor) -> Tensor:
        """Return the last hidden states [rows, tokens, width] of a batch as one of `sheets`.

        A decoder needs no mask of padding at the ends of rows: no token sees what comes after it.
        """
        base = self.base
        if "source_ids" in more:
            mask = more["source_mask"]
            read = base.get_encoder()(input_ids=more["source_ids"], attention_mask=mask).last_hidden_state
            written = base.get_decoder()(
                input_ids=input_ids, encoder_hidden_states=read, encoder_attention_mask=mask, use_cache=False
            )
        elif "shapes" in more:
            arranged = segments.Segments(more["gather"], more["scatter"], more["shapes"].tolist())
            ready = input_ids.new_ones(1, 1, 1, 1)  # a mask of four dimensions is taken as it is: none is made
            written = base.base_model(
                input_ids=input_ids, position_ids=more["position_ids"], attention_mask=ready, segments=arranged,
                use_cache=False,
            )  # fmt: skip
        else:
            written = base.base_model(input_ids=input_ids, use_cache=False)
        return cast("Tensor", written.last_hidden_state)

    def logits(self, hidden: Tensor) -> Tensor:
        """Return the logits [tokens, vocabulary], float32, of hidden states [tokens, width], as the base makes them."""
        base = self.base
        if getattr(base.config, "scale_decoder_outputs", False):  # T5
            hidden = hidden * base.model_dim**-0.5
        logits: Tensor = base.get_output_embeddings()(hidden).float()
        if getattr(base, "final_logits_bias", None) is not None:  # BART
            logits = logits + base.final_logits_bias
        cap = getattr(base.config, "final_logit_softcapping", None)  # Gemma
        return logits if not cap else torch.tanh(logits / cap) * cap

    def head_parameters(self) -> list[nn.Parameter]:
        """Return the parameters of the head, which may be those of the table of token vectors."""
        return list(self.base.get_output_embeddings().parameters())


class SummedLoss(torch.autograd.Function):
    """The summed cross-entropy of hidden states, whose gradients are made with it, part by part: no logits are kept."""

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, targets: Tensor, logits: Head, smoothing: float, *head: Tensor
    ) -> Tensor:  # fmt: skip
        """Return the loss in nats, summed over the targets."""
        total = torch.zeros((), device=hidden.device)
        of_hidden, of_head = [hidden[:0]], [torch.zeros_like(parameter) for parameter in head]
        for part, aim in _parts(hidden, targets, logits):
            with torch.enable_grad():
                own = part.detach().requires_grad_()
                loss = _each(logits(own), aim, smoothing).sum()
                found = torch.autograd.grad(loss, [own, *head])
            total += loss.detach()
            of_hidden.append(found[0])
            of_head = [before + more for before, more in zip(of_head, found[1:], strict=True)]
        ctx.save_for_backward(torch.cat(of_hidden), *of_head)
        return total

    @staticmethod
    def backward(ctx: Any, *of_loss: Tensor) -> Any:
        """Return the gradients of hidden states and head."""
        of_hidden, *of_head = (of_loss[0] * gradient for gradient in ctx.saved_tensors)
        return of_hidden, None, None, None, *of_head


def _parts(hidden: Tensor, targets: Tensor, logits: Head) -> list[tuple[Tensor, Tensor]]:
    """Return hidden states and targets in parts whose logits may stand in memory."""
    if not len(targets):
        return []
    with torch.no_grad():
        vocabulary = logits(hidden[:1]).shape[-1]
    size = max(1, LOGITS // vocabulary)
    return list(zip(torch.split(hidden, size), torch.split(targets, size), strict=True))


def _each(logits: Tensor, targets: Tensor, smoothing: float = 0.0) -> Tensor:
    """Return the loss of each target in nats."""
    return nn.functional.cross_entropy(logits, targets, reduction="none", label_smoothing=smoothing)
