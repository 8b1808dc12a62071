import subprocess
import sys
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retune.core import splits
from retune.core.errors import IntegrityError, UserError
from retune.core.hashing import sha256_text
from retune.core.params.split import SplitParams
from retune.core.targets import label, text

PARAMS = SplitParams.model_validate(
    {
        "strategy": "hash",
        "seed": 3,
        "shares": {"train": 0.6, "validation": 0.2, "test": 0.2},
        "passage_words": 13,
        "passage_minimum_words": 8,
        "passage_share": 0.8,
        "largest_group_share": 0.05,
    }
)
GIVEN = PARAMS.model_copy(update={"strategy": "column"})


KNOWN_SIDES = ["train", "train", "train", "train", "validation", "train", "validation", "test"]


def example(number: int, text: str = "", **other: Any) -> dict[str, Any]:
    text = text or f"ticket {number} asks about matter {number * 7919 % 1009} of customer {number * 31 % 977}"
    row = {
        "example_id": sha256_text(f"example {number}")[:16],
        "text": text,
        "context": "",
        "label": "ab"[number % 2],
        "document_id": f"tickets:{number}",
        "explicit_id": True,
        "side": "",
        "slices": "{}",
    }
    return row | other


def frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows)


def clusters(examples: pd.DataFrame, alike: dict[str, str] | None = None) -> pd.DataFrame:
    own = {document: f"cluster of {document}" for document in examples["document_id"]}
    return pd.DataFrame(list((own | (alike or {})).items()), columns=["document_id", "cluster_id"])


def run(examples: pd.DataFrame, alike: dict[str, str] | None = None, params: SplitParams = PARAMS) -> splits.Split:
    return splits.split(examples, clusters(examples, alike), params, label)


def sides(result: splits.Split) -> dict[str, str]:
    return dict(zip(result.rows["document_id"], result.rows["side"], strict=True))


MANY = frame([example(number) for number in range(300)])


def given_example(number: int, side: str, text: str = "", **other: Any) -> dict[str, Any]:
    return example(number, text, side=side, **other)


BASE = [given_example(number, side) for number, side in enumerate(["train", "validation", "test"] * 4)]


def reasons(result: splits.Split) -> dict[str, str]:
    return dict(zip(result.rejected["row_id"], result.rejected["reason"], strict=True))


@pytest.mark.case("SP-2")
def test_adding_documents_moves_no_other() -> None:
    before, after = sides(run(MANY.iloc[:200])), sides(run(MANY))
    assert before == {document: after[document] for document in before}
    assert {side: round(list(after.values()).count(side) / 300, 1) for side in splits.SIDES} == {
        "train": 0.6,
        "validation": 0.2,
        "test": 0.2,
    }


