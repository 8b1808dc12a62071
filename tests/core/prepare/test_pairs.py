"""What the tool that OpenAI removed said of prompts and completions, and what it said wrongly."""

import pytest

from retune.core.prepare.sheet import CLASSIFICATION, CONDITIONAL, OPEN_ENDED, Measure
from tests.core.prepare.toys import clean, completions, labelled, levels, no, of, prompts, run, word


def with_completions(texts: list[str]) -> list[dict[str, str]]:
    return [{"prompt": f"{word(number)} ->", "completion": text} for number, text in enumerate(texts)]


def with_prompts(texts: list[str]) -> list[dict[str, str]]:
    return [{"prompt": text, "completion": f" {word(number)}.\n"} for number, text in enumerate(texts)]


@pytest.mark.case("PD-29")
def test_rows_that_have_nothing_to_mend_are_left_alone() -> None:
    done = run(clean())
    assert [one for one in done.said if one.finding.level != "note"] == []
    assert [dict(row.values) for row in done.sheet.rows] == clean()


@pytest.mark.case("PD-8")
@pytest.mark.parametrize(("rows", "level"), [(10, "warning"), (99, "warning"), (100, "note")])
def test_fewer_than_100_rows_are_accepted_with_advice(rows: int, level: str) -> None:
    done = run(clean(rows))
    assert not done.error
    assert levels(done, "size") == [level]
    assert ("at least a few hundred" in of(done, "size")[0].finding.message) == (rows < 100)


@pytest.mark.case("PD-9")
def test_keys_in_capitals_are_renamed_whatever_is_accepted() -> None:
    done = run([{"Prompt": row["prompt"], "COMPLETION": row["completion"]} for row in clean()], no)
    assert levels(done, "columns") == ["necessary", "necessary"]
    assert [dict(row.values) for row in done.sheet.rows] == clean()


def test_a_key_in_capitals_beside_the_right_one_is_an_extra_key() -> None:
    done = run([{**row, "Prompt": "another"} for row in clean()])
    assert of(done, "extra_columns")[0].finding.facts == {"columns": ["Prompt"]}
    assert prompts(done) == [row["prompt"] for row in clean()]


@pytest.mark.case("PD-10")
def test_a_file_of_other_keys_is_an_error_that_names_what_is_missing() -> None:
    done = run([{"text": "a", "label": "b"}] * 3)
    assert "`prompt` is missing" in done.error
    assert "`text`, `label`" in done.error
    assert "`completion` is missing" in run([{"prompt": "a", "label": "b"}] * 3).error


@pytest.mark.case("PD-11")
def test_other_keys_are_left_out_each_by_name() -> None:
    done = run([{**row, "source": "x", "promptx": "y"} for row in clean()], no)
    (said,) = of(done, "extra_columns")
    assert (said.finding.level, said.applied) == ("necessary", True)
    assert said.finding.facts == {"columns": ["source", "promptx"]}
    assert "`source`, `promptx`" in said.finding.message
    assert [dict(row.values) for row in done.sheet.rows] == clean()


@pytest.mark.case("PD-12", "PD-B2")
@pytest.mark.parametrize("nothing", ["", None, "  "])
def test_a_row_without_a_completion_is_left_out_by_its_number(nothing: str | None) -> None:
    rows = [dict(row) for row in clean()] + [{"prompt": "late ->", "completion": " a.\n"}]
    done = run([*rows[:7], {"prompt": "empty ->", "completion": nothing}, *rows[7:]], no)
    (said,) = of(done, "empty_completion")
    assert (said.finding.level, said.finding.rows) == ("necessary", (7,))
    assert done.removed == {"empty_completion": (7,)}
    assert completions(done) == [row["completion"] for row in rows]


@pytest.mark.case("PD-12")
def test_empty_prompts_are_legal() -> None:
    done = run([{"prompt": "", "completion": row["completion"]} for row in clean()])
    assert not done.error
    assert len(done.sheet.rows) == 120


@pytest.mark.case("PD-13")
def test_rows_repeated_exactly_are_to_be_left_out_and_other_answers_to_a_prompt_are_not() -> None:
    rows = [*clean(), *clean()[4:7], {"prompt": clean()[8]["prompt"], "completion": " another.\n"}]
    (said,) = of(run(rows), "duplicates")
    assert (said.finding.level, said.finding.rows, said.applied) == ("recommended", (120, 121, 122), True)
    assert len(run(rows).sheet.rows) == 121
    assert len(run(rows, no).sheet.rows) == 124


@pytest.mark.case("PD-14")
@pytest.mark.parametrize(("length", "found"), [(10_000, []), (10_001, ["recommended"])])
def test_more_than_10000_characters_of_prompt_and_completion_are_to_be_left_out(length: int, found: list[str]) -> None:
    long = {"prompt": "long ->", "completion": " " + "x" * (length - len("long ->") - 3) + ".\n"}
    done = run([*clean(), long])
    assert levels(done, "length") == found
    assert len(done.sheet.rows) == 121 - len(found)


@pytest.mark.case("PD-14", "PD-B9")
def test_long_texts_without_prompts_are_named_but_neither_they_nor_their_long_beginning_are_to_go() -> None:
    texts = ["y" * 15_000 + chr(97 + row) * 5_000 for row in range(5)]
    done = run([{"prompt": "", "completion": text} for text in texts])
    assert done.sheet.kind == OPEN_ENDED
    assert [(one.finding.level, one.finding.rows) for one in of(done, "length")] == [("warning", (0, 1, 2, 3, 4))]
    assert levels(done, "completion_beginning") == ["note"]
    assert completions(done) == [" " + text for text in texts]


