"""What each kind of part of the modeling room promises, one function per kind, checked on a tiny random BERT."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from retune.core import parts
from retune.core.errors import IntegrityError, UserError
from retune.modeling import needs, templating
from tests.core.part_contracts import example_of
from tests.modeling.conftest import toy_rows
from tests.modeling.tiny import tiny

TASK_TYPES, FAMILIES, METHODS = (f"retune.modeling.{kind}" for kind in ("task_types", "families", "methods"))
TEXTS = ["print paper", "pay slip bank wage month again please", "door"]
CLOSE = 1e-5


def outputs(encoder: nn.Module, tokenizer: Any, texts: list[str]) -> tuple[Tensor, Tensor]:
    """Return hidden states [texts, tokens, width] without dropout, and the mask [texts, tokens]."""
    batch = tokenizer(texts, padding=True, return_tensors="pt")
    with torch.no_grad():
        hidden = encoder.eval()(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
    return hidden.last_hidden_state, batch["attention_mask"]


def check_task_type(name: str) -> None:
    """Hold a task type to: known head, target, metrics and floors, made-up examples, and what its head asks of it."""
    part = parts.find(TASK_TYPES, name)
    assert part.COLUMNS in (("text",), ("text", "context"))
    assert part.HEAD in parts.names("retune.modeling.heads")
    assert part.METRICS
    assert {part.PRIMARY, *part.METRICS} <= set(parts.names("retune.core.metrics"))
    assert len(part.EXAMPLE) >= 1
    for row in part.EXAMPLE:
        assert set(row) == {"text", "context"}
        assert all(row[column].strip() for column in part.COLUMNS)
    assert part.Settings.model_config["frozen"]
    if part.TARGET == "label":
        check_labels(part)


def check_labels(part: ModuleType) -> None:
    """Hold a task type of one label to: labels that come back from what encodes them."""
    rows = toy_rows(3)
    known = part.labels_of(rows)
    assert known == part.labels_of(rows.sample(frac=1, random_state=2))
    assert sorted(known) == sorted(set(rows["label"]))
    codes = part.encode(known, known)
    assert sorted(codes) == list(range(len(known)))
    assert part.encode(["never seen"], known)[0] == part.UNKNOWN == -100  # what torch's losses leave out
    sure = np.where(codes[:, None] == np.arange(len(known)), 30.0, -30.0).astype(np.float32)
    answers = part.decode(sure, known)
    assert list(answers.columns) == ["prediction", "confidence"]
    assert list(answers["prediction"]) == known
    drawn = part.decode(np.random.default_rng(1).normal(size=(50, len(known))).astype(np.float32), known)
    for found in (answers, drawn):
        assert found["confidence"].between(0, 1).all()
    assert set(drawn["prediction"]) <= set(known)
    none = part.decode(np.zeros((0, len(known)), np.float32), known)
    pd.testing.assert_series_equal(none.dtypes, answers.dtypes)


def family_cases() -> list[tuple[str, str]]:
    """Return each family with each architecture that it takes."""
    found = parts.load_all(FAMILIES)
    return [(name, architecture) for name, part in found.items() for architecture in part.ARCHITECTURES]


def check_family(name: str, architecture: str, place: Path) -> None:
    """Hold a family to: whole weights of its architectures or an error, steady vectors, and layers in their order."""
    part, base = parts.find(FAMILIES, name), tiny(architecture, place / architecture)
    assert part.KIND in ("encoder", "causal", "seq2seq")
    assert part.HEADS
    check_bare_base(part, base)
    if "text" in part.HEADS:
        check_base_that_writes(part, base)
    with pytest.raises(UserError, match="architectures"):
        part.load(tiny("llama" if part.KIND == "encoder" else "bert", place / "other"))
    with pytest.raises(UserError, match="missing"):
        part.load(without_a_tensor(base))


def check_bare_base(part: Any, base: Path) -> None:
    """Hold hidden states to: padding and training mode change none, and the layers are those that make them."""
    body, tokenizer = part.load(base)
    assert not body.training
    assert {parameter.dtype for parameter in body.parameters()} == {torch.float32}
    assert (tokenizer.padding_side, tokenizer.pad_token_id is None) == ("right", False)
    assert part.POOLING
    together = part.pool(*outputs(body, tokenizer, TEXTS))
    assert (together.dtype, together.shape) == (torch.float32, (len(TEXTS), body.config.hidden_size))
    alone = torch.cat([part.pool(*outputs(body, tokenizer, [text])) for text in TEXTS])
    torch.testing.assert_close(together, alone, atol=CLOSE, rtol=0)
    assert torch.isfinite(part.pool(torch.ones(1, 4, 8), torch.zeros(1, 4, dtype=torch.int64))).all()
    with torch.no_grad():
        noisy = body.train()(**tokenizer(TEXTS, padding=True, return_tensors="pt")).last_hidden_state
    torch.testing.assert_close(noisy, outputs(body, tokenizer, TEXTS)[0], atol=CLOSE, rtol=0)
    check_layers(part, body, lambda: outputs(body, tokenizer, TEXTS))


def check_layers(part: Any, body: nn.Module, answer: Any) -> None:
    """Hold the blocks to being passed in their order, and LoRA's targets to being all of the layers in them."""
    passed: list[int] = []
    blocks = part.blocks(body)
    assert isinstance(blocks, nn.ModuleList)
    for place, block in enumerate(blocks):
        block.register_forward_hook(lambda *_, place=place: passed.append(place))
    answer()
    assert list(dict.fromkeys(passed)) == list(range(len(blocks)))
    targets = {id(body.get_submodule(name)) for name in part.linear_names(body)}
    assert targets == {id(module) for module in blocks.modules() if isinstance(module, (nn.Linear, Conv1D))} != set()
    in_blocks = {id(parameter) for parameter in blocks.parameters()}
    table = {id(parameter) for parameter in part.embeddings(body).parameters()}
    assert id(body.get_input_embeddings().weight) in table  # type: ignore[operator]
    assert not table & in_blocks