@pytest.mark.case("SP-2")
def test_the_side_of_an_id_is_the_same_on_every_machine() -> None:
    assert [splits.side_of(f"tickets:{number}", 3, PARAMS.shares) for number in range(8)] == KNOWN_SIDES
    code = (
        "from retune.core import splits; from retune.core.params.split import Shares;"
        "s = Shares(train=0.6, validation=0.2, test=0.2);"
        "print([splits.side_of(f'tickets:{n}', 3, s) for n in range(8)])"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == str(KNOWN_SIDES)


@pytest.mark.case("SP-5")
def test_the_version_is_the_content_whatever_the_order_and_the_names() -> None:
    first = run(MANY)
    shuffled = run(MANY.sample(frac=1, random_state=1))
    assert shuffled.summary == first.summary
    assert shuffled.rows.equals(first.rows)
    changed = MANY.assign(text=MANY["text"].where(MANY.index != 7, "another matter altogether"))
    assert run(changed).summary["dataset_version"] != first.summary["dataset_version"]
    told = MANY.assign(context=MANY["context"].where(MANY.index != 7, "what it is about"))
    assert run(told).summary["dataset_version"] != first.summary["dataset_version"]


@pytest.mark.case("SP-1", "SP-2")
def test_all_questions_about_one_passage_fall_together_and_none_moves_when_others_come() -> None:
    passages = [f"The gate {number * 7919 % 1009} of hall {number} opens at six." for number in range(100)]
    rows = MANY.assign(context=[passages[number % 100] for number in range(len(MANY))])
    before, after = sides(run(rows.iloc[:200])), run(rows)
    assert before == {document: sides(after)[document] for document in before}
    assert (after.rows.groupby("context")["side"].nunique() == 1).all()
    assert after.rejected.empty
    assert set(after.rows["side"]) == set(splits.SIDES)


def test_the_same_question_about_another_passage_is_no_copy() -> None:
    halls = ((100, "train"), (101, "test"))
    pair = [given_example(hall, side, "When does it open?", context=f"Hall {hall} opens.") for hall, side in halls]
    assert run(frame([*BASE, *pair]), params=GIVEN).rejected.empty


@pytest.mark.case("SP-3")
def test_a_question_about_a_copied_passage_is_named() -> None:
    passages = [PARAGRAPH, f"Minutes of the week: {PARAGRAPH}. Nothing else came up."]
    planted = zip((100, 101), ("test", "train"), passages, strict=True)
    pair = [given_example(number, side, f"Who waits, {number}?", context=about) for number, side, about in planted]
    assert reasons(run(frame([*BASE, *pair]), params=GIVEN)) == {pair[1]["example_id"]: "near_duplicate_of_test"}


def test_renaming_a_document_without_an_id_keeps_its_side() -> None:
    pathless = MANY.assign(explicit_id=False)
    renamed = pathless.assign(document_id="archive/" + pathless["document_id"])
    assert list(run(pathless).rows["side"]) == list(run(renamed).rows["side"])


def test_most_edits_keep_the_side_of_a_document_without_an_id() -> None:
    tails = [" ".join(f"word{number * step % 613}" for step in range(1, 40)) for number in range(len(MANY))]
    before = MANY.assign(explicit_id=False, text=MANY["text"] + " " + tails)
    edited = before.assign(text=before["text"] + " and kind regards")
    keys_before, keys_after = splits.side_keys(before), splits.side_keys(edited)
    assert (keys_before == keys_after).mean() > 0.85


@pytest.mark.case("SP-1", "PD-B7")
@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("text", "Hello, the VPN drops every hour!", "equal_to"),
        ("document_id", "handbook.md", "same_document_as"),
        ("cluster", "one cluster", "near_duplicate_of"),
        ("context", "The gate opens at six.", "same_passage_as"),
    ],
)
@pytest.mark.parametrize(("weaker", "stronger"), [("train", "test"), ("validation", "test"), ("train", "validation")])
def test_what_stands_on_two_sides_stays_on_the_stronger_one(
    column: str, value: str, reason: str, weaker: str, stronger: str
) -> None:
    pair = [given_example(100, weaker), given_example(101, stronger)]
    if column == "cluster":
        alike = {row["document_id"]: value for row in pair}
    else:
        pair, alike = [row | {column: value} for row in pair], {}
    result = run(frame([*BASE, *pair]), alike, GIVEN)
    assert reasons(result) == {pair[0]["example_id"]: f"{reason}_{stronger}"}
    assert pair[1]["example_id"] in result.rejected["detail"].iloc[0]
    assert pair[1]["document_id"] in result.rejected["detail"].iloc[0]
    assert pair[1]["example_id"] in set(result.rows["example_id"])


@pytest.mark.case("SP-1")
@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 9), st.sampled_from(splits.SIDES)), max_size=25))
def test_nothing_alike_is_ever_on_two_sides(planted: list[tuple[int, int, str]]) -> None:
    rows = [given_example(50 + n, side, f"text number {text}") for n, (text, _, side) in enumerate(planted)]
    alike = {f"tickets:{50 + n}": f"cluster {cluster}" for n, (_, cluster, _) in enumerate(planted)}
    examples = frame([*BASE, *rows])
    result = run(examples, alike, GIVEN)
    for column in splits.APART:
        assert (result.rows.groupby(column)["side"].nunique() == 1).all()
    assert len(result.rows) + len(result.rejected) == len(examples)


@pytest.mark.case("SP-1")
@pytest.mark.parametrize("column", splits.APART)
def test_a_leak_stops_the_run(column: str) -> None:
    rows = run(frame(BASE), params=GIVEN).rows
    rows.loc[rows.groupby("side").head(1).index[:2], column] = "the same"
    with pytest.raises(IntegrityError, match="two sides"):
        splits.check_apart(rows)


@pytest.mark.case("SP-1")
def test_a_rule_that_lets_a_leak_pass_stops_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splits, "straddling", lambda *_: {})
    pair = [given_example(100, "train", "the same text"), given_example(101, "test", "The same text.")]
    with pytest.raises(IntegrityError, match="equality on two sides"):
        run(frame([*BASE, *pair]), params=GIVEN)


PARAGRAPH = (
    "the badge reader at the north gate rejects every card that was issued before march so visitors wait outside"
)
PARAGRAPHS = [" ".join(f"w{number * 61 + place * 7919 % 997}" for place in range(8, 24)) for number in range(60)]
SENTENCE = "please reset the second factor of my account today"


@pytest.mark.case("SP-3")
@pytest.mark.parametrize(
    ("test_text", "train_text"),
    [
        (PARAGRAPH, f"Minutes of the week.\n\nWe noted: {PARAGRAPH.capitalize()}.\n\nNothing else came up."),
        (f"An opening about other things.\n\n{PARAGRAPH}\n\nA closing about more.", f"Well. {PARAGRAPH} And so on."),
        (SENTENCE, f"He wrote: '{SENTENCE.upper()}', and then called twice."),
    ],
)
def test_a_copy_of_a_test_paragraph_inside_a_training_document_is_named(test_text: str, train_text: str) -> None:
    planted = [given_example(100, "test", test_text), given_example(101, "train", train_text)]
    result = run(frame([*BASE, *planted]), params=GIVEN)
    assert reasons(result) == {planted[1]["example_id"]: "near_duplicate_of_test"}
    for name in ("tickets:100", "tickets:101", planted[0]["example_id"]):
        assert name in result.rejected["detail"].iloc[0]


