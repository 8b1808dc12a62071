"""The page of a version tells how it stands, shows all evidence, names what is missing, and loads nothing."""

import re
from typing import Any

import pytest

from retune.core.version_cards import PICTURES, cards
from retune.core.version_page import page
from retune.core.version_verdict import standing
from tests.core.version_toys import CHECKS, EVALUATED, decided, facts, older

HOSTILE = '<script>alert("x")</script>'


@pytest.mark.parametrize(
    ("changes", "tone", "says"),
    [
        ({"decisions": ()}, "plain", "Not decided on yet"),
        ({"decisions": [decided("promoted")], "aliases": ["champion"], "champion": "2"}, "good", "Promoted"),
        ({"decisions": [decided("promoted")], "champion": "3"}, "plain", "the champion now is version 3"),
        ({"decisions": [decided("kept")]}, "odd", "not shown to be better than version 1"),
        ({"decisions": [decided("awaiting")]}, "odd", "waits for the approval of a person"),
        ({"decisions": [decided("approved")]}, "odd", "Approved by kim"),
        ({"decisions": [decided("declined")]}, "bad", "declined; version 1 stays"),
        ({"decisions": [decided("refused")]}, "bad", "Refused"),
        ({"decisions": [decided("promoted", is_forced=True)], "aliases": ["champion"]}, "odd", "by a person's word"),
        ({"decisions": [decided("rolled_back")], "aliases": ["champion"]}, "good", "Champion again"),
        ({"decisions": [decided("withdrew")]}, "plain", "Withdrew on 2026-11-22"),
        ({"tags": {"retune.withdrawn": "a document was erased"}}, "bad", "Withdrawn"),
    ],
)
def test_the_first_sentence_says_how_it_stands(changes: dict[str, Any], tone: str, says: str) -> None:
    found = standing(facts(**changes))
    assert found[0] == tone
    assert says in found[1]


def test_a_refusal_names_the_check_that_stopped_it_and_not_one_that_nobody_asked_for() -> None:
    _, _, reasons = standing(facts())
    assert reasons == ["champion better: p = 0.30, asked below 0.05"]


def test_the_page_warns_of_weak_slices_behaviour_leaks_and_tuning_that_does_not_pay() -> None:
    first = page(facts()).split('class="tiles"')[0]
    for part in ("Tuning does not pay", "language: de", "a typo changes nothing (15 of 20", "2 of 100 test rows share"):
        assert part in first


@pytest.mark.case("GT-11")
def test_every_check_stands_on_the_page_with_its_verdict() -> None:
    text = page(facts())
    for check in CHECKS:
        assert check["name"].replace("_", " ") in text  # type: ignore[attr-defined]
        assert check["detail"] in text  # type: ignore[operator]
    assert text.count("not run</span>") == 1


def test_all_evidence_is_drawn_and_nothing_is_called_missing() -> None:
    drawn = cards(facts())
    assert drawn.count('class="card"') == len(PICTURES)
    assert "Not measured" not in drawn


@pytest.mark.case("M3")
def test_the_page_says_how_well_training_rows_are_told_from_held_out_ones() -> None:
    assert "<b>54%</b>" in page(facts())
    assert "95 % interval 49.0% to 59.0%" in page(facts())
    assert "looks more familiar" not in page(facts(metrics={**facts().metrics, "membership": {}})), "not asked"


def test_an_older_version_is_shown_and_what_it_lacks_is_named() -> None:
    text = page(older())
    for part in ("behaviour", "calibration", "the learning curve", "leakage and triggers"):
        assert part in re.findall(r"Not measured for this version: ([^<]*)", text)[0]
    assert "label: pay" in text  # its slices are those by label
    assert "Time, cost and energy: not recorded." in text
    assert "Checks: not recorded." in text


@pytest.mark.parametrize("key", [*EVALUATED, "slices", "behaviour", "calibration", "leakage", "triggers", "membership"])
def test_evidence_that_is_not_what_it_should_be_does_not_keep_the_page_from_a_reader(key: str) -> None:
    metrics = {name: value for name, value in facts().metrics.items() if name != key}
    assert "ticket-router, version 2" in page(facts(metrics=metrics))
    assert "ticket-router, version 2" in page(facts(metrics={**metrics, key: None}))


def test_evidence_of_another_shape_costs_its_own_picture_alone() -> None:
    drawn = cards(facts(metrics={**facts().metrics, "against": {"probe": {"gain": "much"}}, "leakage": 7}))
    assert drawn.count('class="card"') == len(PICTURES) - 2
    assert "Evidence that cannot be read: gains over the champion and the floors (" in drawn
    assert "leakage and triggers (" in drawn


def test_the_page_stands_alone_and_escapes_what_comes_from_outside() -> None:
    hostile = facts(
        model=HOSTILE, tags={"retune.withdrawn": HOSTILE}, gates={HOSTILE: [{"gate": HOSTILE, "status": "fail"}]},
        decisions=[decided("refused", who=HOSTILE, why=HOSTILE)], links={HOSTILE: HOSTILE},
        metrics={**EVALUATED, "confusion": {"labels": [HOSTILE, "b"], "counts": [[1, 2], [3, 4]]},
                 "slices": {HOSTILE: {HOSTILE: EVALUATED["per_class"]["pay"] | {"accuracy": {"value": 0.1}}, "b": {}}}},
    )  # fmt: skip
    text = page(hostile)
    assert "<script" not in text
    assert not re.search(r"(src|href)=|@import|url\(", text)


@pytest.mark.case("OP-1")
def test_the_cost_of_each_step_and_the_total_stand_on_the_page_with_the_method() -> None:
    text = page(facts())
    for part in ("1.5\u00a0s", "1.6\u00a0min", "1.7\u00a0min", "41,000<", "Estimated, not metered", "0.0028"):
        assert part in text


def test_the_worst_errors_are_named_by_id_and_tokens_that_steer_are_not_told() -> None:
    text = page(facts())
    assert "e42" in text
    assert "refund" not in text


def test_what_failed_in_behaviour_tests_is_told_in_words_a_text_of_the_file_by_its_place() -> None:
    text = page(facts())
    assert "e07" in text
    assert "example 2 of the file: pay, expected access" in text