def check_base_that_writes(part: Any, base: Path) -> None:
    """Hold a base with its head to: the same text in a batch as alone, an end, and no correction of the head."""
    body, tokenizer = part.load(base, with_lm_head=True)
    assert tokenizer.padding_side == part.PADDING_SIDE == ("left" if part.KIND == "causal" else "right")
    assert {parameter.dtype for parameter in body.parameters()} == {torch.float32}
    head = body.get_output_embeddings()
    assert id(head) not in {id(body.get_submodule(name)) for name in part.linear_names(body)}
    assert part.embeddings(body) is body.get_input_embeddings()
    if body.config.tie_word_embeddings:
        assert head.weight is body.get_input_embeddings().weight
    assert part.TEMPLATE.kind in ("plain", "alpaca", "vicuna", "chat")
    assert templating.end_ids(part.TEMPLATE, tokenizer)
    check_layers(part, body, lambda: written(body, tokenizer, TEXTS))
    assert written(body, tokenizer, TEXTS) == [written(body, tokenizer, [text])[0] for text in TEXTS]


def written(body: Any, tokenizer: Any, texts: list[str]) -> list[list[int]]:
    """Return the ids of what the base writes after each text, five tokens at most."""
    batch = tokenizer(texts, padding=True, return_tensors="pt")
    ids = body.generate(**batch, max_new_tokens=5, do_sample=False)
    return [row[-5:] for row in ids.tolist()]


def without_a_tensor(base: Path) -> Path:
    """Return a copy of a base whose weights lack a layer's."""
    from safetensors.torch import load_file, save_file

    place = base.with_name(f"{base.name}-torn")
    shutil.copytree(base, place)
    tensors = load_file(place / "model.safetensors")
    tensors.pop(next(name for name in sorted(tensors) if re.search(r"\.\d+\.", name)))
    save_file(tensors, place / "model.safetensors", metadata={"format": "pt"})
    return place


