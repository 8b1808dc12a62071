"""How an exported model is loaded and asked without this project: what stands on its card, as code that runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

WHOLE, BODY, ADAPTER = "whole", "body", "adapter"
POOLED, TOKEN, SPAN, TEXT = "pooled", "token", "span", "text"
FORMS = {
    WHOLE: "a model of transformers: what was learnt is in its weights.",
    BODY: (
        "a base of transformers, what was learnt is in its weights, and beside it `head.safetensors`: none of "
        "transformers' Auto classes computes what this head computes."
    ),
    ADAPTER: "an adapter of peft over its base, which is not in this folder.",
}


@dataclass(frozen=True)
class Usage:
    """What has to be known to load and ask an exported model."""

    form: str  # WHOLE, BODY or ADAPTER
    kind: str  # of its head
    loader: str  # transformers' class for it, or for the base of an adapter
    is_half: bool  # only the encoder of an encoder-decoder is used
    head: str  # the name of the tensors in head.safetensors, empty where there are none
    page: Mapping[str, Any]  # what the head wrote of itself: labels or tags, temperature, threshold
    max_length: int
    max_new_tokens: int
    prompt: str  # what the model is asked with in place of the first made-up row
    adds_special_tokens: bool  # whether the tokenizer has to, for that
    base: Mapping[str, Any]


def section(usage: Usage) -> str:
    """Return the part of a card that says how the model is loaded and asked, in Markdown."""
    lines = [
        "## How to load it", f"This folder is {FORMS[usage.form]}", f"```python\n{code(usage)}```",
        *_remarks(usage), f"Its base: `{base_id(usage.base)}`, licence: {usage.base.get('licence') or 'not stated'}.",
    ]  # fmt: skip
    return "\n\n".join(lines) + "\n"


def base_id(base: Mapping[str, Any]) -> str:
    """Return the base as the hub names it: one that is bundled has its upstream name before the `@` of its revision."""
    name, revision = str(base["id"]), str(base.get("revision") or "")
    return revision.partition("@")[0] if name.startswith("bundled:") and revision else name


def code(usage: Usage) -> str:
    """Return Python that loads the model from the folder it runs in, and asks it."""
    asking = {POOLED: _pooled, TOKEN: _token, SPAN: _span, TEXT: _text}[usage.kind]
    names = [usage.loader, "AutoTokenizer", *(["GenerationConfig"] * _has_own_generation(usage))]
    loaders = f"from transformers import {', '.join(names)}"
    imports = ["import torch", *(["from peft import PeftModel"] * (usage.form == ADAPTER))]
    imports += ["from safetensors.torch import load_file"] * bool(usage.head)
    lines = [*imports, loaders, "", 'tokenizer = AutoTokenizer.from_pretrained(".")', *_loaded(usage)]
    lines += ['head = load_file("head.safetensors")'] * bool(usage.head)
    return "\n".join([*lines, *asking(usage)]) + "\n"


def _has_own_generation(usage: Usage) -> bool:
    """Tell whether it writes, over a base whose own settings of how to write are others."""
    return usage.form == ADAPTER and usage.kind == TEXT


def _loaded(usage: Usage) -> list[str]:
    place = f'"{base_id(usage.base)}"' if usage.form == ADAPTER else '"."'
    half = ".get_encoder()" if usage.is_half else ""
    lines = [f"model = {usage.loader}.from_pretrained({place}){half}"]
    lines += ['model.generation_config = GenerationConfig.from_pretrained(".")'] * _has_own_generation(usage)
    lines += ['model = PeftModel.from_pretrained(model, ".")'] * (usage.form == ADAPTER)
    return [*lines, "model.eval()", ""]


def _pooled(usage: Usage) -> list[str]:
    return [
        f"batch = tokenizer({usage.prompt!r}, truncation=True, max_length={usage.max_length}, return_tensors='pt')",
        'mask = batch["attention_mask"].unsqueeze(-1)',
        "with torch.no_grad():",
        "    hidden = model(**batch).last_hidden_state",
        "vector = (hidden * mask).sum(1) / mask.sum(1)",
        f"logits = {_headed(usage, 'vector')}",
        f"labels = {list(usage.page['labels'])!r}",
        "print(dict(zip(labels, logits[0].tolist())))",
    ]


def _token(usage: Usage) -> list[str]:
    return [
        f"batch = tokenizer({usage.prompt!r}, truncation=True, max_length={usage.max_length}, return_tensors='pt')",
        *_logits(usage, "logits"),
        f"tags = {list(usage.page['tags'])!r}",
        "print([tags[place] for place in logits[0].argmax(-1)])  # of each token; a word has the tag of its first",
    ]


def _span(usage: Usage) -> list[str]:
    return [
        f"question, passage = {usage.prompt!r}.split('\\n', 1)",
        f"cut = dict(truncation='only_second', max_length={usage.max_length})",
        "batch = tokenizer(question, passage, **cut, return_tensors='pt')",
        *_logits(usage, "start_logits", "end_logits"),
        "begin, end = logits[0].argmax(0).tolist()",
        'print(tokenizer.decode(batch["input_ids"][0, begin : end + 1]))  # nothing where begin and end are 0',
    ]


def _logits(usage: Usage, *names: str) -> list[str]:
    """Return the lines that compute `logits` [1, tokens, outputs]."""
    if usage.head:
        asked = ["    hidden = model(**batch).last_hidden_state", f"    logits = {_headed(usage, 'hidden')}"]
    elif len(names) == 1:
        asked = [f"    logits = model(**batch).{names[0]}"]
    else:
        outputs = ", ".join(f"found.{name}" for name in names)
        asked = ["    found = model(**batch)", f"    logits = torch.stack([{outputs}], dim=-1)"]
    return ["with torch.no_grad():", *asked]


def _headed(usage: Usage, vectors: str) -> str:
    return f'{vectors} @ head["{usage.head}.weight"].T + head["{usage.head}.bias"]'


def _text(usage: Usage) -> list[str]:
    begin = "" if "Seq2Seq" in usage.loader else 'batch["input_ids"].shape[1]'
    return [
        f"prompt = {usage.prompt!r}",
        f"batch = tokenizer(prompt, add_special_tokens={usage.adds_special_tokens}, return_tensors='pt')",
        f"written = model.generate(**batch, do_sample=False, max_new_tokens={usage.max_new_tokens})",
        f"answer = tokenizer.decode(written[0, {begin}:], skip_special_tokens=True)",
        "print(answer)",
    ]


def _remarks(usage: Usage) -> list[str]:
    """Return what the code alone does not say."""
    temperature, threshold = usage.page.get("temperature"), usage.page.get("threshold")
    found = []
    if temperature is not None:
        found.append(f"Confidences are meant after the logits are divided by {float(temperature):.4g}.")
    if threshold is not None:
        found.append(f"Below odds of {float(threshold):.4g} against no answer it is to give none.")
    return found
