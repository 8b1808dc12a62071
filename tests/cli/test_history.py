"""The history names a move as a move, and what moved nothing as what left the champion where it was."""

from pathlib import Path

import pytest

from retune.cli.commands import history
from retune.cli.moves import show
from retune.io.mlflow_store import default_uri
from retune.io.registry import KEPT, PROMOTED, Decision, Registry
from tests.toy_checkout import MODEL


def test_what_moved_nothing_is_not_told_as_a_move(
    checkout: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(checkout)
    registry = Registry(default_uri(checkout), MODEL)
    registry.record(Decision(PROMOTED, "", "1", "ada", "every check passed"))
    registry.record(Decision(KEPT, "1", "2", "ada", "a tie"))
    registry.record(Decision(PROMOTED, "1", "2", "bob", "for the board", is_forced=True))
    assert history.main() == 0
    told = [line.partition("  ")[2] for line in capsys.readouterr().out.splitlines()]
    assert told == [
        "promoted (forced): version 1 to 2, by bob: for the board",
        "kept: version 2; champion 1 stays, by ada: a tie",
        "promoted: version none to 1, by ada: every check passed",
    ]


def test_a_move_against_the_evidence_is_told_as_forced(capsys: pytest.CaptureFixture[str]) -> None:
    show(MODEL, Decision(PROMOTED, "1", "2", "bob", "for the board", is_forced=True), as_json=False)
    assert capsys.readouterr().out.endswith("the champion is version 2 (before: 1), forced, because: for the board\n")
