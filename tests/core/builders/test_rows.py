"""Builders from the columns of rows: each shape of record becomes examples, or is rejected with its reason."""

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest

from retune.core import redaction
from retune.core.builders import answers, blocks, entities, label_sets, messages, pairs, tagged_tokens
from retune.core.errors import UserError
from retune.core.examples import faults
from retune.core.ingest import Draft
from retune.core.params.redact import RedactParams
from retune.core.parts import find
from tests.core.formats.samples import read

TABLES = ["asked"]
REDACT = RedactParams(recognizers=("email", "phone"), regions=("GB",), keep=())


def documents(records: Sequence[dict[str, Any]], *, redacted: bool = False) -> pd.DataFrame:
    """Return the documents that the lines of a JSONL file become, as ingest and redaction leave them."""
    rule = {"name": "asked", "match": "*", "id": "", "text": [next(iter(records[0]))], "title": "", "date": ""}
    drafts = read("\n".join(map(json.dumps, records)), "asked/a.jsonl", tables=[rule]).parts
    rows = []
    for draft in drafts:
        assert isinstance(draft, Draft)
        cells = draft.metadata
        if redacted:
            fields = {"text": draft.text} | {f"metadata.{name}": cell for name, cell in cells.items()}
            clean = redaction.redact(fields, redaction.load(REDACT), REDACT).fields
            cells = {name: clean[f"metadata.{name}"] for name in cells}
        rows.append({"document_id": draft.explicit_id, "kind": "row", "metadata": json.dumps(cells)})
    return pd.DataFrame(rows)


def of(
    builder: Any, records: Sequence[dict[str, Any]], *, redacted: bool = False, **columns: str
) -> list[dict[str, Any]]:
    """Return the examples that a builder makes of records."""
    options = builder.Options(tables=TABLES, **columns)
    found: list[dict[str, Any]] = builder.build(documents(records, redacted=redacted), options).to_dict("records")
    return found


def refused(rows: list[dict[str, Any]], target: str) -> list[str]:
    """Return why the examples cannot be learnt by a target, nothing where they can."""
    frame = pd.DataFrame([{"context": "", "fault": "", **row} for row in rows])
    return faults(frame, find("retune.core.targets", target))


PAIRS: dict[str, Any] = {"prompt_column": "instruction", "context_column": "input", "completion_column": "output"}


def test_an_instruction_its_input_and_its_output_are_prompt_context_and_completion() -> None:
    records = [
        {"instruction": "Translate.", "input": "Guten Tag", "output": "Good day"},
        {"instruction": "Name a colour.", "input": "", "output": "Blue"},
    ]
    found = of(pairs, records, **PAIRS)
    assert [(row["text"], row["context"], row["label"]) for row in found] == [
        ("Translate.", "Guten Tag", "Good day"),
        ("Name a colour.", "", "Blue"),
    ]
    assert all(row["document_id"].startswith("asked:") for row in found)


def test_prompts_without_inputs_need_no_column_for_them() -> None:
    (row,) = of(
        pairs, [{"prompt": "Hi ->", "completion": " Hello"}],
        prompt_column="prompt", context_column="", completion_column="completion",
    )  # fmt: skip
    assert (row["text"], row["context"], row["label"]) == ("Hi ->", "", " Hello")


def test_a_column_that_no_row_has_is_named_with_those_that_there_are() -> None:
    with pytest.raises(UserError, match=r"no outptu, but input, instruction, output"):
        of(pairs, [{"instruction": "a", "input": "b", "output": "c"}], **{**PAIRS, "completion_column": "outptu"})


TALK = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "When does it open?"},
    {"role": "assistant", "content": "At six."},
    {"role": "user", "content": "And close?"},
    {"role": "assistant", "content": "At nine."},
    {"role": "user", "content": "Thanks!"},
]


def talk(turns: Any) -> dict[str, Any]:
    (row,) = of(messages, [{"messages": turns}], messages_column="messages")
    return row


def test_the_last_answer_of_a_conversation_is_learnt_from_what_was_said_before_it() -> None:
    row = talk(TALK)
    assert (json.loads(row["text"]), row["label"], row["fault"]) == (TALK[:4], "At nine.", "")


def test_an_answer_of_weight_zero_is_not_learnt_where_another_is() -> None:
    turns = [*TALK[:2], TALK[2] | {"weight": 1}, TALK[3], TALK[4] | {"weight": 0}]
    assert talk(turns)["label"] == "At six."


