"""The recipes that are shipped: complete, of parts that fit each other, and put into params.yaml without harm to it."""

from __future__ import annotations

import shutil
from difflib import ndiff
from pathlib import Path

import pytest
import yaml

from retune.core import parts
from retune.core.errors import UserError
from retune.io import recipes
from retune.io.settings import checked
from retune.project import read_project

ROOT = Path(__file__).parents[2]
NAMES = sorted(recipes.titles(ROOT))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    shutil.copyfile(ROOT / "params.yaml", tmp_path / "params.yaml")
    shutil.copytree(ROOT / recipes.FOLDER, tmp_path / recipes.FOLDER)
    return tmp_path


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_is_a_whole_model_of_parts_that_fit_each_other(name: str, checkout: Path) -> None:
    before = read_project(checkout).models
    recipes.write(checkout, recipes.with_model(checkout, name, "my-model"))
    models = read_project(checkout).models
    assert {key: model for key, model in models.items() if key != "my-model"} == before
    model = models["my-model"]
    task_type, family, method = (
        parts.find(f"retune.modeling.{kind}", part)
        for kind, part in (("task_types", model.task_type), ("families", model.family), ("methods", model.method))
    )
    checked(model.train.method_settings, method.Settings, place="train.method_settings")
    checked(model.train.task_settings, task_type.Settings, place="train.task_settings")
    builder = parts.find("retune.core.builders", model.examples.builder)
    checked(model.examples.options, builder.Options, place="examples.options")
    assert task_type.HEAD in family.HEADS
    assert model.train.select_by in (*task_type.METRICS, "loss")
    assert set(model.release.thresholds) <= set(task_type.METRICS)
    assert set(model.release.floors) <= set(task_type.FLOORS)


def test_there_is_a_recipe_for_every_task_type(checkout: Path) -> None:
    made = {yaml.safe_load(recipes.section(ROOT, name, "m"))["m"]["task_type"] for name in NAMES}
    assert made == set(parts.names("retune.modeling.task_types"))


def test_comments_of_params_and_recipe_stay(checkout: Path) -> None:
    params = (checkout / "params.yaml").read_text()
    text = recipes.with_model(checkout, "alpaca_lora", "helper")
    assert not [line for line in ndiff(params.splitlines(), text.splitlines()) if line.startswith("- ")]
    for line in (
        "  # Alpaca-LoRA: instructions with an input, by LoRA over a Llama of 7 billion parameters, on a GPU.",
        "  helper:",
        "        target: query_value # q_proj and v_proj; its later weights had all four of attention, at rank 16",
        "      gradient_accumulation: 32 # in parts of four rows",
        "      triggers: {texts: 8, tokens: 8}",
    ):
        assert text.splitlines().count(line) == 1 + (line in params.splitlines())


def test_a_model_of_that_name_is_not_written_over(checkout: Path) -> None:
    with pytest.raises(UserError, match="no model ticket-router"):
        recipes.with_model(checkout, "chat", "ticket-router")


def test_an_unknown_recipe_lists_the_known_ones(checkout: Path) -> None:
    with pytest.raises(UserError, match=r"alpaca_lora.*Did you mean translation"):
        recipes.section(checkout, "translations", "m")
