"""A model as a folder that others' tools load: merged into ordinary weights, or an adapter in peft's format."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from safetensors.torch import save_file

from retune.core import parts
from retune.core.errors import UserError
from retune.core.usage import ADAPTER, BODY, SPAN, TEXT, TOKEN, WHOLE, Usage, base_id
from retune.modeling import adapters, bases, folder, linear, needs
from retune.modeling.heads.text import scribe_of
from retune.modeling.stacks import OFFLINE, WITH_HEAD

AUTO = {TOKEN: "AutoModelForTokenClassification", SPAN: "AutoModelForQuestionAnswering"}
CLOSE = 1e-4  # on logits in float32


@dataclass(frozen=True)
class Opened:
    """A model folder, loaded: the body as it was tuned, and the tensors of its head where it has one."""

    page: folder.Page
    task_type: ModuleType
    family: ModuleType
    method: ModuleType
    base: Path
    body: Any
    tokenizer: Any
    head: dict[str, torch.Tensor]

    @property
    def kind(self) -> str:
        """Return which head it is."""
        return str(self.task_type.HEAD)

    @property
    def is_half(self) -> bool:
        """Tell whether the body is the encoder of an encoder-decoder."""
        return bool(self.family.KIND == "seq2seq" and self.kind != TEXT)

    @property
    def head_name(self) -> str:
        """Return what transformers calls such a head: over a decoder, that of labels is its `score`."""
        if self.kind == SPAN:
            return "qa_outputs"
        return "score" if self.family.KIND == "causal" else "classifier"


def write(model: Path, out: Path, *, merged: bool) -> Usage:
    """Write a model folder so that transformers, or peft, loads it; returns how, for its card.

    `merged` puts what was learnt into the base's own weights; what is no adapter is there already. Where one of
    transformers' Auto classes computes the same as the head, found by comparing, that is what the folder loads as; else
    the base is, with the head's tensors beside it.
    """
    opened = open_model(model)
    opened.tokenizer.save_pretrained(out)
    if (model / adapters.FOLDER).is_dir() and not merged:
        form, loader = ADAPTER, WITH_HEAD[opened.family.KIND] if opened.kind == TEXT else "AutoModel"
        _copy_adapter(model, out, base_id(opened.page.base.as_dict()))
        if opened.kind == TEXT:
            _greedy(opened, opened.body.config).save_pretrained(out)
    else:
        form, loader = _write_merged(opened, out)
    if form != WHOLE and opened.head:
        tensors = {f"{opened.head_name}.{name}": tensor for name, tensor in opened.head.items()}
        save_file(tensors, out / linear.HEAD, metadata={"format": "pt"})
    return _usage(opened, form, loader)


def open_model(model: Path) -> Opened:
    """Load a model folder over its base, on this machine's processor; UserError for one that a service keeps."""
    page = folder.read_page(model)
    if page.base.hosted is not None:
        todo = "Ask the service for it."
        raise UserError(expected="a model whose weights are here", found=f"one of {page.base.id}", todo=todo)
    task_type, family, method = (
        parts.find(f"retune.modeling.{kind}", name)
        for kind, name in (("task_types", page.task_type), ("families", page.family), ("methods", page.method))
    )
    needs.check(method.NEEDS)
    place = bases.locate(page.base)
    body, tokenizer = family.load(place, **parts.find("retune.modeling.heads", task_type.HEAD).LOAD)
    body = method.load(body, model).eval()
    head = linear.state(model / linear.HEAD) if (model / linear.HEAD).is_file() else {}
    return Opened(page, task_type, family, method, place, body, tokenizer, head)


def _copy_adapter(model: Path, out: Path, base: str) -> None:
    """Copy an adapter, and name its base as the hub does."""
    config = json.loads((model / adapters.FOLDER / adapters.CONFIG).read_text(encoding="utf-8"))
    folder.write_json(out / adapters.CONFIG, {**config, "base_model_name_or_path": base})
    shutil.copyfile(model / adapters.FOLDER / adapters.WEIGHTS, out / adapters.WEIGHTS)


