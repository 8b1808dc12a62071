"""Rows become conversations that a service can learn from; what it must not see is not sent."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

from retune.core import parts
from retune.core.asking import Instruction
from retune.core.errors import GateError, UserError
from retune.core.frames import ROWS
from retune.core.hosted_rows import asking, check, conversations, jsonl, prompt, refuse_personal
from retune.core.params.redact import RedactParams
from retune.modeling.task_types import chat
from tests.core.part_contracts import example_of

REDACT = RedactParams(recognizers=("email",), regions=("GB",), keep=("@example.org",))


def rows(*texts: str, context: str = "", label: str = "it") -> pd.DataFrame:
    frame = pd.DataFrame({"example_id": [f"e{place}" for place in range(len(texts))], "text": texts})
    return frame.assign(context=context, label=label)[list(ROWS)]


def talk(*texts: str) -> list[dict[str, Any]]:
    return conversations(rows(*texts), Instruction, "")


def test_a_row_is_a_prompt_and_its_completion() -> None:
    assert talk("printer") == [
        {"messages": [{"role": "user", "content": "printer"}, {"role": "assistant", "content": "it"}]}
    ]


def test_the_words_of_the_system_come_first_and_the_context_after_the_text() -> None:
    (one,) = conversations(rows("Who?", context="Ann did."), Instruction, "Answer.")
    assert [message["role"] for message in one["messages"]] == ["system", "user", "assistant"]
    assert one["messages"][0]["content"] == "Answer."
    assert one["messages"][1]["content"] == "Who?\n\nAnn did."


@pytest.mark.parametrize("name", parts.names("retune.modeling.task_types"))
def test_every_task_type_asks_a_service_what_it_asks_a_model_here_or_is_refused(name: str) -> None:
    part = parts.find("retune.modeling.task_types", name)
    if part.TARGET == "nothing":
        with pytest.raises(UserError, match=f"found {name}"):
            asking(part, example_of(part.Settings))
        return
    ask = asking(part, example_of(part.Settings))
    for example in part.EXAMPLE:
        turns = prompt(ask(example["text"], example["context"]), "")
        assert turns[-1]["role"] == "user"
        assert {tuple(turn) for turn in turns} == {("role", "content")}
        assert all(turn["content"] for turn in turns)


def test_a_conversation_keeps_its_turns() -> None:
    turns = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yes?", "weight": 0}]
    turns.append({"role": "user", "content": "printer"})
    (one,) = conversations(rows(json.dumps(turns)), asking(chat, example_of(chat.Settings)), "")
    assert [message["content"] for message in one["messages"]] == ["hi", "yes?", "printer", "it"]


def test_equal_rows_are_equal_lines() -> None:
    assert jsonl(talk("Grüße", "b")) == jsonl(talk("Grüße", "b"))
    assert [json.loads(line) for line in jsonl(talk("Grüße", "b")).splitlines()] == talk("Grüße", "b")


@pytest.mark.case("HB-2")
def test_rows_on_both_sides_are_refused() -> None:
    with pytest.raises(UserError, match="1 of 2 validation rows are among the train rows too") as caught:
        check(talk("printer", "screen"), talk("door", "screen"))
    assert "Nothing was sent" in str(caught.value)
    check(talk("printer", "screen"), talk("door"))


def test_what_prepare_refuses_is_not_sent() -> None:
    with pytest.raises(UserError, match="missing_content"):
        check(conversations(rows("printer", label=""), Instruction, ""), talk("door"))


def test_personal_data_that_redaction_missed_stops_it_by_type_and_number() -> None:
    refuse_personal(talk("write to [EMAIL_1] or press@example.org"), REDACT)
    with pytest.raises(GateError) as caught:
        refuse_personal(talk("write to ann.lee@corp.com", "again ann.lee@corp.com", "fine"), REDACT)
    assert caught.value.reasons == ["EMAIL in 2 texts", "nothing was sent"]
    assert "ann.lee" not in str(caught.value)
