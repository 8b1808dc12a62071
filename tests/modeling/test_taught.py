"""Plain prompts are put to a model as its training rows were, from the page in its folder."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from transformers import AutoTokenizer

from retune.core import parts
from retune.modeling.dialogue import Scribe
from tests.modeling.tiny import tiny

ROWS = pd.DataFrame(
    {
        "text": ["Name a day", "Say yes", "What is it"],
        "context": ["Monday", "", ""],
        "label": ["Tuesday", "Yes", "A printer"],
    }
)


def scribe(folder: Path, family: str, architecture: str, template: str = "plain") -> Scribe:
    part = parts.find("retune.modeling.task_types", "text_generation")
    given = {"max_new_tokens": 8, "packing": False, "template": template, "loss_on": "completion", "truncated_share": 1}
    tokenizer = AutoTokenizer.from_pretrained(tiny(architecture, folder / architecture))
    settings = part.Settings.model_validate(given)
    return Scribe(part, settings, parts.find("retune.modeling.families", family), tokenizer, 128)


def text_of(made: Scribe, ids: Any) -> str:
    text: str = made.tokenizer.decode(ids)
    return text


@pytest.mark.case("PD-B10")
def test_a_prompt_is_asked_as_it_was_taught_and_its_context_stands_before_the_separator(tmp_path: Path) -> None:
    made = scribe(tmp_path, "llama", "llama").taught_by(ROWS)
    asked = [text_of(made, ids) for ids in made.prompts(ROWS["text"].tolist(), ROWS["context"].tolist())]
    assert asked[0] == "<s>Name a day\n\nMonday\n\n###\n\n"
    learnt = [text_of(made, row[0].ids) for row in made.examples(ROWS)]
    assert learnt == [f"{prompt} {label}</s>" for prompt, label in zip(asked, ROWS["label"], strict=True)]


@pytest.mark.parametrize(
    ("family", "architecture", "template"),
    [("llama", "llama", "alpaca"), ("qwen", "qwen3", "chat"), ("t5", "t5", "plain")],
)
def test_where_something_else_parts_prompts_from_completions_nothing_is_added(
    family: str, architecture: str, template: str, tmp_path: Path
) -> None:
    made = scribe(tmp_path, family, architecture, template)
    assert made.taught_by(ROWS) is made
