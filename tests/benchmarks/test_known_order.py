"""What is committed of the systems of known order is their order, and what the code gives today."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import known_order
from retune.core.paired import compare_values
from tests.conftest import CHECKOUT

RESULT = CHECKOUT / "benchmarks" / "results" / "known_order.json"


@pytest.fixture(scope="module")
def measured() -> dict[str, Any]:
    return json.loads(RESULT.read_text(encoding="utf-8"))["measured"]  # type: ignore[no-any-return]


def test_the_systems_stand_in_their_known_order_and_the_last_two_are_a_tie(measured: dict[str, Any]) -> None:
    assert len(measured["order"]) == 8
    level = {system: place for place, systems in enumerate(known_order.KNOWN) for system in systems}
    levels = [level[system] for system in measured["order"] if system in level]
    assert levels == sorted(levels)
    counts = known_order.agreement(measured)
    assert counts["wrong"] == 0
    assert counts["right"] >= 17
    assert counts["known ties called a tie"] == counts["known ties"] == 1


def test_the_page_shows_what_was_measured(measured: dict[str, Any]) -> None:
    page = (CHECKOUT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert "\n".join(known_order.tell(measured)) in page


@pytest.mark.shared
def test_the_answers_score_today_what_was_measured(
    measured: dict[str, Any], shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RETUNE_SHARED", str(shared_data))
    values, empty = known_order.scored()
    for system, found in measured["systems"].items():
        assert sum(values[system]) / len(values[system]) == pytest.approx(found["value"])
        assert empty[system] == found["empty"]
    lower, upper = measured["order"][-2:]
    pair = next(one for one in measured["pairs"] if (one["lower"], one["upper"]) == (lower, upper))
    again = compare_values(values[lower], values[upper], known_order.SEED)
    assert (again.p, again.gain) == pytest.approx((pair["p"], pair["gain"]))


def test_many_pairs_at_once_are_held_to_the_level_of_all() -> None:
    pairs = [{"p": p} for p in (0.04, 0.01, 0.03, 0.005)]
    found = {one["p"]: (one["p_of_all"], one["outcome"]) for one in known_order.holm(pairs)}
    assert found == {  # Holm (1979): 4 * 0.005, 3 * 0.01, 2 * 0.03, then no less than that
        0.005: (pytest.approx(0.02), "better"),
        0.01: (pytest.approx(0.03), "better"),
        0.03: (pytest.approx(0.06), "tie"),
        0.04: (pytest.approx(0.06), "tie"),
    }
