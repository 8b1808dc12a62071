"""A training of MiniLM's size, foretold and then done, in seconds of this process: others' load does not count."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from retune.core import parts
from retune.modeling import bases, forecast, shapes
from tests.modeling.conftest import make_base, make_plan, toy_rows
from tests.modeling.test_train import run
from tests.modeling.tiny import tiny

ERROR = 0.3


@pytest.fixture
def own_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecast, "clock", time.process_time)
    monkeypatch.setattr(time, "monotonic", time.process_time)


def real_base(folder: Path) -> Path:
    """Write a base that is MiniLM's in shape, random in weights and small in words."""
    from transformers import AutoConfig, BertModel

    made = make_base(folder)
    config = AutoConfig.from_pretrained(bases.locate(bases.resolve("bundled:minilm")))
    config.vocab_size = AutoConfig.from_pretrained(made).vocab_size
    torch.manual_seed(3)
    BertModel(config).save_pretrained(made)
    return made


def long_rows(per_label: int, seed: int) -> pd.DataFrame:
    rows = toy_rows(per_label, seed)
    return rows.assign(text=[" ".join([text] * (1 + place % 4)) for place, text in enumerate(rows["text"])])


@pytest.mark.slow
@pytest.mark.case("TR-11")
@pytest.mark.parametrize("method", ["lora", "full"])
def test_seconds_are_foretold_within_30_percent(method: str, own_clock: None, tmp_path: Path) -> None:
    base = real_base(tmp_path / "base")
    asked: dict[str, Any] = {
        "method": method, "epochs": 2, "batch_size": 16, "tuned_shares": [1.0], "checkpoint_seconds": 9999,
        "learning_curve": [], "probe_strengths": [1.0],
    }  # fmt: skip
    rows, others = long_rows(64, 0), long_rows(16, 1)
    needed = forecast.forecast(make_plan(base, **asked), rows, others)
    fitted, _ = run(base, tmp_path, rows, others, **asked)
    measured = fitted.timings["seconds"]
    assert needed.seconds == pytest.approx(measured["train"] + measured["warm_up"], rel=ERROR)
    assert fitted.timings["expected_train_seconds"] == pytest.approx(measured["train"], rel=ERROR)
    assert (needed.steps, needed.trainable) == (fitted.facts["steps"], fitted.facts["parameters_trainable"] - 1155)
    assert needed.tokens == fitted.facts["train_tokens"]


@pytest.mark.case("TR-11")
def test_memory_counts_weights_gradients_moments_and_what_is_kept(tiny_base: Path) -> None:
    plan, rows = make_plan(tiny_base, "full", {"freeze_embeddings": False, "freeze_layers": 0}), toy_rows(8)
    needed = forecast.forecast(plan, rows, toy_rows(4, seed=1))
    weights = sum(tensor.numel() for tensor in plan.family.load(tiny_base)[0].parameters())
    assert (needed.parameters, needed.trainable) == (weights, weights)
    assert 16 * weights < needed.memory_bytes < 16 * weights + 8 * 16 * 32 * 4 * 200, "a step of 8 rows is small"
    parted = replace(plan, params=plan.params.model_copy(update={"gradient_accumulation": 8}))
    assert forecast.forecast(parted, rows, toy_rows(4, seed=1)).memory_bytes < needed.memory_bytes


@pytest.mark.parametrize(
    ("architecture", "family", "task_type", "layers"),
    [("llama", "llama", "text_generation", 2), ("t5", "t5", "summarisation", 4), ("bart", "bart", "summarisation", 4),
     ("albert", "albert", "classification", 2), ("gpt2", "gpt2", "classification", 2)],
)  # fmt: skip
def test_any_architecture_has_a_shape(
    architecture: str, family: str, task_type: str, layers: int, tmp_path: Path
) -> None:
    head = parts.find("retune.modeling.heads", parts.find("retune.modeling.task_types", task_type).HEAD)
    module = parts.find("retune.modeling.families", family)
    folder = tiny(architecture, tmp_path / architecture)
    whole = shapes.shaped(folder, module.KIND, None, **head.LOAD)
    assert {tensor.device.type for tensor in whole.parameters()} == {"meta"}
    assert shapes.depth(whole) == layers
    small = shapes.shaped(folder, module.KIND, 1, **head.LOAD)
    assert shapes.depth(small) == layers // 2
    loaded, _ = module.load(folder, **head.LOAD)
    assert sum(one.numel() for one in whole.parameters()) == sum(one.numel() for one in loaded.parameters())
