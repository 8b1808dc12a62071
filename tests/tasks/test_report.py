"""Every version has a page and a card beside its run, whatever was decided, from what MLflow holds alone."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from retune.core.errors import GateError, UserError
from retune.core.run_report import StageRow
from retune.io.files import read_json
from retune.io.mlflow_store import default_uri
from retune.io.registry import Registry
from retune.io.tracking import Tracking
from retune.io.version_report import CARD, FOOTPRINT, REPORT
from retune.project import read_project
from tasks.release import release
from tasks.report import report
from tasks.track import track
from tests.toy_checkout import MODEL, ROWS_IN_TEST, train_toy

pytestmark = pytest.mark.usefixtures("reload_here")
NOW = datetime(2026, 11, 22, 21, 40, tzinfo=UTC)
STAGES = [
    StageRow("ingest", "ran", 1.5),
    StageRow(f"train@{MODEL}", "ran", 98.5),
    StageRow(f"split@{MODEL}", "cached", 1.0),
]


def run(checkout: Path, base: Path, seed: int, right: int = ROWS_IN_TEST, answers: str = "billing") -> None:
    """Train, record and decide; a refusal is no failure here."""
    train_toy(checkout, base, seed=seed, right=right, answers=answers, strength=float(seed))
    track(root=checkout, model=MODEL)
    params = read_project(checkout).models[MODEL].release
    try:
        release(root=checkout, model=MODEL, params=params, cause="by hand", now=NOW)
    except GateError:
        return


def write(checkout: Path, version: str, stages: list[StageRow] | None = None) -> str:
    """Write the page and return it."""
    return report(root=checkout, model=MODEL, version=version, now=NOW, stages=stages or []).read_text()


def logged(checkout: Path, version: str, name: str, folder: Path) -> str:
    """Return a file of the training run of a version."""
    found = Registry(default_uri(checkout), MODEL).version(version)
    assert found is not None
    path = Tracking(default_uri(checkout)).fetch(found.run_id, name, folder)
    assert path is not None
    return path.read_text()


@pytest.mark.case("RG-8")
def test_a_promoted_version_has_a_page_and_a_card_beside_its_run(
    checkout: Path, tiny_base: Path, tmp_path: Path
) -> None:
    run(checkout, tiny_base, 1)
    page = write(checkout, "1", STAGES)
    assert "Promoted: version 1 is the champion" in page
    assert logged(checkout, "1", REPORT, tmp_path / "a") == page
    card = logged(checkout, "1", CARD, tmp_path / "b")
    assert "promoted on" in card
    assert "energy, kWh" in card


def test_a_refused_version_has_a_page_that_names_what_stopped_it_and_stands_beside_the_champion(
    checkout: Path, tiny_base: Path
) -> None:
    run(checkout, tiny_base, 1)
    run(checkout, tiny_base, 2, right=3, answers="access")
    page = write(checkout, "challenger")
    assert "Refused: a check that must pass did not; version 1 is the champion" in page
    assert "threshold accuracy: accuracy 0.125, at least 0.850 asked" in page
    assert "points against version 1 on the same rows" in page


@pytest.mark.case("OP-1")
def test_what_the_stages_took_is_recorded_once_and_a_later_page_keeps_it(
    checkout: Path, tiny_base: Path, tmp_path: Path
) -> None:
    run(checkout, tiny_base, 1)
    write(checkout, "1", STAGES)
    write(checkout, "1", [StageRow(f"train@{MODEL}", "ran", 5.0)])
    found = json.loads(logged(checkout, "1", FOOTPRINT, tmp_path / "a"))
    assert found["total"]["seconds"] == 101.0
    assert [step["name"] for step in found["steps"]] == ["ingest", f"train@{MODEL}", f"split@{MODEL}"]
    version = Registry(default_uri(checkout), MODEL).version("1")
    assert version is not None
    assert Tracking(default_uri(checkout)).client.get_run(version.run_id).data.metrics["footprint/seconds"] == 101.0


def test_no_text_of_a_document_stands_in_page_or_card(checkout: Path, tiny_base: Path, tmp_path: Path) -> None:
    run(checkout, tiny_base, 1, right=10)
    page = write(checkout, "1")
    assert "e10" in page  # a wrong answer, by its id
    rows = pd.read_parquet(checkout / "artifacts" / "models" / MODEL / "split" / "test.parquet")
    for text in {*rows["text"], "the printer again"}:
        assert text not in page
        assert text not in logged(checkout, "1", CARD, tmp_path / "a")


def test_a_version_that_is_not_there_is_said_with_those_that_are(checkout: Path, tiny_base: Path) -> None:
    with pytest.raises(UserError, match="found 7; there is no version at all"):
        write(checkout, "7")
    run(checkout, tiny_base, 1)
    with pytest.raises(UserError, match="versions 1 to 1"):
        write(checkout, "7")
    with pytest.raises(UserError, match="found no previous; there are versions"):
        write(checkout, "previous")


def test_the_run_of_a_training_carries_the_counts_of_its_data(checkout: Path, tiny_base: Path, tmp_path: Path) -> None:
    run(checkout, tiny_base, 1)
    counts = json.loads(logged(checkout, "1", "data/counts.json", tmp_path / "a"))
    assert counts == [{"step": "ingest", **read_json(checkout / "artifacts" / "corpus" / "ingest" / "counts.json")}]
