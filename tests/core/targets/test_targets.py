"""What every target promises, and which labels each of them refuses."""

from typing import Any

import pytest

from retune.core import parts
from retune.core.gating import gates
from retune.core.targets import answers, entities, labels

TARGETS = parts.load_all("retune.core.targets")
TEXT, CONTEXT = "Ann Lee flew to Oslo.", "The gate of hall 3 opens at six."
GOOD = {  # each with a value and the text of its cell
    "label": ("vpn", "vpn"),
    "labels": (("badge", "vpn"), '["badge", "vpn"]'),
    "entities": (
        (entities.Entity(0, 7, "PER"), entities.Entity(16, 20, "LOC")),
        '[{"start": 0, "end": 7, "type": "PER"}, {"start": 16, "end": 20, "type": "LOC"}]',
    ),
    "answers": ((answers.Answer("six", 28),), '[{"text": "six", "start": 28}]'),
    "text": ("It opens at six.", "It opens at six."),
    "nothing": (None, ""),
}


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_written_reads_the_same_and_can_be_learnt(name: str) -> None:
    target, (value, cell) = TARGETS[name], GOOD[name]
    assert target.parse(cell) == value
    assert target.dump(value) == cell
    target.check(cell, TEXT, CONTEXT)


@pytest.mark.parametrize("name", sorted(set(TARGETS) - {"nothing"}))
def test_no_label_at_all_is_none_that_could_be_learnt(name: str) -> None:
    with pytest.raises(ValueError, match="no "):
        TARGETS[name].parse(" ")


@pytest.mark.parametrize("name", ["labels", "entities", "answers"])
def test_an_empty_list_is_a_label(name: str) -> None:
    assert TARGETS[name].parse("[]") == ()
    assert TARGETS[name].dump(()) == "[]"
    TARGETS[name].check("[]", TEXT, CONTEXT)


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_names_gates_that_there_are_and_that_look_at_labels(name: str) -> None:
    known = {gate for gate, part in gates("examples").items() if "label" in part.REQUIRES}
    assert set(TARGETS[name].GATES) <= known


@pytest.mark.parametrize(
    ("name", "cell", "reason"),
    [
        ("labels", "vpn", "not JSON"),
        ("labels", '{"vpn": 1}', "a JSON dict"),
        ("labels", '["vpn", 3]', "no name"),
        ("labels", '["vpn", "vpn"]', "twice"),
        ("entities", '[{"start": 0, "end": 7}]', "entry 1"),
        ("entities", '[{"start": true, "end": 7, "type": "PER"}]', "entry 1"),
        ("entities", '[{"start": 7, "end": 7, "type": "PER"}]', "before it begins"),
        ("entities", '[{"start": 0, "end": 7, "type": " "}]', "no type"),
        ("entities", '[{"start": 0, "end": 7, "type": "PER"}, {"start": 4, "end": 9, "type": "PER"}]', "overlap"),
        ("entities", '[{"start": 16, "end": 99, "type": "LOC"}]', "ends at character 99 of 21"),
        ("entities", '[{"start": 3, "end": 7, "type": "PER"}]', "white space"),
        ("answers", '[{"text": "six", "start": 27}]', "does not stand at character 27"),
        ("answers", '[{"text": "six", "start": -4}]', "before the context"),
        ("answers", '[{"text": "six", "answer_start": 28}]', "entry 1"),
        ("answers", "[" * 100_000, "not JSON"),
        ("nothing", "vpn", "a label"),
    ],
)
def test_a_label_that_cannot_be_learnt_is_refused_with_its_reason(name: str, cell: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        TARGETS[name].check(cell, TEXT, CONTEXT)


def test_lists_stand_in_one_order_whatever_the_order_they_came_in() -> None:
    assert labels.dump(["vpn", "badge", "vpn"]) == '["badge", "vpn"]'
    given: list[Any] = [entities.Entity(16, 20, "LOC"), entities.Entity(0, 7, "PER")]
    assert entities.parse(entities.dump(given)) == tuple(sorted(given))
