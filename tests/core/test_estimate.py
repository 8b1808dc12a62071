"""What a run will take, from what runs took before."""

from __future__ import annotations

import pytest

from retune.core.estimate import (
    FORETOLD,
    MEASURED,
    SCALED,
    UNKNOWN,
    Needed,
    bytes_needed,
    estimate,
    floating_point_operations,
    past_errors,
    to_run,
)  # fmt: skip

ORDER = ["ingest", "redact", "train@a", "evaluate@a", "train@b"]
BEFORE = {"redact": {"ingest"}, "train@a": {"redact"}, "evaluate@a": {"train@a"}, "train@b": {"redact"}}


def test_what_depends_on_a_changed_stage_runs_too_and_nothing_else() -> None:
    assert to_run({"train@a"}, BEFORE, ORDER) == ["train@a", "evaluate@a"]
    assert to_run({"ingest"}, BEFORE, ORDER) == ORDER
    assert to_run(set(), BEFORE, ORDER) == []


def test_a_stage_takes_what_it_took_last() -> None:
    found = estimate(["ingest", "redact"], [{"redact": 3.0}, {"ingest": 5.0, "redact": 9.0}], {})
    assert [(one.seconds, one.ground) for one in found.stages] == [(5.0, MEASURED), (3.0, MEASURED)]
    assert found.seconds == 8.0


def test_a_training_grows_with_its_rows_and_epochs() -> None:
    (train,) = estimate(["train@a"], [{"train@a": 60.0}], {"train@a": (1000.0, 3000.0)}).stages
    assert (train.seconds, train.ground) == (180.0, SCALED)


def test_what_never_ran_is_unknown_and_not_nothing() -> None:
    found = estimate(["ingest", "train@b"], [{"ingest": 5.0}], {})
    assert (found.unknown, found.stages[1].seconds, found.stages[1].ground) == (["train@b"], None, UNKNOWN)


def test_past_estimates_are_held_against_what_was_measured() -> None:
    past = [{"ingest": 10.0, "train@a": 90.0}, {"ingest": 20.0, "train@a": 60.0}, {"ingest": 20.0}]
    assert past_errors(past) == [pytest.approx(0.2), pytest.approx(0.0)]
    assert estimate([], past, {}).past_error == pytest.approx(0.1)


def test_one_run_says_nothing_of_how_good_estimates_are() -> None:
    assert estimate(["ingest"], [{"ingest": 5.0}], {}).past_error is None


NEEDED = Needed(60.0, 1e9, 1e12, parameters=100, trainable=10, tokens=1000, steps=5)


@pytest.mark.case("TR-11")
def test_a_training_that_never_ran_counts_as_foretold() -> None:
    found = estimate(["ingest", "train@b"], [{"ingest": 5.0}], {}, {"train@b": NEEDED})
    assert [(one.seconds, one.ground) for one in found.stages] == [(5.0, MEASURED), (60.0, FORETOLD)]
    assert (found.seconds, found.unknown) == (65.0, [])


@pytest.mark.case("TR-11")
def test_operations_and_bytes_are_those_of_the_formulas() -> None:
    assert floating_point_operations(100, 100, tokens=7) == 6 * 100 * 7
    assert floating_point_operations(100, 0, tokens=7) == 4 * 100 * 7
    assert bytes_needed(100, 10, kept=5.0, size=4) == 400 + 3 * 40 + 5
