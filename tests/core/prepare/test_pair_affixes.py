"""Separators, beginnings and endings, as the tool that OpenAI removed chose them, and without its faults."""

import pytest

from retune.core.prepare.findings import Transform
from retune.core.prepare.sheet import CONDITIONAL
from tests.core.prepare.toys import clean, completions, labelled, levels, no, of, prompts, run, word


def with_completions(texts: list[str]) -> list[dict[str, str]]:
    return [{"prompt": f"{word(number)} ->", "completion": text} for number, text in enumerate(texts)]


def with_prompts(texts: list[str]) -> list[dict[str, str]]:
    return [{"prompt": text, "completion": f" {word(number)}.\n"} for number, text in enumerate(texts)]


@pytest.mark.case("PD-16")
@pytest.mark.parametrize(
    ("inside", "separator"),
    [
        ("", " ->"),
        (" -> ", "\n\n###\n\n"),
        ("\n", "\n\n###\n\n"),
        ("\n\n###\n\n", "\n\n===\n\n"),
        ("\n\n###\n\n and \n\n===\n\n", "\n\n---\n\n"),
        ("\n\n###\n\n and \n\n===\n\n and \n\n---\n\n", "\n\n===>\n\n"),
        ("\n\n###\n\n and \n\n===\n\n and \n\n---\n\n and \n\n===>\n\n", "\n\n--->\n\n"),
        ("\n\n###\n\n and \n\n===\n\n and \n\n---\n\n and \n\n===>\n\n and \n\n--->\n\n", "\n\n### =>\n\n"),
    ],
)
def test_prompts_without_a_common_ending_get_the_first_separator_that_is_free(inside: str, separator: str) -> None:
    texts = [*(word(number) for number in range(5)), f"q{inside}y"]
    done = run(with_prompts(texts))
    assert levels(done, "prompt_ending") == ["recommended"]
    assert prompts(done) == [text + separator for text in texts]
    assert prompts(run(with_prompts(texts), no)) == texts


@pytest.mark.case("PD-17")
def test_identical_prompts_are_an_error() -> None:
    done = run([{"prompt": "same ->", "completion": f" {word(number)}.\n"} for number in range(9)])
    assert "all prompts are identical" in done.error


@pytest.mark.case("PD-18")
def test_a_separator_that_stands_twice_is_a_warning_alone() -> None:
    done = run([*clean(), {"prompt": "one -> two ->", "completion": " three.\n"}])
    assert levels(done, "prompt_ending") == ["note", "warning"]
    assert of(done, "prompt_ending")[1].finding.rows == (120,)
    assert done.transforms == ()


@pytest.mark.case("PD-19")
@pytest.mark.parametrize(("ending", "found"), [("x" * 10, ["note"]), ("x" * 11, ["note", "warning"])])
def test_an_ending_longer_than_10_characters_is_advised_against_and_kept(ending: str, found: list[str]) -> None:
    done = run(with_prompts([f"{number}{ending}" for number in range(9)]))
    assert levels(done, "prompt_ending") == found
    assert done.transforms == ()


@pytest.mark.case("PD-20")
@pytest.mark.parametrize(("length", "level"), [(12, "note"), (13, "recommended"), (24, "recommended")])
def test_a_beginning_of_prompts_over_12_characters_is_to_go_and_a_shorter_one_is_noted(length: int, level: str) -> None:
    prefix = "translate this to french, please"[:length]
    done = run([{**row, "prompt": prefix + row["prompt"]} for row in clean()])
    assert levels(done, "prompt_beginning") == [level]
    kept = prefix if level == "note" else ""
    assert prompts(done) == [kept + row["prompt"] for row in clean()]


@pytest.mark.case("PD-21")
@pytest.mark.parametrize(("prefix", "found"), [("Say:", []), ("Says:", ["recommended"])])
def test_a_beginning_of_completions_of_5_characters_is_to_go_and_of_4_is_not_reported(
    prefix: str, found: list[str]
) -> None:
    rows = [{**row, "completion": prefix + row["completion"].lstrip()} for row in clean()]
    done = run(rows)
    assert levels(done, "completion_beginning") == found
    assert completions(done) == [f" {'' if found else prefix}{row['completion'].lstrip()}" for row in clean()]


@pytest.mark.case("PD-B1")
@pytest.mark.parametrize("prefix", [" Answer: ", " Answer:"])
def test_a_common_beginning_is_removed_and_each_row_keeps_its_own_text_with_one_space(prefix: str) -> None:
    own = [word(number) for number in range(120)]
    done = run(with_completions([f"{prefix}{text}.\n" for text in own]))
    assert levels(done, "completion_beginning") == ["recommended"]
    assert completions(done) == [f" {text}.\n" for text in own]
    assert done.sheet.kind == CONDITIONAL
    alone = run(with_completions([f"{prefix}{text}.\n" for text in own]), lambda name, _: name != "leading_space")
    assert completions(alone) == completions(done), "the space is kept with the row, not added by another check"


@pytest.mark.case("PD-B1")
@pytest.mark.parametrize("table", ["0 a\n1 b", " Answer: too"])
def test_a_change_that_would_put_something_else_into_a_row_stops_the_run(
    table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Transform, "of", lambda *_: table)
    with pytest.raises(RuntimeError, match="changed what the row says"):
        run(with_completions([f" Answer: {word(number)}.\n" for number in range(9)]))


def test_a_beginning_without_which_a_row_would_be_empty_stays() -> None:
    texts = [" Answer", " Answer yes", " Answers"]
    done = run(with_completions(texts))
    assert levels(done, "completion_beginning") == ["note"]


@pytest.mark.case("PD-22")
@pytest.mark.parametrize(
    ("inside", "ending"),
    [("", "\n"), ("\n", "."), ("\n.", " END"), ("\n. END", "***"), ("\n. END ***", "+++"), ("\n. END *** +++", "&&&"),
     ("\n. END *** +++ &&&", "$$$"), ("\n. END *** +++ &&& $$$", "@@@"), ("\n. END *** +++ &&& $$$ @@@", "%%%"),
     ("\n. END *** +++ &&& $$$ @@@ %%%", " [END]")],
)  # fmt: skip
def test_completions_without_a_common_ending_get_the_first_that_is_free(inside: str, ending: str) -> None:
    texts = [f" {word(number)}" for number in range(9)] + [f" {inside} q"]
    done = run(with_completions(texts))
    assert done.sheet.kind == CONDITIONAL
    assert levels(done, "completion_ending") == ["recommended"]
    assert completions(done) == [text + ending for text in texts]


@pytest.mark.case("PD-22")
def test_classes_and_texts_without_prompts_need_no_ending() -> None:
    assert levels(run(labelled()), "completion_ending") == []
    assert levels(run([{"prompt": "", "completion": f" {word(row)}"} for row in range(9)]), "completion_ending") == []


@pytest.mark.case("PD-23")
@pytest.mark.parametrize("rows", [3, 30])
def test_identical_completions_are_an_error(rows: int) -> None:
    done = run(with_completions([" same.\n"] * rows))
    assert "all completions are identical" in done.error


@pytest.mark.case("PD-24")
def test_a_completion_gets_exactly_one_space_before_it() -> None:
    texts = [row["completion"] for row in clean()]
    done = run(with_completions([texts[0], *(text.lstrip(" ") for text in texts[1:])]))
    (said,) = of(done, "leading_space")
    assert (said.finding.level, said.finding.rows) == ("recommended", tuple(range(1, 120)))
    assert completions(done) == texts
