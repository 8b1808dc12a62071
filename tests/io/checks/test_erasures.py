"""A run stops where what was erased could come back in, and says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from retune.core.checkup import Look
from retune.core.params.machine import MachineParams
from retune.core.tombstones import tombstones
from retune.io import erasures
from retune.io.checks.erasures import examine
from retune.io.tombstones import KEY_VARIABLE, path_of, write

KEY = "k" * 32


def told(root: Path) -> tuple[str, str]:
    machine = MachineParams.model_construct()
    look = Look(str(root), "sqlite:///none.db", "retune", (), machine, "")
    [found] = examine(look)
    return found.condition, f"{found.found} {found.todo}"


def test_a_checkout_in_which_nothing_was_erased_is_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    assert told(tmp_path) == ("well", "0 tombstones, 0 receipts ")


def test_a_key_that_is_missing_and_tombstones_that_were_lost_are_faults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    write(path_of(tmp_path), tombstones([("document", "a")], KEY.encode(), "main", "2026-11-22"))
    erasures.write_receipt(tmp_path, {"receipt": "one", "tombstones": 1}, KEY.encode())
    assert told(tmp_path) == ("well", "1 tombstones, 1 receipts ")
    monkeypatch.delenv(KEY_VARIABLE)
    assert told(tmp_path)[0] == "fault"
    path_of(tmp_path).unlink()
    condition, words = told(tmp_path)
    assert (condition, "1 receipts of deletions, and no tombstone" in words) == ("fault", True)


def test_a_deletion_that_was_stopped_is_a_fault(tmp_path: Path) -> None:
    erasures.Journal(tmp_path / erasures.JOURNALS / "0123.json", {"done": {}}).save()
    condition, words = told(tmp_path)
    assert (condition, "retune forget --resume" in words) == ("fault", True)