@pytest.mark.case("CH-2", "CH-3", "CH-5", "CH-6", "CH-7")
@pytest.mark.parametrize(
    ("turns", "reason"),
    [
        ([], "missing_messages_list"),
        ([{"role": "user"}], "message_missing_key"),
        ([{"role": "robot", "content": "Hi"}, *TALK], "unrecognized_role"),
        ([TALK[1], {"role": "assistant", "content": ""}], "missing_content"),
        (TALK[:2], "example_missing_assistant_message"),
        ("Hello", "not JSON"),
        ({"role": "user"}, "not a list"),
        ([TALK[1], {"role": "assistant", "content": [{"type": "text", "text": "Hi"}]}], "no text"),
    ],
)
def test_a_conversation_with_a_fault_is_rejected_with_the_name_of_the_check(turns: Any, reason: str) -> None:
    row = talk(turns)
    assert reason in row["fault"]
    assert refused([row], "text") == [row["fault"]]


PASSAGE = "The gate of hall 3 opens at six. On Sundays it opens at nine."
ASKED: dict[str, Any] = {"question_column": "question", "context_column": "context", "answers_column": "answers"}


def asked(given: Any, context: str = PASSAGE, *, redacted: bool = False) -> dict[str, Any]:
    records = [{"context": context, "question": "When does it open?", "answers": given}]
    (row,) = of(answers, records, redacted=redacted, **ASKED)
    return row


@pytest.mark.parametrize(
    "given",
    [
        [{"text": "six", "start": 28}, {"text": "at six", "start": 25}],
        [{"text": "six", "answer_start": 28}, {"text": "at six", "answer_start": 25}],
        {"text": ["six", "at six"], "answer_start": [28, 25]},
    ],
)
def test_answers_are_read_in_the_shapes_that_people_have(given: Any) -> None:
    row = asked(given)
    assert json.loads(row["label"]) == [{"text": "six", "start": 28}, {"text": "at six", "start": 25}]
    assert (row["text"], row["context"]) == ("When does it open?", PASSAGE)
    assert refused([row], "answers") == [""]


def test_a_question_without_an_answer_is_learnt_as_such() -> None:
    assert (asked([])["label"], refused([asked([])], "answers")) == ("[]", [""])


def test_an_answer_moves_with_what_redaction_did_before_it() -> None:
    context = f"Write to the porter, ann.lee@example.org, before noon. {PASSAGE}"
    start = context.index("six")
    row = asked([{"text": "six", "start": start}], context, redacted=True)
    assert "[EMAIL_1]" in row["context"]
    (answer,) = json.loads(row["label"])
    assert answer["start"] != start
    assert row["context"][answer["start"] :].startswith("six")
    assert refused([row], "answers") == [""]


def test_a_place_that_holds_the_same_words_by_chance_is_not_taken_behind_a_placeholder() -> None:
    context = "Ask an@example.org: six, six, six or six?"  # five characters longer than its placeholder
    start = context.index("six") + 5
    row = asked([{"text": "six", "start": start}], context, redacted=True)
    assert "several places" in row["fault"]
    assert context.replace("an@example.org", "[EMAIL_1]")[start:].startswith("six"), "another one stands there now"


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ([{"text": "ten", "start": 28}], "is not in the text"),
        ([{"text": "opens at", "start": 3}], "in several places"),
        ([{"text": "six"}], "no start"),
        ("six", "not JSON"),
        ({"text": ["six"], "answer_start": []}, "not as many starts"),
    ],
)
def test_an_answer_that_cannot_be_found_is_rejected_never_moved_by_guess(given: Any, reason: str) -> None:
    row = asked(given)
    assert reason in row["fault"]
    assert refused([row], "answers") == [row["fault"]]


TEXT = "Ann Lee (ann.lee@example.org, 020 7946 0958) flew to Oslo. Oslo thanked Ann Lee."


def spans(*words: str, own: bool = True) -> list[dict[str, Any]]:
    """Return spans of words in TEXT, each searched for behind the one before it."""
    found, behind = [], 0
    for word in words:
        start = TEXT.index(word, behind)
        behind = start + len(word)
        found.append({"start": start, "end": behind, "type": "NAME"} | ({"text": word} if own else {}))
    return found


def named(given: Any, *, redacted: bool = False) -> dict[str, Any]:
    (row,) = of(entities, [{"text": TEXT, "spans": given}], redacted=redacted, text_column="text", spans_column="spans")
    return row


def words_of(row: dict[str, Any]) -> list[str]:
    return [row["text"][one["start"] : one["end"]] for one in json.loads(row["label"])]


NAMES = ("Ann Lee", "ann.lee@example.org", "Oslo", "Ann Lee")


