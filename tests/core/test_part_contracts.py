"""Every part of the core keeps what its kind promises; a new file is held to it without a new test."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from retune.core import parts
from retune.core.errors import UserError
from tests.core import part_contracts as contracts

KINDS = [
    "retune.core.formats",
    "retune.core.recognizers",
    "retune.core.gates",
    "retune.core.builders",
    "retune.core.metrics",
    "retune.core.drift.aspects",
    "retune.modeling.task_types",
    "retune.modeling.families",
    "retune.modeling.methods",
    "retune.io.providers",
]
HEAVY = ["accelerate", "docx", "dvc", "great_expectations", "matplotlib", "mlflow", "openai", "openpyxl", "peft",
         "prefect", "pypdf", "sacrebleu", "sklearn", "torch", "transformers"]  # fmt: skip
IMPORT_ALL = f"""
import json, sys
from retune.core import parts
loaded = {{}}
for kind in {KINDS}:
    for name in parts.names(kind):
        before = set(sys.modules)
        parts.find(kind, name)
        heavy = sorted(({{module.split(".")[0] for module in set(sys.modules) - before}}) & set({HEAVY}))
        if heavy:
            loaded[f"{{kind}}.{{name}}"] = heavy
print(json.dumps(loaded))
"""


@pytest.mark.parametrize("name", parts.names("retune.core.formats"))
def test_a_format_makes_documents_or_a_reason_of_any_bytes(name: str) -> None:
    contracts.check_format(name)


@pytest.mark.parametrize("name", parts.names("retune.core.recognizers"))
def test_a_recognizer_names_ranges_of_the_text_in_linear_time_and_leaves_nothing(name: str) -> None:
    contracts.check_recognizer(name)


@pytest.mark.parametrize("name", parts.names("retune.core.gates"))
def test_a_gate_has_a_limit_and_fails_unless_it_was_measured(name: str) -> None:
    contracts.check_gate(name)


@pytest.mark.parametrize("name", parts.names("retune.core.builders"))
def test_a_builder_makes_examples_of_documents_in_any_order(name: str) -> None:
    contracts.check_builder(name)


@pytest.mark.parametrize("name", parts.names("retune.core.metrics"))
def test_a_metric_is_one_for_right_answers_and_lies_in_its_interval(name: str) -> None:
    contracts.check_metric(name)


@pytest.mark.parametrize("name", parts.names("retune.core.drift.aspects"))
def test_an_aspect_is_right_about_how_often_chance_alone_differs_so_much(name: str) -> None:
    contracts.check_aspect(name)


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_name_lists_the_known_ones(kind: str) -> None:
    with pytest.raises(UserError) as caught:
        parts.find(kind, "no_such_part")
    assert all(name in caught.value.expected for name in parts.names(kind))


def test_no_part_imports_a_heavy_library_before_it_is_used() -> None:
    listing = subprocess.run([sys.executable, "-c", IMPORT_ALL], capture_output=True, text=True, check=True).stdout
    assert json.loads(listing) == {}
