"""Versions are compared by what their runs hold, and a person is told where there is nothing to compare."""

import json
from pathlib import Path

import pytest

from retune.cli.main import main
from retune.core.errors import UserError
from tasks.compare import compare
from tests.tasks.test_report import run
from tests.toy_checkout import MODEL

pytestmark = pytest.mark.usefixtures("reload_here")


def test_without_names_the_champion_meets_the_newest_and_both_are_told(
    checkout: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(checkout, tiny_base, 1)
    with pytest.raises(UserError, match="version 1 alone"):
        compare(root=checkout, model=MODEL, first="", second="")
    run(checkout, tiny_base, 2, right=3, answers="access")
    found = compare(root=checkout, model=MODEL, first="", second="")
    assert (found.versions, found.common_rows, found.not_common) == (("1", "2"), 24, 0)
    assert (found.paired["b"], found.paired["c"]) == (21, 0)
    monkeypatch.chdir(checkout)
    assert main(["compare", "champion", "2"]) == 0
    told = capsys.readouterr().out
    assert "version 2 won 0 rows and lost 21: -87.5 points" in told
    assert main(["report", "--version", "2", "--json"]) == 0
    page = Path(json.loads(capsys.readouterr().out)["page"])
    assert "Refused" in page.read_text()
