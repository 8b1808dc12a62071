from pathlib import Path
from typing import Any

import pytest

from retune.core.errors import EXIT_GATE, UserError
from retune.io import launcher

TOY = "tests.io.launcher_toy"


def order(place: Path, **changes: Any) -> dict[str, Any]:
    return {"place": str(place), "fails": "", "memory": False, **changes}


@pytest.mark.slow
def test_each_process_does_its_share_and_all_begin_again_where_memory_ended(tmp_path: Path) -> None:
    launcher.launch(TOY, order(tmp_path, memory=True), tmp_path, processes=2)
    assert [(tmp_path / f"done-{rank}").read_text() for rank in (0, 1)] == ["2", "2"]
    assert (tmp_path / launcher.AGAIN).read_text() == "2"


@pytest.mark.slow
def test_what_a_process_raised_is_raised_with_its_exit_code(tmp_path: Path) -> None:
    with pytest.raises(launcher.ProcessError, match="toy said no: it was asked to") as caught:
        launcher.launch(TOY, order(tmp_path, fails="1"), tmp_path, processes=2)
    assert caught.value.exit_code == EXIT_GATE


def test_processes_are_started_once_and_not_in_other_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    assert launcher.is_due(2)
    assert not launcher.is_due(1)
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert not launcher.is_due(2)
    with pytest.raises(UserError, match=r"train\.processes"):
        launcher.is_due(4)
