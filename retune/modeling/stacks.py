"""Encoders, decoders and both, loaded whole or not at all; a family says which, and what it is made for."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retune.core.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor, nn

WITH_HEAD = {"causal": "AutoModelForCausalLM", "seq2seq": "AutoModelForSeq2SeqLM"}
UNUSED = ("pooler.",)  # the head of next-sentence prediction: not read by mean pooling, often absent from weights
INPUTS = ("input_ids", "token_type_ids", "attention_mask")
OFFLINE: dict[str, Any] = {"trust_remote_code": False, "local_files_only": True}
TODO = "Use another base, or export it anew."


def load(
    folder: Path, kind: str, architectures: Sequence[str], padding_side: str, *, with_lm_head: bool = False
) -> tuple[nn.Module, Any]:
    """Return a base in float32, in eval mode and without dropout, and its tokenizer, which can always pad.

    Bare, it gives hidden states (of an encoder-decoder, its encoder's) and pads right; `with_lm_head` it writes text,
    and pads as is told. UserError for another architecture, and for weights that are missing or do not fit.
    """
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    config = _config(folder, architectures)
    body: Any = _weights(folder, config, _class(kind, with_lm_head=with_lm_head))
    if kind == "seq2seq" and not with_lm_head:
        body = body.get_encoder()
    if getattr(body, "pooler", None) is not None:
        body.pooler = None
    tokenizer = _tokenizer(folder, body)
    tokenizer.padding_side = padding_side if with_lm_head else "right"
    if with_lm_head:
        body.generation_config.pad_token_id = tokenizer.pad_token_id
    return body, tokenizer


def mean(hidden: Tensor, mask: Tensor) -> Tensor:
    """Return the mean over the real tokens: [rows, tokens, width] and [rows, tokens] give [rows, width] in float32."""
    weights = mask.unsqueeze(-1).float()
    return (hidden.float() * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)


def blocks(body: nn.Module) -> nn.ModuleList:
    """Return the layers from the input up, an encoder's before its decoder's; layers that share weights are one."""
    from torch import nn

    lists: dict[str, nn.ModuleList] = {}
    for name, module in body.named_modules():
        if isinstance(module, nn.ModuleList) and not name.startswith(tuple(f"{outer}." for outer in lists)):
            lists[name] = module
    return nn.ModuleList([block for stack in lists.values() for block in stack])


def linear_names(body: nn.Module) -> list[str]:
    """Return the names of all linear layers in the blocks: what LoRA adapts, never the head that writes text.

    GPT-2's are transformers' Conv1D, whose weights are [inputs, outputs].
    """
    from torch import nn
    from transformers.pytorch_utils import Conv1D

    inside = {id(module) for module in blocks(body).modules() if isinstance(module, (nn.Linear, Conv1D))}
    return [name for name, module in body.named_modules() if id(module) in inside]


def embeddings(body: Any) -> nn.Module:
    """Return the table of token vectors of a base with or without its head."""
    table: nn.Module = body.get_input_embeddings()
    return table


def input_tables(encoder: nn.Module) -> nn.Module:
    """Return the tables of token vectors and positions of an encoder such as BERT."""
    return encoder.get_submodule("embeddings")


def _class(kind: str, *, with_lm_head: bool) -> Any:
    """Return which of transformers' classes loads the stack."""
    import transformers

    if with_lm_head and kind not in WITH_HEAD:
        todo = "Choose another family for a task type that answers with text."
        raise UserError(expected="a family that writes text", found=f"one of the kind {kind}", todo=todo)
    return getattr(transformers, WITH_HEAD[kind] if with_lm_head else "AutoModel")


def _config(folder: Path, architectures: Sequence[str]) -> Any:
    """Return the base's settings with every dropout at 0: how much of it a training wants is a setting of that."""
    from transformers import AutoConfig

    with _readable(folder):
        config = AutoConfig.from_pretrained(folder, **OFFLINE)
    if config.model_type not in architectures:
        todo = f"Set `family` to a file of retune/modeling/families whose ARCHITECTURES have {config.model_type}."
        found = f"{config.model_type} in {folder.name}"
        raise UserError(expected=f"one of the architectures {', '.join(architectures)}", found=found, todo=todo)
    for name, value in config.to_dict().items():
        if "drop" in name and isinstance(value, float):
            setattr(config, name, 0.0)
    config.use_cache = False
    return config


def _weights(folder: Path, config: Any, loader: Any) -> Any:
    """Return the base with all of its weights; a head tied to the table of token vectors needs none of its own."""
    with _readable(folder):
        body, info = loader.from_pretrained(
            folder, config=config, dtype="float32", use_safetensors=True, output_loading_info=True, **OFFLINE
        )
    missing = sorted(name for name in info["missing_keys"] if not name.startswith(UNUSED))
    if missing:
        found = f"{len(missing)} of them missing, such as {missing[0]}"
        raise UserError(expected=f"all weights of {folder.name}", found=found, todo=TODO)
    return body


def tokenizer_of(folder: Path) -> Any:
    """Return the tokenizer of a base, which can always pad; no weights are loaded."""
    from transformers import AutoTokenizer
    from transformers.utils import logging

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # longer texts than a model reads are counted here
    with _readable(folder):
        tokenizer = AutoTokenizer.from_pretrained(folder, **OFFLINE)
    tokenizer.pad_token = _padding(tokenizer, folder)
    return tokenizer


def _tokenizer(folder: Path, body: Any) -> Any:
    """Return the tokenizer, which gives what the base takes, and knows no token that the base does not."""
    tokenizer = tokenizer_of(folder)
    rows = body.get_input_embeddings().num_embeddings
    if len(tokenizer) > rows:
        found = f"a tokenizer of {len(tokenizer)}"
        raise UserError(expected=f"{rows} tokens, as {folder.name} has vectors", found=found, todo=TODO)
    taken = set(inspect.signature(body.forward).parameters)
    if int(getattr(body.config, "type_vocab_size", 0)) < 2:
        taken.discard("token_type_ids")
    tokenizer.model_input_names = [name for name in INPUTS if name in taken]
    return tokenizer


def _padding(tokenizer: Any, folder: Path) -> str:
    """Return the token that pads: its own, the unknown one, or the end of the text where there is no other.

    Then only lengths tell padding from an end that is learnt.
    """
    ends = (tokenizer.eos_token, tokenizer.bos_token)
    unknown = None if tokenizer.unk_token in ends else tokenizer.unk_token
    found: str | None = next((token for token in (tokenizer.pad_token, unknown, *ends) if token), None)
    if found is None:
        raise UserError(
            expected=f"a tokenizer with special tokens in {folder.name}",
            found="none of them: nothing can pad",
            todo=TODO,
        )
    return found


@contextmanager
def _readable(folder: Path) -> Iterator[None]:
    """Turn what transformers raises for files that do not fit together into a UserError."""
    from huggingface_hub.errors import StrictDataclassError
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, ValueError, RuntimeError, LookupError, TypeError, StrictDataclassError, SafetensorError) as error:
        found = f"{type(error).__name__}: {str(error).strip()[:300]}"
        expected = f"a base in {folder.name} whose files fit together"
        raise UserError(expected=expected, found=found, todo=TODO) from error
