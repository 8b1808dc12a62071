"""How a model stands is asked of MLflow alone."""

from pathlib import Path

import pytest

from retune.cli.commands.status import lines_of
from retune.io.files import write_json
from retune.io.mlflow_store import default_uri
from retune.io.place import Place
from retune.io.registry import WITHDRAWN, Registry
from retune.io.tracking import Tracking
from tasks.promote import promote
from tasks.rollback import rollback
from tasks.status import ModelStatus, base_of, model_status
from tests.tasks.test_release import STRONG, record_window, run
from tests.toy_checkout import MODEL

pytestmark = pytest.mark.usefixtures("reload_here")


def asked(checkout: Path) -> ModelStatus:
    uri = default_uri(checkout)
    return model_status(Tracking(uri), Registry(uri, MODEL))


def test_before_the_first_run_there_is_nothing_to_tell(checkout: Path) -> None:
    assert asked(checkout) == ModelStatus(MODEL, {}, "", {}, "", {}, "")


def test_the_base_is_told_with_its_licence(checkout: Path, tmp_path: Path) -> None:
    assert base_of(Place(checkout, MODEL)).endswith(" (licence unknown)")
    assert base_of(Place(tmp_path, MODEL)) == ""
    write_json(Place(tmp_path, MODEL).base, {"id": "bundled:minilm", "licence": "apache-2.0"})
    assert base_of(Place(tmp_path, MODEL)) == "bundled:minilm (apache-2.0)"


def test_champion_scores_decision_and_drift_are_told(checkout: Path, tiny_base: Path) -> None:
    run(checkout, tiny_base, 1)
    record_window(checkout, "1", "steady", acted_on=False)
    record_window(checkout, "1", "drift", acted_on=False)
    found = asked(checkout)
    assert (found.aliases, found.windows) == ({"champion": "1"}, {"documents": "drift"})
    assert found.decision.startswith("version 1 was promoted")
    assert found.since
    assert 0 < found.scores["accuracy"] <= 1
    assert not [name for name in found.scores if name.endswith(("_low", "_high"))]


def test_a_champion_that_answers_though_it_was_withdrawn_is_told_as_such(checkout: Path, tiny_base: Path) -> None:
    run(checkout, tiny_base, 1)
    assert not asked(checkout).withdrawn
    Registry(default_uri(checkout), MODEL).tag("1", {WITHDRAWN: "it learnt from what was erased"})
    found = asked(checkout)
    assert (found.aliases, found.withdrawn) == ({"champion": "1"}, "it learnt from what was erased")
    assert any("WITHDRAWN" in line and found.withdrawn in line for line in lines_of(found))


def test_what_a_person_moved_is_told(checkout: Path, tiny_base: Path) -> None:
    run(checkout, tiny_base, 1)
    run(checkout, tiny_base, 2, answers=STRONG)
    rollback(root=checkout, model=MODEL, reason="it annoyed people")
    assert asked(checkout).decision == "version 1 was rolled_back: it annoyed people"
    promote(root=checkout, model=MODEL, version="2", reason="it did not")
    assert asked(checkout).aliases == {"champion": "2", "previous": "1"}
