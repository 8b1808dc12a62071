import json

import pytest

from retune.core.asking import Beginning, Conversation, Instruction, conversation
from retune.core.errors import UserError

TALK = (
    {"role": "user", "content": "One?"},
    {"role": "assistant", "content": "Yes."},
    {"role": "user", "content": "Two?"},
)


def test_an_instruction_loses_of_its_context_first() -> None:
    assert Instruction("Say it.", "a long story").shortened(0.5) == Instruction("Say it.", "a long")


def test_a_prompt_loses_its_beginning_and_a_document_its_end() -> None:
    assert Instruction("abcdefgh").shortened(0.25).text == "gh"
    assert Instruction("abcdefgh", is_document=True).shortened(0.25).text == "ab"


def test_a_conversation_loses_its_oldest_turns_then_of_its_last_one() -> None:
    system = {"role": "system", "content": "Be short."}
    once = Conversation((system, *TALK)).shortened(0.5)
    assert once.messages == (system, TALK[2])
    assert once.shortened(0.5).messages == (system, {"role": "user", "content": "Tw"})


def test_a_conversation_of_the_system_alone_stays() -> None:
    alone = Conversation(({"role": "system", "content": "Be short."},))
    assert alone.shortened(0.5) == alone


def test_of_a_raw_text_the_end_is_left() -> None:
    assert Beginning("abcdefgh").shortened(0.25).text == "gh"


def test_a_cell_gives_its_messages() -> None:
    assert conversation(json.dumps(TALK)).messages == TALK


@pytest.mark.parametrize("cell", ["", "{}", "[]", "[1]", '[{"role": 1}]', '[{"content": ""}]'])
def test_a_cell_without_messages_is_refused_with_what_is_expected(cell: str) -> None:
    with pytest.raises(UserError, match="JSON list of messages"):
        conversation(cell)
