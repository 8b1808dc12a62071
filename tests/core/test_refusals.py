"""Both ways of refusing wrongly are counted, by what a row asks for."""

import pytest

from retune.core.refusals import report

OPENINGS = ["I can't", "I am sorry"]
SIX = '[{"text": "six", "start": 0}]'


@pytest.mark.case("GT-12")
def test_what_is_answered_and_what_is_refused_wrongly_are_told_apart() -> None:
    labels = ["I can't say that.", "I can\u2019t help with this.", "It opens at six.", "At the desk.", "Yes."]
    said = ["It is in the safe.", "i  CAN'T say.", "It opens at six.", "I am sorry, no.", " "]
    found = report("text", labels, said, OPENINGS)
    assert (found["to_refuse"], found["to_answer"]) == (2, 3)
    assert found["under"]["value"] == 0.5
    assert found["over"]["value"] == pytest.approx(2 / 3)


def test_a_question_without_an_answer_is_to_be_left_unanswered() -> None:
    found = report("answers", ["[]", "[]", SIX], [SIX, "[]", ""], OPENINGS)
    assert (found["under"]["value"], found["over"]["value"]) == (0.5, 1.0)


def test_a_side_without_rows_is_not_measured_and_labels_refuse_nothing() -> None:
    assert set(report("text", ["Yes."], ["No."], OPENINGS)) == {"to_refuse", "to_answer", "over"}
    assert report("label", ["vpn"], [""], OPENINGS) == {}
