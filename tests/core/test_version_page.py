"""The page of a version tells how it stands, shows all evidence, names what is missing, and loads nothing."""

import re
from typing import Any

import pytest

from retune.core.version_cards import cards, of_target
from retune.core.version_page import page
from retune.core.version_verdict import standing
from tests.core.version_toys import CHECKS, EVALUATED, GRADED, at, decided, facts, older, tagging, writing

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
    assert drawn.count('class="card"') == len(of_target("label"))
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
    assert drawn.count('class="card"') == len(of_target("label")) - 2
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


def test_the_page_of_a_model_that_writes_speaks_of_its_own_scores_and_shows_none_of_its_words() -> None:
    text = page(writing())
    assert "rougeL on 100 test rows (38.0 to 46.0%)" in text
    assert "points over lead3" in text
    assert "9 – 11" in text, "perplexity is no share"
    assert "How long are its answers?" in text
    for missing in ("mixed-up labels", "calibration", "the learning curve"):
        assert missing not in text, "it says nothing of a text"
    assert "Labels of the test rows" not in text
    assert "What it writes may be wrong" in text
    assert "<b>+0.050</b>" in text
    assert "of what it should refuse is answered" in text
    assert cards(writing()).count('class="card"') == len(of_target("text")) - 1, "it was not asked how it behaves"


def test_the_page_of_a_model_that_finds_entities_shows_each_type() -> None:
    text = page(tagging())
    assert "F1 of each of 2 types of entities." in text
    assert "Every type (2)" in text
    assert "entity f1" in text
    assert "points over longest match" in text
    assert "department: port" in text


def test_a_model_that_is_compared_by_what_a_text_costs_it_is_weak_where_it_costs_more() -> None:
    metrics = {
        "target": "nothing", "primary": "perplexity", "test_rows": 100, "model": {"perplexity": at(9.0, 0.5, most=99)},
        "slices": {"source": {"desk": {"rows": 50, "perplexity": at(12.0, 1, most=99)},
                              "hall": {"rows": 50, "perplexity": at(7.0, 1, most=99)}}},
        "against": {"untuned": {**GRADED, "gain": 3.2, "gain_low": 3.0, "gain_high": 3.4}},
    }  # fmt: skip
    text = page(facts(metrics=metrics, against=None))
    assert "Weaker than the whole (9): source: desk (12 of 50 rows)." in text
    assert "+3.2" in text
