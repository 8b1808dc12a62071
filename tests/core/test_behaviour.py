from typing import Any

import pandas as pd
import pytest

from retune.core import behaviour
from retune.core.behaviour import Answer
from retune.core.params.behaviour import Behaviour

ROWS = pd.DataFrame(
    {
        "example_id": [f"e{n}" for n in range(12)],
        "text": [f"ticket {n} from Ann" if n % 2 else f"Ticket {n}" for n in range(12)],
        "context": [""] * 12,
    }
)
NAMES = {"name": "names", "kind": "invariance", "change": {"names": ["Ann", "Bob"]}, "rows": 4, "least": 0.9}
THANKS = {"name": "thanks", "kind": "invariance", "change": {"append": "Thank you."}, "rows": 5, "least": 0.9}
WAGES = {
    "name": "wages", "kind": "direction", "change": {"prepend": "No wages:"}, "label": "pay", "moves": "up", "rows": 3,
    "least": 1.0,
}  # fmt: skip
KNOWN = {
    "name": "known", "kind": "minimum_functionality", "least": 1.0,
    "examples": [{"text": "my wages", "label": "pay"}, {"text": "my door", "label": "access"}],
}  # fmt: skip


def run(tests: list[dict[str, Any]], says: Any, chance: Any = lambda _: 0.5) -> list[dict[str, Any]]:
    """Return the results of tests on a model that says `says(text)`, and `pay` with the probability `chance(text)`."""
    given = Behaviour.model_validate({"tests": tests})
    asked = [behaviour.questions(test, ROWS, seed=1) for test in given.tests]
    texts = {text for test in asked for one in test for text in (one.before, one.after)}
    answers = {(text, ""): Answer(says(text), {"pay": chance(text)}) for text in texts}
    found = behaviour.report(given, asked, answers, "f" * 64, target="label")
    assert found["file_sha256"] == "f" * 64
    return found["tests"]  # type: ignore[no-any-return]


def test_a_change_that_must_not_matter_is_asked_of_rows_that_it_changes() -> None:
    (found,) = run([NAMES], lambda _: "pay")
    assert (found["asked"], found["passed"], found["failures"]) == (4, 4, [])
    assert found["share"]["low"] < found["share"]["value"] == 1.0


def test_a_row_whose_answer_changed_is_named_by_its_id_without_its_text() -> None:
    (found,) = run([THANKS], lambda text: "pay" if "Thank" in text else "access")
    assert (found["asked"], found["passed"], found["least"]) == (5, 0, 0.9)
    assert all(set(one) == {"example_id", "expected", "answer"} for one in found["failures"])
    assert found["failures"][0]["expected"] == "access"
    assert found["failures"][0]["answer"] == "pay"


def test_a_probability_must_move_or_have_nowhere_to_go() -> None:
    def failing(before: float, after: float, moves: str) -> int:
        chance = lambda text: after if "wages" in text else before  # noqa: E731
        return len(run([{**WAGES, "moves": moves}], lambda _: "pay", chance)[0]["failures"])

    assert failing(0.2, 0.3, "up") == 0
    assert failing(0.3, 0.2, "up") == 3
    assert failing(0.2, 0.2, "up") == 3, "a change that does nothing moves nothing"
    assert failing(0.99, 0.98, "up") == 0
    assert failing(0.3, 0.2, "down") == 0
    assert failing(0.01, 0.02, "down") == 0
    assert failing(0.2, 0.3, "down") == 3


def test_a_label_that_the_model_does_not_have_never_becomes_likelier() -> None:
    (found,) = run([{**WAGES, "label": "wages"}], lambda _: "pay")
    assert found["passed"] == 0
    assert found["failures"][0]["expected"] == "wages up"


def test_what_any_model_must_know_is_held_against_its_label() -> None:
    (found,) = run([KNOWN], lambda _: "pay")
    assert (found["asked"], found["passed"]) == (2, 1)
    assert found["failures"] == [{"row": 2, "expected": "access", "answer": "pay"}]


def test_where_nothing_could_be_asked_nothing_has_passed() -> None:
    (found,) = run([{**NAMES, "change": {"names": ["Zoe", "Yan"]}}], lambda _: "pay")
    assert (found["asked"], found["share"]["value"]) == (0, 0.0)
    assert found["share"]["value"] < found["least"]


def test_the_same_rows_are_asked_when_others_come() -> None:
    given = Behaviour.model_validate({"tests": [THANKS]}).tests[0]
    before = {one.before for one in behaviour.questions(given, ROWS, seed=1)}
    other = pd.concat([ROWS, ROWS.assign(example_id="z" + ROWS["example_id"], text="new " + ROWS["text"])])
    after = {one.before for one in behaviour.questions(given, other, seed=1)}
    assert {text for text in after if not text.startswith("new")} <= before


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"change": {}}, "exactly one of"),
        ({"change": {"typos": 2, "case": "upper"}}, "exactly one of"),
        ({"change": {"names": ["Ann"]}}, "at least 2"),
        ({"least": 0}, "greater than 0"),
        ({"kind": "invariant"}, "invariance"),
        ({"expects": "pay"}, "Extra inputs"),
    ],
)
def test_a_test_that_says_nothing_definite_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Behaviour.model_validate({"tests": [{**THANKS, **wrong}]})


def test_two_tests_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="a name of its own: thanks"):
        Behaviour.model_validate({"tests": [THANKS, THANKS]})


def test_answers_that_are_no_labels_are_judged_by_their_gist_and_never_told() -> None:
    known = {**KNOWN, "examples": [{"text": "When?", "context": "At six.", "label": '[{"text": "six", "start": 3}]'}]}
    given = Behaviour.model_validate({"tests": [THANKS, known]})
    rows = ROWS.assign(context="It opens at six.")
    asked = [behaviour.questions(test, rows, seed=1) for test in given.tests]
    assert [(one.before, one.context) for one in asked[1]] == [("When?", "At six.")]
    assert {one.context for one in asked[0]} == {"It opens at six."}
    answers = {
        (text, one.context): Answer('[{"text": "The six", "start": 4}]' if "Thank" in text else said, {})
        for test, said in zip(asked, ('[{"text": "six", "start": 9}]', "[]"), strict=True)
        for one in test
        for text in (one.before, one.after)
    }
    first, second = behaviour.report(given, asked, answers, "f" * 64, target="answers")["tests"]
    assert (first["passed"], second["passed"]) == (5, 0)
    assert second["failures"] == [{"row": 1}]
