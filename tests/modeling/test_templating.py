from typing import Any

import pytest
from transformers import AutoTokenizer

from retune.core.errors import UserError
from retune.core.templates import ALPACA, CHAT, Rendered
from retune.modeling import templating
from tests.modeling.tiny import tiny

TALK = [
    {"role": "user", "content": "Hello?"},
    {"role": "assistant", "content": "Yes."},
    {"role": "user", "content": "Is it open?"},
    {"role": "assistant", "content": "No."},
]
THINKS = (
    "{% for message in messages %}<{{ message['role'] }}>"
    "{% if loop.last and message['role'] == 'assistant' %}<think></think>{% endif %}{{ message['content'] }}</s>"
    "{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"
)


@pytest.fixture(scope="module")
def tokenizers(tmp_path_factory: pytest.TempPathFactory) -> Any:
    place = tmp_path_factory.mktemp("tokenizers")
    return lambda name: AutoTokenizer.from_pretrained(tiny(name, place / name))


def spoken(rendered: Rendered) -> list[str]:
    return [rendered.text[start:end] for start, end in rendered.spans]


@pytest.mark.parametrize(
    ("architecture", "end"), [("qwen3", "<|im_end|>"), ("gemma", "<end_of_turn>"), ("mistral", "</s>")]
)
def test_the_tokenizers_own_template_gives_spans_with_the_end_of_turn(
    tokenizers: Any, architecture: str, end: str
) -> None:
    tokenizer = tokenizers(architecture)
    rendered = templating.converse(CHAT, tokenizer, TALK)
    assert [text.strip() for text in spoken(rendered)] == [f"Yes.{end}", f"No.{end}"]
    assert templating.converse(CHAT, tokenizer, TALK[:-1]).text == rendered.prompt
    assert rendered.complete
    assert tokenizer.convert_tokens_to_ids(end) in templating.end_ids(CHAT, tokenizer)
    assert tokenizer.eos_token_id in templating.end_ids(CHAT, tokenizer)


def test_a_base_without_a_chat_template_is_asked_in_plain_text(tokenizers: Any) -> None:
    rendered = templating.converse(CHAT, tokenizers("llama"), TALK)
    assert rendered.text.startswith("User: Hello?\n\nAssistant: Yes.</s>\n\nUser: Is it open?")
    assert spoken(rendered) == [" Yes.</s>", " No.</s>"]
    assert not rendered.complete
    assert templating.end_ids(CHAT, tokenizers("llama")) == [2]


def test_a_familys_template_goes_before_the_tokenizers(tokenizers: Any) -> None:
    rendered = templating.instruct(ALPACA, tokenizers("qwen3"), "Add.", "1 and 2", "3")
    assert rendered.text.endswith("### Input:\n1 and 2\n\n### Response:\n3<|im_end|>")


def test_an_instruction_is_a_turn_where_the_template_is_one_of_turns(tokenizers: Any) -> None:
    rendered = templating.instruct(CHAT, tokenizers("qwen3"), "Add.", "1 and 2", "3")
    assert rendered.prompt == "<|im_start|>user\nAdd.\n\n1 and 2<|im_end|>\n<|im_start|>assistant\n"
    assert spoken(rendered) == ["3<|im_end|>"]


def test_an_earlier_turn_that_the_model_never_writes_so_is_not_learnt(tokenizers: Any) -> None:
    tokenizer = tokenizers("llama")
    tokenizer.chat_template = THINKS
    assert spoken(templating.converse(CHAT, tokenizer, TALK)) == ["<think></think>No.</s>"]


def test_messages_that_a_template_refuses_say_why(tokenizers: Any) -> None:
    talk = [{"role": "system", "content": "Be brief."}, *TALK]
    with pytest.raises(UserError, match="System role not supported"):
        templating.converse(CHAT, tokenizers("gemma"), talk)