def check_method(name: str, base: Path, out: Path) -> None:
    """Hold a method to: a base unchanged at first, its count of what learns, and files that bring all of it back."""
    part, family = parts.find(METHODS, name), parts.find(FAMILIES, "encoder")
    settings = example_of(part.Settings)
    with pytest.raises(ValidationError):
        part.Settings.model_validate({**settings.model_dump(), "misspelt": 1})
    if not hasattr(part, "adapt"):
        return  # it tunes elsewhere: tests/modeling/test_hosted.py
    try:
        needs.check(part.NEEDS)
    except UserError:
        return  # no machine to hold it on: it says so itself before anything is loaded
    encoder, tokenizer = family.load(base)
    before, _ = outputs(encoder, tokenizer, TEXTS)
    count = part.trainable_parameters(encoder, family, settings)
    adapted = part.adapt(encoder, family, settings)
    torch.testing.assert_close(outputs(adapted, tokenizer, TEXTS)[0], before, atol=CLOSE, rtol=0)
    learns = [parameter for parameter in adapted.parameters() if parameter.requires_grad]
    assert sum(parameter.numel() for parameter in learns) == count
    out.mkdir()
    if not count:
        part.save(adapted, out, "some-base")
        assert not list(out.iterdir())
        return
    start = trainable(adapted)
    torch.manual_seed(4)
    with torch.no_grad():
        for parameter in learns:
            parameter.add_(0.05 * torch.randn_like(parameter))
    after, _ = outputs(adapted, tokenizer, TEXTS)
    assert not torch.allclose(after, before, atol=1e-3)
    check_way(part, adapted, start, lambda: outputs(adapted, tokenizer, TEXTS)[0], before, after)
    part.save(adapted, out, "some-base")
    again = part.load(family.load(base)[0], out)
    torch.testing.assert_close(outputs(again, tokenizer, TEXTS)[0], after, atol=CLOSE, rtol=0)
    merged = part.merge(again)
    assert type(merged) is type(family.load(base)[0])
    torch.testing.assert_close(outputs(merged, tokenizer, TEXTS)[0], after, atol=CLOSE, rtol=0)
    check_files(out, base)
    spoil(out)
    with pytest.raises(IntegrityError):
        part.load(family.load(base)[0], out)


def trainable(module: nn.Module) -> dict[str, Tensor]:
    """Return a copy of what learns."""
    return {name: tensor.detach().clone() for name, tensor in module.named_parameters() if tensor.requires_grad}


def check_way(
    part: Any, adapted: nn.Module, start: dict[str, Tensor], answer: Any, before: Tensor, after: Tensor
) -> None:
    """Hold `interpolate` to both ends of the way, and to something else between them; the module stays as it was."""
    tuned = trainable(adapted)
    for share, expected in ((1.0, after), (1e-6, before)):
        adapted.load_state_dict(part.interpolate(start, tuned, share), strict=False)
        torch.testing.assert_close(answer(), expected, atol=1e-3, rtol=0)
    adapted.load_state_dict(part.interpolate(start, tuned, 0.5), strict=False)
    assert min((answer() - end).abs().max() for end in (before, after)) > 1e-3
    adapted.load_state_dict(tuned, strict=False)


def check_files(out: Path, base: Path) -> None:
    """Hold what a method saved to: safetensors and JSON alone, and no path of this machine."""
    files = [path for path in out.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} <= {".safetensors", ".json"}
    assert any(path.suffix == ".safetensors" for path in files)
    for path in files:
        assert not re.search(re.escape(str(base)).encode(), path.read_bytes())


def spoil(out: Path) -> None:
    """Add a tensor to what was saved that no base knows."""
    from safetensors.torch import load_file, save_file

    path = next(out.rglob("*.safetensors"))
    save_file({**load_file(path), "strange.weight": torch.zeros(2)}, path, metadata={"format": "pt"})
