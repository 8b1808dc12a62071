from pathlib import Path

import pytest

from retune.core.errors import UserError
from retune.io import behaviour
from tests.conftest import CHECKOUT


def test_a_model_without_a_file_gets_one_without_tests(tmp_path: Path) -> None:
    behaviour.ensure(tmp_path, "router")
    assert behaviour.read(tmp_path / "behaviour" / "router.yaml").tests == ()


def test_a_file_that_somebody_wrote_is_left_as_it_is(tmp_path: Path) -> None:
    path = behaviour.path_of(tmp_path, "router")
    path.parent.mkdir()
    path.write_text("tests: []  # none yet\n")
    behaviour.ensure(tmp_path, "router")
    assert path.read_text() == "tests: []  # none yet\n"


def test_all_that_is_wrong_is_said_at_once_and_where(tmp_path: Path) -> None:
    path = tmp_path / "router.yaml"
    path.write_text("tests:\n- {name: a, kind: invariance, change: {typos: 0}, rows: 0, least: 1}\n")
    with pytest.raises(UserError) as error:
        behaviour.read(path)
    said = str(error.value)
    assert "behaviour/router.yaml" in said
    assert "docs/evaluate.md" in said
    assert "change.typos" in said
    assert "rows" in said
    assert "params.yaml" not in said


def test_the_sample_asks_by_every_kind_of_test_and_by_typos_names_and_negation() -> None:
    tests = behaviour.read(behaviour.path_of(CHECKOUT, "ticket-router")).tests
    assert {test.kind for test in tests} == {"invariance", "direction", "minimum_functionality"}
    changes = [test.change for test in tests if test.kind != "minimum_functionality"]
    assert any(change.typos for change in changes)
    assert any(change.names for change in changes)
    assert any(change.negation for change in changes)
