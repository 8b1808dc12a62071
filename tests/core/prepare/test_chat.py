"""Conversations: what the cookbook's notebook counts, and what it wrongly refuses."""

from typing import Any

import pytest

from retune.core.prepare.chat import check_chat, distribution, quantile
from retune.core.prepare.conversations import is_chat
from retune.core.prepare.sheet import Measure
from tests.core.prepare.toys import CHARACTERS, yes

WORDS = Measure("tokens", 4096, lambda text: len(text.split()))
CALL = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}


def turn(role: str, content: Any = "well", **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


def talk(*messages: Any) -> dict[str, Any]:
    return {"messages": list(messages)}


GOOD = talk(turn("system"), turn("user"), turn("assistant"))


def errors(row: Any, *, drop: bool = False) -> dict[str, int]:
    """Return the errors of a row that stands beside a good one."""
    return check_chat([GOOD, row], CHARACTERS, yes, drop_invalid=drop).format_errors


FAULTY = [
    pytest.param(5, {"data_type": 1}, marks=pytest.mark.case("CH-1")),
    pytest.param([GOOD], {"data_type": 1}, marks=pytest.mark.case("CH-1")),
    pytest.param(talk(turn("user"), 7, turn("assistant")), {"data_type": 1}, marks=pytest.mark.case("CH-1")),
    pytest.param({"other": 1}, {"missing_messages_list": 1}, marks=pytest.mark.case("CH-2")),
    pytest.param({"messages": []}, {"missing_messages_list": 1}, marks=pytest.mark.case("CH-2")),
    pytest.param({"messages": "hello"}, {"missing_messages_list": 1}, marks=pytest.mark.case("CH-2")),
    pytest.param(
        talk({"content": "a"}, turn("assistant")),
        {"message_missing_key": 1, "unrecognized_role": 1},
        marks=pytest.mark.case("CH-3"),
    ),
    pytest.param(
        talk({"role": "user"}, turn("assistant")),
        {"message_missing_key": 1, "missing_content": 1},
        marks=pytest.mark.case("CH-3"),
    ),
    pytest.param(
        talk(turn("user", id=1), turn("assistant")), {"message_unrecognized_key": 1}, marks=pytest.mark.case("CH-4")
    ),
    pytest.param(
        talk(turn("human"), turn("assistant")), {"unrecognized_role": 1}, marks=pytest.mark.case("CH-5")
    ),
    pytest.param(talk(turn("user", ""), turn("assistant")), {"missing_content": 1}, marks=pytest.mark.case("CH-6")),
    pytest.param(talk(turn("user", None), turn("assistant")), {"missing_content": 1}, marks=pytest.mark.case("CH-6")),
    pytest.param(talk(turn("user", 7), turn("assistant", 0)), {"missing_content": 2}, marks=pytest.mark.case("CH-6")),
    pytest.param(talk(turn("user")), {"example_missing_assistant_message": 1}, marks=pytest.mark.case("CH-7")),
    pytest.param(
        talk(turn("user"), turn("assistant", weight=0.5)), {"invalid_weight": 1}, marks=pytest.mark.case("CH-9b")
    ),
    pytest.param(
        talk(turn("user"), turn("tool", tool_call_id="c1"), turn("assistant", None, tool_calls=[CALL])),
        {"unmatched_tool_call": 1},
        marks=pytest.mark.case("CH-9b"),
    ),
    pytest.param(
        {"input": talk(turn("user")), "preferred_output": [], "non_preferred_output": [turn("assistant")]},
        {"missing_messages_list": 1},
        marks=pytest.mark.case("CH-9b"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("row", "found"), FAULTY)
def test_a_fault_is_counted_under_the_name_that_the_notebook_gave_it(row: Any, found: dict[str, int]) -> None:
    assert errors(row) == found
    assert check_chat([GOOD, row], CHARACTERS, yes, drop_invalid=False).error
    dropped = check_chat([GOOD, row], CHARACTERS, yes, drop_invalid=True)
    assert (dropped.error, list(dropped.rows), dropped.removed) == ("", [0], {"invalid": (1,)})


ACCEPTED = {
    "function_call": talk(turn("user"), turn("assistant", "", function_call={"name": "f"}), turn("function", name="f"),
                          turn("assistant")),
    "tool_calls_with_null": talk(turn("user"), turn("assistant", None, tool_calls=[CALL]),
                                 turn("tool", tool_call_id="c1"), turn("assistant")),
    "tool_calls_without_content": talk(turn("user"), {"role": "assistant", "tool_calls": [CALL]},
                                       turn("tool", tool_call_id="c1"), turn("assistant")),
    "developer": talk(turn("developer"), turn("user"), turn("assistant")),
    "picture": talk(turn("user", [{"type": "text", "text": "what is this"},
                                  {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]),
                    turn("assistant")),
    "weights": talk(turn("user"), turn("assistant", weight=0), turn("user"), turn("assistant", weight=1)),
    "preference": {"input": talk(turn("user")), "preferred_output": [turn("assistant", "good")],
                   "non_preferred_output": [turn("assistant", "bad")]},
}  # fmt: skip


@pytest.mark.case("CH-9b")
@pytest.mark.parametrize("name", ACCEPTED)
def test_what_services_take_today_is_accepted_without_a_word(name: str) -> None:
    done = check_chat([ACCEPTED[name]], WORDS, yes, drop_invalid=False)
    assert is_chat([ACCEPTED[name]])
    assert (done.said, done.format_errors) == ((), {})


@pytest.mark.case("CH-9b")
def test_an_answer_of_a_tool_with_another_id_is_an_error() -> None:
    row = talk(
        turn("user"), turn("assistant", None, tool_calls=[CALL]), turn("tool", tool_call_id="c2"), turn("assistant")
    )
    assert errors(row) == {"unmatched_tool_call": 1}


@pytest.mark.case("CH-10")
@pytest.mark.parametrize(
    ("row", "name"),
    [
        (talk(turn("system"), turn("assistant"), turn("user"), turn("assistant")), "first_turn_assistant"),
        (talk(turn("user"), turn("user"), turn("assistant")), "same_role_twice"),
        (talk(turn("user"), turn("assistant"), turn("assistant")), "same_role_twice"),
        (talk(turn("user"), turn("assistant"), turn("user")), "last_turn_not_assistant"),
    ],
)
def test_turns_out_of_order_are_warnings(row: Any, name: str) -> None:
    done = check_chat([GOOD, row], CHARACTERS, yes, drop_invalid=False)
    assert [(one.check, one.finding.level, one.finding.rows) for one in done.said] == [(name, "warning", (1,))]


@pytest.mark.case("CH-8")
def test_counts_and_distributions_are_those_by_hand() -> None:
    rows = [talk(turn("user", "one two"), turn("assistant", "three")),
            talk(turn("system", "a"), turn("user", "b", name="ann"), turn("assistant", "c d e")),
            talk(turn("system", "a"), turn("assistant", "word " * 4096))]  # fmt: skip
    done = check_chat(rows, WORDS, yes, drop_invalid=False)
    figures = done.figures
    assert (figures["without_system"], figures["without_user"]) == (1, 1)
    assert figures["messages"] == {"min": 2, "max": 3, "mean": 7 / 3, "median": 2, "p5": 2, "p95": pytest.approx(2.9)}
    lengths = [5 + 2 * 3 + 3, 9 + 3 * 3 + 1 + 3, 4099 + 2 * 3 + 3]  # texts and roles, 3 a message, 1 a name, 3 a row
    assert (figures["length"]["min"], figures["length"]["median"], figures["length"]["max"]) == tuple(lengths)
    assert (figures["assistant_length"]["min"], figures["assistant_length"]["max"]) == (1, 4096)
    assert figures["will_be_truncated"] == 1
    assert any("will be truncated" in one.finding.message for one in done.said)
    assert (figures["epochs"], figures["billed_tokens"]) == (25, 25 * (lengths[0] + lengths[1] + 4096))


@pytest.mark.case("CH-8")
@pytest.mark.parametrize(("words", "cut"), [(4085, 0), (4086, 1)])
def test_over_4096_tokens_is_truncated_and_4096_is_not(words: int, cut: int) -> None:
    row = talk(turn("user", "word " * words))  # its role is a word, 3 for the message and 3 for the row
    row["messages"].append({"role": "assistant", "content": ""})
    done = check_chat([row], Measure("tokens", 4096 - 1, WORDS.count), yes, drop_invalid=False)
    assert done.figures["length"]["max"] == words + 2 + 6 + 3
    exact = check_chat([row], Measure("tokens", words + 11 - cut, WORDS.count), yes, drop_invalid=False)
    assert exact.figures["will_be_truncated"] == cut


def test_without_a_tokenizer_lengths_are_characters_and_nothing_is_said_of_tokens() -> None:
    figures = check_chat([GOOD], CHARACTERS, yes, drop_invalid=False).figures
    assert (figures["unit"], figures["will_be_truncated"], figures["billed_tokens"]) == ("characters", None, None)


@pytest.mark.case("CH-11")
def test_p5_and_p95_are_the_quantiles_at_5_and_95_percent() -> None:
    spread = distribution(list(range(101)))
    assert (spread["p5"], spread["median"], spread["p95"]) == (5, 50, 95)
    assert quantile([1, 2, 4], 0.75) == 3


def test_conversations_repeated_exactly_are_to_be_left_out() -> None:
    done = check_chat([GOOD, talk(turn("user", "b"), turn("assistant")), GOOD], CHARACTERS, yes, drop_invalid=False)
    assert (list(done.rows), done.removed) == ([0, 1], {"duplicates": (2,)})


def test_where_every_row_is_invalid_nothing_is_left_and_that_is_an_error() -> None:
    done = check_chat([{"messages": []}] * 3, CHARACTERS, yes, drop_invalid=True)
    assert "no row is left" in done.error


@pytest.mark.parametrize(("rows", "chat"), [([GOOD], True), ([{"prompt": "a", "messages": []}], False), ([5], False)])
def test_conversations_are_told_by_their_keys(rows: list[Any], chat: bool) -> None:
    assert is_chat(rows) == chat