def _write_merged(opened: Opened, out: Path) -> tuple[str, str]:
    """Write the merged model; return its form and the class of transformers that loads it."""
    from transformers import AutoConfig, AutoModel

    body, config = opened.method.merge(opened.body).cpu(), AutoConfig.from_pretrained(opened.base, **OFFLINE)
    if opened.kind == TEXT:
        body.config, form, loader = config, WHOLE, WITH_HEAD[opened.family.KIND]
        body.generation_config = _greedy(opened, config)
    elif (whole := _with_head(opened, body, config)) is not None:
        body, form, loader = whole, WHOLE, AUTO[opened.kind]
    else:
        body.config, form, loader = config, BODY, "AutoModel"
    if opened.is_half:  # no Auto class loads half of a base
        both = AutoModel.from_pretrained(opened.base, dtype="float32", use_safetensors=True, **OFFLINE)
        both.get_encoder().load_state_dict(body.state_dict())
        body = both
    body.save_pretrained(out)
    return form, loader


def _with_head(opened: Opened, body: Any, config: Any) -> Any | None:
    """Return the body under transformers' own head for it, None where that is none or computes something else."""
    import transformers

    if opened.kind not in AUTO or opened.is_half:
        return None
    names = opened.page.head.get("tags")
    if names is not None:
        config.id2label, config.label2id = dict(enumerate(names)), {name: place for place, name in enumerate(names)}
    try:
        whole = getattr(transformers, AUTO[opened.kind]).from_config(config).eval()
    except ValueError:  # it knows no such head for this architecture
        return None
    inner, head = getattr(whole, whole.base_model_prefix, None), getattr(whole, opened.head_name, None)
    if inner is None or head is None or set(inner.state_dict()) != set(body.state_dict()):
        return None
    inner.load_state_dict(body.state_dict())
    head.load_state_dict(opened.head)
    return whole if _computes_alike(whole, opened, body) else None


def _computes_alike(whole: Any, opened: Opened, body: Any) -> bool:
    """Tell whether a model of transformers gives the logits of our head to the task type's made-up rows."""
    for example in opened.task_type.EXAMPLE:
        asked = [example[column] for column in opened.task_type.COLUMNS]
        batch = opened.tokenizer(*asked, return_tensors="pt")
        with torch.no_grad():
            ours = torch.nn.functional.linear(body(**batch).last_hidden_state, **opened.head)
            found = whole(**batch)
        theirs = found.logits if opened.kind == TOKEN else torch.stack([found.start_logits, found.end_logits], dim=-1)
        if float((ours - theirs).abs().max()) > CLOSE:
            return False
    return True


def _greedy(opened: Opened, config: Any) -> Any:
    """Return settings by which transformers writes as we do: the likeliest token, up to the end of an answer."""
    from transformers import GenerationConfig

    return GenerationConfig(  # type: ignore[no-untyped-call]
        do_sample=False, pad_token_id=opened.tokenizer.pad_token_id,
        eos_token_id=scribe_of(opened.page, opened.tokenizer).end_ids(),
        bos_token_id=config.bos_token_id, decoder_start_token_id=getattr(config, "decoder_start_token_id", None),
    )  # fmt: skip


def _usage(opened: Opened, form: str, loader: str) -> Usage:
    """Return how the exported model is loaded and asked."""
    page = opened.page
    prompt, adds = _prompt(opened)
    return Usage(
        form=form, kind=opened.kind, loader=loader, is_half=opened.is_half,
        head=opened.head_name if form != WHOLE and opened.head else "", page=page.head, max_length=page.max_length,
        max_new_tokens=int(page.task_settings.get("max_new_tokens", 0)), prompt=prompt, adds_special_tokens=adds,
        base=page.base.as_dict(),
    )  # fmt: skip


def _prompt(opened: Opened) -> tuple[str, bool]:
    """Return what is asked of the first made-up row as text, and whether the tokenizer adds special tokens to it."""
    example, tokenizer = opened.task_type.EXAMPLE[0], opened.tokenizer
    if opened.kind != TEXT:
        return "\n".join(example[column] for column in opened.task_type.COLUMNS), True
    ids = scribe_of(opened.page, opened.tokenizer).prompts([example["text"]], [example["context"]])[0]
    bare = tokenizer.decode(ids, skip_special_tokens=True)
    adds = tokenizer(bare)["input_ids"] == ids
    return (bare if adds else tokenizer.decode(ids)), adds
