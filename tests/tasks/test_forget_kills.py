"""A deletion may be killed anywhere: its tombstones stand before anything goes, and the same command finishes it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from retune.core.errors import UserError
from retune.io import erasures, tombstones
from retune.io.files import read_json
from tasks.forget import STEPS
from tests.conftest import CHECKOUT
from tests.tasks.estate import KEY, make_estate

SIGKILL = -9
INSIDE = [["documents", 2], ["artifacts", 2], ["objects", 3], ["objects", 12], ["receipt", 1]]


def killed(root: Path, points: list[list[Any]]) -> dict[str, Any]:
    """Kill deletions in a checkout at some points, all steps for none, and return what came of each."""
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), tombstones.KEY_VARIABLE: KEY}
    command = [sys.executable, "-m", "tests.tasks.forgetting", json.dumps(points)]
    done = subprocess.run(command, check=False, cwd=root, env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = read_json(root / "results.json")
    return found


@pytest.mark.slow
@pytest.mark.case("E3")
@pytest.mark.usefixtures("reload_here")
def test_a_kill_at_any_step_leaves_no_half_erased_state_that_the_same_command_does_not_finish(
    checkout: Path,
    tiny_base: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    monkeypatch.chdir(checkout)
    points = [[step, 0] for step in STEPS] + INSIDE
    found = killed(make_estate(checkout, tiny_base), points)
    assert found["exit_code"] == 0
    for kill in found["kills"]:
        assert kill["ended"] == SIGKILL, kill
        assert kill["tombstones"] or kill["untouched"], kill
        assert (kill["exit_code"], kill["differing"]) == (0, []), kill
        assert (kill["receipts"], kill["pending"]) == (1, 0), kill
        assert kill["aliases"] == {"champion": "1"}, kill
    record_property("n_run", len(found["kills"]))
    assert len(found["kills"]) == len(points)


def test_no_run_starts_while_a_deletion_is_half_done(tmp_path: Path) -> None:
    erasures.refuse_half_done(tmp_path)
    erasures.Journal(tmp_path / erasures.JOURNALS / "0123.json", {"done": {}}).save()
    with pytest.raises(UserError, match="retune forget --resume"):
        erasures.refuse_half_done(tmp_path)