@pytest.mark.case("PD-14")
def test_without_prompts_a_long_text_among_others_stays() -> None:
    rows = [{"prompt": "", "completion": row["completion"]} for row in clean()]
    done = run([*rows, {"prompt": "", "completion": " " + "x" * 10_001}])
    assert [(one.finding.level, one.finding.rows) for one in of(done, "length")] == [("warning", (120,))]
    assert len(done.sheet.rows) == 121


@pytest.mark.case("PD-B9")
def test_where_a_tokenizer_counts_the_length_is_in_tokens_of_every_kind() -> None:
    words = Measure("tokens", 7, lambda text: len(text.split()))
    for rows in (clean(3), labelled(30), [{"prompt": "", "completion": " a b c."}]):
        done = run(
            [
                *rows,
                {"prompt": rows[0]["prompt"] and "f ->", "completion": " one two three four five six seven eight.\n"},
            ],
            measure=words,
        )
        assert of(done, "length")[0].finding.rows == (len(rows),), done.sheet.kind
        assert "7 tokens" in of(done, "length")[0].finding.message


@pytest.mark.case("PD-15")
@pytest.mark.parametrize(
    ("letters", "found"), [("ABcdef", []), ("ABCdef", ["recommended"]), ("ABcde", ["recommended"])]
)
@pytest.mark.parametrize("column", ["prompt", "completion"])
def test_more_than_a_third_of_capitals_is_to_be_lower_case_in_its_own_column(
    letters: str, found: list[str], column: str
) -> None:
    rows = [{**row, column: f"{row[column][:1].strip()}{number}{letters}"} for number, row in enumerate(clean())]
    rows = [{**row, column: "".join(one for one in row[column] if one in letters or not one.isalpha())} for row in rows]
    done = run(rows)
    assert levels(done, "case") == found
    assert all(f"`{column}`" in one.finding.message for one in of(done, "case"))
    assert any("B" in row.text(column) for row in done.sheet.rows) == (not found)


@pytest.mark.case("PD-15")
def test_exactly_a_third_of_capitals_is_not_flagged() -> None:
    rows = [{"prompt": f"{number} Abb ->", "completion": f" {number} Abb.\n"} for number in range(5)]
    assert levels(run(rows), "case") == []


@pytest.mark.case("PD-25")
@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        (with_completions([f" {number % 3}" for number in range(9)]), CONDITIONAL),
        (with_completions([f" {number % 3}" for number in range(10)]), CLASSIFICATION),
        ([{"prompt": "", "completion": f" {word(number)}"} for number in range(9)], OPEN_ENDED),
    ],
)
def test_few_different_completions_are_classes_and_no_prompts_are_open_ended(
    rows: list[dict[str, str]], kind: str
) -> None:
    done = run(rows)
    assert done.sheet.kind == kind
    assert ("hold some rows out" in of(done, "data_type")[0].finding.message) == (kind == CLASSIFICATION)


@pytest.mark.case("PD-B4")
def test_one_row_is_accepted_with_a_warning_on_its_size() -> None:
    done = run([{"prompt": "a ->", "completion": " b"}])
    assert not done.error
    assert levels(done, "size") == ["warning"]
    assert [dict(row.values) for row in done.sheet.rows] == [{"prompt": "a ->", "completion": " b"}]


@pytest.mark.case("PD-B5")
def test_completions_that_are_all_empty_are_an_error() -> None:
    assert "all completions are empty" in run([{"prompt": word(row), "completion": ""} for row in range(9)]).error


@pytest.mark.case("PD-B6")
def test_contradicting_completions_of_one_prompt_are_reported() -> None:
    rows = [{"prompt": f"{word(row % 60)} ->", "completion": [" no", " yes"][row // 60]} for row in range(120)]
    (said,) = of(run(rows), "conflicts")
    assert (said.finding.level, said.finding.facts, len(said.finding.rows)) == ("warning", {"prompts": 60}, 120)


@pytest.mark.case("PD-B8")
@pytest.mark.parametrize("column", ["prompt", "completion"])
@pytest.mark.parametrize("value", [["a"], {"a": 1}])
def test_lists_and_objects_are_an_error_with_the_number_of_the_row(column: str, value: object) -> None:
    rows: list[dict[str, object]] = [dict(row) for row in clean()]
    rows[5][column] = value
    assert f"row 5 has a list or an object as {column}" in run(rows).error


def test_numbers_are_written_as_text_and_said() -> None:
    done = run([*clean(), {"prompt": 5, "completion": True}], no)
    assert of(done, "values")[0].finding.rows == (120,)
    assert done.sheet.rows[-1].pair == ("5", "true")


def test_a_row_that_is_no_object_is_an_error_with_its_number() -> None:
    assert "row 120 is not an object" in run([*clean(), 5]).error


def test_classes_of_fewer_than_100_examples_and_of_two_spellings_are_named() -> None:
    found = of(run(labelled(300, (" no", " perhaps", " No"))), "classes")
    assert found[0].finding.facts == {"small": {"No": 75, "perhaps": 75}}
    assert "`No`, `no`" in found[1].finding.message


def test_what_was_mended_has_nothing_more_to_mend() -> None:
    rows = [
        {"PROMPT": f"TRANSLATE THIS TEXT: {word(row)}", "completion": word(row + 7), "id": row} for row in range(120)
    ]
    done = run([*rows, *rows[:3], {"PROMPT": "x", "completion": None}])
    again = run([dict(row.values) for row in done.sheet.rows])
    assert [one for one in again.said if one.finding.repair] == []
