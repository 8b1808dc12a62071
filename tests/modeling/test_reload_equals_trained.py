"""What was saved answers as what was trained, whatever is tuned by what: the field's commonest silent fault is lost."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from retune.core import parts
from retune.core.errors import IntegrityError, UserError
from retune.io import logged_model
from retune.modeling import adapters, bases, folder, linear, needs, predictor, stacks
from retune.modeling.reload import TOLERANCE, compared
from tests.modeling.conftest import METHOD_SETTINGS
from tests.modeling.whole_ways import FAMILIES, HEADS, METHODS, TASK_TYPES, Tuned, Way, part, tuned

FIRST = {"pooled": "encoder", "token": "encoder", "span": "encoder", "text": "llama"}  # of each head, a family


def trains_here(method: str) -> bool:
    """Tell whether this machine can train by a method; what cannot be trained here is not reloaded here."""
    if method not in METHOD_SETTINGS:
        return False  # it trains elsewhere
    try:
        needs.check(part(METHODS, method).NEEDS)
    except UserError:
        return False
    return True


def ways() -> list[Any]:
    """Return all that can be tuned; quick are all pairs of task type with method and of head or method with family."""
    names = (
        parts.names(TASK_TYPES),
        parts.names(FAMILIES),
        [name for name in parts.names(METHODS) if trains_here(name)],
    )
    found: list[Any] = []
    seen: set[tuple[str, str]] = set()
    for way in itertools.starmap(Way, itertools.product(*names)):
        head = part(TASK_TYPES, way.task_type).HEAD
        if head not in part(FAMILIES, way.family).HEADS or is_refused(way, head):
            continue
        pairs = {(way.task_type, way.method if way.family == FIRST[head] else ""), (head, way.family)}
        is_quick = bool(way.method == "lora" or way.family == FIRST[head]) and not pairs <= seen
        seen |= pairs if is_quick else set()
        found.append(pytest.param(way, id=str(way), marks=() if is_quick else pytest.mark.slow))
    return found


def is_refused(way: Way, head: str) -> bool:
    """Tell whether training refuses it: a head that is part of the base alone, and raw text for an encoder-decoder."""
    raw = part(TASK_TYPES, way.task_type).TARGET == "nothing"
    return (head, way.method) == ("text", "head") or (raw and part(FAMILIES, way.family).KIND == "seq2seq")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ways")


def difference(numbers: Any, other: Any) -> float:
    """Return the largest difference of two tables of numbers, infinite where their shapes differ."""
    return float(np.abs(numbers - other).max()) if numbers.shape == other.shape else float("inf")


@pytest.mark.case("TR-3")
@pytest.mark.parametrize("way", ways())
def test_what_is_reloaded_and_what_is_merged_answer_as_what_was_trained(way: Way, place: Path) -> None:
    model = tuned(way, place)
    assert difference(model.numbers, model.before) > 100 * TOLERANCE, "a model that learnt nothing would reload alike"
    loaded = predictor.load(model.out)
    assert difference(loaded.reference(model.examples), model.numbers) <= TOLERANCE
    loaded.module.body = part(METHODS, way.method).merge(loaded.module.body)
    assert difference(loaded.reference(model.examples), model.numbers) <= TOLERANCE


HEAD_WAYS = [Way(*names) for names in (
    ("classification", "encoder", "lora"), ("entity_recognition", "albert", "dora"),
    ("question_answering", "bart", "full"), ("text_generation", "alpaca", "lora"),
)]  # fmt: skip


def test_every_head_is_among_those_that_are_held_whole() -> None:
    assert {part(TASK_TYPES, way.task_type).HEAD for way in HEAD_WAYS} == set(parts.names(HEADS))


@pytest.mark.case("TR-3")
@pytest.mark.parametrize("way", HEAD_WAYS, ids=str)
def test_a_registered_model_answers_as_what_was_trained(way: Way, tmp_path: Path) -> None:
    model = tuned(way, tmp_path)
    base = model.learner.bench.plan.base.as_dict()
    columns = model.learner.bench.plan.task_type.COLUMNS
    shown = [{name: row[name] for name in columns} for row in model.examples]
    logged_model.write(tmp_path / "logged", model=model.out, base=base, examples=shown)
    found = compared(tmp_path / "logged")
    assert found["is_equal"], found


def zeroed(path: Path, name: str) -> None:
    """Put zeros in place of the tensors whose name holds this one."""
    tensors = load_file(path)
    assert any(name in key for key in tensors)
    save_file({key: value * 0 if name in key else value for key, value in tensors.items()}, path, {"format": "pt"})


def reloaded(model: Tuned) -> float:
    """Return how far the numbers of a model's folder are from those of the model in memory."""
    return difference(predictor.load(model.out).reference(model.examples), model.numbers)


