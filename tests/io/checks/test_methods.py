"""A run stops before a base is fetched for a method that this machine cannot train by."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from retune.core.checkup import Finding, Look
from retune.core.params.machine import MachineParams
from retune.io.checks import methods


def found(root: Path, method: str) -> list[Finding]:
    (root / "params.yaml").write_text(yaml.safe_dump({"models": {"router": {"method": method}}}))
    look = Look(str(root), "sqlite:///none.db", "retune", ("router",), MachineParams.model_construct(), "")
    return methods.examine(look)


def test_a_method_that_needs_nothing_is_well(tmp_path: Path) -> None:
    assert [one.condition for one in found(tmp_path, "lora")] == ["well"]


def test_a_gpu_and_a_package_that_are_missing_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(methods, "DEVICES", (tmp_path / "no-device",))
    monkeypatch.setattr(methods, "find_spec", lambda _: None)
    faults = found(tmp_path, "qlora")
    assert [one.condition for one in faults] == ["fault", "fault"]
    assert "bitsandbytes" in faults[0].found
    assert 'pip install "retune[qlora]"' in faults[0].todo
    assert "Use a machine with one" in faults[1].todo