def test_spans_are_found_again_after_redaction_and_those_inside_a_placeholder_become_it() -> None:
    assert words_of(named(spans(*NAMES))) == list(NAMES)
    row = named(spans("Ann Lee", "ann.lee@example.org", "thanked", "Ann Lee"), redacted=True)
    assert words_of(row) == ["Ann Lee", "[EMAIL_1]", "thanked", "Ann Lee"]
    assert refused([row], "entities") == [""]


def test_a_span_that_may_be_in_several_places_is_rejected() -> None:
    row = named(spans("Oslo", "thanked"), redacted=True)
    assert "several places" in row["fault"]


def test_spans_without_words_are_taken_only_from_a_text_that_nothing_changed() -> None:
    bare = spans(*NAMES, own=False)
    assert words_of(named(bare)) == list(NAMES)
    assert words_of(named([[one["start"], one["end"], one["type"]] for one in bare])) == list(NAMES)
    assert "do not say their own words" in named(bare, redacted=True)["fault"]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ([{"start": 1, "end": 7, "type": "NAME"}], "cuts a word"),
        ([{"start": 0, "end": 999, "type": "NAME"}], "not inside"),
        ([{"start": 0, "end": 7}], "no type"),
        ([["Ann Lee", "NAME"]], "no start"),
        ("Ann Lee", "not JSON"),
    ],
)
def test_a_span_that_is_none_is_rejected_with_its_reason(given: Any, reason: str) -> None:
    row = named(given)
    assert reason in row["fault"]
    assert refused([row], "entities") == [row["fault"]]


def tagged(tokens: Any, tags: Any) -> dict[str, Any]:
    record = {"tokens": tokens, "tags": tags}
    (row,) = of(tagged_tokens, [record], tokens_column="tokens", tags_column="tags")
    return row


def test_tags_become_ranges_of_the_joined_tokens() -> None:
    row = tagged(["Ann", "Lee", "met", "Bo", "in", "Oslo"], ["B-PER", "I-PER", "O", "B-PER", "O", "B-LOC"])
    assert row["text"] == "Ann Lee met Bo in Oslo"
    assert words_of(row) == ["Ann Lee", "Bo", "Oslo"]
    assert words_of(tagged(["Ann", "Bo"], ["B-PER", "B-PER"])) == ["Ann", "Bo"]
    assert tagged(["none", "here"], ["O", "O"])["label"] == "[]"


@pytest.mark.parametrize(
    ("tokens", "tags", "reason"),
    [
        (["a", "b"], ["O"], "2 tokens and 1 tags"),
        (["a", " "], ["O", "O"], "a token is no text"),
        (["a"], ["I-PER"], "tag 1 is no tag of IOB2"),
        (["a", "b"], ["B-PER", "I-LOC"], "tag 2"),
        (["a"], ["PER"], "tag 1"),
        (["a"], [7], "tag 1"),
        ("a b", ["O"], "not JSON"),
    ],
)
def test_tokens_and_tags_that_do_not_fit_are_rejected_with_the_reason(tokens: Any, tags: Any, reason: str) -> None:
    assert reason in tagged(tokens, tags)["fault"]


@pytest.mark.parametrize(
    ("separator", "cell", "label"),
    [
        (";", "vpn; badge;", '["badge", "vpn"]'),
        (";", "", "[]"),
        ("", ["vpn", "badge", "vpn"], '["badge", "vpn"]'),
    ],
)
def test_all_labels_of_a_cell_are_one_sorted_list(separator: str, cell: Any, label: str) -> None:
    columns: dict[str, Any] = {"text_column": "text", "labels_column": "labels", "separator": separator}
    (row,) = of(label_sets, [{"text": "Both are broken", "labels": cell}], **columns)
    assert (row["label"], refused([row], "labels")) == (label, [""])


def test_a_cell_of_labels_that_is_no_list_is_rejected() -> None:
    columns: dict[str, Any] = {"text_column": "text", "labels_column": "labels", "separator": ""}
    (row,) = of(label_sets, [{"text": "Both are broken", "labels": "vpn"}], **columns)
    assert row["fault"] == "the labels are not JSON"


def test_a_document_is_cut_between_paragraphs_and_nothing_of_it_is_lost() -> None:
    text = "one two three\n\nfour five\n\nsix\n\n\n" + " ".join(f"w{number}" for number in range(12))
    found = list(blocks.blocks(text, 5))
    assert found[0] == "one two three\n\nfour five"
    assert [len(block.split()) for block in found] == [5, 1, 5, 5, 2]
    assert " ".join(found).split() == text.split()
    assert list(blocks.blocks(" \n\n ", 5)) == []