@pytest.mark.case("TR-3")
@pytest.mark.parametrize("way", HEAD_WAYS[:3], ids=str)
def test_a_lost_head_is_seen(way: Way, tmp_path: Path) -> None:
    model = tuned(way, tmp_path)
    assert reloaded(model) <= TOLERANCE
    zeroed(model.out / linear.HEAD, "weight")
    assert reloaded(model) > TOLERANCE


@pytest.mark.case("TR-3")
@pytest.mark.parametrize("way", [HEAD_WAYS[0], HEAD_WAYS[1], HEAD_WAYS[3]], ids=str)
def test_a_lost_adapter_is_seen(way: Way, tmp_path: Path) -> None:
    model = tuned(way, tmp_path)
    zeroed(model.out / adapters.FOLDER / adapters.WEIGHTS, "lora_B")
    assert reloaded(model) > TOLERANCE


def change_page(model: Tuned, **changes: Any) -> None:
    """Write other values into the page of a model's folder."""
    page = json.loads((model.out / folder.PAGE).read_text(encoding="utf-8"))
    page = {name: {**value, **changes[name]} if name in changes else value for name, value in page.items()}
    folder.write_json(model.out / folder.PAGE, page)


@pytest.mark.case("TR-3")
@pytest.mark.parametrize("task_type", ["text_generation", "chat"])
def test_a_wrong_template_is_seen(task_type: str, tmp_path: Path) -> None:
    model = tuned(Way(task_type, "alpaca", "lora"), tmp_path)
    assert reloaded(model) <= TOLERANCE
    change_page(model, task_settings={"template": "vicuna"})
    assert reloaded(model) > TOLERANCE


@pytest.mark.case("TR-3")
def test_a_wrong_end_of_turn_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tuned(Way("chat", "qwen", "lora"), tmp_path)
    assert reloaded(model) <= TOLERANCE
    load = stacks.load

    def with_another_end(*given: Any, **more: Any) -> Any:
        body, tokenizer = load(*given, **more)
        tokenizer.chat_template = tokenizer.chat_template.replace("<|im_end|>", "<|endoftext|>")
        return body, tokenizer

    monkeypatch.setattr(stacks, "load", with_another_end)
    assert reloaded(model) > TOLERANCE


@pytest.mark.case("TR-3")
@pytest.mark.parametrize("way", [HEAD_WAYS[0], HEAD_WAYS[3]], ids=str)
def test_a_base_with_another_weight_is_seen_even_where_its_hash_was_forged(way: Way, tmp_path: Path) -> None:
    model = tuned(way, tmp_path)
    base = Path(model.learner.bench.plan.base.id)
    tensors = load_file(base / "model.safetensors")
    name = next(key for key in sorted(tensors) if (key.endswith("weight") and "mlp" in key) or "intermediate" in key)
    save_file({**tensors, name: tensors[name] + 0.05}, base / "model.safetensors", {"format": "pt"})
    with pytest.raises(IntegrityError, match="should have the sha256"):
        predictor.load(model.out)
    change_page(model, base=bases.resolve(str(base)).as_dict())
    assert reloaded(model) > TOLERANCE
