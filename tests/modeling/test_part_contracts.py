"""Every part of the modeling room keeps what its kind promises; a new file is held to it without a new test."""

from __future__ import annotations

from pathlib import Path

import pytest

from retune.core import parts
from tests.modeling import part_contracts as contracts


@pytest.mark.parametrize("name", parts.names(contracts.TASK_TYPES))
def test_a_task_type_gives_back_the_labels_that_it_encodes(name: str) -> None:
    contracts.check_task_type(name)


@pytest.mark.parametrize(("name", "architecture"), contracts.family_cases())
def test_a_family_loads_whole_bases_of_its_architectures_and_no_others(
    name: str, architecture: str, tmp_path: Path
) -> None:
    contracts.check_family(name, architecture, tmp_path)


@pytest.mark.parametrize("name", parts.names(contracts.METHODS))
def test_a_method_counts_what_it_trains_and_brings_it_back(name: str, tiny_base: Path, tmp_path: Path) -> None:
    contracts.check_method(name, tiny_base, tmp_path / "model")
