"""Toy rows for the head that writes, its settings, and tiny bases that write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from retune.core import parts
from retune.modeling.dialogue import Scribe
from retune.modeling.writer import Writer
from tests.modeling.tiny import tiny

WORDS = ("Monday", "Thursday", "toner", "salary", "door", "April", "Hamburg", "printer")
SETTINGS = {
    "max_new_tokens": 24, "packing": False, "template": "family", "loss_on": "completion", "truncated_share": 1.0,
    "instruction": "",
}  # fmt: skip
FAMILIES = {
    "llama": "llama", "gpt2": "gpt2", "mistral": "mistral", "qwen2": "qwen", "qwen3": "qwen", "gemma": "gemma",
    "phi": "phi", "t5": "t5", "bart": "bart",
}  # fmt: skip
DECODERS = [name for name in FAMILIES if name not in ("t5", "bart")]
TALK = [
    {"role": "user", "content": "Is it open?"},
    {"role": "assistant", "content": "Yes, from eight."},
    {"role": "user", "content": "And on Thursday?"},
]


def settings_of(task_type: str, **changes: Any) -> Any:
    """Return the settings of a task type, with changes."""
    known = parts.find("retune.modeling.task_types", task_type).Settings
    return known.model_validate(
        {name: value for name, value in (SETTINGS | changes).items() if name in known.model_fields}
    )


def frame(texts: list[str], labels: list[str], contexts: list[str] | None = None) -> pd.DataFrame:
    """Return rows [ROWS]."""
    ids = [str(place) for place in range(len(texts))]
    return pd.DataFrame({"example_id": ids, "text": texts, "context": contexts or [""] * len(texts), "label": labels})


def prompts(count: int = 8) -> pd.DataFrame:
    """Return prompts with completions of different lengths."""
    words = [WORDS[place % len(WORDS)] for place in range(count)]
    texts = [f"{'please ' * (place % 3)}say word {place}:\n" for place in range(count)]
    return frame(texts, [f"It is the {word}{', again' * (place % 4)}." for place, word in enumerate(words)])


def talks() -> pd.DataFrame:
    """Return one conversation with its last turn."""
    return frame([json.dumps(TALK)], ["No, not then."])


def scribe(
    architecture: str, place: Path, task_type: str = "text_generation", max_length: int = 256, **changes: Any
) -> Scribe:
    """Return what writes rows as tokens of a tiny base."""
    return writer_and_scribe(architecture, place, task_type, max_length, **changes)[1]


def writer_and_scribe(
    architecture: str, place: Path, task_type: str = "text_generation", max_length: int = 256, **changes: Any
) -> tuple[Writer, Scribe]:
    """Return a tiny base of an architecture, as one that writes, and what writes rows as its tokens."""
    folder = place / architecture
    family = parts.find("retune.modeling.families", FAMILIES[architecture])
    body, tokenizer = family.load(folder if folder.exists() else tiny(architecture, folder), with_lm_head=True)
    part = parts.find("retune.modeling.task_types", task_type)
    found = Scribe(part, settings_of(task_type, **changes), family, tokenizer, max_length)
    return Writer(body, found.has_encoder), found
