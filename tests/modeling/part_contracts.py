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

from retune.core import parts
from retune.core.errors import IntegrityError, UserError
from tests.core.part_contracts import example_of
from tests.modeling.conftest import toy_rows

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


def check_family(name: str, base: Path, place: Path) -> None:
    """Hold a family to: whole weights or an error, vectors that padding does not change, and names of real layers."""
    part = parts.find(FAMILIES, name)
    encoder, tokenizer = part.load(base)
    assert {parameter.dtype for parameter in encoder.parameters()} == {torch.float32}
    assert tokenizer.padding_side == part.PADDING_SIDE
    assert tokenizer.pad_token_id is not None
    assert part.POOLING
    together = part.pool(*outputs(encoder, tokenizer, TEXTS))
    assert (together.dtype, together.shape) == (torch.float32, (len(TEXTS), encoder.config.hidden_size))
    alone = torch.cat([part.pool(*outputs(encoder, tokenizer, [text])) for text in TEXTS])
    torch.testing.assert_close(together, alone, atol=CLOSE, rtol=0)
    empty = part.pool(torch.ones(1, 4, 8), torch.zeros(1, 4, dtype=torch.int64))
    assert torch.isfinite(empty).all()
    assert part.linear_names(encoder)
    assert all(isinstance(encoder.get_submodule(layer), nn.Linear) for layer in part.linear_names(encoder))
    assert isinstance(part.blocks(encoder), nn.ModuleList)
    assert sum(1 for _ in encoder.get_submodule(part.EMBEDDINGS).parameters()) > 0
    with pytest.raises(UserError):
        part.load(without_a_tensor(base, place))


def without_a_tensor(base: Path, place: Path) -> Path:
    """Return a copy of a base whose weights lack a layer's."""
    from safetensors.torch import load_file, save_file

    shutil.copytree(base, place)
    tensors = load_file(place / "model.safetensors")
    tensors.pop(next(name for name in sorted(tensors) if ".layer." in name))
    save_file(tensors, place / "model.safetensors", metadata={"format": "pt"})
    return place


def check_method(name: str, base: Path, out: Path) -> None:
    """Hold a method to: a base unchanged at first, its count of what learns, and files that bring all of it back."""
    part, family = parts.find(METHODS, name), parts.find(FAMILIES, "encoder")
    settings = example_of(part.Settings)
    with pytest.raises(ValidationError):
        part.Settings.model_validate({**settings.model_dump(), "misspelt": 1})
    encoder, tokenizer = family.load(base)
    before, _ = outputs(encoder, tokenizer, TEXTS)
    count = part.trainable_parameters(encoder, family, settings)
    adapted = part.adapt(encoder, family, settings)
    torch.testing.assert_close(outputs(adapted, tokenizer, TEXTS)[0], before, atol=CLOSE, rtol=0)
    learns = [parameter for parameter in adapted.parameters() if parameter.requires_grad]
    assert sum(parameter.numel() for parameter in learns) == count > 0
    start = trainable(adapted)
    torch.manual_seed(4)
    with torch.no_grad():
        for parameter in learns:
            parameter.add_(0.05 * torch.randn_like(parameter))
    after, _ = outputs(adapted, tokenizer, TEXTS)
    assert not torch.allclose(after, before, atol=1e-3)
    check_way(part, adapted, start, lambda: outputs(adapted, tokenizer, TEXTS)[0], before, after)
    out.mkdir()
    part.save(adapted, out, "some-base")
    again = part.load(family.load(base)[0], out)
    torch.testing.assert_close(outputs(again, tokenizer, TEXTS)[0], after, atol=CLOSE, rtol=0)
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
