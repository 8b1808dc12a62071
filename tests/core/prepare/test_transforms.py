import json

import pytest

from retune.core.prepare.transforms import Taught, taught, teach
from tests.core.prepare.toys import clean, labelled, prompts, run, word

RAW = [{"prompt": f"Which tree is this? {word(row)}", "completion": f"Answer: {word(row + 7)}"} for row in range(120)]


@pytest.mark.case("PD-B10")
def test_at_inference_a_prompt_is_changed_as_it_was_in_training_and_an_answer_changed_back() -> None:
    done = run(RAW)
    record = Taught.from_dict(json.loads(json.dumps(taught(done).as_dict())))
    assert prompts(done) == [record.prompt_for(row["prompt"]) for row in RAW]
    assert [one.do for one in record.prompt] == ["end_with", "replace_prefix"]
    assert record.stop == ("\n",)
    for row, stands in zip(RAW, done.sheet.rows, strict=True):
        generated = stands.text("completion") + " and then it went on\nand on"
        assert record.answer_of(stands.text("completion")) == row["completion"].removeprefix("Answer: ")
        assert record.answer_of(generated).startswith(row["completion"].removeprefix("Answer: "))


@pytest.mark.case("PD-B10")
def test_a_change_done_twice_changes_nothing_more() -> None:
    record = taught(run(RAW))
    once = record.prompt_for(RAW[0]["prompt"])
    assert record.prompt_for(once) == once


def test_lower_case_is_recorded_and_done_at_inference() -> None:
    record = taught(run([{**row, "prompt": row["prompt"].upper()} for row in clean()]))
    assert record.prompt_for("NEW TEXT") == "new text ->"


@pytest.mark.case("PD-29")
def test_endings_that_were_there_are_recorded_too() -> None:
    record = taught(run(clean()))
    assert record.prompt_for("new") == "new ->"
    assert (record.stop, record.start) == ((".\n",), " ")


def test_letters_that_classes_share_by_chance_are_no_stop_sequence() -> None:
    assert taught(run(labelled(120, (" positive", " negative")))).stop == ()


def test_an_ending_that_also_stands_inside_is_no_stop_sequence() -> None:
    rows = [{**row, "completion": row["completion"].replace(".\n", "!") + " No!"} for row in clean()]
    done = run([*rows, {"prompt": "q ->", "completion": " A No! B No!"}])
    assert taught(done).stop == ()


@pytest.mark.case("PD-B10")
def test_plain_rows_without_a_separator_are_taught_with_one_and_asked_with_the_same() -> None:
    questions = [f"which tree is {word(row)}" + "?!."[row % 3] for row in range(9)]
    found = teach([text.capitalize() for text in questions], [word(row) for row in range(9)])
    assert found.prompt_for("Which tree is it") == "Which tree is it ->"
    assert found.completion_for("an oak") == " an oak"
    assert found.answer_of(found.completion_for("an oak")) == "an oak"


@pytest.mark.case("PD-B10")
def test_what_prepared_rows_share_is_kept_as_it_is() -> None:
    rows = clean()
    found = teach([row["prompt"] for row in rows], [row["completion"] for row in rows])
    assert found.prompt_for(rows[0]["prompt"]) == rows[0]["prompt"]
    assert found.completion_for(rows[0]["completion"]) == rows[0]["completion"]
    assert (found.stop, found.start) == ((".\n",), " ")
    assert Taught.from_dict(json.loads(json.dumps(found.as_dict()))) == found


@pytest.mark.case("PD-B10")
def test_a_model_that_never_saw_a_capital_is_asked_without() -> None:
    small, answers = [f"{word(row)} ->" for row in range(9)], [" yes", " no", " perhaps"] * 3
    assert teach(small, answers).prompt_for("An OAK") == "an oak ->"
    assert teach([text.capitalize() for text in small], answers).prompt_for("An OAK") == "An OAK ->"
    assert teach([f"{row} + {row} =" for row in range(9)], answers).prompt_for("A =") == "A ="
