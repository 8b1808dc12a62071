import pytest
from hypothesis import given
from hypothesis import strategies as st

from retune.core import templates
from retune.core.templates import ALPACA, CHAT, PLAIN, VICUNA, Rendered, Template

ALL = [PLAIN, ALPACA, VICUNA, CHAT]
TALK = [
    {"role": "user", "content": "Hello?"},
    {"role": "assistant", "content": "Yes."},
    {"role": "user", "content": "Is it open?"},
    {"role": "assistant", "content": "No."},
]


def spoken(rendered: Rendered) -> list[str]:
    return [rendered.text[start:end] for start, end in rendered.spans]


def test_alpaca_asks_as_the_published_format_does() -> None:
    text = ALPACA.instruct("Add.", "1 and 2", "3", "</s>").text
    assert text.startswith("Below is an instruction that describes a task, paired with an input that provides further")
    assert text.endswith("\n\n### Instruction:\nAdd.\n\n### Input:\n1 and 2\n\n### Response:\n3</s>")
    assert "Input" not in ALPACA.instruct("Add.").text
    assert ALPACA.instruct("Add.").text == ALPACA.converse([{"role": "user", "content": "Add."}]).text


def test_vicuna_talks_as_the_published_format_does() -> None:
    text = VICUNA.converse(TALK, "</s>").text
    assert text.startswith("A chat between a curious user and an artificial intelligence assistant.")
    assert text.endswith("questions. USER: Hello? ASSISTANT: Yes.</s>USER: Is it open? ASSISTANT: No.</s>")


def test_plain_adds_nothing_to_a_prompt() -> None:
    rendered = PLAIN.instruct("Subject: toner\n\n###\n\n", completion=" printer END")
    assert rendered.text == "Subject: toner\n\n###\n\n printer END"
    assert spoken(rendered) == [" printer END"]


@pytest.mark.parametrize("template", ALL, ids=lambda template: template.kind)
def test_every_answer_is_a_span_that_ends_with_the_end_of_turn(template: Template) -> None:
    assert [text.strip() for text in spoken(template.converse(TALK, "</s>"))] == ["Yes.</s>", "No.</s>"]
    assert [text.strip() for text in spoken(template.instruct("Add.", "1 and 2", "3", "</s>"))] == ["3</s>"]


@pytest.mark.parametrize("template", ALL, ids=lambda template: template.kind)
def test_what_is_learnt_follows_exactly_what_is_asked(template: Template) -> None:
    assert template.converse(TALK[:-1]).text == template.converse(TALK).prompt
    assert template.instruct("Add.", "1 and 2").text == template.instruct("Add.", "1 and 2", "3").prompt


@pytest.mark.parametrize("template", ALL, ids=lambda template: template.kind)
@given(words=st.text(max_size=20))
def test_a_text_comes_back_from_its_pieces_whatever_its_words(template: Template, words: str) -> None:
    rendered = template.instruct(words + "{context}", words, words)
    assert "".join(text for text, _ in rendered.pieces) == rendered.text
    assert "".join(text for text, learnt in rendered.pieces if learnt) == "".join(spoken(rendered))
    assert words + "{context}" in rendered.text


def test_a_system_of_its_own_replaces_the_opening() -> None:
    talk = [{"role": "system", "content": "Be brief."}, *TALK]
    assert VICUNA.converse(talk).text.startswith("Be brief. USER: Hello?")


def test_a_turn_of_weight_0_or_without_words_is_not_learnt() -> None:
    assert spoken(PLAIN.converse([TALK[0], {**TALK[1], "weight": 0}, *TALK[2:]], "</s>")) == [" No.</s>"]
    assert spoken(PLAIN.converse([TALK[0], {"role": "assistant", "content": None}])) == []


def test_the_text_among_the_parts_of_a_message_is_what_it_says() -> None:
    parts = [{"type": "text", "text": "See"}, {"type": "image_url", "image_url": {}}, {"type": "text", "text": " it."}]
    assert templates.words({"role": "user", "content": parts}) == "See it."