def test_an_instruction_before_every_prompt_makes_none_a_copy_of_another() -> None:
    form = (
        "Below is a ticket of a customer. Read it with care, then write an answer that is short, kind and to the point."
    )
    rows = [
        given_example(number, "train" if number % 2 else "test", f"{form}\n\n{PARAGRAPHS[number]}")
        for number in range(60)
    ]
    rows.append(given_example(99, "train", f"{form} And: {PARAGRAPHS[0]}"))
    result = run(frame([*BASE, *[row | {"document_id": f"x:{n}"} for n, row in enumerate(rows)]]), params=GIVEN)
    assert reasons(result) == {rows[-1]["example_id"]: "near_duplicate_of_test"}


@pytest.mark.parametrize("phrase", ["kind regards and many thanks", " ".join(PARAGRAPH.split()[:12])])
def test_a_common_phrase_is_no_copy(phrase: str) -> None:
    planted = [
        given_example(100, "test", f"{phrase} the printer on the second floor prints blank pages since the update"),
        given_example(101, "train", f"{phrase} my salary of last month has not arrived on the new account"),
    ]
    assert run(frame([*BASE, *planted]), params=GIVEN).rejected.empty


@pytest.mark.case("SP-4")
def test_a_label_that_a_side_lacks_is_stated() -> None:
    rare = [given_example(100, "test", "only here", label="rare")]
    summary = run(frame([*BASE, *rare]), params=GIVEN).summary
    assert summary["missing_labels"] == {"train": ["rare"], "validation": ["rare"], "test": []}
    assert "train has no example of rare" in summary["warnings"]


def test_where_every_text_is_its_own_no_label_is_counted() -> None:
    rows = MANY.assign(label=[f"answer {number}" for number in range(len(MANY))])
    summary = splits.split(rows, clusters(rows), PARAMS, text).summary
    assert summary["labels"] == {side: {} for side in splits.SIDES}
    assert sum(summary["rows"].values()) == len(rows)
    assert summary["warnings"] == []


def test_given_sides_without_validation_take_it_out_of_train() -> None:
    rows = [given_example(number, "test" if number % 4 == 0 else "train") for number in range(400)]
    result = run(frame(rows), params=GIVEN)
    assert result.summary["rows"]["test"] == 100
    assert 50 < result.summary["rows"]["validation"] < 100  # a quarter of 300


def test_a_side_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(UserError, match="'holdout'"):
        run(frame([*BASE, given_example(100, "holdout")]), params=GIVEN)


def test_an_empty_side_is_an_error() -> None:
    with pytest.raises(UserError, match="2 examples, none in test"):
        run(frame(BASE[:2]), params=GIVEN)


def test_answers_that_people_corrected_need_no_cluster_and_move_nothing() -> None:
    examples = frame([example(number) for number in range(60)])
    before = sides(run(examples))
    tested = next(row for row in examples.to_dict("records") if before[row["document_id"]] == "test")
    answers = [
        example(100 + number, document_id=f"collected:{number}", explicit_id=False, text=text)
        for number, text in enumerate(["the badge of the night watch is refused", str(tested["text"]).upper()])
    ]
    result = splits.split(pd.concat([examples, frame(answers)], ignore_index=True), clusters(examples), PARAMS, label)
    after = sides(result)
    assert {document: after[document] for document in before if document in after} == before
    assert "collected:0" in after
    copies = set(result.rejected["row_id"])
    kept = result.rows[result.rows["document_id"] == "collected:1"]["side"]
    assert answers[1]["example_id"] in copies or list(kept) == ["test"], "a copy of a test row trains nothing"


def test_a_document_without_a_cluster_is_an_integrity_error() -> None:
    examples = frame(BASE)
    with pytest.raises(IntegrityError, match="tickets:0"):
        splits.split(examples, clusters(examples.iloc[1:]), GIVEN, label)


def test_a_large_group_is_reported() -> None:
    alike = {f"tickets:{number}": "templates" for number in range(0, 12, 3)}
    summary = run(frame(BASE), alike, GIVEN).summary
    assert summary["largest_group"] == {"cluster_id": "templates", "rows": 4, "share": pytest.approx(1 / 3)}
    assert any("33.3%" in warning for warning in summary["warnings"])


def test_shares_that_lose_examples_are_refused() -> None:
    short = {"train": 0.5, "validation": 0.1, "test": 0.1}
    with pytest.raises(ValueError, match="add up to 1"):
        SplitParams.model_validate(PARAMS.model_dump() | {"shares": short})
